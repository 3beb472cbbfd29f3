//! Zstandard: [RFC 8878](https://www.rfc-editor.org/rfc/rfc8878).
//!
//! * Reads all frames, one behind the other, skippable frames between them.
//! * Writes one frame with a checksum, and with its content size where that is known beforehand.
//! * Checks frame headers, blocks, the content size and the checksum, where they are there.
//! * Refuses dictionaries and the frames of versions before 1.0 by name, and windows beyond the memory limit.
//!
//! Others: zstd, `zstandard` and, from Python 3.14, `compression.zstd`. Stock joblib has no zstd.

use super::skippable::{self, with_skippable};
use crate::format::{Format, Head, Probe};
use crate::spec::{Flush, Seeking, Spec, Threads};

#[derive(Debug)]
pub(super) struct Zstd;

const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

const SIGNATURES: [&[u8]; 17] = with_skippable!(&MAGIC);

const SPEC: Spec = Spec::new("zstd", "Zstandard (RFC 8878)")
    .extensions(&[".zst", ".zstd"])
    .signatures(&SIGNATURES)
    // The library's own range; the test below compares.
    .levels(-(1 << 17), 22, 3)
    .concat()
    .checksum("XXH64")
    .flush(Flush::Sync)
    .seeking(Seeking::Jump)
    .seekable()
    .threads(Threads::Both)
    .skippable();

impl Format for Zstd {
    fn spec(&self) -> &Spec {
        &SPEC
    }

    fn probe(&self, head: &Head<'_>) -> Probe {
        match skippable::probe(head) {
            Probe::No => head.begins_with(&MAGIC),
            skippable => skippable,
        }
    }

    coders!("zstd", pieces, survey);

    #[cfg(feature = "zstd")]
    fn blocks_to_seek(&self) -> Option<&dyn crate::Blocks> {
        Some(&seekable::Pieces)
    }
}

#[cfg(feature = "zstd")]
mod frames;
#[cfg(feature = "zstd")]
mod scan;
#[cfg(feature = "zstd")]
mod seekable;

#[cfg(feature = "zstd")]
mod coder {
    use zstd_safe::zstd_sys::{ZSTD_EndDirective, ZSTD_ErrorCode};
    use zstd_safe::{CCtx, CParameter, DCtx, DParameter, InBuffer, OutBuffer, ResetDirective};

    use super::MAGIC;
    use super::frames::Frames;
    pub(super) use super::scan::scanner;
    use crate::error::{Error, Result};
    use crate::format::{Decode, DecodeOptions, Encode, EncodeOptions, Op, Status, Step};
    use crate::pieces::{Adopt, Place};
    use crate::seek::Survey;

    /// Plain bytes that one worker takes at a time, if the options do not say and the level's window allows.
    const JOB: usize = 4 << 20;
    /// From here on windows are so large that the library chooses the size of jobs better.
    const LARGE_WINDOWS: i32 = 13;

    /// Bytes in the header of a block.
    const BLOCK_HEADER: usize = 3;

    pub(super) fn encoder(options: &EncodeOptions) -> Result<Box<dyn Encode>> {
        Ok(Box::new(Encoder::new(options)?))
    }

    pub(super) fn decoder(options: &DecodeOptions) -> Result<Box<dyn Decode>> {
        Ok(Box::new(Decoder::new(options)?))
    }

    pub(super) fn survey(options: &DecodeOptions) -> Box<dyn Survey> {
        Box::new(Frames::new(options))
    }

    struct Encoder(CCtx<'static>);

    impl Encoder {
        fn new(options: &EncodeOptions) -> Result<Self> {
            let mut context = CCtx::try_create().ok_or_else(|| Error::limit("not enough memory"))?;
            let mut set = |parameter| context.set_parameter(parameter).map(drop).map_err(explain);
            set(CParameter::CompressionLevel(options.level()))?;
            set(CParameter::ChecksumFlag(true))?;
            set(CParameter::ContentSizeFlag(true))?;
            // One worker at least: its jobs cut the data in the same places as those of many.
            set(CParameter::NbWorkers(
                u32::try_from(options.threads).unwrap_or(u32::MAX).clamp(1, 200),
            ))?;
            let job = match options.block_size {
                Some(size) => u32::try_from(size)
                    .unwrap_or(u32::MAX)
                    .clamp(512 << 10, 512 << 20),
                None if options.level() < LARGE_WINDOWS => u32::try_from(JOB).expect("4 MiB"),
                None => 0,
            };
            set(CParameter::JobSize(job))?;
            context.set_pledged_src_size(options.size).map_err(explain)?;
            Ok(Encoder(context))
        }
    }

    impl Encode for Encoder {
        fn step(&mut self, input: &[u8], out: &mut [u8], op: Op) -> Result<Step> {
            let directive = match op {
                Op::Run => ZSTD_EndDirective::ZSTD_e_continue,
                Op::Flush => ZSTD_EndDirective::ZSTD_e_flush,
                Op::Finish => ZSTD_EndDirective::ZSTD_e_end,
            };
            let mut source = InBuffer::around(input);
            let mut target = OutBuffer::around(out);
            let left = self
                .0
                .compress_stream2(&mut target, &mut source, directive)
                .map_err(explain)?;
            let done = op != Op::Run && left == 0;
            Ok(Step {
                consumed: source.pos(),
                produced: target.pos(),
                status: if done { Status::Done } else { Status::More },
            })
        }
    }

    /// The largest window, as a power of two, that fits; the format's own bounds are 10 and 31.
    pub(super) fn window_log(options: &DecodeOptions) -> u32 {
        let Some(memory) = options.memory else { return 31 };
        // A decoder holds the window and up to a block more.
        match memory.max(1).ilog2().clamp(10, 31) {
            10 => 10,
            log => log - 1,
        }
    }

    /// Decodes one frame that lies there as a whole. Where all of its data has room it goes there, without passing through a
    /// window of the library's; what fails gives nothing, and is for the stream's decoder to go over.
    pub(super) struct Whole {
        pub(super) decoder: Decoder,
        pub(super) content: usize,
    }

    impl Decode for Whole {
        fn step(&mut self, input: &[u8], out: &mut [u8], eof: bool) -> Result<Step> {
            let begins = self.decoder.magic.is_empty();
            if !(begins && eof && out.len() >= self.content) {
                return self.decoder.step(input, out, eof);
            }
            let produced = self.decoder.context.decompress(out, input).map_err(explain)?;
            Ok(Step {
                consumed: input.len(),
                produced,
                status: Status::Done,
            })
        }

        fn reset(&mut self) -> Result<()> {
            self.decoder.reset()
        }
    }

    pub(super) struct Decoder {
        context: DCtx<'static>,
        /// The first bytes of the frame, until there are enough to know its magic.
        magic: Vec<u8>,
        /// Bytes the library would like to see next.
        hint: usize,
        /// The frame has been adopted, as a whole.
        adopted: bool,
        /// What is wrong behind the bytes just delivered.
        failed: Option<Error>,
    }

    impl Decoder {
        pub(super) fn new(options: &DecodeOptions) -> Result<Self> {
            let mut context = DCtx::try_create().ok_or_else(|| Error::limit("not enough memory"))?;
            context
                .set_parameter(DParameter::WindowLogMax(window_log(options)))
                .map_err(explain)?;
            Ok(Decoder {
                context,
                magic: Vec::with_capacity(MAGIC.len()),
                hint: 0,
                adopted: false,
                failed: None,
            })
        }

        /// One call of the library: done, bytes consumed, bytes produced.
        fn call(&mut self, input: &[u8], out: &mut [u8]) -> Result<(bool, usize, usize)> {
            let mut source = InBuffer::around(input);
            let mut target = OutBuffer::around(out);
            self.hint = self
                .context
                .decompress_stream(&mut target, &mut source)
                .map_err(explain)?;
            Ok((self.hint == 0, source.pos(), target.pos()))
        }

        /// Decodes one unit of the frame after the other: a block, the header of a block, the checksum.
        ///
        /// When a call of the library fails, what the same call has given is lost. So no call gets input beyond
        /// the unit at hand, and all data in front of the damage goes out.
        fn decode(&mut self, input: &[u8], out: &mut [u8]) -> Result<Step> {
            let (mut consumed, mut produced) = (0, 0);
            loop {
                // The library's hint counts a block together with the header behind it.
                let unit = match self.hint {
                    hint if hint > BLOCK_HEADER => hint - BLOCK_HEADER,
                    hint => hint.max(1),
                };
                let end = consumed + unit.min(input.len() - consumed);
                let (done, took, gave) = match self.call(&input[consumed..end], &mut out[produced..]) {
                    Ok(answer) => answer,
                    Err(error) if produced == 0 => return Err(error),
                    Err(error) => {
                        self.failed = Some(error);
                        (false, 0, 0)
                    }
                };
                consumed += took;
                produced += gave;
                let stuck = took == 0 && gave == 0;
                if done || stuck || consumed == input.len() || produced == out.len() {
                    let status = if done { Status::Done } else { Status::More };
                    return Ok(Step {
                        consumed,
                        produced,
                        status,
                    });
                }
            }
        }
    }

    impl Decode for Decoder {
        fn step(&mut self, input: &[u8], out: &mut [u8], _eof: bool) -> Result<Step> {
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            if self.adopted {
                return Ok(Step {
                    consumed: 0,
                    produced: 0,
                    status: Status::Done,
                });
            }
            let mut taken = 0;
            if self.magic.len() < MAGIC.len() {
                // The magic is looked at here, so that nothing but a frame of version 1 reaches the library.
                taken = (MAGIC.len() - self.magic.len()).min(input.len());
                self.magic.extend_from_slice(&input[..taken]);
                if self.magic.len() < MAGIC.len() {
                    return Ok(Step {
                        consumed: taken,
                        produced: 0,
                        status: Status::More,
                    });
                }
                check_magic(&self.magic)?;
                self.call(&MAGIC, &mut [])?;
            }
            let step = self.decode(&input[taken..], out)?;
            Ok(Step {
                consumed: taken + step.consumed,
                ..step
            })
        }

        fn reset(&mut self) -> Result<()> {
            self.magic.clear();
            self.failed = None;
            self.adopted = false;
            self.context
                .reset(ResetDirective::SessionOnly)
                .map(drop)
                .map_err(explain)
        }

        fn adopt(&mut self) -> Option<&mut dyn Adopt> {
            Some(self)
        }
    }

    /// Whole frames.
    impl Adopt for Decoder {
        fn place(&mut self) -> Option<Place> {
            (self.magic.is_empty() && !self.adopted).then(Place::default)
        }
        fn take(&mut self, _: &[u8]) -> Result<()> {
            Ok(())
        }
        fn done(&mut self, _: u64, _: u64) {
            self.adopted = true;
        }
        fn undo(&mut self) {}
    }

    fn check_magic(magic: &[u8]) -> Result<()> {
        match magic {
            magic if magic == MAGIC => Ok(()),
            [0x1e | 0x22..=0x27, 0xb5, 0x2f, 0xfd] => Err(Error::unsupported(
                "a frame of a zstd before 1.0; recode it with an old zstd",
            )),
            b"\x37\xa4\x30\xec" => Err(Error::unsupported("a zstd dictionary, not a frame")),
            [a, b, c, d] => Err(Error::corrupt(format!(
                "{a:02x} {b:02x} {c:02x} {d:02x} begins no zstd frame"
            ))),
            _ => Err(Error::corrupt("not a zstd frame")),
        }
    }

    pub(super) fn explain(code: usize) -> Error {
        let is = |kind| zstd_safe::is_error_kind(code, kind);
        let name = zstd_safe::get_error_name(code);
        if is(ZSTD_ErrorCode::ZSTD_error_frameParameter_windowTooLarge) {
            Error::limit("the window is larger than the memory allowed")
        } else if is(ZSTD_ErrorCode::ZSTD_error_memory_allocation) {
            Error::limit("not enough memory")
        } else if is(ZSTD_ErrorCode::ZSTD_error_checksum_wrong) {
            Error::new(
                crate::ErrorKind::Checksum,
                "the XXH64 of the data is not the one stored",
            )
        } else if is(ZSTD_ErrorCode::ZSTD_error_dictionary_wrong) {
            Error::unsupported("the frame needs a dictionary")
        } else {
            Error::corrupt(name)
        }
    }

    #[cfg(test)]
    mod tests {
        #[test]
        fn the_levels_are_the_librarys() {
            let range = super::super::SPEC.level_range().unwrap();
            assert_eq!(
                (*range.start(), *range.end()),
                (zstd_safe::min_c_level(), zstd_safe::max_c_level())
            );
        }
    }
}
