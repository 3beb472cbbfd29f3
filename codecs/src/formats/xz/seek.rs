//! Reading from a block on: liblzma gets the stream's header and then that block. What stands behind the blocks is not shown to it, since
//! the index there is one of all blocks; the sizes of those that are read are compared here.

use super::super::gather::Deferred;
use super::coder::stream_decoder;
use super::index::HEADER;
use crate::error::{Error, Result};
use crate::format::{Decode, DecodeOptions, Status, Step};

/// What the points of a stream share: its header, the bytes behind its blocks, and the sizes of these.
pub(super) struct State<'a> {
    header: &'a [u8],
    tail: u64,
    blocks: &'a [u8],
}

impl<'a> State<'a> {
    const BLOCK: usize = 16;

    pub(super) fn write(header: &[u8; 12], tail: u64, blocks: &[(u64, u64)]) -> Vec<u8> {
        let mut state = Vec::with_capacity(20 + Self::BLOCK * blocks.len());
        state.extend_from_slice(header);
        state.extend_from_slice(&tail.to_le_bytes());
        for (unpadded, plain) in blocks {
            state.extend_from_slice(&unpadded.to_le_bytes());
            state.extend_from_slice(&plain.to_le_bytes());
        }
        state
    }

    fn read(state: &'a [u8]) -> Option<Self> {
        let (header, rest) = state.split_at_checked(usize::try_from(HEADER).ok()?)?;
        let (tail, blocks) = rest.split_first_chunk()?;
        Some(State {
            header,
            tail: u64::from_le_bytes(*tail),
            blocks,
        })
    }
}

/// Decodes the blocks of a stream from one of them on, and steps over what stands behind the last.
pub(super) struct FromBlock {
    inner: Box<dyn Decode>,
    /// The sizes of the blocks that have not begun, in [`State`]'s form.
    blocks: Vec<u8>,
    next: usize,
    /// What is left of the block at hand.
    coded: u64,
    plain: u64,
    tail: u64,
    failed: Deferred,
}

impl FromBlock {
    pub(super) fn new(options: &DecodeOptions, state: &[u8], at: u64) -> Result<Self> {
        let wrong = || Error::corrupt("no state of a point in an xz stream");
        let State { header, tail, blocks } = State::read(state).ok_or_else(wrong)?;
        let from = usize::try_from(at)
            .ok()
            .and_then(|at| at.checked_mul(State::BLOCK));
        let blocks = from.and_then(|from| blocks.get(from..)).ok_or_else(wrong)?;
        // It gets one block at a time.
        let mut inner = stream_decoder(&DecodeOptions {
            threads: 1,
            ..options.clone()
        })?;
        let step = inner.step(header, &mut [], false)?;
        if step.consumed != header.len() {
            return Err(wrong());
        }
        Ok(FromBlock {
            inner,
            blocks: blocks.to_vec(),
            next: 0,
            coded: 0,
            plain: 0,
            tail,
            failed: Deferred::default(),
        })
    }

    /// On to the next block; `false` behind the last one.
    fn begin_block(&mut self) -> bool {
        let Some(sizes) = self.blocks.get(self.next..self.next + State::BLOCK) else {
            return false;
        };
        let size = |at: usize| u64::from_le_bytes(*sizes[at..].first_chunk().expect("eight bytes"));
        self.coded = size(0).next_multiple_of(4);
        self.plain = size(8);
        self.next += State::BLOCK;
        true
    }

    fn run(
        &mut self,
        input: &[u8],
        consumed: &mut usize,
        out: &mut [u8],
        produced: &mut usize,
    ) -> Result<Status> {
        while self.coded > 0 || self.plain > 0 || self.begin_block() {
            let rest = &input[*consumed..];
            let given = &rest[..clamp(self.coded, rest.len())];
            let step = self.inner.step(given, &mut out[*produced..], false)?;
            *consumed += step.consumed;
            *produced += step.produced;
            self.coded -= step.consumed as u64;
            self.plain = self
                .plain
                .checked_sub(step.produced as u64)
                .ok_or_else(|| Error::corrupt("a block is larger than the index says"))?;
            if self.coded == 0 && self.plain == 0 {
                continue;
            }
            if *produced == out.len() || (given.is_empty() && self.coded > 0) {
                return Ok(Status::More);
            }
            if step.consumed == 0 && step.produced == 0 {
                return Err(Error::corrupt(
                    "a block does not have the size that the index says",
                ));
            }
        }
        let n = clamp(self.tail, input.len() - *consumed);
        *consumed += n;
        self.tail -= n as u64;
        Ok(if self.tail == 0 {
            Status::Done
        } else {
            Status::More
        })
    }
}

/// So many, or as many as there are.
fn clamp(n: u64, most: usize) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX).min(most)
}

impl Decode for FromBlock {
    fn step(&mut self, input: &[u8], out: &mut [u8], _: bool) -> Result<Step> {
        self.failed.check()?;
        let (mut consumed, mut produced) = (0, 0);
        let result = self.run(input, &mut consumed, out, &mut produced);
        self.failed.step(consumed, produced, result)
    }

    fn reset(&mut self) -> Result<()> {
        unreachable!("the decoder around it makes a new one")
    }
}
