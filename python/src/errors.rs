//! Errors across the border: those of the crates as Python's exceptions, and Python's exceptions through code of the
//! crates that knows [`io::Error`] only.

use std::error::Error as StdError;
use std::path::Path;
use std::{fmt, io};

use demijohn::{Error, ErrorKind};
use pyo3::exceptions::{PyBlockingIOError, PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

/// An exception of Python's on its way through [`io::Error`].
#[derive(Debug)]
struct Raised(PyErr);

impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl StdError for Raised {}

/// Wraps an exception so that [`raise`] finds it again. Its kind is `Other` whatever it is: a kind such as
/// `Interrupted` would make readers try again.
pub(crate) fn carry(exception: PyErr) -> io::Error {
    io::Error::other(Raised(exception))
}

/// The exception to raise for an error: the one that [`carry`] wrapped, if that is at its root.
pub(crate) fn raise(py: Python<'_>, error: impl Into<Error>) -> PyErr {
    let error = error.into();
    if let Some(exception) = carried(py, &error) {
        return exception;
    }
    let message = error.to_string();
    let class = match error.kind() {
        ErrorKind::Io => return os_error(io_cause(&error), error.path(), message),
        ErrorKind::Parameter => return PyValueError::new_err(message),
        ErrorKind::Truncated => "TruncatedError",
        ErrorKind::Checksum => "ChecksumError",
        ErrorKind::TrailingData => "TrailingDataError",
        ErrorKind::UnknownFormat => "UnknownFormatError",
        ErrorKind::Limit => "LimitError",
        ErrorKind::Unsupported => "UnsupportedError",
        _ => "CorruptError",
    };
    exception(py, class, message)
}

/// An exception of one of the package's own classes.
pub(crate) fn exception(py: Python<'_>, class: &str, message: String) -> PyErr {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let class = MODULE
        .get_or_try_init(py, || py.import("demijohn._errors").map(Bound::unbind))
        .and_then(|module| Ok(module.bind(py).getattr(class)?.cast_into::<PyType>()?));
    match class {
        Ok(class) => PyErr::from_type(class, message),
        Err(e) => e,
    }
}

/// The causes of an error, it being the first.
fn chain<'e>(error: &'e (dyn StdError + 'static)) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| {
        // What was put into an `io::Error` is not its source but it.
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        }
    })
}

/// The exception that [`carry`] wrapped, if that is at the root of an error.
pub(crate) fn carried(py: Python<'_>, error: &Error) -> Option<PyErr> {
    chain(error).find_map(|error| {
        error
            .downcast_ref::<Raised>()
            .map(|raised| raised.0.clone_ref(py))
    })
}

fn io_cause(error: &Error) -> Option<&io::Error> {
    chain(error).find_map(|error| error.downcast_ref::<io::Error>())
}

/// `OSError`, or the subclass that Python chooses by its number.
fn os_error(cause: Option<&io::Error>, path: Option<&Path>, message: String) -> PyErr {
    match cause.and_then(|cause| Some((cause, number(cause)?))) {
        Some((cause, number)) => {
            // As Python's own have it: a string.
            let path = path.map(|path| path.as_os_str().to_owned());
            // A bare kind has words of its own; the system's are those that people know.
            let text = match cause.get_ref() {
                Some(_) => without_number(cause),
                None => without_number(&io::Error::from_raw_os_error(number)),
            };
            PyOSError::new_err((number, text, path))
        }
        // A path with a NUL in it, which never gets as far as the system. Others that say so put an error of theirs in it.
        None if let Some(cause) = cause
            .filter(|cause| cause.kind() == io::ErrorKind::InvalidInput && cause.get_ref().is_none()) =>
        {
            PyValueError::new_err(cause.to_string())
        }
        None if cause.is_some_and(|cause| cause.kind() == io::ErrorKind::WouldBlock) => {
            PyBlockingIOError::new_err(message)
        }
        None => PyOSError::new_err(message),
    }
}

/// The number of an error that comes from the system, or for which the system has one.
fn number(error: &io::Error) -> Option<i32> {
    let by_kind = || {
        Some(match error.kind() {
            io::ErrorKind::NotFound => 2,
            io::ErrorKind::PermissionDenied => 13,
            io::ErrorKind::AlreadyExists => 17,
            io::ErrorKind::NotADirectory => 20,
            io::ErrorKind::IsADirectory => 21,
            io::ErrorKind::StorageFull => 28,
            io::ErrorKind::BrokenPipe => 32,
            _ => return None,
        })
    };
    error.raw_os_error().or_else(by_kind)
}

/// What an error says, without the number of the system's, which Python says itself.
fn without_number(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error ") {
        Some((before, behind)) => format!("{before}{}", behind.split_once(')').map_or("", |(_, rest)| rest)),
        None => text,
    }
}

/// `io.UnsupportedOperation`, which is both `OSError` and `ValueError`.
pub(crate) fn unsupported_operation(py: Python<'_>, message: &str) -> PyErr {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    match CLASS.import(py, "io", "UnsupportedOperation") {
        Ok(class) => PyErr::from_type(class.clone(), message.to_owned()),
        Err(e) => e,
    }
}
