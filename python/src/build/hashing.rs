//! Keys that can be hashed without harm.

use std::cell::Cell;

use demijohn::pickle::{Error, ErrorKind, Result};
use pyo3::exceptions::PyRecursionError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use super::raised;

/// How deep tuples may be nested in a key: Python compares none that are deeper.
const DEPTH: usize = 1000;

/// How many items a key may have, those of tuples in it counted wherever they occur.
const ITEMS: usize = 1 << 24;

/// How much more may be hashed than the file has items in tuples and tuples for keys, if it is not trusted.
const FREE: usize = 1 << 24;

/// How often what a file makes may be hashed, each item and each key.
const TIMES: usize = 64;

/// What is done about the keys of one file.
#[derive(Default)]
pub(super) struct Keys {
    /// Whether all of them together have a limit.
    limited: bool,
    /// The items of all tuples that were made, and the tuples that were keys.
    made: Cell<usize>,
    /// The items that were hashed.
    hashed: Cell<usize>,
}

impl Keys {
    pub(super) fn new(limited: bool) -> Self {
        Self {
            limited,
            ..Self::default()
        }
    }

    /// A tuple was made.
    #[inline]
    pub(super) fn tuple(&self, len: usize) {
        self.made.set(self.made.get() + len);
    }

    /// Makes sure that these objects can be hashed.
    ///
    /// Python hashes tuples by recursion that nothing bounds, and each as often as it is met: a few bytes of pickle can
    /// make one that overflows the stack, or takes years.
    pub(super) fn check<'a, 'py: 'a>(&self, keys: impl Iterator<Item = &'a Bound<'py, PyAny>>) -> Result<()> {
        for key in keys {
            // SAFETY: the object is alive, and the types are there as long as the interpreter is.
            let class = unsafe { ffi::Py_TYPE(key.as_ptr()) };
            if class == &raw mut ffi::PyUnicode_Type || class == &raw mut ffi::PyLong_Type {
                continue;
            }
            if let Ok(tuple) = key.cast::<PyTuple>() {
                let items = check_tuple(tuple)?;
                self.hashed.set(self.hashed.get() + items);
                self.tuple(1);
                let most = self.made.get().saturating_mul(TIMES).saturating_add(FREE);
                if self.limited && self.hashed.get() > most {
                    return Err(Error::new(ErrorKind::Limit, "keys with too many items"));
                }
            }
        }
        Ok(())
    }

    /// Makes sure that what is in the lists among some arguments can be hashed, or is a pair whose key can.
    pub(super) fn check_arguments(&self, args: &Bound<'_, PyAny>) -> Result<()> {
        let Ok(args) = args.cast::<PyTuple>() else {
            return Ok(());
        };
        for list in args.iter().filter_map(|arg| arg.cast_into_exact::<PyList>().ok()) {
            for item in &list {
                match item.cast_exact::<PyList>() {
                    Ok(pair) => self.check(pair.get_item(0).iter())?,
                    Err(_) => self.check(std::iter::once(&item))?,
                }
            }
        }
        Ok(())
    }
}

/// How many items there are to hash.
fn check_tuple(tuple: &Bound<'_, PyTuple>) -> Result<usize> {
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
    Ok(items)
}
