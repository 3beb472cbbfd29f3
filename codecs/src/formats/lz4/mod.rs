//! LZ4: the [frame format](https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md), whose blocks libraries code
//! and whose frames are read and written here.
//!
//! * Reads all frames, one behind the other, skippable and legacy ones among them: blocks apart or linked.
//! * Writes one frame of independent blocks of 1 MiB, with the checksum of its content, and with its size where
//!   that is known beforehand; or, to seek in, many frames that each have their size, and checksums of their blocks.
//! * Checks frame headers, the sizes of blocks and content, and all three checksums, where they are there.
//! * Refuses dictionaries.
//!
//! A legacy frame has no end of its own. It goes on until the input ends, so that a cut between its blocks cannot
//! be told, or until a frame begins where a block would: that frame is then read as part of the same stream.
//!
//! Others: lz4, `lz4.frame` of Python and with it stock joblib. Of many frames `lz4.frame.decompress` takes the first one only,
//! its file object, and so joblib, all. joblib does not look behind skippable frames, which nothing here writes.

use super::skippable::{self, with_skippable};
use crate::format::{Format, Head, Probe};
use crate::spec::{Flush, Seeking, Spec, Threads};

#[derive(Debug)]
pub(super) struct Lz4;

const MAGIC: [u8; 4] = [0x04, 0x22, 0x4d, 0x18];
const LEGACY: [u8; 4] = [0x02, 0x21, 0x4c, 0x18];

const SIGNATURES: [&[u8]; 18] = with_skippable!(&MAGIC, &LEGACY);

const SPEC: Spec = Spec::new("lz4", "LZ4 frames, what lz4(1) writes")
    .extensions(&[".lz4"])
    .signatures(&SIGNATURES)
    .levels(0, 12, 0)
    .concat()
    .checksum("XXH32")
    .flush(Flush::Sync)
    .seeking(Seeking::Jump)
    .seekable()
    .skippable()
    .threads(Threads::Both);

impl Format for Lz4 {
    fn spec(&self) -> &Spec {
        &SPEC
    }

    fn probe(&self, head: &Head<'_>) -> Probe {
        let probes = [
            skippable::probe(head),
            head.begins_with(&MAGIC),
            head.begins_with(&LEGACY),
        ];
        // Their first bytes differ, so no more than one of them has anything to say.
        probes
            .into_iter()
            .find(|probe| *probe != Probe::No)
            .unwrap_or(Probe::No)
    }

    coders!("lz4", blocks, pieces, survey);

    #[cfg(feature = "lz4")]
    fn blocks_to_seek(&self) -> Option<&dyn crate::Blocks> {
        Some(&seekable::Pieces)
    }
}

#[cfg(feature = "lz4")]
mod decoder;
#[cfg(feature = "lz4")]
mod encoder;
#[cfg(feature = "lz4")]
mod frames;
#[cfg(feature = "lz4")]
mod scan;
#[cfg(feature = "lz4")]
mod seekable;
#[cfg(all(test, feature = "lz4"))]
mod tests;
#[cfg(feature = "lz4")]
mod window;

#[cfg(feature = "lz4")]
mod coder {
    pub(super) use super::decoder::decoder;
    pub(super) use super::encoder::{Pieces, encoder};
    use super::frames::Frames;
    pub(super) use super::scan::scanner;
    use crate::format::DecodeOptions;
    use crate::seek::Survey;

    pub(super) fn survey(_: &DecodeOptions) -> Box<dyn Survey> {
        Box::new(Frames::default())
    }

    /// In a frame's FLG byte: the version of the format, which is 1, in the upper two bits.
    pub(super) const VERSION: u8 = 0x40;
    pub(super) const VERSION_MASK: u8 = 0xc0;
    pub(super) const INDEPENDENT: u8 = 0x20;
    pub(super) const BLOCK_CHECKSUMS: u8 = 0x10;
    pub(super) const CONTENT_SIZE: u8 = 0x08;
    pub(super) const CONTENT_CHECKSUM: u8 = 0x04;
    pub(super) const RESERVED: u8 = 0x02;
    pub(super) const DICTIONARY: u8 = 0x01;

    /// In a block's header: its bytes are stored as they are.
    pub(super) const STORED: u32 = 1 << 31;

    /// The second byte of the XXH32 of a header's fields, as it ends the header.
    pub(super) fn header_checksum(fields: &[u8]) -> u8 {
        xxh32(fields).to_le_bytes()[1]
    }

    pub(super) fn xxh32(bytes: &[u8]) -> u32 {
        twox_hash::XxHash32::oneshot(0, bytes)
    }
}
