//! An encoder made of independent pieces, on one thread.

use std::fmt;

use crate::error::Result;
use crate::format::{BlockEncode, Blocks, Encode, EncodeOptions, Framing, Op, Piece, Status, Step};

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
            state: State::New,
        })
    }

    fn encode(&mut self, input: &[u8], last: bool) -> Result<()> {
        let piece = Piece {
            index: self.pieces,
            last,
        };
        let checksum = self.encoder.encode(input, piece, &mut self.coded)?;
        self.framing.piece(input, checksum);
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
