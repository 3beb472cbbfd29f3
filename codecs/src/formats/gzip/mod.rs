//! gzip: [RFC 1952](https://www.rfc-editor.org/rfc/rfc1952).
//!
//! * Reads all members, one behind the other, with every header field, BGZF's included, and NUL padding behind
//!   the last one.
//! * Writes one member without name or time, in independent segments of 1 MiB: the same data gives the same
//!   file, and stock joblib, which never gets past the first member, reads it whole.
//! * Checks reserved flags, the header's CRC-16 where there is one, the deflate stream, and CRC-32 and length
//!   of the data.
//!
//! Others: gzip, pigz, libdeflate, bgzip, Python's `gzip`.

use crate::format::{Format, Head, Probe};
use crate::spec::{Flush, NulPadding, Seeking, Spec, Threads};

#[derive(Debug)]
pub(super) struct Gzip;

const SPEC: Spec = Spec::new("gzip", "deflate with CRC-32, what gzip(1) writes (RFC 1952)")
    .extensions(&[".gz", ".gzip"])
    .signatures(&[b"\x1f\x8b\x08"])
    .levels(0, 9, 3)
    .concat()
    .nul_padding(NulPadding::Any)
    .checksum("CRC-32")
    .flush(Flush::Sync)
    .seeking(Seeking::Jump)
    .seekable()
    .seek_index()
    .threads(Threads::Both);

/// Flag bits without a meaning, which must be 0 (RFC 1952 section 2.3.1.2).
const RESERVED: u8 = 0xe0;

impl Format for Gzip {
    fn spec(&self) -> &Spec {
        &SPEC
    }

    fn probe(&self, head: &Head<'_>) -> Probe {
        match head.bytes {
            [0x1f, 0x8b, 8] if !head.is_complete() => Probe::More,
            [0x1f, 0x8b, 8, flags, ..] if flags & RESERVED != 0 => Probe::No,
            _ => head.begins_with(b"\x1f\x8b\x08"),
        }
    }

    coders!("gzip", blocks, pieces, survey);

    #[cfg(feature = "gzip")]
    fn blocks_to_seek(&self) -> Option<&dyn crate::Blocks> {
        Some(&bgzf::Pieces)
    }
}

#[cfg(feature = "gzip")]
mod bgzf;

#[cfg(feature = "gzip")]
mod coder {
    use crc32fast::Hasher;

    use super::super::deflate::{Container, Member, Segments, segment_size};
    use super::super::segments;
    use super::RESERVED;
    use super::bgzf::{self, Members};
    use crate::adapters::Blocked;
    use crate::error::{Error, Result};
    use crate::format::{BlockEncode, Blocks, Decode, DecodeOptions, Encode, EncodeOptions, Framing};
    use crate::pieces::Scan;
    use crate::seek::Survey;

    pub(super) fn encoder(options: &EncodeOptions) -> Result<Box<dyn Encode>> {
        Ok(Box::new(Blocked::new(&Pieces, options)?))
    }

    pub(super) fn decoder(_: &DecodeOptions) -> Result<Box<dyn Decode>> {
        Ok(Box::new(Member::new(Header::default())?))
    }

    pub(super) fn scanner(_: &DecodeOptions) -> Box<dyn Scan> {
        segments::scanner::<Header>(bgzf::member_size)
    }

    pub(super) fn survey(_: &DecodeOptions) -> Box<dyn Survey> {
        Box::new(Members::default())
    }

    pub(super) struct Pieces;

    impl Blocks for Pieces {
        fn block_size(&self, options: &EncodeOptions) -> usize {
            segment_size(options)
        }

        fn block_encoder(&self, options: &EncodeOptions) -> Result<Box<dyn BlockEncode>> {
            Ok(Box::new(Segments::new(options, crc32fast::hash)?))
        }

        fn framing(&self, options: &EncodeOptions) -> Result<Box<dyn Framing>> {
            Ok(Box::new(Frame {
                level: options.level(),
                crc: Hasher::new(),
                len: 0,
            }))
        }
    }

    struct Frame {
        level: i32,
        crc: Hasher,
        /// Plain bytes, modulo 2^32.
        len: u32,
    }

    impl Framing for Frame {
        fn begin(&mut self, out: &mut Vec<u8>) {
            // XFL as gzip(1) sets it; no time, no name; OS 3, Unix, what joblib writes everywhere.
            let xfl = match self.level {
                1 => 4,
                9 => 2,
                _ => 0,
            };
            out.extend_from_slice(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, xfl, 3]);
        }

        fn piece(&mut self, input: &[u8], _: usize, checksum: u32) {
            self.crc
                .combine(&Hasher::new_with_initial_len(checksum, input.len() as u64));
            self.len = self.len.wrapping_add(low_32_bits(input.len() as u64));
        }

        fn end(&mut self, out: &mut Vec<u8>) {
            out.extend_from_slice(&self.crc.clone().finalize().to_le_bytes());
            out.extend_from_slice(&self.len.to_le_bytes());
        }
    }

    fn low_32_bits(n: u64) -> u32 {
        u32::try_from(n & 0xffff_ffff).expect("32 bits")
    }

    const HCRC: u8 = 2;
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;

    /// The member header in front; CRC-32 and length behind.
    #[derive(Clone, Default)]
    pub(super) struct Header {
        field: Field,
        flags: u8,
        /// Over the header, for its CRC-16.
        header_crc: Hasher,
        crc: Hasher,
        len: u64,
    }

    /// The header field that the next byte belongs to.
    #[derive(Clone, Copy, Default)]
    enum Field {
        /// The ten bytes every member has, so many of them seen.
        Fixed(u8),
        ExtraLen(Option<u8>),
        Extra(u16),
        Name,
        Comment,
        Crc(Option<u8>, u16),
        #[default]
        Start,
    }

    impl Header {
        fn fixed(&mut self, at: u8, byte: u8) -> Result<()> {
            match (at, byte) {
                (0, 0x1f) | (1, 0x8b) | (2, 8) | (4..=9, _) => Ok(()),
                (2, method) => Err(Error::corrupt(format!(
                    "compression method {method} is not deflate"
                ))),
                (3, flags) if flags & RESERVED != 0 => {
                    Err(Error::corrupt(format!("reserved flags are set ({flags:#04x})")))
                }
                (3, flags) => {
                    self.flags = flags;
                    Ok(())
                }
                _ => Err(Error::corrupt("not a gzip member: it does not begin with 1f 8b")),
            }
        }

        /// The first field from `next` on that the flags announce; `None` at the end of the header.
        fn field_from(&self, next: u8) -> Option<Field> {
            [EXTRA, NAME, COMMENT, HCRC]
                .into_iter()
                .skip(usize::from(next))
                .find(|f| self.flags & f != 0)
                .map(|flag| match flag {
                    EXTRA => Field::ExtraLen(None),
                    NAME => Field::Name,
                    COMMENT => Field::Comment,
                    _ => Field::Crc(None, low_16_bits(self.header_crc.clone().finalize())),
                })
        }
    }

    fn low_16_bits(crc: u32) -> u16 {
        u16::try_from(crc & 0xffff).expect("16 bits")
    }

    impl Container for Header {
        const TRAILER: usize = 8;

        fn header(&mut self, byte: u8) -> Result<Option<()>> {
            self.header_crc.update(&[byte]);
            let next = match self.field {
                Field::Start => {
                    self.fixed(0, byte)?;
                    Some(Field::Fixed(1))
                }
                Field::Fixed(at) => {
                    self.fixed(at, byte)?;
                    if at < 9 {
                        Some(Field::Fixed(at + 1))
                    } else {
                        self.field_from(0)
                    }
                }
                Field::ExtraLen(None) => Some(Field::ExtraLen(Some(byte))),
                Field::ExtraLen(Some(low)) => match u16::from_le_bytes([low, byte]) {
                    0 => self.field_from(1),
                    len => Some(Field::Extra(len)),
                },
                Field::Extra(1) => self.field_from(1),
                Field::Extra(left) => Some(Field::Extra(left - 1)),
                Field::Name if byte == 0 => self.field_from(2),
                Field::Comment if byte == 0 => self.field_from(3),
                Field::Name | Field::Comment => Some(self.field),
                Field::Crc(None, computed) => Some(Field::Crc(Some(byte), computed)),
                Field::Crc(Some(low), computed) => {
                    let stored = u16::from_le_bytes([low, byte]);
                    Error::verify("the header's CRC-16", stored.into(), computed.into())?;
                    None
                }
            };
            match next {
                Some(field) => {
                    self.field = field;
                    Ok(None)
                }
                None => Ok(Some(())),
            }
        }

        fn update(&mut self, plain: &[u8]) {
            self.crc.update(plain);
            self.len += plain.len() as u64;
        }

        fn check(&self, trailer: &[u8]) -> Result<()> {
            let field = |i: usize| u32::from_le_bytes(trailer[i..i + 4].try_into().expect("four bytes"));
            Error::verify("CRC-32", field(0), self.crc.clone().finalize())?;
            Error::verify("the length", field(4), low_32_bits(self.len))
        }

        fn reset(&mut self) {
            *self = Header::default();
        }
    }
}
