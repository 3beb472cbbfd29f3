//! Finding chunks, which can all be decoded apart, by their lengths.

use super::super::runs::{Next, Run, run};
use super::IDENTIFIER;
use super::coder::{CHUNK, Decoder, SKIPPABLE, most};
use crate::format::DecodeOptions;
use crate::pieces::{CodedPiece, Found, Scan};

pub(super) fn scanner(options: &DecodeOptions) -> Box<dyn Scan> {
    Box::new(Chunks {
        memory: options.memory,
        identified: false,
    })
}

struct Chunks {
    memory: Option<u64>,
    /// The identifier has been passed.
    identified: bool,
}

impl Scan for Chunks {
    fn next(&mut self, coded: &[u8], last: bool) -> Found {
        if !self.identified {
            if coded.starts_with(&IDENTIFIER) {
                self.identified = true;
                return Found::Pass(IDENTIFIER.len());
            }
            return if coded.len() < IDENTIFIER.len() {
                Found::More
            } else {
                Found::Lost
            };
        }
        match run(coded, last, chunk) {
            Run::Piece { len, plain } => {
                let decoder = Decoder::new(self.memory, true);
                Found::Piece(CodedPiece {
                    bounded: true,
                    ..CodedPiece::of_bytes(len, Box::new(decoder), plain)
                })
            }
            Run::More => Found::More,
            Run::Other => Found::Lost,
        }
    }
}

fn chunk(coded: &[u8]) -> Next {
    let Some(header) = coded.first_chunk::<4>() else {
        return Next::More;
    };
    let (kind, len) = (header[0], u32::from_le_bytes(*header) >> 8);
    let len = usize::try_from(len).expect("24 bits");
    match most(kind) {
        Some(most) if len <= most => Next::Block {
            len: 4 + len,
            plain: if kind < SKIPPABLE { CHUNK } else { 0 },
        },
        _ => Next::Other,
    }
}
