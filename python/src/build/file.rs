//! Loading from file objects, which afterwards stand behind what was loaded.

use std::io::{self, BufRead, Cursor, Read, Seek, SeekFrom};

use demijohn::{Limits, pickle, stream};
use pyo3::prelude::*;

use super::arrays::Arrays;
use super::builder::Live;
use super::gc::{Lifting, Pause};
use super::{Loaded, load};
use crate::errors::raise;
use crate::stream::{FileObject, Peeking};

/// Loads an object from a file object, in one of three ways:
///
/// * one that can seek at no cost is read ahead, and seeks back in the end;
/// * of one that can show what comes, no more is read than is needed;
/// * one that can only be read is read frame by frame, and where there are no frames, byte by byte. If it is compressed,
///   it is read ahead.
pub(super) fn from<'py>(
    py: Python<'py>,
    file: Bound<'py, PyAny>,
    native: bool,
    limits: &Limits,
) -> PyResult<Bound<'py, PyAny>> {
    let object = FileObject::new(file);
    // Decompressing files seek too, but what that takes!
    let seeks = object.seekable(py) && (!object.peeks(py) || object.is_buffered_file(py)?);
    let loaded = if seeks {
        seeking(py, object, native, limits)
    } else if object.peeks(py) {
        peeking(py, object, native, limits)
    } else {
        reading(py, object, native, limits)
    };
    loaded.map_err(|e| raise(py, e))
}

type Answer<'py> = demijohn::Result<Bound<'py, PyAny>>;

fn seeking<'py>(py: Python<'py>, mut file: FileObject, native: bool, limits: &Limits) -> Answer<'py> {
    let begin = file.stream_position()?;
    let options = stream::options(limits);
    let reader = py.detach(|| options.seekable_reader(file))?;
    let Loaded { object, reader, .. } = load(py, reader, Arrays::new(py, native), limits)?;
    let plain = reader.format() == "none";
    let length = if plain {
        reader.position()
    } else {
        reader.position_in()
    };
    let mut file = reader.into_inner();
    let end = begin + length;
    if file.stream_position()? != end {
        file.seek(SeekFrom::Start(end))?;
    }
    Ok(object)
}

fn peeking<'py>(py: Python<'py>, file: FileObject, native: bool, limits: &Limits) -> Answer<'py> {
    let options = stream::options(limits);
    let reader = py.detach(|| options.exact(Peeking::new(file)))?;
    let Loaded { object, reader, .. } = load(py, reader, Arrays::new(py, native), limits)?;
    reader.into_inner().catch_up()?;
    Ok(object)
}

fn reading<'py>(py: Python<'py>, file: FileObject, native: bool, limits: &Limits) -> Answer<'py> {
    let options = stream::options(limits);
    let mut dripping = Dripping::new(file);
    let compressed = options.exact(&mut dripping)?.format() != "none";
    let source = Cursor::new(dripping.seen).chain(dripping.inner);
    let arrays = Arrays::new(py, native);
    if compressed {
        let options = stream::options(limits);
        let reader = py.detach(|| options.reader(source))?;
        return Ok(load(py, reader, arrays, limits)?.object);
    }
    let pause = Pause::new(py);
    let source = Lifting::new(source, &pause);
    let mut live = Live::new(py, &pause, arrays);
    Ok(pickle::machine::run_unbuffered(
        source,
        &limits.object,
        &mut live,
    )?)
}

/// Shows one byte after the other of a reader, and keeps them all.
struct Dripping<R> {
    inner: R,
    seen: Vec<u8>,
    at: usize,
}

impl<R> Dripping<R> {
    fn new(inner: R) -> Self {
        Self {
            inner,
            seen: Vec::new(),
            at: 0,
        }
    }
}

impl<R: Read> Read for Dripping<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.fill_buf()?.read(out)?;
        self.consume(n);
        Ok(n)
    }
}

impl<R: Read> BufRead for Dripping<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.seen.len() {
            let mut byte = [0];
            let n = self.inner.read(&mut byte)?;
            self.seen.extend_from_slice(&byte[..n]);
        }
        Ok(&self.seen[self.at..])
    }

    fn consume(&mut self, n: usize) {
        self.at += n;
    }
}
