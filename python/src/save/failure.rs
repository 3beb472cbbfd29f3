//! What can go wrong while pickling.

use std::fmt;

use pyo3::exceptions::{PyException, PyOSError, PyRecursionError};
use pyo3::prelude::*;
use pyo3::types::PyType;
use pyo3::{Borrowed, intern};

use crate::errors::raise;

/// An exception, in one word: it goes through every level of the walk.
#[derive(Debug)]
pub(super) struct Failure(Box<PyErr>);

pub(super) type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    /// A `pickle.PicklingError`.
    pub(super) fn pickling(py: Python<'_>, message: String) -> Self {
        let class = py
            .import("pickle")
            .and_then(|pickle| Ok(pickle.getattr("PicklingError")?.cast_into::<PyType>()?));
        match class {
            Ok(class) => PyErr::from_type(class, message).into(),
            Err(e) => e.into(),
        }
    }
}

/// Says of a failure in which part of which object it happened, as `pickle.py` does from Python 3.14 on.
pub(super) trait Within {
    /// Adds a note: "when serializing" an object of that type, and which `part` of it.
    fn within(self, object: Borrowed<'_, '_, PyAny>, part: impl FnOnce() -> String) -> Self;
}

impl<T> Within for Result<T> {
    #[inline]
    fn within(self, object: Borrowed<'_, '_, PyAny>, part: impl FnOnce() -> String) -> Self {
        self.map_err(|failure| failure.note(object, part))
    }
}

impl Failure {
    #[cold]
    fn note(self, object: Borrowed<'_, '_, PyAny>, part: impl FnOnce() -> String) -> Self {
        let (py, e) = (object.py(), &self.0);
        // Signals and the file are not about the object; nesting without end would have notes without end.
        let is_about_object = e.is_instance_of::<PyException>(py)
            && !e.is_instance_of::<PyOSError>(py)
            && !e.is_instance_of::<PyRecursionError>(py);
        if is_about_object {
            let note = format!("when serializing {} {}", TypeName(object), part());
            // What cannot be noted is not worth another exception.
            drop(e.value(py).call_method1(intern!(py, "add_note"), (note,)));
        }
        self
    }
}

/// The name of an object's type, with its module unless everybody knows it.
struct TypeName<'a, 'py>(Borrowed<'a, 'py, PyAny>);

impl fmt::Display for TypeName<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let class = self.0.get_type();
        let name = class.qualname().map_err(|_| fmt::Error)?;
        match class.module() {
            Ok(module) if module != "builtins" && module != "__main__" => write!(f, "{module}.{name}"),
            _ => write!(f, "{name}"),
        }
    }
}

impl From<PyErr> for Failure {
    fn from(e: PyErr) -> Self {
        Self(Box::new(e))
    }
}

impl From<demijohn_pickle::Error> for Failure {
    fn from(e: demijohn_pickle::Error) -> Self {
        Python::attach(|py| raise(py, e)).into()
    }
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        *failure.0
    }
}
