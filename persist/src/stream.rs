//! The stream that holds an object, for those who build something else from it than a [`Document`].
//!
//! [`options`] says how [`load`](crate::load()) reads streams, [`open`] opens a file so, and [`build`] runs the pickle
//! in it with a [`Builder`] of the caller's. [`Skip`] and [`Companions`] are for builders that pass over arrays, or know
//! those of joblib before 0.10.

use std::fs::File;
use std::io::{BufRead, Seek};
use std::path::Path;

use demijohn_compat::ZFile;

pub use demijohn_compat::Companions;

pub use crate::skip::{Skip, Skipping};

use crate::codecs::{Members, Options, Reader, Seekable, Source, Tail};
use crate::inspect::Names;
use crate::passing::Passing;
use crate::pickle::{self, Builder, Payload};
use crate::{Document, Error, ErrorKind, GlobalEntry, Limits, Result};

/// How many bytes an error shows of what it does not know.
const SHOWN: usize = 16;

/// How streams of joblib's files are read: the content says how they are compressed, as z-files of joblib before 0.10
/// too; what begins like a pickle is not taken for compressed; streams that follow one another are joined whatever the
/// format, as Python's file objects do; and what follows in the end is ignored.
///
/// ```
/// use demijohn::{Limits, stream};
///
/// let bytes = b"\x80\x04K\x07.";
/// let reader = stream::options(&Limits::default()).exact(&bytes[..])?;
/// assert_eq!(reader.format(), "none");
/// # Ok::<(), demijohn::codecs::Error>(())
/// ```
pub fn options(limits: &Limits) -> Options {
    Options::new()
        .also(ZFile)
        .veto(is_pickle)
        .limits(limits.stream)
        // Whatever the format: no more than the object needs is read.
        .members(Members::Joined)
        .tail(Tail::Ignore)
}

/// Opens a file for reading as [`options`] say.
///
/// # Errors
/// [`Io`](ErrorKind::Io) if it cannot be opened, [`Unsupported`](ErrorKind::Unsupported) for a format that this build
/// leaves out.
pub fn open(path: impl AsRef<Path>, limits: &Limits) -> Result<Reader<Seekable<File>>> {
    open_with(path.as_ref(), options(limits))
}

/// Opens a file for reading as the caller says.
pub(crate) fn open_with(path: &Path, options: Options) -> Result<Reader<Seekable<File>>> {
    let open = || options.source(Seekable::file(File::open(path)?)?);
    open().map_err(|e| Error::from(e).at_path(path))
}

/// How many bytes the stream holds, if that is known: the size of a file that is not compressed.
#[must_use]
pub fn length<S: Source>(stream: &Reader<S>) -> Option<u64> {
    // The size of anything but a regular file is none, or 0 and says nothing.
    stream
        .source_size()
        .filter(|&size| size > 0 && stream.format() == "none")
}

/// Runs the pickle in a stream, up to and including its `STOP`, with a builder; answers what that made of it.
///
/// `length` is how many bytes the stream holds, if that is [known](length). Of a compressed stream, the end is still to
/// be read, so that its checksum is looked at: [`Reader::end_member`].
///
/// # Errors
/// [`Truncated`](ErrorKind::Truncated) for an empty stream, [`UnknownFormat`](ErrorKind::UnknownFormat) if it does not
/// begin like a pickle, and those of [`pickle::machine::run`].
pub fn build<B: Builder>(
    stream: &mut impl BufRead,
    length: Option<u64>,
    limits: &Limits,
    builder: &mut B,
) -> Result<B::Node> {
    check_head(stream)?;
    Ok(pickle::machine::run(stream, length, &limits.object, builder)?)
}

/// Every class and function that the object in a stream names, once each, in the order of the stream, which is read up to
/// the end of the object; its arrays are passed over. If something is wrong with it, the names are those before that.
pub fn globals(
    mut stream: impl BufRead + Seek,
    length: Option<u64>,
    limits: &Limits,
) -> (Vec<GlobalEntry>, Result<()>) {
    if let Err(error) = check_head(&mut stream) {
        return (Vec::new(), Err(error));
    }
    let mut passing = Passing::joblib();
    let mut stream = Skipping::new(stream, passing.skip());
    let mut names = Names::default();
    let outcome = names.scan(&mut stream, length, limits, &mut passing, 0);
    (names.entries, outcome.map(drop).map_err(Error::from))
}

/// Reads the object in a stream, whose length may be known.
pub(crate) fn read_object(
    stream: &mut impl BufRead,
    length: Option<u64>,
    limits: &Limits,
    payload: &mut dyn Payload,
) -> Result<Document> {
    check_head(stream)?;
    let options = pickle::ReadOptions {
        limits: limits.object,
        length,
    };
    Ok(pickle::read_with(stream, &options, payload)?)
}

/// Makes sure that the stream begins like a pickle.
fn check_head(stream: &mut impl BufRead) -> Result<()> {
    let head = stream.fill_buf()?;
    if head.is_empty() {
        return Err(empty());
    }
    if is_pickle(head) {
        Ok(())
    } else {
        Err(unknown(head))
    }
}

/// Whether these bytes begin a pickle. No container begins with 0x80, so even an unknown protocol is one.
pub(crate) fn is_pickle(head: &[u8]) -> bool {
    head.first() == Some(&0x80) || pickle::looks_like(head)
}

/// The error for an input without a byte.
pub(crate) fn empty() -> Error {
    Error::new(ErrorKind::Truncated, "empty input".into())
}

/// The error for a beginning that is not a pickle's, with a name for what it is if that is plain.
pub(crate) fn unknown(head: &[u8]) -> Error {
    unlike("a joblib file", head)
}

/// The error for a beginning that is not that of what is wanted.
pub(crate) fn unlike(wanted: &str, head: &[u8]) -> Error {
    const KNOWN: [(&[u8], &str); 5] = [
        (b"\x93NUMPY", "a .npy file"),
        (b"PK\x03\x04", "a zip or .npz file"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
        (b"<!DOCTYPE", "an HTML page"),
        (b"<html", "an HTML page"),
    ];
    let shown = head[..head.len().min(SHOWN)].escape_ascii();
    let message = match KNOWN.iter().find(|(magic, _)| head.starts_with(magic)) {
        Some((_, name)) => format!("not {wanted} but {name}; it begins with \"{shown}\""),
        None => format!("not {wanted}; it begins with \"{shown}\""),
    };
    Error::new(ErrorKind::UnknownFormat, message)
}
