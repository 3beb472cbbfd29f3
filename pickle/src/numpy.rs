//! numpy's types inside pickles.
//!
//! A dtype is pickled as `numpy.dtype(code, False, True)` and a state, `(3, byteorder, subarray, names, fields,
//! itemsize, alignment, flags)`: see `arraydescr_reduce` in numpy's `descriptor.c`. In a [`Document`](crate::Document)
//! it stays that inert term; [`dtype`] reads what it stands for.

use std::io::Write;

use demijohn_arrays::{ByteOrder, DType, Kind};

use crate::{Emitter, Error, MemoId, Result, Value};

/// The state's version that numpy writes for types without metadata.
const STATE_VERSION: i64 = 3;

/// The dtype that a value stands for.
///
/// # Errors
/// [`Unsupported`](crate::ErrorKind::Unsupported), naming the type, for dtypes other than plain numbers;
/// [`Corrupt`](crate::ErrorKind::Corrupt) for what is no dtype.
pub fn dtype(value: Value<'_>) -> Result<DType> {
    let not_a_dtype = || Error::corrupt(format!("not a dtype: {value:?}"));
    let object = value
        .as_object()
        .filter(|o| o.calls("numpy", "dtype"))
        .ok_or_else(not_a_dtype)?;
    let code = object.args().iter().next().ok_or_else(not_a_dtype)?;
    let Some(code) = code.as_str() else {
        // `dtype(numpy.record, …)` or a list of fields.
        return Err(Error::unsupported(format!(
            "arrays of records ({code:?}) are not supported"
        )));
    };
    let dtype: DType = code.parse()?;
    if dtype.scalar().is_none() {
        return Err(Error::unsupported(format!(
            "arrays of {} ({code:?}) are not supported",
            in_words(&dtype)
        )));
    }
    match object.state() {
        None => Ok(dtype),
        Some(state) => Ok(dtype.with_byte_order(byte_order(state)?)),
    }
}

fn in_words(dtype: &DType) -> &'static str {
    match dtype.kind() {
        Kind::Object => "Python objects",
        Kind::Bytes(_) => "byte strings",
        Kind::Text(_) | Kind::String => "text",
        Kind::Datetime(_) => "dates",
        Kind::Timedelta(_) => "time differences",
        Kind::LongDouble(_) | Kind::ComplexLongDouble(_) => "long doubles",
        _ => "records or raw bytes",
    }
}

/// The byte order in a dtype's state.
fn byte_order(state: Value<'_>) -> Result<ByteOrder> {
    let invalid = |what: &str| Error::corrupt(format!("invalid dtype state: {what}"));
    let items = state.len().unwrap_or(0);
    // The oldest form, of five items, has no version number in front.
    let at = if items == 5 { 0 } else { 1 };
    if at == 1 {
        let version = state
            .index(0)
            .ok()
            .and_then(Value::as_i64)
            .ok_or_else(|| invalid("no version"))?;
        if !(0..=4).contains(&version) {
            return Err(Error::unsupported(format!(
                "version {version} of dtype states is not supported"
            )));
        }
    }
    let order = state.index(at).map_err(|_| invalid("too short"))?;
    match order
        .as_str()
        .map_or_else(|| order.as_bytes(), |text| Some(text.as_bytes()))
    {
        Some(b"<") => Ok(ByteOrder::Little),
        Some(b">") => Ok(ByteOrder::Big),
        Some(b"|" | b"=") => Ok(ByteOrder::NotApplicable),
        _ => Err(invalid("no byte order")),
    }
}

/// Writes a dtype as numpy pickles it; answers where the memo has it, as dtypes are shared.
///
/// # Errors
/// [`Unsupported`](crate::ErrorKind::Unsupported) for dtypes other than plain numbers; [`Io`](crate::ErrorKind::Io) if
/// writing fails.
pub fn emit_dtype<W: Write>(out: &mut Emitter<W>, dtype: &DType) -> Result<MemoId> {
    out.begin()?;
    out.shared_global("numpy", "dtype")?;
    if dtype.scalar().is_none() {
        return Err(Error::unsupported(format!(
            "arrays of {} ({dtype}) cannot be pickled",
            in_words(dtype)
        )));
    }
    out.str(&dtype.code())?;
    out.memoize()?;
    out.bool(false)?;
    out.bool(true)?;
    out.tuple(3)?;
    out.memoize()?;
    out.reduce()?;
    let id = out.memoize()?;

    out.begin()?;
    out.mark()?;
    out.int(STATE_VERSION)?;
    out.shared_str(dtype.byte_order().symbol().encode_utf8(&mut [0; 4]))?;
    // Sub-array, names, fields: none. Item size and alignment: as the code says. No flags.
    out.none()?;
    out.none()?;
    out.none()?;
    out.int(-1)?;
    out.int(-1)?;
    out.int(0)?;
    out.tuple_from_mark()?;
    out.memoize()?;
    out.build()?;
    Ok(id)
}

#[cfg(test)]
mod tests {
    use demijohn_arrays::Scalar;

    use super::*;
    use crate::{ErrorKind, Protocol, read};

    fn parsed(pickled: &[u8]) -> Result<DType> {
        dtype(read(&mut &*pickled)?.root())
    }

    #[test]
    fn what_is_written_is_read() {
        for scalar in Scalar::ALL {
            for order in [ByteOrder::Little, ByteOrder::Big] {
                let written = DType::with_order(scalar, order);
                let mut out = Emitter::new(Vec::new(), Protocol::V4).unwrap();
                emit_dtype(&mut out, &written).unwrap();
                assert_eq!(parsed(&out.finish().unwrap()).unwrap(), written);
            }
        }
    }

    #[test]
    fn states_of_all_versions_are_understood() {
        for (state, order) in [
            (
                &b"(K\x03U\x01>NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"[..],
                ">",
            ),
            (b"(K\x04U\x01>NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00Ntb", ">"),
            (b"(K\x02U\x01>NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xfftb", ">"),
            (b"(K\x01U\x01>NNJ\xff\xff\xff\xffJ\xff\xff\xff\xfftb", ">"),
            (b"(C\x01>NNJ\xff\xff\xff\xffJ\xff\xff\xff\xfftb", ">"),
            (b"(K\x03U\x01<NNNNNNtb", "<"),
            (b"", "<"),
        ] {
            let pickled = [
                b"\x80\x02cnumpy\ndtype\nU\x03<i4K\x00K\x01\x87R".as_slice(),
                state,
                b".",
            ]
            .concat();
            assert_eq!(
                parsed(&pickled).unwrap().to_string(),
                format!("{order}i4"),
                "{}",
                state.escape_ascii()
            );
        }
    }

    #[test]
    fn other_things_are_refused() {
        for (pickled, kind) in [
            (&b"N."[..], ErrorKind::Corrupt),
            (b"cnumpy\ndtype\n.", ErrorKind::Corrupt),
            (b"cnumpy\ndtype\n)R.", ErrorKind::Corrupt),
            (b"cos\nsystem\nS'f8'\n\x85R.", ErrorKind::Corrupt),
            (b"cnumpy\ndtype\nS'f8'\n\x85RNb.", ErrorKind::Corrupt),
            (
                b"cnumpy\ndtype\nS'f8'\n\x85RK\x03S'!'\n\x86b.",
                ErrorKind::Corrupt,
            ),
            (
                b"cnumpy\ndtype\nS'f8'\n\x85RK\x05S'<'\n\x86b.",
                ErrorKind::Unsupported,
            ),
            (b"cnumpy\ndtype\nS'V8'\n\x85R.", ErrorKind::Unsupported),
            (b"cnumpy\ndtype\n]\x85R.", ErrorKind::Unsupported),
        ] {
            let error = parsed(pickled).unwrap_err();
            assert_eq!(error.kind(), kind, "{}: {error}", pickled.escape_ascii());
        }
    }
}
