//! LZMA alone, `.lzma`: [the format of LZMA SDK and LZMA Utils](https://tukaani.org/xz/lzma.txt).
//!
//! * Reads one stream, with known size, end mark, or both.
//! * Writes unknown size and an end mark, as joblib does.
//! * Checks nothing: the format has no checksum. The end mark or the size tells a cut stream.
//! * It has no signature either: the header's plausibility stands in for one.
//!
//! Others: xz(1) with `--format=lzma`, Python's `lzma` with `FORMAT_ALONE`, 7-Zip.

use crate::format::{Format, Head, Probe};
use crate::spec::Spec;

#[derive(Debug)]
pub(super) struct Lzma;

const SPEC: Spec = Spec::new("lzma", "LZMA without checks (legacy .lzma)")
    .extensions(&[".lzma"])
    .signatures(&[b"\x5d\x00"])
    .levels(0, 9, 6);

/// Could these bytes begin a header that an encoder would write? Properties, dictionary size, uncompressed size,
/// and the first byte of the range coder, which is always 0; as far as they are there.
fn plausible(head: &[u8]) -> bool {
    let number = |from: usize, len: usize| {
        let field = head.get(from..from + len)?;
        Some(field.iter().rev().fold(0, |n, &byte| n << 8 | u64::from(byte)))
    };
    // One bit, or two that are neighbours: what liblzma's own detection asks of a dictionary size.
    let one_or_two_bits = |n: u64| {
        let low = n & n.wrapping_neg();
        let rest = n ^ low;
        n != 0 && (rest == 0 || rest == low << 1)
    };
    number(0, 1).is_none_or(|props| props < 225 && props % 9 + props / 9 % 5 <= 4)
        && number(1, 4).is_none_or(|size| size == u64::from(u32::MAX) || one_or_two_bits(size))
        && number(5, 8).is_none_or(|size| size == u64::MAX || size < 1 << 38)
        && number(HEADER, 1).is_none_or(|first| first == 0)
}

/// Bytes before the range coder's.
const HEADER: usize = 13;

impl Format for Lzma {
    fn spec(&self) -> &Spec {
        &SPEC
    }

    fn probe(&self, head: &Head<'_>) -> Probe {
        match head.bytes {
            bytes if !plausible(bytes) => Probe::No,
            bytes if bytes.len() > HEADER => Probe::Weak,
            _ if head.is_complete() => Probe::No,
            _ => Probe::More,
        }
    }

    coders!("lzma");
}

#[cfg(feature = "lzma")]
mod coder {
    use xz2::stream::{LzmaOptions, Stream};

    use super::super::liblzma::{Decoder, Encoder, explain, memory_limit};
    use crate::error::Result;
    use crate::format::{Decode, DecodeOptions, Encode, EncodeOptions};
    use crate::spec::Flush;

    pub(super) fn encoder(options: &EncodeOptions) -> Result<Box<dyn Encode>> {
        let lzma = LzmaOptions::new_preset(options.level().unsigned_abs()).map_err(|e| explain(&e))?;
        let stream = Stream::new_lzma_encoder(&lzma).map_err(|e| explain(&e))?;
        Ok(Box::new(Encoder::new(stream, Flush::None)))
    }

    pub(super) fn decoder(options: &DecodeOptions) -> Result<Box<dyn Decode>> {
        let limit = memory_limit(options.memory);
        let new = move || Stream::new_lzma_decoder(limit).map_err(|e| explain(&e));
        Ok(Box::new(Decoder::new(new)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(props: u8, dictionary: u32, size: u64, first: u8) -> Vec<u8> {
        let mut bytes = vec![props];
        bytes.extend_from_slice(&dictionary.to_le_bytes());
        bytes.extend_from_slice(&size.to_le_bytes());
        bytes.push(first);
        bytes
    }

    #[test]
    fn only_headers_that_encoders_write_are_plausible() {
        assert!(plausible(&header(0x5d, 8 << 20, u64::MAX, 0)));
        assert!(plausible(&header(0x5d, 3 << 20, 5, 0)));
        assert!(!plausible(&header(0x5d, 5 << 20, 5, 0)), "dictionary");
        assert!(!plausible(&header(0x5d, 0, 5, 0)), "dictionary");
        assert!(!plausible(&header(225, 8 << 20, 5, 0)), "properties");
        assert!(!plausible(&header(0x80, 8 << 20, 5, 0)), "lc + lp");
        assert!(!plausible(&header(0x5d, 8 << 20, 1 << 38, 0)), "size");
        assert!(!plausible(&header(0x5d, 8 << 20, 5, 1)), "range coder");
        assert!(!plausible(&[0; 64]), "zeros");
    }

    #[test]
    fn a_header_that_is_not_all_there_asks_for_more_or_is_none() {
        let whole = header(0x5d, 8 << 20, 5, 0);
        let probe = |bytes, total| Lzma.probe(&Head { bytes, total });
        assert_eq!(probe(&whole, None), Probe::Weak);
        assert_eq!(probe(&whole[..13], None), Probe::More);
        assert_eq!(probe(&whole[..13], Some(13)), Probe::No);
        assert_eq!(probe(&[0x5d, 0x71], None), Probe::More);
        assert_eq!(probe(&[0x80, 0x04], None), Probe::No, "how pickles begin");
    }
}
