//! Where coded bytes go.

use std::fmt;
use std::io::{self, Seek, SeekFrom, Write};

use crate::error::{Error, Result};

/// A caller's sink, and how to go elsewhere in it, if it can.
pub(crate) struct Sink<W> {
    inner: W,
    seek: Option<fn(&mut W, SeekFrom) -> io::Result<u64>>,
}

impl<W: Write> Sink<W> {
    pub(crate) fn new(inner: W) -> Self {
        Sink { inner, seek: None }
    }

    pub(crate) fn seekable(inner: W) -> Self
    where
        W: Seek,
    {
        Sink {
            inner,
            seek: Some(W::seek),
        }
    }

    pub(crate) fn get_ref(&self) -> &W {
        &self.inner
    }

    pub(crate) fn into_inner(self) -> W {
        self.inner
    }

    /// One write that takes something.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        loop {
            match self.inner.write(bytes) {
                Ok(0) => return Err(Error::from(io::Error::from(io::ErrorKind::WriteZero))),
                Ok(n) => return Ok(n.min(bytes.len())),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    pub(super) fn flush(&mut self) -> Result<()> {
        loop {
            match self.inner.flush() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return Ok(other?),
            }
        }
    }

    /// Where the next byte goes; `None` for a sink that cannot seek.
    pub(super) fn position(&mut self) -> Result<Option<u64>> {
        let Some(seek) = self.seek else {
            return Ok(None);
        };
        Ok(Some(seek(&mut self.inner, SeekFrom::Current(0))?))
    }

    /// Writes bytes at an offset and goes back to where it was.
    pub(super) fn patch(&mut self, at: u64, bytes: &[u8]) -> Result<()> {
        let seek = self
            .seek
            .ok_or_else(|| Error::unsupported("the sink does not seek"))?;
        let end = seek(&mut self.inner, SeekFrom::Current(0))?;
        seek(&mut self.inner, SeekFrom::Start(at))?;
        self.inner.write_all(bytes)?;
        // A file that was opened for appending goes to its end whatever one asks.
        if seek(&mut self.inner, SeekFrom::Current(0))? != at + bytes.len() as u64 {
            return Err(Error::unsupported(
                "the sink does not write where it was asked to; a file opened for appending is one",
            ));
        }
        seek(&mut self.inner, SeekFrom::Start(end))?;
        Ok(())
    }
}

impl<W> fmt::Debug for Sink<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sink")
            .field("seeks", &self.seek.is_some())
            .finish_non_exhaustive()
    }
}
