//! What the formats are, as data for Python.

use demijohn_codecs::{Compressor, Registry};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// A compression format, and what it can do.
#[pyclass(frozen, get_all, module = "demijohn")]
#[derive(Debug)]
pub(crate) struct Codec {
    /// By which it is asked for.
    name: &'static str,
    /// What it is, in a line.
    summary: &'static str,
    /// Of file names, the preferred one first.
    extensions: Vec<&'static str>,
    /// What its streams begin with.
    prefixes: Vec<Py<PyBytes>>,
    /// The lowest and the highest level; `None` if it has none.
    levels: Option<(i32, i32)>,
    /// The level when none is given.
    default_level: Option<i32>,
    /// Whether streams one behind the other are read as one.
    joins_streams: bool,
    /// The checksum over the data, which is verified when reading.
    checksum: Option<&'static str>,
    /// Whether every truncated stream is noticed.
    detects_truncation: bool,
    /// What flushing a writer does: `"sync"`, `"new stream"` or `"none"`.
    flush: &'static str,
    /// How a reader goes to an offset: `"direct"`, `"jump"` or `"rewind"`.
    seek: &'static str,
    /// Whether it can be written to be sought in.
    writes_seekable: bool,
    /// Which directions can use several threads: `"none"`, `"write"` or `"both"`.
    threads: &'static str,
}

#[pymethods]
impl Codec {
    fn __repr__(&self) -> String {
        format!("<codec {}: {}>", self.name, self.summary)
    }
}

impl Codec {
    fn new(py: Python<'_>, format: &Compressor) -> Self {
        let spec = format.spec();
        Self {
            name: spec.name(),
            summary: spec.summary(),
            extensions: spec.file_extensions().to_vec(),
            prefixes: spec
                .magic()
                .iter()
                .map(|magic| PyBytes::new(py, magic).unbind())
                .collect(),
            levels: spec.level_range().map(|range| (*range.start(), *range.end())),
            default_level: spec.default_level(),
            joins_streams: spec.joins_streams(),
            checksum: spec.data_checksum(),
            detects_truncation: spec.detects_truncation(),
            flush: spec.flushing().as_str(),
            seek: spec.seek_kind().as_str(),
            writes_seekable: spec.writes_seekable(),
            threads: spec.threading().as_str(),
        }
    }
}

/// All formats, plain bytes among them.
#[pyfunction]
pub(crate) fn codecs(py: Python<'_>) -> Vec<Codec> {
    let formats = Registry::global().formats();
    formats.iter().map(|format| Codec::new(py, format)).collect()
}

/// The name of the format whose extension a file name ends with.
#[pyfunction]
pub(crate) fn format_by_extension(filename: &str) -> Option<&'static str> {
    Registry::global()
        .by_extension(filename)
        .map(|format| format.name())
}

/// The name of the format that bytes begin with, as far as 64 bytes tell; `None` if no format claims them.
#[pyfunction]
pub(crate) fn format_by_content(head: &[u8]) -> Option<&'static str> {
    Compressor::detect(head).map(|format| format.name())
}
