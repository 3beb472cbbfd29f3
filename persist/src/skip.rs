//! Going past the data of arrays without reading it.

use std::cell::Cell;
use std::io::{self, BufRead, Read, Seek};
use std::rc::Rc;

use crate::pickle::{Raw, Result};

/// Tells a [`Skipping`] stream how far to go before it is read again.
///
/// What reads the pickle has the stream, and what finds an array in it has this.
#[derive(Debug, Clone, Default)]
pub struct Skip(Rc<Cell<u64>>);

impl Skip {
    /// Goes past the next `bytes` of the stream that `raw` is a part of.
    ///
    /// # Errors
    /// As for [`Raw::skipped`].
    pub fn over(&self, bytes: u64, raw: &mut Raw<'_>) -> Result<()> {
        raw.skipped(bytes)?;
        // No overflow: the position behind it could be counted.
        self.0.set(self.0.get() + bytes);
        Ok(())
    }
}

/// A stream that seeks past what it was told to [skip](Skip) before it is read again.
#[derive(Debug)]
pub struct Skipping<S> {
    inner: S,
    skip: Skip,
}

impl<S: BufRead + Seek> Skipping<S> {
    /// The stream, told by `skip` and what is cloned from it.
    pub fn new(inner: S, skip: &Skip) -> Self {
        Self {
            inner,
            skip: skip.clone(),
        }
    }

    /// The stream itself.
    ///
    /// # Errors
    /// What seeking reports, if there was something left to skip.
    pub fn into_inner(mut self) -> io::Result<S> {
        self.go()?;
        Ok(self.inner)
    }

    fn go(&mut self) -> io::Result<()> {
        let bytes = self.skip.0.take();
        if bytes == 0 {
            return Ok(());
        }
        let bytes = i64::try_from(bytes).map_err(|_| io::ErrorKind::UnexpectedEof)?;
        self.inner.seek_relative(bytes)
    }
}

impl<S: BufRead + Seek> Read for Skipping<S> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.go()?;
        self.inner.read(out)
    }
}

impl<S: BufRead + Seek> BufRead for Skipping<S> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.go()?;
        self.inner.fill_buf()
    }

    fn consume(&mut self, n: usize) {
        self.inner.consume(n);
    }
}
