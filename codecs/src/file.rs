//! [`CompressedFile`], the one trait object for both directions, and [`BinaryZlibFile`].

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::error::{Error, Result};
use crate::options::Options;
use crate::reader::Reader;
use crate::source::{Seekable, Source};
use crate::writer::{FileWriter, Writer};

/// How much went through a stream, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// On the plain side.
    pub plain: u64,
    /// On the compressed side.
    pub compressed: u64,
}

/// Which way a stream goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It is read.
    Read,
    /// It is written.
    Write,
}

/// A compressed stream that looks like a file.
///
/// One trait for both directions, for callers who keep streams of either kind; the methods of the other
/// direction answer `Unsupported`. Who knows the direction uses [`Reader`] and [`Writer`].
pub trait CompressedFile: Read + BufRead + Write + Seek + Send {
    /// The name of the format; `"none"` for plain bytes.
    fn format(&self) -> &str;

    /// Which way the stream goes.
    fn mode(&self) -> Mode;

    /// Offset in the plain stream, in bytes.
    fn position(&self) -> u64;

    /// Can it seek to any offset?
    fn seekable(&self) -> bool;

    /// Ends the stream and reports every error that was left. A writer writes the trailer and, for a file made
    /// by path, puts it in its place. A reader decodes the rest, so that everything is checked.
    ///
    /// # Errors
    /// What the format, the source or the sink reports.
    fn finish(self: Box<Self>) -> io::Result<Summary>;
}

/// A [`Reader`] behind [`CompressedFile`].
struct ReadFile<S>(Reader<S>);

impl<S: Source> Read for ReadFile<S> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.read(out)
    }
}

impl<S: Source> BufRead for ReadFile<S> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.0.fill_buf()
    }
    fn consume(&mut self, n: usize) {
        self.0.consume(n);
    }
}

impl<S: Source> Seek for ReadFile<S> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
    fn stream_position(&mut self) -> io::Result<u64> {
        self.0.stream_position()
    }
}

impl<S: Source> Write for ReadFile<S> {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(Error::unsupported("the stream is open for reading").into())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<S: Source + Send> CompressedFile for ReadFile<S> {
    fn format(&self) -> &str {
        self.0.format()
    }
    fn mode(&self) -> Mode {
        Mode::Read
    }
    fn position(&self) -> u64 {
        self.0.position()
    }
    fn seekable(&self) -> bool {
        self.0.seekable()
    }
    fn finish(self: Box<Self>) -> io::Result<Summary> {
        Ok(self.0.finish()?)
    }
}

/// A [`Writer`] or [`FileWriter`] behind [`CompressedFile`].
struct WriteFile<F>(F);

/// What [`WriteFile`] needs of the two writers.
trait Written: Write + Send {
    fn format(&self) -> &'static str;
    fn position(&self) -> u64;
    fn done(self) -> io::Result<Summary>;
}

impl<W: Write + Send> Written for Writer<W> {
    fn format(&self) -> &'static str {
        self.format()
    }
    fn position(&self) -> u64 {
        self.position()
    }
    fn done(self) -> io::Result<Summary> {
        Ok(self.finish()?.1)
    }
}

impl Written for FileWriter {
    fn format(&self) -> &'static str {
        self.format()
    }
    fn position(&self) -> u64 {
        self.position()
    }
    fn done(self) -> io::Result<Summary> {
        Ok(self.finish()?)
    }
}

fn for_writing() -> io::Error {
    Error::unsupported("the stream is open for writing").into()
}

impl<F> Read for WriteFile<F> {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(for_writing())
    }
}

impl<F> BufRead for WriteFile<F> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Err(for_writing())
    }
    fn consume(&mut self, _: usize) {}
}

impl<F: Written> Seek for WriteFile<F> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match to {
            SeekFrom::Current(0) => Ok(self.0.position()),
            _ => Err(Error::unsupported("a stream being written cannot seek").into()),
        }
    }
    fn stream_position(&mut self) -> io::Result<u64> {
        Ok(self.0.position())
    }
}

impl<F: Written> Write for WriteFile<F> {
    fn write(&mut self, plain: &[u8]) -> io::Result<usize> {
        self.0.write(plain)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<F: Written> CompressedFile for WriteFile<F> {
    fn format(&self) -> &str {
        self.0.format()
    }
    fn mode(&self) -> Mode {
        Mode::Write
    }
    fn position(&self) -> u64 {
        self.0.position()
    }
    fn seekable(&self) -> bool {
        false
    }
    fn finish(self: Box<Self>) -> io::Result<Summary> {
        self.0.done()
    }
}

impl<S: Source + Send> Reader<S> {
    /// The reader as a trait object.
    #[must_use]
    pub fn into_file<'a>(self) -> Box<dyn CompressedFile + 'a>
    where
        S: 'a,
    {
        Box::new(ReadFile(self))
    }
}

impl<W: Write + Send> Writer<W> {
    /// The writer as a trait object.
    #[must_use]
    pub fn into_file<'a>(self) -> Box<dyn CompressedFile + 'a>
    where
        W: 'a,
    {
        Box::new(WriteFile(self))
    }
}

impl FileWriter {
    /// The writer as a trait object.
    #[must_use]
    pub fn into_file(self) -> Box<dyn CompressedFile> {
        Box::new(WriteFile(self))
    }
}

/// A zlib stream (RFC 1950, what joblib writes for `.z`) as a file: Adler-32 at the end, no CRC-32.
///
/// The name is joblib's. It is [`Options`] with the format set to `zlib`, for those who look for it:
///
/// ```no_run
/// use demijohn_codecs::{BinaryZlibFile, CompressedFile};
/// use std::io::{Read, Write};
///
/// let mut file = BinaryZlibFile::create("notes.z", 3)?;
/// file.write_all(b"so much text")?;
/// Box::new(file).finish()?;
///
/// let mut text = String::new();
/// BinaryZlibFile::open("notes.z")?.read_to_string(&mut text)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct BinaryZlibFile<'a>(Box<dyn CompressedFile + 'a>);

impl BinaryZlibFile<'static> {
    /// Opens a file for reading; it must hold a zlib stream.
    ///
    /// # Errors
    /// As [`Options::open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let reader: Reader<Seekable<File>> = Options::new().format("zlib").open(path)?;
        Ok(BinaryZlibFile(reader.into_file()))
    }

    /// Creates or replaces a file, atomically when it is finished.
    ///
    /// # Errors
    /// As [`Options::create_as`]; levels are 0 to 9.
    pub fn create(path: impl AsRef<Path>, level: i32) -> Result<Self> {
        Ok(BinaryZlibFile(
            Options::new().create_as(path, ("zlib", level))?.into_file(),
        ))
    }
}

impl<'a> BinaryZlibFile<'a> {
    /// Reads a zlib stream from anything that reads.
    ///
    /// # Errors
    /// As [`Options::reader`].
    pub fn reader(source: impl Read + Send + 'a) -> Result<Self> {
        Ok(BinaryZlibFile(
            Options::new().format("zlib").reader(source)?.into_file(),
        ))
    }

    /// Writes a zlib stream to anything that writes.
    ///
    /// # Errors
    /// As [`Options::writer`]; levels are 0 to 9.
    pub fn writer(sink: impl Write + Send + 'a, level: i32) -> Result<Self> {
        Ok(BinaryZlibFile(
            Options::new().writer(sink, ("zlib", level))?.into_file(),
        ))
    }
}

impl Read for BinaryZlibFile<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.read(out)
    }
}

impl BufRead for BinaryZlibFile<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.0.fill_buf()
    }
    fn consume(&mut self, n: usize) {
        self.0.consume(n);
    }
}

impl Write for BinaryZlibFile<'_> {
    fn write(&mut self, plain: &[u8]) -> io::Result<usize> {
        self.0.write(plain)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Seek for BinaryZlibFile<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
    fn stream_position(&mut self) -> io::Result<u64> {
        self.0.stream_position()
    }
}

impl CompressedFile for BinaryZlibFile<'_> {
    fn format(&self) -> &str {
        self.0.format()
    }
    fn mode(&self) -> Mode {
        self.0.mode()
    }
    fn position(&self) -> u64 {
        self.0.position()
    }
    fn seekable(&self) -> bool {
        self.0.seekable()
    }
    fn finish(self: Box<Self>) -> io::Result<Summary> {
        self.0.finish()
    }
}

impl fmt::Debug for BinaryZlibFile<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BinaryZlibFile")
            .field("mode", &self.mode())
            .field("position", &self.position())
            .finish()
    }
}
