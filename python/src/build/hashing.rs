//! Keys that can be hashed without harm.

use demijohn::pickle::{Error, ErrorKind, Result};
use pyo3::exceptions::PyRecursionError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::raised;

/// How deep tuples may be nested in a key: Python compares none that are deeper.
const DEPTH: usize = 1000;

/// How many items a key may have, those of tuples in it counted wherever they occur.
const ITEMS: usize = 1 << 24;

/// Makes sure that these objects can be hashed.
///
/// Python hashes tuples by recursion that nothing bounds, and each as often as it is met: a few bytes of pickle can make
/// one that overflows the stack, or takes years.
pub(super) fn check<'a, 'py: 'a>(keys: impl Iterator<Item = &'a Bound<'py, PyAny>>) -> Result<()> {
    for key in keys {
        // SAFETY: the object is alive, and the types are there as long as the interpreter is.
        let class = unsafe { ffi::Py_TYPE(key.as_ptr()) };
        if class == &raw mut ffi::PyUnicode_Type || class == &raw mut ffi::PyLong_Type {
            continue;
        }
        if let Ok(tuple) = key.cast::<PyTuple>() {
            check_tuple(tuple)?;
        }
    }
    Ok(())
}

fn check_tuple(tuple: &Bound<'_, PyTuple>) -> Result<()> {
    let mut items = 0;
    let mut begun = vec![tuple.iter()];
    while let Some(innermost) = begun.last_mut() {
        let Some(item) = innermost.next() else {
            begun.pop();
            continue;
        };
        items += 1;
        if items > ITEMS {
            return Err(Error::new(ErrorKind::Limit, "a key with too many items"));
        }
        if let Ok(tuple) = item.cast::<PyTuple>() {
            if begun.len() == DEPTH {
                let error = PyRecursionError::new_err("the tuples in a key are nested too deep");
                return Err(raised(error));
            }
            begun.push(tuple.iter());
        }
    }
    Ok(())
}
