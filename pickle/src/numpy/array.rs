//! Arrays in the forms that plain pickles have.
//!
//! Specification: `array_reduce`, `array_setstate` and `array_reduce_ex_picklebuffer` in numpy's `methods.c`, and
//! `_frombuffer` in its `numeric.py`.

use std::borrow::Cow;

use demijohn_arrays::{Array, Layout, Order};

use super::dtype;
use crate::graph::{Id, Kind, Objects, View};
use crate::known::Callable;
use crate::{Error, How, Result, Value};

/// An array out of a call.
pub(crate) enum Made {
    Array(Array),
    Objects(Objects),
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

/// The data in the state of an exact `ndarray` made by `_reconstruct`, if that is what `value` is.
pub(crate) fn data_of(value: Value<'_>) -> Option<Id> {
    let (callable, args) = call(value)?;
    let View::Object(term) = value.node() else {
        return None;
    };
    let View::Global(class) = value.at(*args.first()?).node() else {
        return None;
    };
    let View::Tuple(state) = value.at(term.state?).node() else {
        return None;
    };
    let exact = callable == Callable::ArrayReconstruct && class.known == Some(Callable::NdArray);
    (exact && term.more.is_none()).then(|| state.last().copied())?
}

fn invalid(what: impl std::fmt::Display) -> Error {
    Error::corrupt(format!("invalid array: {what}"))
}

/// The array that a call makes: one of `_reconstruct` with its state, of any subclass, or one of `_frombuffer`.
pub(crate) fn array(value: Value<'_>) -> Result<Made> {
    let none = || Error::parameter(format!("not an array but {value:?}"));
    let (callable, args) = call(value).ok_or_else(none)?;
    match callable {
        Callable::ArrayReconstruct => {
            let state = value.as_object().and_then(crate::Object::state);
            reconstructed(state.ok_or_else(|| invalid("it has no state"))?)
        }
        Callable::FromBuffer => from_buffer(value, args),
        _ => Err(none()),
    }
}

/// An array by value or by reference: of the forms that a [`Document`](crate::Document) has as arrays, and those of
/// `numpy.matrix` and other subclasses, which it has as calls.
///
/// # Errors
/// [`Parameter`](crate::ErrorKind::Parameter) if it is something else, [`Corrupt`](crate::ErrorKind::Corrupt) or
/// [`Unsupported`](crate::ErrorKind::Unsupported) if it is an array that cannot be.
pub fn to_array(value: Value<'_>) -> Result<Cow<'_, Array>> {
    if let Some(array) = value.as_array() {
        return Ok(Cow::Borrowed(array));
    }
    match array(value)? {
        Made::Array(array) => Ok(Cow::Owned(array)),
        Made::Objects(_) => Err(Error::parameter(
            "an array of Python objects has no bytes of its own",
        )),
    }
}

/// `(version, shape, dtype, is_fortran, data)`, or the same without version.
fn reconstructed(state: Value<'_>) -> Result<Made> {
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
        return objects(shape, dtype, flag(fortran)?, items);
    }
    let layout = layout(shape, dtype, fortran)?;
    if layout.dtype().has_objects() {
        return Err(invalid("Python objects as bytes"));
    }
    let bytes: Cow<'_, [u8]> = match data.node() {
        View::Bytes(bytes) | View::ByteArray(bytes) | View::Str8(bytes) => bytes.into(),
        // Bytes of Python 2 that went through a `str`.
        View::Str(text) => text
            .chars()
            .map(|c| u8::try_from(c).ok())
            .collect::<Option<Vec<u8>>>()
            .ok_or_else(|| invalid("its data is text"))?
            .into(),
        _ => return Err(invalid(format_args!("its data is {data:?}"))),
    };
    from_bytes(layout, &bytes)
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

fn from_bytes(layout: Layout, bytes: &[u8]) -> Result<Made> {
    if bytes.len() != layout.nbytes() {
        let (given, needed) = (bytes.len(), layout.nbytes());
        return Err(invalid(format_args!("{given} bytes where {layout} has {needed}")));
    }
    Ok(Made::Array(Array::from_bytes(layout, bytes)?))
}

/// An array of dtype `object`, whose data is a list.
fn objects(shape: Value<'_>, dtype: Value<'_>, fortran: bool, items: &[Id]) -> Result<Made> {
    if *dtype::dtype(dtype)?.kind() != demijohn_arrays::Kind::Object {
        return Err(Error::unsupported(
            "arrays of texts of any length, and of structs with Python objects in them, are not supported",
        ));
    }
    let shape = extents(shape)?;
    let count = shape.iter().try_fold(1_u128, |n, &extent| n.checked_mul(extent));
    let count = if shape.contains(&0) { Some(0) } else { count };
    if count != Some(items.len() as u128) {
        return Err(invalid(format_args!(
            "{} items for the shape {shape:?}",
            items.len()
        )));
    }
    let shape = shape
        .iter()
        .map(|&n| usize::try_from(n).map_err(|_| invalid("its shape is too big")))
        .collect::<Result<_>>()?;
    Ok(Made::Objects(Objects {
        shape,
        items: items.into(),
        fortran,
    }))
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
fn from_buffer(value: Value<'_>, args: &[Id]) -> Result<Made> {
    if value.as_object().is_some_and(|object| object.state().is_some()) {
        return Err(invalid("it has a state"));
    }
    let (&[buffer, dtype, shape, order] | &[buffer, dtype, shape, order, _]) = args else {
        return Err(invalid(format_args!("{} arguments", args.len())));
    };
    let [buffer, dtype, shape, order] = [buffer, dtype, shape, order].map(|id| value.at(id));
    let (View::Bytes(bytes) | View::ByteArray(bytes)) = buffer.node() else {
        return Err(invalid(format_args!("its buffer is {buffer:?}")));
    };
    let dtype = dtype::dtype(dtype)?;
    if dtype.has_objects() {
        return Err(invalid("Python objects as bytes"));
    }
    let extents = extents(shape)?;
    match (order.as_str(), args.get(4)) {
        (Some("C"), None) => from_bytes(Layout::from_extents(dtype, extents, Order::C)?, bytes),
        (Some("F"), None) => from_bytes(Layout::from_extents(dtype, extents, Order::F)?, bytes),
        (Some("K"), Some(&axes)) => transposed(
            Layout::from_extents(dtype, extents, Order::C)?,
            bytes,
            value.at(axes),
        ),
        _ => Err(invalid(format_args!("its order is {order:?}"))),
    }
}

/// The array whose axis `i` is axis `axes[i]` of the one in `bytes`.
fn transposed(from: Layout, bytes: &[u8], axes: Value<'_>) -> Result<Made> {
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
    if bytes.len() != from.nbytes() {
        return from_bytes(from, bytes);
    }
    let shape: Vec<usize> = axes.iter().map(|&axis| from.shape()[axis]).collect();
    let to = |order| Layout::new(from.dtype().clone(), &shape, order);
    if axes.iter().copied().eq((0..from.ndim()).rev()) {
        return from_bytes(to(Order::F)?, bytes);
    }
    // In elements: how far apart neighbours along each of the new axes stand in `bytes`.
    let mut strides = vec![1; from.ndim()];
    for axis in (1..from.ndim()).rev() {
        strides[axis - 1] = strides[axis] * from.shape()[axis];
    }
    let strides: Vec<usize> = axes.iter().map(|&axis| strides[axis]).collect();
    let size = from.dtype().itemsize();
    let mut out = Vec::with_capacity(bytes.len());
    let mut index = vec![0; shape.len()];
    for _ in 0..from.len() {
        let at: usize = index.iter().zip(&strides).map(|(i, stride)| i * stride).sum();
        out.extend_from_slice(&bytes[at * size..][..size]);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            if index[axis] < shape[axis] {
                break;
            }
            index[axis] = 0;
        }
    }
    from_bytes(to(Order::C)?, &out)
}
