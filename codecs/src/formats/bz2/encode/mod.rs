//! Writing: the streams of pieces, each of as many blocks as it takes.

mod codes;
mod front;
mod runs;
mod sort;

use super::bits::{Bits, CRC, MAGIC, magic};
use super::crc::{combine, crc};
use super::{BLOCK, END, UNIT};
use crate::error::Result;
use crate::format::{BlockEncode, Piece};
use codes::Codes;
use front::Symbols;
use sort::Sorter;

/// Writes pieces as streams of their own.
pub(super) struct Encoder {
    /// The digit of the level.
    level: u8,
    sorter: Sorter,
    /// A block behind the first step, then behind the second.
    block: Vec<u8>,
    symbols: Symbols,
    codes: Codes,
}

impl Encoder {
    pub(super) fn new(level: u8) -> Self {
        Encoder {
            level: b'0' + level,
            sorter: Sorter::default(),
            block: Vec::new(),
            symbols: Symbols::default(),
            codes: Codes::default(),
        }
    }

    /// Writes a stream.
    pub(super) fn stream(&mut self, mut plain: &[u8], bits: &mut Bits) {
        let mut all = 0;
        bits.push(u32::from_be_bytes([b'B', b'Z', b'h', self.level]).into(), 32);
        while !plain.is_empty() {
            let (taken, crc) = self.block(plain, bits);
            all = combine(all, crc);
            plain = &plain[taken..];
        }
        bits.push(magic(END), MAGIC);
        bits.push(all.into(), CRC);
    }

    /// Writes a block, and says of how many bytes it is and their CRC.
    pub(super) fn block(&mut self, plain: &[u8], bits: &mut Bits) -> (usize, u32) {
        let capacity = UNIT * usize::from(self.level - b'0');
        self.block.clear();
        let taken = runs::shorten(plain, capacity, &mut self.block);
        let crc = crc(&plain[..taken]);
        let origin = self.sorter.sort(&mut self.block);
        self.symbols.make(&self.block);
        self.codes.find(&self.symbols);
        bits.push(magic(BLOCK), MAGIC);
        bits.push(crc.into(), CRC);
        // Not randomised.
        bits.push(0, 1);
        bits.push(origin as u64, 24);
        self.codes.write(&self.symbols, bits);
        (taken, crc)
    }
}

impl BlockEncode for Encoder {
    fn encode(&mut self, input: &[u8], piece: Piece, out: &mut Vec<u8>) -> Result<u32> {
        // The streams before hold everything; an empty one is for empty data only.
        if !input.is_empty() || piece.index == 0 {
            let mut bits = Bits::behind(std::mem::take(out));
            self.stream(input, &mut bits);
            *out = bits.bytes;
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use bzip2::read::{BzDecoder, BzEncoder};
    use proptest::prelude::*;

    use super::*;

    fn stream(level: u8, plain: &[u8]) -> Vec<u8> {
        let mut bits = Bits::default();
        Encoder::new(level).stream(plain, &mut bits);
        bits.bytes
    }

    /// What the library makes of a stream.
    fn decoded(stream: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        BzDecoder::new(stream).read_to_end(&mut plain).unwrap();
        plain
    }

    /// How large the library makes it.
    fn size_by_library(level: u8, plain: &[u8]) -> usize {
        let level = bzip2::Compression::new(level.into());
        let mut coded = Vec::new();
        BzEncoder::new(plain, level).read_to_end(&mut coded).unwrap()
    }

    fn numbers() -> impl Iterator<Item = u64> {
        std::iter::successors(Some(1_u64), |n| {
            Some(n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1))
        })
        .map(|n| n >> 33)
    }

    /// Data of several kinds, of `len` bytes.
    fn kinds(len: usize) -> [(&'static str, Vec<u8>); 6] {
        let bytes = |n: u64| n.to_le_bytes()[0];
        let words: Vec<Vec<u8>> = (0..256)
            .map(|word| {
                let letters = numbers().skip(word).map(|n| b'a' + bytes(n % 26));
                letters.take(2 + word % 7).chain([b' ']).collect()
            })
            .collect();
        let rank = |n: u64| bytes(n).min(bytes(n >> 12));
        let mut level = 0_u16;
        let steps = numbers().flat_map(|n| {
            level = level.wrapping_add(u16::from(bytes(n % 64)));
            level.to_le_bytes()
        });
        [
            (
                "words",
                numbers()
                    .flat_map(|n| words[usize::from(rank(n))].clone())
                    .take(len)
                    .collect(),
            ),
            ("steps", steps.take(len).collect()),
            ("noise", numbers().map(bytes).take(len).collect()),
            (
                "few letters",
                numbers()
                    .map(|n| bytes(n) & bytes(n >> 8) & 0x11)
                    .take(len)
                    .collect(),
            ),
            // Each half as frequent as the one before, so that codes become long.
            (
                "rare letters",
                numbers()
                    .map(|n| bytes((n | 1 << 30).trailing_zeros().into()))
                    .take(len)
                    .collect(),
            ),
            (
                "long repetitions",
                numbers().map(bytes).take(len / 3).collect::<Vec<_>>().repeat(3),
            ),
        ]
    }

    #[test]
    fn the_library_reads_whole_blocks_of_every_level() {
        for level in [1, 9] {
            for (kind, plain) in kinds(UNIT * usize::from(level)) {
                assert!(
                    decoded(&stream(level, &plain)) == plain,
                    "{kind} at level {level}"
                );
            }
        }
    }

    #[test]
    fn streams_are_as_large_as_the_librarys() {
        for level in [1, 3] {
            for (kind, plain) in kinds(99_000 * usize::from(level)) {
                let (ours, others) = (stream(level, &plain).len(), size_by_library(level, &plain));
                assert!(
                    1000 * ours <= 1003 * others,
                    "{kind} at level {level}: {ours}, not {others}"
                );
            }
        }
    }

    #[test]
    fn what_does_not_fit_into_a_block_goes_into_another() {
        let plain: Vec<u8> = numbers()
            .flat_map(|n| [n.to_le_bytes()[0]; 4])
            .take(2 * UNIT)
            .collect();
        assert_eq!(decoded(&stream(1, &plain)), plain);
    }

    #[test]
    fn an_empty_stream_has_no_blocks() {
        assert_eq!(stream(7, b""), b"BZh7\x17\x72\x45\x38\x50\x90\0\0\0\0");
    }

    #[test]
    fn a_stream_does_not_depend_on_those_before_it() {
        let mut encoder = Encoder::new(1);
        for (kind, plain) in kinds(3000).iter().chain(&kinds(500)) {
            let mut bits = Bits::default();
            encoder.stream(plain, &mut bits);
            assert!(bits.bytes == stream(1, plain), "{kind}");
        }
    }

    proptest! {
        #[test]
        fn the_library_reads_what_is_written(
            parts in prop::collection::vec((prop::collection::vec(any::<u8>(), 1..40), 1..300_usize), 0..12),
            mask in any::<u8>(),
            level in 1..=9_u8,
        ) {
            let plain: Vec<u8> = parts
                .iter()
                .flat_map(|(part, times)| part.repeat(*times))
                .map(|byte| byte & mask)
                .collect();
            prop_assert!(decoded(&stream(level, &plain)) == plain);
        }
    }
}
