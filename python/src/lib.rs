//! `demijohn._native`: the Python package's door to the Rust crates.
//!
//! Arguments and conversions are here, and what only makes sense where there are live Python objects: pickling them,
//! building them, file objects. What the functions mean to a Python user is said in `python/demijohn`, whose modules
//! are the only callers.

mod buffers;
mod build;
mod coding;
mod errors;
mod file;
mod formats;
mod look;
mod save;
mod stream;

use std::ffi::OsString;

use pyo3::prelude::*;

/// Runs the program `demijohn` with a command line, and answers its exit status. It handles signals by itself, and takes
/// the process for its own.
#[pyfunction]
fn main(py: Python<'_>, argv: Vec<OsString>) -> u8 {
    py.detach(|| demijohn_cli::main(argv))
}

/// The native part of demijohn. Everything in it that is for users has another name in `demijohn`.
#[pymodule]
mod _native {
    /// The version of the package, that of the Rust crates.
    #[pymodule_export]
    const VERSION: &str = env!("CARGO_PKG_VERSION");

    #[pymodule_export]
    use super::main;

    #[pymodule_export]
    use crate::build::{load_bytes, load_file, load_path};
    #[pymodule_export]
    use crate::coding::{compress, decompress, detect};
    #[pymodule_export]
    use crate::file::{RawReader, RawWriter};
    #[pymodule_export]
    use crate::formats::{Codec, codecs, format_by_content, format_by_extension};
    #[pymodule_export]
    use crate::look::{Found, inspect, load_array};
    #[pymodule_export]
    use crate::save::{dump_bytes, dump_file, dump_path};
}
