//! zlib: [RFC 1950](https://www.rfc-editor.org/rfc/rfc1950). What joblib writes for `.z`.
//!
//! * Reads every window size; refuses preset dictionaries. Small windows are beyond joblib, which knows streams
//!   that begin with `78` only.
//! * Writes one stream, a window of 32 KiB, in independent segments of 1 MiB.
//! * Checks the header's check bits, the deflate stream, and the Adler-32 of the data.
//! * A second stream behind the first is no part of the format: trailing data.
//!
//! Others: zlib and its many descendants, Python's `zlib`, `pigz -z`, `openssl zlib`.

use crate::format::{Format, Head, Probe};
use crate::spec::{Flush, Seeking, Spec, Threads};

#[derive(Debug)]
pub(super) struct Zlib;

const SPEC: Spec = Spec::new("zlib", "deflate with a two-byte header (RFC 1950)")
    .extensions(&[".z", ".zlib"])
    .signatures(&[b"\x78"])
    .levels(0, 9, 3)
    .checksum("Adler-32")
    .flush(Flush::Sync)
    .seeking(Seeking::Jump)
    .seek_index()
    .threads(Threads::Both);

/// Bytes of a deflate stream among which the beginning of a text shows that it is none.
const TELLING: usize = 14;

/// What is looked at, however much there is, so that the answer does not depend on how bytes arrive.
fn telling(rest: &[u8]) -> &[u8] {
    &rest[..rest.len().min(TELLING)]
}

/// The rules of RFC 1950 section 2.2 for CMF: deflate, a window of 32 KiB at most.
fn is_method(cmf: u8) -> bool {
    cmf & 0x0f == 8 && cmf >> 4 <= 7
}

/// The rules of RFC 1950 section 2.2 for CMF and FLG.
fn is_header(cmf: u8, flg: u8) -> bool {
    is_method(cmf) && (u16::from(cmf) << 8 | u16::from(flg)).is_multiple_of(31)
}

/// A header of a stream that needs no preset dictionary.
fn valid_header(cmf: u8, flg: u8) -> bool {
    is_header(cmf, flg) && flg & 0x20 == 0
}

impl Format for Zlib {
    fn spec(&self) -> &Spec {
        &SPEC
    }

    fn probe(&self, head: &Head<'_>) -> Probe {
        match head.bytes {
            // Two bytes of text pass the header's check now and then, so what follows has a say.
            [cmf, flg, rest @ ..] if valid_header(*cmf, *flg) && plausible(telling(rest)) => match rest.len()
            {
                0..TELLING if !head.is_complete() => Probe::More,
                // Too short for the shortest block and its checksum.
                0..6 => Probe::No,
                _ => Probe::Weak,
            },
            [cmf] if is_method(*cmf) && !head.is_complete() => Probe::More,
            _ => Probe::No,
        }
    }

    coders!("zlib", blocks, pieces);
}

#[cfg(feature = "zlib")]
use super::deflate::plausible;

#[cfg(not(feature = "zlib"))]
fn plausible(_: &[u8]) -> bool {
    true
}

#[cfg(feature = "zlib")]
mod coder {
    use simd_adler32::Adler32;

    use super::super::deflate::{Container, Member, Segments, segment_size};
    use super::super::segments;
    use super::{is_header, valid_header};
    use crate::adapters::Blocked;
    use crate::error::{Error, Result};
    use crate::format::{BlockEncode, Blocks, Decode, DecodeOptions, Encode, EncodeOptions, Framing};
    use crate::pieces::Scan;

    pub(super) fn encoder(options: &EncodeOptions) -> Result<Box<dyn Encode>> {
        Ok(Box::new(Blocked::new(&Pieces, options)?))
    }

    pub(super) fn decoder(_: &DecodeOptions) -> Result<Box<dyn Decode>> {
        Ok(Box::new(Member::new(Header::default())?))
    }

    pub(super) fn scanner(_: &DecodeOptions) -> Box<dyn Scan> {
        segments::scanner::<Header>(|_| None)
    }

    pub(super) struct Pieces;

    impl Blocks for Pieces {
        fn block_size(&self, options: &EncodeOptions) -> usize {
            segment_size(options)
        }

        fn block_encoder(&self, options: &EncodeOptions) -> Result<Box<dyn BlockEncode>> {
            let segments = Segments::new(options, |plain| simd_adler32::adler32(&plain))?;
            Ok(Box::new(segments))
        }

        fn framing(&self, options: &EncodeOptions) -> Result<Box<dyn Framing>> {
            Ok(Box::new(Frame {
                level: options.level(),
                adler: 1,
            }))
        }
    }

    struct Frame {
        level: i32,
        adler: u32,
    }

    impl Framing for Frame {
        fn begin(&mut self, out: &mut Vec<u8>) {
            // FLEVEL as zlib sets it, which is all that tells the levels apart (RFC 1950 section 2.2).
            let flg = match self.level {
                0 | 1 => 0x01,
                2..=5 => 0x5e,
                6 => 0x9c,
                _ => 0xda,
            };
            out.extend_from_slice(&[0x78, flg]);
        }

        fn piece(&mut self, input: &[u8], _: usize, checksum: u32) {
            self.adler = combine(self.adler, checksum, input.len() as u64);
        }

        fn end(&mut self, out: &mut Vec<u8>) {
            out.extend_from_slice(&self.adler.to_be_bytes());
        }
    }

    /// The Adler-32 of two pieces one behind the other, from those of each and the length of the second.
    ///
    /// With a = 1 + sum of bytes and b = sum of all a's: a joined = a1 + a2 − 1, and b joined counts a1 − 1
    /// once more for each byte of the second piece.
    fn combine(first: u32, second: u32, len: u64) -> u32 {
        const BASE: u64 = 65521;
        let (a1, b1) = (u64::from(first & 0xffff), u64::from(first >> 16));
        let (a2, b2) = (u64::from(second & 0xffff), u64::from(second >> 16));
        let a = (a1 + a2 + BASE - 1) % BASE;
        let b = (b1 + b2 + (len % BASE) * (a1 + BASE - 1)) % BASE;
        u32::try_from(b << 16 | a).expect("both are below 65521")
    }

    /// CMF and FLG in front, Adler-32 behind.
    #[derive(Clone, Default)]
    pub(super) struct Header {
        cmf: Option<u8>,
        adler: Adler32,
    }

    impl Container for Header {
        const TRAILER: usize = 4;

        fn header(&mut self, byte: u8) -> Result<Option<()>> {
            let Some(cmf) = self.cmf else {
                self.cmf = Some(byte);
                return Ok(None);
            };
            if valid_header(cmf, byte) {
                return Ok(Some(()));
            }
            Err(if is_header(cmf, byte) {
                Error::unsupported("the stream needs a preset dictionary")
            } else {
                Error::corrupt(format!("{cmf:02x} {byte:02x} is no zlib header"))
            })
        }

        fn update(&mut self, plain: &[u8]) {
            self.adler.write(plain);
        }

        fn check(&self, trailer: &[u8]) -> Result<()> {
            let stored = trailer.iter().fold(0, |n, &byte| n << 8 | u32::from(byte));
            Error::verify("Adler-32", stored, self.adler.finish())
        }

        fn reset(&mut self) {
            *self = Header::default();
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn joined_checksums_are_those_of_the_joined_pieces() {
            let data: Vec<u8> = (0..200_000u32)
                .map(|i| (i * 7 + i / 251).to_le_bytes()[0])
                .collect();
            for cut in [0, 1, 65521, 65522, 131_072, data.len()] {
                let (a, b) = data.split_at(cut);
                let joined = combine(
                    simd_adler32::adler32(&a),
                    simd_adler32::adler32(&b),
                    b.len() as u64,
                );
                assert_eq!(joined, simd_adler32::adler32(&data.as_slice()), "cut at {cut}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_begins_like_a_header_is_not_taken_for_a_stream() {
        let probe = |bytes: &[u8]| Zlib.probe(&Head::of(bytes));
        // 48 4b is a valid pair, and "HK" a way to begin a letter.
        assert!(valid_header(b'H', b'K'));
        #[cfg(feature = "zlib")]
        assert_eq!(probe(b"HK, 4 May: the parcel has arrived"), Probe::No);
        assert_eq!(probe(b"\x78\x9c\x03\x00\x00\x00\x00\x01"), Probe::Weak);
        assert_eq!(probe(b"\x78\xbb"), Probe::No, "a preset dictionary");
        assert_eq!(probe(b"\x78"), Probe::No);
        assert_eq!(probe(b"(S]"), Probe::No, "too short");
        assert_eq!(
            Zlib.probe(&Head {
                bytes: b"\x78\x9c",
                total: None
            }),
            Probe::More
        );
    }
}
