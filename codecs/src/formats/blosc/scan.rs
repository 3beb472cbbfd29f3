//! Finding chunks, which can all be decoded apart, by their lengths.

use super::chunk::Header;
use super::container::Pack;
use super::decoder::Decoder;
use super::{HEADER, MAGIC};
use crate::format::{Decode, DecodeOptions};
use crate::pieces::{CodedPiece, Found, Scan};

pub(super) fn scanner(options: &DecodeOptions) -> Box<dyn Scan> {
    Box::new(Chunks {
        memory: options.memory,
        pack: None,
        position: 0,
    })
}

struct Chunks {
    memory: Option<u64>,
    /// The file around the chunks; `None` in front of one.
    pack: Option<Pack>,
    /// Bytes of the file that have been passed.
    position: u64,
}

impl Scan for Chunks {
    fn next(&mut self, coded: &[u8], _: bool) -> Found {
        match &mut self.pack {
            Some(_) => self.chunk(coded),
            None => self.header(coded),
        }
    }
}

impl Chunks {
    fn header(&mut self, coded: &[u8]) -> Found {
        if !coded.starts_with(&MAGIC) {
            // A chunk that stands alone.
            return if coded.len() < MAGIC.len() {
                Found::More
            } else {
                Found::Lost
            };
        }
        // Whatever the decoder makes of the header and the offsets, it makes of them here.
        let mut decoder = Decoder::new(self.memory);
        for (i, byte) in coded.iter().enumerate() {
            if decoder.step(&[*byte], &mut [], false).is_err() {
                return Found::Lost;
            }
            if let Some(pack) = decoder.pack_between_chunks() {
                self.pack = Some(pack.clone());
                self.position = i as u64 + 1;
                return Found::Pass(i + 1);
            }
        }
        Found::More
    }

    fn chunk(&mut self, coded: &[u8]) -> Found {
        let Some(pack) = &mut self.pack else {
            return Found::Lost;
        };
        if !pack.is_open() && !pack.another(false).unwrap_or(false) {
            self.pack = None;
            return Found::End(0);
        }
        let Some(header) = coded.first_chunk::<HEADER>() else {
            return Found::More;
        };
        let Ok(header) = Header::parse(header) else {
            return Found::Lost;
        };
        let len = header.cbytes + pack.checksum.len();
        if coded.len() < len {
            return Found::More;
        }
        let context = pack.begun();
        if pack.chunk(&header, self.position).is_err() {
            return Found::Lost;
        }
        self.position += len as u64;
        let decoder = Decoder::of_chunk(pack.checksum, self.memory);
        Found::Piece(CodedPiece {
            context,
            note: header.nbytes as u64,
            bounded: true,
            memory: 2 * header.blocksize as u64,
            ..CodedPiece::of_bytes(len, Box::new(decoder), header.nbytes)
        })
    }
}
