//! Python's file objects as streams.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::Arc;

use pyo3::buffer::PyBuffer;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::errors::carry;

/// Any object with `read`, `write` or both, as far as they are asked for. Attaches to the interpreter for each call;
/// what a method raises comes out of the other end as it was.
#[derive(Debug)]
pub(crate) struct FileObject(Arc<Py<PyAny>>);

impl FileObject {
    pub(crate) fn new(object: Bound<'_, PyAny>) -> Self {
        Self(Arc::new(object.unbind()))
    }

    /// The object, by the one reference to it that this holds too: so that the garbage collector can be told of that.
    pub(crate) fn object(&self) -> Arc<Py<PyAny>> {
        Arc::clone(&self.0)
    }

    /// Whether the object says that it can seek. One that cannot be asked cannot.
    pub(crate) fn seekable(&self, py: Python<'_>) -> bool {
        self.0
            .bind(py)
            .call_method0(intern!(py, "seekable"))
            .and_then(|answer| answer.is_truthy())
            .unwrap_or(false)
    }

    fn with<T>(&self, work: impl FnOnce(&Bound<'_, PyAny>) -> PyResult<T>) -> io::Result<T> {
        Python::attach(|py| work(self.0.bind(py)).map_err(carry))
    }
}

impl Read for FileObject {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let answered = self.with(|object| {
            let py = object.py();
            let answer = object.call_method1(intern!(py, "read"), (out.len(),))?;
            if answer.is_none() {
                return Ok(None);
            }
            let bytes = if let Ok(bytes) = answer.cast::<PyBytes>() {
                let bytes = bytes.as_bytes();
                let n = bytes.len().min(out.len());
                out[..n].copy_from_slice(&bytes[..n]);
                bytes.len()
            } else {
                let buffer = PyBuffer::<u8>::get(&answer).map_err(|_| {
                    let message = format!("read() returned {}, not bytes", answer.get_type());
                    PyTypeError::new_err(message)
                })?;
                if buffer.item_count() <= out.len() {
                    buffer.copy_to_slice(py, &mut out[..buffer.item_count()])?;
                }
                buffer.item_count()
            };
            if bytes > out.len() {
                let message = format!("read({}) returned {bytes} bytes", out.len());
                return Err(PyValueError::new_err(message));
            }
            Ok(Some(bytes))
        })?;
        answered.ok_or_else(|| io::ErrorKind::WouldBlock.into())
    }
}

impl Write for FileObject {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let answered = self.with(|object| {
            let py = object.py();
            // A copy, because the object may keep what it was given.
            let answer = object.call_method1(intern!(py, "write"), (PyBytes::new(py, bytes),))?;
            if answer.is_none() {
                // Raw files say so when they would block; other objects, when they took everything and say nothing.
                let raw = py.import(intern!(py, "io"))?.getattr(intern!(py, "RawIOBase"))?;
                return Ok((!object.is_instance(&raw)?).then_some(bytes.len()));
            }
            let n: usize = answer.extract()?;
            if n > bytes.len() {
                let message = format!("write() of {} bytes returned {n}", bytes.len());
                return Err(PyValueError::new_err(message));
            }
            Ok(Some(n))
        })?;
        answered.ok_or_else(|| io::ErrorKind::WouldBlock.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.with(|object| {
            let py = object.py();
            match object.getattr_opt(intern!(py, "flush"))? {
                Some(flush) => flush.call0().map(drop),
                None => Ok(()),
            }
        })
    }
}

impl Seek for FileObject {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.with(|object| {
            let py = object.py();
            let seek = intern!(py, "seek");
            let answer = match to {
                SeekFrom::Start(at) => object.call_method1(seek, (at,)),
                SeekFrom::Current(by) => object.call_method1(seek, (by, 1)),
                SeekFrom::End(by) => object.call_method1(seek, (by, 2)),
            }?;
            // Some objects answer nothing.
            if answer.is_none() {
                return object.call_method0(intern!(py, "tell"))?.extract();
            }
            answer.extract()
        })
    }

    fn stream_position(&mut self) -> io::Result<u64> {
        self.with(|object| object.call_method0(intern!(object.py(), "tell"))?.extract())
    }
}
