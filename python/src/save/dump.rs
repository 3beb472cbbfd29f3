//! Dumping to paths, file objects and bytes.

use std::io::Write;
use std::path::PathBuf;

use demijohn_codecs::atomic::{Durability, Replace};
use demijohn_codecs::{Compression, Hinted, Options, TakesHints};
use demijohn_pickle::Protocol;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::arrays::Arrays;
use super::pickler;
use crate::buffers::Growing;
use crate::errors::raise;
use crate::stream::{Attached, FileObject};

/// The room that dumped bytes begin with.
const FIRST: usize = 4096;

/// Writes an object to a file.
///
/// The file takes its place when it is complete, unless it is to be written `in_place`.
#[pyfunction]
#[pyo3(signature = (value, path, format, level, protocol, *, durable=false, in_place=false, threads=None, seekable=None))]
#[allow(clippy::too_many_arguments, reason = "as Python has it")]
pub(crate) fn dump_path(
    value: &Bound<'_, PyAny>,
    path: PathBuf,
    format: Option<&str>,
    level: Option<i32>,
    protocol: i64,
    durable: bool,
    in_place: bool,
    threads: Option<usize>,
    seekable: Option<usize>,
) -> PyResult<()> {
    let py = value.py();
    let protocol = protocol_of(protocol)?;
    let mut options = stream(seekable).threads(threads);
    if durable {
        options = options.durability(Durability::Sync);
    }
    if in_place {
        options = options.replace(Replace::InPlace);
    }
    let compression = compression_of(format, level);
    let file = py
        .detach(|| options.create_as(&path, compression))
        .map_err(|e| raise(py, demijohn::Error::from(e).at_path(&path)))?;
    let file = write(value, file, protocol, 0).map_err(|(e, _)| e)?;
    py.detach(|| file.finish())
        .map_err(|e| raise(py, demijohn::Error::from(e).at_path(&path)))?;
    Ok(())
}

/// Writes an object to anything with a method `write`, where it stands.
#[pyfunction]
#[pyo3(signature = (value, file, format, level, protocol, *, seekable=None))]
pub(crate) fn dump_file(
    value: &Bound<'_, PyAny>,
    file: Bound<'_, PyAny>,
    format: Option<&str>,
    level: Option<i32>,
    protocol: i64,
    seekable: Option<usize>,
) -> PyResult<()> {
    let protocol = protocol_of(protocol)?;
    if !file.hasattr("write")? {
        return Err(PyTypeError::new_err("file must have a 'write' attribute"));
    }
    // What is compressed has positions of its own.
    let base = if format.is_none_or(|format| format == "none") {
        position(&file)
    } else {
        0
    };
    write_to(
        value,
        FileObject::new(file),
        stream(seekable),
        compression_of(format, level),
        protocol,
        base,
    )?;
    Ok(())
}

/// An object as bytes.
#[pyfunction]
pub(crate) fn dump_bytes<'py>(
    value: &Bound<'py, PyAny>,
    format: Option<&str>,
    level: Option<i32>,
    protocol: i64,
) -> PyResult<Bound<'py, PyBytes>> {
    let protocol = protocol_of(protocol)?;
    let bytes = Growing::with_capacity(value.py(), FIRST)?;
    let bytes = write_to(
        value,
        bytes,
        stream(None),
        compression_of(format, level),
        protocol,
        0,
    )?;
    bytes.finish(value.py())
}

/// How the stream is written: with blocks of so many bytes to seek by, if that is wanted.
fn stream(seekable: Option<usize>) -> Options {
    match seekable {
        Some(block) => Options::new().seekable(block),
        None => Options::new(),
    }
}

fn write_to<W: Write + Send>(
    value: &Bound<'_, PyAny>,
    sink: W,
    options: Options,
    compression: Compression,
    protocol: Protocol,
    base: u64,
) -> PyResult<W> {
    let py = value.py();
    let stream = options.writer(sink, compression).map_err(|e| raise(py, e))?;
    let stream = write(value, stream, protocol, base).map_err(|(e, stream)| {
        // What is there must not look complete.
        drop(stream.abandon());
        e
    })?;
    let finished = py.detach(|| stream.finish());
    let (sink, _) = finished.map_err(|e| raise(py, demijohn_codecs::Error::from(e)))?;
    Ok(sink)
}

/// Writes the pickle to a stream, which it hands back, after failures too.
fn write<S: TakesHints + Send>(
    value: &Bound<'_, PyAny>,
    stream: S,
    protocol: Protocol,
    base: u64,
) -> Result<S, (PyErr, S)> {
    let py = value.py();
    let mut stream = Hinted::new(Attached::new(stream));
    let arrays = Arrays::new(stream.element_size(), base);
    let written = pickler::write(value, &mut stream, protocol, Some(arrays)).map_err(PyErr::from);
    let mut stream = stream.into_inner();
    let written = written.and_then(|()| stream.spill().map_err(|e| raise(py, e)));
    let stream = stream.into_inner();
    match written {
        Ok(()) => Ok(stream),
        Err(e) => Err((e, stream)),
    }
}

fn protocol_of(number: i64) -> PyResult<Protocol> {
    if number < 0 {
        return Ok(Protocol::V5);
    }
    u8::try_from(number)
        .ok()
        .and_then(Protocol::from_number)
        .ok_or_else(|| PyValueError::new_err("pickle protocol must be <= 5"))
}

fn compression_of(format: Option<&str>, level: Option<i32>) -> Compression {
    let compression = format.map_or_else(Compression::none, Compression::from);
    match level {
        Some(level) => compression.at_level(level),
        None => compression,
    }
}

/// Where a file stands, if it can say so.
fn position(file: &Bound<'_, PyAny>) -> u64 {
    file.call_method0("tell")
        .and_then(|position| position.extract())
        .unwrap_or(0)
}
