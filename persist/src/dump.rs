//! Writing objects.

use std::io::Write;
use std::path::Path;

use crate::hinted::{Hinted, TakesHints};
use crate::joblib::JoblibWriter;
use crate::pickle::{Protocol, Save, save};
use crate::{Compression, Error, Result, Summary, codecs};

/// Writes an object to a file, compressed as the extension says: `.z`, `.gz`, `.bz2`, `.lzma`, `.xz`, `.zst`, or not
/// at all.
///
/// The file appears when it is complete. Until then, and if anything fails, the path holds what it held before.
///
/// Answers the size of the object's stream before and after compression, in bytes.
///
/// # Errors
/// [`Unsupported`](crate::ErrorKind::Unsupported) for an extension whose cargo feature is off,
/// [`Parameter`](crate::ErrorKind::Parameter) if the value's own serialization fails,
/// [`Io`](crate::ErrorKind::Io) if the file cannot be written.
pub fn dump(value: &(impl Save + ?Sized), path: impl AsRef<Path>) -> Result<Summary> {
    dump_with(value, path, Compression::auto())
}

/// Writes an object to a file, compressed as the caller says, whatever the extension: `"xz"`, `("zlib", 6)`,
/// [`Compression::none()`].
///
/// # Errors
/// As for [`dump`]; [`Parameter`](crate::ErrorKind::Parameter) also for an unknown format or a level it does not have.
pub fn dump_with(
    value: &(impl Save + ?Sized),
    path: impl AsRef<Path>,
    compression: impl Into<Compression>,
) -> Result<Summary> {
    let path = path.as_ref();
    let at_path = |e: Error| e.at_path(path);
    let file = codecs::Options::new()
        .create_as(path, compression)
        .map_err(|e| at_path(e.into()))?;
    let file = write(value, file).map_err(at_path)?;
    file.finish().map_err(|e| at_path(e.into()))
}

/// Writes an object to anything that is `Write`, compressed as the caller says; answers the sink, and the size of the
/// object's stream before and after compression, in bytes.
///
/// Arrays are aligned to where they stand in the stream, counted from where this one begins.
///
/// # Errors
/// As for [`dump_with`].
pub fn dump_to<W: Write>(
    value: &(impl Save + ?Sized),
    sink: W,
    compression: impl Into<Compression>,
) -> Result<(W, Summary)> {
    let stream = codecs::writer(sink, compression)?;
    let stream = write(value, stream)?;
    stream.finish().map_err(|e| e.into_parts().0.into())
}

fn write<S: TakesHints>(value: &(impl Save + ?Sized), stream: S) -> Result<S> {
    let stream = Hinted::new(stream);
    let arrays = JoblibWriter::new(stream.element_size());
    Ok(save::write(value, stream, Protocol::V4, arrays)?.into_inner())
}
