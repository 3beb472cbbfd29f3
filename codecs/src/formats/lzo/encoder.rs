//! Writing one archive.

use super::MAGIC;
use super::coder::{ADLER32_CODED, ADLER32_PLAIN, LIBRARY, LONG_HEADER, LZO1X_1, UNIX, VERSION, adler32};
use super::compress::{Compressor, most};
use crate::adapters::Blocked;
use crate::error::Result;
use crate::format::{BlockEncode, Blocks, Encode, EncodeOptions, Framing, Piece};

/// Plain bytes in a block, if the options do not ask for fewer. lzop writes blocks of this size, and reads no larger
/// ones as Debian builds it ("block size too small -- recompile lzop").
const BLOCK: usize = 256 << 10;
/// Rights for the file that lzop makes of ours: who owns it writes, all read.
const MODE: u32 = 0o100_644;

pub(super) fn encoder(options: &EncodeOptions) -> Result<Box<dyn Encode>> {
    Ok(Box::new(Blocked::new(&Pieces, options)?))
}

pub(super) struct Pieces;

impl Blocks for Pieces {
    fn block_size(&self, options: &EncodeOptions) -> usize {
        options.block_size.unwrap_or(BLOCK).clamp(1, BLOCK)
    }

    fn block_encoder(&self, options: &EncodeOptions) -> Result<Box<dyn BlockEncode>> {
        Ok(Box::new(Block {
            compressor: Compressor::new(options.level()),
            coded: Vec::new(),
        }))
    }

    fn framing(&self, options: &EncodeOptions) -> Result<Box<dyn Framing>> {
        Ok(Box::new(Archive {
            level: u8::try_from(options.level()).expect("1 to 9"),
        }))
    }
}

struct Block {
    compressor: Compressor,
    /// Room for a coded block, kept from one to the next.
    coded: Vec<u8>,
}

impl BlockEncode for Block {
    fn encode(&mut self, input: &[u8], _: Piece, out: &mut Vec<u8>) -> Result<u32> {
        // A block without bytes would be the end mark.
        if input.is_empty() {
            return Ok(0);
        }
        if self.coded.len() < most(input.len()) {
            self.coded.resize(most(input.len()), 0);
        }
        let n = self.compressor.compress(input, &mut self.coded);
        let stored = n >= input.len();
        let data = if stored { input } else { &self.coded[..n] };
        for len in [input.len(), data.len()] {
            let len = u32::try_from(len).expect("256 KiB at most");
            out.extend_from_slice(&len.to_be_bytes());
        }
        out.extend_from_slice(&adler32(input).to_be_bytes());
        if !stored {
            out.extend_from_slice(&adler32(data).to_be_bytes());
        }
        out.extend_from_slice(data);
        Ok(0)
    }
}

struct Archive {
    level: u8,
}

impl Framing for Archive {
    fn begin(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&MAGIC);
        let fields = out.len();
        for version in [VERSION, LIBRARY, LONG_HEADER] {
            out.extend_from_slice(&version.to_be_bytes());
        }
        out.extend_from_slice(&[LZO1X_1, self.level]);
        // The time is that of 1970, in two words, so that the same data gives the same bytes.
        for word in [UNIX | ADLER32_PLAIN | ADLER32_CODED, MODE, 0, 0] {
            out.extend_from_slice(&word.to_be_bytes());
        }
        // No name.
        out.push(0);
        let checksum = adler32(&out[fields..]);
        out.extend_from_slice(&checksum.to_be_bytes());
    }

    fn piece(&mut self, _: &[u8], _: usize, _: u32) {}

    fn end(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[0; 4]);
    }
}
