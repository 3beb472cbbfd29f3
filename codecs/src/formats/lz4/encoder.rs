//! Writing one frame of independent blocks.

use std::hash::Hasher;

use lz4::block::CompressionMode;
use lz4_flex::block::CompressTable;
use twox_hash::XxHash32;

use super::MAGIC;
use super::coder::{CONTENT_CHECKSUM, CONTENT_SIZE, INDEPENDENT, STORED, VERSION, header_checksum, xxh32};
use crate::adapters::Blocked;
use crate::error::{Error, Result};
use crate::format::{BlockEncode, Blocks, Encode, EncodeOptions, Framing, Piece};

/// Plain bytes in a block, if the options do not say.
pub(super) const BLOCK: usize = 1 << 20;
/// The sizes that the format knows, with their codes.
const SIZES: [(usize, u8); 4] = [(64 << 10, 4), (256 << 10, 5), (1 << 20, 6), (4 << 20, 7)];
/// From this level on the slow search of the C library, below it the fast one. lz4(1) counts alike.
const HIGH: i32 = 3;

pub(super) fn encoder(options: &EncodeOptions) -> Result<Box<dyn Encode>> {
    Ok(Box::new(Blocked::new(&Pieces, options)?))
}

/// The smallest size of the format's that holds so many bytes, or its largest.
pub(super) fn block_size(wanted: usize) -> (usize, u8) {
    let fits = SIZES.into_iter().find(|(size, _)| *size >= wanted);
    fits.unwrap_or(SIZES[SIZES.len() - 1])
}

pub(super) struct Pieces;

impl Blocks for Pieces {
    fn block_size(&self, options: &EncodeOptions) -> usize {
        block_size(options.block_size.unwrap_or(BLOCK)).0
    }

    fn block_encoder(&self, options: &EncodeOptions) -> Result<Box<dyn BlockEncode>> {
        Ok(Box::new(Block::new(options.level(), false)))
    }

    fn framing(&self, options: &EncodeOptions) -> Result<Box<dyn Framing>> {
        Ok(Box::new(Frame {
            block_code: block_size(options.block_size.unwrap_or(BLOCK)).1,
            size: options.size,
            content: XxHash32::with_seed(0),
        }))
    }
}

enum Search {
    /// A table of positions for blocks that 16 bits can count, which costs less to clear, and one for others. Which
    /// one is used depends on the block alone, so that the bytes do too.
    Fast {
        small: CompressTable,
        large: CompressTable,
    },
    High(i32),
}

pub(super) struct Block {
    search: Search,
    /// Each has a checksum of its coded bytes behind it.
    checksums: bool,
    /// Room for a coded block, kept from one to the next.
    coded: Vec<u8>,
}

impl Block {
    pub(super) fn new(level: i32, checksums: bool) -> Self {
        Block {
            search: if level < HIGH {
                Search::Fast {
                    small: CompressTable::small(),
                    large: CompressTable::large(),
                }
            } else {
                Search::High(level)
            },
            checksums,
            coded: Vec::new(),
        }
    }

    /// Compresses into `coded`; how many bytes it takes.
    fn compress(&mut self, input: &[u8]) -> Result<usize> {
        let most = lz4_flex::block::get_maximum_output_size(input.len());
        if self.coded.len() < most {
            self.coded.resize(most, 0);
        }
        match &mut self.search {
            Search::Fast { small, large } => {
                let table = if input.len() < usize::from(u16::MAX) {
                    small
                } else {
                    large
                };
                lz4_flex::block::compress_into_with_table(input, &mut self.coded, table)
                    .map_err(|e| Error::corrupt(format!("lz4 cannot compress: {e}")))
            }
            Search::High(level) => {
                let mode = CompressionMode::HIGHCOMPRESSION(*level);
                // What fails here, with room enough, is an allocation.
                lz4::block::compress_to_buffer(input, Some(mode), false, &mut self.coded)
                    .map_err(|_| Error::limit("not enough memory"))
            }
        }
    }
}

impl BlockEncode for Block {
    fn encode(&mut self, input: &[u8], _: Piece, out: &mut Vec<u8>) -> Result<u32> {
        // A block without bytes would be the end mark.
        if !input.is_empty() {
            let n = self.compress(input)?;
            let (data, flag) = if n < input.len() {
                (&self.coded[..n], 0)
            } else {
                (input, STORED)
            };
            let len = u32::try_from(data.len()).expect("4 MiB at most");
            out.extend_from_slice(&(len | flag).to_le_bytes());
            out.extend_from_slice(data);
            if self.checksums {
                out.extend_from_slice(&xxh32(data).to_le_bytes());
            }
        }
        Ok(0)
    }
}

/// Appends the header of a frame of independent blocks with these checksums.
pub(super) fn header(checksums: u8, block_code: u8, size: Option<u64>, out: &mut Vec<u8>) {
    out.extend_from_slice(&MAGIC);
    let fields = out.len();
    let sized = if size.is_some() { CONTENT_SIZE } else { 0 };
    out.push(VERSION | INDEPENDENT | checksums | sized);
    out.push(block_code << 4);
    if let Some(size) = size {
        out.extend_from_slice(&size.to_le_bytes());
    }
    out.push(header_checksum(&out[fields..]));
}

struct Frame {
    block_code: u8,
    size: Option<u64>,
    /// Over all plain bytes. XXH32 has no way to combine those of parts, so it is taken here, in order.
    content: XxHash32,
}

impl Framing for Frame {
    fn begin(&mut self, out: &mut Vec<u8>) {
        header(CONTENT_CHECKSUM, self.block_code, self.size, out);
    }

    fn piece(&mut self, input: &[u8], _: usize, _: u32) {
        self.content.write(input);
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&self.content.finish_32().to_le_bytes());
    }
}
