//! A stream used by code that holds the interpreter's lock.

use std::io::{self, BufRead, Read, Write};

use demijohn_codecs::{Hint, TakesHints};
use pyo3::prelude::*;

use crate::errors::carry;

/// Bytes gathered on this side of the lock before the other side is asked.
const BUFFER: usize = 128 << 10;

/// The most bytes that pass between two looks for signals.
const SLICE: usize = 16 << 20;

/// Buffers a stream, and lets go of the interpreter's lock whenever that reads or writes. Before each time it asks
/// whether a signal has arrived, whose exception then ends the reading or writing.
#[derive(Debug)]
pub(crate) struct Attached<S> {
    inner: S,
    buffer: Vec<u8>,
    /// How much of the buffer has been read. Writers have it at 0.
    start: usize,
}

impl<S: Send> Attached<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self {
            inner,
            buffer: Vec::new(),
            start: 0,
        }
    }

    /// The stream itself. What of it stands in the buffer is lost: writers flush first.
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

impl<S: Read + Send> Read for Attached<S> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.start == self.buffer.len() && out.len() >= BUFFER {
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

impl<S: Read + Send> BufRead for Attached<S> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.buffer.len() {
            let mut buffer = std::mem::take(&mut self.buffer);
            buffer.resize(BUFFER, 0);
            self.start = 0;
            let n = self.detached(|inner| inner.read(&mut buffer))?;
            buffer.truncate(n);
            self.buffer = buffer;
        }
        Ok(&self.buffer[self.start..])
    }

    fn consume(&mut self, n: usize) {
        self.start = (self.start + n).min(self.buffer.len());
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
        let bytes = &bytes[..bytes.len().min(SLICE)];
        self.detached(|inner| inner.write_all(bytes))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.spill()?;
        self.detached(Write::flush)
    }
}
