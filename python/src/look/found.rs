//! What is in a file.

use demijohn::pickle::path::Path;
use demijohn::{ArrayEntry, ErrorKind, Inspection, Value, inspect_file};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyComplex};

use super::limits;
use super::nodes::{ArrayRow, Parts, Row, array_row, row};
use super::source::Source;
use crate::errors::{carried, raise};

/// Says what is in a file.
#[pyfunction]
#[pyo3(signature = (file, *, max_output, max_memory))]
pub(crate) fn inspect(
    file: &Bound<'_, PyAny>,
    max_output: Option<u64>,
    max_memory: Option<u64>,
) -> PyResult<Found> {
    let py = file.py();
    let (source, path) = Source::open(file)?;
    let limits = limits(max_output, max_memory);
    let mut inspection = py.detach(|| {
        let mut found = inspect_file(source, &limits);
        if let Some(path) = &path {
            found.look_beside(path, &limits);
        }
        found
    });
    let mut error = None;
    if let Some(wrong) = inspection.error.take() {
        let in_the_file = wrong.kind() != ErrorKind::Io && carried(py, &wrong).is_none();
        let wrong = path.into_iter().fold(wrong, |wrong, path| wrong.at_path(&path));
        let exception = raise(py, wrong);
        if !in_the_file {
            return Err(exception);
        }
        error = Some(exception.into_value(py).into_any());
    }
    Ok(Found { inspection, error })
}

/// What is in a file. `demijohn/_inspect.py` makes of it what users see.
#[pyclass(frozen, module = "demijohn._native")]
pub(crate) struct Found {
    inspection: Inspection,
    /// The exception for what is wrong with the file.
    #[pyo3(get)]
    error: Option<Py<PyAny>>,
}

#[pymethods]
impl Found {
    #[getter]
    fn content(&self) -> &'static str {
        self.inspection.content.as_str()
    }

    #[getter]
    fn format(&self) -> &'static str {
        self.inspection.format
    }

    #[getter]
    fn compressed(&self) -> u64 {
        self.inspection.compressed
    }

    #[getter]
    fn uncompressed(&self) -> Option<u64> {
        self.inspection.uncompressed
    }

    #[getter]
    fn protocol(&self) -> Option<u8> {
        self.inspection.protocol
    }

    #[getter]
    fn lead(&self) -> u64 {
        self.inspection.lead
    }

    #[getter]
    fn tail(&self) -> u64 {
        self.inspection.tail
    }

    #[getter]
    fn further(&self) -> u64 {
        self.inspection.further
    }

    #[getter]
    fn arrays_omitted(&self) -> u64 {
        self.inspection.arrays_omitted
    }

    /// Whether there is an object, so that there are nodes.
    #[getter]
    fn has_object(&self) -> bool {
        self.inspection.document.is_some()
    }

    /// Module, name, offset, count, and whether it is known to be harmless.
    fn globals(&self) -> Vec<(&str, &str, u64, u64, bool)> {
        let globals = self.inspection.globals.iter();
        globals
            .map(|g| (&*g.module, &*g.name, g.offset, g.count, g.known_safe))
            .collect()
    }

    /// Path, and what it is.
    fn arrays<'py>(&self, py: Python<'py>) -> PyResult<Vec<(&str, ArrayRow<'py>)>> {
        rows(py, &self.inspection.arrays)
    }

    /// The same of arrays of Python objects.
    fn object_arrays<'py>(&self, py: Python<'py>) -> PyResult<Vec<(&str, ArrayRow<'py>)>> {
        rows(py, &self.inspection.object_arrays)
    }

    /// The names of entries that are no arrays.
    fn others(&self) -> &[String] {
        &self.inspection.others
    }

    /// Path, and the name of the file.
    fn companions(&self) -> Vec<(&str, &str)> {
        let companions = self.inspection.companions.iter();
        companions.map(|entry| (&*entry.path, &*entry.file)).collect()
    }

    /// What is at a path.
    fn node<'py>(&self, py: Python<'py>, path: &str) -> PyResult<Row<'py>> {
        let (path, value) = self.at(py, path)?;
        row(py, &self.inspection, &path, path.to_string(), value)
    }

    /// What is below a path, but no more than so much of it; and how much there is.
    fn below<'py>(&self, py: Python<'py>, path: &str, most: usize) -> PyResult<(Vec<Row<'py>>, usize)> {
        let (path, value) = self.at(py, path)?;
        let parts = Parts::of(value, most);
        let rows = parts
            .parts
            .into_iter()
            .map(|(step, label, value)| row(py, &self.inspection, &path.join(&step), label, value));
        Ok((rows.collect::<PyResult<_>>()?, parts.total))
    }

    /// The number, text or the like at a path.
    fn value(&self, py: Python<'_>, path: &str) -> PyResult<Py<PyAny>> {
        let (path, value) = self.at(py, path)?;
        plain(py, value)?.ok_or_else(|| {
            PyTypeError::new_err(format!("{path} is no number, text or the like but {value:?}"))
        })
    }
}

impl Found {
    fn at(&self, py: Python<'_>, path: &str) -> PyResult<(Path, Value<'_>)> {
        let document = self.inspection.document.as_ref();
        let document = document.ok_or_else(|| PyValueError::new_err("there is no object in the file"))?;
        let found = || {
            let path: Path = path.parse()?;
            let value = document.root().follow(&path)?;
            Ok((path, value))
        };
        found().map_err(|error: demijohn::pickle::Error| raise(py, error))
    }
}

fn rows<'f, 'py>(py: Python<'py>, arrays: &'f [ArrayEntry]) -> PyResult<Vec<(&'f str, ArrayRow<'py>)>> {
    let row = |entry: &'f ArrayEntry| Ok((&*entry.path, array_row(py, &entry.layout, entry.offset)?));
    arrays.iter().map(row).collect()
}

/// A value as one of Python's, if it is of a type that is nothing but its value.
fn plain(py: Python<'_>, value: Value<'_>) -> PyResult<Option<Py<PyAny>>> {
    if value.is_none() {
        return Ok(Some(py.None()));
    }
    if let Some(truth) = value.as_bool() {
        return Ok(Some(truth.into_pyobject(py)?.to_owned().into_any().unbind()));
    }
    if let Some(n) = value.as_i128() {
        return Ok(Some(n.into_pyobject(py)?.into_any().unbind()));
    }
    if let Some(x) = value.as_f64() {
        return Ok(Some(x.into_pyobject(py)?.into_any().unbind()));
    }
    if let Some(text) = value.to_text() {
        return Ok(Some(text.into_pyobject(py)?.into_any().unbind()));
    }
    if let Some(bytes) = value.as_bytes() {
        return Ok(Some(PyBytes::new(py, bytes).into_any().unbind()));
    }
    let complex = value
        .as_complex()
        .map(|z| PyComplex::from_doubles(py, z.re, z.im));
    Ok(complex.map(|z| z.into_any().unbind()))
}
