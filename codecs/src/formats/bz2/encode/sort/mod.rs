//! The second step: the rotations of a block are sorted, and of each the last byte is kept.
//!
//! Rotations are named by where they begin. One *rises* if it is smaller than the one that begins behind it, and *falls* if
//! it is larger. A *valley* rises behind one that falls, a *peak* falls behind one that rises. At most every second rotation is a
//! valley, and from the order of the valleys that of all follows (`induce`). Theirs is found in two steps: by what
//! stands between one valley and the next, to which the same induction leads, and then by doubling how many of these
//! are compared (`double`). It takes O(n log² n) steps at worst, and tables of 14 bytes at most for each byte of the block, ten as a rule.
//!
//! See Nong, Zhang, Chan, *Two Efficient Algorithms for Linear Time Suffix Array Construction* (2011), for induction, and
//! Larsson, Sadakane, *Faster Suffix Sorting* (2007), for doubling. Both are for suffixes; rotations have no end, so that
//! nothing is special about any of them. Where a block repeats itself, some are equal: they stay in any order,
//! as what is kept of them is equal too.

#![allow(
    clippy::cast_possible_truncation,
    reason = "numbers of rotations, below 2^24 as the format has them, and parts of words made of such"
)]

mod double;
mod induce;
mod shape;

use shape::Shape;

/// Sorts blocks, with the tables of the block before.
#[derive(Default)]
pub(super) struct Sorter {
    shape: Shape,
    /// What falls and then what rises, by first bytes.
    rotations: Vec<u32>,
    /// The valleys, more and more sorted.
    valleys: Vec<u32>,
}

impl Sorter {
    /// Puts the last bytes of the sorted rotations in the place of a block, and says which of them is the block's own.
    pub(super) fn sort(&mut self, block: &mut [u8]) -> usize {
        let Some(begin) = shape::first_valley(block) else {
            // All bytes are the same, and so are all rotations.
            return 0;
        };
        self.shape.take(block, begin, &mut self.valleys);
        self.rotations.resize(block.len(), 0);
        self.induce();
        double::sort(&self.shape, &mut self.valleys, &mut self.rotations);
        self.induce();
        self.last_bytes((block.len() - begin) % block.len(), block)
    }

    fn induce(&mut self) {
        induce::induce(&self.shape, &mut self.rotations, &mut self.valleys);
    }

    /// The last bytes of all, and which rotation is the one at `begin`.
    fn last_bytes(&self, begin: usize, out: &mut [u8]) -> usize {
        let (falling, rising) = self.rotations.split_at(self.shape.falling.total());
        let (mut at, mut found) = (0, 0);
        for first in 0..=255 {
            for part in [
                &falling[self.shape.falling.range(first)],
                &rising[self.shape.rising.range(first)],
            ] {
                if let Some(i) = part.iter().position(|&rotation| shape::begin(rotation) == begin) {
                    found = at + i;
                }
                for (byte, &rotation) in out[at..].iter_mut().zip(part) {
                    *byte = shape::before(rotation);
                }
                at += part.len();
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same, as the definition says.
    fn by_definition(block: &[u8]) -> Vec<u8> {
        let mut rotations: Vec<Vec<u8>> = (0..block.len())
            .map(|at| [&block[at..], &block[..at]].concat())
            .collect();
        rotations.sort();
        rotations
            .iter()
            .map(|rotation| rotation[block.len() - 1])
            .collect()
    }

    /// The block, from its sorted rotations, as decoders do it.
    fn restored(sorted: &[u8], mut at: usize) -> Vec<u8> {
        let mut next: Vec<usize> = (0..sorted.len()).collect();
        next.sort_by_key(|&i| sorted[i]);
        sorted
            .iter()
            .map(|_| {
                at = next[at];
                sorted[at]
            })
            .collect()
    }

    fn check(sorter: &mut Sorter, block: &[u8]) {
        let mut sorted = block.to_vec();
        let at = sorter.sort(&mut sorted);
        assert_eq!(sorted, by_definition(block), "{block:?}");
        assert_eq!(restored(&sorted, at), block);
    }

    #[test]
    fn all_short_blocks_of_three_letters_are_sorted() {
        let mut sorter = Sorter::default();
        for len in 1..=8_u32 {
            for number in 0..3_usize.pow(len) {
                let block: Vec<u8> = (0..len)
                    .map(|i| [0, 7, 255][number / 3_usize.pow(i) % 3])
                    .collect();
                check(&mut sorter, &block);
            }
        }
    }

    #[test]
    fn blocks_that_repeat_themselves_are_sorted() {
        let mut fibonacci = (b"a".to_vec(), b"ab".to_vec());
        while fibonacci.1.len() < 600 {
            fibonacci = (fibonacci.1.clone(), [fibonacci.1, fibonacci.0].concat());
        }
        let mut sorter = Sorter::default();
        check(&mut sorter, &fibonacci.1);
        for unit in [&b"a"[..], b"ab", b"abcab", b"aab", b"zyxzyxz"] {
            for len in 1..150 {
                let block: Vec<u8> = unit.iter().copied().cycle().take(len).collect();
                check(&mut sorter, &block);
            }
        }
    }

    /// Blocks of few letters, parts of which are copied to other parts.
    fn blocks() -> impl Strategy<Value = Vec<u8>> {
        let bytes = (1..=255_u8)
            .prop_flat_map(|most| prop::collection::vec(prop_oneof![0..=most, (255 - most)..=255], 1..300));
        let copies = prop::collection::vec(
            (
                any::<prop::sample::Index>(),
                any::<prop::sample::Index>(),
                1..100_usize,
            ),
            0..6,
        );
        (bytes, copies).prop_map(|(mut bytes, copies)| {
            for (from, to, len) in copies {
                let (from, to) = (from.index(bytes.len()), to.index(bytes.len()));
                // One byte after the other, so that what overlaps repeats itself.
                for i in 0..len.min(bytes.len() - from.max(to)) {
                    bytes[to + i] = bytes[from + i];
                }
            }
            bytes
        })
    }

    proptest! {
        #[test]
        fn blocks_are_sorted(block in blocks()) {
            check(&mut Sorter::default(), &block);
        }
    }
}
