//! How joblib writes arrays: as an object that describes the array, with the data right behind it in the stream.
//!
//! The object is a `joblib.numpy_pickle.NumpyArrayWrapper` whose state is a dict. Its `BUILD` opcode ends a frame; then
//! come, outside of the pickle, one byte with the length of a pad, the pad, and the elements. The pad makes the
//! elements start at a multiple of 16 in the uncompressed stream, so that plain files can be mapped. joblib before 1.2
//! wrote neither pad nor length; whether they are there is told by a key in the dict.
//!
//! Specification: the class `NumpyArrayWrapper` in
//! [`joblib/numpy_pickle.py`](https://github.com/joblib/joblib/blob/main/joblib/numpy_pickle.py).

use std::io::{self, Read, Write};

use demijohn_compat::Companions;

use crate::arrays::{Array, Layout, MAX_NDIM, Order};
use crate::codecs::ElementSize;
use crate::pickle::{
    self, ArrayWriter, Batch, Emitter, Error, ErrorKind, Found, MemoId, Object, Payload, Protocol, Raw,
    Result, Value, numpy::Dialect,
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
    /// Whether there are pads, which joblib before 1.2 does not know.
    aligned: bool,
}

impl JoblibWriter {
    pub(crate) fn new(element_size: ElementSize, aligned: bool) -> Self {
        JoblibWriter {
            element_size,
            aligned,
        }
    }

    /// Writes the object that describes the array; answers where in the stream it ends.
    fn wrapper<W: Write>(&self, out: &mut Emitter<W>, layout: &Layout) -> Result<u64> {
        out.begin()?;
        out.shared_global(MODULE, CLASS)?;
        out.tuple(0)?;
        out.newobj()?;
        out.memoize()?;

        out.dict()?;
        out.memoize()?;
        let keys = ["subclass", "shape", "order", "dtype", "allow_mmap", ALIGNMENT_KEY];
        let keys = &keys[..if self.aligned { 6 } else { 5 }];
        let mut state = Batch::set_items(Some(keys.len()));
        for &key in keys {
            state.before(out)?;
            out.shared_str(key)?;
            match key {
                "subclass" => out.shared_global("numpy", "ndarray")?,
                "shape" => pickle::numpy::emit_shape(out, layout.shape())?,
                "order" => out.shared_str(layout.canonical_order().as_str())?,
                "dtype" => drop(pickle::numpy::emit_dtype(out, layout.dtype())?),
                "allow_mmap" => out.bool(!layout.dtype().has_objects())?,
                _ => out.int(ALIGNMENT)?,
            }
            state.after(out)?;
        }
        state.end(out)?;
        out.build()?;
        out.commit_frame()
    }
}

impl ArrayWriter for JoblibWriter {
    fn dialect(&self) -> Dialect {
        // Who has an old joblib has an old numpy.
        if self.aligned {
            Dialect::Numpy2
        } else {
            Dialect::Numpy1
        }
    }

    fn begin<W: Write>(&mut self, out: &mut Emitter<W>, layout: &Layout) -> Result<()> {
        let behind = self.wrapper(out, layout)?;
        if self.aligned {
            // The elements stand behind the byte that holds the pad's length; at least one byte of pad, as joblib does.
            let over = u8::try_from((behind + 1) % u64::from(ALIGNMENT)).expect("less than 16");
            let pad = ALIGNMENT - over;
            out.raw(&[pad])?;
            out.raw(&[0xff; ALIGNMENT as usize][..pad.into()])?;
        }
        self.element_size.set(layout.dtype().itemsize());
        Ok(())
    }

    fn begin_objects<W: Write>(&mut self, out: &mut Emitter<W>, layout: &Layout) -> Result<Option<Protocol>> {
        self.wrapper(out, layout)?;
        // Whatever the protocol of the whole: joblib writes 5 from 1.5 on, and wrote 2 before.
        Ok(Some(if self.aligned { Protocol::V5 } else { Protocol::V2 }))
    }

    fn end<W: Write>(&mut self, _: &mut Emitter<W>) -> Result<Option<MemoId>> {
        self.element_size.set(1);
        Ok(None)
    }
}

/// Reads arrays as joblib does.
#[derive(Debug, Default)]
pub(crate) struct JoblibReader {
    /// Whether to turn them into this machine's byte order.
    pub(crate) native: bool,
    /// Where arrays of joblib before 0.10 are, if the pickle has a path.
    pub(crate) companions: Option<Companions>,
}

impl Payload for JoblibReader {
    fn read(&mut self, object: Value<'_>, raw: &mut Raw<'_>) -> Result<Found> {
        match Body::of(object, raw)? {
            Body::Nothing => Ok(Found::Nothing),
            Body::Pickle => Ok(Found::Pickle),
            Body::Companion => {
                let Some(object) = object.as_object() else {
                    return Ok(Found::Nothing);
                };
                let class = object.class().as_global().map_or("", |(_, name)| name);
                match Companions::read(self.companions.as_mut(), class, object.state())? {
                    Found::Array(array) => self.found(array),
                    found => Ok(found),
                }
            }
            Body::Data(data) => {
                let available = raw.available();
                self.found(Array::read(data.layout, raw, available)?)
            }
        }
    }

    fn subclass<'d>(&self, object: Value<'d>) -> Option<Value<'d>> {
        subclass(object)
    }
}

impl JoblibReader {
    fn found(&self, array: Array) -> Result<Found> {
        Ok(Found::Array(if self.native {
            array.into_native()?
        } else {
            array
        }))
    }
}

/// The class that one of joblib's objects names for its array.
pub(crate) fn subclass(object: Value<'_>) -> Option<Value<'_>> {
    let state = attributes(object.as_object()?)?;
    // A `ZNDArrayWrapper` has the arguments for numpy's `_reconstruct`.
    match state.find("init_args") {
        Some(args) => args.iter().next(),
        None => state.find("subclass"),
    }
}

/// What stands in the stream behind an object.
pub(crate) enum Body {
    /// Nothing: the object is something else.
    Nothing,
    /// The pickle of an array of objects.
    Pickle,
    /// The elements of an array, which begin here.
    Data(Data),
    /// Nothing: the array is in a file of its own, as joblib wrote before 0.10.
    Companion,
}

/// Whether this is the module with joblib's wrappers, or that of a library that carried a copy of joblib, such as
/// `sklearn.externals.joblib.numpy_pickle`.
fn is_joblib(module: &str) -> bool {
    module.ends_with(MODULE) || module.ends_with("joblib.numpy_pickle_compat")
}

/// Whether this is a class whose instances stand for arrays in companion files, as joblib had before 0.10.
pub(crate) fn names_companion(module: &str, name: &str) -> bool {
    matches!(name, "NDArrayWrapper" | "ZNDArrayWrapper") && is_joblib(module)
}

/// No class of joblib's has more attributes. A state that any number of objects share must not be searched through by each of
/// them, whatever its size.
const MOST_ATTRIBUTES: usize = 64;

/// The attributes of one of joblib's objects; none if there are more than any of them has.
pub(crate) fn attributes<'d>(object: Object<'d>) -> Option<Value<'d>> {
    object
        .state()
        .filter(|state| state.len().is_none_or(|n| n <= MOST_ATTRIBUTES))
}

/// What to say of an array in a companion where one array is read, or mapped.
pub(crate) fn apart() -> Error {
    Error::new(
        ErrorKind::Unsupported,
        "joblib before 0.10 wrote this, with arrays in files of their own: load it as a whole",
    )
}

/// Elements in a stream.
pub(crate) struct Data {
    pub(crate) layout: Layout,
    /// Whether the writer thought of mapping.
    pub(crate) allow_mmap: bool,
}

impl Body {
    /// What follows `object`; if that is elements, `raw` is brought to where they begin.
    pub(crate) fn of(object: Value<'_>, raw: &mut Raw<'_>) -> Result<Self> {
        let Some(object) = object.as_object() else {
            return Ok(Self::Nothing);
        };
        let Some((module, name)) = object.class().as_global() else {
            return Ok(Self::Nothing);
        };
        if names_companion(module, name) {
            return Ok(Self::Companion);
        }
        if name != CLASS || !is_joblib(module) {
            return Ok(Self::Nothing);
        }
        let state = attributes(object).ok_or_else(|| invalid("it has no state, or one that is too large"))?;
        Self::described(state, raw)
    }

    fn described(state: Value<'_>, raw: &mut Raw<'_>) -> Result<Self> {
        let key = |key: &str| state.find(key).ok_or_else(|| invalid(&format!("no {key:?}")));
        let dtype = pickle::numpy::dtype(key("dtype")?)?;
        if dtype.has_objects() {
            // There is neither pad nor data but the pickle of the whole array.
            return Ok(Self::Pickle);
        }
        let shape = key("shape")?;
        let extent = |n: Value<'_>| n.as_int().and_then(|n| u128::try_from(n.as_i128()?).ok());
        // One more than there may be: what is too long is refused without going through all of it.
        let extents: Option<Vec<u128>> = shape.iter().take(MAX_NDIM + 1).map(extent).collect();
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
        let allow_mmap = state
            .find("allow_mmap")
            .is_some_and(|allowed| allowed.as_bool().unwrap_or(allowed.as_i64() == Some(1)));

        if state
            .find(ALIGNMENT_KEY)
            .is_some_and(|alignment| !alignment.is_none())
        {
            let mut length = [0];
            read_exact(raw, &mut length, &layout)?;
            // Any length will do, and nobody looks at the pad.
            read_exact(raw, &mut [0; 255][..length[0].into()], &layout)?;
        }
        Ok(Self::Data(Data { layout, allow_mmap }))
    }
}

fn invalid(what: &str) -> Error {
    Error::new(ErrorKind::Corrupt, format!("invalid array wrapper: {what}"))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codecs::{Hint, TakesHints};
    use crate::pickle::save;

    /// What a stream was told, and where.
    #[derive(Default)]
    struct Told(Vec<u8>, Vec<(usize, Hint)>);

    impl Write for Told {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl TakesHints for Told {
        fn hint(&mut self, hint: Hint) -> io::Result<()> {
            self.1.push((self.0.len(), hint));
            Ok(())
        }
    }

    #[test]
    fn arrays_are_announced_where_they_begin_and_end() {
        let arrays = [
            Array::from_vec(vec![1.5f64; 100], &[100]).unwrap(),
            Array::from_vec(vec![7u16; 100], &[100]).unwrap(),
        ];
        let stream = crate::codecs::Hinted::new(Told::default());
        let writer = JoblibWriter::new(stream.element_size(), true);
        let Told(bytes, told) = save::write(&arrays, stream, Protocol::V4, writer)
            .unwrap()
            .into_inner();
        let find = |part: &[u8]| {
            bytes
                .windows(part.len())
                .position(|window| window == part)
                .unwrap()
        };
        let doubles = find(&1.5f64.to_le_bytes().repeat(100));
        let shorts = find(&7u16.to_le_bytes().repeat(100));
        assert_eq!(
            told,
            [
                (doubles, Hint::ElementSize(8)),
                (doubles + 800, Hint::ElementSize(1)),
                (shorts, Hint::ElementSize(2)),
                (shorts + 200, Hint::ElementSize(1)),
            ]
        );
    }
}
