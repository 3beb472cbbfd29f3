//! Where blocks may begin, in bytes that come in any pieces.

use super::BLOCK;
use super::bits::{CRC, MAGIC, magic};

/// Bits that look like the magic of a block, and the CRC that such a one has behind its magic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) crc: u32,
    /// Bytes of the input up to and with the one in which the CRC ends.
    pub(super) len: usize,
    /// Bits of that byte behind it.
    pub(super) spare: u8,
}

/// Looks through what a decoder is about to be given.
#[derive(Default)]
pub(super) struct Finder {
    recent: u128,
    /// Bytes that have been looked at and not yet [taken](Self::take).
    ahead: usize,
    hit: Option<Hit>,
}

/// The byte, counted from the last one, that lies inside the magic wherever in the last one the CRC ends.
const WITHIN: usize = 6;

impl Finder {
    /// The first hit in `input`, whose beginning may have been shown before.
    pub(super) fn find(&mut self, input: &[u8]) -> Option<Hit> {
        if self.hit.is_some() {
            return self.hit;
        }
        for byte in input.get(self.ahead..).unwrap_or_default() {
            self.recent = self.recent << 8 | u128::from(*byte);
            self.ahead += 1;
            if INSIDE[usize::from(self.recent.to_le_bytes()[WITHIN])]
                && let Some((crc, spare)) = ends(self.recent)
            {
                self.hit = Some(Hit {
                    crc,
                    len: self.ahead,
                    spare,
                });
                break;
            }
        }
        self.hit
    }

    /// So many bytes are done with; says what hit they end with.
    pub(super) fn take(&mut self, n: usize) -> Option<Hit> {
        self.ahead = self.ahead.saturating_sub(n);
        let hit = self.hit.as_mut()?;
        hit.len = hit.len.saturating_sub(n);
        if hit.len == 0 { self.hit.take() } else { None }
    }
}

/// The CRC that ends in the last byte, behind a magic, and the bits of that byte behind it.
fn ends(recent: u128) -> Option<(u32, u8)> {
    (0..8).find_map(|spare| {
        let [.., a, b, c, d, e, f, w, x, y, z] = (recent >> spare).to_be_bytes();
        ([a, b, c, d, e, f] == BLOCK).then_some((u32::from_be_bytes([w, x, y, z]), spare))
    })
}

/// Bytes that can stand [`WITHIN`] a hit.
const INSIDE: [bool; 256] = {
    let mut inside = [false; 256];
    let mut spare = 0;
    while spare < 8 {
        let bytes = ((magic(BLOCK) as u128) << CRC << spare).to_le_bytes();
        inside[bytes[WITHIN] as usize] = true;
        spare += 1;
    }
    assert!(8 * (WITHIN + 1) < CRC + MAGIC && 8 * WITHIN >= CRC + 8);
    inside
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_beginning_of_a_block_at_every_bit_however_the_bytes_come() {
        for spare in 0..8u8 {
            // The bits in the middle of others.
            let bits = (u128::from(magic(BLOCK)) << CRC | 0xdead_beef) << spare << 16;
            let bytes: Vec<u8> = bits.to_be_bytes()[2..].to_vec();
            for size in 1..=bytes.len() {
                let (mut finder, mut at, mut hits) = (Finder::default(), 0, Vec::new());
                for piece in bytes.chunks(size) {
                    let mut rest = piece;
                    while !rest.is_empty() {
                        let n = finder
                            .find(rest)
                            .map_or(rest.len(), |hit| hit.len.min(rest.len()));
                        // Half of it first, as a decoder without room does.
                        for n in [n / 2, n - n / 2] {
                            at += n;
                            hits.extend(finder.take(n).map(|hit| (hit.crc, at, hit.spare)));
                        }
                        rest = &rest[n..];
                    }
                }
                assert_eq!(hits, [(0xdead_beef, 12, spare)], "in pieces of {size}");
            }
        }
    }
}
