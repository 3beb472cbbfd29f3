//! Writing: one array after another, to anything that takes bytes.

use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use flate2::write::DeflateEncoder;
use rawzip::path::{EntryPath, ZipFilePath};
use rawzip::time::UtcDateTime;
use rawzip::{CompressionMethod, DataDescriptorOutput, ZipArchiveWriter};

use super::{SUFFIX, zip_error};
use crate::{Array, Error, Layout, Result, npy};

/// How much is read at a time of what comes from a source.
const CHUNK: usize = 256 << 10;

/// What becomes of the data in the zip file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// Nothing, as with `numpy.savez`.
    #[default]
    Stored,
    /// Deflate at a level from 0 to 9; `numpy.savez_compressed` takes 6.
    Deflated(u32),
}

/// A `.npz` file that is being written. It is whole only after [`finish`](Self::finish).
///
/// The same arrays give the same bytes: the date of all entries is the beginning of 1980.
pub struct Writer<W> {
    zip: ZipArchiveWriter<W>,
    keys: HashSet<String>,
    compression: Compression,
    failed: bool,
}

impl Writer<File> {
    /// Writes to a file, in place of what is there.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io) if the file cannot be made.
    pub fn create(path: impl AsRef<Path>) -> Result<Self> {
        Ok(Self::new(File::create(path)?))
    }
}

impl<W: Write> Writer<W> {
    /// Writes to anything that takes bytes; seeking is not needed.
    #[must_use]
    pub fn new(sink: W) -> Self {
        Self {
            zip: ZipArchiveWriter::new(sink),
            keys: HashSet::new(),
            compression: Compression::Stored,
            failed: false,
        }
    }

    /// Sets what becomes of the arrays that are added from now on.
    ///
    /// # Errors
    /// [`Parameter`](crate::ErrorKind::Parameter) for levels above 9.
    pub fn compression(mut self, compression: Compression) -> Result<Self> {
        if let Compression::Deflated(level @ 10..) = compression {
            return Err(Error::parameter(format!(
                "deflate has levels from 0 to 9, not {level}"
            )));
        }
        self.compression = compression;
        Ok(self)
    }

    /// Writes an array under a name.
    ///
    /// After an error of the sink nothing more can be written.
    ///
    /// # Errors
    /// [`Parameter`](crate::ErrorKind::Parameter) if the name has been used, or cannot stand in a zip file; as for
    /// [`npy::write`] otherwise.
    pub fn add(&mut self, key: &str, array: &Array) -> Result<()> {
        self.entry(key, array.layout(), |out| out.write_all(array.as_bytes()))
    }

    /// Writes an array under a name whose data comes from a source: as many bytes as the layout has are read.
    ///
    /// # Errors
    /// [`Truncated`](crate::ErrorKind::Truncated) if the source ends before, [`Io`](crate::ErrorKind::Io) if it fails;
    /// otherwise as for [`add`](Self::add), and afterwards nothing more can be written either.
    pub fn add_from(&mut self, key: &str, layout: &Layout, data: &mut impl Read) -> Result<()> {
        self.entry(key, layout, |out| {
            let mut left = layout.nbytes();
            let mut chunk = vec![0; left.min(CHUNK)];
            while left > 0 {
                let part = left.min(CHUNK);
                let n = match data.read(&mut chunk[..part]) {
                    Ok(0) => {
                        let error = format!("the data ends {left} bytes before the end of array {layout}");
                        return Err(Error::truncated(error).into());
                    }
                    Ok(n) => n,
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                    Err(e) => return Err(e),
                };
                out.write_all(&chunk[..n])?;
                left -= n;
            }
            Ok(())
        })
    }

    /// Writes an entry, whose data `write` gives.
    fn entry(
        &mut self,
        key: &str,
        layout: &Layout,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<()> {
        if self.failed {
            return Err(Error::parameter(
                "writing has failed before, so the zip file cannot be gone on with",
            ));
        }
        let name = format!("{key}{SUFFIX}");
        let path = entry_path(&name)?;
        let header = npy::header(layout)?;
        if !self.keys.insert(key.to_owned()) {
            return Err(Error::parameter(format!("there is an array {key:?} already")));
        }
        self.failed = true;
        self.write_entry(path, |out| {
            out.write_all(&header)?;
            write(out)
        })?;
        self.failed = false;
        Ok(())
    }

    fn write_entry(
        &mut self,
        path: EntryPath<'_>,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<()> {
        let date = UtcDateTime::from_components(1980, 1, 1, 0, 0, 0, 0).expect("a day that there was");
        let method = match self.compression {
            Compression::Stored => CompressionMethod::STORE,
            Compression::Deflated(_) => CompressionMethod::DEFLATE,
        };
        let file = self
            .zip
            .new_file(path)
            .compression_method(method)
            .last_modified(date);
        let (mut entry, _) = file.start().map_err(zip_error)?;
        let described = match self.compression {
            Compression::Stored => {
                let mut plain = Described::new(&mut entry);
                write(&mut plain)?;
                plain.describe().1
            }
            Compression::Deflated(level) => {
                let encoder = DeflateEncoder::new(&mut entry, flate2::Compression::new(level));
                let mut plain = Described::new(encoder);
                write(&mut plain)?;
                let (encoder, described) = plain.describe();
                encoder.finish()?;
                described
            }
        };
        entry.finish(described).map_err(zip_error)?;
        Ok(())
    }

    /// Writes the list of entries, which makes the file whole, and gives the sink back.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io) if writing fails; [`Parameter`](crate::ErrorKind::Parameter) if it has before.
    pub fn finish(self) -> Result<W> {
        if self.failed {
            return Err(Error::parameter(
                "writing has failed before, so the zip file cannot be finished",
            ));
        }
        self.zip.finish().map_err(zip_error)
    }
}

/// Passes bytes on, and knows what the zip file is to say of them.
struct Described<W> {
    inner: W,
    hasher: crc32fast::Hasher,
    len: u64,
}

impl<W> Described<W> {
    fn new(inner: W) -> Self {
        Self {
            inner,
            hasher: crc32fast::Hasher::new(),
            len: 0,
        }
    }

    fn describe(self) -> (W, DataDescriptorOutput) {
        let described = DataDescriptorOutput::new(self.hasher.finalize(), self.len);
        (self.inner, described)
    }
}

impl<W: Write> Write for Described<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..n]);
        self.len += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The name as it is to stand in the file. Only names that are plain ASCII can stand there unmarked; the library marks
/// others but straightens them as if they were paths, and must not change them.
fn entry_path(name: &str) -> Result<EntryPath<'_>> {
    let impossible = |why: &str| {
        Err(Error::parameter(format!(
            "{name:?} cannot be the name of an entry: {why}"
        )))
    };
    if name.len() > u16::MAX.into() {
        return impossible("it is too long");
    }
    if name.contains('\0') {
        // Python cuts names there.
        return impossible("it contains a NUL");
    }
    if name.is_ascii() {
        return Ok(EntryPath::verbatim(name.as_bytes()));
    }
    if ZipFilePath::from_str(name).as_str() != name {
        return impossible("it is no plain relative path");
    }
    Ok(EntryPath::conformant(name))
}

impl<W> fmt::Debug for Writer<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Writer({} arrays, {:?})", self.keys.len(), self.compression)
    }
}
