//! Finding blocks, which can all be decoded apart, by their lengths.

use super::super::runs::{Next, Run, run};
use super::coder::BLOCK_MOST;
use super::decoder::{Decoder, HEADER, checksums, word};
use crate::format::DecodeOptions;
use crate::pieces::{CodedPiece, Found, Scan};

pub(super) fn scanner(options: &DecodeOptions) -> Box<dyn Scan> {
    Box::new(Blocks {
        memory: options.memory,
        flags: None,
    })
}

struct Blocks {
    memory: Option<u64>,
    /// Those of the archive whose blocks these are; `None` in front of one.
    flags: Option<u32>,
}

impl Scan for Blocks {
    fn next(&mut self, coded: &[u8], last: bool) -> Found {
        let Some(flags) = self.flags else {
            return self.header(coded);
        };
        match run(coded, last, |coded| block(flags, coded)) {
            Run::Piece { len, plain } => {
                let decoder = Decoder::of_blocks(flags, self.memory);
                Found::Piece(CodedPiece {
                    context: flags.into(),
                    bounded: true,
                    ..CodedPiece::of_bytes(len, Box::new(decoder), plain)
                })
            }
            Run::More => Found::More,
            Run::Other if coded.starts_with(&[0; 4]) => {
                self.flags = None;
                Found::End(4)
            }
            Run::Other => Found::Lost,
        }
    }
}

impl Blocks {
    fn header(&mut self, coded: &[u8]) -> Found {
        match Decoder::header_of(coded, self.memory) {
            Ok(Some((flags, len))) => {
                self.flags = Some(flags);
                Found::Pass(len)
            }
            Ok(None) if coded.len() < HEADER => Found::More,
            _ => Found::Lost,
        }
    }
}

/// A block of an archive with these flags.
pub(super) fn block(flags: u32, coded: &[u8]) -> Next {
    let Some(plain) = coded.first_chunk::<4>() else {
        return Next::More;
    };
    let Some(len) = coded[4..].first_chunk::<4>() else {
        return if word(plain) == 0 { Next::Other } else { Next::More };
    };
    let [plain, len] = [plain, len].map(|bytes| usize::try_from(word(bytes)).unwrap_or(usize::MAX));
    if plain == 0 || plain > BLOCK_MOST || len > plain {
        return Next::Other;
    }
    Next::Block {
        len: 8 + 4 * checksums(flags, len < plain).count() + len,
        plain,
    }
}
