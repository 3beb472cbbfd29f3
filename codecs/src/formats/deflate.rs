//! Deflate ([RFC 1951](https://www.rfc-editor.org/rfc/rfc1951)) inside its two containers, zlib and gzip.
//!
//! Writing: the one deflate stream of a member is made of segments of [`SEGMENT`] plain bytes, each compressed
//! apart and ended by an empty stored block (`00 00 ff ff`), so that segments can be coded by several threads
//! and found again by a reader; the last one ends the stream. Reading takes any deflate stream.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};

use crate::error::{Error, Result};
use crate::format::{BlockEncode, Decode, EncodeOptions, Piece, Status, Step};

/// Plain bytes in a segment, if the options do not say.
const SEGMENT: usize = 1 << 20;

/// The backend's level for each of zlib's: the fastest whose output is no larger than zlib's at that level plus two
/// percent. Its scale is another one. Its level 1, for one, has only the fixed Huffman codes.
const LEVELS: [u32; 10] = [0, 2, 3, 3, 5, 7, 7, 9, 9, 9];

pub(super) fn segment_size(options: &EncodeOptions) -> usize {
    options.block_size.unwrap_or(SEGMENT)
}

/// Compresses segments apart from one another and takes their checksum.
pub(super) struct Segments {
    compress: Compress,
    checksum: fn(&[u8]) -> u32,
}

impl Segments {
    pub(super) fn new(options: &EncodeOptions, checksum: fn(&[u8]) -> u32) -> Self {
        let level = usize::try_from(options.level()).expect("0 to 9");
        Segments {
            compress: Compress::new(Compression::new(LEVELS[level]), false),
            checksum,
        }
    }
}

impl BlockEncode for Segments {
    fn encode(&mut self, input: &[u8], piece: Piece, out: &mut Vec<u8>) -> Result<u32> {
        let flush = if piece.last {
            FlushCompress::Finish
        } else {
            FlushCompress::Sync
        };
        self.compress.reset();
        loop {
            let taken = usize::try_from(self.compress.total_in()).expect("no more than the segment");
            let rest = &input[taken..];
            // Stored blocks cost 5 bytes in 32 KiB at worst, and the flush a few more.
            out.reserve(rest.len() + rest.len() / 4096 + 64);
            let status = self
                .compress
                .compress_vec(rest, out, flush)
                .map_err(|e| Error::corrupt(format!("deflate cannot compress: {e}")))?;
            let whole = self.compress.total_in() == input.len() as u64;
            let done = if piece.last {
                status == flate2::Status::StreamEnd
            } else {
                // A flush is complete once it leaves room unused.
                whole && out.len() < out.capacity()
            };
            if done {
                return Ok((self.checksum)(input));
            }
        }
    }
}

/// The header and trailer around a deflate stream, and the checksum over its data.
pub(super) trait Container: Send {
    /// Takes header bytes; `Some` once the header is complete.
    fn header(&mut self, byte: u8) -> Result<Option<()>>;
    /// Bytes in the trailer.
    const TRAILER: usize;
    /// Takes decoded bytes.
    fn update(&mut self, plain: &[u8]);
    /// Compares the trailer with what has been decoded.
    fn check(&self, trailer: &[u8]) -> Result<()>;
    /// Back to before the header.
    fn reset(&mut self);
}

/// Decodes one member: header, deflate stream, trailer.
pub(super) struct Member<C> {
    container: C,
    inflate: Decompress,
    phase: Phase,
    trailer: Vec<u8>,
    /// What is wrong behind the bytes just delivered.
    failed: Option<Error>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Header,
    Body,
    Trailer,
    End,
}

impl<C: Container> Member<C> {
    pub(super) fn new(container: C) -> Self {
        Member {
            container,
            inflate: Decompress::new(false),
            phase: Phase::Header,
            trailer: Vec::with_capacity(C::TRAILER),
            failed: None,
        }
    }

    fn body(&mut self, input: &[u8], out: &mut [u8]) -> Result<(usize, usize)> {
        let before = (self.inflate.total_in(), self.inflate.total_out());
        let result = self.inflate.decompress(input, out, FlushDecompress::None);
        let moved = |now: u64, before: u64| usize::try_from(now - before).expect("within the slices");
        let consumed = moved(self.inflate.total_in(), before.0);
        let produced = moved(self.inflate.total_out(), before.1);
        self.container.update(&out[..produced]);
        match result {
            Ok(flate2::Status::StreamEnd) => self.phase = Phase::Trailer,
            Ok(_) => {}
            Err(error) => {
                let error = match error.needs_dictionary() {
                    Some(_) => Error::unsupported("the stream needs a preset dictionary"),
                    None => Error::corrupt(format!(
                        "the deflate stream is damaged: {}",
                        error.message().unwrap_or("invalid data")
                    )),
                };
                if consumed == 0 && produced == 0 {
                    return Err(error);
                }
                self.failed = Some(error);
            }
        }
        Ok((consumed, produced))
    }
}

impl<C: Container> Decode for Member<C> {
    fn step(&mut self, input: &[u8], out: &mut [u8], _eof: bool) -> Result<Step> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let (mut consumed, mut produced) = (0, 0);
        while self.phase == Phase::Header {
            let Some(&byte) = input.get(consumed) else {
                return Ok(Step {
                    consumed,
                    produced,
                    status: Status::More,
                });
            };
            consumed += 1;
            if self.container.header(byte)?.is_some() {
                self.phase = Phase::Body;
            }
        }
        if self.phase == Phase::Body {
            (consumed, produced) = {
                let (more, made) = self.body(&input[consumed..], out)?;
                (consumed + more, made)
            };
        }
        if self.phase == Phase::Trailer {
            let n = (C::TRAILER - self.trailer.len()).min(input.len() - consumed);
            self.trailer.extend_from_slice(&input[consumed..consumed + n]);
            consumed += n;
            if self.trailer.len() == C::TRAILER {
                self.phase = Phase::End;
            }
        }
        if self.phase == Phase::End {
            match self.container.check(&self.trailer) {
                Ok(()) => {
                    return Ok(Step {
                        consumed,
                        produced,
                        status: Status::Done,
                    });
                }
                Err(error) if produced == 0 => return Err(error),
                // The data goes out before its checksum is found wrong.
                Err(error) => self.failed = Some(error),
            }
        }
        Ok(Step {
            consumed,
            produced,
            status: Status::More,
        })
    }

    fn reset(&mut self) -> Result<()> {
        self.container.reset();
        self.inflate.reset(false);
        self.phase = Phase::Header;
        self.trailer.clear();
        self.failed = None;
        Ok(())
    }
}

/// Can these bytes be the beginning of a deflate stream?
#[cfg(feature = "zlib")]
pub(super) fn plausible(head: &[u8]) -> bool {
    let mut out = [0; 4096];
    Decompress::new(false)
        .decompress(head, &mut out, FlushDecompress::None)
        .is_ok()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::super::bare_blocks;
    use super::*;
    use crate::{Compressor, DecodeOptions, Encode, Format, Head, Options, Probe, Spec};

    /// A container of nothing.
    struct Bare;

    impl Container for Bare {
        const TRAILER: usize = 0;
        fn header(&mut self, _: u8) -> Result<Option<()>> {
            unreachable!("it begins behind its header")
        }
        fn update(&mut self, _: &[u8]) {}
        fn check(&self, _: &[u8]) -> Result<()> {
            Ok(())
        }
        fn reset(&mut self) {}
    }

    struct RawDeflate;

    impl Format for RawDeflate {
        fn spec(&self) -> &Spec {
            const SPEC: Spec = Spec::new("deflate-raw", "a deflate stream without a container");
            &SPEC
        }
        fn probe(&self, _: &Head<'_>) -> Probe {
            Probe::No
        }
        fn encoder(&self, _: &EncodeOptions) -> Result<Box<dyn Encode>> {
            Err(Error::unsupported("for reading only"))
        }
        fn decoder(&self, _: &DecodeOptions) -> Result<Box<dyn Decode>> {
            let mut member = Member::new(Bare);
            member.phase = Phase::Body;
            Ok(Box::new(member))
        }
    }

    #[test]
    fn bare_streams_of_the_corpus() {
        let deflate = Compressor::new(RawDeflate);
        bare_blocks::judge("deflate-raw", &[], |coded| {
            let whole = deflate.decompress(coded);
            // In small pieces the same comes out.
            for size in [1, 7, 64 << 10] {
                let mut reader = Options::new().format(&deflate).exact(coded)?;
                let (mut plain, mut piece) = (Vec::new(), vec![0; size]);
                let result = loop {
                    match reader.read(&mut piece) {
                        Ok(0) => break Ok(plain),
                        Ok(n) => plain.extend_from_slice(&piece[..n]),
                        Err(error) => break Err(error),
                    }
                };
                assert_eq!(result.ok(), whole.clone().ok(), "{size} bytes a read");
            }
            whole
        });
    }
}
