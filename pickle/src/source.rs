//! Where the machine takes bytes from, and the window through which it looks at them.

use std::io::{self, BufRead, Read};

use crate::{Error, Result};

/// The most bytes that are looked at in one go.
const WINDOW: usize = 1 << 16;

/// Something to read from without taking a byte that is not the pickle's.
pub(crate) trait Source: Read {
    /// Puts the next bytes into the empty `window`: at least one, unless the source is at its end. At least the next
    /// `sure` bytes, not 0, belong to the pickle.
    fn look(&mut self, window: &mut Vec<u8>, sure: u64) -> io::Result<()>;

    /// Takes the first `n` of the bytes that were last looked at.
    fn take_looked_at(&mut self, n: usize);
}

impl<S: Source + ?Sized> Source for &mut S {
    fn look(&mut self, window: &mut Vec<u8>, sure: u64) -> io::Result<()> {
        (**self).look(window, sure)
    }

    fn take_looked_at(&mut self, n: usize) {
        (**self).take_looked_at(n);
    }
}

/// A reader with a buffer, in which everything stays that is not the pickle's.
pub(crate) struct Buffered<R>(pub(crate) R);

impl<R: Read> Read for Buffered<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.read(out)
    }
}

impl<R: BufRead> Source for Buffered<R> {
    fn look(&mut self, window: &mut Vec<u8>, _: u64) -> io::Result<()> {
        let shown = loop {
            match self.0.fill_buf() {
                // Asked again, as the borrow checker cannot see that this one's result is used at once.
                Ok(_) => break self.0.fill_buf()?,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        };
        window.extend_from_slice(&shown[..shown.len().min(WINDOW)]);
        Ok(())
    }

    fn take_looked_at(&mut self, n: usize) {
        self.0.consume(n);
    }
}

/// A reader without a buffer, of which no more is read than what is sure to be the pickle's: frames, operands, and single
/// bytes where there are no frames.
pub(crate) struct Unbuffered<R>(pub(crate) R);

impl<R: Read> Read for Unbuffered<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.read(out)
    }
}

impl<R: Read> Source for Unbuffered<R> {
    fn look(&mut self, window: &mut Vec<u8>, sure: u64) -> io::Result<()> {
        let n = usize::try_from(sure).map_or(WINDOW, |n| n.min(WINDOW));
        window.resize(n, 0);
        let read = loop {
            match self.0.read(window) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        window.truncate(*read.as_ref().unwrap_or(&0));
        read.map(drop)
    }

    /// They are taken already.
    fn take_looked_at(&mut self, _: usize) {}
}

/// A copy of the next bytes of a source, and the frame that they are in.
///
/// What has been used of it is taken from the source when the window moves on: the loop over opcodes has an array to
/// index, and the source is not asked for each byte.
pub(crate) struct Window {
    bytes: Vec<u8>,
    /// How much of it has been used.
    at: usize,
    /// How much of it may be used: up to the end of the frame.
    end: usize,
    /// The position of the first byte.
    start: u64,
    /// Where the current frame ends. `None` outside of frames.
    frame_end: Option<u64>,
}

impl Window {
    pub(crate) fn new(position: u64) -> Self {
        Self {
            bytes: Vec::new(),
            at: 0,
            end: 0,
            start: position,
            frame_end: None,
        }
    }

    pub(crate) fn position(&self) -> u64 {
        self.start + self.at as u64
    }

    /// How many bytes there are to use without looking at the source.
    pub(crate) fn available(&self) -> usize {
        self.end - self.at
    }

    /// How many bytes of the frame have not been used.
    pub(crate) fn left_of_frame(&self) -> u64 {
        self.frame_end.map_or(0, |end| end - self.position())
    }

    pub(crate) fn at_end_of_frame(&self) -> bool {
        self.frame_end == Some(self.position())
    }

    /// The next bytes, as far as they are available.
    pub(crate) fn take(&mut self, most: usize) -> &[u8] {
        let from = self.at;
        self.at += most.min(self.available());
        &self.bytes[from..self.at]
    }

    #[inline]
    pub(crate) fn take_array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let array = *self.bytes[self.at..self.end].first_chunk::<N>()?;
        self.at += N;
        Some(array)
    }

    /// How far it is to a byte that is available.
    pub(crate) fn find(&self, byte: u8) -> Option<usize> {
        self.bytes[self.at..self.end].iter().position(|&b| b == byte)
    }

    fn set_frame_end(&mut self, end: Option<u64>) {
        self.frame_end = end;
        let in_frame = end.and_then(|end| usize::try_from(end - self.start).ok());
        self.end = in_frame.map_or(self.bytes.len(), |end| end.min(self.bytes.len()));
    }

    /// Makes sure that `n` bytes may be read as one: within the frame, or after its end.
    pub(crate) fn claim(&mut self, n: u64) -> Result<()> {
        if self.at_end_of_frame() {
            self.set_frame_end(None);
        }
        if self.frame_end.is_some() && n > self.left_of_frame() {
            return Err(Error::corrupt("pickle exhausted before end of frame"));
        }
        Ok(())
    }

    pub(crate) fn begin_frame(&mut self, n: u64) -> Result<()> {
        self.claim(0)?;
        if self.frame_end.is_some() {
            return Err(Error::corrupt(
                "a frame begins before the end of the current frame",
            ));
        }
        let end = self
            .position()
            .checked_add(n)
            .filter(|_| i64::try_from(n).is_ok());
        let end = end.ok_or_else(|| Error::corrupt(format!("impossible frame of {n} bytes")))?;
        self.set_frame_end(Some(end));
        Ok(())
    }

    /// Moves the window on if it is used up, `sure` bytes having been claimed; says whether there is anything in it.
    pub(crate) fn refill(&mut self, source: &mut (impl Source + ?Sized), sure: usize) -> Result<bool> {
        if self.available() == 0 {
            self.leave(source);
            let sure = self.left_of_frame().max(sure as u64);
            source.look(&mut self.bytes, sure)?;
            self.set_frame_end(self.frame_end);
        }
        Ok(self.available() > 0)
    }

    /// Leaves the source where it has been used up to, so that it can be read directly.
    pub(crate) fn leave(&mut self, source: &mut (impl Source + ?Sized)) {
        source.take_looked_at(self.at);
        self.start += self.at as u64;
        self.bytes.clear();
        (self.at, self.end) = (0, 0);
    }

    /// Reads from the source itself until `out` is `len` bytes long, or the source ends. The bytes have been claimed.
    pub(crate) fn read_to(
        &mut self,
        source: &mut (impl Source + ?Sized),
        out: &mut Vec<u8>,
        len: usize,
    ) -> io::Result<()> {
        self.leave(source);
        let mut filled = out.len();
        out.resize(len, 0);
        while filled < len {
            match source.read(&mut out[filled..]) {
                Ok(0) => break,
                Ok(n) => {
                    filled += n;
                    self.start += n as u64;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        out.truncate(filled);
        Ok(())
    }

    /// The frame is over, if nothing of it is left; says how much is.
    pub(crate) fn close_frame(&mut self) -> u64 {
        if self.at_end_of_frame() {
            self.set_frame_end(None);
        }
        self.left_of_frame()
    }

    /// Counts bytes that were read from the source itself, or passed over.
    pub(crate) fn advance(&mut self, bytes: u64) -> Result<()> {
        let start = self.start.checked_add(bytes);
        self.start = start.ok_or_else(|| Error::corrupt("data of impossible size"))?;
        Ok(())
    }

    /// Goes on where something else has stopped reading the source.
    pub(crate) fn resume_at(&mut self, position: u64) {
        self.start = position;
    }
}
