//! Arrays written as plain pickles have them.

use std::io::Write;

use demijohn_arrays::{DType, Kind, Layout, Order};

use super::emit_dtype;
use crate::save::ArrayWriter;
use crate::{Emitter, MemoId, Protocol, Result};

/// Writes arrays inline, as `pickle.dumps` does: what any Python with numpy reads, without joblib.
///
/// Below protocol 5 it is `_reconstruct` and a state with the data as bytes, in protocol 5 `_frombuffer` on a
/// `bytearray` (except for dates, as numpy does). Bytes of one array are gathered in memory before they are written.
#[derive(Debug, Default)]
pub struct Inline {
    /// Module and name of the subclass of `ndarray` to write.
    class: Option<(Box<str>, Box<str>)>,
    layout: Option<Layout>,
    data: Vec<u8>,
}

/// Whether numpy hands out the memory of such elements as a buffer, so that protocol 5 has it as one.
fn is_exportable(dtype: &DType) -> bool {
    match dtype.kind() {
        Kind::Datetime(_) | Kind::Timedelta(_) | Kind::Void(0) => false,
        Kind::Struct(s) => s.fields().iter().all(|field| is_exportable(field.dtype())),
        Kind::SubArray(s) => is_exportable(s.base()),
        _ => true,
    }
}

impl Inline {
    /// Writes arrays of a subclass of `ndarray`.
    pub(crate) fn of_class((module, name): (&str, &str)) -> Self {
        Self {
            class: Some((module.into(), name.into())),
            ..Self::default()
        }
    }

    /// Whether the array is written as a buffer. Arrays of subclasses are not, as numpy does.
    fn is_buffer<W: Write>(&self, out: &Emitter<W>, layout: &Layout) -> bool {
        self.class.is_none() && out.protocol() >= Protocol::V5 && is_exportable(layout.dtype())
    }
}

/// Module and name of the class of plain arrays.
pub(crate) const NDARRAY: (&str, &str) = ("numpy", "ndarray");

/// The call that makes an empty array of a class, which gets its content with a state.
pub(crate) fn emit_reconstruct<W: Write>(out: &mut Emitter<W>, (module, name): (&str, &str)) -> Result<()> {
    out.shared_global("numpy._core.multiarray", "_reconstruct")?;
    out.begin()?;
    out.shared_global(module, name)?;
    out.begin()?;
    out.int(0)?;
    out.tuple(1)?;
    out.memoize()?;
    out.numpy_b()?;
    out.tuple(3)?;
    out.memoize()?;
    out.reduce()
}

/// Writes a shape: a tuple of numbers. Not memoized if it is empty, as empty tuples are not.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io) if writing fails.
pub fn emit_shape<W: Write>(out: &mut Emitter<W>, shape: &[usize]) -> Result<()> {
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

impl ArrayWriter for Inline {
    fn begin<W: Write>(&mut self, out: &mut Emitter<W>, layout: &Layout) -> Result<()> {
        out.begin()?;
        self.data.clear();
        self.layout = Some(layout.clone());
        if self.is_buffer(out, layout) {
            out.shared_global("numpy._core.numeric", "_frombuffer")?;
            out.begin()?;
            out.mark()?;
            return Ok(());
        }
        let class = self.class.as_ref();
        emit_reconstruct(out, class.map_or(NDARRAY, |(module, name)| (&**module, &**name)))
    }

    fn data<W: Write>(&mut self, _: &mut Emitter<W>, bytes: &[u8]) -> Result<()> {
        self.data.extend_from_slice(bytes);
        Ok(())
    }

    fn end<W: Write>(&mut self, out: &mut Emitter<W>) -> Result<Option<MemoId>> {
        let layout = self.layout.take().expect("begin was called");
        let data = std::mem::take(&mut self.data);
        let order = layout.canonical_order();
        if self.is_buffer(out, &layout) {
            out.bytearray(&data)?;
            out.memoize()?;
            emit_dtype(out, layout.dtype())?;
            emit_shape(out, layout.shape())?;
            out.shared_str(order.as_str())?;
            out.tuple_from_mark()?;
            out.memoize()?;
            out.reduce()?;
            return out.memoize().map(Some);
        }
        let id = out.memoize()?;
        out.begin()?;
        out.mark()?;
        out.int(1)?;
        emit_shape(out, layout.shape())?;
        emit_dtype(out, layout.dtype())?;
        out.bool(order == Order::F)?;
        out.bytes(&data)?;
        out.memoize()?;
        out.tuple_from_mark()?;
        out.memoize()?;
        out.build()?;
        Ok(Some(id))
    }
}
