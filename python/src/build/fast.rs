//! What is done millions of times, straight through the C API.

use std::ffi::{c_int, c_long};
use std::vec::Drain;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};
use pyo3::{ffi, intern};

use super::held::Held;

type Object<'py> = Bound<'py, PyAny>;

pub(super) fn int(py: Python<'_>, value: i64) -> PyResult<Object<'_>> {
    // The function for the shorter type is the faster one.
    // SAFETY: both return a new reference.
    unsafe {
        let int = match c_long::try_from(value) {
            Ok(value) => ffi::PyLong_FromLong(value),
            Err(_) => ffi::PyLong_FromLongLong(value),
        };
        Bound::from_owned_ptr_or_err(py, int)
    }
}

/// A tuple of the items. If nothing in it can lead back to it, the garbage collector need not look at it, as it would
/// find out itself some time later.
pub(super) fn tuple<'py>(py: Python<'py>, items: Drain<'_, Held<'py>>) -> PyResult<Object<'py>> {
    // No vector is longer than `isize::MAX`.
    let len = items.len().cast_signed();
    let mut atomic = len > 0;
    // SAFETY: the tuple is new, and nobody else sees it before all its places have been taken, each once; there are as
    // many as there are items, and each item gives its reference away. It is tracked, as tuples are when they are made.
    unsafe {
        let tuple = Bound::from_owned_ptr_or_err(py, ffi::PyTuple_New(len))?;
        for (i, item) in (0..).zip(items) {
            atomic = atomic && is_atomic(&item);
            ffi::PyTuple_SetItem(tuple.as_ptr(), i, item.into_bound().into_ptr());
        }
        if atomic {
            ffi::PyObject_GC_UnTrack(tuple.as_ptr().cast());
        }
        Ok(tuple)
    }
}

/// Whether the object is of a type that refers to nothing, or a tuple known to hold only such objects.
fn is_atomic(object: &Object<'_>) -> bool {
    // SAFETY: the object is alive, and the types are there for as long as the interpreter is.
    unsafe {
        let class = ffi::Py_TYPE(object.as_ptr());
        class == &raw mut ffi::PyLong_Type
            || class == &raw mut ffi::PyUnicode_Type
            || class == &raw mut ffi::PyFloat_Type
            || class == &raw mut ffi::PyBool_Type
            || class == &raw mut ffi::PyBytes_Type
            || object.is_none()
            || class == &raw mut ffi::PyTuple_Type && ffi::PyObject_GC_IsTracked(object.as_ptr()) == 0
    }
}

/// Appends the items to a list.
pub(super) fn append<'py>(list: &Bound<'py, PyList>, items: Drain<'_, Held<'py>>) -> PyResult<()> {
    for item in items {
        // SAFETY: both are alive, and the list is one.
        check(list.py(), unsafe {
            ffi::PyList_Append(list.as_ptr(), item.as_ptr())
        })?;
    }
    Ok(())
}

/// Sets items of a dict, for key, value, key, value, …
pub(super) fn set_items<'py>(dict: &Bound<'py, PyDict>, mut pairs: Drain<'_, Held<'py>>) -> PyResult<()> {
    while let (Some(key), Some(value)) = (pairs.next(), pairs.next()) {
        // SAFETY: all are alive, and the dict is one.
        check(dict.py(), unsafe {
            ffi::PyDict_SetItem(dict.as_ptr(), key.as_ptr(), value.as_ptr())
        })?;
    }
    Ok(())
}

/// The exception that a function of the C API has set, if its answer says so.
fn check(py: Python<'_>, answer: c_int) -> PyResult<()> {
    if answer < 0 { Err(PyErr::fetch(py)) } else { Ok(()) }
}

/// The attribute of an object, if it has it.
///
/// `PyObject_GetAttr` makes an exception where there is none; the builtin function does not.
pub(super) fn optional<'py>(object: &Object<'py>, name: &Object<'py>) -> PyResult<Option<Object<'py>>> {
    static GETATTR: pyo3::sync::PyOnceLock<Py<PyAny>> = pyo3::sync::PyOnceLock::new();
    let py = object.py();
    let found = GETATTR
        .import(py, "builtins", "getattr")?
        .call1((object, name, py.None()))?;
    Ok((!found.is_none()).then_some(found))
}

/// `class.__new__(class, *args, **kwargs)`, by the slot if `class` is one.
pub(super) fn new<'py>(
    class: &Object<'py>,
    args: &Bound<'py, PyTuple>,
    kwargs: Option<&Object<'py>>,
) -> PyResult<Object<'py>> {
    let py = class.py();
    let kwargs = kwargs.map_or(std::ptr::null_mut(), |kwargs| kwargs.as_ptr());
    if class.is_instance_of::<pyo3::types::PyType>() {
        // SAFETY: it is a type, so that the slot, if there is something in it, has such a function.
        unsafe {
            let slot = ffi::PyType_GetSlot(class.as_ptr().cast(), ffi::Py_tp_new);
            if !slot.is_null() {
                let new: ffi::newfunc = std::mem::transmute(slot);
                return Bound::from_owned_ptr_or_err(py, new(class.as_ptr().cast(), args.as_ptr(), kwargs));
            }
        }
    }
    let with_class = std::iter::once(class.clone())
        .chain(args.iter())
        .collect::<Vec<_>>();
    let args = PyTuple::new(py, with_class)?;
    let new = class.getattr(intern!(py, "__new__"))?;
    // SAFETY: the arguments are a tuple and a dict, if anything.
    unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyObject_Call(new.as_ptr(), args.as_ptr(), kwargs)) }
}
