//! joblib's arrays: the data that stands in the stream behind an object, as a live array.
//!
//! What the data looks like is said in `persist/src/joblib.rs`; here, the object that describes it is a live one of
//! `demijohn/_arrays.py`, in place of joblib's class, and so is its dtype.

use std::io::{self, Read};

use demijohn::arrays::{Array, Available, DType, Layout, Order};
use demijohn::pickle::{Apart, Error, ErrorKind, Found, Raw, Result};
use demijohn::stream::{Companions, Skip};
use pyo3::call::PyCallArgs;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyString, PyTuple, PyType};
use pyo3::{ffi, intern};

use super::held::Held;
use super::raised;
use crate::buffers::Elements;

/// The module with the Python part of this.
const HELPERS: &str = "demijohn._arrays";

/// Data of joblib's stands at a multiple of this since joblib 1.2.
const ALIGNMENT: u64 = 16;

/// What stands behind an object that got its state.
pub(super) enum Behind<'py> {
    /// Nothing: the object is something else.
    Nothing,
    /// The pickle of an array of objects, in the stream or in a file of its own.
    Pickle(Option<Apart>),
    /// An array, which was read.
    Array(Bound<'py, PyAny>),
}

/// What an object of one of joblib's classes says of an array.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wrapper {
    /// Its elements follow in the stream.
    Inline,
    /// It is in a `.npy` file: see [`Companions`].
    Npy,
    /// Its elements are in a z-file.
    Raw,
}

const WRAPPERS: [Wrapper; 3] = [Wrapper::Inline, Wrapper::Npy, Wrapper::Raw];

impl Wrapper {
    fn class(self) -> &'static str {
        match self {
            Self::Inline => "NumpyArrayWrapper",
            Self::Npy => "NDArrayWrapper",
            Self::Raw => "ZNDArrayWrapper",
        }
    }
}

/// How the arrays of one file are read.
pub(super) struct Arrays<'py> {
    py: Python<'py>,
    /// Whether to turn them into this machine's byte order.
    pub(super) native: bool,
    /// How they are mapped, if they are.
    pub(super) mapping: Option<Mapping<'py>>,
    /// Where the stream is told what of it is mapped.
    pub(super) skip: Skip,
    /// Where those of joblib before 0.10 are, for a file with a path.
    pub(super) companions: Option<Companions>,
    /// Whether there was one.
    pub(super) old: bool,
    /// The classes that stand for joblib's, in the order of [`WRAPPERS`], once the file has named one.
    classes: [*mut ffi::PyTypeObject; 3],
}

/// What it takes to map arrays of a plain file.
pub(super) struct Mapping<'py> {
    /// As the caller named it, since the arrays tell.
    pub(super) file: Bound<'py, PyAny>,
    pub(super) mode: Bound<'py, PyAny>,
}

impl<'py> Arrays<'py> {
    /// Arrays of a stream.
    pub(super) fn new(py: Python<'py>, native: bool) -> Self {
        Self {
            py,
            native,
            mapping: None,
            skip: Skip::default(),
            companions: None,
            old: false,
            classes: [std::ptr::null_mut(); 3],
        }
    }

    /// The class to use in place of one of joblib's, which is not imported.
    pub(super) fn stand_in(&mut self, module: &str, name: &str) -> Result<Option<Bound<'py, PyAny>>> {
        // Libraries that carried a copy of joblib: `sklearn.externals.joblib.numpy_pickle`.
        if !module.ends_with("joblib.numpy_pickle") && !module.ends_with("joblib.numpy_pickle_compat") {
            return Ok(None);
        }
        let Some(index) = WRAPPERS.iter().position(|wrapper| wrapper.class() == name) else {
            return Ok(None);
        };
        static CLASSES: PyOnceLock<[Py<PyType>; 3]> = PyOnceLock::new();
        let py = self.py;
        let import = || {
            let module = py.import(HELPERS)?;
            let class = |wrapper: Wrapper| {
                let class = module.getattr(wrapper.class())?.cast_into::<PyType>()?;
                Ok::<_, PyErr>(class.unbind())
            };
            Ok([
                class(Wrapper::Inline)?,
                class(Wrapper::Npy)?,
                class(Wrapper::Raw)?,
            ])
        };
        let classes = CLASSES.get_or_try_init(py, import).map_err(raised)?;
        // The classes live as long as the interpreter.
        self.classes = [0, 1, 2].map(|i: usize| classes[i].bind(py).as_type_ptr());
        Ok(Some(classes[index].bind(py).clone().into_any()))
    }

    fn wrapper(&self, object: &Bound<'py, PyAny>) -> Option<Wrapper> {
        // SAFETY: the object is alive.
        let class = unsafe { ffi::Py_TYPE(object.as_ptr()) };
        let index = self.classes.iter().position(|&known| known == class)?;
        Some(WRAPPERS[index])
    }

    /// A reference to an object; to the array, if it is what stands for one that has been read.
    #[inline]
    pub(super) fn resolve(&self, object: &Held<'py>) -> Held<'py> {
        let array = if self.classes[0].is_null() {
            None
        } else {
            self.array_of(object)
        };
        array.unwrap_or_else(|| object.clone())
    }

    fn array_of(&self, object: &Bound<'py, PyAny>) -> Option<Held<'py>> {
        self.wrapper(object)?;
        let array = object.getattr(intern!(self.py, "array")).ok()?;
        (!array.is_none()).then(|| array.into())
    }

    /// What stands behind an object, which is read if it is the elements of an array.
    pub(super) fn behind(&mut self, object: &Bound<'py, PyAny>, raw: &mut Raw<'_>) -> Result<Behind<'py>> {
        match self.wrapper(object) {
            None => Ok(Behind::Nothing),
            Some(Wrapper::Inline) => self.inline(object, raw),
            Some(Wrapper::Npy) => self.npy(object),
            Some(Wrapper::Raw) => self.raw(object),
        }
    }

    fn inline(&self, object: &Bound<'py, PyAny>, raw: &mut Raw<'_>) -> Result<Behind<'py>> {
        let py = self.py;
        let optional = |name| object.getattr_opt(name).map_err(raised);
        let dtype = attribute(object, intern!(py, "dtype"))?;
        if truth(dtype.getattr_opt(intern!(py, "hasobject")))? {
            // There is neither pad nor data but the pickle of the whole array.
            return Ok(Behind::Pickle(None));
        }
        let shape = attribute(object, intern!(py, "shape"))?;
        let layout = bytes(&dtype, &shape)?;
        let begin = raw.position();
        let alignment = optional(intern!(py, "numpy_array_alignment_bytes"))?;
        let padded = alignment.is_some_and(|alignment| !alignment.is_none());
        if padded {
            let mut length = [0];
            fill(raw, &mut length)?;
            // Any length will do, and nobody looks at the pad.
            fill(raw, &mut [0; 255][..length[0].into()])?;
        }
        let order = optional(intern!(py, "order"))?;
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
            let array = self.help(intern!(py, "mapped"), (place, dtype, shape, order))?;
            return Ok(Behind::Array(array));
        }
        let elements = Elements::new(Array::read(layout, raw, available)?)?;
        self.made((elements, dtype, shape, order, self.native))
    }

    fn npy(&mut self, object: &Bound<'py, PyAny>) -> Result<Behind<'py>> {
        let name = self.file(object)?;
        let array = match Companions::npy(self.companions.as_mut(), &name)? {
            Found::Array(array) => array,
            Found::PickleIn(apart) => return Ok(Behind::Pickle(Some(apart))),
            _ => return Ok(Behind::Nothing),
        };
        let layout = array.layout().clone();
        let dtype = self.help(intern!(self.py, "dtype_of"), (layout.dtype().descr()?,))?;
        let shape = PyTuple::new(self.py, layout.shape()).map_err(raised)?;
        let order = layout.order().as_str();
        self.made((Elements::new(array)?, dtype, shape, order, self.native))
    }

    fn raw(&mut self, object: &Bound<'py, PyAny>) -> Result<Behind<'py>> {
        let name = self.file(object)?;
        // The state of an array that lacks the last item, the data; before it may stand a version.
        let state = attribute(object, intern!(self.py, "state"))?;
        let parts = || {
            let state = state.cast::<PyTuple>()?;
            let state = if state.len() == 4 {
                state.get_slice(1, 4)
            } else {
                state.clone()
            };
            state.extract::<(Bound<'py, PyAny>, Bound<'py, PyAny>, bool)>()
        };
        let (shape, dtype, fortran) = parts().map_err(raised)?;
        if truth(dtype.getattr_opt(intern!(self.py, "hasobject")))? {
            return Err(invalid("an array of objects has no bytes"));
        }
        let array = Companions::raw(self.companions.as_mut(), &name, bytes(&dtype, &shape)?)?;
        let order = if fortran { Order::F } else { Order::C }.as_str();
        self.made((Elements::new(array)?, dtype, shape, order, self.native))
    }

    fn file(&mut self, object: &Bound<'py, PyAny>) -> Result<String> {
        self.old = true;
        let name = attribute(object, intern!(self.py, "filename"))?;
        name.extract().map_err(|e: PyErr| raised(e))
    }

    fn made(&self, arguments: impl PyCallArgs<'py>) -> Result<Behind<'py>> {
        let array = self.help(intern!(self.py, "from_elements"), arguments)?;
        Ok(Behind::Array(array))
    }

    /// Says which array an object stands for from now on.
    pub(super) fn keep(&self, object: &Bound<'py, PyAny>, array: &Bound<'py, PyAny>) -> Result<()> {
        object.setattr(intern!(self.py, "array"), array).map_err(raised)
    }

    /// The array of a pickle, in the byte order that is asked for.
    pub(super) fn pickled(&self, object: Bound<'py, PyAny>) -> Result<Bound<'py, PyAny>> {
        if self.native {
            self.help(intern!(self.py, "native"), (object,))
        } else {
            Ok(object)
        }
    }

    /// What a function of the Python part answers.
    fn help(
        &self,
        name: &Bound<'py, PyString>,
        arguments: impl PyCallArgs<'py>,
    ) -> Result<Bound<'py, PyAny>> {
        let call = || self.py.import(HELPERS)?.getattr(name)?.call1(arguments);
        call().map_err(raised)
    }
}

/// The layout of an array, as one of bytes.
fn bytes(dtype: &Bound<'_, PyAny>, shape: &Bound<'_, PyAny>) -> Result<Layout> {
    let itemsize = dtype
        .getattr(intern!(dtype.py(), "itemsize"))
        .and_then(|size| size.extract::<u64>());
    let mut bytes = u128::from(itemsize.map_err(raised)?);
    for extent in shape.try_iter().map_err(raised)? {
        let extent = extent
            .and_then(|extent| extent.extract::<u64>())
            .map_err(raised)?;
        // Saturated, it is more than there can be.
        bytes = bytes.saturating_mul(extent.into());
    }
    Ok(Layout::from_extents(DType::of::<u8>(), [bytes], Order::C)?)
}

/// What an attribute says, which is false if it is not there.
fn truth(attribute: PyResult<Option<Bound<'_, PyAny>>>) -> Result<bool> {
    let truth = attribute.and_then(|value| value.map_or(Ok(false), |value| value.is_truthy()));
    truth.map_err(raised)
}

fn attribute<'py>(object: &Bound<'py, PyAny>, name: &Bound<'py, PyString>) -> Result<Bound<'py, PyAny>> {
    let value = object.getattr_opt(name).map_err(raised)?;
    value.ok_or_else(|| invalid(&format!("no {name:?}")))
}

/// `read_exact`, whose own error cannot be told from the reader's.
fn fill(raw: &mut Raw<'_>, mut out: &mut [u8]) -> Result<()> {
    while !out.is_empty() {
        match raw.read(out) {
            Ok(0) => {
                let message = "the stream ends in the pad before an array";
                return Err(Error::new(ErrorKind::Truncated, message));
            }
            Ok(n) => out = &mut out[n..],
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e.into()),
        }
    }
    Ok(())
}

fn invalid(what: &str) -> Error {
    Error::new(ErrorKind::Corrupt, format!("invalid array wrapper: {what}"))
}
