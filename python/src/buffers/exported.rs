//! Memory of objects, by the buffer protocol.

use std::ffi::{c_char, c_int};

use pyo3::prelude::*;
use pyo3::{Borrowed, ffi};

/// The memory of an object, which stays where it is for as long as this lives.
pub(crate) struct Exported(Box<ffi::Py_buffer>);

impl Exported {
    /// Contiguous memory, as it is.
    pub(crate) fn bytes(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        Self::new(object, ffi::PyBUF_SIMPLE)
    }

    /// Contiguous memory to write to.
    pub(crate) fn writable(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        Self::new(object, ffi::PyBUF_WRITABLE)
    }

    /// Memory with its shape, but without a description of what the elements are: so numpy gives out dates and
    /// opaque types as well.
    pub(crate) fn strided(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        Self::new(object, ffi::PyBUF_STRIDED_RO)
    }

    fn new(object: Borrowed<'_, '_, PyAny>, flags: c_int) -> PyResult<Self> {
        let mut buffer = Box::new(ffi::Py_buffer::new());
        // SAFETY: object and buffer are valid; the buffer does not move, being in a box.
        if unsafe { ffi::PyObject_GetBuffer(object.as_ptr(), &raw mut *buffer, flags) } != 0 {
            return Err(PyErr::fetch(object.py()));
        }
        Ok(Self(buffer))
    }

    /// Whether the elements stand one behind the other, in the order of C, of Fortran, or in any (`A`).
    pub(crate) fn is_contiguous(&self, order: u8) -> bool {
        // SAFETY: the buffer is filled in.
        unsafe { ffi::PyBuffer_IsContiguous(&raw const *self.0, order as c_char) != 0 }
    }

    pub(crate) fn element_size(&self) -> usize {
        self.0.itemsize.unsigned_abs()
    }

    pub(crate) fn is_readonly(&self) -> bool {
        self.0.readonly != 0
    }

    /// The memory, if it is contiguous.
    ///
    /// Other threads can write to it while it is read without the lock, as they can while C extensions do so. What is
    /// read then is unspecified bytes; nothing here relies on reading the same twice.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        assert!(self.is_contiguous(b'A'));
        let len = self.0.len.unsigned_abs();
        if len == 0 {
            return &[];
        }
        // SAFETY: the exporter keeps so many bytes there until the buffer is released.
        unsafe { std::slice::from_raw_parts(self.0.buf.cast::<u8>(), len) }
    }

    /// The memory, if it is contiguous and can be written to; else none of it.
    pub(crate) fn as_mut_bytes(&mut self) -> &mut [u8] {
        let len = self.as_bytes().len();
        if self.is_readonly() || len == 0 {
            return &mut [];
        }
        // SAFETY: as above, and the exporter agrees to writing; the slice lives no longer than `self` is borrowed.
        unsafe { std::slice::from_raw_parts_mut(self.0.buf.cast::<u8>(), len) }
    }
}

impl Drop for Exported {
    fn drop(&mut self) {
        // SAFETY: it was filled in, and is released once.
        unsafe { ffi::PyBuffer_Release(&raw mut *self.0) };
    }
}
