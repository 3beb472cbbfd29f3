//! numpy's types inside pickles.
//!
//! A plain pickle holds an array in one of two forms: as a call of `_reconstruct` whose state has the data (all
//! protocols), or as a call of `_frombuffer` on the data (protocol 5). joblib's files have a third one, the
//! [`Payload`](crate::Payload)'s business. In a [`Document`](crate::Document), arrays of plain data and arrays of
//! Python objects stand in place of those calls; subclasses of `ndarray` other than `matrix` stay calls, as do arrays
//! that are not what they claim to be.

use std::fmt;

use crate::Value;

mod array;
mod dtype;
mod dtype_write;
mod masked;
mod scalar;
mod write;

pub(crate) use array::{Described, Transposed, buffer_of, data_of, describe, not_read, subclass_of};
pub use array::{Located, layout, locate, locate_at, to_array};
pub use dtype::dtype;
pub(crate) use dtype::is_dtype;
pub use dtype_write::emit_dtype;
pub use masked::{MaskedArray, MaskedPart};
pub(crate) use masked::{is_masked_array, masked_array};
pub use scalar::Scalar;
pub(crate) use scalar::{is_scalar, scalar};
pub use write::{Inline, emit_shape};
pub(crate) use write::{NDARRAY, emit_reconstruct};

/// Which numpy a pickle is for. Version 2 reads both, version 1 what is meant for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// The modules are in `numpy.core`, and flags of dtypes are signed bytes. (numpy 2 does not see then that the fields
    /// of a struct were aligned, though they stand where they stood.)
    Numpy1,
    /// The modules are in `numpy._core`.
    #[default]
    Numpy2,
}

/// A value in an error about what kind of value it is. Unlike its `Debug`, this does not ask what an object stands for.
struct Brief<'d>(Value<'d>);

impl fmt::Display for Brief<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_object().map(|object| object.callable().as_global()) {
            Some(Some((module, name))) => write!(f, "an object made by {module}.{name}"),
            Some(None) => f.write_str("an object"),
            None => write!(f, "{:?}", self.0),
        }
    }
}
