//! `BUILD`: how an object gets its state.

use super::fast;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};
use pyo3::{ffi, intern};

/// Gives an object its state as `_Unpickler.load_build` does: through `__setstate__` if it has that, else as
/// attributes, which may be those of slots.
pub(super) fn set(object: &Bound<'_, PyAny>, state: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = object.py();
    if let Some(setstate) = fast::optional(object, intern!(py, "__setstate__"))? {
        return setstate.call1((state,)).map(drop);
    }
    let pair = state.cast::<PyTuple>().ok().filter(|pair| pair.len() == 2);
    let (attributes, slots) = match pair {
        Some(pair) => (&pair.get_item(0)?, Some(pair.get_item(1)?)),
        None => (state, None),
    };
    if attributes.is_truthy()? {
        let into = object.getattr(intern!(py, "__dict__"))?;
        for_each(attributes, |key, value| match into.cast_exact::<PyDict>() {
            Ok(dict) => dict.set_item(interned(key), value),
            Err(_) => into.set_item(interned(key), value),
        })?;
    }
    if let Some(slots) = slots
        && slots.is_truthy()?
    {
        for_each(&slots, |name, value| {
            object.setattr(name.cast_into::<PyString>()?, value)
        })?;
    }
    Ok(())
}

/// What `state.items()` yields.
fn for_each<'py>(
    state: &Bound<'py, PyAny>,
    mut take: impl FnMut(Bound<'py, PyAny>, Bound<'py, PyAny>) -> PyResult<()>,
) -> PyResult<()> {
    let py = state.py();
    let Ok(dict) = state.cast_exact::<PyDict>() else {
        for item in state.call_method0(intern!(py, "items"))?.try_iter()? {
            let (key, value) = item?.extract()?;
            take(key, value)?;
        }
        return Ok(());
    };
    let size = dict.len();
    let mut at = 0;
    let (mut key, mut value) = (std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: the dict is alive, and the function looks at it anew each time. What it shows is borrowed from the dict,
    // and gets references of its own before anything else runs.
    while unsafe { ffi::PyDict_Next(dict.as_ptr(), &raw mut at, &raw mut key, &raw mut value) } != 0 {
        // SAFETY: as above.
        let (key, value) = unsafe {
            (
                Bound::from_borrowed_ptr(py, key),
                Bound::from_borrowed_ptr(py, value),
            )
        };
        take(key, value)?;
        if dict.len() != size {
            return Err(PyRuntimeError::new_err(
                "dictionary changed size during iteration",
            ));
        }
    }
    Ok(())
}

/// The one copy of the name of an attribute.
fn interned(key: Bound<'_, PyAny>) -> Bound<'_, PyAny> {
    if key.cast_exact::<PyString>().is_err() {
        return key;
    }
    let py = key.py();
    let mut pointer = key.into_ptr();
    // SAFETY: it is a `str` of which a reference is given, and one is given back, if of another object.
    unsafe {
        ffi::PyUnicode_InternInPlace(&raw mut pointer);
        Bound::from_owned_ptr(py, pointer)
    }
}
