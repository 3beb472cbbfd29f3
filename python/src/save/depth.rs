//! How deep objects may be nested.

use std::cell::Cell;

use pyo3::exceptions::PyRecursionError;
use pyo3::{ffi, prelude::*};

/// Stack that is left to what is called from the deepest level: codecs, `__reduce__` and the like.
const RESERVE: usize = 128 << 10;

/// Holds nesting to the interpreter's limit on recursion, and to the real stack where that ends before: the limit can be
/// raised, and threads can have small stacks.
pub(super) struct Depth {
    /// The address that the stack, growing down, must not reach.
    limit: usize,
}

impl Depth {
    pub(super) fn new() -> Self {
        let left = stacker::remaining_stack().unwrap_or(0);
        // A small stack is shared out instead.
        let reserve = RESERVE.min(left / 3);
        Self {
            limit: here().saturating_sub(left - reserve),
        }
    }

    /// Goes down a level, until the answer is dropped.
    pub(super) fn enter(&self, py: Python<'_>) -> PyResult<Level> {
        if here() < self.limit {
            return Err(PyRecursionError::new_err(
                "the stack ends while pickling an object that is nested this deeply",
            ));
        }
        // SAFETY: the lock is held, and the text is one of C's.
        if unsafe { ffi::Py_EnterRecursiveCall(c" while pickling an object".as_ptr()) } != 0 {
            return Err(PyErr::fetch(py));
        }
        Ok(Level)
    }
}

/// A level that was entered.
pub(super) struct Level;

impl Drop for Level {
    fn drop(&mut self) {
        // SAFETY: it was entered, and the lock is held, since nothing takes a level elsewhere.
        unsafe { ffi::Py_LeaveRecursiveCall() };
    }
}

/// About where the stack is.
#[inline(always)]
fn here() -> usize {
    let local = Cell::new(0_u8);
    std::ptr::from_ref(std::hint::black_box(&local)).addr()
}
