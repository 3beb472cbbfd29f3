//! One array of a file.

use demijohn::{ErrorKind, extract, extract_beside};
use pyo3::prelude::*;

use super::limits;
use super::nodes::{ArrayRow, array_row};
use super::source::Source;
use crate::buffers::Elements;
use crate::errors::raise;

/// Reads the array at a path within a file: its elements, and what they are.
#[pyfunction]
#[pyo3(signature = (file, array, *, max_output, max_memory))]
pub(crate) fn load_array<'py>(
    file: &Bound<'py, PyAny>,
    array: &str,
    max_output: Option<u64>,
    max_memory: Option<u64>,
) -> PyResult<(Elements, ArrayRow<'py>)> {
    let py = file.py();
    let (source, path) = Source::open(file)?;
    let limits = limits(max_output, max_memory);
    let read = || match &path {
        Some(path) => extract_beside(source, path, array, &limits),
        None => extract(source, array, &limits),
    };
    let array = py.detach(read).map_err(|error| {
        // That there is no such array is said of the array.
        let path = path.filter(|_| error.kind() != ErrorKind::Parameter);
        raise(
            py,
            path.into_iter().fold(error, |error, path| error.at_path(&path)),
        )
    })?;
    let row = array_row(py, array.layout(), None)?;
    let elements = Elements::new(array).map_err(|error| raise(py, error))?;
    Ok((elements, row))
}
