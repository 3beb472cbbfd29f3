//! Writing, below Python's compressed files.

use std::io::{self, Write};
use std::path::PathBuf;

use demijohn_codecs::atomic::{Durability, Replace};
use demijohn_codecs::{Compression, Compressor, Error, FileWriter, Options, Writer};
use pyo3::exceptions::PyOSError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyString;
use pyo3::{PyTraverseError, PyVisit};

use super::exclusive::Exclusive;
use super::handle::{Handle, closed, raise_at};
use crate::buffers::Exported;
use crate::errors::{carried, raise};
use crate::stream::{Attached, FileObject};

/// A stream being written. It is closed by [`finish`](Self::finish) or by [`discard`](Self::discard).
#[pyclass(frozen, module = "demijohn._native")]
#[derive(Debug)]
pub(crate) struct RawWriter {
    state: Exclusive<State>,
    handle: Handle,
    /// The name of the format.
    #[pyo3(get)]
    compression: &'static str,
}

#[derive(Debug)]
enum State {
    Open(Box<Open>),
    /// An exception of Python's has ended it.
    Failed(String),
    Closed,
}

#[derive(Debug)]
struct Open {
    stream: Attached<Sink>,
    /// Plain bytes taken so far.
    written: u64,
}

/// Where a stream goes. Dropped, it is given up.
#[derive(Debug)]
enum Sink {
    Path(FileWriter),
    Object(Object),
}

/// The writer into a file object, which is there until it is finished. Dropped, it does not write the end, unlike
/// Rust's: somebody has failed to say that this is all.
#[derive(Debug)]
struct Object(Option<Writer<FileObject>>);

impl Drop for Object {
    fn drop(&mut self) {
        let _ = self.0.take().map(Writer::abandon);
    }
}

impl Sink {
    fn finish(self) -> Result<(), Error> {
        match self {
            Sink::Path(writer) => writer.finish().map(drop),
            Sink::Object(mut object) => match object.0.take().map(Writer::finish) {
                Some(Err(error)) => Err(error.into()),
                _ => Ok(()),
            },
        }
    }

    fn get(&mut self) -> io::Result<&mut dyn Write> {
        match self {
            Sink::Path(writer) => Ok(writer),
            Sink::Object(Object(Some(writer))) => Ok(writer),
            Sink::Object(Object(None)) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.get()?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.get()?.flush()
    }
}

#[pymethods]
impl RawWriter {
    /// `file` is a path as `str`, or an object with `write`; `mode` one of `"w"`, `"x"` and `"a"`.
    #[new]
    #[pyo3(signature = (file, mode, *, compression, level, threads, seekable, atomic, durable))]
    #[allow(clippy::too_many_arguments, reason = "all have names")]
    fn new(
        file: &Bound<'_, PyAny>,
        mode: &str,
        compression: Option<&str>,
        level: Option<i32>,
        threads: Option<usize>,
        seekable: Option<usize>,
        atomic: bool,
        durable: bool,
    ) -> PyResult<Self> {
        let mut options = Options::new().level(level).threads(threads);
        if let Some(block) = seekable {
            options = options.seekable(block);
        }
        let compression = compression.map_or_else(Compression::auto, Compression::from);
        if file.is_instance_of::<PyString>() {
            if durable {
                options = options.durability(Durability::Sync);
            }
            Self::to_path(file, mode, options, compression, atomic)
        } else {
            Self::to_object(file, mode, options, &compression)
        }
    }

    /// Takes all the bytes, and says how many those are.
    fn write(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<usize> {
        self.handle.check_open()?;
        let data = Exported::bytes(data.as_borrowed())?;
        let bytes = data.as_bytes();
        self.with(py, |open| {
            open.stream.write_all(bytes)?;
            open.written += bytes.len() as u64;
            Ok(bytes.len())
        })
    }

    /// Makes all that has been written decodable, where the format can, and hands it on.
    fn flush(&self, py: Python<'_>) -> PyResult<()> {
        self.with(py, |open| open.stream.flush())
    }

    fn tell(&self, py: Python<'_>) -> PyResult<u64> {
        self.with(py, |open| Ok(open.written))
    }

    fn fileno(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.handle.fileno(py)
    }

    #[getter]
    fn closed(&self) -> bool {
        self.handle.is_closed()
    }

    /// Whether being discarded leaves what was there.
    #[getter]
    fn by_path(&self) -> bool {
        self.handle.is_path()
    }

    /// Ends the stream and, if it goes to a path, puts the file in its place. Closes the file whatever comes of that.
    fn finish(&self, py: Python<'_>) -> PyResult<()> {
        self.state.with(py, |state| {
            self.handle.close();
            match std::mem::replace(state, State::Closed) {
                State::Closed => Ok(()),
                State::Failed(why) => {
                    let message =
                        format!("an earlier write has failed, so there is nothing to finish: {why}");
                    Err(PyOSError::new_err(message))
                }
                State::Open(open) => {
                    let mut stream = open.stream;
                    let handed_on = stream.spill().map_err(Error::from);
                    let sink = stream.into_inner();
                    let finished = py.detach(|| handed_on.and_then(|()| sink.finish()));
                    finished.map_err(|error| self.handle.raise(py, error))
                }
            }
        })
    }

    /// Gives the stream up. A file at a path is what it was before, unless it is written in place; a file object has a
    /// part of a stream.
    fn discard(&self, py: Python<'_>) -> PyResult<()> {
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
        let _ = self.discard(py);
    }
}

impl RawWriter {
    fn to_path(
        file: &Bound<'_, PyAny>,
        mode: &str,
        options: Options,
        compression: Compression,
        atomic: bool,
    ) -> PyResult<Self> {
        let py = file.py();
        let path: PathBuf = file.extract()?;
        let open = || match (mode, atomic) {
            ("a", _) => options.append_as(&path, compression),
            ("x", true) => options.replace(Replace::Never).create_as(&path, compression),
            (_, true) => options.create_as(&path, compression),
            (_, false) => options.replace(Replace::InPlace).create_as(&path, compression),
        };
        let writer = py.detach(open).map_err(|error| raise_at(py, error, &path))?;
        let handle = Handle::of_path(path, descriptor(&writer));
        let name = writer.format();
        Ok(Self::over(Sink::Path(writer), handle, name))
    }

    fn to_object(
        file: &Bound<'_, PyAny>,
        mode: &str,
        options: Options,
        compression: &Compression,
    ) -> PyResult<Self> {
        let py = file.py();
        let make = |object: FileObject, seekable: bool| {
            let compressor = compression.resolve(demijohn_codecs::Registry::global(), None)?;
            if mode == "a" {
                compressor.check_append()?;
            }
            make_writer(options, object, compressor, seekable)
        };
        let object = FileObject::new(file.clone());
        let handle = Handle::of_object(&object);
        let seekable = object.seekable(py) && !appends(file);
        let writer = make(object, seekable).map_err(|error| raise(py, error))?;
        let name = writer.format();
        Ok(Self::over(Sink::Object(Object(Some(writer))), handle, name))
    }

    fn over(sink: Sink, handle: Handle, compression: &'static str) -> Self {
        Self {
            state: Exclusive::new(State::Open(Box::new(Open {
                stream: Attached::new(sink),
                written: 0,
            }))),
            handle,
            compression,
        }
    }

    fn with<R>(&self, py: Python<'_>, work: impl FnOnce(&mut Open) -> io::Result<R>) -> PyResult<R> {
        self.state.with(py, |state| {
            let open = match state {
                State::Open(open) => open,
                State::Failed(why) => {
                    let message = format!("an earlier write has failed for good: {why}");
                    return Err(PyOSError::new_err(message));
                }
                State::Closed => return Err(closed()),
            };
            work(open).map_err(|error| {
                let error = Error::from(error);
                if let Some(exception) = carried(py, &error.clone().into()) {
                    // How much has been written is not known.
                    *state = State::Failed(exception.to_string());
                    return exception;
                }
                self.handle.raise(py, error)
            })
        })
    }
}

fn make_writer(
    options: Options,
    object: FileObject,
    compressor: Compressor,
    seekable: bool,
) -> Result<Writer<FileObject>, Error> {
    if seekable {
        options.seekable_writer(object, compressor)
    } else {
        options.writer(object, compressor)
    }
}

/// Whether a file object writes to its end wherever it is sent.
fn appends(object: &Bound<'_, PyAny>) -> bool {
    let mode = object.getattr(intern!(object.py(), "mode"));
    mode.and_then(|mode| mode.extract::<String>())
        .is_ok_and(|mode| mode.contains('a'))
}

#[cfg(unix)]
#[allow(clippy::unnecessary_wraps, reason = "elsewhere there is none")]
fn descriptor(writer: &FileWriter) -> Option<i32> {
    use std::os::fd::{AsFd as _, AsRawFd as _};
    Some(writer.get_ref().as_fd().as_raw_fd())
}

#[cfg(not(unix))]
fn descriptor(_: &FileWriter) -> Option<i32> {
    None
}
