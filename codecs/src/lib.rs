//! Compressed streams that look like files.
//!
//! ```
//! use std::io::{Read, Write};
//!
//! # let dir = tempfile::tempdir()?;
//! # let path = dir.path().join("notes.txt.gz");
//! # #[cfg(feature = "gzip")] {
//! let mut file = demijohn_codecs::create(&path)?; // the extension decides
//! file.write_all(b"so much text")?;
//! file.finish()?; // now it is there, whole
//!
//! let mut text = String::new();
//! demijohn_codecs::open(&path)?.read_to_string(&mut text)?; // the content decides
//! assert_eq!(text, "so much text");
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Highlights
//!
//! * **Any format through one door.** [`open`] and [`reader`] detect by content, step over skippable frames, and
//!   pass plain files through, so callers never branch. [`create`] goes by the extension.
//! * **To the end.** All members of a file are joined. Every cut is an error of kind
//!   [`Truncated`](ErrorKind::Truncated), every checksum is verified, and what does not belong is
//!   [`TrailingData`](ErrorKind::TrailingData), each raised after the data before it has been delivered.
//! * **Bounded.** [`Limits`] on memory, output and ratio are enforced in the one routine that fills buffers, so
//!   they hold while reading, skipping and seeking alike.
//! * **Whole files or none.** A file made by path appears when [`FileWriter::finish`] is called, by an atomic
//!   rename; see [`atomic`].
//! * **Reproducible.** The bytes written depend on the data and the options, not on how writes were cut, nor on
//!   the number of threads.
//! * **Open.** A format of your own implements [`Format`] and is then the equal of the built-in ones; the
//!   [`adapters`] make that a matter of two functions.
//!
//! # Formats
//!
//! | name | extensions | levels (default) | joins streams | checksum | backend |
//! |---|---|---|---|---|---|
//! | `zlib` | `.z` `.zlib` | 0–9 (3) | no | Adler-32 | zlib-rs |
//! | `gzip` | `.gz` `.gzip` | 0–9 (3) | yes, NUL padding too | CRC-32 | zlib-rs |
//! | `bz2` | `.bz2` | 1–9 (9) | yes, NUL padding too | CRC-32 | bzip2 on libbz2-rs |
//! | `lzma` | `.lzma` | 0–9 (6) | no | none | liblzma |
//! | `xz` | `.xz` | 0–9 (6) | yes, padding in fours too | CRC64 | liblzma |
//! | `zstd` | `.zst` `.zstd` | −131072–22 (3) | yes, skippable frames too | XXH64 | libzstd |
//! | `lz4` | `.lz4` | 0–12 (0) | yes, skippable and legacy frames too | XXH32 | lz4_flex, liblz4 from level 3 on |
//! | `snappy` | `.sz` `.snappy` | | yes | CRC-32C | snap |
//! | `lzo` | `.lzo` | 1–9 (1) | yes | Adler-32 | its own |
//! | `blosc` | `.blp` `.blosc` | 0–9 (5) | no | Adler-32 | ours; liblz4, zlib-rs, libzstd and snap for blocks, c-blosc to write blosclz |
//! | `none` | | | | none | |
//!
//! [`Compressor::spec`] has the same as data. Each is a cargo feature of that name, all on by default; a build
//! without one still recognises the format and says which feature is missing. The feature `conformance` adds
//! a test suite for authors of formats.
//!
//! # Which type is for what
//!
//! * [`Options`] is the long form of the four functions here: format, limits, tails, level, block size, threads,
//!   durability, progress.
//! * [`Reader`] and [`Writer`] are what a Rust user holds; [`FileWriter`] is the writer of a path.
//!   [`CompressedFile`] is a trait object for either direction, and [`BinaryZlibFile`] the zlib one, by joblib's
//!   name for it.
//! * [`Compressor`] is a handle on a format, [`Compression`] a user's choice of one with a level, [`Registry`] the
//!   list.
//! * [`Source`] is where bytes come from: [`Pipe`] for anything that reads, [`Seekable`] for what seeks,
//!   [`Exact`] for a buffered reader of which no byte too many may be taken.
//! * [`Encode`] and [`Decode`] are the state machines inside: no I/O, slices in and out.
//!
//! # What happens at the end of a stream
//!
//! | format | a second stream | NUL bytes | other bytes |
//! |---|---|---|---|
//! | gzip, bz2 | joined | accepted | error |
//! | xz | joined, across padding too | accepted in multiples of 4, else error | error |
//! | zstd | joined, skippable frames too | error | error |
//! | lz4 | joined, skippable and legacy frames too | error | error |
//! | snappy, lzo | joined | error | error |
//! | zlib, lzma, blosc | error | error | error |
//!
//! [`Tail::Ignore`] turns the errors of the last two columns into an end; [`Members::One`] does not look,
//! [`Members::Joined`] joins second streams of all formats.
//! A legacy frame of lz4 ends only with its input: a cut between two of its blocks cannot be told, and what
//! follows it and is no frame is `Corrupt` or `Truncated`. Nothing here writes such frames. A stream of snappy ends
//! only with its input too: a cut between chunks cannot be told, and what follows is taken for chunks. No bytes are
//! a stream of no data. A bare chunk of blosc has no checksum, and a bloscpack file that does not say how many chunks
//! it has may end behind any of them.
//!
//! Empty input is `Truncated` for a format asked for by name, and plain data without bytes for detection.
//!
//! # Why not the backends directly
//!
//! They are what does the work here, and for one format and one direction they serve well. What they leave to
//! each caller is what this crate is for: detection, all members, the same answers about cuts and tails in every
//! format, limits, errors that arrive although nobody called `finish`'s equivalent, seeking, atomic files.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod adapters;
pub mod atomic;
mod compressor;
#[cfg(feature = "conformance")]
pub mod conformance;
mod engine;
mod error;
mod file;
mod format;
mod formats;
mod hinted;
mod limits;
mod options;
mod pieces;
mod progress;
mod reader;
mod registry;
mod room;
pub mod seek;
mod source;
mod spec;
mod writer;

/// The choices that the blosc format gives.
pub mod blosc {
    pub use crate::formats::blosc::{Blosc, Inner, Shuffle};
}

pub use compressor::{Compression, Compressor};
pub use error::{Error, ErrorKind, Result};
pub use file::{BinaryZlibFile, CompressedFile, Mode, Summary};
pub use format::{
    BlockEncode, Blocks, Decode, DecodeOptions, Encode, EncodeOptions, Format, Framing, Head, Hint, LateHead,
    Op, Piece, Probe, Status, Step,
};
pub use hinted::{ElementSize, Hinted, TakesHints};
pub use limits::Limits;
pub use options::{Members, Options, Tail};
pub use pieces::{Adopt, CodedPiece, Found, Place, Scan};
pub use progress::Progress;
pub use reader::Reader;
pub use registry::{Detection, Registry};
pub use source::{Exact, Pipe, Seekable, Source};
pub use spec::{Flush, NulPadding, Seeking, Spec, Threads};
pub use writer::{FileWriter, FinishError, Writer};

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

/// Opens a file for reading, its format detected by content; a file that no format claims is read as plain
/// bytes. [`Options::open`] with the default options.
///
/// # Errors
/// As [`Options::open`].
pub fn open(path: impl AsRef<Path>) -> Result<Reader<Seekable<File>>> {
    Options::new().open(path)
}

/// Creates or replaces a file, its format decided by the extension, atomically when it is finished.
/// [`Options::create`] with the default options.
///
/// # Errors
/// As [`Options::create`].
pub fn create(path: impl AsRef<Path>) -> Result<FileWriter> {
    Options::new().create(path)
}

/// Reads from anything that reads, the format detected by content. [`Options::reader`] with the default
/// options.
///
/// # Errors
/// As [`Options::reader`].
pub fn reader<R: Read>(source: R) -> Result<Reader<Pipe<R>>> {
    Options::new().reader(source)
}

/// Writes to anything that writes. [`Options::writer`] with the default options.
///
/// # Errors
/// As [`Options::writer`].
pub fn writer<W: Write>(sink: W, compression: impl Into<Compression>) -> Result<Writer<W>> {
    Options::new().writer(sink, compression)
}
