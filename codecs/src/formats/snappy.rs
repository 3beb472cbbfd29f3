//! Snappy: the [framing format](https://github.com/google/snappy/blob/main/framing_format.txt), whose blocks a
//! library codes and whose chunks are read and written here.
//!
//! * Reads chunks of all kinds: compressed and stored ones, with a checksum or, as of 2022, without; identifiers
//!   that recur, so that streams may stand one behind the other; padding and what may be skipped.
//! * Writes the identifier and chunks of 64 KiB with checksums; what would shrink by less than an eighth is stored.
//! * Checks identifiers, the lengths of chunks, and CRC-32C wherever there is one.
//!
//! The format has no end mark. A stream may end behind any chunk, so that a cut there cannot be told, and it may be
//! empty: python-snappy writes not a byte for no data. Whatever follows a stream is part of it, and damage unless it
//! is chunks. A flipped bit can make a chunk one that readers are told to skip, whose data is then lost unnoticed, or turn a
//! stored chunk into one without a checksum, whose data then has the checksum's four bytes in front.
//!
//! Others: snzip, python-snappy, and the libraries of most languages. Blocks without a frame and the framings of
//! Hadoop and of snappy-java are other formats.

use crate::format::{Format, Head, Probe};
use crate::spec::{Flush, Seeking, Spec, Threads};

#[derive(Debug)]
pub(super) struct Snappy;

/// A chunk of type 0xff with six bytes.
const IDENTIFIER: [u8; 10] = *b"\xff\x06\x00\x00sNaPpY";

const SPEC: Spec = Spec::new("snappy", "Snappy's framing format")
    .extensions(&[".sz", ".snappy"])
    .signatures(&[&IDENTIFIER])
    .concat()
    .may_end_early()
    .checksum("CRC-32C")
    .flush(Flush::Sync)
    .seeking(Seeking::Jump)
    .seekable()
    .threads(Threads::Both);

impl Format for Snappy {
    fn spec(&self) -> &Spec {
        &SPEC
    }

    fn probe(&self, head: &Head<'_>) -> Probe {
        head.begins_with(&IDENTIFIER)
    }

    coders!("snappy", blocks, pieces, survey);
}

#[cfg(feature = "snappy")]
mod headers;
#[cfg(feature = "snappy")]
mod scan;
#[cfg(all(test, feature = "snappy"))]
mod tests;

#[cfg(feature = "snappy")]
mod coder {
    use std::sync::Arc;

    use super::super::gather::{Deferred, Gather, Held};
    use super::IDENTIFIER;
    use crate::adapters::Blocked;
    use crate::error::{Error, Result};
    use crate::format::{
        BlockEncode, Blocks, Decode, DecodeOptions, Encode, EncodeOptions, Framing, Piece, Status, Step,
    };
    use crate::pieces::{Adopt, Place};
    use crate::seek::{Entry, Marks, Survey};

    /// Plain bytes that a chunk may have.
    pub(super) const CHUNK: usize = 64 << 10;
    /// Plain bytes in a piece: as much as the engine hands over of small writes, so that they are not gathered once
    /// more. The bytes do not depend on it.
    const PIECE: usize = 2 * CHUNK;

    pub(super) const COMPRESSED: u8 = 0x00;
    pub(super) const STORED: u8 = 0x01;
    /// The same without a checksum.
    pub(super) const COMPRESSED_BARE: u8 = 0x02;
    pub(super) const STORED_BARE: u8 = 0x03;
    /// From here on a reader skips what it does not know.
    pub(super) const SKIPPABLE: u8 = 0x80;
    pub(super) const IDENTIFIES: u8 = 0xff;

    pub(super) fn encoder(options: &EncodeOptions) -> Result<Box<dyn Encode>> {
        Ok(Box::new(Blocked::new(&Pieces, options)?))
    }

    pub(super) use super::scan::scanner;

    pub(super) fn survey(_: &DecodeOptions) -> Box<dyn Survey> {
        super::headers::survey()
    }

    pub(super) fn decoder(options: &DecodeOptions) -> Result<Box<dyn Decode>> {
        Ok(Box::new(Decoder::new(options.memory, false)))
    }

    /// CRC-32C as the format stores it: turned and shifted, because data that holds its own CRC makes poor ones.
    pub(super) fn checksum(plain: &[u8]) -> u32 {
        crc32c::crc32c(plain).rotate_right(15).wrapping_add(0xa282_ead8)
    }

    pub(super) struct Pieces;

    impl Blocks for Pieces {
        /// Sizes below the most that a chunk may have make smaller chunks; others change nothing.
        fn block_size(&self, options: &EncodeOptions) -> usize {
            options.block_size.filter(|size| *size < CHUNK).unwrap_or(PIECE)
        }

        fn block_encoder(&self, _: &EncodeOptions) -> Result<Box<dyn BlockEncode>> {
            Ok(Box::new(Chunks {
                backend: snap::raw::Encoder::new(),
                coded: vec![0; snap::raw::max_compress_len(CHUNK)],
            }))
        }

        fn framing(&self, _: &EncodeOptions) -> Result<Box<dyn Framing>> {
            Ok(Box::new(Stream))
        }
    }

    struct Chunks {
        backend: snap::raw::Encoder,
        coded: Vec<u8>,
    }

    impl BlockEncode for Chunks {
        fn encode(&mut self, input: &[u8], _: Piece, out: &mut Vec<u8>) -> Result<u32> {
            for plain in input.chunks(CHUNK) {
                let n = self
                    .backend
                    .compress(plain, &mut self.coded)
                    .map_err(|e| Error::corrupt(format!("snappy cannot compress: {e}")))?;
                let (kind, data) = if n < plain.len() - plain.len() / 8 {
                    (COMPRESSED, &self.coded[..n])
                } else {
                    (STORED, plain)
                };
                let len = u32::try_from(4 + data.len()).expect("64 KiB and four bytes at most");
                out.push(kind);
                out.extend_from_slice(&len.to_le_bytes()[..3]);
                out.extend_from_slice(&checksum(plain).to_le_bytes());
                out.extend_from_slice(data);
            }
            Ok(0)
        }
    }

    struct Stream;

    impl Framing for Stream {
        fn begin(&mut self, out: &mut Vec<u8>) {
            out.extend_from_slice(&IDENTIFIER);
        }
        fn piece(&mut self, _: &[u8], _: usize, _: u32) {}
        fn end(&mut self, _: &mut Vec<u8>) {}
    }

    /// The most bytes that a chunk of that type may have; `None` for types that nobody knows.
    pub(super) fn most(kind: u8) -> Option<usize> {
        Some(match kind {
            STORED_BARE => CHUNK,
            STORED => 4 + CHUNK,
            COMPRESSED_BARE => snap::raw::max_compress_len(CHUNK),
            COMPRESSED => 4 + snap::raw::max_compress_len(CHUNK),
            IDENTIFIES => IDENTIFIER.len() - 4,
            SKIPPABLE.. => 0xff_ffff,
            _ => return None,
        })
    }

    /// What the next bytes are.
    #[derive(Clone, Copy)]
    enum State {
        /// The type and length of a chunk.
        Header,
        Chunk {
            kind: u8,
            len: usize,
        },
        /// So many bytes of a chunk to skip.
        Skip(usize),
    }

    pub(super) struct Decoder {
        memory: Option<u64>,
        state: State,
        /// The stream has begun with its identifier.
        identified: bool,
        gathered: Gather,
        backend: snap::raw::Decoder,
        held: Held,
        failed: Deferred,
        marks: Marks,
        /// What chunks need to know of what came before: nothing.
        point: Arc<[u8]>,
    }

    impl Decode for Decoder {
        fn step(&mut self, input: &[u8], out: &mut [u8], eof: bool) -> Result<Step> {
            self.failed.check()?;
            let (mut consumed, mut produced) = (0, 0);
            let result = self.run(input, &mut consumed, out, &mut produced, eof);
            self.marks.advance(consumed, produced);
            self.failed.step(consumed, produced, result)
        }

        fn reset(&mut self) -> Result<()> {
            self.state = State::Header;
            self.identified = false;
            self.gathered.clear();
            self.held.clear();
            self.failed.clear();
            self.marks.restart();
            Ok(())
        }

        fn marks(&mut self) -> Option<&mut Marks> {
            Some(&mut self.marks)
        }

        fn resume(&mut self, _: &[u8], _: u64) -> Result<()> {
            self.reset()?;
            self.identified = true;
            Ok(())
        }

        fn adopt(&mut self) -> Option<&mut dyn Adopt> {
            Some(self)
        }
    }

    /// Chunks, each of which has its own checksum.
    impl Adopt for Decoder {
        fn place(&mut self) -> Option<Place> {
            let between =
                matches!(self.state, State::Header) && self.gathered.is_empty() && self.held.is_empty();
            (self.identified && between).then(Place::default)
        }
        fn take(&mut self, plain: &[u8]) -> Result<()> {
            self.marks.adopt(plain.len());
            Ok(())
        }
        fn done(&mut self, coded: u64, _: u64) {
            let entry = || Entry::inside(&self.point, 0);
            self.marks.adopted_up_to(coded, entry);
        }
        fn undo(&mut self) {
            self.marks.undo();
        }
    }

    impl Decoder {
        /// A decoder of a stream, or of what follows its identifier.
        pub(super) fn new(memory: Option<u64>, identified: bool) -> Self {
            Decoder {
                memory,
                state: State::Header,
                identified,
                gathered: Gather::default(),
                backend: snap::raw::Decoder::new(),
                held: Held::default(),
                failed: Deferred::default(),
                marks: Marks::default(),
                point: Arc::new([]),
            }
        }

        fn run(
            &mut self,
            input: &[u8],
            consumed: &mut usize,
            out: &mut [u8],
            produced: &mut usize,
            eof: bool,
        ) -> Result<Status> {
            loop {
                *produced += self.held.hand_out(&mut out[*produced..]);
                if !self.held.is_empty() || (*produced > 0 && *produced == out.len()) {
                    return Ok(Status::More);
                }
                if matches!(self.state, State::Header) && self.identified && self.gathered.is_empty() {
                    let entry = || Entry::inside(&self.point, 0);
                    self.marks.place(*consumed, *produced, entry);
                }
                let rest = &input[*consumed..];
                let need = match self.state {
                    State::Header if eof && rest.is_empty() && self.gathered.is_empty() => {
                        return Ok(Status::Done);
                    }
                    State::Header => 4,
                    State::Chunk { len, .. } => len,
                    State::Skip(0) => {
                        self.state = State::Header;
                        continue;
                    }
                    State::Skip(left) if !rest.is_empty() => {
                        let n = left.min(rest.len());
                        *consumed += n;
                        self.state = State::Skip(left - n);
                        continue;
                    }
                    State::Skip(_) => return Ok(Status::More),
                };
                let mut gathered = std::mem::take(&mut self.gathered);
                let (n, item) = gathered.take(need, rest)?;
                *consumed += n;
                let result = item.map(|item| match self.state {
                    State::Chunk { kind, .. } => self.chunk(kind, item, out, produced),
                    _ => self.header(item),
                });
                if result.is_some() {
                    gathered.clear();
                }
                self.gathered = gathered;
                match result {
                    Some(result) => result?,
                    None => return Ok(Status::More),
                }
            }
        }

        fn header(&mut self, header: &[u8]) -> Result<()> {
            let word = u32::from_le_bytes(header.try_into().expect("four bytes"));
            let (kind, len) = (header[0], usize::try_from(word >> 8).expect("24 bits"));
            if !self.identified && kind != IDENTIFIES {
                return Err(Error::corrupt("the stream does not begin with its identifier"));
            }
            let most = match kind {
                SKIPPABLE..=0xfe => {
                    self.state = State::Skip(len);
                    return Ok(());
                }
                kind => most(kind).ok_or_else(|| {
                    Error::corrupt(format!(
                        "a chunk of type {kind:#04x}, which is none that may be skipped"
                    ))
                })?,
            };
            if len > most {
                return Err(Error::corrupt(format!(
                    "a chunk of type {kind:#04x} has {len} bytes, {most} are the most"
                )));
            }
            if kind != IDENTIFIES && self.memory.is_some_and(|memory| memory < CHUNK as u64) {
                return Err(Error::limit(format!("a chunk takes up to {CHUNK} bytes")));
            }
            self.state = State::Chunk { kind, len };
            Ok(())
        }

        fn chunk(&mut self, kind: u8, chunk: &[u8], out: &mut [u8], produced: &mut usize) -> Result<()> {
            self.state = State::Header;
            if kind == IDENTIFIES {
                if chunk != &IDENTIFIER[4..] {
                    return Err(Error::corrupt("an identifier says something else"));
                }
                self.identified = true;
                return Ok(());
            }
            let (stored, data) = match kind {
                COMPRESSED | STORED => {
                    let (stored, data) = chunk
                        .split_at_checked(4)
                        .ok_or_else(|| Error::corrupt("a chunk too short for its checksum"))?;
                    let stored = u32::from_le_bytes(stored.try_into().expect("four bytes"));
                    (Some(stored), data)
                }
                _ => (None, chunk),
            };
            let compressed = matches!(kind, COMPRESSED | COMPRESSED_BARE);
            let len = if compressed {
                snap::raw::decompress_len(data).map_err(|e| damaged(&e))?
            } else {
                data.len()
            };
            if len > CHUNK {
                return Err(Error::corrupt(format!(
                    "a chunk of {len} bytes, {CHUNK} are the most"
                )));
            }
            let straight = len <= out.len() - *produced;
            let plain = if straight {
                &mut out[*produced..*produced + len]
            } else {
                self.held.room(len)?
            };
            if compressed {
                decode(&mut self.backend, data, plain)?;
            } else {
                plain.copy_from_slice(data);
            }
            if let Some(stored) = stored {
                Error::verify("masked CRC-32C", stored, checksum(plain))?;
            }
            if straight {
                *produced += len;
            } else {
                self.held.keep(len);
            }
            Ok(())
        }
    }

    /// Decodes a block whose length is that of `plain`.
    pub(super) fn decode(backend: &mut snap::raw::Decoder, data: &[u8], plain: &mut [u8]) -> Result<()> {
        backend.decompress(data, plain).map(drop).map_err(|e| damaged(&e))
    }

    pub(super) fn damaged(error: &snap::Error) -> Error {
        Error::corrupt(format!("a chunk is damaged: {error}"))
    }
}
