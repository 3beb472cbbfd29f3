//! Streams that cannot go back, read so that they can.

use std::io::{self, BufRead, Read};

use demijohn::codecs::Source;

/// Keeps everything that is read of a reader, so that it can be read again.
pub(super) struct Kept<R> {
    inner: R,
    bytes: Vec<u8>,
    at: usize,
}

impl<R> Kept<R> {
    pub(super) fn new(inner: R) -> Self {
        Self {
            inner,
            bytes: Vec::new(),
            at: 0,
        }
    }

    pub(super) fn into_inner(self) -> R {
        self.inner
    }

    /// What has been read, and the reader behind it.
    pub(super) fn into_parts(self) -> (Vec<u8>, R) {
        (self.bytes, self.inner)
    }
}

impl<R: BufRead> Read for Kept<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at == self.bytes.len() {
            let n = self.inner.read(out)?;
            self.bytes.extend_from_slice(&out[..n]);
            self.at += n;
            return Ok(n);
        }
        let n = (&self.bytes[self.at..]).read(out)?;
        self.at += n;
        Ok(n)
    }
}

impl<R: BufRead> BufRead for Kept<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.bytes.len() {
            self.inner.fill_buf()
        } else {
            Ok(&self.bytes[self.at..])
        }
    }

    fn consume(&mut self, n: usize) {
        if self.at == self.bytes.len() {
            // What was shown is shown again, without reading.
            if let Ok(shown) = self.inner.fill_buf() {
                self.bytes.extend_from_slice(&shown[..n.min(shown.len())]);
            }
            self.inner.consume(n);
            self.at = self.bytes.len();
        } else {
            self.at = (self.at + n).min(self.bytes.len());
        }
    }
}

impl<R: BufRead> Source for Kept<R> {
    fn seekable(&self) -> bool {
        true
    }

    fn rewind_to(&mut self, at: u64) -> io::Result<()> {
        let at = usize::try_from(at).ok().filter(|&at| at <= self.bytes.len());
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(())
    }
}

/// A buffered reader that reads no more than so many bytes at a time unless it is asked for more.
pub(super) struct Stepping<R> {
    inner: R,
    shown: Vec<u8>,
    at: usize,
    step: usize,
}

impl<R> Stepping<R> {
    pub(super) fn new(inner: R, step: usize) -> Self {
        Self {
            inner,
            shown: Vec::new(),
            at: 0,
            step,
        }
    }

    /// What has been shown and not consumed, and the reader behind it.
    pub(super) fn into_parts(mut self) -> (Vec<u8>, R) {
        self.shown.drain(..self.at);
        (self.shown, self.inner)
    }
}

impl<R: Read> Read for Stepping<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at == self.shown.len() {
            return self.inner.read(out);
        }
        let n = (&self.shown[self.at..]).read(out)?;
        self.at += n;
        Ok(n)
    }
}

impl<R: Read> BufRead for Stepping<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.shown.len() {
            self.shown.resize(self.step, 0);
            self.at = self.step;
            let n = self.inner.read(&mut self.shown)?;
            self.shown.truncate(n);
            self.at = 0;
        }
        Ok(&self.shown[self.at..])
    }

    fn consume(&mut self, n: usize) {
        self.at = (self.at + n).min(self.shown.len());
    }
}
