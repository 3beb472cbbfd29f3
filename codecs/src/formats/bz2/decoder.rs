//! Reading: the library's decoder, and how it goes on behind blocks that it has not seen.
//!
//! Where its blocks begin is seen here, for seeking: what looks like the beginning of a block is one if the library has
//! given more data in front of it than in front of the block before, since it gives nothing of a block before it has all of
//! it. To begin there is to go on behind blocks whose combined CRC is known, and nothing else of them.

use std::sync::Arc;

use bzip2::{Decompress, Status as Backend};

use super::bits::{Bits, CRC, MAGIC, bits, magic};
use super::crc::combine;
use super::encode::Encoder;
use super::finder::{Finder, Hit};
use super::{BLOCK, END};
use crate::error::{Error, Result};
use crate::format::{Decode, Status, Step};
use crate::pieces::{Adopt, Place};
use crate::seek::{Entry, Marks};

/// Bytes in front of the first block: `BZh` and the level.
const HEADER: usize = 4;

pub(super) struct Stream {
    backend: Decompress,
    /// The digit of the level, once it has been seen.
    level: u8,
    /// Blocks have been adopted since the library was last given anything.
    adopted: Option<Adopted>,
    /// Bytes behind adopted blocks, as long as they may be the footer; later those that the library has not been given.
    footer: Vec<u8>,
    /// Plain bytes that the library will give and nobody wants.
    unwanted: usize,
    /// Finds what may be the beginning of a block; behind the bytes of such a one, as long as there is data in front of it.
    finder: Finder,
    passed: Option<Hit>,
    /// The CRC of the block at hand, once it has begun, and the combined one of those before it.
    crc: Option<u32>,
    before: u32,
    /// Plain bytes that the library has given, and those of them that were before the block at hand.
    given: u64,
    block_at: u64,
    marks: Marks,
    /// What is wrong behind the bytes just delivered.
    failed: Option<Error>,
}

/// What is known behind adopted blocks.
#[derive(Clone, Copy, Default)]
struct Adopted {
    /// The CRCs of all blocks so far, combined as the footer has them.
    crc: u32,
    /// Bits of the next byte that the last block has.
    bit: usize,
}

impl Stream {
    pub(super) fn new() -> Self {
        Stream {
            backend: Decompress::new(false),
            level: 0,
            adopted: None,
            footer: Vec::new(),
            unwanted: 0,
            finder: Finder::default(),
            passed: None,
            crc: None,
            before: 0,
            given: 0,
            block_at: 0,
            marks: Marks::default(),
            failed: None,
        }
    }

    /// One call of the library.
    fn call(&mut self, input: &[u8], out: &mut [u8]) -> (usize, usize, Result<Backend>) {
        let before = (self.backend.total_in(), self.backend.total_out());
        let result = self.backend.decompress(input, out);
        let moved = |now: u64, before: u64| usize::try_from(now - before).expect("within the slices");
        (
            moved(self.backend.total_in(), before.0),
            moved(self.backend.total_out(), before.1),
            result.map_err(explain),
        )
    }

    /// Behind adopted blocks: the footer, which is compared here, or something else, which the library is to see.
    fn behind_adopted(&mut self, adopted: Adopted, input: &[u8], eof: bool) -> Result<Step> {
        let whole = (adopted.bit + MAGIC + CRC).div_ceil(8);
        let consumed = (whole - self.footer.len()).min(input.len());
        self.footer.extend_from_slice(&input[..consumed]);
        let is_footer = bits(&self.footer, adopted.bit, MAGIC) == Some(magic(END))
            && bits(&self.footer, adopted.bit + MAGIC, CRC) == Some(u64::from(adopted.crc));
        if !is_footer && (self.footer.len() == whole || eof && !self.footer.is_empty()) {
            self.go_on_behind(adopted)?;
        }
        Ok(Step {
            consumed,
            produced: 0,
            status: if is_footer { Status::Done } else { Status::More },
        })
    }

    /// Makes the library go on where adopted blocks end, in the middle of a byte and with their combined CRC: it is given
    /// a stream that begins with a block of this CRC and ends in the same bit.
    fn go_on_behind(&mut self, adopted: Adopted) -> Result<()> {
        let (stream, plain) = stand_in(self.level, adopted)?;
        let begins = bits(&self.footer, adopted.bit, MAGIC) == Some(magic(BLOCK));
        let next = bits(&self.footer, adopted.bit + MAGIC, CRC).filter(|_| begins);
        let next = next.map(|crc| u32::try_from(crc).expect("32 bits"));
        *self = Stream {
            level: self.level,
            unwanted: plain,
            footer: std::mem::take(&mut self.footer),
            crc: next,
            before: adopted.crc,
            marks: std::mem::take(&mut self.marks),
            ..Stream::new()
        };
        let whole = stream.len() - usize::from(adopted.bit > 0);
        if let (Some(last), Some(next)) = (stream.get(whole), self.footer.first_mut()) {
            *next = *last | *next & (0xff >> adopted.bit);
        }
        self.footer.splice(..0, stream[..whole].iter().copied());
        Ok(())
    }

    /// A step, but for what it tells the marks.
    fn advance(&mut self, input: &[u8], out: &mut [u8], eof: bool) -> Result<Step> {
        if let Some(adopted) = self.adopted {
            let step = self.behind_adopted(adopted, input, eof)?;
            if self.adopted.is_some() || step.consumed > 0 {
                return Ok(step);
            }
        }
        let seen = usize::try_from(self.backend.total_in()).unwrap_or(HEADER);
        if let Some(level) = input.get(HEADER.wrapping_sub(1 + seen)).filter(|_| seen < HEADER) {
            self.level = *level;
        }
        let mut at = 0;
        while at < self.footer.len() || self.unwanted > 0 {
            let mut scratch = [0; 16];
            let kept = std::mem::take(&mut self.footer);
            let target = if self.unwanted > 0 {
                &mut scratch[..self.unwanted]
            } else {
                &mut *out
            };
            let (consumed, produced, result) = self.call(&kept[at..], target);
            self.footer = kept;
            at += consumed;
            let status = result?;
            let delivered = if self.unwanted > 0 { 0 } else { produced };
            self.unwanted -= produced.min(self.unwanted);
            if delivered > 0 || status == Backend::StreamEnd || consumed == 0 && produced == 0 {
                self.footer.drain(..at);
                return Ok(Step {
                    consumed: 0,
                    produced: delivered,
                    status: if status == Backend::StreamEnd {
                        Status::Done
                    } else {
                        Status::More
                    },
                });
            }
        }
        self.footer.clear();
        self.blocks(input, out)
    }

    /// Lets the library decode, and sees where its blocks begin.
    fn blocks(&mut self, input: &[u8], out: &mut [u8]) -> Result<Step> {
        let (mut consumed, mut produced) = (0, 0);
        let mut status = Status::More;
        loop {
            let rest = &input[consumed..];
            // Nothing behind the beginning of a block until all in front of it is out.
            let len = match self.passed {
                Some(_) => 0,
                None => self
                    .finder
                    .find(rest)
                    .map_or(rest.len(), |hit| hit.len.min(rest.len())),
            };
            let (took, gave, result) = self.call(&rest[..len], &mut out[produced..]);
            consumed += took;
            produced += gave;
            self.given += gave as u64;
            match result {
                Ok(Backend::StreamEnd) => status = Status::Done,
                Ok(_) => {}
                Err(error) if consumed == 0 && produced == 0 => return Err(error),
                Err(error) => self.failed = Some(error),
            }
            if let Some(hit) = self.finder.take(took) {
                self.passed = Some(hit);
            }
            let ended = status == Status::Done || self.failed.is_some();
            let drained = took == 0 && gave == 0;
            match self.passed {
                _ if ended || produced == out.len() => break,
                Some(hit) if drained => self.pass(hit, consumed, produced),
                None if drained || consumed == input.len() => break,
                _ => {}
            }
        }
        Ok(Step {
            consumed,
            produced,
            status,
        })
    }

    /// Behind what may be the beginning of a block, with all data in front of it given.
    fn pass(&mut self, hit: Hit, consumed: usize, produced: usize) {
        self.passed = None;
        match self.crc {
            None => self.crc = Some(hit.crc),
            Some(crc) if self.given > self.block_at => {
                self.before = combine(self.before, crc);
                self.crc = Some(hit.crc);
                self.block_at = self.given;
                let at = 8 * self.marks.coded(consumed) - u64::from(hit.spare) - (MAGIC + CRC) as u64;
                let entry = entry(self.level, self.before, at % 8);
                self.marks.place_at(at / 8, produced, || entry);
            }
            // Data that looks like it.
            Some(_) => {}
        }
    }
}

impl Decode for Stream {
    fn step(&mut self, input: &[u8], out: &mut [u8], eof: bool) -> Result<Step> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let step = self.advance(input, out, eof)?;
        self.marks.advance(step.consumed, step.produced);
        Ok(step)
    }

    fn reset(&mut self) -> Result<()> {
        let mut marks = std::mem::take(&mut self.marks);
        marks.restart();
        *self = Stream {
            marks,
            ..Stream::new()
        };
        Ok(())
    }

    fn marks(&mut self) -> Option<&mut Marks> {
        Some(&mut self.marks)
    }

    fn resume(&mut self, state: &[u8], at: u64) -> Result<()> {
        self.reset()?;
        let (&[level @ b'1'..=b'9', a, b, c, d], Ok(bit @ 0..8)) = (state, usize::try_from(at)) else {
            return Err(Error::corrupt("no state of a point in a bz2 stream"));
        };
        self.level = level;
        self.adopted = Some(Adopted {
            crc: u32::from_be_bytes([a, b, c, d]),
            bit,
        });
        Ok(())
    }

    fn adopt(&mut self) -> Option<&mut dyn Adopt> {
        Some(self)
    }
}

impl Adopt for Stream {
    fn place(&mut self) -> Option<Place> {
        let at_first = self.backend.total_in() == HEADER as u64 && self.unwanted == 0;
        let bit = match self.adopted {
            Some(adopted) if self.footer.is_empty() => adopted.bit,
            None if at_first => 0,
            _ => return None,
        };
        Some(Place {
            bit: u8::try_from(bit).expect("below 8"),
            context: u64::from(self.level),
        })
    }

    fn take(&mut self, plain: &[u8]) -> Result<()> {
        self.marks.adopt(plain.len());
        // Its CRC has been compared by the decoder of the piece.
        Ok(())
    }

    fn done(&mut self, coded: u64, note: u64) {
        let [.., a, b, c, d, bit] = note.to_be_bytes();
        let before = self.adopted.unwrap_or_default();
        let crc = combine(before.crc, u32::from_be_bytes([a, b, c, d]));
        self.adopted = Some(Adopted {
            crc,
            bit: usize::from(bit),
        });
        let level = self.level;
        self.marks.adopted_up_to(coded, || entry(level, crc, bit.into()));
    }

    fn undo(&mut self) {
        self.marks.undo();
    }
}

/// What a point needs to know of the blocks before it.
fn entry(level: u8, before: u32, bit: u64) -> Entry {
    let [a, b, c, d] = before.to_be_bytes();
    let state: Arc<[u8]> = Arc::new([level, a, b, c, d]);
    Entry::inside(&state, bit)
}

fn explain(error: bzip2::Error) -> Error {
    match error {
        bzip2::Error::DataMagic => {
            Error::corrupt("not a bzip2 stream: it does not begin with BZh and a digit")
        }
        // The library tells damaged structure and wrong CRCs apart to itself only.
        _ => Error::corrupt("a block or its CRC-32 is damaged"),
    }
}

/// The beginning of a stream, to the end of a block which stands for adopted ones: its CRC is their combined one, and it
/// ends in the same bit as they. Also, how many plain bytes it holds.
fn stand_in(level: u8, adopted: Adopted) -> Result<(Vec<u8>, usize)> {
    // How long a block gets follows from its bytes, so that it is tried out: about one in eight ends where it should.
    let mut encoder = Encoder::new(1);
    for n in 0..4096_u32 {
        let plain = with_crc(n, adopted.crc);
        let mut stream = Bits::of_bytes(&[b'B', b'Z', b'h', level]);
        encoder.block(&plain, &mut stream);
        if stream.used() == adopted.bit {
            return Ok((stream.bytes, plain.len()));
        }
    }
    Err(Error::corrupt("no block ends in the bit that it should"))
}

const POLYNOMIAL: u32 = 0x04c1_1db7;

/// Eight bytes that begin with a number and have a certain CRC-32, bzip2's, which takes the highest bit first.
fn with_crc(n: u32, crc: u32) -> [u8; 8] {
    let forward = (0..32).fold(!0 ^ n, |r, _| r << 1 ^ if r >> 31 == 1 { POLYNOMIAL } else { 0 });
    let backward = (0..32).fold(!crc, |r, _| {
        if r & 1 == 1 {
            (r ^ POLYNOMIAL) >> 1 | 1 << 31
        } else {
            r >> 1
        }
    });
    let mut bytes = [0; 8];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    bytes[4..].copy_from_slice(&(forward ^ backward).to_be_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stand_in_has_the_crc_and_ends_in_the_bit_that_it_should() {
        for bit in 0..8 {
            for crc in [0, 1, 0xdead_beef, u32::MAX] {
                let (stream, plain) = stand_in(b'9', Adopted { crc, bit }).unwrap();
                let end = 8 * stream.len() - (8 - bit) % 8;
                assert_eq!(bits(&stream, 8 * HEADER + MAGIC, CRC), Some(u64::from(crc)));
                // With a footer it is a stream that the library finds right.
                let mut whole = Bits::of_bytes(&stream[..HEADER]);
                whole.push_from(&stream, 8 * HEADER, end);
                whole.push(magic(END), MAGIC);
                whole.push(crc.into(), CRC);
                let mut out = [0; 64];
                let step = Stream::new().step(&whole.bytes, &mut out, true).unwrap();
                assert_eq!((step.status, step.produced), (Status::Done, plain));
            }
        }
    }
}
