//! What decoders of ours do with input that comes in any pieces, and with errors behind data.

use crate::error::{Error, Result};
use crate::format::{Status, Step};
#[cfg(any(feature = "lz4", feature = "snappy", feature = "blosc", feature = "lzo"))]
use crate::room;

/// The bytes of the item that a decoder reads next, as long as they are not all there.
///
/// It grows with the bytes that are there, never on a header's word.
#[cfg(any(feature = "lz4", feature = "snappy", feature = "blosc", feature = "lzo"))]
#[derive(Default)]
pub(super) struct Gather(Vec<u8>);

#[cfg(any(feature = "lz4", feature = "snappy", feature = "blosc", feature = "lzo"))]
impl Gather {
    /// Takes bytes of the input until there are `need` of them: how many were taken, and the item once it is
    /// whole. An item that lies in the input is not copied. [`clear`](Self::clear) makes ready for the next.
    ///
    /// # Errors
    /// `Limit` if there is no memory for it.
    pub(super) fn take<'a>(&'a mut self, need: usize, input: &'a [u8]) -> Result<(usize, Option<&'a [u8]>)> {
        let n = (need - self.0.len()).min(input.len());
        if n == need {
            return Ok((n, Some(&input[..n])));
        }
        room::append(&mut self.0, &input[..n])?;
        Ok((n, (self.0.len() == need).then_some(&self.0)))
    }

    #[cfg(any(feature = "lz4", feature = "snappy", feature = "lzo", feature = "blosc"))]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// An error that was found behind data: the data goes out first.
#[derive(Default)]
pub(super) struct Deferred(Option<Error>);

impl Deferred {
    /// At the beginning of a step.
    ///
    /// # Errors
    /// The error of the step before.
    pub(super) fn check(&mut self) -> Result<()> {
        self.0.take().map_or(Ok(()), Err)
    }

    /// At the end of a step: what it answers.
    ///
    /// # Errors
    /// That of `result`, unless the step has given data.
    pub(super) fn step(&mut self, consumed: usize, produced: usize, result: Result<Status>) -> Result<Step> {
        let status = match result {
            Ok(status) => status,
            Err(error) if produced == 0 => return Err(error),
            Err(error) => {
                self.0 = Some(error);
                Status::More
            }
        };
        Ok(Step {
            consumed,
            produced,
            status,
        })
    }

    #[cfg(any(feature = "lz4", feature = "snappy", feature = "blosc", feature = "lzo"))]
    pub(super) fn clear(&mut self) {
        self.0 = None;
    }
}

/// A decoded block for which the caller's slice had no room, and what of it is still to be handed out.
#[cfg(any(feature = "lz4", feature = "snappy", feature = "lzo"))]
#[derive(Default)]
pub(super) struct Held {
    bytes: Vec<u8>,
    at: usize,
    end: usize,
}

#[cfg(any(feature = "lz4", feature = "snappy", feature = "lzo"))]
impl Held {
    /// Room for a block of so many bytes, which [`keep`](Self::keep) then makes ready to be handed out.
    ///
    /// # Errors
    /// `Limit` if there is no memory for it.
    pub(super) fn room(&mut self, len: usize) -> Result<&mut [u8]> {
        room::lengthen(&mut self.bytes, len)?;
        Ok(&mut self.bytes[..len])
    }

    pub(super) fn keep(&mut self, len: usize) {
        (self.at, self.end) = (0, len);
    }

    /// Hands out what there is and there is room for; how much that was.
    pub(super) fn hand_out(&mut self, out: &mut [u8]) -> usize {
        let n = (self.end - self.at).min(out.len());
        out[..n].copy_from_slice(&self.bytes[self.at..self.at + n]);
        self.at += n;
        n
    }

    pub(super) fn is_empty(&self) -> bool {
        self.at == self.end
    }

    pub(super) fn clear(&mut self) {
        self.keep(0);
    }
}
