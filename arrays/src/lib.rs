//! N-dimensional arrays as plain memory, described in numpy's terms.
//!
//! An [`Array`] is a [`Layout`] (what the elements are, how many along each axis, which axis runs fastest) and the
//! bytes themselves: in memory of its own that starts on a 64-byte boundary, or mapped from a file. There is no
//! arithmetic here: the crate is about getting arrays in and out of files exactly, and handing out slices and views
//! that other crates can compute with.
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
//! All that numpy has, in either byte order: see [`DType`] and [`Kind`]. What Rust has no type for is kept as bytes.
//!
//! | elements | numpy's code | how to get at them |
//! |---|---|---|
//! | booleans, integers, floats of 16 to 64 bits | `b1`, `i1`–`i8`, `u1`–`u8`, `f2`–`f8` | [`Array::as_slice`], [`Array::view`] |
//! | complex numbers | `c8`, `c16` | the same, as `[f32; 2]` or `Complex<f32>` |
//! | C's long doubles | `f12`, `f16`, `c24`, `c32` | [`Array::as_bytes`] |
//! | byte strings, text | `S5`, `U5` | [`Array::strings`] |
//! | dates, time differences | `M8[ns]`, `m8[25s]` | [`Array::times`] |
//! | raw bytes | `V7` | [`Array::as_bytes`] |
//! | structs, nested and with sub-arrays | `[('a', '<i4'), …]` | [`Array::field`] |
//! | Python objects, `StringDType` | `O`, `T` | not here: they are pickled |
//!
//! ```
//! use demijohn_arrays::{Array, DType, Layout, Order, Scalar, Struct};
//!
//! let point = Struct::packed([("x", DType::new(Scalar::Float32)), ("id", DType::new(Scalar::Uint8))])?;
//! let mut points = Array::zeros(Layout::new(point.into(), &[3], Order::C)?)?;
//! points.as_mut_bytes()?[4] = 7;
//! let ids = points.field("id")?.to_array()?;
//! assert_eq!(ids.as_slice::<u8>()?, [7, 0, 0]);
//! # Ok::<(), demijohn_arrays::Error>(())
//! ```
//!
//! # How do I get at the numbers?
//! [`Array::as_slice`] gives `&[T]` without copying, after checking that `T` is what the dtype says, that the bytes are
//! in this machine's order, and where they stand. With the feature `ndarray`, [`Array::view`] does the same with
//! shape and order. Where bytes are in foreign order, [`Array::to_native`] swaps them.
//!
//! # Which files?
//! [`npy`] reads, writes and maps `.npy`; [`npz`] reads and writes several arrays in a zip file. The bytes written are
//! those that numpy writes (`.npz` apart, whose zip structure differs).
//!
//! # What about files that lie?
//! Sizes are computed in 128 bits and checked; a [`DType`] or [`Layout`] that exists makes sense. No memory is set aside
//! because a header said so: unless the caller knows how much input there is ([`Available`]), it grows with the bytes
//! that have really arrived. Descriptions nest at most [`MAX_DEPTH`] deep.
//!
//! # Features
//! * `npz` (default): the module [`npz`].
//! * `ndarray`: views and conversions, and `num_complex::Complex` as an [`Element`]. Both crates are re-exported.
//! * `serde`: [`Array`] implements `serde::Serialize` and `Deserialize`. demijohn's own serializer writes it as an array; any
//!   other sees a struct of `dtype`, `shape`, `order` and `data`.

// Links to what is there with all features, as on docs.rs.
#![cfg_attr(
    not(all(feature = "ndarray", feature = "npz")),
    allow(rustdoc::broken_intra_doc_links)
)]

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod array;
mod buffer;
#[cfg(feature = "serde")]
mod de;
mod dtype;
mod element;
mod error;
mod layout;
mod misleading;
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
pub use misleading::is_misleading;
#[cfg(feature = "ndarray")]
pub use ndarray;
#[cfg(feature = "ndarray")]
pub use num_complex::Complex;
#[cfg(feature = "serde")]
#[doc(hidden)]
pub use ser::TOKEN;
