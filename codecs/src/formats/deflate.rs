//! Deflate ([RFC 1951](https://www.rfc-editor.org/rfc/rfc1951)) inside its two containers, zlib and gzip.
//!
//! Writing: the one deflate stream of a member is made of segments of [`SEGMENT`] plain bytes, each compressed
//! apart and ended by an empty stored block (`00 00 ff ff`), so that segments can be coded by several threads
//! and found again by a reader; the last one ends the stream. Reading takes any deflate stream.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};

use super::segments::WHOLE;
use crate::error::{Error, Result};
use crate::format::{BlockEncode, Decode, EncodeOptions, Piece, Status, Step};
use crate::pieces::{Adopt, Place};

/// Plain bytes in a segment, if the options do not say.
pub(super) const SEGMENT: usize = 1 << 20;
/// How far back a match can reach.
const WINDOW: usize = 32 << 10;

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
    adopted: Adopted<C>,
    /// What is wrong behind the bytes just delivered.
    failed: Option<Error>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Start,
    Header,
    Body,
    Trailer,
    End,
    /// Behind a member that has been adopted as a whole.
    Adopted,
}

/// What is known of segments that others have decoded.
struct Adopted<C> {
    /// The backend has not seen the last one.
    last: bool,
    /// The end of their plain bytes, as far as matches can reach.
    window: Vec<u8>,
    /// The container, and the window, in front of the one at hand.
    before: Option<(C, Vec<u8>)>,
}

impl<C> Default for Adopted<C> {
    fn default() -> Self {
        Adopted {
            last: false,
            window: Vec::new(),
            before: None,
        }
    }
}

impl<C> Adopted<C> {
    fn take(&mut self, plain: &[u8]) {
        let plain = &plain[plain.len().saturating_sub(WINDOW)..];
        let keep = self.window.len().min(WINDOW - plain.len());
        self.window.drain(..self.window.len() - keep);
        self.window.extend_from_slice(plain);
    }
}

impl<C: Container + Clone> Member<C> {
    pub(super) fn new(container: C) -> Self {
        Member {
            container,
            inflate: Decompress::new(false),
            phase: Phase::Start,
            trailer: Vec::with_capacity(C::TRAILER),
            adopted: Adopted::default(),
            failed: None,
        }
    }

    fn body(&mut self, input: &[u8], out: &mut [u8]) -> Result<(usize, usize)> {
        if std::mem::take(&mut self.adopted.last) {
            self.inflate.reset(false);
            self.inflate
                .set_dictionary(&self.adopted.window)
                .map_err(|e| Error::corrupt(format!("deflate cannot go on: {e}")))?;
        }
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

impl<C: Container + Clone> Decode for Member<C> {
    fn step(&mut self, input: &[u8], out: &mut [u8], _eof: bool) -> Result<Step> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let (mut consumed, mut produced) = (0, 0);
        if self.phase == Phase::Start && !input.is_empty() {
            self.phase = Phase::Header;
        }
        while matches!(self.phase, Phase::Start | Phase::Header) {
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
        if self.phase == Phase::Adopted {
            return Ok(Step {
                consumed,
                produced,
                status: Status::Done,
            });
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
        self.phase = Phase::Start;
        self.trailer.clear();
        self.adopted = Adopted::default();
        self.failed = None;
        Ok(())
    }

    fn adopt(&mut self) -> Option<&mut dyn Adopt> {
        Some(self)
    }
}

/// Segments of the member, or all of it.
impl<C: Container + Clone> Adopt for Member<C> {
    fn place(&mut self) -> Option<Place> {
        let context = match self.phase {
            Phase::Start => WHOLE,
            Phase::Body if self.adopted.last || self.inflate.total_in() == 0 => 0,
            _ => return None,
        };
        Some(Place { bit: 0, context })
    }

    fn take(&mut self, plain: &[u8]) -> Result<()> {
        if self.phase == Phase::Body {
            if self.adopted.before.is_none() {
                self.adopted.before = Some((self.container.clone(), self.adopted.window.clone()));
            }
            self.container.update(plain);
            self.adopted.take(plain);
        }
        Ok(())
    }

    fn done(&mut self, _: u64, note: u64) {
        if note == WHOLE {
            // Its own decoder has compared the checksum.
            self.phase = Phase::Adopted;
        } else {
            self.adopted.last = true;
            self.adopted.before = None;
        }
    }

    fn undo(&mut self) {
        if let Some((container, window)) = self.adopted.before.take() {
            self.container = container;
            self.adopted.window = window;
        }
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
    #[derive(Clone)]
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
