//! How joblib writes arrays: as an object that describes the array, with the data right behind it in the stream.
//!
//! The object is a `joblib.numpy_pickle.NumpyArrayWrapper` whose state is a dict. Its `BUILD` opcode ends a frame; then
//! come, outside of the pickle, one byte with the length of a pad, the pad, and the elements. The pad makes the
//! elements start at a multiple of 16 in the uncompressed stream, so that plain files can be mapped. joblib before 1.2
//! wrote neither pad nor length; whether they are there is told by a key in the dict.
//!
//! Specification: the class `NumpyArrayWrapper` in
//! [`joblib/numpy_pickle.py`](https://github.com/joblib/joblib/blob/main/joblib/numpy_pickle.py).

use std::collections::HashMap;
use std::io::{self, Read, Write};

use crate::arrays::{Array, DType, Layout, Order};
use crate::hinted::ElementSize;
use crate::pickle::{
    self, ArrayWriter, Batch, Emitter, Error, ErrorKind, Found, MemoId, Payload, Raw, Result, Value,
};

const MODULE: &str = "joblib.numpy_pickle";
const CLASS: &str = "NumpyArrayWrapper";

/// Elements start at a multiple of this.
const ALIGNMENT: u8 = 16;

/// The key that says that there is a pad.
const ALIGNMENT_KEY: &str = "numpy_array_alignment_bytes";

/// Writes arrays as joblib does.
pub(crate) struct JoblibWriter {
    /// Where the sink learns of the arrays in the stream.
    element_size: ElementSize,
    /// Dtypes that the memo has, as in Python, where each is a single object.
    dtypes: HashMap<DType, MemoId>,
}

impl JoblibWriter {
    pub(crate) fn new(element_size: ElementSize) -> Self {
        JoblibWriter {
            element_size,
            dtypes: HashMap::new(),
        }
    }

    fn dtype<W: Write>(&mut self, out: &mut Emitter<W>, dtype: &DType) -> Result<()> {
        if let Some(&id) = self.dtypes.get(dtype) {
            return out.get(id);
        }
        let id = pickle::numpy::emit_dtype(out, dtype)?;
        self.dtypes.insert(dtype.clone(), id);
        Ok(())
    }
}

impl ArrayWriter for JoblibWriter {
    fn begin<W: Write>(&mut self, out: &mut Emitter<W>, layout: &Layout) -> Result<()> {
        out.begin()?;
        out.shared_global(MODULE, CLASS)?;
        out.tuple(0)?;
        out.newobj()?;
        out.memoize()?;

        out.dict()?;
        out.memoize()?;
        let mut state = Batch::set_items(Some(6));
        for key in ["subclass", "shape", "order", "dtype", "allow_mmap", ALIGNMENT_KEY] {
            state.before(out)?;
            out.shared_str(key)?;
            match key {
                "subclass" => out.shared_global("numpy", "ndarray")?,
                "shape" => shape(out, layout.shape())?,
                "order" => out.shared_str(layout.canonical_order().as_str())?,
                "dtype" => self.dtype(out, layout.dtype())?,
                "allow_mmap" => out.bool(true)?,
                _ => out.int(ALIGNMENT)?,
            }
            state.after(out)?;
        }
        state.end(out)?;
        out.build()?;

        // The elements stand behind the byte that holds the pad's length; at least one byte of pad, as joblib does.
        let behind_length = out.commit_frame()? + 1;
        let over = u8::try_from(behind_length % u64::from(ALIGNMENT)).expect("less than 16");
        let pad = ALIGNMENT - over;
        out.raw(&[pad])?;
        out.raw(&[0xff; ALIGNMENT as usize][..pad.into()])?;
        self.element_size.set(layout.dtype().itemsize());
        Ok(())
    }

    fn end<W: Write>(&mut self, _: &mut Emitter<W>) -> Result<Option<MemoId>> {
        self.element_size.set(1);
        Ok(None)
    }
}

fn shape<W: Write>(out: &mut Emitter<W>, shape: &[usize]) -> Result<()> {
    out.begin()?;
    if shape.len() > 3 {
        out.mark()?;
    }
    shape.iter().try_for_each(|&n| out.int(n as u64))?;
    match shape.len() {
        0 => return out.tuple(0),
        n @ 1..=3 => out.tuple(n)?,
        _ => out.tuple_from_mark()?,
    }
    out.memoize()?;
    Ok(())
}

/// Reads arrays as joblib does.
pub(crate) struct JoblibReader;

impl Payload for JoblibReader {
    fn read(&mut self, object: Value<'_>, raw: &mut Raw<'_>) -> Result<Found> {
        let Some(object) = object.as_object() else {
            return Ok(Found::Nothing);
        };
        let Some((module, name)) = object.class().as_global() else {
            return Ok(Found::Nothing);
        };
        // Libraries that carried a copy of joblib: `sklearn.externals.joblib.numpy_pickle`.
        if !module.ends_with(MODULE) && !module.ends_with("joblib.numpy_pickle_compat") {
            return Ok(Found::Nothing);
        }
        match name {
            CLASS => {
                let state = object.state().ok_or_else(|| invalid("it has no state"))?;
                read_array(state, raw)
            }
            "NDArrayWrapper" | "ZNDArrayWrapper" => Err(Error::new(
                ErrorKind::Unsupported,
                "arrays in companion files (joblib before 0.10) are not supported",
            )),
            _ => Ok(Found::Nothing),
        }
    }
}

fn invalid(what: &str) -> Error {
    Error::new(ErrorKind::Corrupt, format!("invalid array wrapper: {what}"))
}

fn read_array(state: Value<'_>, raw: &mut Raw<'_>) -> Result<Found> {
    let key = |key: &str| state.find(key).ok_or_else(|| invalid(&format!("no {key:?}")));
    let dtype = pickle::numpy::dtype(key("dtype")?)?;
    if dtype.has_objects() {
        // There is neither pad nor data but the pickle of the whole array.
        return Ok(Found::Pickle);
    }
    let shape = key("shape")?;
    let extent = |n: Value<'_>| n.as_int().and_then(|n| u128::try_from(n.as_i128()?).ok());
    let extents: Option<Vec<u128>> = shape.iter().map(extent).collect();
    let extents = match extents {
        Some(extents) if matches!(shape.kind(), pickle::Kind::Tuple | pickle::Kind::List) => extents,
        _ => return Err(invalid(&format!("shape is {shape:?}, or has such items"))),
    };
    // joblib takes everything but "F" for "C".
    let order = if state.find("order").and_then(Value::as_str) == Some("F") {
        Order::F
    } else {
        Order::C
    };
    let layout = Layout::from_extents(dtype, extents, order)?;

    if state
        .find(ALIGNMENT_KEY)
        .is_some_and(|alignment| !alignment.is_none())
    {
        let mut length = [0];
        read_exact(raw, &mut length, &layout)?;
        // Any length will do, and nobody looks at the pad.
        read_exact(raw, &mut [0; 255][..length[0].into()], &layout)?;
    }
    let available = raw.available();
    Ok(Found::Array(Array::read(layout, raw, available)?))
}

fn read_exact(raw: &mut Raw<'_>, out: &mut [u8], layout: &Layout) -> Result<()> {
    raw.read_exact(out).map_err(|e| match e.kind() {
        // The reader's own errors have something inside; this one is of `read_exact`.
        io::ErrorKind::UnexpectedEof
            if e.get_ref()
                .is_none_or(|inner| !inner.is::<crate::codecs::Error>()) =>
        {
            Error::new(
                ErrorKind::Truncated,
                format!("the stream ends in the pad before array {layout}"),
            )
        }
        _ => e.into(),
    })
}
