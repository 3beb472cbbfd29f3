//! The stream itself, for who reads it himself.

use std::io::{self, Read};

use demijohn_arrays::Available;

use crate::budget::Budget;
use crate::input::Input;
use crate::source::{Buffered, Source, Window};
use crate::{Apart, Builder, Error, Result, machine};

/// The stream right behind a `BUILD` opcode, for data that is not pickled; or at a long byte string, for who reads that
/// himself.
///
/// Behind `BUILD`, reading is allowed only where a frame ends or outside of frames: that is where writers put such data,
/// and where Python's unpickler would look for it.
pub struct Raw<'a> {
    source: &'a mut dyn Source,
    window: &'a mut Window,
    length: Option<u64>,
    /// Bytes of the frame that have not been read.
    unread: u64,
    budget: &'a mut Budget,
}

impl<'a> Raw<'a> {
    pub(crate) fn new(
        source: &'a mut dyn Source,
        window: &'a mut Window,
        length: Option<u64>,
        unread: u64,
        budget: &'a mut Budget,
    ) -> Self {
        Self {
            source,
            window,
            length,
            unread,
            budget,
        }
    }
}

impl Raw<'_> {
    /// Offset of the next byte from the beginning of the pickle.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.window.position()
    }

    /// How many bytes are known to be left.
    #[must_use]
    pub fn available(&self) -> Available {
        match self.length {
            Some(length) => Available::Bytes(length.saturating_sub(self.position())),
            None => Available::Unknown,
        }
    }

    /// Counts bytes as read that were not: that the source itself stands `bytes` further on, or will when it is next
    /// asked, is up to whoever has it.
    ///
    /// # Errors
    /// [`Corrupt`](crate::ErrorKind::Corrupt) within a frame, and beyond what can be counted.
    pub fn skipped(&mut self, bytes: u64) -> Result<()> {
        self.check_frame()?;
        self.window.leave(self.source);
        self.window.advance(bytes)
    }

    /// Takes bytes that are about to be read off the budget for [text](crate::Limits::text). Data of arrays does not count.
    ///
    /// # Errors
    /// [`Limit`](crate::ErrorKind::Limit) beyond it.
    pub fn spend(&mut self, bytes: u64) -> Result<()> {
        self.budget.spend(bytes)
    }

    /// Runs a pickle that stands here in the stream: one with its own memo, up to and including its own `STOP`, and on
    /// what is left of the same limits.
    ///
    /// # Errors
    /// As for [`machine::run`](crate::machine::run).
    pub fn nested<B: Builder>(&mut self, builder: &mut B) -> Result<B::Node> {
        self.check_frame()?;
        self.window.leave(self.source);
        let position = self.position();
        let input = Input::new(&mut *self.source, position, self.length);
        let (node, end) = machine::execute(input, self.budget, builder)?;
        self.window.resume_at(end);
        Ok(node)
    }

    /// Runs a pickle that stands elsewhere, on what is left of the same limits. Errors name it.
    ///
    /// # Errors
    /// As for [`machine::run`](crate::machine::run).
    pub fn nested_in<B: Builder>(&mut self, apart: Apart, builder: &mut B) -> Result<B::Node> {
        let input = Input::new(Buffered(apart.source), apart.position, apart.length);
        let ran = machine::execute(input, self.budget, builder);
        ran.map(|(node, _)| node).map_err(|e| e.within(&apart.name))
    }

    fn check_frame(&self) -> Result<()> {
        if self.unread == 0 {
            return Ok(());
        }
        let message = format!("{} unread bytes of a frame stand before raw data", self.unread);
        Err(Error::corrupt(message))
    }
}

impl Read for Raw<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.check_frame()?;
        if self.window.available() > 0 {
            let part = self.window.take(out.len());
            out[..part.len()].copy_from_slice(part);
            return Ok(part.len());
        }
        self.window.leave(self.source);
        let n = self.source.read(out)?;
        self.window.advance(n as u64)?;
        Ok(n)
    }
}

impl std::fmt::Debug for Raw<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Raw")
            .field("position", &self.position())
            .finish_non_exhaustive()
    }
}
