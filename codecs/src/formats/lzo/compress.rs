//! Plain bytes to LZO1X blocks: the instructions, and the fast search.
//!
//! That asks a hash table for the latest place with the same four bytes, takes what it finds there, and passes the
//! faster over data the longer it finds nothing. The slow one is in [`parse`](super::parse).

use std::ops::RangeInclusive;

use super::decompress::END;
use super::parse::Parser;

/// How far back the matches reach that take two bytes if they are of 3 to 8, three bytes, and three bytes too.
pub(super) const NEAR: usize = 2048;
pub(super) const MIDDLE: usize = 16384;
pub(super) const FAR: usize = 49151;
/// Behind more than three literals, distances of a match of three bytes that takes two.
pub(super) const RUN_NEAR: RangeInclusive<usize> = 2049..=3072;

/// Bytes that a match of the fast search has at least.
const LEAST: usize = 4;
/// Positions are counted modulo this, which is more than a match can reach.
pub(super) const POSITIONS: usize = 1 << 16;
/// Bits of the fast search's hashes. One more makes files smaller by a percent, and the search slower by a few.
const TABLE_BITS: u32 = 13;

/// The most bytes that a block of so many plain ones can take.
pub(super) fn most(plain: usize) -> usize {
    // A match of four bytes takes three, and a run of 19 literals before it two more than itself.
    plain + plain / 16 + 64
}

/// From this level on the slow search, as with lzop(1).
const SLOW: i32 = 7;

/// For each hash of four bytes the latest place where they stood. It stays in the first cache.
type Table = [u16; 1 << TABLE_BITS];

/// One of the two searches.
pub(super) enum Compressor {
    Fast(Box<Table>),
    Slow(Parser),
}

impl Compressor {
    pub(super) fn new(level: i32) -> Self {
        if level < SLOW {
            Compressor::Fast(Box::new([0; 1 << TABLE_BITS]))
        } else {
            Compressor::Slow(Parser::new(level))
        }
    }

    /// Compresses to the front of `out`, which has room for [`most`] bytes; how many it takes.
    pub(super) fn compress(&mut self, input: &[u8], out: &mut [u8]) -> usize {
        let mut coded = Coded::new(out);
        let rest = match self {
            Compressor::Fast(table) => fast(table, input, &mut coded),
            Compressor::Slow(parser) => parser.parse(input, &mut coded),
        };
        coded.end(input, rest)
    }
}

/// Returns from where on there are only literals.
fn fast(table: &mut Table, input: &[u8], coded: &mut Coded<'_>) -> usize {
    // 0 is the beginning of the block, or a place 65,536 bytes after one that is: what stands there decides.
    table.fill(0);
    let Some(last) = input.len().checked_sub(2 * size_of::<u64>()) else {
        return 0;
    };
    let (mut anchor, mut at) = (0, 1);
    while at <= last {
        let word = word(input, at);
        let slot = &mut table[slot(word, TABLE_BITS)];
        let distance = usize::from(low(at).wrapping_sub(*slot));
        *slot = low(at);
        if distance.wrapping_sub(1) >= FAR || self::word(input, at - distance) != word {
            at += 1 + ((at - anchor) >> 5);
            continue;
        }
        let len = LEAST + equal(input, at + LEAST, distance);
        anchor = coded.sequence(input, anchor, at, Found { len, distance });
        at = anchor;
        if at <= last {
            table[self::slot(self::word(input, at - 2), TABLE_BITS)] = low(at - 2);
        }
    }
    anchor
}

/// A position as the table has it.
#[allow(clippy::cast_possible_truncation, reason = "modulo POSITIONS")]
pub(super) fn low(at: usize) -> u16 {
    (at % POSITIONS) as u16
}

#[inline(always)]
pub(super) fn word(input: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(*input[at..].first_chunk().expect("not at the end"))
}

#[inline(always)]
pub(super) fn slot(word: u32, bits: u32) -> usize {
    // Fibonacci hashing.
    (word.wrapping_mul(0x9e37_79b1) >> (32 - bits)) as usize
}

/// How many bytes from `at` on are those of `distance` before.
#[inline(always)]
pub(super) fn equal(input: &[u8], at: usize, distance: usize) -> usize {
    let (new, old) = (&input[at..], &input[at - distance..]);
    let mut n = 0;
    while let (Some(a), Some(b)) = (new[n..].first_chunk(), old[n..].first_chunk()) {
        let differing = u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
        if differing != 0 {
            return n + differing.trailing_zeros() as usize / 8;
        }
        n += size_of::<u64>();
    }
    n + new[n..].iter().zip(&old[n..]).take_while(|(a, b)| a == b).count()
}

/// A match: how many bytes, and how far back they stand.
#[derive(Clone, Copy)]
pub(super) struct Found {
    pub(super) len: usize,
    pub(super) distance: usize,
}

/// A block being written.
pub(super) struct Coded<'a> {
    out: &'a mut [u8],
    at: usize,
    /// There has been a match, which has room for the number of up to three literals.
    matched: bool,
    /// The last instruction was a run of more than three literals.
    after_run: bool,
}

impl<'a> Coded<'a> {
    pub(super) fn new(out: &'a mut [u8]) -> Self {
        Coded {
            out,
            at: 0,
            matched: false,
            after_run: false,
        }
    }

    #[inline(always)]
    fn push(&mut self, byte: usize) {
        self.out[self.at] = u8::try_from(byte).expect("a byte");
        self.at += 1;
    }

    /// A length that goes on: see [`decompress`](super::decompress).
    fn extend(&mut self, more: usize) {
        let zeros = (more - 1) / 255;
        self.out[self.at..self.at + zeros].fill(0);
        self.at += zeros;
        self.push(more - 255 * zeros);
    }

    #[inline(always)]
    fn literals(&mut self, input: &[u8], from: usize, to: usize) {
        const UNIT: usize = 16;
        let n = to - from;
        self.after_run = n > 3;
        match n {
            0 => return,
            1..=3 if self.matched => self.out[self.at - 2] |= [0, 1, 2, 3][n],
            1..=238 if !self.matched => self.push(17 + n),
            4..=18 => self.push(n - 3),
            _ => {
                self.push(0);
                self.extend(n - 18);
            }
        }
        let unit = input[from..].first_chunk::<UNIT>().filter(|_| n <= UNIT);
        match (unit, self.out[self.at..].first_chunk_mut()) {
            (Some(unit), Some(out)) => *out = *unit,
            _ => self.out[self.at..self.at + n].copy_from_slice(&input[from..to]),
        }
        self.at += n;
    }

    /// Literals from `from` to `to`, and the match there; where that ends.
    #[inline(always)]
    pub(super) fn sequence(&mut self, input: &[u8], from: usize, to: usize, found: Found) -> usize {
        self.literals(input, from, to);
        self.matched(found);
        to + found.len
    }

    #[inline(always)]
    fn matched(&mut self, Found { len, distance }: Found) {
        self.matched = true;
        if len == 3 && self.after_run && RUN_NEAR.contains(&distance) {
            let distance = distance - RUN_NEAR.start();
            self.push((distance & 3) << 2);
            self.push(distance >> 2);
            return;
        }
        if len <= 8 && distance <= NEAR {
            let distance = distance - 1;
            self.push((len - 1) << 5 | (distance & 7) << 2);
            self.push(distance >> 3);
            return;
        }
        let (first, bits, distance) = if distance <= MIDDLE {
            (32, 31, distance - 1)
        } else {
            let distance = distance - MIDDLE;
            (16 | (distance >> 14) << 3, 7, distance & 0x3fff)
        };
        if len - 2 <= bits {
            self.push(first | (len - 2));
        } else {
            self.push(first);
            self.extend(len - 2 - bits);
        }
        self.push(distance << 2 & 0xff);
        self.push(distance >> 6);
    }

    /// The literals that are left, and the end mark; how many bytes the block takes.
    pub(super) fn end(mut self, input: &[u8], from: usize) -> usize {
        self.literals(input, from, input.len());
        self.out[self.at..self.at + END.len()].copy_from_slice(&END);
        self.at + END.len()
    }
}
