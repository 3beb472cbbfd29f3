//! Arrays in files of their own beside the pickle, as joblib wrote them before 0.10.
//!
//! In the pickle stands an object with the name of the file: an `NDArrayWrapper` for a `.npy` file, a `ZNDArrayWrapper`,
//! which knows dtype and shape too, for a [z-file](crate::ZFile) of the bytes.
//!
//! Specification: the classes of these names in
//! [`joblib/numpy_pickle_compat.py`](https://github.com/joblib/joblib/blob/main/joblib/numpy_pickle_compat.py).

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::PathBuf;

use demijohn_arrays::{Array, Available, Layout, npy};
use demijohn_codecs::{self as codecs, Compressor};
use demijohn_pickle::{self as pickle, Apart, Error, ErrorKind, Found, Result, Value};

use crate::ZFile;
use crate::beside::{self, Folder};

/// The classes of objects with the name of a companion: of a `.npy` file, and of a z-file of bytes.
const NPY: &str = "NDArrayWrapper";
const RAW: &str = "ZNDArrayWrapper";

/// The files with arrays that belong to one pickle.
///
/// They are looked for in the folder of the pickle alone, under plain names, and must be regular files, not links. Each
/// may be named once, as by joblib, so that a few bytes of the pickle cannot fill the memory with copies.
#[derive(Debug)]
pub struct Companions {
    main: PathBuf,
    /// Opened for the first companion.
    folder: Option<Folder>,
    limits: codecs::Limits,
    /// Bytes of all arrays so far.
    output: u64,
    seen: HashSet<String>,
}

impl Companions {
    /// The companions of the pickle with this path. Nothing is looked for yet.
    ///
    /// `limits` are those of each file, but for the output, of which there may be so much in all of them together.
    #[must_use]
    pub fn of(pickle: impl Into<PathBuf>, limits: codecs::Limits) -> Self {
        Self {
            main: pickle.into(),
            folder: None,
            limits,
            output: 0,
            seen: HashSet::new(),
        }
    }

    /// The array that an object of the pickle stands for, if it is one of joblib's with the name of a companion;
    /// `class` is the name of its class, from which a caller has recognised the module as joblib's.
    ///
    /// Without `companions`, as for a pickle from a stream, such an object is an error that says so. Arrays of Python
    /// objects are pickles in the companion, which are left to the caller. Subclasses of `ndarray` are read as arrays,
    /// and whether one may be mapped is ignored.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) without `companions`, [`Corrupt`](ErrorKind::Corrupt) for an object
    /// that cannot be and for names that are not plain, [`Io`](ErrorKind::Io) if there is no such file, and whatever is
    /// wrong in it; all of them name it.
    pub fn read(companions: Option<&mut Self>, class: &str, state: Option<Value<'_>>) -> Result<Found> {
        if !matches!(class, NPY | RAW) {
            return Ok(Found::Nothing);
        }
        let state = state.ok_or_else(|| invalid(class, "it has no state"))?;
        let key = |key: &str| {
            let value = state.find(key);
            value.ok_or_else(|| invalid(class, &format!("no {key:?}")))
        };
        let name = key("filename")?;
        let name = name
            .as_str()
            .ok_or_else(|| invalid(class, &format!("its file name is {name:?}")))?;
        if class == NPY {
            return Self::npy(companions, name);
        }
        let (companions, file) = Self::open(companions, RAW, name)?;
        let layout = raw_layout(class, key("state")?)?;
        let array = companions.read_raw(file, layout);
        array.map(Found::Array).map_err(|e| within(name, e))
    }

    /// The array in a `.npy` file, for an `NDArrayWrapper` with its name: [`Found::Array`] or [`Found::PickleIn`].
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    pub fn npy(companions: Option<&mut Self>, name: &str) -> Result<Found> {
        let (companions, file) = Self::open(companions, NPY, name)?;
        companions.read_npy(file, name).map_err(|e| within(name, e))
    }

    /// The array whose bytes are a z-file, for a `ZNDArrayWrapper` with its name and the layout of the array.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    pub fn raw(companions: Option<&mut Self>, name: &str, layout: Layout) -> Result<Array> {
        let (companions, file) = Self::open(companions, RAW, name)?;
        companions.read_raw(file, layout).map_err(|e| within(name, e))
    }

    fn open<'a>(companions: Option<&'a mut Self>, class: &str, name: &str) -> Result<(&'a mut Self, File)> {
        let Some(companions) = companions else {
            let message = format!(
                "an array is in the companion file {name:?}, found only beside a file that is given by its path"
            );
            return Err(Error::new(ErrorKind::Unsupported, message));
        };
        let file = companions.open_beside(class, name)?;
        Ok((companions, file))
    }

    fn open_beside(&mut self, class: &str, name: &str) -> Result<File> {
        if !beside::is_plain(name) {
            let what = format!("{name:?} is not the plain name of a file beside the pickle");
            return Err(invalid(class, &what));
        }
        if !self.seen.insert(name.to_owned()) {
            let what = format!("{name:?} is named a second time");
            return Err(invalid(class, &what));
        }
        let folder = match &mut self.folder {
            Some(folder) => folder,
            none => none.insert(Folder::of(&self.main).map_err(|e| refused(name, &e))?),
        };
        folder.open(name).map_err(|e| refused(name, &e))
    }

    /// Sets the bytes of an array down to the limit of all.
    fn count(&mut self, layout: &Layout) -> Result<()> {
        self.output = self.output.saturating_add(layout.nbytes() as u64);
        match self.limits.max_output() {
            Some(limit) if self.output > limit => {
                let message =
                    format!("with array {layout}, the companions hold more than the {limit} bytes allowed");
                Err(Error::new(ErrorKind::Limit, message))
            }
            _ => Ok(()),
        }
    }

    fn read_npy(&mut self, file: File, name: &str) -> Result<Found> {
        let length = file.metadata()?.len();
        let mut source = BufReader::new(file);
        let npy::Header { layout, len, .. } = npy::read_header(&mut source, npy::MAX_HEADER)?;
        if layout.dtype().has_objects() {
            return Ok(Found::PickleIn(Apart {
                source: Box::new(source),
                position: len,
                length: Some(length),
                name: companion(name),
            }));
        }
        self.count(&layout)?;
        let available = Available::Bytes(length.saturating_sub(len));
        Ok(Found::Array(Array::read(layout, &mut source, available)?))
    }

    fn read_raw(&mut self, file: File, layout: Layout) -> Result<Array> {
        self.count(&layout)?;
        let options = codecs::Options::new()
            .format(Compressor::new(ZFile))
            .limits(self.limits)
            .tail(codecs::Tail::Ignore);
        let mut source = options.seekable_reader(file).map_err(io::Error::from)?;
        let shown = layout.to_string();
        let array = Array::read(layout, &mut source, Available::Unknown)?;
        // The end, so that length and checksum are looked at.
        if source.read(&mut [0])? > 0 {
            return Err(Error::new(
                ErrorKind::Corrupt,
                format!("more data than array {shown}"),
            ));
        }
        Ok(array)
    }
}

/// The layout in `(version, shape, dtype, is_fortran)`: a state of `ndarray` that lacks the data.
fn raw_layout(class: &str, state: Value<'_>) -> Result<Layout> {
    let invalid = || invalid(class, &format!("its array state is {state:?}"));
    let items: Vec<Value<'_>> = state.iter().take(5).collect();
    match items[..] {
        [version, shape, dtype, fortran] if state.kind() == pickle::Kind::Tuple => match version.as_i64() {
            Some(0 | 1) => pickle::numpy::layout(shape, dtype, fortran),
            _ => Err(invalid()),
        },
        _ => Err(invalid()),
    }
}

fn invalid(class: &str, what: &str) -> Error {
    Error::new(ErrorKind::Corrupt, format!("invalid {class}: {what}"))
}

/// What errors call a companion.
fn companion(name: &str) -> String {
    format!("companion file {name:?}")
}

/// An error of the system about a companion.
fn refused(name: &str, error: &io::Error) -> Error {
    io::Error::new(error.kind(), format!("{}: {error}", companion(name))).into()
}

/// An error in a companion. Its offsets are the companion's, so they are for the reader of the message only.
fn within(name: &str, error: Error) -> Error {
    let name = companion(name);
    if error.kind() != ErrorKind::Io {
        return Error::new(error.kind(), format!("{name}: {error}"));
    }
    let error = codecs::Error::from(io::Error::from(error));
    let message = format!("{name}: {error}");
    match error.kind() {
        codecs::ErrorKind::Io => io::Error::new(error.io_kind(), message).into(),
        kind => io::Error::from(codecs::Error::new(kind, message)).into(),
    }
}
