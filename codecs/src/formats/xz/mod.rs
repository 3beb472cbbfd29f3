//! xz: [The .xz File Format](https://tukaani.org/xz/xz-file-format.txt).
//!
//! * Reads all streams, one behind the other and across padding, with every filter of liblzma's.
//! * Writes one stream with CRC64, cut into blocks of 4 MiB (16, 32 and 64 MiB at levels 7, 8 and 9, which is
//!   their dictionary), so that blocks can be coded apart.
//! * Checks headers, index, footer and the check of each block. A block whose check is of an unknown kind is
//!   decoded and its check skipped.
//!
//! Others: xz, Python's `lzma`, 7-Zip.

use crate::format::{Format, Head, Probe};
use crate::spec::{Flush, NulPadding, Seeking, Spec, Threads};

#[derive(Debug)]
pub(super) struct Xz;

const SPEC: Spec = Spec::new("xz", "LZMA2 with checks and an index, what xz(1) writes")
    .extensions(&[".xz"])
    .signatures(&[b"\xfd7zXZ\0"])
    .levels(0, 9, 6)
    .concat()
    .nul_padding(NulPadding::MultipleOfFour)
    .checksum("CRC64")
    .flush(Flush::Sync)
    .seeking(Seeking::Jump)
    .seekable()
    .threads(Threads::Both);

impl Format for Xz {
    fn spec(&self) -> &Spec {
        &SPEC
    }

    fn probe(&self, head: &Head<'_>) -> Probe {
        head.begins_with(b"\xfd7zXZ\0")
    }

    coders!("xz", survey);
}

#[cfg(feature = "xz")]
mod index;
#[cfg(feature = "xz")]
mod seek;

#[cfg(feature = "xz")]
mod coder {
    use xz2::stream::{Check, Filters, LzmaOptions, MtStreamBuilder, Stream};

    use super::super::liblzma::{Decoder, Encoder, explain, memory_limit};
    use super::index::Indexes;
    use super::seek::FromBlock;
    use crate::error::Result;
    use crate::format::{Decode, DecodeOptions, Encode, EncodeOptions, Step};
    use crate::seek::Survey;
    use crate::spec::Flush;

    /// Plain bytes in a block, if the options do not say.
    fn block_size(level: u32) -> u64 {
        match level {
            0..=6 => 4 << 20,
            // The preset's dictionary: smaller blocks would take from these levels what they are chosen for.
            7 => 16 << 20,
            8 => 32 << 20,
            _ => 64 << 20,
        }
    }

    /// The dictionaries of xz's presets (xz(1), "Compression preset levels").
    fn dictionary_size(level: u32) -> u64 {
        match level {
            0 => 256 << 10,
            1 => 1 << 20,
            2 => 2 << 20,
            3 | 4 => 4 << 20,
            5 | 6 => 8 << 20,
            other => block_size(other),
        }
    }

    pub(super) fn encoder(options: &EncodeOptions) -> Result<Box<dyn Encode>> {
        let level = options.level().unsigned_abs();
        let block = options.block_size.map_or(block_size(level), |size| size as u64);
        let mut lzma = LzmaOptions::new_preset(level).map_err(|e| explain(&e))?;
        // A dictionary larger than the block would only take memory, here and in every reader.
        let dictionary = dictionary_size(level).min(block.next_power_of_two()).max(4096);
        lzma.dict_size(u32::try_from(dictionary).expect("at most 64 MiB"));
        let mut filters = Filters::new();
        filters.lzma2(&lzma);
        // The encoder for several threads even on one: it alone cuts blocks, and so the bytes stay the same.
        let stream = MtStreamBuilder::new()
            .threads(u32::try_from(options.threads).unwrap_or(u32::MAX).clamp(1, 256))
            .block_size(block)
            .filters(filters)
            .check(Check::Crc64)
            .encoder()
            .map_err(|e| explain(&e))?;
        Ok(Box::new(Encoder::new(stream, Flush::Sync)))
    }

    pub(super) fn decoder(options: &DecodeOptions) -> Result<Box<dyn Decode>> {
        Ok(Box::new(Anywhere {
            options: options.clone(),
            inner: stream_decoder(options)?,
            whole: true,
        }))
    }

    pub(super) fn survey(options: &DecodeOptions) -> Box<dyn Survey> {
        Box::new(Indexes::new(options))
    }

    /// A decoder of a whole stream.
    pub(super) fn stream_decoder(options: &DecodeOptions) -> Result<Box<dyn Decode>> {
        let limit = memory_limit(options.memory);
        let threads = u32::try_from(options.threads).unwrap_or(u32::MAX).clamp(1, 256);
        let new = move || {
            if threads == 1 {
                return Stream::new_stream_decoder(limit, 0).map_err(|e| explain(&e));
            }
            // It finds blocks by the sizes in their headers; those without are decoded by one thread. Both limits are 0
            // unless they are set: how much makes it use fewer threads, and how much fail.
            MtStreamBuilder::new()
                .threads(threads)
                .memlimit_threading(limit)
                .memlimit_stop(limit)
                .decoder()
                .map_err(|e| explain(&e))
        };
        Ok(Box::new(Decoder::new(new)?))
    }

    /// Decodes streams from their beginning, and from their blocks.
    struct Anywhere {
        options: DecodeOptions,
        inner: Box<dyn Decode>,
        /// `inner` decodes whole streams.
        whole: bool,
    }

    impl Decode for Anywhere {
        fn step(&mut self, input: &[u8], out: &mut [u8], eof: bool) -> Result<Step> {
            self.inner.step(input, out, eof)
        }

        fn reset(&mut self) -> Result<()> {
            if std::mem::replace(&mut self.whole, true) {
                return self.inner.reset();
            }
            self.inner = stream_decoder(&self.options)?;
            Ok(())
        }

        fn waits(&self) -> bool {
            self.whole && self.options.threads > 1
        }

        fn resume(&mut self, state: &[u8], at: u64) -> Result<()> {
            self.whole = false;
            self.inner = Box::new(FromBlock::new(&self.options, state, at)?);
            Ok(())
        }
    }
}
