//! Arrays of Rust's as memory of Python's.

use std::ffi::c_int;

use demijohn::arrays::{Array, Result};
use pyo3::ffi;
use pyo3::prelude::*;

/// The elements of an array, as memory that numpy uses in place.
#[pyclass(frozen, module = "demijohn._native")]
pub(crate) struct Elements {
    start: *mut u8,
    /// What the memory belongs to. Nobody looks into it any more.
    array: Array,
}

// SAFETY: the pointer is only handed on, to whoever shares the memory by Python's rules.
unsafe impl Send for Elements {}
// SAFETY: as above.
unsafe impl Sync for Elements {}

impl Elements {
    pub(crate) fn new(mut array: Array) -> Result<Self> {
        Ok(Self {
            start: array.as_mut_bytes()?.as_mut_ptr(),
            array,
        })
    }
}

#[pymethods]
impl Elements {
    /// # Safety
    /// `view` must be one to fill in, as Python passes it.
    unsafe fn __getbuffer__(slf: Bound<'_, Self>, view: *mut ffi::Py_buffer, flags: c_int) -> PyResult<()> {
        let memory = slf.get();
        let len = memory.array.nbytes().cast_signed();
        // SAFETY: the memory stays where it is while the object lives, of which the view gets a reference.
        let filled =
            unsafe { ffi::PyBuffer_FillInfo(view, slf.as_ptr(), memory.start.cast(), len, 0, flags) };
        if filled < 0 {
            return Err(PyErr::fetch(slf.py()));
        }
        Ok(())
    }
}
