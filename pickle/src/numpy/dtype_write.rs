//! Types of elements, written.

use std::io::Write;

use demijohn_arrays::{DType, Kind, Struct, SubArray, TimeUnit};

use super::{Dialect, emit_shape};
use crate::{Batch, Emitter, MemoId, Result};

/// The state's version that numpy writes for types without metadata, and with.
const VERSION: i64 = 3;
const VERSION_WITH_METADATA: i64 = 4;

// Bits of the flags.
const NEEDS_PYTHON: i64 = 0x1b;
const OBJECT: i64 = 0x3f;
const TEXT: i64 = 0x08;
const STRUCT: i64 = 0x10;
const ALIGNED: i64 = 0x80;

/// Writes a dtype as numpy pickles it, or refers to it if it was written before; answers where the memo has it.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io) if writing fails.
pub fn emit_dtype<W: Write>(out: &mut Emitter<W>, dtype: &DType) -> Result<MemoId> {
    if let Some(id) = out.written_dtype(dtype) {
        out.get(id)?;
        return Ok(id);
    }
    out.begin()?;
    if *dtype.kind() == Kind::String {
        out.shared_global("numpy._core._internal", "_convert_to_stringdtype_kwargs")?;
        out.begin()?;
        // Whether anything may be turned into text.
        out.int(1)?;
        out.tuple(1)?;
        out.memoize()?;
        out.reduce()?;
        return out.memoize_dtype(dtype);
    }
    out.shared_global("numpy", "dtype")?;
    out.begin()?;
    out.str(&dtype.code())?;
    out.memoize()?;
    out.bool(false)?;
    out.bool(true)?;
    out.tuple(3)?;
    out.memoize()?;
    out.reduce()?;
    let id = out.memoize_dtype(dtype)?;

    let unit = match dtype.kind() {
        Kind::Datetime(unit) | Kind::Timedelta(unit) => Some(*unit),
        _ => None,
    };
    out.begin()?;
    out.mark()?;
    out.int(if unit.is_some() {
        VERSION_WITH_METADATA
    } else {
        VERSION
    })?;
    out.shared_str(dtype.byte_order().symbol().encode_utf8(&mut [0; 4]))?;
    let mut flags = 0;
    let mut sized = true;
    match dtype.kind() {
        Kind::Struct(s) => {
            out.none()?;
            fields(out, s)?;
            flags = STRUCT;
            flags |= if s.is_aligned() { ALIGNED } else { 0 };
            flags |= if dtype.has_objects() { NEEDS_PYTHON } else { 0 };
        }
        Kind::SubArray(s) => {
            sub_array(out, s)?;
            out.none()?;
            out.none()?;
        }
        kind => {
            out.none()?;
            out.none()?;
            out.none()?;
            match kind {
                Kind::Text(_) => flags = TEXT,
                Kind::Bytes(_) | Kind::Void(_) => {}
                Kind::Object => (flags, sized) = (OBJECT, false),
                _ => sized = false,
            }
        }
    }
    if sized {
        out.int(dtype.itemsize() as u64)?;
        out.int(dtype.alignment() as u64)?;
    } else {
        // As the code says.
        out.int(-1)?;
        out.int(-1)?;
    }
    out.int(match out.dialect() {
        // They were a `char` of C.
        Dialect::Numpy1 if flags >= ALIGNED => flags - 0x100,
        _ => flags,
    })?;
    if let Some(unit) = unit {
        metadata(out, unit)?;
    }
    out.tuple_from_mark()?;
    out.memoize()?;
    out.build()?;
    Ok(id)
}

/// Names, and the dict of fields.
fn fields<W: Write>(out: &mut Emitter<W>, s: &Struct) -> Result<()> {
    let fields = s.fields();
    out.begin()?;
    if fields.len() > 3 {
        out.mark()?;
    }
    fields.iter().try_for_each(|field| out.shared_str(field.name()))?;
    match fields.len() {
        0 => out.tuple(0)?,
        n @ 1..=3 => out.tuple(n)?,
        _ => out.tuple_from_mark()?,
    }
    if !fields.is_empty() {
        out.memoize()?;
    }
    out.dict()?;
    out.memoize()?;
    // Each title is a key too.
    let titles = fields.iter().filter(|field| field.title().is_some()).count();
    let mut batch = Batch::set_items(Some(fields.len() + titles));
    for field in fields {
        batch.before(out)?;
        out.shared_str(field.name())?;
        out.begin()?;
        emit_dtype(out, field.dtype())?;
        out.int(field.offset() as u64)?;
        if let Some(title) = field.title() {
            out.shared_str(title)?;
            out.tuple(3)?;
        } else {
            out.tuple(2)?;
        }
        let entry = out.memoize()?;
        batch.after(out)?;
        if let Some(title) = field.title() {
            batch.before(out)?;
            out.shared_str(title)?;
            out.get(entry)?;
            batch.after(out)?;
        }
    }
    batch.end(out)
}

/// `(base, shape)`.
fn sub_array<W: Write>(out: &mut Emitter<W>, s: &SubArray) -> Result<()> {
    out.begin()?;
    emit_dtype(out, s.base())?;
    emit_shape(out, s.shape())?;
    out.tuple(2)?;
    out.memoize()?;
    Ok(())
}

/// `(None, (unit, count, 1, 1))`.
fn metadata<W: Write>(out: &mut Emitter<W>, unit: TimeUnit) -> Result<()> {
    out.begin()?;
    out.none()?;
    out.begin()?;
    out.mark()?;
    out.bytes(unit.base().code().as_bytes())?;
    out.memoize()?;
    out.int(unit.count())?;
    out.int(1)?;
    out.int(1)?;
    out.tuple_from_mark()?;
    out.memoize()?;
    out.tuple(2)?;
    out.memoize()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Protocol, Value, numpy, read};

    fn written(dialect: Dialect, emit: impl FnOnce(&mut Emitter<Vec<u8>>) -> Result<()>) -> Vec<u8> {
        let mut out = Emitter::new(Vec::new(), Protocol::V2).unwrap();
        out.set_dialect(dialect);
        emit(&mut out).unwrap();
        out.finish().unwrap()
    }

    #[test]
    fn flags_fit_in_a_byte_with_sign_for_numpy_1() {
        let aligned: DType = Struct::aligned([("a", "|i1"), ("b", "<f8")].map(|(name, dtype)| {
            let dtype: DType = dtype.parse().unwrap();
            (name, dtype)
        }))
        .unwrap()
        .into();
        for (dialect, flags) in [(Dialect::Numpy2, 0x90), (Dialect::Numpy1, -0x70)] {
            let bytes = written(dialect, |out| emit_dtype(out, &aligned).map(drop));
            let document = read(&mut bytes.as_slice()).unwrap();
            let found = document.at(".state[7]").unwrap();
            assert_eq!(found.as_i64(), Some(flags), "{dialect:?}");
            let dtype = document.root().as_dtype().unwrap();
            assert!(dtype.as_struct().unwrap().is_aligned());
        }
    }

    #[test]
    fn modules_are_called_what_numpy_1_called_them() {
        for (dialect, module, others) in [
            (
                Dialect::Numpy2,
                "numpy._core.multiarray",
                ["numpy.rec", "numpy.char"],
            ),
            (
                Dialect::Numpy1,
                "numpy.core.multiarray",
                ["numpy.core.records", "numpy.core.defchararray"],
            ),
        ] {
            let bytes = written(dialect, |out| {
                out.list()?;
                out.memoize()?;
                for name in [
                    "numpy._core.multiarray",
                    "numpy._corelib",
                    "numpy",
                    "numpy._core",
                    "numpy.rec",
                    "numpy.char",
                ] {
                    out.shared_global(name, "x")?;
                    out.op(b'a');
                }
                numpy::emit_reconstruct(out, numpy::NDARRAY)?;
                out.op(b'a');
                Ok(())
            });
            let document = read(&mut bytes.as_slice()).unwrap();
            let names: Vec<_> = document.root().iter().filter_map(Value::as_global).collect();
            let core = module.strip_suffix(".multiarray").unwrap();
            assert_eq!(
                names,
                [
                    (module, "x"),
                    ("numpy._corelib", "x"),
                    ("numpy", "x"),
                    (core, "x"),
                    (others[0], "x"),
                    (others[1], "x")
                ]
            );
            let call = document.at("[6].callable").unwrap();
            assert_eq!(call.as_global(), Some((module, "_reconstruct")));
        }
    }
}
