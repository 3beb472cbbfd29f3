//! An encoder made of independent pieces.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use crate::engine::pool::{Answer, Pool, Work};
use crate::error::{Error, Result};
use crate::format::{
    BlockEncode, Blocks, Encode, EncodeOptions, Format, Framing, Hint, LateHead, Op, Piece, Status, Step,
};

/// An [`Encode`] made of the pieces of a [`Blocks`] format.
///
/// It gathers input to the block size and encodes a piece at a time. A whole block that lies in the input is
/// encoded from there, without a copy. A flush ends the piece at hand early.
///
/// It encodes them all itself. Where several threads are asked for, the engine makes one that gives the pieces to its
/// pool, and whose bytes are the same.
pub struct Blocked {
    framing: Box<dyn Framing>,
    encoder: Box<dyn BlockEncode>,
    pool: Option<Pool<Plain, Coded>>,
    size: usize,
    block: Vec<u8>,
    coded: Vec<u8>,
    coded_at: usize,
    /// Buffers that the pool has given back.
    spare: Vec<Vec<u8>>,
    pieces: u64,
    elements: Elements,
    state: State,
}

/// A piece for the pool, and a buffer for its coded form.
struct Plain {
    bytes: Vec<u8>,
    piece: Piece,
    room: Vec<u8>,
}

/// What the pool has made of it.
struct Coded {
    plain: Vec<u8>,
    bytes: Vec<u8>,
    checksum: u32,
}

impl Work<Plain, Coded> for Box<dyn BlockEncode> {
    fn work(&mut self, task: Plain, give: &mut dyn FnMut(Coded) -> bool) -> Result<()> {
        let mut bytes = task.room;
        let checksum = self.encode(&task.bytes, task.piece, &mut bytes)?;
        give(Coded {
            plain: task.bytes,
            bytes,
            checksum,
        });
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    New,
    Open,
    /// The last piece is being encoded.
    Last,
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
            pool: None,
            size: blocks.block_size(options).max(1),
            block: Vec::new(),
            coded: Vec::new(),
            coded_at: 0,
            spare: Vec::new(),
            pieces: 0,
            elements: Elements::of(options.element_size),
            state: State::New,
        })
    }

    /// The same on as many threads as the options ask for.
    pub(crate) fn on_threads(format: Arc<dyn Format>, options: &EncodeOptions) -> Result<Self> {
        fn blocks<'a>(format: &'a dyn Format, options: &EncodeOptions) -> Result<&'a dyn Blocks> {
            options
                .blocks(format)
                .ok_or_else(|| Error::unsupported("the format has no blocks"))
        }
        let mut blocked = Blocked::new(blocks(&*format, options)?, options)?;
        let (threads, options) = (options.threads, options.clone());
        let new = move || Ok(Box::new(blocks(&*format, &options)?.block_encoder(&options)?) as Box<_>);
        blocked.pool = Some(Pool::new(threads, Arc::new(new)));
        Ok(blocked)
    }

    /// The number of the next piece, and what it is made of.
    fn next_piece(&mut self, len: usize, last: bool) -> Piece {
        let piece = Piece {
            index: self.pieces,
            last,
            element_size: self.elements.of_the_next(len),
        };
        self.pieces += 1;
        piece
    }

    fn encode(&mut self, input: &[u8], piece: Piece) -> Result<()> {
        let before = self.coded.len();
        let checksum = self.encoder.encode(input, piece, &mut self.coded)?;
        self.framing.piece(input, self.coded.len() - before, checksum);
        Ok(())
    }

    /// Makes a piece of what has been gathered.
    fn end_piece(&mut self, last: bool) -> Result<()> {
        let piece = self.next_piece(self.block.len(), last);
        let mut block = std::mem::take(&mut self.block);
        // A stream of one piece is no work for threads.
        if let Some(pool) = self.pool.as_mut().filter(|pool| !last || pool.pending() > 0) {
            let room = self.spare.pop().unwrap_or_default();
            match pool.submit(Plain {
                bytes: block,
                piece,
                room,
            }) {
                Ok(()) => {
                    self.block = self.spare.pop().unwrap_or_default();
                    return Ok(());
                }
                // There are no threads, and so no pieces before this one that they have.
                Err(refused) => block = refused.bytes,
            }
        }
        let result = self.encode(&block, piece);
        block.clear();
        self.block = block;
        result
    }

    /// Takes input until a piece has been made of it or it is used up; or, where pieces are encoded by the pool, takes
    /// from there what has been waited for long enough.
    fn take(&mut self, input: &[u8]) -> Result<usize> {
        if let Some(pool) = &mut self.pool {
            let answer = if pool.pending() < pool.capacity() {
                pool.poll()
            } else {
                pool.wait()
            };
            if let Some(answer) = answer {
                self.collect(answer)?;
                return Ok(0);
            }
        } else if self.block.is_empty() && input.len() >= self.size {
            let input = &input[..self.size];
            let piece = self.next_piece(input.len(), false);
            self.encode(input, piece)?;
            return Ok(self.size);
        }
        let n = input.len().min(self.size - self.block.len());
        self.block.extend_from_slice(&input[..n]);
        if self.block.len() == self.size {
            self.end_piece(false)?;
        }
        Ok(n)
    }

    /// Takes a piece that the pool has encoded. There are no coded bytes in front of it that still wait.
    fn collect(&mut self, answer: Answer<Coded>) -> Result<()> {
        match answer {
            Answer::Part(Coded {
                mut plain,
                bytes,
                checksum,
            }) => {
                self.framing.piece(&plain, bytes.len(), checksum);
                plain.clear();
                self.spare.push(plain);
                self.spare.push(std::mem::replace(&mut self.coded, bytes));
                Ok(())
            }
            Answer::End(result) => result,
        }
    }

    /// Goes on with a flush or the end of the stream; `false` if there is nothing more to do.
    fn end(&mut self, op: Op) -> Result<bool> {
        if op == Op::Finish && self.state == State::Open {
            self.end_piece(true)?;
            self.state = State::Last;
        } else if op == Op::Flush && !self.block.is_empty() {
            self.end_piece(false)?;
        } else if let Some(answer) = self.pool.as_mut().and_then(Pool::wait) {
            self.collect(answer)?;
        } else if self.state == State::Last {
            self.framing.end(&mut self.coded);
            self.state = State::Ended;
        } else {
            return Ok(false);
        }
        Ok(true)
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
            let mut status = Status::More;
            if self.coded_at == self.coded.len() {
                self.coded.clear();
                self.coded_at = 0;
                if consumed < input.len() {
                    consumed += self.take(&input[consumed..])?;
                    continue;
                }
                if op != Op::Run && self.end(op)? {
                    continue;
                }
                if op != Op::Run {
                    status = Status::Done;
                }
            }
            return Ok(Step {
                consumed,
                produced,
                status,
            });
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

        // What comes back counts together, wherever in the stream that is: 4 bytes of integers and 5 of doubles.
        elements.change(142, 8);
        elements.change(147, 4);
        assert_eq!(elements.of_the_next(9), 8);
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
