//! What stands between the magic of a block and its data, as far as that tells a block from what only looks like one.
//!
//! Fields as in [the format's description](https://github.com/dsnet/compress/blob/master/doc/bzip2-format.pdf), section 2.2.

use super::bits::{CRC, MAGIC, bits};

/// What the bits behind a magic look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Block,
    Other,
    /// They end before that can be told.
    Cut,
}

/// Looks at the bits behind the magic of a block at bit `at`, in a stream of blocks of so many bytes at most.
pub(super) fn look(bytes: &[u8], at: usize, most: u64) -> Look {
    let mut fields = Fields {
        bytes,
        at: at + MAGIC + CRC,
    };
    match fields.tables(most) {
        Some(true) => Look::Block,
        Some(false) => Look::Other,
        None => Look::Cut,
    }
}

struct Fields<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Fields<'_> {
    fn take(&mut self, n: usize) -> Option<u64> {
        let value = bits(self.bytes, self.at, n)?;
        self.at += n;
        Some(value)
    }

    /// Can these be the tables of a block? `None` if they are cut.
    fn tables(&mut self, most: u64) -> Option<bool> {
        let _randomised = self.take(1)?;
        if self.take(24)? >= most {
            return Some(false);
        }
        let mut symbols = 0;
        for _ in 0..self.take(16)?.count_ones() {
            symbols += self.take(16)?.count_ones();
        }
        let trees = self.take(3)?;
        let selectors = self.take(15)?;
        if symbols == 0 || !(2..=6).contains(&trees) || selectors == 0 {
            return Some(false);
        }
        for _ in 0..selectors {
            let mut back = 0;
            while self.take(1)? == 1 {
                back += 1;
                if back == trees {
                    return Some(false);
                }
            }
        }
        // Two symbols for runs and one for the end, and the first byte of all has none.
        for _ in 0..trees {
            let mut len = self.take(5)?;
            for _ in 0..symbols + 2 {
                while (1..=20).contains(&len) && self.take(1)? == 1 {
                    len = if self.take(1)? == 1 { len - 1 } else { len + 1 };
                }
                if !(1..=20).contains(&len) {
                    return Some(false);
                }
            }
        }
        Some(true)
    }
}

#[cfg(test)]
mod tests {
    use super::super::bits::Bits;
    use super::*;
    use crate::Compressor;

    #[test]
    fn blocks_look_like_blocks_and_cut_ones_cut() {
        let bz2 = Compressor::by_name("bz2").unwrap();
        for plain in [
            &b"a"[..],
            b"abracadabra",
            &[0; 100_000],
            &(0..=255).collect::<Vec<u8>>(),
        ] {
            let coded = bz2.compress(plain).unwrap();
            assert_eq!(look(&coded, 32, 900_000), Look::Block);
            // The pointer into the block stands behind the magic and the CRC.
            assert_eq!(look(&coded, 32, 0), Look::Other);
            assert_eq!(look(&coded[..4 + 10 + 8], 32, 900_000), Look::Cut);
        }
    }

    #[test]
    fn other_bits_do_not_look_like_blocks() {
        let mut state = 1_u64;
        let looks = (0..1000).filter(|_| {
            let mut text = Bits::default();
            for _ in 0..1000 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                text.push(state >> 32, 32);
            }
            look(&text.bytes, 3, 900_000) != Look::Other
        });
        assert_eq!(looks.count(), 0);
    }
}
