//! Finding blocks that can be decoded apart: those of frames whose blocks are independent, by their lengths.

use super::coder::STORED;
use super::decoder::{Decoder, Frame, is_skippable, word};
use crate::format::{Decode, DecodeOptions};
use crate::pieces::{CodedPiece, Found, Scan};

/// Plain bytes that the blocks of a piece may have together, unless it is a single one.
const PIECE: usize = 256 << 10;
/// The longest header of a frame, its magic included.
const HEADER: usize = 19;
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
        if let Some([magic, len]) = coded.first_chunk::<8>().map(|b| [word(&b[..4]), word(&b[4..])])
            && is_skippable(magic)
        {
            return match usize::try_from(len).unwrap_or(usize::MAX).saturating_add(8) {
                whole if whole <= coded.len() => Found::Pass(whole),
                _ => Found::Lost,
            };
        }
        // Whatever the decoder makes of the header, it makes of it here.
        let mut decoder = Decoder::new(self.memory);
        for (i, byte) in coded.iter().take(HEADER).enumerate() {
            if decoder.step(&[*byte], &mut [], false).is_err() {
                return Found::Lost;
            }
            match decoder.frame() {
                Some(frame) if frame.legacy || frame.linked => return Found::Lost,
                Some(frame) => {
                    self.frame = Some(frame);
                    return Found::Pass(i + 1);
                }
                None => {}
            }
        }
        if coded.len() < HEADER {
            Found::More
        } else {
            Found::Lost
        }
    }

    fn blocks(&mut self, frame: Frame, coded: &[u8], last: bool) -> Found {
        let (mut at, mut plain) = (0, 0);
        while let Some(header) = coded[at..].first_chunk::<4>() {
            let header = word(header);
            let len = usize::try_from(header & !STORED).unwrap_or(usize::MAX);
            let most = if header & STORED != 0 {
                len
            } else {
                frame.block_most.min(len.saturating_mul(RATIO))
            };
            let ends = header == 0 || len > frame.block_most || plain > 0 && plain + most > PIECE;
            if ends && at > 0 {
                return self.piece(frame, &coded[..at], plain);
            }
            if header == 0 {
                let trailer = 4 + if frame.content_checksum { 4 } else { 0 };
                if coded.len() < trailer {
                    return Found::More;
                }
                self.frame = None;
                return Found::End(trailer);
            }
            if ends {
                return Found::Lost;
            }
            let whole = 4 + len + if frame.block_checksums { 4 } else { 0 };
            if whole > coded.len() - at {
                break;
            }
            at += whole;
            plain += most;
        }
        if at > 0 && last {
            self.piece(frame, &coded[..at], plain)
        } else {
            Found::More
        }
    }

    fn piece(&self, frame: Frame, coded: &[u8], plain: usize) -> Found {
        let decoder = Decoder::of_blocks(frame, self.memory);
        Found::Piece(CodedPiece {
            context: frame.context(),
            ..CodedPiece::of_bytes(coded.len(), coded.to_vec(), Box::new(decoder), plain)
        })
    }
}
