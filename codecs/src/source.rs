//! Where coded bytes come from: [`Source`] and its three shapes, [`Pipe`], [`Seekable`] and [`Exact`].

#[cfg(unix)]
mod parallel;

use std::fs::{File, Metadata};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use crate::engine::input::again;
use crate::error::{Error, Result};

/// Bytes buffered from a source that is not buffered itself.
const BUFFER: usize = 128 << 10;
/// Each thread that takes part in a read has as many bytes to read at least: it costs about what reading a tenth of
/// them does.
const SHARE: usize = 4 << 20;

/// Where a [`Reader`](crate::Reader) takes its bytes from.
///
/// It is [`BufRead`] rather than [`Read`], so that a caller who owns a buffer can be read from without taking
/// a byte too many ([`Exact`]). The position a source has when it is handed over is its base: offsets count
/// from there, so a stream may begin anywhere in a file.
pub trait Source: BufRead {
    /// Can it go back?
    fn seekable(&self) -> bool {
        false
    }

    /// Goes to an offset counted from the base.
    ///
    /// # Errors
    /// `Unsupported` where the source cannot; otherwise what the source reports.
    fn rewind_to(&mut self, at: u64) -> io::Result<()> {
        let _ = at;
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "the source cannot seek",
        ))
    }

    /// Bytes from the base to the end, where that is known.
    fn size(&self) -> Option<u64> {
        None
    }

    /// Reads some bytes from an offset on, counted from the base, and no more than these where that can be helped. Where the
    /// source stands afterwards is not said.
    ///
    /// # Errors
    /// As [`rewind_to`](Self::rewind_to), and what the source reports.
    fn peek_at(&mut self, at: u64, out: &mut [u8]) -> io::Result<usize> {
        self.rewind_to(at)?;
        self.read(out)
    }

    /// How many threads may take part in one large read, the caller's among them: for sources that can be read in several
    /// places at once. The others ignore it.
    fn use_threads(&mut self, threads: usize) {
        let _ = threads;
    }

    /// May more be taken from it than turns out to belong to the stream, and be lost with the reader? Several threads
    /// read only what may be read ahead.
    fn may_be_read_ahead(&self) -> bool {
        false
    }
}

impl<S: Source + ?Sized> Source for Box<S> {
    fn seekable(&self) -> bool {
        (**self).seekable()
    }
    fn rewind_to(&mut self, at: u64) -> io::Result<()> {
        (**self).rewind_to(at)
    }
    fn size(&self) -> Option<u64> {
        (**self).size()
    }
    fn peek_at(&mut self, at: u64, out: &mut [u8]) -> io::Result<usize> {
        (**self).peek_at(at, out)
    }
    fn use_threads(&mut self, threads: usize) {
        (**self).use_threads(threads);
    }
    fn may_be_read_ahead(&self) -> bool {
        (**self).may_be_read_ahead()
    }
}

/// Any [`Read`]: a pipe, a socket, another decoder. Buffered here, read forward only.
#[derive(Debug)]
pub struct Pipe<R>(BufReader<R>);

impl<R: Read> Pipe<R> {
    /// Takes bytes from `inner` as it delivers them, ahead of what the decoder needs.
    pub fn new(inner: R) -> Self {
        Pipe(BufReader::with_capacity(BUFFER, inner))
    }

    /// The inner reader; bytes buffered from it are lost.
    pub fn into_inner(self) -> R {
        self.0.into_inner()
    }
}

/// Anything that reads and seeks: a file, a [`Cursor`](io::Cursor). Buffered here.
///
/// A file can turn out not to seek (a FIFO is a [`File`](std::fs::File) too): then it is read as a [`Pipe`].
#[derive(Debug)]
pub struct Seekable<R> {
    inner: BufReader<R>,
    /// Where the stream began and how long the source is from there; `None` if it does not seek after all.
    extent: Option<(u64, u64)>,
    /// How to read in several places at once, where that is possible, and how many threads may do so.
    parallel: Option<ReadAt<R>>,
    threads: usize,
}

/// Fills a slice from an offset on with so many threads, and says how much there was.
type ReadAt<R> = fn(&R, u64, &mut [u8], usize) -> io::Result<usize>;

impl Seekable<File> {
    /// Opens a file. What is neither a regular file nor a block device is read forward only.
    ///
    /// # Errors
    /// `Io`, with the path in the message, for what the operating system refuses, a directory included.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let open = || Seekable::file(File::open(path)?);
        open().map_err(|error| Error::at_path(error, path))
    }

    /// A file that is open already; the stream begins where it stands now.
    ///
    /// # Errors
    /// What the operating system reports; `IsADirectory` for a directory.
    pub fn file(file: File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if !metadata.is_file() && !is_block_device(&metadata) {
            return Ok(Seekable::forward_only(file));
        }
        let mut source = Seekable::new(file)?;
        #[cfg(unix)]
        {
            source.parallel = Some(parallel::read_at);
        }
        Ok(source)
    }
}

#[cfg(unix)]
fn is_block_device(metadata: &Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    metadata.file_type().is_block_device()
}

#[cfg(not(unix))]
fn is_block_device(_: &Metadata) -> bool {
    false
}

impl<R: Read + Seek> Seekable<R> {
    /// The stream begins where `inner` stands now.
    ///
    /// # Errors
    /// A source that answers its position but then fails to return to it.
    pub fn new(mut inner: R) -> io::Result<Self> {
        let mut seek = |to| again(|| inner.seek(to));
        let extent = match seek(SeekFrom::Current(0)).and_then(|at| Ok((at, seek(SeekFrom::End(0))?))) {
            Ok((at, end)) => {
                seek(SeekFrom::Start(at))?;
                Some((at, end.saturating_sub(at)))
            }
            Err(_) => None,
        };
        Ok(Seekable {
            extent,
            ..Seekable::forward_only(inner)
        })
    }

    /// The same for what only seems to seek, as some devices do: read forward, its size unknown.
    pub fn forward_only(inner: R) -> Self {
        Seekable {
            inner: BufReader::with_capacity(BUFFER, inner),
            extent: None,
            parallel: None,
            threads: 1,
        }
    }

    /// The inner reader, wherever it stands; bytes buffered from it are lost.
    pub fn into_inner(self) -> R {
        self.inner.into_inner()
    }

    /// The inner reader, by reference.
    pub fn get_ref(&self) -> &R {
        self.inner.get_ref()
    }
}

/// A [`BufRead`] of the caller's: bytes behind the stream stay unread in it.
#[derive(Debug)]
pub struct Exact<R>(R);

impl<R: BufRead> Exact<R> {
    /// Consumes from `inner` only what belongs to the stream.
    pub fn new(inner: R) -> Self {
        Exact(inner)
    }

    /// The inner reader, right behind what was consumed.
    pub fn into_inner(self) -> R {
        self.0
    }
}

impl<R: Read + Seek> Read for Seekable<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let threads = self.threads.min(out.len() / SHARE);
        let Some(read_at) = self
            .parallel
            .filter(|_| threads > 1 && self.inner.buffer().is_empty())
        else {
            return self.inner.read(out);
        };
        let file = self.inner.get_mut();
        let at = file.stream_position()?;
        let n = read_at(file, at, out, threads)?;
        file.seek(SeekFrom::Start(at + n as u64))?;
        Ok(n)
    }
}

impl<R: Read + Seek> BufRead for Seekable<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }
    fn consume(&mut self, n: usize) {
        self.inner.consume(n);
    }
}

macro_rules! delegate {
    ($type:ident, $bound:ident) => {
        impl<R: $bound> Read for $type<R> {
            fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
                self.0.read(out)
            }
        }
        impl<R: $bound> BufRead for $type<R> {
            fn fill_buf(&mut self) -> io::Result<&[u8]> {
                self.0.fill_buf()
            }
            fn consume(&mut self, n: usize) {
                self.0.consume(n);
            }
        }
    };
}

delegate!(Pipe, Read);
delegate!(Exact, BufRead);

impl<R: Read> Source for Pipe<R> {
    fn may_be_read_ahead(&self) -> bool {
        true
    }
}

impl<R: BufRead> Source for Exact<R> {}

impl<R: Read + Seek> Source for Seekable<R> {
    fn seekable(&self) -> bool {
        self.extent.is_some()
    }

    fn rewind_to(&mut self, at: u64) -> io::Result<()> {
        let Some((base, _)) = self.extent else {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "the source cannot seek",
            ));
        };
        let to = base.checked_add(at).ok_or(io::ErrorKind::InvalidInput)?;
        self.inner.seek(SeekFrom::Start(to)).map(drop)
    }

    fn size(&self) -> Option<u64> {
        self.extent.map(|(_, len)| len)
    }

    fn peek_at(&mut self, at: u64, out: &mut [u8]) -> io::Result<usize> {
        self.rewind_to(at)?;
        // Its buffer is empty now.
        self.inner.get_mut().read(out)
    }

    fn may_be_read_ahead(&self) -> bool {
        true
    }

    fn use_threads(&mut self, threads: usize) {
        self.threads = threads;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn the_base_is_where_the_source_stood() {
        let mut cursor = Cursor::new(b"header:body".to_vec());
        cursor.set_position(7);
        let mut source = Seekable::new(cursor).unwrap();
        assert_eq!((source.seekable(), source.size()), (true, Some(4)));
        let mut text = String::new();
        source.read_to_string(&mut text).unwrap();
        source.rewind_to(1).unwrap();
        source.read_to_string(&mut text).unwrap();
        assert_eq!(text, "bodyody");
    }

    #[test]
    fn what_does_not_seek_is_read_as_a_pipe() {
        struct Fifo(&'static [u8]);
        impl Read for Fifo {
            fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
                self.0.read(out)
            }
        }
        impl Seek for Fifo {
            fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
                Err(io::Error::other("illegal seek"))
            }
        }
        let mut source = Seekable::new(Fifo(b"abc")).unwrap();
        assert_eq!((source.seekable(), source.size()), (false, None));
        assert_eq!(
            source.rewind_to(0).unwrap_err().kind(),
            io::ErrorKind::Unsupported
        );
        let mut text = String::new();
        source.read_to_string(&mut text).unwrap();
        assert_eq!(text, "abc");
    }
}
