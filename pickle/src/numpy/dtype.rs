//! Types of elements, read.
//!
//! A dtype is pickled as `numpy.dtype(code, False, True)` and a state, `(3, byteorder, subarray, names, fields,
//! itemsize, alignment, flags)`: see `arraydescr_reduce` and `arraydescr_setstate` in numpy's `descriptor.c`. In a
//! [`Document`](crate::Document) it stays that inert term; [`dtype`] reads what it stands for.

use demijohn_arrays::{ByteOrder, DType, Field, Kind, MAX_DEPTH, Struct, SubArray, TimeBase, TimeUnit};

use super::Brief;
use super::array::extents;
use crate::graph::View;
use crate::known::{Callable, Shape, bytes_of};
use crate::{Error, Result, Value};

/// How many bytes of text count as one part.
const BYTES_PER_PART: usize = 16;

/// A bit of the flags in a dtype's state: the fields stand where C would put them.
const ALIGNED: i64 = 0x80;

/// The dtype that a value stands for. User-defined metadata is ignored.
///
/// # Errors
/// [`Unsupported`](crate::ErrorKind::Unsupported), naming the type, for types that numpy has and this crate does not;
/// [`Corrupt`](crate::ErrorKind::Corrupt) for what is no dtype, or an impossible one;
/// [`Limit`](crate::ErrorKind::Limit) for descriptions that nest too deep or get too long.
pub fn dtype(value: Value<'_>) -> Result<DType> {
    read(value, 0)
}

/// Whether a value is a call of `numpy.dtype`, whatever comes of it.
pub(crate) fn is_dtype(value: Value<'_>) -> bool {
    value
        .as_object()
        .is_some_and(|object| object.calls("numpy", "dtype"))
}

fn invalid(what: impl std::fmt::Display) -> Error {
    Error::corrupt(format!("invalid dtype: {what}"))
}

/// The dtype that a value stands for, read unless it was before.
fn read(value: Value<'_>, depth: usize) -> Result<DType> {
    // Not to be held while it is read.
    let known = value.dtypes().get(value.id());
    if let Some(dtype) = known {
        return Ok(dtype);
    }
    // A struct inside of one may be a call and a list.
    if depth > 2 * MAX_DEPTH {
        return Err(Error::limit("a dtype that nests too deep"));
    }
    spend(value, 1)?;
    let dtype = unread(value, depth)?;
    value.dtypes().set(value.id(), dtype.clone());
    Ok(dtype)
}

/// Counts parts of a value that are about to be read, and notes it if it may change.
fn spend(value: Value<'_>, parts: usize) -> Result<()> {
    let mut dtypes = value.dtypes();
    if let View::Object(_) | View::List(_) | View::Dict(_) = value.node() {
        dtypes.depends_on(value.id());
    }
    dtypes.spend(parts, value.arena_len())
}

/// The dtype that a text describes: of a field, or the code in a call.
fn parsed(value: Value<'_>, code: &str) -> Result<DType> {
    spend(value, code.len() / BYTES_PER_PART)?;
    Ok(code.parse()?)
}

/// The dtype that a value stands for: a call, or as a part of one, a list of fields.
fn unread(value: Value<'_>, depth: usize) -> Result<DType> {
    if let (View::List(_), 1..) = (value.node(), depth) {
        return field_list(value, depth);
    }
    if Shape::call(value, Callable::StringDType).is_some() {
        return Ok(DType::from_kind(Kind::String, ByteOrder::NotApplicable)?);
    }
    let not_a_dtype = || Error::corrupt(format!("not a dtype: {}", Brief(value)));
    let object = value
        .as_object()
        .filter(|_| is_dtype(value))
        .ok_or_else(not_a_dtype)?;
    let code = object.args().iter().next().ok_or_else(not_a_dtype)?;
    let plain = match code.node() {
        View::List(_) => read(code, depth + 1)?,
        // `numpy.record`, which is how a struct's elements look in Python.
        View::Global(global) if &*global.name == "record" && global.module.starts_with("numpy") => {
            DType::from_kind(Kind::Void(0), ByteOrder::NotApplicable)?
        }
        _ => match code.as_str() {
            Some("O4") => DType::object(),
            Some(text) => parsed(value, text)?,
            None => {
                let message = format!("dtypes made of {} are not supported", Brief(code));
                return Err(Error::unsupported(message));
            }
        },
    };
    match object.state() {
        None => Ok(plain),
        Some(state) => with_state(plain, state, depth),
    }
}

/// A dtype made of a list: `[("a", "<i4"), ("b", "<f8", (2,))]`.
fn field_list(list: Value<'_>, depth: usize) -> Result<DType> {
    spend(list, list.len().unwrap_or(0))?;
    let mut fields = Vec::new();
    for entry in list.iter() {
        let View::Tuple(parts) = entry.node() else {
            return Err(invalid(format_args!("{} is no field", Brief(entry))));
        };
        let (name, what, shape) = match *parts {
            [name, what] => (name, what, None),
            [name, what, shape] => (name, what, Some(shape)),
            _ => return Err(invalid(format_args!("a field of {} parts", parts.len()))),
        };
        let name = field_name(entry.at(name))?;
        let what = entry.at(what);
        let mut dtype = match what.as_str() {
            Some(code) => parsed(list, code)?,
            None => read(what, depth + 1)?,
        };
        if let Some(shape) = shape {
            dtype = sub_array(dtype, entry.at(shape))?;
        }
        fields.push((name, dtype));
    }
    Ok(Struct::packed(fields)?.into())
}

fn with_state(plain: DType, state: Value<'_>, depth: usize) -> Result<DType> {
    let items = match state.node() {
        View::Tuple(items) => items,
        _ => return Err(invalid(format_args!("its state is {}", Brief(state)))),
    };
    let item = |i: usize| items.get(i).map(|&id| state.at(id));
    let none = |value: &Value<'_>| !value.is_none();
    // The oldest form, of five items, has no version number in front, and it and the next have no names.
    let first = usize::from(items.len() != 5);
    if first == 1 {
        let version = item(0).and_then(Value::as_i64);
        let version = version.ok_or_else(|| invalid("no version"))?;
        if !(0..=4).contains(&version) {
            let message = format!("version {version} of dtype states is not supported");
            return Err(Error::unsupported(message));
        }
    }
    let rest = match items.len() {
        5 | 6 => first + 2,
        7..=9 => first + 3,
        n => return Err(invalid(format_args!("a state of {n} items"))),
    };
    let order = byte_order(item(first).ok_or_else(|| invalid("no byte order"))?)?;
    let itemsize = item(rest + 1).and_then(Value::as_i64).filter(|&n| n >= 0);

    if let Some(pair) = item(first + 1).filter(none) {
        let View::Tuple(&[base, shape]) = pair.node() else {
            return Err(invalid(format_args!("its sub-array is {}", Brief(pair))));
        };
        let base = read(state.at(base), depth + 1)?;
        let dtype = sub_array(base, state.at(shape))?;
        return same_size(dtype, itemsize);
    }
    if let Some(fields) = item(rest).filter(none) {
        let names = if rest == first + 3 {
            item(first + 2).filter(none)
        } else {
            // Under the key -1.
            let key = |(key, _): &(Value<'_>, _)| key.as_i64() == Some(-1);
            fields.items().find(key).map(|(_, names)| names)
        };
        let names = names.ok_or_else(|| invalid("fields without names"))?;
        let aligned = item(rest + 3).and_then(Value::as_i64).unwrap_or(0) & ALIGNED != 0;
        return record(names, fields, itemsize, aligned, depth);
    }

    let size = match itemsize {
        Some(n) => Some(usize::try_from(n).map_err(|_| invalid("impossible size"))?),
        None => None,
    };
    let kind = match (plain.kind(), size) {
        (Kind::Bytes(_), Some(n)) => Kind::Bytes(n),
        (Kind::Void(_), Some(n)) => Kind::Void(n),
        (Kind::Text(_), Some(n)) if n.is_multiple_of(4) => Kind::Text(n / 4),
        (Kind::Text(_), Some(n)) => return Err(invalid(format_args!("a text of {n} bytes"))),
        (Kind::Datetime(_), _) => Kind::Datetime(time_unit(item(rest + 4))?),
        (Kind::Timedelta(_), _) => Kind::Timedelta(time_unit(item(rest + 4))?),
        _ => return Ok(plain.with_byte_order(order)),
    };
    Ok(DType::from_kind(kind, order)?)
}

/// A struct: a tuple of names, and a dict from names and titles to `(dtype, offset)` or `(dtype, offset, title)`.
fn record(
    names: Value<'_>,
    fields: Value<'_>,
    itemsize: Option<i64>,
    aligned: bool,
    depth: usize,
) -> Result<DType> {
    let itemsize = itemsize.and_then(|n| usize::try_from(n).ok());
    let itemsize = itemsize.ok_or_else(|| invalid("a struct without a size"))?;
    spend(fields, fields.items().len())?;
    // In one pass, as there may be many; of equal keys, the last counts.
    let entries: std::collections::HashMap<&str, Value<'_>> = fields
        .items()
        .filter_map(|(key, entry)| Some((key.as_str()?, entry)))
        .collect();
    let mut out = Vec::new();
    spend(names, names.len().unwrap_or(0))?;
    for name in names.iter() {
        let name = field_name(name)?;
        let entry = entries.get(name.as_str());
        let entry = *entry.ok_or_else(|| invalid(format_args!("no field {name:?}")))?;
        let View::Tuple(parts @ ([_, _] | [_, _, _])) = entry.node() else {
            return Err(invalid(format_args!("field {name:?} is {}", Brief(entry))));
        };
        let offset = entry.at(parts[1]).as_i64().and_then(|n| usize::try_from(n).ok());
        let offset = offset.ok_or_else(|| invalid(format_args!("the offset of field {name:?}")))?;
        let mut field = Field::new(name, offset, read(entry.at(parts[0]), depth + 1)?);
        // A title may be any object; those that are no text are for people.
        if let Some(title) = parts.get(2).and_then(|&id| entry.at(id).as_str()) {
            field = field.with_title(title);
        }
        out.push(field);
    }
    Ok(Struct::new(out, itemsize, aligned)?.into())
}

fn field_name(name: Value<'_>) -> Result<String> {
    let text = name
        .as_str()
        .ok_or_else(|| invalid(format_args!("a field's name is {}", Brief(name))))?;
    spend(name, text.len() / BYTES_PER_PART)?;
    Ok(text.to_owned())
}

fn sub_array(base: DType, shape: Value<'_>) -> Result<DType> {
    spend(shape, 1)?;
    let shape = extents(shape)?;
    let shape: Option<Vec<usize>> = shape.iter().map(|&n| usize::try_from(n).ok()).collect();
    let shape = shape.ok_or_else(|| invalid("a sub-array that is too big"))?;
    if shape.is_empty() {
        return Ok(base);
    }
    Ok(SubArray::new(base, &shape)?.into())
}

fn same_size(dtype: DType, itemsize: Option<i64>) -> Result<DType> {
    match itemsize {
        Some(n) if usize::try_from(n).ok() != Some(dtype.itemsize()) => {
            Err(invalid(format_args!("{dtype} in {n} bytes")))
        }
        _ => Ok(dtype),
    }
}

/// The byte order in a dtype's state.
fn byte_order(order: Value<'_>) -> Result<ByteOrder> {
    let order = order
        .as_str()
        .map_or_else(|| order.as_bytes(), |text| Some(text.as_bytes()));
    match order {
        Some(b"<") => Ok(ByteOrder::Little),
        Some(b">") => Ok(ByteOrder::Big),
        Some(b"|" | b"=") => Ok(ByteOrder::NotApplicable),
        _ => Err(invalid("no byte order")),
    }
}

/// The unit of dates: `(metadata, (unit, count, 1, 1))`.
fn time_unit(metadata: Option<Value<'_>>) -> Result<TimeUnit> {
    let Some(metadata) = metadata.filter(|value| !value.is_none()) else {
        return Ok(TimeUnit::GENERIC);
    };
    let bad = || invalid("a unit of time that is none");
    let unit = metadata.index(1).map_err(|_| bad())?;
    let (code, count) = (
        unit.index(0).map_err(|_| bad())?,
        unit.index(1).map_err(|_| bad())?,
    );
    let code = match code.as_str() {
        Some(code) => code,
        None => bytes_of(code)
            .and_then(|code| std::str::from_utf8(code).ok())
            .ok_or_else(bad)?,
    };
    let base = TimeBase::ALL.into_iter().find(|base| base.code() == code);
    let count = count
        .as_i64()
        .and_then(|n| u32::try_from(n).ok())
        .ok_or_else(bad)?;
    Ok(TimeUnit::new(base.ok_or_else(bad)?, count)?)
}

#[cfg(test)]
mod tests {
    use demijohn_arrays::Scalar;

    use super::*;
    use crate::numpy::emit_dtype;
    use crate::{Emitter, ErrorKind, Protocol, read};

    fn parsed(pickled: &[u8]) -> Result<DType> {
        dtype(read(&mut &*pickled)?.root())
    }

    #[test]
    fn what_is_written_is_read() {
        let others = [
            "|S5",
            "|S0",
            "<U3",
            ">U3",
            "|V7",
            "|V0",
            "<f16",
            "<c32",
            "<M8[25s]",
            ">m8[ns]",
            "<M8",
            "|O",
            "|T",
            "[('a', '<i4'), ('b', '>f8', (2, 3))]",
            "[(('title', 'a'), '|u1'), ('é', 'S3')]",
            "[('p', [('x', '<f4'), ('y', '<f4')]), ('q', '<M8[D]'), ('r', '|b1'), ('s', '<U9')]",
            "{'names': ['a', 'b'], 'formats': ['|u1', '<f8'], 'offsets': [0, 8], 'itemsize': 16, 'aligned': True}",
            "{'names': ['a', 'b'], 'formats': ['<i2', '<i4'], 'offsets': [2, 0], 'itemsize': 9}",
        ]
        .map(|text| text.parse::<DType>().unwrap());
        let numbers = Scalar::ALL.iter().flat_map(|&scalar| {
            [ByteOrder::Little, ByteOrder::Big].map(|order| DType::with_order(scalar, order))
        });
        for written in numbers.chain(others) {
            for protocol in Protocol::ALL {
                let mut out = Emitter::new(Vec::new(), protocol).unwrap();
                emit_dtype(&mut out, &written).unwrap();
                let read = parsed(&out.finish().unwrap()).unwrap();
                assert_eq!(read, written);
                assert_eq!(read.alignment(), written.alignment(), "{written}");
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

    /// A dtype with a state of version 3; what comes between byte order and flags is given.
    fn with_state(code: &str, rest: &str) -> Result<DType> {
        let pickled = format!("\u{80}\u{2}cnumpy\ndtype\nS'{code}'\n\u{85}R(K\u{3}S'|'\n{rest}K\u{0}tb.");
        parsed(
            &pickled
                .chars()
                .map(|c| u8::try_from(c).unwrap())
                .collect::<Vec<u8>>(),
        )
    }

    /// `dtype("i4")`, without a state.
    const I4: &str = "cnumpy\ndtype\nS'i4'\n\u{85}R";

    #[test]
    fn structs_are_checked() {
        let fields =
            |fields: &str, size: &str| with_state("V8", &format!("N(S'a'\nt}}{fields}I{size}\nK\u{1}"));
        let at = |offset: &str| format!("S'a'\n{I4}I{offset}\n\u{86}s");
        assert_eq!(fields(&at("4"), "8").unwrap().itemsize(), 8);
        for (what, fields) in [
            ("behind the end", fields(&at("5"), "8")),
            ("before the beginning", fields(&at("-1"), "8")),
            ("far away", fields(&at("9223372036854775807"), "8")),
            ("nowhere", fields("", "8")),
            ("enormous", fields(&at("0"), "99999999999")),
            ("negative", fields(&at("0"), "-8")),
            ("no pair", fields("S'a'\nNs", "8")),
            ("of itself", with_state("V8", "(Nt(S'a'\nt}K\u{8}K\u{1}")),
        ] {
            let error = fields.expect_err(what);
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{what}: {error}");
        }
    }

    #[test]
    fn sub_arrays_are_checked() {
        let sub = |shape: &str, size: &str| with_state("V8", &format!("{I4}{shape}\u{86}NNI{size}\nK\u{1}"));
        assert_eq!(sub("K\u{2}", "8").unwrap().to_string(), "('<i4', (2,))");
        assert_eq!(
            sub("K\u{2}K\u{3}\u{86}", "24").unwrap().to_string(),
            "('<i4', (2, 3))"
        );
        for (shape, size) in [
            ("K\u{2}", "9"),
            ("I-2\n", "8"),
            ("I4294967296\nI4294967296\n\u{86}", "0"),
            ("N", "8"),
            ("G\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}", "8"),
        ] {
            assert_eq!(
                sub(shape, size).unwrap_err().kind(),
                ErrorKind::Corrupt,
                "{shape:?}"
            );
        }
    }

    #[test]
    fn lists_of_fields_are_understood() {
        let list = b"cnumpy\ndtype\n](S'a'\nS'<i4'\n\x86S'b'\nS'>f8'\nK\x02\x85\x87e\x85R.";
        assert_eq!(
            parsed(list).unwrap().to_string(),
            "[('a', '<i4'), ('b', '>f8', (2,))]"
        );
    }

    #[test]
    fn shared_parts_do_not_make_endless_types() {
        // A struct of ten fields of the type before, twenty times over.
        let mut pickled = b"\x80\x02cnumpy\ndtype\nS'u1'\n\x85Rq\x000".to_vec();
        for level in 0..20_u8 {
            pickled.extend(b"cnumpy\ndtype\nS'V1'\n\x85R(K\x03S'|'\nN(");
            (0..10).for_each(|i| pickled.extend(format!("S'f{i}'\n").bytes()));
            pickled.extend(b"t}(");
            for i in 0..10 {
                pickled.extend(format!("S'f{i}'\n").bytes());
                pickled.extend([b'h', level]);
                pickled.extend(b"K\x00\x86");
            }
            pickled.extend(b"uK\x01K\x01K\x10tb");
            pickled.extend([b'q', level + 1, b'0']);
        }
        pickled.extend(b"h\x14.");
        assert_eq!(parsed(&pickled).unwrap_err().kind(), ErrorKind::Limit);
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
            (b"cnumpy\ndtype\nN\x85R.", ErrorKind::Unsupported),
            (b"cnumpy\ndtype\n]Na\x85R.", ErrorKind::Corrupt),
            (b"cnumpy\ndtype\nS'q9'\n\x85R.", ErrorKind::Corrupt),
        ] {
            let error = parsed(pickled).unwrap_err();
            assert_eq!(error.kind(), kind, "{}: {error}", pickled.escape_ascii());
        }
    }
}
