//! Where chunks begin: from the offsets in front of them.

use std::sync::Arc;

use super::chunk::Header;
use super::container::{self, Metadata, Pack};
use super::{HEADER, MAGIC};
use crate::error::{Error, Result};
use crate::format::DecodeOptions;
use crate::seek::{Coded, Entry, Extent, Point, Survey, bytes_at};

/// Bytes of offsets read at a time.
const SLAB: usize = 64 << 10;

/// Reads the offsets of a bloscpack file.
pub(super) struct Offsets {
    memory: Option<u64>,
}

impl Offsets {
    pub(super) fn new(options: &DecodeOptions) -> Self {
        Offsets {
            memory: options.memory,
        }
    }
}

impl Survey for Offsets {
    fn extend(&mut self, coded: &mut dyn Coded, _: u64, found: &mut Vec<Point>) -> Result<Extent> {
        let cut = || Error::truncated("the file's header is cut");
        if bytes_at(coded, 0)? != Some(MAGIC) {
            return Ok(Extent::Unknown);
        }
        let raw: [u8; container::HEADER] = bytes_at(coded, MAGIC.len() as u64)?.ok_or_else(cut)?;
        let mut pack = Pack::parse(&raw)?;
        let (Some((chunks, size)), true) = (pack.geometry(), pack.has_offsets) else {
            return Ok(Extent::Unknown);
        };
        let mut at = (MAGIC.len() + container::HEADER) as u64;
        if pack.has_metadata {
            let header: [u8; container::METADATA_HEADER] = bytes_at(coded, at)?.ok_or_else(cut)?;
            let metadata = Metadata::parse(&header)?;
            at += (header.len() + metadata.len + metadata.spare + metadata.checksum.len()) as u64;
        }
        let chunks_at = pack.offsets().saturating_mul(8).saturating_add(at);
        let needed = chunks.saturating_mul((size_of::<u64>() + size_of::<Point>()) as u64);
        if chunks_at > coded.size() || self.memory.is_some_and(|memory| needed > memory) {
            return Ok(Extent::Unknown);
        }
        let state: Arc<[u8]> = Pack::without_offsets(&raw).into();
        let (mut slab, mut index) = (vec![0; SLAB], 0);
        while index < chunks {
            let n = coded.read_at(at + index * 8, &mut slab)?;
            if n < size_of::<u64>() {
                return Err(cut());
            }
            for offset in slab[..n].as_chunks().0 {
                if index == chunks {
                    break;
                }
                pack.offset(index, *offset, chunks_at)?;
                let coded = u64::from_le_bytes(*offset);
                if index > 0 {
                    found.push(Point {
                        coded,
                        plain: index.checked_mul(size).ok_or_else(cut)?,
                        entry: Entry::inside(&state, index),
                    });
                }
                index += 1;
            }
        }
        let Some(last) = pack.last_offset() else {
            return Ok(Extent::Unknown);
        };
        let header: [u8; HEADER] = bytes_at(coded, last)?.ok_or_else(cut)?;
        let last = Header::parse(&header)?.nbytes as u64;
        Ok(Extent::End((chunks - 1) * size + last))
    }
}
