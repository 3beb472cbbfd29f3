//! Where frames begin: from the seek table of the
//! [seekable format](https://github.com/facebook/zstd/blob/dev/contrib/seekable_format/zstd_seekable_compression_format.md) at the
//! end of a file, or from frame to frame by the headers of their blocks, as far as frames say how much they hold.

use super::MAGIC;
use crate::error::{Error, Result};
use crate::format::DecodeOptions;
use crate::seek::{Coded, Entry, Extent, Point, Survey, bytes_at};

/// What a seek table ends with, and the magic of the skippable frame that it is in.
pub(super) const TABLE_END: u32 = 0x8f92_eab1;
pub(super) const TABLE_FRAME: u32 = 0x184d_2a5e;
/// Bytes of that frame's header, and of the table's own behind its entries.
const TABLE_HEADER: u64 = 8;
const TABLE_FOOTER: u64 = 9;
/// In the descriptor: entries have a checksum; bits without a meaning.
const CHECKSUMS: u8 = 0x80;
const RESERVED: u8 = 0x7c;
/// Bytes of a table that is read into memory, if the limits allow as much.
const TABLE: u64 = 64 << 20;

/// The longest header of a frame.
const FRAME_HEADER: usize = 18;

/// Goes from frame to frame.
pub(super) struct Frames {
    at: u64,
    plain: u64,
    /// Coded and plain size of each frame, once the table has been looked for.
    table: Option<Option<Table>>,
    most: u64,
}

struct Table {
    entries: Vec<(u32, u32)>,
    next: usize,
    /// Where it stands itself.
    at: u64,
}

impl Frames {
    pub(super) fn new(options: &DecodeOptions) -> Self {
        Frames {
            at: 0,
            plain: 0,
            table: None,
            most: options.memory.unwrap_or(u64::MAX).min(TABLE),
        }
    }
}

impl Survey for Frames {
    fn extend(&mut self, coded: &mut dyn Coded, target: u64, found: &mut Vec<Point>) -> Result<Extent> {
        if self.table.is_none() {
            self.table = Some(Table::find(coded, self.most)?);
        }
        let mut table = self.table.as_mut().and_then(Option::as_mut);
        loop {
            if self.plain > target {
                return Ok(Extent::Partial);
            }
            let mut head = [0; FRAME_HEADER];
            let n = coded.read_at(self.at, &mut head)?;
            if n == 0 {
                return Ok(Extent::End(self.plain));
            }
            let frame = Frame::parse(&head[..n])?;
            if let Some(table) = &table
                && self.at == table.at
            {
                // All of the file is known, unless something follows the table.
                let whole = table.next == table.entries.len();
                return if whole {
                    Ok(Extent::End(self.plain))
                } else {
                    Err(unfit())
                };
            }
            let listed = match &mut table {
                Some(table) => Some(table.next()?),
                None => None,
            };
            let size = match (frame, listed) {
                (Frame::Skippable { size }, _) => {
                    self.at += size;
                    if self.at > coded.size() {
                        return Err(Error::truncated("a skippable frame is cut"));
                    }
                    if listed.is_some_and(|(coded, plain)| u64::from(coded) != size || plain != 0) {
                        return Err(unfit());
                    }
                    continue;
                }
                (Frame::Data { size: Some(size), .. }, Some((_, listed))) if size != u64::from(listed) => {
                    return Err(unfit());
                }
                (Frame::Data { size, .. }, listed) => size.or(listed.map(|(_, plain)| plain.into())),
            };
            if self.plain > 0 {
                found.push(Point {
                    coded: self.at,
                    plain: self.plain,
                    entry: Entry::Stream,
                });
            }
            let Some(size) = size else {
                return Ok(Extent::Unknown);
            };
            let behind = self.plain.checked_add(size).ok_or_else(unfit)?;
            self.at = match (listed, frame) {
                (Some((coded, _)), _) => self.at + u64::from(coded),
                // There is no need to know where it ends.
                _ if behind > target => return Ok(Extent::Partial),
                (None, Frame::Data { blocks, checksum, .. }) => {
                    walk(coded, self.at + blocks)? + if checksum { 4 } else { 0 }
                }
                (None, Frame::Skippable { .. }) => unreachable!("stepped over above"),
            };
            if self.at > coded.size() {
                return Err(Error::truncated("a frame is cut"));
            }
            self.plain = behind;
        }
    }
}

fn unfit() -> Error {
    Error::corrupt("the seek table does not fit the frames")
}

impl Table {
    /// The table at the end of the file, if there is one and its sizes add up.
    fn find(coded: &mut dyn Coded, most: u64) -> Result<Option<Self>> {
        let end = coded.size();
        let Some(footer_at) = end.checked_sub(TABLE_FOOTER) else {
            return Ok(None);
        };
        let Some([a, b, c, d, descriptor, magic @ ..]) = bytes_at::<9>(coded, footer_at)? else {
            return Ok(None);
        };
        if u32::from_le_bytes(magic) != TABLE_END || descriptor & RESERVED != 0 {
            return Ok(None);
        }
        let entry: u64 = if descriptor & CHECKSUMS != 0 { 12 } else { 8 };
        let len = u64::from(u32::from_le_bytes([a, b, c, d])) * entry;
        let whole = TABLE_HEADER + len + TABLE_FOOTER;
        let Some(at) = end.checked_sub(whole).filter(|_| len <= most) else {
            return Ok(None);
        };
        let header = bytes_at::<8>(coded, at)?.map(u64::from_le_bytes);
        if header != Some(u64::from(TABLE_FRAME) | (whole - TABLE_HEADER) << 32) {
            return Ok(None);
        }
        let Ok(len) = usize::try_from(len) else {
            return Ok(None);
        };
        let mut raw = vec![0; len];
        if coded.read_at(at + TABLE_HEADER, &mut raw)? < len {
            return Ok(None);
        }
        let word = |bytes: &[u8]| u32::from_le_bytes(*bytes.first_chunk().expect("four bytes"));
        let entries: Vec<_> = raw
            .chunks_exact(if entry == 12 { 12 } else { 8 })
            .map(|entry| (word(entry), word(&entry[4..])))
            .collect();
        let sum: u64 = entries.iter().map(|(coded, _)| u64::from(*coded)).sum();
        Ok((sum == at).then_some(Table { entries, next: 0, at }))
    }

    fn next(&mut self) -> Result<(u32, u32)> {
        let entry = self.entries.get(self.next).copied().ok_or_else(unfit)?;
        self.next += 1;
        Ok(entry)
    }
}

/// What the header of a frame says (RFC 8878 section 3.1.1.1).
#[derive(Clone, Copy)]
enum Frame {
    Skippable {
        /// Bytes of all of it.
        size: u64,
    },
    Data {
        /// Plain bytes in it.
        size: Option<u64>,
        /// Bytes in front of its blocks.
        blocks: u64,
        checksum: bool,
    },
}

impl Frame {
    fn parse(head: &[u8]) -> Result<Self> {
        let cut = || Error::truncated("the header of a frame is cut");
        let magic: [u8; 4] = *head.first_chunk().ok_or_else(cut)?;
        let word = u32::from_le_bytes(magic);
        if word & 0xffff_fff0 == 0x184d_2a50 {
            let len: [u8; 4] = *head.get(4..).and_then(<[u8]>::first_chunk).ok_or_else(cut)?;
            return Ok(Frame::Skippable {
                size: 8 + u64::from(u32::from_le_bytes(len)),
            });
        }
        if magic != MAGIC {
            return Err(Error::corrupt("no frame begins there"));
        }
        let descriptor = *head.get(4).ok_or_else(cut)?;
        let single = descriptor & 0x20 != 0;
        let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
        let field = match descriptor >> 6 {
            0 => usize::from(single),
            code => 1 << code,
        };
        let at = 5 + usize::from(!single) + dictionary;
        let mut raw = [0; 8];
        raw[..field].copy_from_slice(head.get(at..at + field).ok_or_else(cut)?);
        let size = u64::from_le_bytes(raw);
        Ok(Frame::Data {
            // A field of two bytes leaves out the sizes that one byte can say.
            size: (field > 0).then_some(if field == 2 { size + 256 } else { size }),
            blocks: (at + field) as u64,
            checksum: descriptor & 4 != 0,
        })
    }
}

/// Where the blocks end that begin at `at`.
fn walk(coded: &mut dyn Coded, mut at: u64) -> Result<u64> {
    loop {
        let Some([a, b, c]) = bytes_at(coded, at)? else {
            return Err(Error::truncated("a frame is cut"));
        };
        let header = u32::from_le_bytes([a, b, c, 0]);
        let size = match header >> 1 & 3 {
            // One byte that is repeated.
            1 => 1,
            3 => return Err(Error::corrupt("a block of a kind that has no meaning")),
            _ => u64::from(header >> 3),
        };
        at += 3 + size;
        if header & 1 != 0 {
            return Ok(at);
        }
    }
}
