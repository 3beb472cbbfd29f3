//! Placeholder docs.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod adapters;
pub mod atomic;
mod compressor;
mod engine;
mod error;
mod file;
mod format;
mod formats;
mod limits;
mod options;
mod progress;
mod reader;
mod registry;
mod source;
mod spec;
mod writer;

pub use compressor::{Compression, Compressor};
pub use error::{Error, ErrorKind, Result};
pub use file::{BinaryZlibFile, CompressedFile, Mode, Summary};
pub use format::{
    BlockEncode, Blocks, Decode, DecodeOptions, Encode, EncodeOptions, Format, Framing, Head, Op, Piece,
    Probe, Status, Step,
};
pub use limits::Limits;
pub use options::{Members, Options, Tail};
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
