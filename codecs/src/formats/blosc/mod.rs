//! Blosc: [bloscpack](https://github.com/Blosc/bloscpack#file-format) files of version 3, whose chunks are those of
//! [Blosc 1](https://github.com/Blosc/c-blosc/blob/main/README_CHUNK_FORMAT.rst), and such a chunk by itself.
//!
//! * Reads all of bloscpack: offsets, metadata (checked and skipped), the nine checksums, numbers of chunks known
//!   or not. Reads chunks of all five codecs (blosclz, lz4, snappy, zlib, zstd), shuffled by bytes, by bits or not
//!   at all, split or not, with their blocks in any order.
//! * Writes bloscpack with offsets, chunks of 1 MiB coded by lz4 with their bytes shuffled, and Adler-32 of each; other
//!   inner codecs and filters by [choice](Blosc). Elements are as large as
//!   [`Options::element_size`](crate::Options::element_size) or a [`Hint`](crate::Hint) says; of one byte, in which
//!   there is nothing to shuffle, if nobody says.
//! * Checks every length and offset in the headers, that no two blocks share bytes, and bloscpack's checksums.
//! * Refuses bloscpack of other versions, Blosc 2 chunks and frames, and codecs that have no number in Blosc 1, by
//!   name.
//!
//! A bare chunk has no checksum and no signature. It is recognised where the size of the input is known, by a header
//! that is right in all its fields and says that very size; from a pipe it is read only by explicit request. Nothing
//! may follow it, nor the last chunk of bloscpack. If bloscpack does not say how many chunks there are, the input may
//! end behind any of them, so that a cut there shows only if the header has the last one's size.
//!
//! Blosc shuffles data before coding it. On x86-64 that and undoing it use SSE2, which every such processor has; elsewhere
//! the same steps are plain arithmetic. There is no detection at run time.
//!
//! Others: python-blosc, numcodecs and with it zarr 2 (chunks), bloscpack's `blpk` (files). Stock joblib has no blosc.

use crate::format::{Format, Head, Probe};
use crate::spec::{Seeking, Spec, Threads};

const MAGIC: [u8; 4] = *b"blpk";

/// Bytes in a chunk's header.
const HEADER: usize = 16;

const SPEC: Spec = Spec::new("blosc", "bloscpack files and Blosc 1 chunks")
    .extensions(&[".blp", ".blosc"])
    .signatures(&[&MAGIC])
    .levels(0, 9, 5)
    .element_sizes()
    .checksum("Adler-32")
    .seeking(Seeking::Jump)
    .seekable()
    .threads(Threads::Both);

impl Format for Blosc {
    fn spec(&self) -> &Spec {
        &SPEC
    }

    fn probe(&self, head: &Head<'_>) -> Probe {
        match head.begins_with(&MAGIC) {
            Probe::No => probe_chunk(head),
            answer => answer,
        }
    }

    #[cfg(feature = "blosc")]
    fn encoder(&self, options: &crate::EncodeOptions) -> crate::Result<Box<dyn crate::Encode>> {
        encode::encoder(self, options)
    }

    #[cfg(feature = "blosc")]
    fn decoder(&self, options: &crate::DecodeOptions) -> crate::Result<Box<dyn crate::Decode>> {
        decoder::decoder(options)
    }

    #[cfg(feature = "blosc")]
    fn blocks(&self) -> Option<&dyn crate::Blocks> {
        Some(self)
    }

    #[cfg(feature = "blosc")]
    fn survey(&self, options: &crate::DecodeOptions) -> Option<Box<dyn crate::seek::Survey>> {
        Some(Box::new(offsets::Offsets::new(options)))
    }

    #[cfg(feature = "blosc")]
    fn scanner(&self, options: &crate::DecodeOptions) -> Option<Box<dyn crate::Scan>> {
        Some(scan::scanner(options))
    }

    #[cfg(not(feature = "blosc"))]
    fn encoder(&self, _: &crate::EncodeOptions) -> crate::Result<Box<dyn crate::Encode>> {
        Err(crate::Error::feature_off("blosc"))
    }

    #[cfg(not(feature = "blosc"))]
    fn decoder(&self, _: &crate::DecodeOptions) -> crate::Result<Box<dyn crate::Decode>> {
        Err(crate::Error::feature_off("blosc"))
    }
}

/// Is this a chunk, and nothing but that?
///
/// Two version bytes, the bounds between the other fields, and a length that is the input's to the byte: fewer than
/// one in 2^48 of all possible beginnings pass, so the answer is as sure as a signature's. Neither `02`, with which
/// chunks begin, nor anything near it begins a pickle: it is no opcode.
fn probe_chunk(head: &Head<'_>) -> Probe {
    let Some(total) = head.total else {
        return Probe::No;
    };
    match head.bytes.first_chunk::<HEADER>() {
        Some(raw) => match chunk::Header::parse(raw) {
            Ok(header) if header.cbytes as u64 == total => Probe::Strong,
            _ => Probe::No,
        },
        // Fewer bytes than the header has, but the input has more.
        None => match head.bytes {
            [] | [chunk::VERSION] | [chunk::VERSION, chunk::CODEC_VERSION, ..]
                if total >= HEADER as u64 && !head.is_complete() =>
            {
                Probe::More
            }
            _ => Probe::No,
        },
    }
}

#[cfg(feature = "blosc")]
mod blocks;
#[cfg(feature = "blosc")]
mod blosclz;
mod choice;
#[cfg_attr(
    not(feature = "blosc"),
    allow(dead_code, reason = "only recognised in this build")
)]
mod chunk;
#[cfg(feature = "blosc")]
mod codec;
#[cfg(feature = "blosc")]
mod container;
#[cfg(feature = "blosc")]
mod decoder;
#[cfg(feature = "blosc")]
mod digest;
#[cfg(feature = "blosc")]
mod encode;
#[cfg(feature = "blosc")]
mod lanes;
#[cfg(feature = "blosc")]
mod lz4;
#[cfg(feature = "blosc")]
mod matches;
#[cfg(feature = "blosc")]
mod offsets;
#[cfg(feature = "blosc")]
mod scan;
#[cfg(feature = "blosc")]
mod shuffle;
#[cfg(all(test, feature = "blosc"))]
mod tests;

pub use choice::{Blosc, Inner, Shuffle};
