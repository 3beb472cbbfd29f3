//! Where coded bytes go.

use std::fmt;
use std::io::{self, Seek, SeekFrom, Write};

use crate::error::{Error, Result};

use super::input::again;

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
        match again(|| self.inner.write(bytes))? {
            0 => Err(Error::from(io::Error::from(io::ErrorKind::WriteZero))),
            n => Ok(n.min(bytes.len())),
        }
    }

    pub(super) fn flush(&mut self) -> Result<()> {
        Ok(again(|| self.inner.flush())?)
    }

    /// Where the next byte goes; `None` for a sink that cannot seek.
    pub(super) fn position(&mut self) -> Result<Option<u64>> {
        let Some(seek) = self.seek else {
            return Ok(None);
        };
        Ok(Some(again(|| seek(&mut self.inner, SeekFrom::Current(0)))?))
    }

    /// Makes the next byte go elsewhere.
    pub(super) fn go(&mut self, to: u64) -> Result<()> {
        let seek = self
            .seek
            .ok_or_else(|| Error::unsupported("the sink does not seek"))?;
        again(|| seek(&mut self.inner, SeekFrom::Start(to)))?;
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
