//! bzip2: no specification but [the program's](https://sourceware.org/bzip2/) source and its
//! [reverse-engineered description](https://github.com/dsnet/compress/blob/master/doc/bzip2-format.pdf).
//!
//! * Reads all streams, one behind the other, and NUL padding behind the last one.
//! * Writes a stream for each block, so that blocks can be coded apart; every reader joins them.
//! * Checks the CRC-32 of each block and of each stream.
//!
//! Others: bzip2, lbzip2, pbzip2, Python's `bz2`.

use crate::format::{Format, Head, Probe};
use crate::spec::{Flush, NulPadding, Seeking, Spec, Threads};

#[derive(Debug)]
pub(super) struct Bz2;

const SPEC: Spec = Spec::new("bz2", "block sorting, what bzip2(1) writes")
    .extensions(&[".bz2"])
    .signatures(&[b"BZh"])
    .levels(1, 9, 9)
    .concat()
    .nul_padding(NulPadding::Any)
    .checksum("CRC-32")
    .flush(Flush::NewStream)
    .seeking(Seeking::Jump)
    .seekable()
    .threads(Threads::Both);

/// What follows `BZh` and the level: the magic of a block, or of the end of the stream. Both are of 48 bits, and at any
/// bit from there on.
const BLOCK: [u8; 6] = *b"\x31\x41\x59\x26\x53\x59";
const END: [u8; 6] = *b"\x17\x72\x45\x38\x50\x90";

/// Bytes of a block, behind the first step, for each level.
#[cfg(feature = "bz2")]
const UNIT: usize = 100_000;

impl Format for Bz2 {
    fn spec(&self) -> &Spec {
        &SPEC
    }

    fn probe(&self, head: &Head<'_>) -> Probe {
        match head.bytes {
            [b'B', b'Z', b'h', b'1'..=b'9', rest @ ..] => {
                let n = rest.len().min(6);
                let magic = [BLOCK, END].iter().any(|magic| rest[..n] == magic[..n]);
                match n {
                    _ if !magic => Probe::No,
                    6 => Probe::Strong,
                    // A file that was cut here is still known for what it was.
                    _ if head.is_complete() => Probe::Strong,
                    _ => Probe::More,
                }
            }
            b"BZh" | b"BZ" | b"B" if !head.is_complete() => Probe::More,
            _ => Probe::No,
        }
    }

    coders!("bz2", blocks, pieces);
}

#[cfg(feature = "bz2")]
mod bits;
#[cfg(feature = "bz2")]
mod crc;
#[cfg(feature = "bz2")]
mod decoder;
#[cfg(feature = "bz2")]
mod encode;
#[cfg(feature = "bz2")]
mod finder;
#[cfg(feature = "bz2")]
mod scan;
#[cfg(feature = "bz2")]
mod tables;

#[cfg(feature = "bz2")]
mod coder {
    use super::decoder::Stream;
    use super::encode::Encoder;
    pub(super) use super::scan::scanner;
    use crate::adapters::Blocked;
    use crate::error::Result;
    use crate::format::{BlockEncode, Blocks, Decode, DecodeOptions, Encode, EncodeOptions, Framing};

    pub(super) fn encoder(options: &EncodeOptions) -> Result<Box<dyn Encode>> {
        Ok(Box::new(Blocked::new(&Pieces, options)?))
    }

    pub(super) fn decoder(_: &DecodeOptions) -> Result<Box<dyn Decode>> {
        Ok(Box::new(Stream::new()))
    }

    pub(super) struct Pieces;

    impl Blocks for Pieces {
        /// A little less than a block of the format holds, since its first step, run lengths, can make data
        /// longer, and what does not fit would become a second, tiny block.
        fn block_size(&self, options: &EncodeOptions) -> usize {
            options
                .block_size
                .unwrap_or(99_000 * usize::try_from(options.level()).expect("1 to 9"))
        }

        fn block_encoder(&self, options: &EncodeOptions) -> Result<Box<dyn BlockEncode>> {
            let level = u8::try_from(options.level()).expect("1 to 9");
            Ok(Box::new(Encoder::new(level)))
        }

        fn framing(&self, _: &EncodeOptions) -> Result<Box<dyn Framing>> {
            Ok(Box::new(NoFrame))
        }
    }

    struct NoFrame;

    impl Framing for NoFrame {
        fn begin(&mut self, _: &mut Vec<u8>) {}
        fn piece(&mut self, _: &[u8], _: usize, _: u32) {}
        fn end(&mut self, _: &mut Vec<u8>) {}
    }
}
