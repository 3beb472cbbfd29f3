//! Reading objects.

use std::fs::File;
use std::io::BufRead;
use std::path::Path;

use demijohn_compat::{Companions, ZFile};
use serde::de::DeserializeOwned;

use crate::codecs::{Reader, Seekable};
use crate::joblib::JoblibReader;
use crate::pickle::Payload;
use crate::{Document, Error, ErrorKind, Limits, Result, codecs, pickle};

/// How many bytes an error shows of what it does not know.
const SHOWN: usize = 16;

/// Loads the object in a file, however that is compressed; the content decides.
///
/// Nothing in the file is ever run. The compressed stream is read to the end of the member that holds the object, so
/// that a wrong checksum is an error; what follows is ignored.
///
/// If joblib before 0.10 wrote the file, its arrays may be in others beside it, which are opened too: regular files only,
/// by plain names, and through no link.
///
/// # Errors
/// [`Truncated`](ErrorKind::Truncated) if the file ends early or is empty, [`UnknownFormat`](ErrorKind::UnknownFormat)
/// if it is something else, [`Corrupt`](ErrorKind::Corrupt) and [`Checksum`](ErrorKind::Checksum) if it is damaged,
/// [`Unsupported`](ErrorKind::Unsupported) for what this version does not handle, [`Limit`](ErrorKind::Limit) beyond
/// the limits, [`Io`](ErrorKind::Io) if it cannot be read.
pub fn load(path: impl AsRef<Path>) -> Result<Document> {
    load_with(path, LoadOptions::new())
}

/// Loads the object in a file as [`load`] does, with [`LoadOptions`], or, if only those matter, within the given
/// [`Limits`].
///
/// # Errors
/// As for [`load`].
pub fn load_with(path: impl AsRef<Path>, options: impl Into<LoadOptions>) -> Result<Document> {
    let (path, options) = (path.as_ref(), options.into());
    let load = || {
        let (stream, size) = open(path, &options.limits)?;
        let companions = Companions::of(path, options.limits.stream);
        read(stream, size, &options, Some(companions))
    };
    load().map_err(|e| e.at_path(path))
}

/// Loads the object in a file as a Rust type.
///
/// How Python's types map to Rust's is a table in [`demijohn_pickle`](pickle#how-do-pythons-types-map-to-rusts). The
/// object is read as a whole first, and arrays are copied out of it; to look at arrays of gigabytes, [`load`] and
/// [`Value::array`](crate::Value::array) or [`Document::take_array`] cost half the memory.
///
/// ```
/// use demijohn::Array;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Model {
///     name: String,
///     weights: Array,
/// }
///
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("model.pkl");
/// let weights = Array::from_vec(vec![0.5_f64, 1.5], &[2])?;
/// demijohn::dump(&Model { name: "small".into(), weights }, &path)?;
///
/// let model: Model = demijohn::load_as(&path)?;
/// assert_eq!(model.name, "small");
/// assert_eq!(model.weights.as_slice::<f64>()?, [0.5, 1.5]);
/// # Ok::<(), demijohn::Error>(())
/// ```
///
/// # Errors
/// As for [`load`]; [`Parameter`](ErrorKind::Parameter), with the path within the object, if it has another shape than
/// the type; and the others of [`Value::to`](crate::Value::to).
pub fn load_as<T: DeserializeOwned>(path: impl AsRef<Path>) -> Result<T> {
    let path = path.as_ref();
    let document = load(path)?;
    document.root().to().map_err(|e| Error::from(e).at_path(path))
}

/// How an object is read.
///
/// ```
/// use demijohn::{Limits, LoadOptions};
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("upload.pkl");
/// # demijohn::dump(&1, &path)?;
/// let options = LoadOptions::new().limits(Limits::untrusted()).native_byte_order(true);
/// let document = demijohn::load_with(&path, options)?;
/// # Ok::<(), demijohn::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct LoadOptions {
    pub(crate) limits: Limits,
    pub(crate) native: bool,
}

impl LoadOptions {
    /// What [`load`] does: the default limits, and arrays in the byte order of the file.
    pub fn new() -> Self {
        Self::default()
    }

    /// What loading may cost.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Whether to turn arrays into this machine's byte order as they are read, as joblib does; of structs, all fields.
    /// Arrays inside of arrays of Python objects, and those that the stream holds as plain pickles do (subclasses of
    /// `ndarray`), stay as they are, as in joblib.
    pub fn native_byte_order(mut self, native: bool) -> Self {
        self.native = native;
        self
    }
}

impl From<Limits> for LoadOptions {
    fn from(limits: Limits) -> Self {
        Self::new().limits(limits)
    }
}

impl From<&Limits> for LoadOptions {
    fn from(limits: &Limits) -> Self {
        limits.clone().into()
    }
}

/// The stream in a file, and the size of that file.
pub(crate) fn open(path: &Path, limits: &Limits) -> Result<(Reader<Seekable<File>>, Option<u64>)> {
    let file = File::open(path).map_err(codecs::Error::from)?;
    // The size of anything but a regular file says nothing.
    let size = file
        .metadata()
        .ok()
        .filter(std::fs::Metadata::is_file)
        .map(|m| m.len());
    Ok((options(limits).seekable_reader(file)?, size))
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
    load_from_with(source, LoadOptions::new())
}

/// Loads one object from a buffered reader as [`load_from`] does, with options or within limits as for [`load_with`].
///
/// # Errors
/// As for [`load`].
pub fn load_from_with(source: impl BufRead, how: impl Into<LoadOptions>) -> Result<Document> {
    let how = how.into();
    read(options(&how.limits).exact(source)?, None, &how, None)
}

pub(crate) fn options(limits: &Limits) -> codecs::Options {
    codecs::Options::new()
        .also(ZFile)
        .veto(is_pickle)
        .limits(limits.stream)
        // Whatever the format: no more than the object needs is read.
        .members(codecs::Members::Joined)
        .tail(codecs::Tail::Ignore)
}

/// Whether these bytes begin a pickle. No container begins with 0x80, so even an unknown protocol is one.
pub(crate) fn is_pickle(head: &[u8]) -> bool {
    head.first() == Some(&0x80) || pickle::looks_like(head)
}

/// `size` is that of the source, which the object's is too if nothing is compressed.
fn read<S: codecs::Source>(
    mut stream: Reader<S>,
    size: Option<u64>,
    how: &LoadOptions,
    companions: Option<Companions>,
) -> Result<Document> {
    let plain = stream.format() == "none";
    let native = how.native;
    let mut reader = JoblibReader { native, companions };
    let document = read_object(&mut stream, size.filter(|_| plain), &how.limits, &mut reader)?;
    if !plain {
        stream.end_member()?;
    }
    Ok(document)
}

/// Reads the object in a stream, whose length may be known.
pub(crate) fn read_object(
    stream: &mut impl BufRead,
    length: Option<u64>,
    limits: &Limits,
    payload: &mut dyn Payload,
) -> Result<Document> {
    let head = stream.fill_buf().map_err(codecs::Error::from)?;
    if head.is_empty() {
        return Err(Error::new(ErrorKind::Truncated, "empty input".into()));
    }
    if !is_pickle(head) {
        return Err(unknown(head));
    }
    let options = pickle::ReadOptions {
        limits: limits.object,
        length,
    };
    Ok(pickle::read_with(stream, &options, payload)?)
}

/// The error for a beginning that is not a pickle's, with a name for what it is if that is plain.
pub(crate) fn unknown(head: &[u8]) -> Error {
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
