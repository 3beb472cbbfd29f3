//! An encoder made of independent pieces, on one thread.

use std::collections::VecDeque;
use std::fmt;

use crate::error::Result;
use crate::format::{
    BlockEncode, Blocks, Encode, EncodeOptions, Framing, Hint, LateHead, Op, Piece, Status, Step,
};

/// An [`Encode`] made of the pieces of a [`Blocks`] format.
///
/// It gathers input to the block size and encodes a piece at a time. A whole block that lies in the input is
/// encoded from there, without a copy. A flush ends the piece at hand early.
pub struct Blocked {
    framing: Box<dyn Framing>,
    encoder: Box<dyn BlockEncode>,
    size: usize,
    block: Vec<u8>,
    coded: Vec<u8>,
    coded_at: usize,
    pieces: u64,
    elements: Elements,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    New,
    Open,
    /// The trailer has been made.
    Ended,
}

impl Blocked {
    /// An encoder of one stream.
    ///
    /// # Errors
    /// What the format's [`Blocks`] report.
    pub fn new(blocks: &(impl Blocks + ?Sized), options: &EncodeOptions) -> Result<Self> {
        Ok(Blocked {
            framing: blocks.framing(options)?,
            encoder: blocks.block_encoder(options)?,
            size: blocks.block_size(options).max(1),
            block: Vec::new(),
            coded: Vec::new(),
            coded_at: 0,
            pieces: 0,
            elements: Elements::of(options.element_size),
            state: State::New,
        })
    }

    fn encode(&mut self, input: &[u8], last: bool) -> Result<()> {
        let piece = Piece {
            index: self.pieces,
            last,
            element_size: self.elements.of_the_next(input.len()),
        };
        let before = self.coded.len();
        let checksum = self.encoder.encode(input, piece, &mut self.coded)?;
        self.framing.piece(input, self.coded.len() - before, checksum);
        self.pieces += 1;
        Ok(())
    }

    fn encode_gathered(&mut self, last: bool) -> Result<()> {
        let block = std::mem::take(&mut self.block);
        let result = self.encode(&block, last);
        self.block = block;
        self.block.clear();
        result
    }

    /// Takes input until a piece has been made of it or it is used up.
    fn take(&mut self, input: &[u8]) -> Result<usize> {
        if self.block.is_empty() && input.len() >= self.size {
            self.encode(&input[..self.size], false)?;
            return Ok(self.size);
        }
        let n = input.len().min(self.size - self.block.len());
        self.block.extend_from_slice(&input[..n]);
        if self.block.len() == self.size {
            self.encode_gathered(false)?;
        }
        Ok(n)
    }
}

impl Encode for Blocked {
    fn step(&mut self, input: &[u8], out: &mut [u8], op: Op) -> Result<Step> {
        let (mut consumed, mut produced) = (0, 0);
        if self.state == State::New {
            self.framing.begin(&mut self.coded);
            self.state = State::Open;
        }
        loop {
            let n = (self.coded.len() - self.coded_at).min(out.len() - produced);
            out[produced..produced + n].copy_from_slice(&self.coded[self.coded_at..self.coded_at + n]);
            produced += n;
            self.coded_at += n;
            if self.coded_at < self.coded.len() {
                return Ok(Step {
                    consumed,
                    produced,
                    status: Status::More,
                });
            }
            self.coded.clear();
            self.coded_at = 0;
            if consumed < input.len() {
                consumed += self.take(&input[consumed..])?;
                continue;
            }
            match op {
                Op::Run => {
                    return Ok(Step {
                        consumed,
                        produced,
                        status: Status::More,
                    });
                }
                Op::Flush if !self.block.is_empty() => self.encode_gathered(false)?,
                Op::Finish if self.state == State::Open => {
                    self.encode_gathered(true)?;
                    self.framing.end(&mut self.coded);
                    self.state = State::Ended;
                }
                Op::Flush | Op::Finish => {
                    return Ok(Step {
                        consumed,
                        produced,
                        status: Status::Done,
                    });
                }
            }
        }
    }

    fn ready(&self) -> Option<&[u8]> {
        Some(&self.coded[self.coded_at..])
    }

    fn taken(&mut self, n: usize) {
        self.coded_at += n;
    }

    fn hint(&mut self, at: u64, hint: Hint) {
        let Hint::ElementSize(size) = hint;
        self.elements.change(at, size);
    }

    fn late_head(&mut self) -> Option<&mut dyn LateHead> {
        self.framing.late_head()
    }
}

/// What the stream is made of, from the beginning of the piece at hand on.
struct Elements {
    /// Plain bytes of the pieces encoded so far.
    at: u64,
    /// The size of the elements at that byte.
    size: usize,
    /// Where other sizes begin, in order.
    changes: VecDeque<(u64, usize)>,
}

impl Elements {
    fn of(size: usize) -> Self {
        Elements {
            at: 0,
            size: size.max(1),
            changes: VecDeque::new(),
        }
    }

    fn change(&mut self, at: u64, size: usize) {
        let size = size.max(1);
        // A change with no byte before the next one is none.
        if self.changes.back().is_some_and(|&(last, _)| last == at) {
            self.changes.pop_back();
        }
        let current = self.changes.back().map_or(self.size, |&(_, size)| size);
        if size != current {
            self.changes.push_back((at, size));
        }
    }

    /// The size that most of the next `len` bytes are made of: of those that share the most, the first.
    fn of_the_next(&mut self, len: usize) -> usize {
        let end = self.at + len as u64;
        let mut shares: Vec<(usize, u64)> = Vec::new();
        while self.at < end {
            let next = self.changes.front().map_or(end, |&(at, _)| at.min(end));
            match shares.iter_mut().find(|(size, _)| *size == self.size) {
                Some((_, bytes)) => *bytes += next - self.at,
                None => shares.push((self.size, next - self.at)),
            }
            self.at = next;
            while let Some(&(at, size)) = self.changes.front()
                && at <= self.at
            {
                self.size = size;
                self.changes.pop_front();
            }
        }
        let mut most = (self.size, 0);
        for share in shares {
            if share.1 > most.1 {
                most = share;
            }
        }
        most.0
    }
}

impl fmt::Debug for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blocked")
            .field("size", &self.size)
            .field("pieces", &self.pieces)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::Elements;

    #[test]
    fn a_piece_is_of_what_most_of_it_is_made_of() {
        let mut elements = Elements::of(1);
        elements.change(10, 8);
        elements.change(14, 1);
        elements.change(40, 4);
        assert_eq!(elements.of_the_next(12), 1); // ten bytes and 2 of doubles
        assert_eq!(elements.of_the_next(4), 8); // 2 and 2: the first
        assert_eq!(elements.of_the_next(24), 1); // to byte 40
        assert_eq!(elements.of_the_next(100), 4);
        assert_eq!(elements.of_the_next(0), 4);
    }

    #[test]
    fn an_array_without_elements_changes_nothing() {
        let mut elements = Elements::of(1);
        for _ in 0..1000 {
            elements.change(5, 8);
            elements.change(5, 1);
        }
        assert!(elements.changes.is_empty());
        assert_eq!(elements.of_the_next(10), 1);
    }
}
