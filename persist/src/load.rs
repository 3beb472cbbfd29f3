//! Reading objects.

use std::fs::File;
use std::io::BufRead;
use std::path::Path;

use crate::joblib::JoblibReader;
use crate::{Document, Error, ErrorKind, Limits, Result, codecs, pickle};

/// How many bytes an error shows of what it does not know.
const SHOWN: usize = 16;

/// Loads the object in a file, however that is compressed; the content decides.
///
/// Nothing in the file is ever run. The compressed stream is read to the end of the member that holds the object, so
/// that a wrong checksum is an error; what follows is ignored.
///
/// # Errors
/// [`Truncated`](ErrorKind::Truncated) if the file ends early or is empty, [`UnknownFormat`](ErrorKind::UnknownFormat)
/// if it is something else, [`Corrupt`](ErrorKind::Corrupt) and [`Checksum`](ErrorKind::Checksum) if it is damaged,
/// [`Unsupported`](ErrorKind::Unsupported) for what this version does not handle, [`Limit`](ErrorKind::Limit) beyond
/// the limits, [`Io`](ErrorKind::Io) if it cannot be read.
pub fn load(path: impl AsRef<Path>) -> Result<Document> {
    load_with(path, &Limits::default())
}

/// Loads the object in a file as [`load`] does, within the given limits.
///
/// # Errors
/// As for [`load`].
pub fn load_with(path: impl AsRef<Path>, limits: &Limits) -> Result<Document> {
    let path = path.as_ref();
    let load = || {
        let file = File::open(path).map_err(codecs::Error::from)?;
        // The size of anything but a regular file says nothing.
        let size = file
            .metadata()
            .ok()
            .filter(std::fs::Metadata::is_file)
            .map(|m| m.len());
        read(options(limits).seekable_reader(file)?, size, limits)
    };
    load().map_err(|e: Error| e.at_path(path))
}

/// Loads one object from a buffered reader, however it is compressed.
///
/// Of an uncompressed stream nothing is consumed beyond the object, so that objects may follow one another; of a
/// compressed one, nothing beyond the member that holds the object. (Pickles of protocols 0 and 1 can be told from
/// compressed data only by several bytes: if the source shows fewer at first, more may be taken from it.)
///
/// # Errors
/// As for [`load`].
pub fn load_from(source: impl BufRead) -> Result<Document> {
    load_from_with(source, &Limits::default())
}

/// Loads one object from a buffered reader as [`load_from`] does, within the given limits.
///
/// # Errors
/// As for [`load`].
pub fn load_from_with(source: impl BufRead, limits: &Limits) -> Result<Document> {
    read(options(limits).exact(source)?, None, limits)
}

fn options(limits: &Limits) -> codecs::Options {
    codecs::Options::new()
        .veto(is_pickle)
        .limits(limits.stream)
        // Whatever the format: no more than the object needs is read.
        .members(codecs::Members::Joined)
        .tail(codecs::Tail::Ignore)
}

/// Whether these bytes begin a pickle. No container begins with 0x80, so even an unknown protocol is one.
fn is_pickle(head: &[u8]) -> bool {
    head.first() == Some(&0x80) || pickle::looks_like(head)
}

/// `size` is that of the source, which the object's is too if nothing is compressed.
fn read<S: codecs::Source>(
    mut stream: codecs::Reader<S>,
    size: Option<u64>,
    limits: &Limits,
) -> Result<Document> {
    let plain = stream.format() == "none";
    let head = stream.fill_buf().map_err(codecs::Error::from)?;
    if head.is_empty() {
        return Err(Error::new(ErrorKind::Truncated, "empty input".into()));
    }
    if !is_pickle(head) {
        return Err(unknown(head));
    }
    let options = pickle::ReadOptions {
        limits: limits.object,
        length: size.filter(|_| plain),
    };
    let document = pickle::read_with(&mut stream, &options, &mut JoblibReader)?;
    if !plain {
        stream.end_member()?;
    }
    Ok(document)
}

/// The error for a beginning that is not a pickle's, with a name for what it is if that is plain.
fn unknown(head: &[u8]) -> Error {
    if head.starts_with(b"ZF0x") {
        return Error::new(
            ErrorKind::Unsupported,
            "z-files of joblib before 0.10 are not supported".into(),
        );
    }
    const KNOWN: [(&[u8], &str); 5] = [
        (b"\x93NUMPY", "a .npy file"),
        (b"PK\x03\x04", "a zip or .npz file"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
        (b"<!DOCTYPE", "an HTML page"),
        (b"<html", "an HTML page"),
    ];
    let shown = head[..head.len().min(SHOWN)].escape_ascii();
    let message = match KNOWN.iter().find(|(magic, _)| head.starts_with(magic)) {
        Some((_, name)) => format!("not a joblib file but {name}; it begins with \"{shown}\""),
        None => format!("not a joblib file; it begins with \"{shown}\""),
    };
    Error::new(ErrorKind::UnknownFormat, message)
}
