//! Loading from file objects, which afterwards stand behind what was loaded.

use std::io::{Cursor, Read, Seek, SeekFrom};

use demijohn::{pickle, stream};
use pyo3::prelude::*;

use super::arrays::Arrays;
use super::builder::Live;
use super::gc::{Lifting, Pause};
use super::kept::{Kept, Stepping};
use super::{How, Loaded, load, twice};
use crate::errors::raise;
use crate::stream::{FileObject, Peeking};

/// How much is read at a time of what may be read ahead.
const AHEAD: usize = 64 << 10;

/// Loads an object from a file object, in one of three ways:
///
/// * one that can seek at no cost is read ahead, and seeks back in the end;
/// * of one that can show what comes, no more is read than is needed;
/// * one that can only be read is read frame by frame, and where there are no frames, byte by byte. If it is compressed,
///   it is read ahead.
pub(super) fn from<'py>(
    py: Python<'py>,
    file: Bound<'py, PyAny>,
    how: &How<'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let file = FileObject::new(file);
    // Decompressing files seek too, but what that takes!
    let seeks = file.seekable(py) && (!file.peeks(py) || file.is_buffered_file(py)?);
    let loaded = if seeks {
        seeking(py, file, how)
    } else if file.peeks(py) {
        peeking(py, Peeking::new(file), how)
    } else {
        reading(py, file, how)
    };
    loaded.map_err(|e| raise(py, e))
}

type Answer<'py> = demijohn::Result<Bound<'py, PyAny>>;

fn seeking<'py>(py: Python<'py>, mut file: FileObject, how: &How<'py>) -> Answer<'py> {
    let begin = file.stream_position()?;
    let options = stream::options(&how.limits);
    let reader = py.detach(|| options.seekable_reader(file))?;
    let Loaded { object, reader, .. } = load(py, reader, Arrays::new(py, how.native), how)?;
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

fn peeking<'py>(py: Python<'py>, file: Peeking, how: &How<'py>) -> Answer<'py> {
    let (object, mut file) = if how.trust.is_some() {
        twice(py, file, how)?
    } else {
        let options = stream::options(&how.limits);
        let reader = py.detach(|| options.exact(file))?;
        let Loaded { object, reader, .. } = load(py, reader, Arrays::new(py, how.native), how)?;
        (object, reader.into_inner())
    };
    file.catch_up()?;
    Ok(object)
}

fn reading<'py>(py: Python<'py>, file: FileObject, how: &How<'py>) -> Answer<'py> {
    let options = stream::options(&how.limits);
    let mut head = Kept::new(Stepping::new(file, 1));
    let compressed = options.exact(&mut head)?.format() != "none";
    let (head, rest) = head.into_parts();
    let (shown, file) = rest.into_parts();
    let source = Cursor::new([head, shown].concat()).chain(file);
    if how.trust.is_some() {
        // What is compressed need not be read exactly.
        let step = if compressed { AHEAD } else { 1 };
        return twice(py, Stepping::new(source, step), how).map(|(object, _)| object);
    }
    let arrays = Arrays::new(py, how.native);
    if compressed {
        let options = stream::options(&how.limits);
        let reader = py.detach(|| options.reader(source))?;
        return Ok(load(py, reader, arrays, how)?.object);
    }
    let pause = Pause::new(py);
    let source = Lifting::new(source, &pause);
    let mut live = Live::new(py, &pause, arrays, None);
    let limits = &how.limits.object;
    Ok(pickle::machine::run_unbuffered(source, limits, &mut live)?.into_bound())
}
