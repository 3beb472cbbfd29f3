//! Bits in the order of bzip2: the highest of a byte comes first.

use super::{BLOCK, END};

/// The bits of a magic.
pub(super) const fn magic(bytes: [u8; 6]) -> u64 {
    let [a, b, c, d, e, f] = bytes;
    u64::from_be_bytes([0, 0, a, b, c, d, e, f])
}

/// Bits of a magic, and of a CRC.
pub(super) const MAGIC: usize = 48;
pub(super) const CRC: usize = 32;

/// The `n` bits from bit `at` on, if they are there; 56 at most.
pub(super) fn bits(bytes: &[u8], at: usize, n: usize) -> Option<u64> {
    let field = bytes.get(at / 8..(at + n).div_ceil(8))?;
    let value = field.iter().fold(0, |value, &byte| value << 8 | u64::from(byte));
    Some(value >> (8 * field.len() - at % 8 - n) & (u64::MAX >> (64 - n)))
}

/// Bits one behind the other.
#[derive(Default)]
pub(super) struct Bits {
    pub(super) bytes: Vec<u8>,
    /// Bits of the last byte that are used; 0 for all.
    used: usize,
}

impl Bits {
    /// The most that are pushed at a time.
    pub(super) const MOST: usize = 57;

    pub(super) fn of_bytes(bytes: &[u8]) -> Self {
        Bits::behind(bytes.to_vec())
    }

    /// Behind whole bytes.
    pub(super) fn behind(bytes: Vec<u8>) -> Self {
        Bits { bytes, used: 0 }
    }

    /// Bits of the last byte that are used; 0 for all.
    pub(super) fn used(&self) -> usize {
        self.used
    }

    /// Appends the lowest `n` bits of a value, [`Self::MOST`] of them at most.
    pub(super) fn push(&mut self, value: u64, n: usize) {
        debug_assert!(n <= Self::MOST, "with those of the last byte they make a word");
        if n == 0 {
            return;
        }
        let mut word = value << (64 - n) >> self.used;
        if self.used > 0 {
            word |= u64::from(self.bytes.pop().unwrap_or(0)) << 56;
        }
        self.used += n;
        let end = self.bytes.len() + self.used.div_ceil(8);
        self.bytes.extend_from_slice(&word.to_be_bytes());
        self.bytes.truncate(end);
        self.used %= 8;
    }

    /// Appends the bits from `from` to `to`. The bits so far must fill their bytes.
    pub(super) fn push_from(&mut self, bytes: &[u8], from: usize, to: usize) {
        debug_assert_eq!(self.used, 0, "only what is pushed last may end within a byte");
        let (first, shift, whole) = (from / 8, from % 8, (to - from) / 8);
        if shift == 0 {
            self.bytes.extend_from_slice(&bytes[first..first + whole]);
        } else {
            let pairs = bytes[first..=first + whole].windows(2);
            self.bytes
                .extend(pairs.map(|pair| pair[0] << shift | pair[1] >> (8 - shift)));
        }
        let rest = (to - from) % 8;
        if let Some(value) = bits(bytes, to - rest, rest.max(1)).filter(|_| rest > 0) {
            self.push(value, rest);
        }
    }
}

/// Finds magics at any bit.
pub(super) struct Search {
    /// Of each byte, for three in a row: at which bits of the byte in front of them which magic can begin.
    candidates: Box<[[u16; 256]; 3]>,
}

impl Search {
    pub(super) fn new() -> Self {
        let mut candidates = Box::new([[0; 256]; 3]);
        for (i, magic) in [magic(BLOCK), magic(END)].into_iter().enumerate() {
            for shift in 0..8 {
                let [_, field @ ..] = (magic << (16 - shift)).to_be_bytes();
                for (table, byte) in candidates.iter_mut().zip(field) {
                    table[usize::from(byte)] |= 1 << (8 * i + shift);
                }
            }
        }
        Search { candidates }
    }

    /// The bit at which the first magic begins that does so at bit `from` or behind it.
    pub(super) fn find(&self, bytes: &[u8], from: usize) -> Option<usize> {
        let [first, second, third] = &*self.candidates;
        let start = from / 8;
        let behind = bytes.get(start + 1..)?;
        for (i, three) in behind.windows(3).enumerate() {
            let mut found =
                first[usize::from(three[0])] & second[usize::from(three[1])] & third[usize::from(three[2])];
            while found != 0 {
                let at = 8 * (start + i) + found.trailing_zeros() as usize % 8;
                let there = bits(bytes, at, MAGIC);
                if at >= from && (there == Some(magic(BLOCK)) || there == Some(magic(END))) {
                    return Some(at);
                }
                found &= found - 1;
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn magics_are_found_at_every_bit() {
        for wanted in [BLOCK, END] {
            for at in 0..40 {
                let mut text = Bits::default();
                text.push(0x1234_5678_9abc, at);
                text.push(magic(wanted), MAGIC);
                text.push(0x5555_5555, 30);
                let search = Search::new();
                assert_eq!(search.find(&text.bytes, 0), Some(at));
                assert_eq!(search.find(&text.bytes, at), Some(at));
                assert_eq!(search.find(&text.bytes, at + 1), None);
                let cut = (at + MAGIC).div_ceil(8) - 1;
                assert_eq!(search.find(&text.bytes[..cut], 0), None);
            }
        }
    }

    #[test]
    fn bits_are_moved_to_where_a_byte_begins() {
        let bytes: Vec<u8> = (0..40_u8).map(|i| i.wrapping_mul(37)).collect();
        for from in 0..20 {
            for to in from..bytes.len() * 8 {
                let mut moved = Bits::of_bytes(b"x");
                moved.push_from(&bytes, from, to);
                moved.push(1, 1);
                let mut one_by_one = Bits::of_bytes(b"x");
                for at in from..to {
                    one_by_one.push(bits(&bytes, at, 1).unwrap(), 1);
                }
                one_by_one.push(1, 1);
                assert_eq!(moved.bytes, one_by_one.bytes, "{from} to {to}");
            }
        }
    }
}
