//! Arrays of numbers as plain memory, described in numpy's terms.
//!
//! An [`Array`] is a [`Layout`] (what the elements are, how many along each axis, which axis runs fastest) and the
//! bytes themselves, in one owned buffer that starts on a 64-byte boundary. There is no arithmetic here: the crate
//! is about getting arrays in and out of files exactly, and handing out slices that other crates can compute with.
//!
//! ```
//! use demijohn_arrays::{Array, npy};
//!
//! let grid = Array::from_vec(vec![1.0_f64, 2.0, 3.0, 4.0, 5.0, 6.0], &[2, 3])?;
//! assert_eq!(grid.dtype().to_string(), "<f8");
//!
//! let mut file = Vec::new();
//! npy::write(&grid, &mut file)?;
//! let back = npy::read(&mut file.as_slice())?;
//! assert_eq!(back, grid);
//! assert_eq!(back.as_slice::<f64>()?[3], 4.0);
//! # Ok::<(), demijohn_arrays::Error>(())
//! ```
//!
//! # What can an element be?
//! A boolean, an integer of 8 to 64 bits, a float of 16, 32 or 64 bits, or a complex number of two of the latter
//! floats, in either byte order: see [`DType`]. numpy's other types (text, dates, records, Python objects) are
//! recognised and refused with an [`ErrorKind::Unsupported`] that names them.
//!
//! # How do I get at the numbers?
//! [`Array::as_slice`] gives `&[T]` without copying, after checking that `T` is what the dtype says and that the
//! bytes are in this machine's order. [`Array::to_native`] swaps bytes where they are not. Complex numbers come as
//! `[f32; 2]` and `[f64; 2]`, half floats as [`struct@f16`].
//!
//! # What about files that lie?
//! Sizes are computed in 128 bits and checked. No memory is set aside because a header said so: unless the caller
//! knows how much input there is ([`Available`]), the buffer grows with the bytes that have really arrived.
//!
//! # Features
//! * `serde`: [`Array`] implements `serde::Serialize`. demijohn's own serializer writes it as an array; any other
//!   sees a struct of `dtype`, `shape`, `order` and `data`.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod array;
mod buffer;
mod dtype;
mod element;
mod error;
mod layout;
pub mod npy;
#[cfg(feature = "npz")]
pub mod npz;
mod pyliteral;
#[cfg(feature = "serde")]
mod ser;
mod strides;

pub use array::{Array, Available, FieldView, Strings};
pub use buffer::MapMode;
pub use dtype::{
    ByteOrder, DType, Field, Kind, MAX_DEPTH, MAX_ITEMSIZE, Scalar, Struct, SubArray, TimeBase, TimeUnit,
};
pub use element::Element;
pub use error::{Error, ErrorKind, Result};
pub use half::f16;
pub use layout::{Layout, MAX_NDIM, Order};
#[cfg(feature = "ndarray")]
pub use ndarray;
#[cfg(feature = "ndarray")]
pub use num_complex::Complex;
#[cfg(feature = "serde")]
#[doc(hidden)]
pub use ser::TOKEN;
