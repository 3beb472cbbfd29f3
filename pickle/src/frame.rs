//! Frames, in which protocol 4 hands pickles to readers by the piece: `_Framer` of CPython's `Lib/pickle.py`.

use std::io::{self, Write};

use crate::opcode as op;

/// A frame is closed before the next object once it has grown to this, and what is at least this long itself stands
/// outside of frames.
pub(crate) const TARGET: usize = 64 * 1024;

/// Less than this is written without being called a frame.
const MIN: usize = 4;

/// Counts what is written.
pub(crate) struct Outside<W> {
    out: W,
    position: u64,
}

impl<W: Write> Write for Outside<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.out.write(bytes)?;
        self.position += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

pub(crate) struct Framer<W> {
    out: Outside<W>,
    frame: Vec<u8>,
    /// Whether the protocol has frames; without them, this is a buffer.
    framing: bool,
}

impl<W: Write> Framer<W> {
    /// Writes `head`, which stands outside of frames, and opens the first one.
    pub(crate) fn new(out: W, head: &[u8], framing: bool) -> io::Result<Self> {
        let mut framer = Self {
            out: Outside { out, position: 0 },
            frame: Vec::with_capacity(TARGET + 256),
            framing,
        };
        framer.write_out(head)?;
        Ok(framer)
    }

    fn write_out(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)
    }

    /// Adds opcodes to the frame.
    #[inline]
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.frame.extend_from_slice(bytes);
    }

    /// Closes the frame if it is large enough; to be called between objects.
    #[inline]
    pub(crate) fn boundary(&mut self) -> io::Result<()> {
        if self.frame.len() >= TARGET {
            self.commit()
        } else {
            Ok(())
        }
    }

    /// Closes the frame, and opens another.
    pub(crate) fn commit(&mut self) -> io::Result<()> {
        let frame = std::mem::take(&mut self.frame);
        if self.framing && frame.len() >= MIN {
            let mut head = [op::FRAME, 0, 0, 0, 0, 0, 0, 0, 0];
            head[1..].copy_from_slice(&(frame.len() as u64).to_le_bytes());
            self.write_out(&head)?;
        }
        self.write_out(&frame)?;
        self.frame = frame;
        self.frame.clear();
        Ok(())
    }

    /// Writes bytes outside of frames.
    pub(crate) fn bypass(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.frame.is_empty() {
            self.commit()?;
        }
        self.write_out(bytes)
    }

    /// The stream outside of frames, for as long as it is borrowed.
    pub(crate) fn outside(&mut self) -> io::Result<&mut Outside<W>> {
        if !self.frame.is_empty() {
            self.commit()?;
        }
        Ok(&mut self.out)
    }

    /// Bytes written so far, without those in the open frame.
    pub(crate) fn position(&self) -> u64 {
        self.out.position
    }

    pub(crate) fn into_inner(self) -> W {
        self.out.out
    }
}
