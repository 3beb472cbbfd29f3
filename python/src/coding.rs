//! Whole streams in memory.

use std::io::{Read as _, Write as _};

use demijohn::pickle;
use demijohn_codecs::{Error, ErrorKind, Exact, Limits, Options, Reader, Tail};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::buffers::{Exported, Growing};
use crate::errors::raise;
use crate::stream::SLICE;

/// Encodes bytes. Formats that make use of the size of elements are told that of the buffer.
#[pyfunction]
#[pyo3(signature = (data, compression, level, threads))]
pub(crate) fn compress<'py>(
    data: &Bound<'py, PyAny>,
    compression: &str,
    level: Option<i32>,
    threads: Option<usize>,
) -> PyResult<Bound<'py, PyBytes>> {
    let py = data.py();
    let data = Exported::bytes(data.as_borrowed())?;
    let plain = data.as_bytes();
    let options = Options::new()
        .level(level)
        .threads(threads)
        .size(plain.len() as u64)
        .element_size(data.element_size());
    let made = options.seekable_writer(Growing::with_capacity(py, 0)?, compression);
    let mut writer = made.map_err(|error| raise(py, error))?;
    for slice in plain.chunks(SLICE) {
        py.check_signals()?;
        py.detach(|| writer.write_all(slice))
            .map_err(|error| raise(py, error))?;
    }
    let finished = py.detach(|| writer.finish());
    let (coded, _) = finished.map_err(|error| raise(py, Error::from(error)))?;
    coded.finish(py)
}

/// Decodes a stream, in the format given or else the one that is found.
#[pyfunction]
#[pyo3(signature = (data, compression, *, ignore_tail, max_output, max_memory))]
pub(crate) fn decompress<'py>(
    data: &Bound<'py, PyAny>,
    compression: Option<&str>,
    ignore_tail: bool,
    max_output: Option<u64>,
    max_memory: Option<u64>,
) -> PyResult<Bound<'py, PyBytes>> {
    let py = data.py();
    let data = Exported::bytes(data.as_borrowed())?;
    let coded = data.as_bytes();
    let options = options(compression, ignore_tail, max_output, max_memory);
    let mut reader = options.exact(coded).map_err(|error| raise(py, error))?;
    if compression.is_none() && reader.compressor().spec().is_transparent() {
        return Err(raise(py, unknown(coded)));
    }
    let mut plain = Growing::with_capacity(py, coded.len())?;
    loop {
        py.check_signals()?;
        let room = plain.room()?;
        let most = room.len().min(SLICE);
        match py.detach(|| reader.read(&mut room[..most])) {
            Ok(0) => return plain.finish(py),
            Ok(n) => plain.filled(n),
            Err(error) => return Err(raise(py, error)),
        }
    }
}

/// The name of the format that bytes begin with.
#[pyfunction]
pub(crate) fn detect(data: &Bound<'_, PyAny>) -> PyResult<Option<&'static str>> {
    let py = data.py();
    let data = Exported::bytes(data.as_borrowed())?;
    let reader: Result<Reader<Exact<&[u8]>>, Error> = options(None, false, None, None).exact(data.as_bytes());
    let reader = reader.map_err(|error| raise(py, error))?;
    let plain = reader.compressor().spec().is_transparent();
    Ok((!plain).then(|| reader.format()))
}

/// How streams are read, in files as in memory.
pub(crate) fn options(
    compression: Option<&str>,
    ignore_tail: bool,
    max_output: Option<u64>,
    max_memory: Option<u64>,
) -> Options {
    let options = Options::new()
        .limits(limits(max_output, max_memory))
        .tail(if ignore_tail { Tail::Ignore } else { Tail::Error });
    match compression {
        Some(name) => options.format(name),
        None => options.veto(pickle::looks_like),
    }
}

/// What a stream may take: what the caller says, or else the default.
pub(crate) fn limits(max_output: Option<u64>, max_memory: Option<u64>) -> Limits {
    let mut limits = Limits::default();
    if let Some(bytes) = max_output {
        limits = limits.output(bytes);
    }
    if let Some(bytes) = max_memory {
        limits = limits.memory(bytes);
    }
    limits
}

/// The error for bytes that no format claims.
fn unknown(bytes: &[u8]) -> Error {
    const SHOWN: usize = 16;
    if bytes.is_empty() {
        return Error::truncated("empty input");
    }
    let shown = bytes[..bytes.len().min(SHOWN)].escape_ascii();
    Error::new(
        ErrorKind::UnknownFormat,
        format!("no compression begins with \"{shown}\"; name it if it is one"),
    )
}
