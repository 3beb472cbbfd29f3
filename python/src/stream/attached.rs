//! A stream used by code that holds the interpreter's lock.

use std::io::{self, BufRead, Read, Seek, SeekFrom, Write};
use std::time::{Duration, Instant};

use demijohn_codecs::{Hint, TakesHints};
use pyo3::prelude::*;

use crate::errors::carry;

/// Bytes gathered on this side of the lock before the other side is asked.
const BUFFER: usize = 128 << 10;

/// The most bytes that pass between two looks for signals.
pub(crate) const SLICE: usize = 16 << 20;

/// About how long writing takes between two looks for signals, where it is a matter of the size of slices: codecs differ
/// by a factor of thousands.
const PACE: Duration = Duration::from_millis(100);

/// A stream for whose reading and writing the interpreter's lock is let go of. Before each time it is asked whether a
/// signal has arrived, whose exception then ends the reading or writing.
///
/// What is written is gathered on this side of the lock. What is read stands in the buffer of the stream itself, so that
/// nothing is taken from it that is not consumed here.
#[derive(Debug)]
pub(crate) struct Attached<S> {
    inner: S,
    /// What has been written and not passed on.
    buffer: Vec<u8>,
    /// How many bytes are passed on at a time.
    slice: usize,
    /// How many bytes the stream has shown that have not been consumed.
    shown: usize,
}

impl<S: Send> Attached<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self {
            inner,
            buffer: Vec::new(),
            slice: SLICE / 16,
            shown: 0,
        }
    }

    /// The stream itself. Writers flush first.
    pub(crate) fn into_inner(self) -> S {
        self.inner
    }

    /// Does something with the stream, detached.
    pub(crate) fn detached<T: Send>(
        &mut self,
        work: impl FnOnce(&mut S) -> io::Result<T> + Send,
    ) -> io::Result<T> {
        let inner = &mut self.inner;
        Python::attach(|py| {
            py.check_signals().map_err(carry)?;
            py.detach(|| work(inner))
        })
    }
}

impl<S: BufRead + Send> Read for Attached<S> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.shown == 0 && out.len() >= BUFFER {
            let n = out.len().min(SLICE);
            return self.detached(|inner| inner.read(&mut out[..n]));
        }
        let available = self.fill_buf()?;
        let n = available.len().min(out.len());
        out[..n].copy_from_slice(&available[..n]);
        self.consume(n);
        Ok(n)
    }
}

impl<S: BufRead + Send> BufRead for Attached<S> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.shown == 0 {
            self.shown = self.detached(|inner| Ok(inner.fill_buf()?.len()))?;
        }
        // There is something in the buffer, or nothing to come.
        if self.shown == 0 {
            Ok(&[])
        } else {
            self.inner.fill_buf()
        }
    }

    fn consume(&mut self, n: usize) {
        let n = n.min(self.shown);
        self.shown -= n;
        self.inner.consume(n);
    }
}

impl<S: BufRead + Seek + Send> Seek for Attached<S> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.shown = 0;
        self.detached(|inner| inner.seek(to))
    }
}

impl<S: Write + Send> Attached<S> {
    /// Writes out what stands in the buffer, without flushing the stream.
    pub(crate) fn spill(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let buffer = std::mem::take(&mut self.buffer);
        let result = self.detached(|inner| inner.write_all(&buffer));
        self.buffer = buffer;
        self.buffer.clear();
        result
    }
}

impl<S: TakesHints + Send> TakesHints for Attached<S> {
    fn hint(&mut self, hint: Hint) -> io::Result<()> {
        self.spill()?;
        self.inner.hint(hint)
    }
}

impl<S: Write + Send> Write for Attached<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.buffer.len() + bytes.len() <= BUFFER {
            self.buffer.extend_from_slice(bytes);
            return Ok(bytes.len());
        }
        self.spill()?;
        if bytes.len() < BUFFER {
            self.buffer.extend_from_slice(bytes);
            return Ok(bytes.len());
        }
        let bytes = &bytes[..bytes.len().min(self.slice)];
        let begun = Instant::now();
        self.detached(|inner| inner.write_all(bytes))?;
        let taken = begun.elapsed();
        if taken > PACE {
            self.slice = (self.slice / 2).max(BUFFER);
        } else if taken < PACE / 4 {
            self.slice = (self.slice * 2).min(SLICE);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.spill()?;
        self.detached(Write::flush)
    }
}
