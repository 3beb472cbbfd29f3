//! Arrays in the forms that plain pickles have.
//!
//! Specification: `array_reduce`, `array_setstate` and `array_reduce_ex_picklebuffer` in numpy's `methods.c`, and
//! `_frombuffer` in its `numeric.py`.

use std::borrow::Cow;

use demijohn_arrays::{Array, Layout, Order};

use super::dtype;
use crate::graph::{AbsentArray, Id, Kind, Objects, View};
use crate::known::Callable;
use crate::path::Path;
use crate::{Error, How, Result, Value};

/// What a call says of the array it makes.
pub(crate) enum Described<'d> {
    Raw(RawData<'d>),
    Objects(Objects),
}

/// An array of plain data that has been described: all fits together.
pub(crate) struct RawData<'d> {
    pub(crate) layout: Layout,
    /// How the bytes are to be brought into the order of the layout, if they are not.
    pub(crate) transposed: Option<Transposed>,
    /// The bytes: a byte string, or a `str` that stands for one.
    pub(crate) data: Value<'d>,
}

/// How elements stand whose axes were exchanged: the array's axis `i` is axis `axes[i]` of what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Transposed {
    pub(crate) from: Layout,
    axes: Vec<usize>,
}

/// The callable and arguments of a call with a tuple of arguments.
fn call<'d>(value: Value<'d>) -> Option<(Callable, &'d [Id])> {
    let View::Object(term) = value.node() else {
        return None;
    };
    let View::Tuple(args) = value.at(term.args).node() else {
        return None;
    };
    let View::Global(global) = value.at(term.callable).node() else {
        return None;
    };
    (term.how == How::Reduce).then_some((global.known?, args))
}

/// The buffer that `_frombuffer` is called on, if that is what `value` is.
pub(crate) fn buffer_of(value: Value<'_>) -> Option<Id> {
    let (callable, args) = call(value)?;
    (callable == Callable::FromBuffer).then(|| args.first().copied())?
}

/// The data in the state of an exact `ndarray` or `matrix` made by `_reconstruct`, if that is what `value` is.
pub(crate) fn data_of(value: Value<'_>) -> Option<Id> {
    let (callable, args) = call(value)?;
    let View::Object(term) = value.node() else {
        return None;
    };
    let View::Global(class) = value.at(*args.first()?).node() else {
        return None;
    };
    let plain = matches!(class.known, Some(Callable::NdArray | Callable::Matrix));
    let View::Tuple(state) = value.at(term.state?).node() else {
        return None;
    };
    (plain && callable == Callable::ArrayReconstruct && term.more.is_none()).then(|| state.last().copied())?
}

/// The class that a call of `_reconstruct` names, unless that is `ndarray`.
pub(crate) fn subclass_of(value: Value<'_>) -> Option<Id> {
    let (callable, args) = call(value)?;
    let class = *args.first()?;
    let View::Global(global) = value.at(class).node() else {
        return None;
    };
    (callable == Callable::ArrayReconstruct && global.known != Some(Callable::NdArray)).then_some(class)
}

fn invalid(what: impl std::fmt::Display) -> Error {
    Error::corrupt(format!("invalid array: {what}"))
}

/// What a call says of the array it makes: one of `_reconstruct` with its state, of any subclass, or one of
/// `_frombuffer`.
pub(crate) fn describe(value: Value<'_>) -> Result<Described<'_>> {
    let none = || Error::parameter(format!("not an array but {value:?}"));
    let (callable, args) = call(value).ok_or_else(none)?;
    match callable {
        Callable::ArrayReconstruct => {
            let state = value.as_object().and_then(crate::Object::state);
            reconstructed(state.ok_or_else(|| invalid("it has no state"))?)
        }
        Callable::FromBuffer => from_buffer(value, args).map(Described::Raw),
        _ => Err(none()),
    }
}

/// An array of a document, wherever its elements are; see [`locate`].
#[derive(Debug)]
pub enum Located<'d> {
    /// They are here.
    Here(Cow<'d, Array>),
    /// They were passed over.
    Absent(Cow<'d, AbsentArray>),
}

/// An array by value or by reference: of the forms that a [`Document`](crate::Document) has as arrays, and those of
/// subclasses of `ndarray`, which it has as calls. Its elements may have been passed over.
///
/// # Errors
/// [`Parameter`](crate::ErrorKind::Parameter) if it is something else, [`Corrupt`](crate::ErrorKind::Corrupt) or
/// [`Unsupported`](crate::ErrorKind::Unsupported) if it is an array that cannot be.
pub fn locate(value: Value<'_>) -> Result<Located<'_>> {
    if let Some(array) = value.as_array() {
        return Ok(Located::Here(Cow::Borrowed(array)));
    }
    if let Some(absent) = value.as_absent_array() {
        return Ok(Located::Absent(Cow::Borrowed(absent)));
    }
    match describe(value)? {
        Described::Raw(raw) => raw.locate(),
        Described::Objects(_) => Err(Error::parameter(
            "an array of Python objects has no bytes of its own",
        )),
    }
}

/// The array at a path from a value, as [`locate`] finds it. `.data` and `.mask` lead from a [masked array](super::MaskedArray) to
/// the two arrays that it consists of, for which a document has no values of their own.
///
/// # Errors
/// [`Parameter`](crate::ErrorKind::Parameter) if nothing or something else is there,
/// [`Unsupported`](crate::ErrorKind::Unsupported) for masked arrays and arrays of Python objects, with the paths that lead on,
/// and as for [`locate`].
pub fn locate_at<'d>(from: Value<'d>, path: &Path) -> Result<Located<'d>> {
    let value = match from.follow(path) {
        Ok(value) => value,
        Err(error) => return masked_part(from, path).unwrap_or(Err(error)),
    };
    if let Some(masked) = value.as_masked_array() {
        let [data, mask] = masked.parts().map(|part| part.path(path));
        return Err(Error::unsupported(format!(
            "at {path} is a masked array, which is two: {data} and {mask}"
        )));
    }
    match value.kind() {
        Kind::ObjectArray => Err(Error::unsupported(format!(
            "an array of Python objects at {path}; its items have paths of their own"
        ))),
        _ => locate(value),
    }
}

/// The array that the last step of a path leads to from a masked array.
fn masked_part<'d>(from: Value<'d>, path: &Path) -> Option<Result<Located<'d>>> {
    let (whole, part) = path.split_name()?;
    let masked = from.follow(&whole).ok()?.as_masked_array()?;
    let part = masked.parts().into_iter().find(|found| found.name == part)?;
    Some(part.locate())
}

/// An array as [`locate`] finds it, whose elements are here.
///
/// # Errors
/// As for [`locate`]; [`Parameter`](crate::ErrorKind::Parameter) if its elements were passed over.
pub fn to_array(value: Value<'_>) -> Result<Cow<'_, Array>> {
    match locate(value)? {
        Located::Here(array) => Ok(array),
        Located::Absent(_) => Err(not_read()),
    }
}

/// The error for an array whose elements were passed over.
pub(crate) fn not_read() -> Error {
    Error::parameter("the data of the array was not read")
}

impl RawData<'_> {
    /// The array, with a copy of the bytes.
    pub(crate) fn to_array(&self) -> Result<Array> {
        let bytes = bytes_of(self.data)?;
        match &self.transposed {
            None => Ok(Array::from_bytes(self.layout.clone(), &bytes)?),
            Some(transposed) => transposed.apply(&bytes, self.layout.clone()),
        }
    }

    pub(crate) fn locate<'d>(&self) -> Result<Located<'d>> {
        match self.absent() {
            Some(absent) => Ok(Located::Absent(Cow::Owned(absent))),
            None => Ok(Located::Here(Cow::Owned(self.to_array()?))),
        }
    }

    /// The array, if the bytes were passed over.
    pub(crate) fn absent(&self) -> Option<AbsentArray> {
        let View::AbsentBytes(bytes) = self.data.node() else {
            return None;
        };
        let absent = AbsentArray::new(self.layout.clone(), bytes.offset);
        Some(absent.with_transposed(self.transposed.clone()))
    }
}

/// What a byte string holds, or what a `str` stands for: bytes of Python 2 that went through one.
fn bytes_of(data: Value<'_>) -> Result<Cow<'_, [u8]>> {
    match data.node() {
        View::Bytes(bytes) | View::ByteArray(bytes) | View::Str8(bytes) => Ok(bytes.into()),
        View::Str(text) => text
            .chars()
            .map(|c| u8::try_from(c).ok())
            .collect::<Option<Vec<u8>>>()
            .map(Cow::Owned)
            .ok_or_else(|| invalid("its data is text")),
        View::AbsentBytes(_) => Err(not_read()),
        _ => Err(invalid(format_args!("its data is {data:?}"))),
    }
}

/// Makes sure that there are as many bytes as the layout has.
pub(super) fn check_length(layout: &Layout, data: Value<'_>) -> Result<()> {
    let given = match data.node() {
        View::AbsentBytes(bytes) => bytes.len,
        _ => bytes_of(data)?.len() as u64,
    };
    let needed = layout.nbytes() as u64;
    if given == needed {
        return Ok(());
    }
    Err(invalid(format_args!("{given} bytes where {layout} has {needed}")))
}

/// `(version, shape, dtype, is_fortran, data)`, or the same without version.
fn reconstructed(state: Value<'_>) -> Result<Described<'_>> {
    let View::Tuple(items) = state.node() else {
        return Err(invalid(format_args!("its state is {state:?}")));
    };
    let [shape, dtype, fortran, data] = match *items {
        [version, shape, dtype, fortran, data] => {
            if !matches!(state.at(version).as_i64(), Some(0 | 1)) {
                let version = state.at(version);
                return Err(Error::unsupported(format!("version {version:?} of array states")));
            }
            [shape, dtype, fortran, data]
        }
        [shape, dtype, fortran, data] => [shape, dtype, fortran, data],
        _ => return Err(invalid(format_args!("its state has {} items", items.len()))),
    }
    .map(|id| state.at(id));
    if let View::List(items) = data.node() {
        return objects(shape, dtype, fortran, items).map(Described::Objects);
    }
    let layout = layout(shape, dtype, fortran)?;
    if layout.dtype().has_objects() {
        return Err(invalid("Python objects as bytes"));
    }
    check_length(&layout, data)?;
    Ok(Described::Raw(RawData {
        layout,
        transposed: None,
        data,
    }))
}

/// The layout that a state of `ndarray` describes, by what it says of shape, dtype and order.
///
/// # Errors
/// [`Corrupt`](crate::ErrorKind::Corrupt) or [`Unsupported`](crate::ErrorKind::Unsupported) if there is no such array.
pub fn layout(shape: Value<'_>, dtype: Value<'_>, is_fortran: Value<'_>) -> Result<Layout> {
    let order = if flag(is_fortran)? { Order::F } else { Order::C };
    Ok(Layout::from_extents(
        dtype::dtype(dtype)?,
        extents(shape)?,
        order,
    )?)
}

fn flag(fortran: Value<'_>) -> Result<bool> {
    match (fortran.as_bool(), fortran.as_i64()) {
        (Some(flag), _) => Ok(flag),
        (None, Some(n)) => Ok(n != 0),
        _ => Err(invalid(format_args!("its order is {fortran:?}"))),
    }
}

/// An array of Python objects, or of something that holds them, whose data is a list.
fn objects(shape: Value<'_>, dtype: Value<'_>, is_fortran: Value<'_>, items: &[Id]) -> Result<Objects> {
    let layout = layout(shape, dtype, is_fortran)?;
    if !layout.dtype().has_objects() {
        return Err(invalid(format_args!("a list of objects as data of {layout}")));
    }
    if layout.len() != items.len() {
        return Err(invalid(format_args!("{} items for {layout}", items.len())));
    }
    let plain = *layout.dtype().kind() == demijohn_arrays::Kind::Object;
    Ok(Objects {
        layout,
        items: items.into(),
        dtype: (!plain).then(|| dtype.id()),
    })
}

/// A shape: a tuple or list of numbers, or a single one.
pub(super) fn extents(shape: Value<'_>) -> Result<Vec<u128>> {
    let extent = |n: Value<'_>| n.as_int().and_then(|n| u128::try_from(n.as_i128()?).ok());
    let extents: Option<Vec<u128>> = match shape.kind() {
        Kind::Tuple | Kind::List if shape.len() <= Some(demijohn_arrays::MAX_NDIM) => {
            shape.iter().map(extent).collect()
        }
        Kind::Int => extent(shape).map(|n| vec![n]),
        _ => None,
    };
    extents.ok_or_else(|| invalid(format_args!("its shape is {shape:?}, or has such items")))
}

/// `_frombuffer(buffer, dtype, shape, order)`, or with `order` "K" and a fifth argument, the order of the axes.
fn from_buffer<'d>(value: Value<'d>, args: &[Id]) -> Result<RawData<'d>> {
    if value.as_object().is_some_and(|object| object.state().is_some()) {
        return Err(invalid("it has a state"));
    }
    let (&[buffer, dtype, shape, order] | &[buffer, dtype, shape, order, _]) = args else {
        return Err(invalid(format_args!("{} arguments", args.len())));
    };
    let [buffer, dtype, shape, order] = [buffer, dtype, shape, order].map(|id| value.at(id));
    if !matches!(buffer.kind(), Kind::Bytes | Kind::ByteArray) {
        return Err(invalid(format_args!("its buffer is {buffer:?}")));
    }
    let dtype = dtype::dtype(dtype)?;
    if dtype.has_objects() {
        return Err(invalid("Python objects as bytes"));
    }
    let extents = extents(shape)?;
    let (stored, axes) = match (order.as_str(), args.get(4)) {
        (Some("C"), None) => (Order::C, None),
        (Some("F"), None) => (Order::F, None),
        (Some("K"), Some(&axes)) => (Order::C, Some(value.at(axes))),
        _ => return Err(invalid(format_args!("its order is {order:?}"))),
    };
    let layout = Layout::from_extents(dtype, extents, stored)?;
    check_length(&layout, buffer)?;
    let (layout, transposed) = match axes {
        Some(axes) => exchanged(layout, axes)?,
        None => (layout, None),
    };
    Ok(RawData {
        layout,
        transposed,
        data: buffer,
    })
}

/// The layout of the array whose axis `i` is axis `axes[i]` of another, and how its elements come from there, unless they
/// stand as they are.
fn exchanged(from: Layout, axes: Value<'_>) -> Result<(Layout, Option<Transposed>)> {
    let bad = || invalid(format_args!("its axes are {axes:?}"));
    let axes: Vec<usize> = extents(axes)?
        .iter()
        .map(|&axis| usize::try_from(axis).map_err(|_| bad()))
        .collect::<Result<_>>()?;
    let mut sorted = axes.clone();
    sorted.sort_unstable();
    if !sorted.iter().copied().eq(0..from.ndim()) {
        return Err(bad());
    }
    let shape: Vec<usize> = axes.iter().map(|&axis| from.shape()[axis]).collect();
    let to = |order| Layout::new(from.dtype().clone(), &shape, order);
    if axes.iter().copied().eq((0..from.ndim()).rev()) {
        return Ok((to(Order::F)?, None));
    }
    Ok((to(Order::C)?, Some(Transposed { from, axes })))
}

impl Transposed {
    /// The array of this layout, from elements as they stand.
    pub(crate) fn apply(&self, bytes: &[u8], layout: Layout) -> Result<Array> {
        let (from, axes) = (&self.from, &self.axes);
        // In elements: how far apart neighbours along each of the new axes stand in `bytes`.
        let mut strides = vec![1; from.ndim()];
        for axis in (1..from.ndim()).rev() {
            strides[axis - 1] = strides[axis] * from.shape()[axis];
        }
        let strides: Vec<usize> = axes.iter().map(|&axis| strides[axis]).collect();
        let (shape, size) = (layout.shape().to_vec(), from.dtype().itemsize());
        let mut array = Array::zeros(layout)?;
        if size == 0 {
            return Ok(array);
        }
        let mut index = vec![0; shape.len()];
        for element in array.as_mut_bytes()?.chunks_exact_mut(size) {
            let at: usize = index.iter().zip(&strides).map(|(i, stride)| i * stride).sum();
            element.copy_from_slice(&bytes[at * size..][..size]);
            for axis in (0..shape.len()).rev() {
                index[axis] += 1;
                if index[axis] < shape[axis] {
                    break;
                }
                index[axis] = 0;
            }
        }
        Ok(array)
    }
}
