//! Finding blocks that can be decoded apart, by the magics between them.
//!
//! A magic can also be part of a block. What is behind such a one hardly ever looks as a block or the end of a stream does. Where it does, what
//! lies in front of it is no whole block, so that it fails to decode, and the stream's decoder goes on alone.

use super::bits::{Bits, CRC, MAGIC, Search, bits, magic};
use super::decoder::Stream;
use super::tables::{Look, look};
use super::{BLOCK, END, UNIT};
use crate::format::DecodeOptions;
use crate::pieces::{CodedPiece, Found, Scan};

/// Bytes that a block may take: 20 bits for each of 900,001 symbols, and its tables.
const MOST: usize = 2_300_000;
/// Bytes in which all that is looked at behind a magic ends.
const TABLES: usize = 64 << 10;

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
    fn next(&mut self, coded: &[u8], last: bool) -> Found {
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
            Some(block) if block == magic(BLOCK) => self.block(level, coded, last),
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
    fn block(&mut self, level: u8, coded: &[u8], last: bool) -> Found {
        let begin = self.bit;
        let capacity = UNIT * usize::from(level - b'0');
        self.looked = self.looked.max(begin + MAGIC);
        let end = loop {
            let Some(end) = self.search.find(coded, self.looked) else {
                // A magic may begin in the last bytes.
                self.looked = self.looked.max((8 * coded.len()).saturating_sub(MAGIC + 8));
                return if coded.len() < MOST {
                    Found::More
                } else {
                    Found::Lost
                };
            };
            match behind(coded, end, capacity, last) {
                Look::Block => break end,
                Look::Other => self.looked = end + 1,
                Look::Cut => {
                    self.looked = end;
                    return Found::More;
                }
            }
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

/// Does a block, or a stream, end where there is a magic at bit `at`? It does where a block begins, or the end of the input or
/// another stream follows.
fn behind(coded: &[u8], at: usize, most: usize, last: bool) -> Look {
    let near = &coded[..coded.len().min(at / 8 + TABLES)];
    let seen = if bits(coded, at, MAGIC) == Some(magic(BLOCK)) {
        look(near, at, most as u64)
    } else {
        match near.get((at + MAGIC + CRC).div_ceil(8)..) {
            // Padding, or a stream.
            Some([0, ..] | [b'B', b'Z', b'h', ..]) => Look::Block,
            Some([] | [b'B'] | [b'B', b'Z']) | None => Look::Cut,
            Some(_) => Look::Other,
        }
    };
    match seen {
        Look::Cut if near.len() < coded.len() => Look::Other,
        // The decoder will say.
        Look::Cut if last => Look::Block,
        seen => seen,
    }
}
