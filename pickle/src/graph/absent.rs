//! What was passed over instead of being read: large byte strings, and arrays.

use std::io::Read;

use demijohn_arrays::{Array, Available, Layout};

use super::Kind;
use crate::Result;
use crate::numpy::Transposed;

/// A byte string that was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AbsentBytes {
    /// One of the three kinds of byte strings.
    pub(crate) kind: Kind,
    /// Where it begins, in bytes from the beginning of the pickle.
    pub(crate) offset: u64,
    pub(crate) len: u64,
}

/// An array whose elements were passed over: what it looks like, and where they are. See
/// [`Value::as_absent_array`](crate::Value::as_absent_array).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AbsentArray {
    layout: Layout,
    start: u64,
    transposed: Option<Transposed>,
}

impl AbsentArray {
    /// An array whose elements begin `start` bytes from the beginning of the pickle.
    #[must_use]
    pub fn new(layout: Layout, start: u64) -> Self {
        Self {
            layout,
            start,
            transposed: None,
        }
    }

    /// The same of elements that stand there in an order which no layout has.
    pub(crate) fn with_transposed(mut self, transposed: Option<Transposed>) -> Self {
        self.transposed = transposed;
        self
    }

    /// Element type, shape and order.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Where its bytes begin, from the beginning of the pickle.
    #[must_use]
    pub fn start(&self) -> u64 {
        self.start
    }

    /// Whether the bytes that begin there are the elements as the layout has them. Otherwise numpy has written the axes
    /// of the array in an order that is neither C's nor Fortran's, and only [`read`](Self::read) makes sense of it.
    #[must_use]
    pub fn is_as_laid_out(&self) -> bool {
        self.transposed.is_none()
    }

    /// Reads the array from a source that stands at its [start](Self::start).
    ///
    /// # Errors
    /// As for [`Array::read`].
    pub fn read(&self, source: &mut (impl Read + ?Sized), available: Available) -> Result<Array> {
        match &self.transposed {
            None => Ok(Array::read(self.layout.clone(), source, available)?),
            Some(transposed) => {
                let stored = Array::read(transposed.from.clone(), source, available)?;
                transposed.apply(stored.as_bytes(), self.layout.clone())
            }
        }
    }
}
