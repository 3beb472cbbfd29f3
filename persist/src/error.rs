//! What can go wrong, in one type for all layers.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

pub use crate::codecs::ErrorKind;
use crate::{arrays, codecs, pickle};

/// The result of this crate's operations.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of dumping or loading: its [kind](ErrorKind), the file if it was named, and the error of the layer where it
/// arose, with offsets.
///
/// Converts to and from [`io::Error`] without loss.
pub struct Error(Box<Inner>);

struct Inner {
    path: Option<PathBuf>,
    layer: Layer,
}

enum Layer {
    Stream(codecs::Error),
    Object(pickle::Error),
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: String) -> Self {
        codecs::Error::new(kind, message).into()
    }

    /// Adds which file it is about, if it does not say so yet.
    #[must_use]
    pub fn at_path(mut self, path: &Path) -> Self {
        self.0.path.get_or_insert_with(|| path.to_owned());
        self
    }

    /// The same error about a file that is not named, for who has a name for it already.
    #[must_use]
    pub fn without_path(mut self) -> Self {
        self.0.path = None;
        self
    }

    /// Which kind of error this is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match &self.0.layer {
            Layer::Stream(e) => e.kind(),
            Layer::Object(e) => match e.kind() {
                pickle::ErrorKind::Truncated => ErrorKind::Truncated,
                pickle::ErrorKind::Corrupt => ErrorKind::Corrupt,
                pickle::ErrorKind::Limit => ErrorKind::Limit,
                pickle::ErrorKind::Parameter => ErrorKind::Parameter,
                pickle::ErrorKind::Io => ErrorKind::Io,
                // Kinds that may be added later are things this version does not know.
                _ => ErrorKind::Unsupported,
            },
        }
    }

    /// The file, if it was named.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.0.path.as_deref()
    }

    /// The compression format, if the error arose in one.
    #[must_use]
    pub fn format(&self) -> Option<&str> {
        match &self.0.layer {
            Layer::Stream(e) => e.format(),
            Layer::Object(_) => None,
        }
    }

    /// Where in the compressed stream, in bytes, if the error arose in decompression.
    #[must_use]
    pub fn offset_in(&self) -> Option<u64> {
        match &self.0.layer {
            Layer::Stream(e) => e.offset_in(),
            Layer::Object(_) => None,
        }
    }

    /// Where in the decompressed data, in bytes; for errors in the object, the offset of the opcode.
    #[must_use]
    pub fn offset_out(&self) -> Option<u64> {
        match &self.0.layer {
            Layer::Stream(e) => e.offset_out(),
            Layer::Object(e) => e.offset(),
        }
    }

    /// The opcode at which it happened, for errors in the object.
    #[must_use]
    pub fn opcode(&self) -> Option<u8> {
        match &self.0.layer {
            Layer::Stream(_) => None,
            Layer::Object(e) => e.opcode(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.0.path {
            write!(f, "{}: ", path.display())?;
        }
        match &self.0.layer {
            Layer::Stream(e) => fmt::Display::fmt(e, f),
            Layer::Object(e) => fmt::Display::fmt(e, f),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Error");
        debug.field("kind", &self.kind()).field("path", &self.0.path);
        match &self.0.layer {
            Layer::Stream(e) => debug.field("stream", e),
            Layer::Object(e) => debug.field("object", e),
        };
        debug.finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // The layer's error speaks through this one; below it is what comes next.
        match &self.0.layer {
            Layer::Stream(e) => std::error::Error::source(e),
            Layer::Object(e) => std::error::Error::source(e),
        }
    }
}

impl From<codecs::Error> for Error {
    fn from(e: codecs::Error) -> Self {
        Self(Box::new(Inner {
            path: None,
            layer: Layer::Stream(e),
        }))
    }
}

impl From<pickle::Error> for Error {
    fn from(e: pickle::Error) -> Self {
        if e.kind() == pickle::ErrorKind::Io {
            // The source was a stream of ours, whose error it may be.
            return match io::Error::from(e).downcast::<Self>() {
                Ok(ours) => ours,
                Err(e) => codecs::Error::from(e).into(),
            };
        }
        Self(Box::new(Inner {
            path: None,
            layer: Layer::Object(e),
        }))
    }
}

impl From<arrays::Error> for Error {
    fn from(e: arrays::Error) -> Self {
        pickle::Error::from(e).into()
    }
}

impl From<io::Error> for Error {
    fn from(e: io::Error) -> Self {
        match e.downcast::<Self>() {
            Ok(ours) => ours,
            Err(e) => pickle::Error::from(e).into(),
        }
    }
}

impl From<Error> for io::Error {
    fn from(e: Error) -> Self {
        match *e.0 {
            Inner {
                path: None,
                layer: Layer::Stream(e),
            } => e.into(),
            Inner {
                path: None,
                layer: Layer::Object(e),
            } => e.into(),
            inner => {
                let error = Error(Box::new(inner));
                let kind = match &error.0.layer {
                    Layer::Stream(e) => e.io_kind(),
                    Layer::Object(_) => error.kind().into(),
                };
                Self::new(kind, error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_error_comes_out_of_a_pickle_error_as_itself() {
        let stream = codecs::Error::new(ErrorKind::Checksum, "CRC-32")
            .with_format("gzip")
            .with_offsets(7, 9);
        let error = Error::from(pickle::Error::from(io::Error::from(stream)));
        assert_eq!(
            (error.kind(), error.format()),
            (ErrorKind::Checksum, Some("gzip"))
        );
        assert_eq!((error.offset_in(), error.offset_out()), (Some(7), Some(9)));
    }

    #[test]
    fn an_array_error_keeps_its_kind() {
        let error = Error::from(arrays::Array::from_vec(vec![1_u8], &[2]).unwrap_err());
        assert_eq!(error.kind(), ErrorKind::Parameter);
        assert!(std::error::Error::source(&error).is_some_and(|source| source.is::<arrays::Error>()));
    }

    #[test]
    fn nothing_is_lost_on_the_way_through_io_error() {
        let error = Error::new(ErrorKind::UnknownFormat, "odd".into()).at_path(Path::new("a.pkl"));
        let io = io::Error::from(error);
        assert_eq!(io.kind(), io::ErrorKind::InvalidData);
        let back = Error::from(io);
        assert_eq!(
            (back.kind(), back.path()),
            (ErrorKind::UnknownFormat, Some(Path::new("a.pkl")))
        );

        let object = pickle::Error::new(pickle::ErrorKind::Corrupt, "odd");
        let back = Error::from(io::Error::from(Error::from(object)));
        assert_eq!((back.kind(), back.path()), (ErrorKind::Corrupt, None));
    }
}
