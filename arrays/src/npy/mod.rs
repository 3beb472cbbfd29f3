//! `.npy` files: one array after a short text that describes it.
//!
//! Specification: [`numpy.lib.format`](https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
//! Versions 1.0, 2.0 and 3.0 are read; the lowest that fits is written, byte for byte as numpy 2 does. Several arrays
//! may follow one another in one stream: reading takes exactly one.
//!
//! Arrays of Python objects hold a pickle instead of raw data and are [`Unsupported`](crate::ErrorKind::Unsupported)
//! here; [`read_header`] still reads what stands in front of it.

mod header;

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

pub use header::{Header, header, read_header};

use crate::{Array, Available, Error, Layout, MapMode, Result};

/// What every `.npy` file begins with.
pub const MAGIC: [u8; 6] = *b"\x93NUMPY";

/// numpy's limit for headers of files it does not trust, in bytes.
pub const MAX_HEADER: usize = 10_000;

/// How a `.npy` file is to be read; the default is for files from anywhere.
#[derive(Debug, Clone, Copy)]
pub struct ReadOptions {
    /// The longest header to accept, in bytes. Default: [`MAX_HEADER`].
    pub max_header: usize,
    /// How many bytes the source is known to hold. Default: unknown.
    pub available: Available,
    /// The largest array to accept, in bytes of data. Default: no limit but memory, which grows with what arrives.
    pub max_data: usize,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            max_header: MAX_HEADER,
            available: Available::Unknown,
            max_data: usize::MAX,
        }
    }
}

/// Reads one array, and nothing beyond it.
///
/// # Errors
/// [`Truncated`](crate::ErrorKind::Truncated) if the source ends early, [`Corrupt`](crate::ErrorKind::Corrupt) for
/// what is no `.npy` file or has an impossible shape, [`Unsupported`](crate::ErrorKind::Unsupported) for unknown
/// versions and for Python objects, [`Limit`](crate::ErrorKind::Limit) for headers over [`MAX_HEADER`] bytes,
/// [`Io`](crate::ErrorKind::Io) if reading fails.
pub fn read(source: &mut (impl Read + ?Sized)) -> Result<Array> {
    read_with(source, ReadOptions::default())
}

/// Reads one array as [`read`] does, with options.
///
/// # Errors
/// As for [`read`].
pub fn read_with(source: &mut (impl Read + ?Sized), options: ReadOptions) -> Result<Array> {
    let Header { layout, len, .. } = read_header(source, options.max_header)?;
    check_limit(&layout, &options)?;
    Array::read(layout, source, behind(options.available, len))
}

/// Whether the array is within the limit.
pub(crate) fn check_limit(layout: &Layout, options: &ReadOptions) -> Result<()> {
    if layout.nbytes() <= options.max_data {
        return Ok(());
    }
    let limit = options.max_data;
    Err(Error::limit(format!(
        "array {layout} is larger than the limit of {limit} bytes"
    )))
}

/// How much is available once `len` bytes have been read.
pub(crate) fn behind(available: Available, len: u64) -> Available {
    match available {
        Available::Unknown => Available::Unknown,
        Available::Bytes(n) => Available::Bytes(n.saturating_sub(len)),
    }
}

/// Reads the array in a file; what may follow it there is not looked at.
///
/// # Errors
/// As for [`read`]; and [`Io`](crate::ErrorKind::Io) if the file cannot be opened.
pub fn load(path: impl AsRef<Path>) -> Result<Array> {
    load_with(path, ReadOptions::default())
}

/// Reads the array in a file as [`load`] does, with options. How much is [available](ReadOptions::available) is known
/// of plain files.
///
/// # Errors
/// As for [`load`].
pub fn load_with(path: impl AsRef<Path>, mut options: ReadOptions) -> Result<Array> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    // Pipes and the like have no size that means anything.
    if metadata.is_file() {
        options.available = Available::Bytes(metadata.len());
    }
    read_with(&mut file, options)
}

/// Maps the array in a file: see [`Array::map`].
///
/// # Errors
/// As for [`load`]; and [`Parameter`](crate::ErrorKind::Parameter) if it is no plain file.
///
/// # Safety
/// As for [`Array::map`].
pub unsafe fn map(path: impl AsRef<Path>, mode: MapMode) -> Result<Array> {
    // SAFETY: the caller's contract is passed on.
    unsafe { map_with(path, mode, ReadOptions::default()) }
}

/// Maps the array in a file as [`map`] does, with options.
///
/// # Errors
/// As for [`map`].
///
/// # Safety
/// As for [`Array::map`].
pub unsafe fn map_with(path: impl AsRef<Path>, mode: MapMode, options: ReadOptions) -> Result<Array> {
    let writing = mode == MapMode::ReadWrite;
    let mut file = File::options().read(true).write(writing).open(path)?;
    let Header { layout, len, .. } = read_header(&mut file, options.max_header)?;
    check_limit(&layout, &options)?;
    // SAFETY: the caller's contract is passed on.
    unsafe { Array::map(layout, &file, len, mode) }
}

/// Writes an array to a file, in place of what is there. If the disk is full, what was there is lost.
///
/// # Errors
/// As for [`write()`]; and [`Io`](crate::ErrorKind::Io) if the file cannot be made.
pub fn save(path: impl AsRef<Path>, array: &Array) -> Result<()> {
    // What cannot be written is to leave the old file alone.
    let header = header(array.layout())?;
    let mut file = File::create(path)?;
    file.write_all(&header)?;
    file.write_all(array.as_bytes())?;
    Ok(())
}

/// Writes an array.
///
/// # Errors
/// [`Unsupported`](crate::ErrorKind::Unsupported) for structs that the format cannot describe (see
/// [`DType::descr`](crate::DType::descr)), [`Io`](crate::ErrorKind::Io) if writing fails.
pub fn write(array: &Array, sink: &mut (impl Write + ?Sized)) -> Result<()> {
    sink.write_all(&header(array.layout())?)?;
    sink.write_all(array.as_bytes())?;
    Ok(())
}

#[cfg(test)]
mod tests;
