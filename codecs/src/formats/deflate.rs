//! Deflate ([RFC 1951](https://www.rfc-editor.org/rfc/rfc1951)) inside its two containers, zlib and gzip.
//!
//! Writing: the one deflate stream of a member is made of segments of [`SEGMENT`] plain bytes, each compressed
//! apart and ended by an empty stored block (`00 00 ff ff`), so that segments can be coded by several threads
//! and found again by a reader; the last one ends the stream. Reading takes any deflate stream.

use std::sync::Arc;

#[cfg(feature = "zlib")]
use flate2::{Decompress, FlushDecompress};

use super::inflate::{Inflate, Stand, WINDOW};
use super::segments::WHOLE;
use super::tuned::{Effort, Tuned};
use crate::error::{Error, Result};
use crate::format::{BlockEncode, Decode, EncodeOptions, Piece, Status, Step};
use crate::pieces::{Adopt, Place};
use crate::seek::{Entry, Marks};

/// Plain bytes in a segment, if the options do not say.
pub(super) const SEGMENT: usize = 1 << 20;

/// What the backend does at each of zlib's levels: the fastest whose output is no larger than zlib's at that level plus two
/// percent, whatever the data. Its scale is another one. Its level 1, for one, has only the fixed Huffman codes; and its
/// level 3 is too large for that on images, its level 4 half as fast.
const LEVELS: [Effort; 10] = [
    Effort::Level(0),
    Effort::Level(2),
    Effort::Level(3),
    Effort::Chain(12),
    Effort::Level(4),
    Effort::Level(5),
    Effort::Level(7),
    Effort::Level(7),
    Effort::Level(8),
    Effort::Level(9),
];

pub(super) fn segment_size(options: &EncodeOptions) -> usize {
    options.block_size.unwrap_or(SEGMENT)
}

/// Compresses segments apart from one another and takes their checksum.
pub(super) struct Segments {
    deflate: Tuned,
    checksum: fn(&[u8]) -> u32,
}

impl Segments {
    pub(super) fn new(options: &EncodeOptions, checksum: fn(&[u8]) -> u32) -> Result<Self> {
        let level = usize::try_from(options.level()).expect("0 to 9");
        Ok(Segments {
            deflate: Tuned::new(LEVELS[level])?,
            checksum,
        })
    }
}

impl BlockEncode for Segments {
    fn encode(&mut self, input: &[u8], piece: Piece, out: &mut Vec<u8>) -> Result<u32> {
        self.deflate.segment(input, piece.last, out)?;
        Ok((self.checksum)(input))
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
    inflate: Inflate,
    phase: Phase,
    trailer: Vec<u8>,
    adopted: Adopted<C>,
    /// Decoding began inside the stream, so that nothing is known of the data before.
    partial: bool,
    marks: Marks,
    /// What is wrong behind the bytes just delivered.
    failed: Option<Error>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Start,
    Header,
    /// In front of a byte of which only the highest bits belong to what is decoded, so many.
    Bits(u8),
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
    pub(super) fn new(container: C) -> Result<Self> {
        Ok(Member {
            container,
            inflate: Inflate::new()?,
            phase: Phase::Start,
            trailer: Vec::with_capacity(C::TRAILER),
            adopted: Adopted::default(),
            partial: false,
            marks: Marks::default(),
            failed: None,
        })
    }

    fn body(
        &mut self,
        input: &[u8],
        consumed: &mut usize,
        out: &mut [u8],
        produced: &mut usize,
    ) -> Result<()> {
        if std::mem::take(&mut self.adopted.last) {
            self.inflate.enter(&self.adopted.window, 0)?;
        }
        loop {
            let stop = self.marks.wants_windows();
            let done = self.inflate.run(&input[*consumed..], &mut out[*produced..], stop);
            if !self.partial {
                self.container.update(&out[*produced..*produced + done.gave]);
            }
            *consumed += done.took;
            *produced += done.gave;
            match done.result {
                Ok(Stand::End) => {
                    self.phase = Phase::Trailer;
                    return Ok(());
                }
                Ok(Stand::Block { bits }) if stop && (done.took > 0 || done.gave > 0) => {
                    self.pass(*consumed, *produced, bits);
                }
                Ok(_) => return Ok(()),
                Err(error) if *consumed == 0 && *produced == 0 => return Err(error),
                Err(error) => {
                    self.failed = Some(error);
                    return Ok(());
                }
            }
        }
    }

    /// In front of a block of which so many bits are in the byte before.
    fn pass(&mut self, consumed: usize, produced: usize, bits: u8) {
        let Member { marks, inflate, .. } = self;
        let coded = marks.coded(consumed) - u64::from(bits > 0);
        marks.place_with_window(coded, produced, || {
            Entry::inside(&inflate.window().into(), bits.into())
        });
    }

    /// A step, but for an error that the one before has left and for what the marks are told.
    fn advance(&mut self, input: &[u8], out: &mut [u8]) -> Result<Step> {
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
                let coded = self.marks.coded(consumed);
                self.marks
                    .place_with_window(coded, 0, || Entry::inside(&Arc::from([]), 0));
            }
        }
        if let (Phase::Bits(bits), Some(&byte)) = (self.phase, input.first()) {
            consumed += 1;
            self.inflate.prime(bits, byte)?;
            self.phase = Phase::Body;
        }
        if self.phase == Phase::Body {
            self.body(input, &mut consumed, out, &mut produced)?;
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
            let checked = match self.partial {
                true => Ok(()),
                false => self.container.check(&self.trailer),
            };
            match checked {
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
}

impl<C: Container + Clone> Decode for Member<C> {
    fn step(&mut self, input: &[u8], out: &mut [u8], _eof: bool) -> Result<Step> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let step = self.advance(input, out)?;
        self.marks.advance(step.consumed, step.produced);
        Ok(step)
    }

    fn reset(&mut self) -> Result<()> {
        self.container.reset();
        self.inflate.reset();
        self.phase = Phase::Start;
        self.trailer.clear();
        self.adopted = Adopted::default();
        self.partial = false;
        self.marks.restart();
        self.failed = None;
        Ok(())
    }

    fn marks(&mut self) -> Option<&mut Marks> {
        Some(&mut self.marks)
    }

    fn resume(&mut self, state: &[u8], at: u64) -> Result<()> {
        self.reset()?;
        let bits = u8::try_from(at).unwrap_or(u8::MAX);
        self.inflate.enter(state, bits)?;
        self.partial = true;
        self.phase = if bits > 0 { Phase::Bits(bits) } else { Phase::Body };
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
            Phase::Body if self.adopted.last || self.inflate.is_fresh() => 0,
            _ => return None,
        };
        Some(Place { bit: 0, context })
    }

    fn take(&mut self, plain: &[u8]) -> Result<()> {
        self.marks.adopt(plain.len());
        if self.phase == Phase::Body {
            if self.adopted.before.is_none() {
                self.adopted.before = Some((self.container.clone(), self.adopted.window.clone()));
            }
            self.container.update(plain);
            self.adopted.take(plain);
        }
        Ok(())
    }

    fn done(&mut self, coded: u64, note: u64) {
        self.marks.adopted(coded);
        if note == WHOLE {
            // Its own decoder has compared the checksum.
            self.phase = Phase::Adopted;
        } else {
            self.adopted.last = true;
            self.adopted.before = None;
            let Member { marks, adopted, .. } = self;
            let coded = marks.coded(0);
            marks.place_with_window(coded, 0, || Entry::inside(&adopted.window.as_slice().into(), 0));
        }
    }

    fn undo(&mut self) {
        self.marks.undo();
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
            let mut member = Member::new(Bare)?;
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
