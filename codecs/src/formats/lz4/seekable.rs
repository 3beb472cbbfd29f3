//! Writing what can be sought in: a frame for each piece, so that headers say how much data there is to step over.

use super::coder::BLOCK_CHECKSUMS;
use super::encoder::{BLOCK, Block, block_size, header};
use crate::error::Result;
use crate::format::{BlockEncode, Blocks, EncodeOptions, Framing, Piece};

/// The most plain bytes in a frame, which is encoded in memory.
const MOST: usize = 1 << 30;

pub(super) struct Pieces;

impl Blocks for Pieces {
    fn block_size(&self, options: &EncodeOptions) -> usize {
        options.block_size.unwrap_or(BLOCK).clamp(1, MOST)
    }

    fn block_encoder(&self, options: &EncodeOptions) -> Result<Box<dyn BlockEncode>> {
        // Blocks of a large frame remain so small that several threads decode them.
        let wanted = self.block_size(options).min(BLOCK);
        let (block, block_code) = block_size(wanted);
        Ok(Box::new(Frame {
            encoder: Block::new(options.level(), true),
            block,
            block_code,
        }))
    }

    fn framing(&self, _: &EncodeOptions) -> Result<Box<dyn Framing>> {
        Ok(Box::new(Frames))
    }
}

/// A frame whose blocks have checksums of their own, because nobody who jumps into it can check one over all of them.
struct Frame {
    encoder: Block,
    block: usize,
    block_code: u8,
}

impl BlockEncode for Frame {
    fn encode(&mut self, input: &[u8], piece: Piece, out: &mut Vec<u8>) -> Result<u32> {
        if input.is_empty() && piece.index > 0 {
            return Ok(0);
        }
        header(BLOCK_CHECKSUMS, self.block_code, Some(input.len() as u64), out);
        for block in input.chunks(self.block) {
            self.encoder.encode(block, piece, out)?;
        }
        out.extend_from_slice(&[0; 4]);
        Ok(0)
    }
}

/// There is nothing around them.
struct Frames;

impl Framing for Frames {
    fn begin(&mut self, _: &mut Vec<u8>) {}
    fn piece(&mut self, _: &[u8], _: usize, _: u32) {}
    fn end(&mut self, _: &mut Vec<u8>) {}
}
