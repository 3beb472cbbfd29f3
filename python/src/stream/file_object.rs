//! Python's file objects as streams.

use std::io::{self, BufRead, Read, Seek, SeekFrom, Write};
use std::sync::Arc;

use pyo3::buffer::PyBuffer;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::SLICE;
use crate::errors::carry;

/// How many bytes an object is asked to show; it may show more or fewer.
const PEEK: usize = 64 << 10;

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

    /// Whether the object can show what it has read ahead.
    pub(crate) fn peeks(&self, py: Python<'_>) -> bool {
        self.0.bind(py).hasattr(intern!(py, "peek")).unwrap_or(false)
    }

    /// Whether it is a buffer around a file of the operating system, in which seeking costs nothing.
    pub(crate) fn is_buffered_file(&self, py: Python<'_>) -> PyResult<bool> {
        let object = self.0.bind(py);
        let io = py.import(intern!(py, "io"))?;
        let is = |object: &Bound<'_, PyAny>, class| object.is_instance(&io.getattr(class)?);
        let buffered =
            is(object, intern!(py, "BufferedReader"))? || is(object, intern!(py, "BufferedRandom"))?;
        Ok(buffered && is(&object.getattr(intern!(py, "raw"))?, intern!(py, "FileIO"))?)
    }

    /// The next bytes, which are not read; none only at the end.
    fn peek(&mut self) -> io::Result<Vec<u8>> {
        let shown = self.with(|object| {
            let answer = object.call_method1(intern!(object.py(), "peek"), (PEEK,))?;
            let Some(bytes) = Bytes::of(&answer, "peek")? else {
                return Ok(None);
            };
            let mut out = vec![0; bytes.len()];
            bytes.copy_to(&mut out)?;
            Ok(Some(out))
        })?;
        shown.ok_or_else(|| io::ErrorKind::WouldBlock.into())
    }

    fn with<T>(&self, work: impl FnOnce(&Bound<'_, PyAny>) -> PyResult<T>) -> io::Result<T> {
        Python::attach(|py| work(self.0.bind(py)).map_err(carry))
    }
}

impl Read for FileObject {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        // The object may put them into one of their own first.
        let n = out.len().min(SLICE);
        let out = &mut out[..n];
        let read = self.with(|object| {
            let answer = object.call_method1(intern!(object.py(), "read"), (n,))?;
            let Some(bytes) = Bytes::of(&answer, "read")? else {
                return Ok(None);
            };
            if bytes.len() > n {
                let message = format!("read({n}) returned {} bytes", bytes.len());
                return Err(PyValueError::new_err(message));
            }
            bytes.copy_to(&mut out[..bytes.len()])?;
            Ok(Some(bytes.len()))
        })?;
        read.ok_or_else(|| io::ErrorKind::WouldBlock.into())
    }
}

/// What a file object answered.
enum Bytes<'a, 'py> {
    Bytes(&'a [u8]),
    Buffer(PyBuffer<u8>, Python<'py>),
}

impl<'a, 'py> Bytes<'a, 'py> {
    /// The bytes; or `None`, as raw files say when they would block.
    fn of(answer: &'a Bound<'py, PyAny>, method: &str) -> PyResult<Option<Self>> {
        if answer.is_none() {
            return Ok(None);
        }
        if let Ok(bytes) = answer.cast::<PyBytes>() {
            return Ok(Some(Self::Bytes(bytes.as_bytes())));
        }
        let buffer = PyBuffer::get(answer).map_err(|_| {
            let message = format!("{method}() returned {}, not bytes", answer.get_type());
            PyTypeError::new_err(message)
        })?;
        Ok(Some(Self::Buffer(buffer, answer.py())))
    }

    fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Buffer(buffer, _) => buffer.item_count(),
        }
    }

    /// `out` is as long.
    fn copy_to(&self, out: &mut [u8]) -> PyResult<()> {
        match self {
            Self::Bytes(bytes) => {
                out.copy_from_slice(bytes);
                Ok(())
            }
            Self::Buffer(buffer, py) => buffer.copy_to_slice(*py, out),
        }
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

/// A file object with `peek`, of which everything stays unread that is not consumed: a pipe may hold something else behind
/// what is read from it.
#[derive(Debug)]
pub(crate) struct Peeking {
    object: FileObject,
    shown: Vec<u8>,
    /// How much of it has been consumed. The object has not been told.
    consumed: usize,
}

impl Peeking {
    pub(crate) fn new(object: FileObject) -> Self {
        Self {
            object,
            shown: Vec::new(),
            consumed: 0,
        }
    }

    /// Makes the object stand where this stands.
    pub(crate) fn catch_up(&mut self) -> io::Result<()> {
        let consumed = std::mem::take(&mut self.consumed);
        let mut shown = std::mem::take(&mut self.shown);
        self.object.read_exact(&mut shown[..consumed])
    }
}

impl Read for Peeking {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.consumed == self.shown.len() {
            self.catch_up()?;
            return self.object.read(out);
        }
        let n = self.fill_buf()?.read(out)?;
        self.consume(n);
        Ok(n)
    }
}

impl BufRead for Peeking {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.consumed == self.shown.len() {
            self.catch_up()?;
            self.shown = self.object.peek()?;
        }
        Ok(&self.shown[self.consumed..])
    }

    fn consume(&mut self, n: usize) {
        self.consumed = (self.consumed + n).min(self.shown.len());
    }
}
