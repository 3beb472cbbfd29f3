//! What Python's joblib wrote before 0.10: compressed z-files, and arrays in companion files beside the pickle.
//!
//! | joblib | compressed | arrays |
//! |---|---|---|
//! | 0.4.2 to 0.5.7 | no | in companions, `model.pkl_01.npy` and so on |
//! | 0.6 to 0.9.4 | in [z-files](ZFile) | in companions; inside z-files, small ones in the pickle, others in companions that are z-files too, `model.pkl_01.npy.z` |
//!
//! These are the two parts that are missing for them: a [`Format`](demijohn_codecs::Format) for z-files, and
//! [`Companions`], which open the files that a pickle names. Putting them together is the crate `demijohn`'s business,
//! whose `load` takes files of any version.
//!
//! ```
//! use demijohn_compat::ZFile;
//! use demijohn_codecs::Options;
//! use std::io::Read;
//!
//! # #[cfg(feature = "zlib")] {
//! let file = b"ZF0x5                \x78\x01\x01\x05\x00\xfa\xffhello\x06\x2c\x02\x15";
//! let mut text = String::new();
//! Options::new().also(ZFile).reader(&file[..])?.read_to_string(&mut text)?;
//! assert_eq!(text, "hello");
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Which files are opened?
//! Those in the folder of the pickle, by names without any path in them; regular files, not links, pipes or devices;
//! and only for a pickle that has a path itself. Nothing is guessed from the name of a stream. A pickle that names
//! another file is refused: see [`Companions::read`].
//!
//! # What is not read?
//! joblib 0.5.7's zip files, and object arrays in z-files of their own, which joblib never wrote.
//!
//! # Features
//! * `zlib` (default): without it, z-files are recognised but not read.

#![forbid(unsafe_code)]

#[cfg(all(doctest, feature = "zlib"))]
#[doc = include_str!("../README.md")]
struct Readme;

mod beside;
mod companion;
mod zfile;

pub use companion::Companions;
pub use zfile::ZFile;
