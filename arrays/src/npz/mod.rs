//! `.npz` files: several arrays with names, each a `.npy` file in a zip file.
//!
//! Specification: [`numpy.savez`](https://numpy.org/doc/stable/reference/generated/numpy.savez.html), and
//! [APPNOTE](https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT) for zip. Entries are stored or deflated, sizes
//! may be beyond 4 GiB (zip64). What the central directory says counts, as in Python. The structure of the zip file is
//! left to the crate `rawzip`; data, sizes and checksums are checked here.
//!
//! ```
//! use std::io::Cursor;
//! use demijohn_arrays::{Array, npz};
//!
//! let mut out = npz::Writer::new(Vec::new());
//! out.add("weights", &Array::from_vec(vec![0.5_f32, 1.5], &[2])?)?;
//! out.add("epoch", &Array::from_vec(vec![7_u64], &[])?)?;
//! let file = out.finish()?;
//!
//! let saved = npz::Reader::new(Cursor::new(file))?;
//! assert_eq!(saved.keys().collect::<Vec<_>>(), ["weights", "epoch"]);
//! assert_eq!(saved.read("epoch")?.as_slice::<u64>()?, [7]);
//! # Ok::<(), demijohn_arrays::Error>(())
//! ```

mod read;
mod write;

pub use read::{Data, Reader};
pub use write::{Compression, Writer};

use std::io;

use crate::Error;

/// What numpy puts behind the name of an array.
const SUFFIX: &str = ".npy";

/// An error of the zip file's structure.
fn zip_error(error: rawzip::Error) -> Error {
    let text = error.to_string();
    match error.into_kind() {
        rawzip::ErrorKind::IO(e) if e.kind() == io::ErrorKind::UnexpectedEof && e.get_ref().is_none() => {
            cut()
        }
        rawzip::ErrorKind::IO(e) => e.into(),
        rawzip::ErrorKind::Eof => cut(),
        _ => Error::corrupt(format!("invalid zip file: {text}")),
    }
}

fn cut() -> Error {
    Error::truncated("the zip file ends before what it is said to hold")
}
