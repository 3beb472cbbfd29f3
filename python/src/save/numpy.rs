//! What the walk knows of numpy, once somebody has imported it: nothing here does.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyTuple, PyType};
use pyo3::{Borrowed, intern};

use super::failure::Result;
use super::pickler::Pickler;
use crate::buffers::Exported;

/// numpy's classes, to be compared with those of objects.
#[derive(Clone)]
pub(super) struct Numpy<'py> {
    /// `ndarray`, `matrix` and `memmap`.
    arrays: [Bound<'py, PyType>; 3],
    generic: Bound<'py, PyType>,
    /// What makes scalars of a dtype and bytes.
    scalar: Option<Bound<'py, PyAny>>,
    /// The classes of the scalars it was used for, each with its dtype.
    scalars: Vec<(Bound<'py, PyType>, Bound<'py, PyAny>)>,
}

impl<'py> Numpy<'py> {
    /// Nothing before it has been imported, or while another thread does so.
    pub(super) fn loaded(py: Python<'py>) -> PyResult<Option<Self>> {
        let modules = py.import(intern!(py, "sys"))?.getattr(intern!(py, "modules"))?;
        let Some(numpy) = modules.cast::<PyDict>()?.get_item(intern!(py, "numpy"))? else {
            return Ok(None);
        };
        let class = |name: &str| -> PyResult<_> {
            let class = numpy.getattr_opt(name)?;
            Ok(class.and_then(|class| class.cast_into::<PyType>().ok()))
        };
        let (Some(ndarray), Some(matrix), Some(memmap), Some(generic)) = (
            class("ndarray")?,
            class("matrix")?,
            class("memmap")?,
            class("generic")?,
        ) else {
            return Ok(None);
        };
        Ok(Some(Self {
            arrays: [ndarray, matrix, memmap],
            generic,
            scalar: None,
            scalars: Vec::new(),
        }))
    }

    /// Whether objects of exactly this class are what joblib takes for arrays.
    pub(super) fn is_array(&self, class: &Bound<'py, PyType>) -> bool {
        self.arrays.iter().any(|array| array.is(class))
    }

    /// The dtype of a number of numpy's; nothing for other objects, those of subclasses and scalars whose dtype is not
    /// that of all of their class.
    fn dtype_of_number(
        &mut self,
        object: Borrowed<'_, 'py, PyAny>,
        class: &Bound<'py, PyType>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = object.py();
        if let Some((_, dtype)) = self.scalars.iter().find(|(known, _)| known.is(class)) {
            return Ok(Some(dtype.clone()));
        }
        if !class.is_subclass(&self.generic)? {
            return Ok(None);
        }
        let dtype = object.getattr(intern!(py, "dtype"))?;
        let kind: String = dtype.getattr(intern!(py, "kind"))?.extract()?;
        if !"biufc".contains(&kind) || !dtype.getattr(intern!(py, "type"))?.is(class) {
            return Ok(None);
        }
        self.scalars.push((class.clone(), dtype.clone()));
        Ok(Some(dtype))
    }

    /// The function that makes scalars, by the name that this numpy has for it.
    fn scalar(&mut self, object: Borrowed<'_, 'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        if let Some(scalar) = &self.scalar {
            return Ok(scalar.clone());
        }
        let answer = object.call_method0(intern!(object.py(), "__reduce__"))?;
        let scalar = answer.get_item(0)?;
        self.scalar = Some(scalar.clone());
        Ok(scalar)
    }
}

impl<'py> Pickler<'py, '_> {
    /// Writes a number of numpy's as it would say itself, without asking it; answers whether it is one.
    pub(super) fn save_numpy_number(
        &mut self,
        object: Borrowed<'_, 'py, PyAny>,
        class: &Bound<'py, PyType>,
    ) -> Result<bool> {
        let Some(numpy) = &mut self.numpy else {
            return Ok(false);
        };
        let Some(dtype) = numpy.dtype_of_number(object, class)? else {
            return Ok(false);
        };
        let scalar = numpy.scalar(object)?;
        let bytes = PyBytes::new(self.py, Exported::bytes(object)?.as_bytes());
        let args = PyTuple::new(self.py, [dtype, bytes.into_any()])?;
        self.save_call(scalar, args, object)?;
        Ok(true)
    }
}
