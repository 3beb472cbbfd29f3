//! Writing to be sought in: a frame for each piece, and behind them the seek table that
//! [frames](super::frames) reads. To others the table is a skippable frame.

use zstd_safe::{CCtx, CParameter};

use super::coder::explain;
use super::frames::{TABLE_END, TABLE_FRAME};
use crate::error::{Error, Result};
use crate::format::{BlockEncode, Blocks, EncodeOptions, Framing, Piece};

/// Plain bytes in a frame, if the options do not say.
const FRAME: usize = 1 << 20;
/// The most that an entry of the table can say.
const MOST: usize = 1 << 30;

pub(super) struct Pieces;

impl Blocks for Pieces {
    fn block_size(&self, options: &EncodeOptions) -> usize {
        options.block_size.unwrap_or(FRAME).min(MOST)
    }

    fn block_encoder(&self, options: &EncodeOptions) -> Result<Box<dyn BlockEncode>> {
        let mut context = CCtx::try_create().ok_or_else(|| Error::limit("not enough memory"))?;
        for parameter in [
            CParameter::CompressionLevel(options.level()),
            CParameter::ChecksumFlag(true),
            CParameter::ContentSizeFlag(true),
        ] {
            context.set_parameter(parameter).map_err(explain)?;
        }
        Ok(Box::new(Frame(context)))
    }

    fn framing(&self, _: &EncodeOptions) -> Result<Box<dyn Framing>> {
        Ok(Box::new(Table::default()))
    }
}

struct Frame(CCtx<'static>);

impl BlockEncode for Frame {
    fn encode(&mut self, input: &[u8], piece: Piece, out: &mut Vec<u8>) -> Result<u32> {
        if input.is_empty() && piece.index > 0 {
            return Ok(0);
        }
        let mut coded = Vec::with_capacity(zstd_safe::compress_bound(input.len()));
        self.0.compress2(&mut coded, input).map_err(explain)?;
        out.append(&mut coded);
        Ok(0)
    }
}

/// Takes note of the frames. Where there are more than a table has room for, there is none.
#[derive(Default)]
struct Table {
    entries: Vec<u8>,
    frames: u32,
}

impl Framing for Table {
    fn begin(&mut self, _: &mut Vec<u8>) {}

    fn piece(&mut self, input: &[u8], coded: usize, _: u32) {
        if coded == 0 {
            return;
        }
        for size in [coded, input.len()] {
            let size = u32::try_from(size).expect("a frame holds at most 1 GiB");
            self.entries.extend_from_slice(&size.to_le_bytes());
        }
        self.frames = self.frames.saturating_add(1);
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        let Ok(len) = u32::try_from(self.entries.len() + 9) else {
            return;
        };
        out.extend_from_slice(&TABLE_FRAME.to_le_bytes());
        out.extend_from_slice(&len.to_le_bytes());
        out.append(&mut self.entries);
        out.extend_from_slice(&self.frames.to_le_bytes());
        out.push(0);
        out.extend_from_slice(&TABLE_END.to_le_bytes());
    }
}
