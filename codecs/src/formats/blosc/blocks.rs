//! Decoding the blocks of one chunk as its bytes arrive.

use std::ops::Range;

use super::HEADER;
use super::chunk::{Filter, Header, Table};
use super::codec::{self, Backends};
use super::shuffle;
use crate::error::{Error, Result};
use crate::room;

/// The caller's input and how much of it is used.
pub(super) struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Input<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Input { bytes, at: 0 }
    }

    pub(super) fn used(&self) -> usize {
        self.at
    }

    pub(super) fn used_since(&self, at: usize) -> &'a [u8] {
        &self.bytes[at..self.at]
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    /// The next bytes: as many as there are, `most` at most.
    pub(super) fn take(&mut self, most: usize) -> &'a [u8] {
        let rest = self.rest();
        let taken = &rest[..rest.len().min(most)];
        self.at += taken.len();
        taken
    }
}

/// The caller's slice and how much of it is filled.
pub(super) struct Out<'a> {
    bytes: &'a mut [u8],
    filled: usize,
}

impl<'a> Out<'a> {
    pub(super) fn new(bytes: &'a mut [u8]) -> Self {
        Out { bytes, filled: 0 }
    }

    pub(super) fn filled(&self) -> usize {
        self.filled
    }

    fn room(&mut self) -> &mut [u8] {
        &mut self.bytes[self.filled..]
    }

    /// Something has been written, and there is room for no more.
    fn is_full(&self) -> bool {
        self.filled > 0 && self.filled == self.bytes.len()
    }

    /// Takes what fits; how much that was.
    pub(super) fn put(&mut self, bytes: &[u8]) -> usize {
        let room = self.room();
        let n = room.len().min(bytes.len());
        room[..n].copy_from_slice(&bytes[..n]);
        self.filled += n;
        n
    }
}

/// How far decoding has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// It is done.
    Done,
    /// It needs more input, or more room.
    Wait,
}

/// The blocks of a chunk. Buffers are kept from one chunk to the next.
#[derive(Default)]
pub(super) struct Blocks {
    table: Table,
    window: Window,
    backends: Backends,
    plain: Plain,
    /// The block being decoded, the split in it, where in the chunk that is, and its length once it is known.
    block: usize,
    split: usize,
    at: usize,
    len: Option<usize>,
}

impl Blocks {
    /// Begins with a chunk, behind whose table the input stands.
    pub(super) fn begin(&mut self, header: &Header, table: &[u8]) -> Result<()> {
        self.table.read(header, table)?;
        self.window.clear(HEADER + table.len());
        self.plain.clear();
        self.block = 0;
        self.begin_block();
        Ok(())
    }

    /// Bytes that it takes to know where the blocks are: the table as it comes, as it is kept, and sorted.
    pub(super) fn memory(header: &Header) -> usize {
        header.table_len().saturating_mul(5)
    }

    /// Bytes of the buffers that are kept.
    pub(super) fn kept(&self) -> usize {
        self.plain.bytes.capacity() + self.window.bytes.capacity() + self.table.memory()
    }

    fn begin_block(&mut self) {
        self.split = 0;
        self.len = None;
        if self.block < self.table.len() {
            (self.at, _) = self.table.extent(self.block);
        }
    }

    /// Decodes what can be decoded. It is done when the last byte is handed out, and at the end of the chunk.
    pub(super) fn run(
        &mut self,
        header: &Header,
        memory: Option<u64>,
        input: &mut Input<'_>,
        out: &mut Out<'_>,
    ) -> Result<Progress> {
        loop {
            self.plain.hand_out(out);
            if self.plain.is_pending() || out.is_full() {
                return Ok(Progress::Wait);
            }
            let progress = if self.block < self.table.len() {
                self.split(header, memory, input, out)?
            } else {
                let there = self.window.skip_to(header.cbytes, input);
                return Ok(if there { Progress::Done } else { Progress::Wait });
            };
            if progress == Progress::Wait {
                return Ok(Progress::Wait);
            }
        }
    }

    /// The length of a split, or what is in it.
    fn split(
        &mut self,
        header: &Header,
        memory: Option<u64>,
        input: &mut Input<'_>,
        out: &mut Out<'_>,
    ) -> Result<Progress> {
        let block = self.block;
        let (_, end) = self.table.extent(block);
        let len = self.len.unwrap_or(4);
        if len > end - self.at {
            return Err(Error::corrupt(format!(
                "block {block} of a chunk reaches beyond its end at {end}"
            )));
        }
        let range = self.at..self.at + len;
        let needed_behind = self.table.needed_behind(block);
        let block_len = header.block_len(block);
        let held = range.end - range.start.min(needed_behind);
        within(
            memory,
            block_len
                .saturating_add(Self::memory(header))
                .saturating_add(held),
        )?;
        let Some(bytes) = self.window.take(range.clone(), needed_behind, input)? else {
            return Ok(Progress::Wait);
        };
        self.at = range.end;
        if self.len.is_none() {
            let len = u32::from_le_bytes(bytes.try_into().expect("four bytes"));
            self.len = Some(usize::try_from(len).unwrap_or(usize::MAX));
            return Ok(Progress::Done);
        }

        let splits = header.splits(block);
        let split_len = block_len / splits;
        let stored = bytes.len() == split_len;
        if !stored && codec::most(header.codec, bytes) < split_len {
            return Err(Error::corrupt(format!(
                "{} coded bytes of block {block} cannot hold {split_len}",
                bytes.len()
            )));
        }
        let filter = header.filter(block);
        let straight = filter == Filter::None && split_len <= out.room().len();
        let target = if straight {
            &mut out.room()[..split_len]
        } else if filter == Filter::None {
            self.plain.part(0, split_len)?
        } else {
            self.plain.part(self.split * split_len, split_len)?
        };
        if stored {
            target.copy_from_slice(bytes);
        } else {
            self.backends.decode(header.codec, bytes, target)?;
        }
        self.len = None;
        self.split += 1;
        let last = self.split == splits;
        if last {
            self.block += 1;
            self.begin_block();
        }
        if straight {
            out.filled += split_len;
        } else if filter == Filter::None {
            self.plain.set(split_len, filter, header.typesize);
        } else if last {
            self.plain.set(block_len, filter, header.typesize);
        }
        Ok(Progress::Done)
    }
}

/// Is that much memory allowed?
pub(super) fn within(memory: Option<u64>, need: usize) -> Result<()> {
    match memory {
        Some(memory) if need as u64 > memory => Err(Error::limit(format!(
            "a chunk takes {need} bytes of memory; {memory} are allowed"
        ))),
        _ => Ok(()),
    }
}

/// The part of a chunk that has arrived and is still needed.
#[derive(Default)]
struct Window {
    bytes: Vec<u8>,
    /// Where in the chunk they begin.
    at: usize,
}

impl Window {
    fn clear(&mut self, at: usize) {
        self.bytes.clear();
        self.at = at;
    }

    /// Where in the chunk the input stands.
    fn end(&self) -> usize {
        self.at + self.bytes.len()
    }

    /// That part of the chunk, once all of it is there. What lies in front of it and of `needed` is dropped.
    fn take<'w, 'i: 'w>(
        &'w mut self,
        range: Range<usize>,
        needed: usize,
        input: &mut Input<'i>,
    ) -> Result<Option<&'w [u8]>> {
        if !self.skip_to(range.start.min(needed), input) {
            return Ok(None);
        }
        let missing = range.end.saturating_sub(self.end());
        if missing == range.len() && range.end <= needed && input.rest().len() >= missing {
            // All of it lies in the input, and nothing has to be kept.
            self.clear(range.end);
            return Ok(Some(input.take(missing)));
        }
        // It grows with the bytes that are there.
        room::append(&mut self.bytes, input.take(missing))?;
        let whole = self.end() >= range.end;
        Ok(whole.then(|| &self.bytes[range.start - self.at..range.end - self.at]))
    }

    /// Drops what lies in front of `to`; whether the input reaches so far.
    fn skip_to(&mut self, to: usize, input: &mut Input<'_>) -> bool {
        let end = self.end();
        if to >= end {
            let skipped = input.take(to - end).len();
            self.clear(end + skipped);
        } else if to > self.at && to - self.at >= self.bytes.len() / 2 {
            // Now and then, so that small splits do not move the rest as many times.
            self.bytes.drain(..to - self.at);
            self.at = to;
        }
        self.end() >= to
    }
}

/// A block, or a split of it, that did not go to the caller's slice straight away.
#[derive(Default)]
struct Plain {
    /// Still as it was shuffled.
    bytes: Vec<u8>,
    len: usize,
    filter: Option<(Filter, usize)>,
    /// Plain bytes that have been handed out.
    at: usize,
    /// Plain bytes of which the caller's slice held only some, and how many it did.
    spilt: Vec<u8>,
    spilt_at: usize,
}

impl Plain {
    fn clear(&mut self) {
        (self.at, self.len) = (0, 0);
        self.spilt.clear();
        self.spilt_at = 0;
    }

    /// Room for a part of the block.
    fn part(&mut self, at: usize, len: usize) -> Result<&mut [u8]> {
        let end = at + len;
        room::lengthen(&mut self.bytes, end)?;
        Ok(&mut self.bytes[at..end])
    }

    /// So many bytes are there to be handed out.
    fn set(&mut self, len: usize, filter: Filter, typesize: usize) {
        (self.at, self.len) = (0, len);
        self.filter = Some((filter, typesize));
    }

    fn is_pending(&self) -> bool {
        self.at < self.len || self.spilt_at < self.spilt.len()
    }

    /// Hands out as much as there is room for.
    fn hand_out(&mut self, out: &mut Out<'_>) {
        self.spilt_at += out.put(&self.spilt[self.spilt_at..]);
        let block = &self.bytes[..self.len];
        let (filter, typesize) = self.filter.unwrap_or((Filter::None, 1));
        if filter == Filter::None {
            self.at += out.put(&block[self.at..]);
            return;
        }
        while self.at < self.len && !out.room().is_empty() {
            let granule = shuffle::granule(typesize);
            let left = self.len - self.at;
            let room = out.room();
            let n = if room.len() < left {
                room.len() - room.len() % granule
            } else {
                left
            };
            if n > 0 {
                shuffle::undo(filter, typesize, block, self.at, &mut room[..n]);
                self.at += n;
                out.filled += n;
            } else {
                let n = granule.min(left);
                self.spilt.resize(n, 0);
                shuffle::undo(filter, typesize, block, self.at, &mut self.spilt);
                self.at += n;
                self.spilt_at = out.put(&self.spilt);
            }
        }
    }
}
