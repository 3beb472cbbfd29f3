//! What can go wrong while pickling.

use pyo3::prelude::*;
use pyo3::types::PyType;

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
