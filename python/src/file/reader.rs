//! Reading, below `io.BufferedReader`.

use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;

use demijohn_codecs::seek::SeekIndex;
use demijohn_codecs::{Error, Pipe, Reader, Seekable, Source};
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use pyo3::{PyTraverseError, PyVisit};

use super::exclusive::Exclusive;
use super::handle::{Handle, closed, raise_at};
use crate::buffers::{Exported, Growing};
use crate::coding::{limits, options};
use crate::errors::{carried, raise};
use crate::stream::{FileObject, SLICE};

type Stream = Reader<Box<dyn Source + Send>>;

/// A stream being read, with the methods of `io.RawIOBase`.
#[pyclass(frozen, module = "demijohn._native")]
pub(crate) struct RawReader {
    state: Exclusive<State>,
    handle: Handle,
    seekable: bool,
    /// The name of the format.
    #[pyo3(get)]
    compression: &'static str,
}

enum State {
    Open(Box<Stream>),
    /// An exception of Python's has ended it. That is not kept, since it holds everything on its way.
    Failed(String),
    Closed,
}

/// Why something has not been done.
enum Stop {
    /// The handler of a signal has raised this. The stream is none the worse for it.
    Signal(PyErr),
    Stream(Error),
}

impl From<PyErr> for Stop {
    fn from(error: PyErr) -> Self {
        Stop::Signal(error)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Stop::Stream(error)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Stop::Stream(error.into())
    }
}

impl Stop {
    /// Whether the source has nothing at the moment.
    fn would_block(&self) -> bool {
        matches!(self, Stop::Stream(error) if error.io_kind() == io::ErrorKind::WouldBlock)
    }
}

#[pymethods]
impl RawReader {
    /// `file` is a path as `str`, or an object with `read`; `index` is what is in a file with an index.
    #[new]
    #[pyo3(signature = (file, *, compression, threads, ignore_tail, max_output, max_memory, index, index_spacing))]
    #[allow(clippy::too_many_arguments, reason = "they have names")]
    fn new(
        file: &Bound<'_, PyAny>,
        compression: Option<&str>,
        threads: Option<usize>,
        ignore_tail: bool,
        max_output: Option<u64>,
        max_memory: Option<u64>,
        index: Option<&[u8]>,
        index_spacing: Option<u64>,
    ) -> PyResult<Self> {
        let py = file.py();
        let mut options = options(compression, ignore_tail, max_output, max_memory).threads(threads);
        if let Some(index) = index {
            let index = py.detach(|| SeekIndex::read(index, limits(max_output, max_memory)));
            options = options.seek_index(index.map_err(|error| raise(py, error))?);
        }
        if let Some(spacing) = index_spacing {
            options = options.index_spacing(spacing);
        }
        if file.is_instance_of::<PyString>() {
            let path: PathBuf = file.extract()?;
            let open = || {
                let source = Seekable::open(&path)?;
                let descriptor = descriptor(source.get_ref());
                let source: Box<dyn Source + Send> = Box::new(source);
                Ok((options.source(source)?, descriptor))
            };
            let (stream, descriptor) = py.detach(open).map_err(|error| raise_at(py, error, &path))?;
            return Ok(Self::over(stream, Handle::of_path(path, descriptor)));
        }
        let object = FileObject::new(file.clone());
        let handle = Handle::of_object(&object);
        let seekable = object.seekable(py);
        let open = || {
            let source: Box<dyn Source + Send> = if seekable {
                Box::new(Seekable::new(object)?)
            } else {
                Box::new(Pipe::new(object))
            };
            options.source(source)
        };
        let stream = py.detach(open).map_err(|error| raise(py, error))?;
        Ok(Self::over(stream, handle))
    }

    /// Reads some bytes into a buffer: as many as are there without waiting, 0 only at the end; `None` if there are
    /// none at the moment.
    fn readinto(&self, py: Python<'_>, buffer: &Bound<'_, PyAny>) -> PyResult<Option<usize>> {
        let mut buffer = Exported::writable(buffer.as_borrowed())?;
        let out = buffer.as_mut_bytes();
        let most = out.len().min(SLICE);
        self.with(py, |stream| {
            py.check_signals()?;
            match py.detach(|| stream.read(&mut out[..most])) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
                read => Ok(Some(read?)),
            }
        })
    }

    /// Reads all there is; `None` if there is nothing at the moment.
    fn readall<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        self.with(py, |stream| {
            // One byte more, to see the end.
            let left = stream.end().map(|end| end.saturating_sub(stream.position()) + 1);
            let left = left.map(|left| usize::try_from(left).unwrap_or(usize::MAX));
            let mut all = Growing::with_capacity(py, left.unwrap_or(0))?;
            loop {
                py.check_signals()?;
                let room = all.room()?;
                let most = room.len().min(SLICE);
                match py.detach(|| stream.read(&mut room[..most])).map_err(Stop::from) {
                    Ok(0) => break,
                    Ok(n) => all.filled(n),
                    Err(stop) if stop.would_block() && all.len() == 0 => return Ok(None),
                    Err(stop) if stop.would_block() => break,
                    Err(stop) => return Err(stop),
                }
            }
            Ok(Some(all.finish(py)?))
        })
    }

    /// Goes to an offset, or to the nearest there is.
    #[pyo3(signature = (offset, whence = 0))]
    fn seek(&self, py: Python<'_>, offset: i64, whence: i32) -> PyResult<u64> {
        if !matches!(whence, 0..=2) {
            return Err(PyValueError::new_err(format!(
                "invalid whence ({whence}, should be 0, 1 or 2)"
            )));
        }
        self.with(py, |stream| {
            let before = stream.position();
            let moved = seek(py, stream, offset, whence);
            if moved.is_err() {
                // Free, since nothing has been done for the other seek that is not done for this one.
                let _ = stream.seek(SeekFrom::Start(before));
            }
            moved
        })
    }

    fn tell(&self, py: Python<'_>) -> PyResult<u64> {
        self.with(py, |stream| Ok(stream.position()))
    }

    /// An index of the stream, as it stands in a file. What is needed for it is read; the position stays.
    fn index<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.with(py, |stream| {
            while !py.detach(|| stream.settle_index(SLICE as u64))? {
                py.check_signals()?;
            }
            let mut bytes = Vec::new();
            py.detach(|| stream.seek_index()?.write(&mut bytes))?;
            Ok(PyBytes::new(py, &bytes))
        })
    }

    fn readable(&self) -> PyResult<bool> {
        self.handle.check_open().map(|()| true)
    }

    fn writable(&self) -> PyResult<bool> {
        self.handle.check_open().map(|()| false)
    }

    fn seekable(&self) -> PyResult<bool> {
        self.handle.check_open().map(|()| self.seekable)
    }

    fn fileno(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.handle.fileno(py)
    }

    fn flush(&self) -> PyResult<()> {
        self.handle.check_open()
    }

    #[getter]
    fn closed(&self) -> bool {
        self.handle.is_closed()
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.handle.close();
        self.state.with(py, |state| {
            *state = State::Closed;
            Ok(())
        })
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.handle.traverse(&visit)
    }

    fn __clear__(&self, py: Python<'_>) {
        // Nobody uses it any more.
        let _ = self.close(py);
    }
}

impl RawReader {
    fn over(stream: Stream, handle: Handle) -> Self {
        Self {
            handle,
            seekable: stream.seekable(),
            compression: stream.format(),
            state: Exclusive::new(State::Open(Box::new(stream))),
        }
    }

    fn with<R>(&self, py: Python<'_>, work: impl FnOnce(&mut Stream) -> Result<R, Stop>) -> PyResult<R> {
        self.state.with(py, |state| {
            let stream = match state {
                State::Open(stream) => stream,
                State::Failed(why) => {
                    let message = format!("an earlier call has failed for good: {why}");
                    return Err(PyOSError::new_err(message));
                }
                State::Closed => return Err(closed()),
            };
            match work(stream) {
                Ok(done) => Ok(done),
                Err(Stop::Signal(exception)) => Err(exception),
                Err(Stop::Stream(error)) => {
                    if let Some(exception) = carried(py, &error.clone().into()) {
                        *state = State::Failed(exception.to_string());
                        return Err(exception);
                    }
                    Err(self.handle.raise(py, error))
                }
            }
        })
    }
}

/// Goes to an offset as Python's compressed files do: not to before the beginning, nor past the end.
fn seek(py: Python<'_>, stream: &mut Stream, offset: i64, whence: i32) -> Result<u64, Stop> {
    let base = match whence {
        0 => 0,
        1 => stream.position(),
        _ => end(py, stream)?,
    };
    // Not negative, and no more than is asked for.
    let to = (i128::from(base) + i128::from(offset)).max(0);
    let to = u64::try_from(to).unwrap_or(u64::MAX);
    stream.seek(SeekFrom::Start(to))?;
    settle(py, stream)?;
    match stream.end() {
        Some(end) if end < to => Ok(stream.seek(SeekFrom::Start(end))?),
        _ => Ok(to),
    }
}

/// Where the stream ends.
fn end(py: Python<'_>, stream: &mut Stream) -> Result<u64, Stop> {
    if let Some(end) = stream.end() {
        return Ok(end);
    }
    stream.seek(SeekFrom::Start(u64::MAX))?;
    settle(py, stream)?;
    // Nothing ends that far away.
    Ok(stream.end().unwrap_or(u64::MAX))
}

fn settle(py: Python<'_>, stream: &mut Stream) -> Result<(), Stop> {
    while !py.detach(|| stream.settle(SLICE as u64))? {
        py.check_signals()?;
    }
    Ok(())
}

#[cfg(unix)]
#[allow(clippy::unnecessary_wraps, reason = "elsewhere there is none")]
fn descriptor(file: &std::fs::File) -> Option<i32> {
    use std::os::fd::AsRawFd as _;
    Some(file.as_raw_fd())
}

#[cfg(not(unix))]
fn descriptor(_: &std::fs::File) -> Option<i32> {
    None
}
