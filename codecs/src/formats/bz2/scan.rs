//! Finding blocks that can be decoded apart, by the magics between them.
//!
//! A magic can also be part of a block's data. What lies in front of such a one is no whole block, so that it fails to
//! decode, and the stream's decoder goes on alone.

use super::bits::{Bits, CRC, MAGIC, Search, bits, magic};
use super::decoder::Stream;
use super::{BLOCK, END};
use crate::format::DecodeOptions;
use crate::pieces::{CodedPiece, Found, Scan};

/// Bytes that a block may take: 20 bits for each of 900,001 symbols, and its tables.
const MOST: usize = 2_300_000;
/// Plain bytes of a level's unit.
const UNIT: usize = 100_000;

pub(super) fn scanner(_: &DecodeOptions) -> Box<dyn Scan> {
    Box::new(Blocks {
        level: None,
        bit: 0,
        looked: 0,
        search: Search::new(),
    })
}

struct Blocks {
    /// The digit in the header of the stream; `None` in front of one.
    level: Option<u8>,
    /// Bits of the next byte that have been passed.
    bit: usize,
    /// From the next byte on, bits among which the end of a block has been looked for in vain.
    looked: usize,
    search: Search,
}

impl Scan for Blocks {
    fn next(&mut self, coded: &[u8], _: bool) -> Found {
        let Some(level) = self.level else {
            return match coded {
                [b'B', b'Z', b'h', level @ b'1'..=b'9', ..] => {
                    (self.level, self.bit) = (Some(*level), 0);
                    Found::Pass(4)
                }
                [_, _, _, _, ..] => Found::Lost,
                _ => Found::More,
            };
        };
        match bits(coded, self.bit, MAGIC) {
            Some(block) if block == magic(BLOCK) => self.block(level, coded),
            Some(end) if end == magic(END) => {
                self.level = None;
                match (self.bit + MAGIC + CRC).div_ceil(8) {
                    footer if footer <= coded.len() => Found::End(footer),
                    _ => Found::Lost,
                }
            }
            Some(_) => Found::Lost,
            None => Found::More,
        }
    }
}

impl Blocks {
    fn block(&mut self, level: u8, coded: &[u8]) -> Found {
        let begin = self.bit;
        let Some(end) = self.search.find(coded, self.looked.max(begin + MAGIC)) else {
            // A magic may begin in the last bytes.
            self.looked = (8 * coded.len()).saturating_sub(MAGIC + 8);
            return if coded.len() < MOST {
                Found::More
            } else {
                Found::Lost
            };
        };
        let Some(crc) = bits(coded, begin + MAGIC, CRC) else {
            return Found::Lost;
        };
        (self.bit, self.looked) = (end % 8, 0);
        // The block as a stream of its own.
        let mut stream = Bits::of_bytes(&[b'B', b'Z', b'h', level]);
        stream.push_from(coded, begin, end);
        stream.push(magic(END), MAGIC);
        stream.push(crc, CRC);
        let capacity = UNIT * usize::from(level - b'0');
        Found::Piece(CodedPiece {
            begin: begin as u64,
            end: end as u64,
            coded: Some(stream.bytes),
            decoder: Box::new(Stream::new()),
            context: u64::from(level),
            note: crc << 8 | (end % 8) as u64,
            // Runs make it more than the capacity more often than not.
            plain: 2 * capacity,
            bounded: false,
            memory: 4 * capacity as u64,
            unsure: true,
        })
    }
}
