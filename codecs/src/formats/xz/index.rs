//! What stands behind the blocks of a stream (section 2.1.2 and 4 of the specification): the sizes of all of them.

use std::sync::Arc;

use super::seek::State;
use crate::error::{Error, Result};
use crate::format::DecodeOptions;
use crate::seek::{Coded, Entry, Extent, Point, Survey, bytes_at};

/// Bytes of a stream's header, and of its footer.
pub(super) const HEADER: u64 = 12;

/// Bytes of an index that is read into memory, if the limits allow as much: some 10 million blocks.
const INDEX: u64 = 64 << 20;

/// Reads the indexes of all streams, from the last one to the first.
pub(super) struct Indexes {
    most: u64,
}

impl Indexes {
    pub(super) fn new(options: &DecodeOptions) -> Self {
        Indexes {
            most: options.memory.unwrap_or(u64::MAX).min(INDEX),
        }
    }
}

impl Survey for Indexes {
    fn extend(&mut self, coded: &mut dyn Coded, _: u64, found: &mut Vec<Point>) -> Result<Extent> {
        let mut streams = Vec::new();
        let mut end = coded.size();
        while end > 0 {
            end = behind_padding(coded, end)?;
            let stream = Stream::before(coded, end, self.most)?;
            end = stream.at;
            streams.push(stream);
        }
        let mut plain = 0;
        for stream in streams.iter().rev() {
            plain = stream.points(plain, found)?;
        }
        Ok(Extent::End(plain))
    }
}

/// Where the stream ends that NUL bytes follow up to `end`.
fn behind_padding(coded: &mut dyn Coded, mut end: u64) -> Result<u64> {
    let mut block = [0; 4096];
    while end > 0 {
        let from = end.saturating_sub(block.len() as u64);
        let n = coded.read_at(from, &mut block)?;
        let nuls = block[..n].iter().rev().take_while(|&&byte| byte == 0).count();
        // Whole words of them: what ends a footer is none.
        end -= (nuls & !3) as u64;
        if nuls < n {
            break;
        }
    }
    Ok(end)
}

struct Stream {
    at: u64,
    header: [u8; 12],
    /// Bytes of the index and the footer.
    tail: u64,
    /// Unpadded coded size and plain size of each block.
    blocks: Vec<(u64, u64)>,
}

impl Stream {
    /// The stream that ends at `end`.
    fn before(coded: &mut dyn Coded, end: u64, most: u64) -> Result<Self> {
        let wrong = |what: &str| Error::corrupt(format!("the stream that ends at {end} has {what}"));
        let footer_at = end.checked_sub(HEADER).ok_or_else(|| wrong("no footer"))?;
        let footer: [u8; 12] = bytes_at(coded, footer_at)?.ok_or_else(|| wrong("no footer"))?;
        let backward = (u64::from(word(&footer[4..8])) + 1) * 4;
        if &footer[10..] != b"YZ" || word(&footer[..4]) != crc32fast::hash(&footer[4..10]) {
            return Err(wrong("a damaged footer"));
        }
        let index_at = footer_at.checked_sub(backward).filter(|_| backward <= most);
        let index_at = index_at.ok_or_else(|| wrong("an index that is too large"))?;
        let mut index = vec![0; usize::try_from(backward).map_err(|_| wrong("an index that is too large"))?];
        coded.read_at(index_at, &mut index)?;
        let blocks = parse(&index).ok_or_else(|| wrong("a damaged index"))?;
        let coded_size = blocks.iter().try_fold(HEADER, |sum: u64, (unpadded, _)| {
            sum.checked_add(unpadded.checked_next_multiple_of(4)?)
        });
        let at = coded_size.and_then(|size| index_at.checked_sub(size));
        let at = at.ok_or_else(|| wrong("an index of more than there is"))?;
        let header: [u8; 12] = bytes_at(coded, at)?.ok_or_else(|| wrong("no header"))?;
        if &header[..6] != b"\xfd7zXZ\0"
            || header[6..8] != footer[8..10]
            || word(&header[8..]) != crc32fast::hash(&header[6..8])
        {
            return Err(wrong("an index that does not lead to its header"));
        }
        Ok(Stream {
            at,
            header,
            tail: backward + HEADER,
            blocks,
        })
    }

    /// A point for each block; the plain offset behind the last one.
    fn points(&self, mut plain: u64, found: &mut Vec<Point>) -> Result<u64> {
        let state: Arc<[u8]> = State::write(&self.header, self.tail, &self.blocks).into();
        let mut at = self.at + HEADER;
        for (number, (unpadded, size)) in (0..).zip(&self.blocks) {
            found.push(Point {
                coded: at,
                plain,
                entry: if number == 0 {
                    Entry::Stream
                } else {
                    Entry::inside(&state, number)
                },
            });
            if number == 0 {
                found.last_mut().expect("just pushed").coded = self.at;
            }
            at += unpadded.next_multiple_of(4);
            plain = plain
                .checked_add(*size)
                .ok_or_else(|| Error::corrupt("the sizes of the blocks are too large"))?;
        }
        Ok(plain)
    }
}

/// The blocks that an index names, if it is whole and right (section 4).
fn parse(index: &[u8]) -> Option<Vec<(u64, u64)>> {
    let (body, crc) = index.split_at_checked(index.len().checked_sub(4)?)?;
    if word(crc) != crc32fast::hash(body) {
        return None;
    }
    let (0, mut rest) = body.split_first().map(|(indicator, rest)| (*indicator, rest))? else {
        return None;
    };
    let count = usize::try_from(number(&mut rest)?).ok()?;
    // Each takes two bytes at least.
    if count > rest.len() / 2 {
        return None;
    }
    let mut blocks = Vec::with_capacity(count);
    for _ in 0..count {
        let unpadded = number(&mut rest)?;
        blocks.push(((unpadded > 0).then_some(unpadded)?, number(&mut rest)?));
    }
    (rest.len() < 4 && rest.iter().all(|&byte| byte == 0)).then_some(blocks)
}

/// An integer of variable length (section 1.2).
fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for i in 0..9 {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            return (byte != 0 || i == 0).then_some(value);
        }
    }
    None
}

fn word(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes.try_into().expect("four bytes"))
}
