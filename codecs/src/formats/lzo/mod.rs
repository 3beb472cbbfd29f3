//! LZO: the files of [lzop(1)](https://www.lzop.org), which has no specification but the program. Container and
//! blocks are read and written here, after a description made from what the program reads and writes.
//!
//! * Reads what lzop writes at all levels (LZO1X-1, LZO1X-1(15) and LZO1X-999 are one format to a reader), with any
//!   choice of checksums, with headers of old versions, names and extra fields, blocks of up to 64 MiB.
//! * Writes one archive of blocks of 256 KiB (the most that lzop reads by default; options may ask for less), those that do not shrink stored, without name and time, with the
//!   Adler-32 of each block both as it was and as it is coded. The latter finds every flipped bit.
//! * Checks headers, extra fields, the lengths of blocks, and all four checksums, where they are there.
//! * Refuses parts of files in several (`F_MULTIPART`), filters (`F_H_FILTER`), and what needs an lzop after 1.04.
//!
//! Levels mean what they do to lzop: 1 to 6 are one fast search, and the point of the format; 7 to 9 search long, for
//! files within a percent of lzop's at the same level. Who wants small files is better off with zstd, whose default
//! level beats them all in size and speed.
//!
//! One flipped bit can turn the length of a full block into the end mark. What follows is then trailing data, an error
//! unless [`Tail::Ignore`](crate::Tail::Ignore) is asked for.
//!
//! Others: lzop, libarchive, and with them `tar --lzop`. Hadoop's `.lzo_deflate`, and blocks without a container, are
//! other formats.

use crate::format::{Format, Head, Probe};
use crate::spec::{Flush, Seeking, Spec, Threads};

#[derive(Debug)]
pub(super) struct Lzo;

const MAGIC: [u8; 9] = *b"\x89LZO\0\r\n\x1a\n";

const SPEC: Spec = Spec::new("lzo", "LZO1X in the container of lzop(1)")
    .extensions(&[".lzo"])
    .signatures(&[&MAGIC])
    .levels(1, 9, 1)
    .concat()
    .checksum("Adler-32")
    .flush(Flush::Sync)
    .seeking(Seeking::Jump)
    .seekable()
    .threads(Threads::Both);

impl Format for Lzo {
    fn spec(&self) -> &Spec {
        &SPEC
    }

    fn probe(&self, head: &Head<'_>) -> Probe {
        head.begins_with(&MAGIC)
    }

    coders!("lzo", blocks, pieces, survey);
}

#[cfg(all(test, feature = "lzo"))]
mod block_tests;
#[cfg(feature = "lzo")]
mod compress;
#[cfg(feature = "lzo")]
mod decoder;
#[cfg(feature = "lzo")]
mod decompress;
#[cfg(feature = "lzo")]
mod encoder;
#[cfg(feature = "lzo")]
mod headers;
#[cfg(feature = "lzo")]
mod parse;
#[cfg(feature = "lzo")]
mod scan;
#[cfg(all(test, feature = "lzo"))]
mod tests;

#[cfg(feature = "lzo")]
mod coder {
    pub(super) use super::decoder::decoder;
    pub(super) use super::encoder::{Pieces, encoder};
    pub(super) use super::scan::scanner;
    use crate::format::DecodeOptions;
    use crate::seek::Survey;

    pub(super) fn survey(_: &DecodeOptions) -> Box<dyn Survey> {
        super::headers::survey()
    }

    /// Flags of a header: which checksums stand before each block, of its plain bytes and of its coded ones.
    pub(super) const ADLER32_PLAIN: u32 = 0x1;
    pub(super) const ADLER32_CODED: u32 = 0x2;
    pub(super) const CRC32_PLAIN: u32 = 0x100;
    pub(super) const CRC32_CODED: u32 = 0x200;
    /// A field of any content follows the header.
    pub(super) const EXTRA_FIELD: u32 = 0x40;
    pub(super) const MULTIPART: u32 = 0x400;
    pub(super) const FILTER: u32 = 0x800;
    /// The checksum of the header and the extra field is a CRC-32, else an Adler-32.
    pub(super) const CRC32_HEADER: u32 = 0x1000;
    pub(super) const UNKNOWN: u32 = 0x000f_c000;
    /// The upper bits, all of them together: the system that the file comes from.
    pub(super) const UNIX: u32 = 0x0300_0000;

    /// The version of lzop whose files these are, and the first one that reads them. From `LONG_HEADER` on headers
    /// have more fields.
    pub(super) const VERSION: u16 = 0x1040;
    pub(super) const LONG_HEADER: u16 = 0x0940;
    /// The version of LZO that lzop names.
    pub(super) const LIBRARY: u16 = 0x20a0;
    /// What made the blocks: LZO1X-1, LZO1X-1(15) or LZO1X-999. They are read alike.
    pub(super) const METHODS: std::ops::RangeInclusive<u8> = 1..=3;
    pub(super) const LZO1X_1: u8 = 1;

    /// The most plain bytes in a block that any lzop may write.
    pub(super) const BLOCK_MOST: usize = 64 << 20;

    pub(super) fn adler32(bytes: &[u8]) -> u32 {
        simd_adler32::adler32(&bytes)
    }
}
