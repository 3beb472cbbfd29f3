//! Objects with big arrays in one compressed file, to and from Python's joblib.
//!
//! [`dump`] writes what Python's [`joblib.load`](https://joblib.readthedocs.io/en/stable/persistence.html) reads,
//! [`load`] reads what `joblib.dump` writes. Arrays go between memory and file as they are, through whatever
//! compression the name of the file asks for. Loading runs no code, whatever the file says.
//!
//! ```
//! use demijohn::Array;
//! use serde::Serialize;
//!
//! #[derive(Serialize)]
//! struct Model {
//!     name: String,
//!     weights: Array,
//! }
//!
//! # let dir = tempfile::tempdir()?;
//! # #[cfg(feature = "gzip")] {
//! # let path = dir.path().join("model.pkl.gz");
//! let weights = Array::from_vec(vec![0.5_f64, 1.5, -2.0, 4.0], &[2, 2])?;
//! demijohn::dump(&Model { name: "small".into(), weights }, &path)?; // the extension decides
//!
//! let model = demijohn::load(&path)?; // the content decides
//! let root = model.root();
//! assert_eq!(root.get("name")?.as_str(), Some("small"));
//! assert_eq!(root.get("weights")?.array()?.as_slice::<f64>()?, [0.5, 1.5, -2.0, 4.0]);
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! In Python, `joblib.load("model.pkl.gz")` is `{"name": "small", "weights": array([[0.5, 1.5], [-2., 4.]])}`.
//!
//! # What can be dumped?
//! Anything that is `serde::Serialize`, with [`Array`]s anywhere in it; and a [`Document`] that was loaded, or a
//! [`Value`] of one. How Rust's types map to Python's is a table in
//! [`demijohn_pickle`](pickle#how-do-rust-types-map-to-pythons).
//!
//! # Where to?
//! [`dump`] to a path, compressed as its extension says; [`dump_with`] as the caller says, with a level and other
//! [`DumpOptions`]: the protocol, durability, files for old versions of joblib; [`dump_to`] to anything that is `Write`. A path holds either what it held before or the whole new file, whatever happens.
//! Python's joblib opens plain files and those of zlib, gzip, bz2, lzma and xz.
//!
//! # What does loading give?
//! A [`Document`]: objects as inert data, arrays ready for use. What Python would have to call something for, such as
//! an instance of a class, is there as that call, by name: see [`Value::as_object`]. Arrays keep the byte order of the
//! file unless [`LoadOptions`] say otherwise: see [`Array::to_native`].
//!
//! [`load_as`] gives a Rust type, [`load_array`] a single array without keeping the others, [`load_mapped`] an object
//! whose arrays are parts of the file. Several objects in a stream come out of it one after another with [`load_from`].
//!
//! # Is the file checked?
//! To the end of the compressed stream that holds the object, checksum included. What follows is ignored, as joblib
//! does. For files of strangers, [`load_with`] takes [`Limits`].
//!
//! # What is in a file?
//! [`inspect`] says: what it is, how large, which classes and functions it names, where its arrays are. Their data is
//! not kept. [`extract`] gets one of them.
//!
//! # Can it be another file?
//! [`convert`] changes the compression of a file, makes one file of joblib's old ones, and exchanges arrays with `.npy`
//! and `.npz`, in little memory; [`Conversion`] says how.
//!
//! # What is not handled?
//! Of subclasses of `ndarray`, the calls are there that make them ([`pickle::numpy::to_array`] reads those), except for
//! `numpy.matrix`: that is an array, of which [`Value::array_class`] tells, and is written back as a matrix (which joblib's
//! own files lose with numpy 2). Of masked arrays, [`Value::as_masked_array`] has data and mask.
//!
//! # And old files?
//! Files of joblib before 0.10, of either Python, are read as well. Their arrays may be in companion files, which are
//! opened beside the file that is loaded, under plain names, and only if it is loaded by path: not by [`load_from`].
//! The zip files of joblib 0.5.7 are not read.
//!
//! # Features
//! One for each codec, all on by default: `zlib`, `gzip`, `bz2`, `lzma`, `xz`, `zstd`, `lz4`, `snappy`,
//! `lzo`, `blosc`.
//!
//! # Can I build something else?
//! [`stream`] opens files as loading does, and runs the pickles in them with a [`Builder`](pickle::Builder) of yours.
//!
//! # Layers
//! [`codecs`] does compressed files, [`arrays`] arrays and `.npy`, [`pickle`] Python's objects, and [`compat`] what
//! joblib wrote before 0.10. This crate puts them together, and adds the form in which joblib
//! writes arrays.

// Mapping files is what only the caller can vouch for: see `part`.
#![deny(unsafe_code)]

#[cfg(all(doctest, feature = "zstd"))]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(all(doctest, feature = "zstd"))]
#[doc = include_str!("../../README.md")]
struct ProjectReadme;

mod convert;
mod dump;
mod elements;
mod error;
mod inspect;
mod joblib;
mod limits;
mod load;
mod part;
mod passing;
mod skip;
pub mod stream;

pub use demijohn_arrays as arrays;
pub use demijohn_codecs as codecs;
pub use demijohn_compat as compat;
pub use demijohn_pickle as pickle;

pub use arrays::{Array, DType, MapMode};
pub use codecs::atomic::Durability;
pub use codecs::{Compression, Summary};
pub use convert::{Conversion, Converted, Way, convert};
pub use dump::{DumpOptions, dump, dump_to, dump_with};
pub use elements::Elements;
pub use error::{Error, ErrorKind, Result};
pub use inspect::{
    ArrayEntry, CompanionEntry, Content, Extraction, GlobalEntry, Inspection, extract, extract_beside,
    inspect, inspect_file,
};
pub use limits::Limits;
pub use load::{LoadOptions, load, load_as, load_from, load_from_with, load_with};
pub use part::{load_array, load_array_with, load_mapped};
pub use pickle::{Document, Protocol, Save, Value};
