//! What a compressed file stands on: a file of the system's, or an object of Python's.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use demijohn::Error;
use demijohn_codecs as codecs;
use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};

use crate::errors::{raise, unsupported_operation};
use crate::stream::FileObject;

/// What can be said of a file without waiting for whoever uses its stream.
#[derive(Debug)]
pub(super) struct Handle {
    closed: AtomicBool,
    below: Below,
}

#[derive(Debug)]
enum Below {
    Path { path: PathBuf, descriptor: Option<i32> },
    Object(Mutex<Option<Arc<Py<PyAny>>>>),
}

impl Handle {
    pub(super) fn of_path(path: PathBuf, descriptor: Option<i32>) -> Self {
        Self::new(Below::Path { path, descriptor })
    }

    pub(super) fn of_object(object: &FileObject) -> Self {
        Self::new(Below::Object(Mutex::new(Some(object.object()))))
    }

    fn new(below: Below) -> Self {
        Self {
            closed: AtomicBool::new(false),
            below,
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Relaxed)
    }

    pub(super) fn is_path(&self) -> bool {
        matches!(self.below, Below::Path { .. })
    }

    /// Marks the file as closed, and lets go of the object.
    pub(super) fn close(&self) {
        self.closed.store(true, Relaxed);
        if let Below::Object(object) = &self.below {
            drop(object.lock().unwrap_or_else(PoisonError::into_inner).take());
        }
    }

    /// Fails if the file is closed.
    pub(super) fn check_open(&self) -> PyResult<()> {
        if self.is_closed() {
            return Err(closed());
        }
        Ok(())
    }

    pub(super) fn fileno(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.check_open()?;
        let none = || Err(unsupported_operation(py, "the file has no descriptor"));
        match &self.below {
            Below::Path { descriptor, .. } => match descriptor {
                Some(descriptor) => Ok(descriptor.into_pyobject(py)?.into_any().unbind()),
                None => none(),
            },
            Below::Object(object) => {
                let object = object.lock().unwrap_or_else(PoisonError::into_inner).clone();
                match object {
                    Some(object) if object.bind(py).hasattr(intern!(py, "fileno"))? => {
                        object.call_method0(py, intern!(py, "fileno"))
                    }
                    _ => none(),
                }
            }
        }
    }

    /// The error to raise for one of the stream's, which does not come from Python.
    pub(super) fn raise(&self, py: Python<'_>, error: codecs::Error) -> PyErr {
        match &self.below {
            Below::Path { path, .. } => raise_at(py, error, path),
            Below::Object(_) => raise(py, error),
        }
    }

    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        let Below::Object(object) = &self.below else {
            return Ok(());
        };
        let object = match object.try_lock() {
            Ok(object) => object,
            Err(TryLockError::Poisoned(object)) => object.into_inner(),
            // Then somebody uses it.
            Err(TryLockError::WouldBlock) => return Ok(()),
        };
        match &*object {
            Some(object) => visit.call(&**object),
            None => Ok(()),
        }
    }
}

/// The error to raise for one about the file at a path.
pub(super) fn raise_at(py: Python<'_>, error: codecs::Error, path: &Path) -> PyErr {
    match error.kind() {
        // It is not about the file.
        codecs::ErrorKind::Parameter => raise(py, error),
        _ => raise(py, Error::from(error).at_path(path)),
    }
}

pub(super) fn closed() -> PyErr {
    PyValueError::new_err("I/O operation on closed file")
}
