//! Finding blocks, which can all be decoded apart, by their lengths.

use super::super::runs::{Next, Run, run};
use super::coder::BLOCK_MOST;
use super::decoder::{Decoder, checksums, word};
use crate::format::{Decode, DecodeOptions};
use crate::pieces::{CodedPiece, Found, Scan};

/// Bytes of a header that is gone through here, extra field included.
const HEADER: usize = 4096;

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
        // Whatever the decoder makes of the header, it makes of it here.
        let mut decoder = Decoder::new(self.memory);
        for (i, byte) in coded.iter().take(HEADER).enumerate() {
            if decoder.step(&[*byte], &mut [], false).is_err() {
                return Found::Lost;
            }
            self.flags = decoder.flags();
            if self.flags.is_some() {
                return Found::Pass(i + 1);
            }
        }
        if coded.len() < HEADER {
            Found::More
        } else {
            Found::Lost
        }
    }
}

fn block(flags: u32, coded: &[u8]) -> Next {
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
