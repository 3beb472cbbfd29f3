//! Writing bloscpack containers: chunks of one size, each with its Adler-32, behind a header and a table of offsets.

mod chunk;
mod shuffle;

use self::chunk::ChunkEncoder;
use super::Blosc;
use crate::adapters::Blocked;
use crate::error::{Error, Result};
use crate::format::{BlockEncode, Blocks, Encode, EncodeOptions, Framing, LateHead, Piece};

/// Plain bytes in a chunk, if the options do not say.
const CHUNK: usize = 1 << 20;
/// Entries in the table of offsets of a long stream whose size is not announced.
const ENTRIES: u64 = 16 << 10;

/// The longest chunk that c-blosc makes: 2^31 bytes but one, less the header.
const LONGEST_CHUNK: usize = i32::MAX as usize - 16;

const HEADER: usize = 32;
/// Header of a metadata section, without the data and its checksum.
const METADATA_HEADER: usize = 32;
const METADATA: &[u8] = b"{}";

/// In the container's header: a table of offsets is there; a section of metadata is.
const OFFSETS: u8 = 0x01;
const HAS_METADATA: u8 = 0x02;
/// The number of Adler-32 in the format's list of checksums.
const ADLER32: u8 = 1;

pub(super) fn encoder(blosc: &Blosc, options: &EncodeOptions) -> Result<Box<dyn Encode>> {
    Ok(Box::new(Blocked::new(blosc, options)?))
}

impl Blocks for Blosc {
    fn block_size(&self, options: &EncodeOptions) -> usize {
        options.block_size.unwrap_or(CHUNK).min(LONGEST_CHUNK)
    }

    fn block_encoder(&self, options: &EncodeOptions) -> Result<Box<dyn BlockEncode>> {
        Ok(Box::new(Chunk(ChunkEncoder::new(self, options.level()))))
    }

    fn framing(&self, options: &EncodeOptions) -> Result<Box<dyn Framing>> {
        Ok(Box::new(Container {
            chunk: self.block_size(options) as u64,
            size: options.size,
            element_size: u8::try_from(options.element_size).unwrap_or(1),
            plain: 0,
            coded: Vec::new(),
            entries: None,
        }))
    }
}

#[cfg(test)]
mod tests;

struct Chunk(ChunkEncoder);

impl BlockEncode for Chunk {
    fn encode(&mut self, input: &[u8], piece: Piece, out: &mut Vec<u8>) -> Result<u32> {
        // The container of no data has one chunk of no data.
        if input.is_empty() && piece.index > 0 {
            return Ok(0);
        }
        let at = out.len();
        self.0.encode(input, piece.element_size, out)?;
        let checksum = simd_adler32::adler32(&&out[at..]);
        out.extend_from_slice(&checksum.to_le_bytes());
        Ok(0)
    }
}

/// What the header says of the chunks.
struct Container {
    /// Plain bytes in each chunk but the last.
    chunk: u64,
    /// Plain bytes in all of them, if that was announced.
    size: Option<u64>,
    element_size: u8,
    plain: u64,
    /// Bytes that each chunk takes in the file, its checksum included.
    coded: Vec<u32>,
    /// Entries for which room was reserved.
    entries: Option<u64>,
}

impl Framing for Container {
    fn begin(&mut self, _: &mut Vec<u8>) {}

    fn piece(&mut self, input: &[u8], coded: usize, _: u32) {
        if coded > 0 {
            self.plain += input.len() as u64;
            self.coded.push(
                u32::try_from(coded).expect("a chunk has fewer than 2^31 bytes, and its checksum four"),
            );
        }
    }

    fn end(&mut self, _: &mut Vec<u8>) {}

    fn late_head(&mut self) -> Option<&mut dyn LateHead> {
        Some(self)
    }
}

impl LateHead for Container {
    fn reserve(&mut self) -> Result<usize> {
        let entries = match self.size {
            Some(size) => size.div_ceil(self.chunk).max(1),
            None => ENTRIES,
        };
        self.entries = Some(entries);
        usize::try_from(entries)
            .ok()
            .and_then(|entries| entries.checked_mul(8)?.checked_add(HEADER))
            .ok_or_else(|| Error::parameter(format!("{entries} chunks are too many; make them larger")))
    }

    fn write(&mut self, out: &mut Vec<u8>) -> Result<()> {
        let chunks = self.coded.len() as u64;
        let entries = self.entries.unwrap_or(chunks);
        let fits = chunks <= entries;
        out.extend_from_slice(b"blpk\x03");
        out.push(if fits { OFFSETS } else { HAS_METADATA });
        out.push(ADLER32);
        out.push(self.element_size);
        let last = match self.plain % self.chunk {
            0 if self.plain > 0 => self.chunk,
            rest => rest,
        };
        let signed = |n: u64| i32::try_from(n).expect("chunks have fewer than 2^31 bytes");
        out.extend_from_slice(&signed(self.chunk.min(self.plain)).to_le_bytes());
        out.extend_from_slice(&signed(last).to_le_bytes());
        out.extend_from_slice(&chunks.to_le_bytes());
        let spare = if fits { entries - chunks } else { 0 };
        out.extend_from_slice(&spare.to_le_bytes());
        if fits {
            let mut offset = HEADER as u64 + 8 * entries;
            for &coded in &self.coded {
                out.extend_from_slice(&offset.to_le_bytes());
                offset += u64::from(coded);
            }
            for _ in 0..spare {
                out.extend_from_slice(&(-1i64).to_le_bytes());
            }
        } else {
            fill(out, entries)?;
        }
        Ok(())
    }
}

/// Fills the room of a table that turned out too small: with a section of metadata that says nothing, followed by
/// as many zeros as such a section may have.
fn fill(out: &mut Vec<u8>, entries: u64) -> Result<()> {
    let room = usize::try_from(8 * entries).map_err(|_| Error::parameter("too many chunks"))?;
    let data = room - METADATA_HEADER - 4;
    let size = u32::try_from(METADATA.len()).expect("two bytes");
    out.extend_from_slice(b"JSON\0\0\0\0");
    // No options; Adler-32; not compressed, at no level.
    out.extend_from_slice(&[0, ADLER32, 0, 0]);
    out.extend_from_slice(&size.to_le_bytes());
    out.extend_from_slice(
        &u32::try_from(data)
            .map_err(|_| Error::parameter("too many chunks"))?
            .to_le_bytes(),
    );
    out.extend_from_slice(&size.to_le_bytes());
    out.extend_from_slice(&[0; 8]);
    let end = out.len() + data;
    out.extend_from_slice(METADATA);
    out.resize(end, 0);
    out.extend_from_slice(&simd_adler32::adler32(&METADATA).to_le_bytes());
    Ok(())
}
