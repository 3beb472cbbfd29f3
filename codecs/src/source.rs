//! Where coded bytes come from: [`Source`] and its three shapes, [`Pipe`], [`Seekable`] and [`Exact`].

use std::fs::{File, Metadata};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use crate::error::{Error, Result};

/// Bytes buffered from a source that is not buffered itself.
const BUFFER: usize = 128 << 10;

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
}

impl Seekable<File> {
    /// Opens a file. What is neither a regular file nor a block device is read forward only.
    ///
    /// # Errors
    /// `Io`, with the path in the message, for what the operating system refuses, a directory included.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let open = || {
            let file = File::open(path)?;
            let metadata = file.metadata()?;
            if metadata.is_dir() {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            if metadata.is_file() || is_block_device(&metadata) {
                Seekable::new(file)
            } else {
                Ok(Seekable::forward_only(file))
            }
        };
        open().map_err(|error| Error::at_path(error, path))
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
        let extent = match inner
            .stream_position()
            .and_then(|at| Ok((at, inner.seek(SeekFrom::End(0))?)))
        {
            Ok((at, end)) => {
                inner.seek(SeekFrom::Start(at))?;
                Some((at, end.saturating_sub(at)))
            }
            Err(_) => None,
        };
        Ok(Seekable {
            inner: BufReader::with_capacity(BUFFER, inner),
            extent,
        })
    }

    /// The same for what only seems to seek, as some devices do: read forward, its size unknown.
    pub fn forward_only(inner: R) -> Self {
        Seekable {
            inner: BufReader::with_capacity(BUFFER, inner),
            extent: None,
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

macro_rules! delegate {
    ($type:ident, $bound:ident $(+ $more:ident)*, $field:tt) => {
        impl<R: $bound $(+ $more)*> Read for $type<R> {
            fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
                self.$field.read(out)
            }
        }
        impl<R: $bound $(+ $more)*> BufRead for $type<R> {
            fn fill_buf(&mut self) -> io::Result<&[u8]> {
                self.$field.fill_buf()
            }
            fn consume(&mut self, n: usize) {
                self.$field.consume(n);
            }
        }
    };
}

delegate!(Pipe, Read, 0);
delegate!(Seekable, Read + Seek, inner);
delegate!(Exact, BufRead, 0);

impl<R: Read> Source for Pipe<R> {}
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
