//! What is looked into.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use demijohn::Error;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::errors::{carry, raise};
use crate::stream::FileObject;

/// How long signals may wait.
const PATIENCE: Duration = Duration::from_millis(100);

/// A file, for code that runs detached. Where that reads on, it is seen whether a signal has come.
pub(super) struct Source {
    inner: Box<dyn ReadSeek>,
    /// When signals were looked for.
    looked: Instant,
}

trait ReadSeek: Read + Seek + Send {}
impl<T: Read + Seek + Send> ReadSeek for T {}

impl Source {
    /// Opens the file at a path, as `str`, which comes back too; or takes an object with `read` and `seek`.
    pub(super) fn open(file: &Bound<'_, PyAny>) -> PyResult<(Self, Option<PathBuf>)> {
        let py = file.py();
        if !file.is_instance_of::<PyString>() {
            return Ok((Self::new(FileObject::new(file.clone())), None));
        }
        let path: PathBuf = file.extract()?;
        let opened = py.detach(|| File::open(&path));
        let opened = opened.map_err(|error| raise(py, Error::from(error).at_path(&path)))?;
        Ok((Self::new(opened), Some(path)))
    }

    fn new(inner: impl ReadSeek + 'static) -> Self {
        Self {
            inner: Box::new(inner),
            looked: Instant::now(),
        }
    }
}

impl Read for Source {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.looked.elapsed() > PATIENCE {
            Python::attach(|py| py.check_signals()).map_err(carry)?;
            self.looked = Instant::now();
        }
        self.inner.read(out)
    }
}

impl Seek for Source {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}
