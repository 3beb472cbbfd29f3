//! Finding blocks that can be decoded apart: those of frames whose blocks are independent, by their lengths.

use super::super::runs::{Next, Run, run};
use super::super::skippable;
use super::coder::STORED;
use super::decoder::{Decoder, Frame, HEADER, word};
use crate::format::DecodeOptions;
use crate::pieces::{CodedPiece, Found, Scan};

/// Plain bytes that a block may have. Larger ones decode no faster on two threads than into the caller's slice: they are
/// copied out of caches by then.
const MOST: usize = 1 << 20;
/// No byte of a coded block stands for more plain ones.
const RATIO: usize = 255;

pub(super) fn scanner(options: &DecodeOptions) -> Box<dyn Scan> {
    Box::new(Blocks {
        memory: options.memory,
        frame: None,
    })
}

struct Blocks {
    memory: Option<u64>,
    /// The frame whose blocks these are; `None` in front of a frame.
    frame: Option<Frame>,
}

impl Scan for Blocks {
    fn next(&mut self, coded: &[u8], last: bool) -> Found {
        match self.frame {
            Some(frame) => self.blocks(frame, coded, last),
            None => self.header(coded),
        }
    }
}

impl Blocks {
    fn header(&mut self, coded: &[u8]) -> Found {
        if let Some(found) = skippable::pass(coded) {
            return found;
        }
        match Frame::parse(coded, self.memory) {
            Ok(Some((frame, _))) if frame.legacy || frame.linked || frame.block_most > MOST => Found::Lost,
            Ok(Some((frame, len))) => {
                self.frame = Some(frame);
                Found::Pass(len)
            }
            Ok(None) if coded.len() < HEADER => Found::More,
            _ => Found::Lost,
        }
    }

    fn blocks(&mut self, frame: Frame, coded: &[u8], last: bool) -> Found {
        let next = |coded: &[u8]| {
            let Some(header) = coded.first_chunk::<4>() else {
                return Next::More;
            };
            let header = word(header);
            let len = usize::try_from(header & !STORED).unwrap_or(usize::MAX);
            if header == 0 || len > frame.block_most {
                return Next::Other;
            }
            let plain = if header & STORED == 0 {
                frame.block_most.min(len.saturating_mul(RATIO))
            } else {
                len
            };
            let checksum = if frame.block_checksums { 4 } else { 0 };
            Next::Block {
                len: 4 + len + checksum,
                plain,
            }
        };
        match run(coded, last, next) {
            Run::Piece { len, plain } => {
                let decoder = Decoder::of_blocks(frame, self.memory);
                Found::Piece(CodedPiece {
                    context: frame.context(),
                    bounded: true,
                    ..CodedPiece::of_bytes(len, Box::new(decoder), plain)
                })
            }
            Run::More => Found::More,
            Run::Other if coded.starts_with(&[0; 4]) => {
                let trailer = 4 + if frame.content_checksum { 4 } else { 0 };
                if coded.len() < trailer {
                    return Found::More;
                }
                self.frame = None;
                Found::End(trailer)
            }
            Run::Other => Found::Lost,
        }
    }
}
