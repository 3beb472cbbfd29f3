//! Where chunks begin, by their lengths and the sizes that compressed ones begin with.

use super::super::headers::{Headers, Next, Walk};
use super::coder::{CHUNK, COMPRESSED, COMPRESSED_BARE, IDENTIFIES, STORED, STORED_BARE, damaged, most};
use crate::error::{Error, Result};
use crate::seek::{Coded, Entry, Survey};

/// The header of a chunk, its checksum, and the longest size.
const HEADER: usize = 4 + 4 + 5;

pub(super) fn survey() -> Box<dyn Survey> {
    Box::new(Walk::new(Chunks))
}

struct Chunks;

impl Headers for Chunks {
    fn next(&mut self, coded: &mut dyn Coded, at: u64) -> Result<Next> {
        let mut head = [0; HEADER];
        let n = coded.read_at(at, &mut head)?;
        let Some((header, data)) = head[..n].split_first_chunk::<4>() else {
            return Err(Error::truncated("the header of a chunk is cut"));
        };
        let (kind, len) = (header[0], u32::from_le_bytes(*header) >> 8);
        let len = usize::try_from(len).expect("24 bits");
        if at == 0 && kind != IDENTIFIES || most(kind).is_none_or(|most| len > most) {
            return Err(Error::corrupt("no chunk of a stream begins there"));
        }
        let checksum = if matches!(kind, COMPRESSED | STORED) { 4 } else { 0 };
        let data = data[..n.min(4 + len) - 4].get(checksum..);
        let plain = match kind {
            COMPRESSED | COMPRESSED_BARE => {
                snap::raw::decompress_len(data.unwrap_or_default()).map_err(|e| damaged(&e))?
            }
            STORED | STORED_BARE => len.saturating_sub(checksum),
            _ => return Ok(Next::Pass(4 + len as u64)),
        };
        if plain > CHUNK {
            return Err(Error::corrupt("a chunk has more bytes than one may"));
        }
        Ok(Next::Piece {
            coded: 4 + len as u64,
            plain: plain as u64,
        })
    }

    fn may_end(&self) -> bool {
        true
    }

    fn entry(&self) -> Entry {
        // Chunks need to know nothing of what came before.
        Entry::inside(&[].into(), 0)
    }
}
