//! One at a time.

use std::sync::{Mutex, PoisonError};
use std::thread::{self, ThreadId};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::MutexExt;

/// Something that one thread of Python uses at a time; the others wait, and let go of the interpreter's lock for that.
///
/// A thread that is at it already would wait for itself. That is an error: a file object may call a method of the file
/// that reads from it, and so may the handler of a signal.
#[derive(Debug)]
pub(super) struct Exclusive<T> {
    value: Mutex<T>,
    user: Mutex<Option<ThreadId>>,
}

impl<T: Send> Exclusive<T> {
    pub(super) fn new(value: T) -> Self {
        Self {
            value: Mutex::new(value),
            user: Mutex::new(None),
        }
    }

    pub(super) fn with<R>(&self, py: Python<'_>, work: impl FnOnce(&mut T) -> PyResult<R>) -> PyResult<R> {
        let me = thread::current().id();
        if *self.user.lock().unwrap_or_else(PoisonError::into_inner) == Some(me) {
            return Err(PyRuntimeError::new_err(
                "the file is being used by this thread already, in a call that this one was made from",
            ));
        }
        let mut value = self
            .value
            .lock_py_attached(py)
            .unwrap_or_else(PoisonError::into_inner);
        let _turn = Turn::begin(&self.user, me);
        work(&mut value)
    }
}

/// Says who is at it, until it is dropped.
struct Turn<'a>(&'a Mutex<Option<ThreadId>>);

impl<'a> Turn<'a> {
    fn begin(user: &'a Mutex<Option<ThreadId>>, me: ThreadId) -> Self {
        *user.lock().unwrap_or_else(PoisonError::into_inner) = Some(me);
        Self(user)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
