//! A format made of a pair of functions.

use std::fmt;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::format::{
    BlockEncode, Blocks, Decode, DecodeOptions, Encode, EncodeOptions, Format, Framing, Head, Piece, Probe,
    Status, Step,
};
use crate::spec::{Flush, Spec, Threads};

use super::Blocked;

type Compress = dyn Fn(&[u8], i32) -> Result<Vec<u8>> + Send + Sync;
type Decompress = dyn Fn(&[u8], usize) -> Result<Vec<u8>> + Send + Sync;

/// A [`Format`] made of a [`Spec`] and two functions that code one block.
///
/// The stream is the first signature of the spec, then blocks, each with a header of three 32-bit
/// little-endian numbers: plain length, coded length, CRC-32 of the plain bytes (ISO-HDLC, as in gzip). A plain
/// length of 0 ends the stream; its coded length and CRC-32 are 0 too. A block holds at most 16 MiB.
///
/// ```
/// use demijohn_codecs::adapters::Framed;
/// use demijohn_codecs::{Compressor, Error, Spec};
///
/// const SPEC: Spec = Spec::new("mirror", "bytes turned round").extensions(&[".mirror"]).signatures(&[b"MIRROR1\0"]);
/// let turn = |bytes: &[u8]| -> Vec<u8> { bytes.iter().rev().copied().collect() };
/// let mirror = Compressor::new(Framed::new(SPEC, move |plain, _level| Ok(turn(plain)), move |coded, _len| Ok(turn(coded))));
/// let packed = mirror.compress(b"abc")?;
/// assert_eq!(mirror.decompress(&packed)?, b"abc");
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
pub struct Framed {
    spec: Spec,
    compress: Arc<Compress>,
    decompress: Arc<Decompress>,
}

/// Plain bytes in a block, if the options do not say.
const BLOCK: usize = 256 << 10;
/// Plain bytes a block may have.
const MOST: usize = 16 << 20;
const HEADER: usize = 12;

impl Framed {
    /// A format of that description, its blocks coded by `compress(plain, level)` and decoded by
    /// `decompress(coded, plain_len)`.
    ///
    /// The spec is completed by what the frame gives: a checksum, joined streams, flushes.
    ///
    /// # Panics
    /// If the spec names no signature.
    pub fn new(
        spec: Spec,
        compress: impl Fn(&[u8], i32) -> Result<Vec<u8>> + Send + Sync + 'static,
        decompress: impl Fn(&[u8], usize) -> Result<Vec<u8>> + Send + Sync + 'static,
    ) -> Self {
        assert!(
            spec.magic().first().is_some_and(|m| !m.is_empty()),
            "a framed format needs a signature"
        );
        let spec = spec
            .concat()
            .checksum("CRC-32")
            .flush(Flush::Sync)
            .threads(Threads::Write);
        Framed {
            spec,
            compress: Arc::new(compress),
            decompress: Arc::new(decompress),
        }
    }

    fn magic(&self) -> &'static [u8] {
        self.spec.magic()[0]
    }
}

impl Format for Framed {
    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn probe(&self, head: &Head<'_>) -> Probe {
        head.begins_with(self.magic())
    }

    fn encoder(&self, options: &EncodeOptions) -> Result<Box<dyn Encode>> {
        Ok(Box::new(Blocked::new(self, options)?))
    }

    fn decoder(&self, options: &DecodeOptions) -> Result<Box<dyn Decode>> {
        let most = options
            .memory
            .map_or(MOST, |memory| usize::try_from(memory).unwrap_or(MOST).min(MOST));
        Ok(Box::new(Unframe {
            format: self.clone(),
            most,
            state: State::Magic,
            buffer: Vec::new(),
            plain_at: 0,
        }))
    }

    fn blocks(&self) -> Option<&dyn Blocks> {
        Some(self)
    }
}

impl Blocks for Framed {
    fn block_size(&self, options: &EncodeOptions) -> usize {
        options.block_size.unwrap_or(BLOCK).min(MOST)
    }

    fn block_encoder(&self, options: &EncodeOptions) -> Result<Box<dyn BlockEncode>> {
        Ok(Box::new(Block {
            compress: self.compress.clone(),
            level: options.level(),
        }))
    }

    fn framing(&self, _: &EncodeOptions) -> Result<Box<dyn Framing>> {
        Ok(Box::new(Frame(self.magic())))
    }
}

struct Block {
    compress: Arc<Compress>,
    level: i32,
}

impl BlockEncode for Block {
    fn encode(&mut self, input: &[u8], _: Piece, out: &mut Vec<u8>) -> Result<u32> {
        if input.is_empty() {
            return Ok(0);
        }
        let coded = (self.compress)(input, self.level)?;
        let too_large = |_| Error::unsupported("a block of 4 GiB or more");
        let crc = crc32fast::hash(input);
        out.extend_from_slice(&u32::try_from(input.len()).map_err(too_large)?.to_le_bytes());
        out.extend_from_slice(&u32::try_from(coded.len()).map_err(too_large)?.to_le_bytes());
        out.extend_from_slice(&crc.to_le_bytes());
        out.extend_from_slice(&coded);
        Ok(crc)
    }
}

struct Frame(&'static [u8]);

impl Framing for Frame {
    fn begin(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0);
    }
    fn piece(&mut self, _: &[u8], _: usize, _: u32) {}
    fn end(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[0; HEADER]);
    }
}

struct Unframe {
    format: Framed,
    /// Plain bytes a block may have.
    most: usize,
    state: State,
    /// What is being gathered: magic, header or coded block; in `Plain`, the decoded block.
    buffer: Vec<u8>,
    plain_at: usize,
}

#[derive(Clone, Copy)]
enum State {
    Magic,
    Header,
    Coded { plain: usize, coded: usize, crc: u32 },
    Plain,
    End,
}

impl Unframe {
    /// What to do with a whole magic, header or coded block.
    fn gathered(&mut self) -> Result<()> {
        self.state = match self.state {
            State::Magic if self.buffer == self.format.magic() => State::Header,
            State::Magic => return Err(Error::corrupt("the stream does not begin with its signature")),
            State::Header => self.header()?,
            State::Coded { plain, crc, .. } => {
                let block = (self.format.decompress)(&self.buffer, plain)?;
                if block.len() != plain {
                    return Err(Error::corrupt(format!(
                        "a block of {plain} bytes has {}",
                        block.len()
                    )));
                }
                Error::verify("CRC-32", crc, crc32fast::hash(&block))?;
                self.buffer = block;
                self.plain_at = 0;
                self.state = State::Plain;
                return Ok(());
            }
            other => other,
        };
        self.buffer.clear();
        Ok(())
    }

    fn header(&self) -> Result<State> {
        let field = |i: usize| {
            let bytes = self.buffer[4 * i..4 * i + 4].try_into().expect("four bytes");
            u32::from_le_bytes(bytes)
        };
        let size =
            |i: usize| usize::try_from(field(i)).map_err(|_| Error::corrupt("a block too large for memory"));
        let (plain, coded, crc) = (size(0)?, size(1)?, field(2));
        if plain == 0 {
            return if coded == 0 && crc == 0 {
                Ok(State::End)
            } else {
                Err(Error::corrupt("an end mark with a length or a checksum"))
            };
        }
        if plain > self.most {
            return Err(Error::limit(format!(
                "a block of {plain} bytes; {} are allowed",
                self.most
            )));
        }
        if coded > self.most + self.most / 8 + 1024 {
            return Err(Error::corrupt(format!(
                "a block of {plain} bytes coded in {coded}"
            )));
        }
        Ok(State::Coded { plain, coded, crc })
    }
}

impl Decode for Unframe {
    fn step(&mut self, input: &[u8], out: &mut [u8], _eof: bool) -> Result<Step> {
        let (mut consumed, mut produced) = (0, 0);
        loop {
            let need = match self.state {
                State::Magic => self.format.magic().len(),
                State::Header => HEADER,
                State::Coded { coded, .. } => coded,
                State::Plain => {
                    let n = (self.buffer.len() - self.plain_at).min(out.len() - produced);
                    out[produced..produced + n].copy_from_slice(&self.buffer[self.plain_at..][..n]);
                    produced += n;
                    self.plain_at += n;
                    if self.plain_at < self.buffer.len() {
                        return Ok(Step {
                            consumed,
                            produced,
                            status: Status::More,
                        });
                    }
                    self.buffer.clear();
                    self.state = State::Header;
                    continue;
                }
                State::End => {
                    return Ok(Step {
                        consumed,
                        produced,
                        status: Status::Done,
                    });
                }
            };
            // Grows with the bytes that are there, never on a header's word.
            let n = (need - self.buffer.len()).min(input.len() - consumed);
            self.buffer.extend_from_slice(&input[consumed..consumed + n]);
            consumed += n;
            if self.buffer.len() < need {
                return Ok(Step {
                    consumed,
                    produced,
                    status: Status::More,
                });
            }
            self.gathered()?;
        }
    }

    fn reset(&mut self) -> Result<()> {
        self.state = State::Magic;
        self.buffer.clear();
        Ok(())
    }
}

impl fmt::Debug for Framed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Framed")
            .field("spec", &self.spec)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read};

    use super::*;
    use crate::{Compressor, ErrorKind, Options};

    /// Bytes turned round.
    fn mirror() -> Compressor {
        const SPEC: Spec = Spec::new("mirror", "bytes turned round").signatures(&[b"MIRROR\0"]);
        let turn = |bytes: &[u8]| -> Vec<u8> { bytes.iter().rev().copied().collect() };
        Compressor::new(Framed::new(
            SPEC,
            move |plain, _| Ok(turn(plain)),
            move |coded, _| Ok(turn(coded)),
        ))
    }

    fn stream(blocks: &[([u32; 3], &[u8])]) -> Vec<u8> {
        let mut stream = b"MIRROR\0".to_vec();
        for (header, coded) in blocks {
            stream.extend(header.iter().flat_map(|word| word.to_le_bytes()));
            stream.extend_from_slice(coded);
        }
        stream
    }

    /// What comes out with slices of this size, and the error behind it.
    fn read(coded: &[u8], slice: usize) -> (Vec<u8>, Option<Error>) {
        let options = Options::new().format(mirror());
        let mut reader = options.seekable_reader(Cursor::new(coded)).unwrap();
        let mut plain = Vec::new();
        loop {
            let mut out = vec![0; slice];
            match reader.read(&mut out) {
                Ok(0) => return (plain, None),
                Ok(n) => plain.extend_from_slice(&out[..n]),
                Err(error) => return (plain, Some(error.into())),
            }
        }
    }

    const END: ([u32; 3], &[u8]) = ([0; 3], b"");

    #[test]
    fn the_frame_is_as_it_is_documented() {
        let crc = crc32fast::hash;
        let coded = stream(&[([3, 3, crc(b"abc")], b"cba"), ([2, 2, crc(b"de")], b"ed"), END]);
        let mut encoder = Options::new().block_size(3).writer(Vec::new(), mirror()).unwrap();
        std::io::Write::write_all(&mut encoder, b"abcde").unwrap();
        assert_eq!(encoder.finish().unwrap().0, coded);
        for slice in [1, 2, 100] {
            let (plain, error) = read(&coded, slice);
            assert!(error.is_none(), "{error:?}");
            assert_eq!(plain, b"abcde");
        }
    }

    #[test]
    fn headers_that_cannot_be_are_refused() {
        let crc = crc32fast::hash(b"abc");
        let most = u32::try_from(MOST).unwrap();
        for (block, kind) in [
            (([0, 1, 0], &b""[..]), ErrorKind::Corrupt),
            (([0, 0, 1], b""), ErrorKind::Corrupt),
            (([most + 1, 3, crc], b"cba"), ErrorKind::Limit),
            (([3, most + most / 8 + 1025, crc], b"cba"), ErrorKind::Corrupt),
            (([3, 3, crc ^ 1], b"cba"), ErrorKind::Checksum),
            (([4, 3, crc], b"cba"), ErrorKind::Corrupt),
            (([3, 3, crc], b"cb"), ErrorKind::Truncated),
        ] {
            let last = kind == ErrorKind::Truncated;
            let blocks = [block, END];
            let (plain, error) = read(&stream(&blocks[..if last { 1 } else { 2 }]), 10);
            assert_eq!(error.map(|e| e.kind()), Some(kind), "{block:?}");
            assert!(plain.is_empty(), "{block:?}");
        }
        // So long a block is none too many, only cut.
        let longest = stream(&[([most, most + most / 8 + 1024, crc], b"cba")]);
        assert_eq!(read(&longest, 10).1.unwrap().kind(), ErrorKind::Truncated);
    }
}
