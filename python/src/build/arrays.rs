//! joblib's arrays: the data that stands in the stream behind an object, as a live array.
//!
//! What the data looks like is said in `persist/src/joblib.rs`; here, the object that describes it is a live one of
//! `demijohn/_arrays.py`, in place of joblib's class, and so is its dtype.

use std::cell::Cell;
use std::io::Read;

use demijohn::arrays::{Array, Available, DType, Layout, Order};
use demijohn::pickle::{Error, ErrorKind, Raw, Result};
use demijohn::stream::Skip;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyString, PyType};
use pyo3::{ffi, intern};

use super::raised;
use crate::buffers::Elements;

/// Data of joblib's stands at a multiple of this since joblib 1.2.
const ALIGNMENT: u64 = 16;

/// What stands in the stream behind an object that got its state.
pub(super) enum Behind<'py> {
    /// Nothing: the object is something else.
    Nothing,
    /// The pickle of an array of objects.
    Pickle,
    /// An array, which was read.
    Array(Bound<'py, PyAny>),
}

/// How the arrays of one file are read.
pub(super) struct Arrays<'py> {
    py: Python<'py>,
    /// Whether to turn them into this machine's byte order.
    native: bool,
    /// How they are mapped, if they are.
    mapping: Option<Mapping<'py>>,
    /// Where the stream is told what of it is mapped.
    pub(super) skip: Skip,
    /// The class that stands for joblib's, once the file has named that.
    wrapper: Cell<*mut ffi::PyTypeObject>,
}

/// What it takes to map arrays of a plain file.
pub(super) struct Mapping<'py> {
    /// As the caller named it, since the arrays tell.
    pub(super) file: Bound<'py, PyAny>,
    pub(super) mode: String,
}

impl<'py> Arrays<'py> {
    pub(super) fn new(py: Python<'py>, native: bool, mapping: Option<Mapping<'py>>) -> Self {
        Self {
            py,
            native,
            mapping,
            skip: Skip::default(),
            wrapper: Cell::new(std::ptr::null_mut()),
        }
    }

    /// The class to use in place of one of joblib's, which is not imported.
    pub(super) fn stand_in(&self, module: &str, name: &str) -> Result<Option<Bound<'py, PyAny>>> {
        // Libraries that carried a copy of joblib: `sklearn.externals.joblib.numpy_pickle`.
        if name != "NumpyArrayWrapper" || !module.ends_with("joblib.numpy_pickle") {
            return Ok(None);
        }
        static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        let class = CLASS
            .import(self.py, "demijohn._arrays", "NumpyArrayWrapper")
            .map_err(raised)?;
        // The class lives as long as the interpreter.
        self.wrapper.set(class.as_type_ptr());
        Ok(Some(class.clone().into_any()))
    }

    fn is_wrapper(&self, object: &Bound<'py, PyAny>) -> bool {
        // SAFETY: the object is alive.
        !self.wrapper.get().is_null() && unsafe { ffi::Py_TYPE(object.as_ptr()) } == self.wrapper.get()
    }

    /// A reference to an object; to the array, if it is what stands for one that has been read.
    #[inline]
    pub(super) fn resolve(&self, object: &Bound<'py, PyAny>) -> Bound<'py, PyAny> {
        if self.is_wrapper(object)
            && let Ok(Some(array)) = object.getattr_opt(intern!(self.py, "array"))
        {
            return array;
        }
        object.clone()
    }

    /// What stands behind an object, which is read if it is the elements of an array.
    pub(super) fn behind(&self, object: &Bound<'py, PyAny>, raw: &mut Raw<'_>) -> Result<Behind<'py>> {
        if !self.is_wrapper(object) {
            return Ok(Behind::Nothing);
        }
        let py = self.py;
        let dtype = attribute(object, intern!(py, "dtype"))?;
        if truth(dtype.getattr_opt(intern!(py, "hasobject")))? {
            // There is neither pad nor data but the pickle of the whole array.
            return Ok(Behind::Pickle);
        }
        let shape = attribute(object, intern!(py, "shape"))?;
        let bytes = self.size(&dtype, &shape)?;
        let begin = raw.position();
        let padded = object
            .getattr_opt(intern!(py, "numpy_array_alignment_bytes"))
            .map_err(raised)?;
        let padded = padded.is_some_and(|alignment| !alignment.is_none());
        if padded {
            let mut length = [0];
            raw.read_exact(&mut length)?;
            // Any length will do, and nobody looks at the pad.
            raw.read_exact(&mut [0; 255][..length[0].into()])?;
        }
        let layout = Layout::from_extents(DType::of::<u8>(), [bytes], Order::C)?;
        let order = object.getattr_opt(intern!(py, "order")).map_err(raised)?;
        let available = raw.available();
        if let Some(mapping) = &self.mapping
            && truth(object.getattr_opt(intern!(py, "allow_mmap")))?
        {
            let size = layout.nbytes() as u64;
            // numpy would make a file that is too short as long as the array wants it to be.
            if matches!(available, Available::Bytes(left) if left < size) {
                let message = format!("an array needs {size} bytes, and the file ends before");
                return Err(Error::new(ErrorKind::Truncated, message));
            }
            let odd = !padded && !begin.is_multiple_of(ALIGNMENT);
            let place = (&mapping.file, &mapping.mode, raw.position(), odd);
            self.skip.over(size, raw)?;
            let map = || {
                self.helper(intern!(py, "mapped"))?
                    .call1((place, dtype, shape, order))
            };
            return map().map(Behind::Array).map_err(raised);
        }
        let memory = Elements::new(Array::read(layout, raw, available)?)?;
        let array = || {
            self.helper(intern!(py, "from_memory"))?
                .call1((memory, dtype, shape, order, self.native))
        };
        array().map(Behind::Array).map_err(raised)
    }

    /// How many bytes an array has.
    fn size(&self, dtype: &Bound<'py, PyAny>, shape: &Bound<'py, PyAny>) -> Result<u128> {
        let py = self.py;
        let itemsize = dtype
            .getattr(intern!(py, "itemsize"))
            .and_then(|size| size.extract::<u64>());
        let mut bytes = u128::from(itemsize.map_err(raised)?);
        for extent in shape.try_iter().map_err(raised)? {
            let extent = extent
                .and_then(|extent| extent.extract::<u64>())
                .map_err(raised)?;
            // Saturated, it is more than there can be.
            bytes = bytes.saturating_mul(extent.into());
        }
        Ok(bytes)
    }

    /// Says which array an object stands for from now on.
    pub(super) fn keep(&self, object: &Bound<'py, PyAny>, array: &Bound<'py, PyAny>) -> Result<()> {
        object.setattr(intern!(self.py, "array"), array).map_err(raised)
    }

    /// The array of a pickle, in the byte order that is asked for.
    pub(super) fn pickled(&self, object: Bound<'py, PyAny>) -> Result<Bound<'py, PyAny>> {
        if !self.native {
            return Ok(object);
        }
        let native = || self.helper(intern!(self.py, "native"))?.call1((object,));
        native().map_err(raised)
    }

    fn helper(&self, name: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyAny>> {
        self.py
            .import(intern!(self.py, "demijohn._arrays"))?
            .getattr(name)
    }
}

/// What an attribute says, which is false if it is not there.
fn truth(attribute: PyResult<Option<Bound<'_, PyAny>>>) -> Result<bool> {
    let truth = attribute.and_then(|value| value.map_or(Ok(false), |value| value.is_truthy()));
    truth.map_err(raised)
}

fn attribute<'py>(object: &Bound<'py, PyAny>, name: &Bound<'py, PyString>) -> Result<Bound<'py, PyAny>> {
    let value = object.getattr_opt(name).map_err(raised)?;
    value.ok_or_else(|| Error::new(ErrorKind::Corrupt, format!("invalid array wrapper: no {name:?}")))
}
