//! [BGZF](https://samtools.github.io/hts-specs/SAMv1.pdf) (section 4.1): members of at most 64 KiB that say in an extra field how
//! many bytes they take, so that one can go from one to the next without decoding.

use super::super::deflate::Segments;
use crate::error::{Error, Result};
use crate::format::{BlockEncode, Blocks, EncodeOptions, Framing, Piece};
use crate::seek::{Coded, Entry, Extent, Point, Survey};

/// A member's header up to the length of its extra field.
const FIXED: usize = 12;
/// Bytes of extra field that are looked at. What writes BGZF has six.
const EXTRA: usize = 52;
/// Bytes of a trailer.
const TRAILER: usize = 8;

/// Goes from member to member, as far as they are BGZF's.
#[derive(Default)]
pub(super) struct Members {
    at: u64,
    plain: u64,
}

impl Survey for Members {
    fn extend(&mut self, coded: &mut dyn Coded, target: u64, found: &mut Vec<Point>) -> Result<Extent> {
        while self.plain <= target {
            if self.at == coded.size() && self.at > 0 {
                return Ok(Extent::End(self.plain));
            }
            let mut head = [0; FIXED + EXTRA];
            let n = coded.read_at(self.at, &mut head)?;
            let Some(size) = member_size(&head[..n]) else {
                return Ok(Extent::Unknown);
            };
            if self.plain > 0 {
                found.push(Point {
                    coded: self.at,
                    plain: self.plain,
                    entry: Entry::Stream,
                });
            }
            let behind = self.at + size as u64;
            let mut len = [0; 4];
            if coded.read_at(behind - 4, &mut len)? < 4 {
                return Err(Error::truncated("a member is cut"));
            }
            self.at = behind;
            self.plain += u64::from(u32::from_le_bytes(len));
        }
        Ok(Extent::Partial)
    }
}

/// Bytes of the member that begins so, if it is one of BGZF. Whether they are right shows when it is decoded.
pub(super) fn member_size(head: &[u8]) -> Option<usize> {
    let (fixed, rest) = head.split_first_chunk::<FIXED>()?;
    let [0x1f, 0x8b, 8, 4, .., low, high] = *fixed else {
        return None;
    };
    let len = usize::from(u16::from_le_bytes([low, high]));
    let mut fields = rest.get(..len)?;
    while let Some(([a, b, low, high], behind)) = fields.split_first_chunk::<4>() {
        let (field, next) = behind.split_at_checked(u16::from_le_bytes([*low, *high]).into())?;
        if let (b"BC", &[low, high]) = (&[*a, *b], field) {
            let size = usize::from(u16::from_le_bytes([low, high])) + 1;
            return (size > FIXED + len + TRAILER).then_some(size);
        }
        fields = next;
    }
    None
}

/// Plain bytes in a member, as bgzip has them: so few that they fit whatever they are.
const MEMBER: usize = 0xff00;
/// A member in front of its deflate stream, but for the two bytes that say how long it is.
const HEADER: [u8; 16] = *b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0";
/// The empty member that ends a file.
const END: [u8; 28] = *b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0\x1b\0\x03\0\0\0\0\0\0\0\0\0";

/// Writes members of BGZF.
pub(super) struct Pieces;

impl Blocks for Pieces {
    fn block_size(&self, options: &EncodeOptions) -> usize {
        options.block_size.unwrap_or(MEMBER).min(MEMBER)
    }

    fn block_encoder(&self, options: &EncodeOptions) -> Result<Box<dyn BlockEncode>> {
        let stored = EncodeOptions::at_level(0);
        Ok(Box::new(Encoder {
            deflate: Segments::new(options, crc32fast::hash)?,
            store: Segments::new(&stored, crc32fast::hash)?,
            body: Vec::new(),
        }))
    }

    fn framing(&self, _: &EncodeOptions) -> Result<Box<dyn Framing>> {
        Ok(Box::new(End))
    }
}

struct Encoder {
    deflate: Segments,
    /// For what deflate makes so much longer that the length has no room in a header.
    store: Segments,
    body: Vec<u8>,
}

impl BlockEncode for Encoder {
    fn encode(&mut self, input: &[u8], piece: Piece, out: &mut Vec<u8>) -> Result<u32> {
        if input.is_empty() {
            return Ok(0);
        }
        let whole = Piece { last: true, ..piece };
        let len = |body: &[u8]| u16::try_from(HEADER.len() + 2 + body.len() + TRAILER - 1);
        self.body.clear();
        let mut crc = self.deflate.encode(input, whole, &mut self.body)?;
        if len(&self.body).is_err() {
            self.body.clear();
            crc = self.store.encode(input, whole, &mut self.body)?;
        }
        let size = len(&self.body).map_err(|_| Error::corrupt("a member does not fit"))?;
        out.extend_from_slice(&HEADER);
        out.extend_from_slice(&size.to_le_bytes());
        out.append(&mut self.body);
        out.extend_from_slice(&crc.to_le_bytes());
        let plain = u32::try_from(input.len()).expect("less than 64 KiB");
        out.extend_from_slice(&plain.to_le_bytes());
        Ok(crc)
    }
}

struct End;

impl Framing for End {
    fn begin(&mut self, _: &mut Vec<u8>) {}
    fn piece(&mut self, _: &[u8], _: usize, _: u32) {}
    fn end(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&END);
    }
}
