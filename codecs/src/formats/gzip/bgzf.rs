//! [BGZF](https://samtools.github.io/hts-specs/SAMv1.pdf) (section 4.1): members of at most 64 KiB that say in an extra field how
//! many bytes they take, so that one can go from one to the next without decoding.

use crate::error::{Error, Result};
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
