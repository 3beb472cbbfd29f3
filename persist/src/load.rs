//! Reading objects.

use std::io::BufRead;
use std::path::Path;

use demijohn_compat::Companions;
use serde::de::DeserializeOwned;

use crate::codecs::{self, Reader};
use crate::joblib::JoblibReader;
use crate::{Document, Error, Limits, Result, stream};

/// Loads the object in a file, however that is compressed; the content decides.
///
/// Nothing in the file is ever run. The compressed stream is read to the end of the member that holds the object, so
/// that a wrong checksum is an error; what follows is ignored.
///
/// If joblib before 0.10 wrote the file, its arrays may be in others beside it, which are opened too: regular files only,
/// by plain names, and through no link.
///
/// # Errors
/// [`Truncated`](crate::ErrorKind::Truncated) if the file ends early or is empty, [`UnknownFormat`](crate::ErrorKind::UnknownFormat)
/// if it is something else, [`Corrupt`](crate::ErrorKind::Corrupt) and [`Checksum`](crate::ErrorKind::Checksum) if it is damaged,
/// [`Unsupported`](crate::ErrorKind::Unsupported) for what this version does not handle, [`Limit`](crate::ErrorKind::Limit) beyond
/// the limits, [`Io`](crate::ErrorKind::Io) if it cannot be read.
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
    let stream = stream::open_with(path, options.stream())?;
    let companions = Companions::of(path, options.limits.stream);
    read(stream, &options, Some(companions)).map_err(|e| e.at_path(path))
}

/// Loads the object in a file as a Rust type.
///
/// How Python's types map to Rust's is a table in [`demijohn_pickle`](crate::pickle#how-do-pythons-types-map-to-rusts). The
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
/// As for [`load`]; [`Parameter`](crate::ErrorKind::Parameter), with the path within the object, if it has another shape than
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
    pub(crate) threads: Option<usize>,
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

    /// How many threads may read and decompress: 1 for the caller's alone, 0 for one per core, which is also what happens
    /// if nothing is said, up to 8; of small files the caller does it all. Each costs memory; see
    /// [`codecs::Options::threads`].
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// How the stream is read.
    fn stream(&self) -> codecs::Options {
        stream::options(&self.limits).threads(self.threads)
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
    read(how.stream().exact(source)?, &how, None)
}

fn read<S: codecs::Source>(
    mut stream: Reader<S>,
    how: &LoadOptions,
    companions: Option<Companions>,
) -> Result<Document> {
    let length = stream::length(&stream);
    let native = how.native;
    let mut reader = JoblibReader { native, companions };
    let document = stream::read_object(&mut stream, length, &how.limits, &mut reader)?;
    if stream.format() != "none" {
        stream.end_member()?;
    }
    Ok(document)
}
