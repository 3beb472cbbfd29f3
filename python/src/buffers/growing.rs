//! `bytes` in the making.

use std::ffi::c_int;
use std::io::{self, Seek, SeekFrom, Write};
use std::slice;

use pyo3::exceptions::PyMemoryError;
use pyo3::ffi::{self, Py_ssize_t};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::errors::carry;

unsafe extern "C" {
    // Documented and exported by every CPython, though not in the list of the stable interface that PyO3 goes by.
    fn _PyBytes_Resize(bytes: *mut *mut ffi::PyObject, size: Py_ssize_t) -> c_int;
}

/// A `bytes` object that nobody has seen, which is filled and grows until it is [finished](Self::finish): so that large
/// data is in memory once.
#[derive(Debug)]
pub(crate) struct Growing {
    /// Null after a failed resize only.
    object: *mut ffi::PyObject,
    capacity: usize,
    len: usize,
    /// Where the next byte is written: at the end, but for who has gone back.
    at: usize,
}

// SAFETY: nobody else knows the object. Its memory can be filled without the lock; whatever else happens to it takes
// the lock.
unsafe impl Send for Growing {}

impl Growing {
    pub(crate) fn with_capacity(py: Python<'_>, capacity: usize) -> PyResult<Self> {
        let size = size(capacity)?;
        // SAFETY: without bytes to copy, a new object with room for so many is made.
        let object = unsafe { ffi::PyBytes_FromStringAndSize(std::ptr::null(), size) };
        if object.is_null() {
            return Err(PyErr::fetch(py));
        }
        Ok(Self {
            object,
            capacity,
            len: 0,
            at: 0,
        })
    }

    /// The bytes not filled yet; some at least.
    pub(crate) fn room(&mut self) -> PyResult<&mut [u8]> {
        if self.len == self.capacity {
            let old = self.capacity;
            // Half as much again, from 64 KiB on.
            Python::attach(|py| self.resize(py, (old + old / 2).max(64 << 10)))?;
        }
        let len = self.len;
        Ok(&mut self.memory()[len..])
    }

    /// All of it, filled or not.
    fn memory(&mut self) -> &mut [u8] {
        if self.object.is_null() {
            return &mut [];
        }
        // SAFETY: the object has that capacity, and nobody else knows of it. What was never written in it comes from
        // Python's allocator, out of the compiler's sight: bytes of some value.
        unsafe {
            let start = ffi::PyBytes_AsString(self.object).cast::<u8>();
            slice::from_raw_parts_mut(start, self.capacity)
        }
    }

    /// Counts bytes of the [room](Self::room) as filled.
    pub(crate) fn filled(&mut self, n: usize) {
        self.len = self.capacity.min(self.len + n);
        self.at = self.len;
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn finish(mut self, py: Python<'_>) -> PyResult<Bound<'_, PyBytes>> {
        if self.len != self.capacity || self.object.is_null() {
            self.resize(py, self.len)?;
        }
        let object = std::mem::replace(&mut self.object, std::ptr::null_mut());
        // SAFETY: the reference was ours, and it is one to `bytes`.
        Ok(unsafe { Bound::from_owned_ptr(py, object).cast_into_unchecked() })
    }

    fn resize(&mut self, py: Python<'_>, capacity: usize) -> PyResult<()> {
        let size = size(capacity)?;
        if self.object.is_null() {
            return Err(PyMemoryError::new_err(()));
        }
        // SAFETY: there is an object, and nobody else has a reference to it, which is what resizing asks for. Failing, it
        // gives the object up and leaves null.
        if unsafe { _PyBytes_Resize(&raw mut self.object, size) } < 0 {
            (self.capacity, self.len, self.at) = (0, 0, 0);
            return Err(PyErr::fetch(py));
        }
        self.capacity = capacity;
        Ok(())
    }
}

impl Write for Growing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.at < self.len {
            let n = bytes.len().min(self.len - self.at);
            let at = self.at;
            self.memory()[at..at + n].copy_from_slice(&bytes[..n]);
            self.at += n;
            return Ok(n);
        }
        let room = self.room().map_err(carry)?;
        let n = room.len().min(bytes.len());
        room[..n].copy_from_slice(&bytes[..n]);
        self.filled(n);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Within what has been written: formats go back to a head that is known at the end.
impl Seek for Growing {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => (self.at as u64).checked_add_signed(by),
            SeekFrom::End(by) => (self.len as u64).checked_add_signed(by),
        };
        let to = to.filter(|at| *at <= self.len as u64);
        let to = to.ok_or(io::ErrorKind::InvalidInput)?;
        self.at = usize::try_from(to).map_err(|_| io::ErrorKind::InvalidInput)?;
        Ok(to)
    }
}

impl Drop for Growing {
    fn drop(&mut self) {
        Python::attach(|_| {
            // SAFETY: the reference is ours, or null.
            unsafe { ffi::Py_XDECREF(self.object) }
        });
    }
}

fn size(n: usize) -> PyResult<Py_ssize_t> {
    Py_ssize_t::try_from(n).map_err(|_| PyMemoryError::new_err(()))
}
