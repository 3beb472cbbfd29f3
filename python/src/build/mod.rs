//! Unpickling: files and streams to live Python objects.

mod arrays;
mod builder;
mod fast;
mod file;
mod gc;
mod hashing;
mod held;
mod kept;
mod names;
mod state;
mod trust;

use std::ffi::CString;
use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Seek};
use std::path::PathBuf;

use demijohn::codecs::{Reader, Seekable, Source};
use demijohn::stream::{self, Companions, Skipping};
use demijohn::{Limits, pickle};
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::{PyDeprecationWarning, PyUserWarning};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::errors::{carry, raise};
use crate::stream::Attached;
use arrays::{Arrays, Mapping};
use builder::Live;
use gc::{Lifting, Pause};
use kept::Kept;
use trust::Trust;

/// What the format of z-files is called: how joblib compressed before 0.10.
const Z_FILE: &str = "zfile";

/// An exception on its way through the machine.
fn raised(exception: PyErr) -> pickle::Error {
    carry(exception).into()
}

/// Loads the object in a file.
#[pyfunction]
#[pyo3(signature = (path, mmap_mode, native, trusted=None))]
pub(crate) fn load_path<'py>(
    py: Python<'py>,
    path: Bound<'py, PyAny>,
    mmap_mode: Option<Bound<'py, PyAny>>,
    native: bool,
    trusted: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let how = How::new(native, trusted.as_ref())?;
    let name: PathBuf = path.extract()?;
    let file = py.detach(|| File::open(&name).map_err(|e| demijohn::Error::from(e).at_path(&name)));
    let file = file.map_err(|e| raise(py, e))?;
    if how.trust.is_some() && !file.metadata()?.is_file() {
        // A pipe, which cannot be read twice.
        let loaded = twice(py, BufReader::new(file), &how);
        return loaded
            .map(|(object, _)| object)
            .map_err(|e| raise(py, e.at_path(&name)));
    }
    let options = stream::options(&how.limits);
    let reader = py.detach(|| options.source(Seekable::file(file)?));
    let reader = reader.map_err(|e| raise(py, demijohn::Error::from(e).at_path(&name)))?;
    let format = reader.format();
    let mut arrays = Arrays::new(py, native);
    arrays.companions = Some(Companions::of(&name, how.limits.stream));
    match mmap_mode {
        Some(mode) if format == "none" => {
            let file = py.import("os")?.call_method1("fspath", (&path,))?;
            arrays.mapping = Some(Mapping { file, mode });
        }
        Some(mode) => {
            let message = format!(
                "mmap_mode \"{mode}\" is not compatible with compressed file {}. \"{mode}\" flag will be ignored.",
                name.display()
            );
            warn(py, &py.get_type::<PyUserWarning>(), message)?;
        }
        None => {}
    }
    let loaded = load(py, reader, arrays, &how).map_err(|e| raise(py, e.at_path(&name)))?;
    if loaded.arrays.old || format == Z_FILE {
        let message = format!(
            "The file '{}' has been generated with a joblib version less than 0.10. Please regenerate this pickle file.",
            name.display()
        );
        warn(py, &py.get_type::<PyDeprecationWarning>(), message)?;
    }
    Ok(loaded.object)
}

/// Warns whoever calls the function of the package that called this module.
fn warn(py: Python<'_>, category: &Bound<'_, PyAny>, message: String) -> PyResult<()> {
    PyErr::warn(py, category, &CString::new(message)?, 2)
}

/// Loads an object from a file object, which then stands behind it.
#[pyfunction]
#[pyo3(signature = (file, native, trusted=None))]
pub(crate) fn load_file<'py>(
    py: Python<'py>,
    file: Bound<'py, PyAny>,
    native: bool,
    trusted: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let how = How::new(native, trusted.as_ref())?;
    file::from(py, file, &how)
}

/// Loads the object in bytes.
#[pyfunction]
#[pyo3(signature = (data, native, trusted=None))]
pub(crate) fn load_bytes<'py>(
    py: Python<'py>,
    data: Bound<'py, PyAny>,
    native: bool,
    trusted: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let how = How::new(native, trusted.as_ref())?;
    let copy;
    let data = match data.cast::<PyBytes>() {
        Ok(bytes) => bytes.as_bytes(),
        // Others may change while the lock is let go of.
        Err(_) => {
            copy = PyBuffer::<u8>::get(&data)?.to_vec(py)?;
            &copy
        }
    };
    let reader = py.detach(|| stream::options(&how.limits).seekable_reader(Cursor::new(data)));
    let reader = reader.map_err(|e| raise(py, e))?;
    load(py, reader, Arrays::new(py, native), &how)
        .map(|loaded| loaded.object)
        .map_err(|e| raise(py, e))
}

/// How something is loaded.
struct How<'py> {
    /// Whether to turn arrays into this machine's byte order.
    native: bool,
    limits: Limits,
    /// What may be done, if the file is not trusted.
    trust: Option<Trust<'py>>,
}

impl<'py> How<'py> {
    /// Without a list of trusted names, everything is trusted.
    fn new(native: bool, trusted: Option<&Bound<'py, PyAny>>) -> PyResult<Self> {
        let trust = trusted.map(Trust::new).transpose()?;
        let limits = match trust {
            Some(_) => Limits::untrusted(),
            None => Limits::default(),
        };
        Ok(Self {
            native,
            limits,
            trust,
        })
    }
}

/// What was loaded, and what it was loaded with.
struct Loaded<'py, S> {
    object: Bound<'py, PyAny>,
    arrays: Arrays<'py>,
    reader: Reader<S>,
}

/// Loads from what can be read only once, even if it is to be looked through before: what was read is kept for that.
fn twice<'py, R: BufRead + Send>(
    py: Python<'py>,
    source: R,
    how: &How<'py>,
) -> demijohn::Result<(Bound<'py, PyAny>, R)> {
    let options = stream::options(&how.limits);
    let reader = py.detach(|| options.source(Kept::new(source)))?;
    let Loaded { object, reader, .. } = load(py, reader, Arrays::new(py, how.native), how)?;
    Ok((object, reader.into_source().into_inner()))
}

/// Loads the object in a stream, to the end of the member that holds it. If the file is not trusted, the whole object is
/// looked through first, and the stream must be one that can go back.
fn load<'py, S: Source + Send>(
    py: Python<'py>,
    mut reader: Reader<S>,
    arrays: Arrays<'py>,
    how: &How<'py>,
) -> demijohn::Result<Loaded<'py, S>> {
    let limits = &how.limits;
    let length = stream::length(&reader);
    let compressed = reader.format() != "none";
    if let Some(trust) = &how.trust {
        let (names, looked_through) = stream::globals(Attached::new(&mut reader), length, limits);
        trust.admit_all(&names).map_err(carry)?;
        looked_through?;
        reader.rewind()?;
    }
    let pause = Pause::new(py);
    let attached = Lifting::new(Attached::new(reader), &pause);
    let mut source = Skipping::new(attached, &arrays.skip);
    let mut live = Live::new(py, &pause, arrays, how.trust.as_ref());
    let object = stream::build(&mut source, length, limits, &mut live)?;
    if let Some(trust) = &how.trust {
        trust.finish().map_err(carry)?;
    }
    let mut attached = source.into_inner()?.into_inner();
    if compressed {
        attached.detached(|reader| Ok(reader.end_member()?))?;
    }
    Ok(Loaded {
        object: object.into_bound(),
        arrays: live.into_arrays(),
        reader: attached.into_inner(),
    })
}
