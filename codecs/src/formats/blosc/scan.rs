//! Finding chunks, which can all be decoded apart, by their lengths.

use std::sync::{Arc, Mutex, PoisonError};

use super::chunk::Header;
use super::container::Pack;
use super::decoder::Decoder;
use super::digest::Kind;
use super::{HEADER, MAGIC};
use crate::error::Result;
use crate::format::{Decode, DecodeOptions, Status, Step};
use crate::pieces::{CodedPiece, Found, Scan};

pub(super) fn scanner(options: &DecodeOptions) -> Box<dyn Scan> {
    Box::new(Chunks::new(options.memory))
}

struct Chunks {
    memory: Option<u64>,
    /// The file around the chunks; `None` in front of one.
    pack: Option<Pack>,
    /// Bytes of the file that have been passed.
    position: u64,
    idle: Idle,
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
    fn new(memory: Option<u64>) -> Self {
        Chunks {
            memory,
            pack: None,
            position: 0,
            idle: Idle::default(),
        }
    }

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
        let decoder = Chunk {
            checksum: pack.checksum,
            memory: self.memory,
            idle: self.idle.clone(),
            decoder: None,
        };
        Found::Piece(CodedPiece {
            context,
            note: header.nbytes as u64,
            bounded: true,
            memory: 2 * header.blocksize as u64,
            ..CodedPiece::of_bytes(len, Box::new(decoder), header.nbytes)
        })
    }
}

/// Decoders that have decoded a chunk. The next chunk finds their buffers: memory that is given back after each would have
/// to be cleared for the next by the system, which takes longer than decoding it.
#[derive(Clone, Default)]
struct Idle(Arc<Mutex<Vec<Decoder>>>);

impl Idle {
    /// A decoder that keeps more than this is not kept.
    const MOST: usize = 4 << 20;

    fn take(&self) -> Option<Decoder> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn give(&self, decoder: Decoder) {
        if decoder.kept() <= Self::MOST {
            self.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(decoder);
        }
    }
}

/// Decodes one chunk and its checksum.
struct Chunk {
    checksum: Kind,
    memory: Option<u64>,
    idle: Idle,
    /// What does it, from the first step to the last.
    decoder: Option<Decoder>,
}

impl Decode for Chunk {
    fn step(&mut self, input: &[u8], out: &mut [u8], eof: bool) -> Result<Step> {
        let mut decoder = self.decoder.take().unwrap_or_else(|| {
            let mut decoder = self.idle.take().unwrap_or_else(|| Decoder::new(self.memory));
            decoder.begin_chunk(self.checksum);
            decoder
        });
        // One that fails is not used again.
        let step = decoder.step(input, out, eof)?;
        if step.status == Status::Done {
            self.idle.give(decoder);
        } else {
            self.decoder = Some(decoder);
        }
        Ok(step)
    }

    fn reset(&mut self) -> Result<()> {
        self.decoder = None;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{file, plain, step};
    use super::*;

    /// A scan that has passed the header of a file, and what follows that.
    fn behind_header(blocksize: usize, chunk_size: usize, plain: &[u8]) -> (Chunks, Vec<u8>) {
        let mut coded = file(blocksize, chunk_size, plain);
        let mut scan = Chunks::new(None);
        let Found::Pass(n) = scan.next(&coded, true) else {
            panic!("no header");
        };
        coded.drain(..n);
        (scan, coded)
    }

    /// The bytes of the next chunk, which are taken from the front, and what decodes it.
    fn piece(scan: &mut Chunks, coded: &mut Vec<u8>) -> (Vec<u8>, Box<dyn Decode>) {
        let Found::Piece(piece) = scan.next(coded, true) else {
            panic!("no chunk");
        };
        let rest = coded.split_off(usize::try_from(piece.end / 8).unwrap());
        (std::mem::replace(coded, rest), piece.decoder)
    }

    #[test]
    fn the_next_chunk_finds_the_buffers_of_the_last() {
        let plain = plain(60_000);
        let (mut scan, mut coded) = behind_header(8000, 20_000, &plain);
        let idle = scan.idle.clone();
        for plain in plain.chunks(20_000) {
            let (coded, mut decoder) = piece(&mut scan, &mut coded);
            let (got, ended) = step(&mut *decoder, &coded, coded.len(), plain.len());
            assert!(got == plain && ended);
            let decoder = idle.take().expect("a decoder that is idle");
            assert!(decoder.kept() >= 8000, "with a block");
            assert!(idle.take().is_none(), "of two chunks, one behind the other");
            idle.give(decoder);
        }
    }

    #[test]
    fn what_fails_or_is_large_is_not_kept() {
        let (mut scan, mut coded) = behind_header(8000, 20_000, &plain(20_000));
        let (mut coded, mut decoder) = piece(&mut scan, &mut coded);
        coded[100] ^= 1;
        let mut out = vec![0; 20_000];
        while decoder.step(&coded, &mut out, true).is_ok() {}
        assert!(scan.idle.take().is_none());

        let large = plain(Idle::MOST + 4);
        let (mut scan, mut coded) = behind_header(large.len(), large.len(), &large);
        let (coded, mut decoder) = piece(&mut scan, &mut coded);
        assert!(step(&mut *decoder, &coded, coded.len(), large.len()).1);
        assert!(scan.idle.take().is_none());
    }
}
