//! Decoding apart: how pieces of a stream are found ahead of its decoder, and how the decoder takes over what others
//! have made of them.
//!
//! A [`Scan`] walks over the coded bytes in front of the decoder. What it finds is a proposal: a piece is used only if
//! the decoder comes to stand exactly where it begins, and if it decodes to its end. In all other cases the decoder goes
//! over the same bytes itself, so verdicts, data and errors are those of one thread.

use std::fmt;

use crate::error::Result;
use crate::format::Decode;
#[cfg(doc)]
use crate::format::Format;

/// Finds the pieces of a stream that can be decoded apart, ahead of the decoder; see [`Format::scanner`].
pub trait Scan: Send {
    /// Says what `coded` begins with: the bytes from where it has come to, of which as many may follow unless `last`.
    ///
    /// The first call is for the first byte of a stream.
    fn next(&mut self, coded: &[u8], last: bool) -> Found;
}

/// What a [`Scan`] has found.
#[derive(Debug)]
pub enum Found {
    /// A piece. The scan goes on at the byte in which it ends.
    Piece(CodedPiece),
    /// So many bytes in which no piece begins, at least one and no more than were given.
    Pass(usize),
    /// The same, possibly none, and the stream ends behind them. What follows is said to be another one.
    End(usize),
    /// More bytes are needed to tell.
    More,
    /// Nothing that can be decoded apart. The scan is over; there will be another for the next stream.
    Lost,
}

/// A piece of a stream, and what decodes it.
pub struct CodedPiece {
    /// Where it begins: bits from the first byte that the scan was given. Bits of a byte are counted as the format does.
    pub begin: u64,
    /// Where it ends, counted in the same way.
    pub end: u64,
    /// What [`decoder`](Self::decoder) is to be given, all of it and nothing else. `None`: the bytes from `begin` to `end`.
    pub coded: Option<Vec<u8>>,
    /// What decodes it on some thread: to [`Status::Done`](crate::Status::Done), with the last byte of `coded` taken.
    pub decoder: Box<dyn Decode>,
    /// What the stream's decoder must say of the [`Place`].
    pub context: u64,
    /// What the stream's decoder is told when it has taken the piece over.
    pub note: u64,
    /// Plain bytes that it is likely to have: it is handed over in parts of so many, if they are no more than 4 MiB.
    pub plain: usize,
    /// It has no more than these: it can be decoded straight into the slice of who reads.
    pub bounded: bool,
    /// Bytes of memory that its decoder takes.
    pub memory: u64,
    /// The end is a guess, and a wrong one could show behind wrong data: nothing of a large piece is to be delivered
    /// before all of it has been decoded once.
    pub unsure: bool,
}

impl CodedPiece {
    /// A piece of so many whole bytes at the beginning of what the scan was given.
    #[must_use]
    pub fn of_bytes(len: usize, decoder: Box<dyn Decode>, plain: usize) -> Self {
        CodedPiece {
            begin: 0,
            end: 8 * len as u64,
            coded: None,
            decoder,
            context: 0,
            note: 0,
            plain,
            bounded: false,
            memory: 0,
            unsure: false,
        }
    }
}

impl fmt::Debug for CodedPiece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodedPiece")
            .field("begin", &self.begin)
            .field("end", &self.end)
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}

/// Where a decoder stands, if a piece can begin there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Bits of the next byte that belong to what is decoded already.
    pub bit: u8,
    /// What pieces depend on: the scan must have seen the same.
    pub context: u64,
}

/// The part of a decoder that takes over pieces decoded elsewhere; see [`Decode::adopt`].
pub trait Adopt {
    /// Where the decoder stands: behind all bytes that it has been given, with nothing to deliver.
    fn place(&mut self) -> Option<Place>;

    /// Takes note of the next plain bytes of the piece that begins at the place.
    ///
    /// # Errors
    /// Anything: the piece is [undone](Self::undo), and the decoder finds the error itself.
    fn take(&mut self, plain: &[u8]) -> Result<()>;

    /// That was all of the piece, which has so many bytes from the next one on: the decoder stands behind it now.
    fn done(&mut self, coded: u64, note: u64);

    /// Forgets what was taken of the piece at hand: the decoder stands in front of it again, and will get its bytes.
    fn undo(&mut self);
}
