//! Bytes in memory that become Python's.

use std::io::{self, Write};

use pyo3::types::PyBytes;
use pyo3::{ffi, prelude::*};

/// The least and the most bytes of a piece; between these, each is as large as all before it.
const SMALL: usize = 64 << 10;
const LARGE: usize = 32 << 20;

/// A sink that keeps what it is given in pieces, so that neither growing nor the way into a `bytes` takes the memory
/// of all of it twice.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pieces: Vec<Vec<u8>>,
    len: usize,
}

impl Memory {
    /// All that was written. Pieces are freed as they are copied.
    pub(crate) fn into_bytes(self, py: Python<'_>) -> PyResult<Bound<'_, PyBytes>> {
        let len = ffi::Py_ssize_t::try_from(self.len)?;
        // SAFETY: without a source, this makes an object of so many bytes that nobody else knows. PyO3's ways to make
        // one would touch all of its memory before the first piece is freed.
        let bytes = unsafe {
            let bytes = ffi::PyBytes_FromStringAndSize(std::ptr::null(), len);
            Bound::from_owned_ptr_or_err(py, bytes)?.cast_into::<PyBytes>()?
        };
        // SAFETY: the object is a `bytes`.
        let mut to = unsafe { ffi::PyBytes_AsString(bytes.as_ptr()) }.cast::<u8>();
        for piece in self.pieces {
            // SAFETY: the lengths of the pieces add up to that of the object.
            unsafe {
                to.copy_from_nonoverlapping(piece.as_ptr(), piece.len());
                to = to.add(piece.len());
            }
        }
        Ok(bytes)
    }
}

impl Write for Memory {
    fn write(&mut self, mut bytes: &[u8]) -> io::Result<usize> {
        let n = bytes.len();
        if let Some(last) = self.pieces.last_mut() {
            let room = (last.capacity() - last.len()).min(n);
            last.extend_from_slice(&bytes[..room]);
            bytes = &bytes[room..];
        }
        if !bytes.is_empty() {
            let mut piece = Vec::with_capacity(self.len.clamp(SMALL, LARGE).max(bytes.len()));
            piece.extend_from_slice(bytes);
            self.pieces.push(piece);
        }
        self.len += n;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
