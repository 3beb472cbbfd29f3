//! What can go wrong, by whose fault it is.

use std::borrow::Cow;
use std::fmt;
use std::io;

/// The result of this crate's operations.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Which kind of thing went wrong; see [`Error::kind`]. The crate demijohn-pickle uses the same kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input ended before what it holds did.
    Truncated,
    /// The input contradicts itself or its format.
    Corrupt,
    /// Valid, as far as can be told, but not something that is handled here.
    Unsupported,
    /// A limit was reached.
    Limit,
    /// The caller asked for something impossible: lengths that do not match, a view of the wrong type, a key that is not
    /// there.
    Parameter,
    /// The source or the sink failed; the [`io::Error`] is kept.
    Io,
}

impl From<ErrorKind> for io::ErrorKind {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Truncated => Self::UnexpectedEof,
            ErrorKind::Corrupt => Self::InvalidData,
            ErrorKind::Unsupported => Self::Unsupported,
            ErrorKind::Limit => Self::OutOfMemory,
            ErrorKind::Parameter => Self::InvalidInput,
            ErrorKind::Io => Self::Other,
        }
    }
}

/// An error of this crate: a [kind](ErrorKind) and a sentence.
///
/// Converts to and from [`io::Error`] without loss: an `Error` that travelled inside an `io::Error` comes out as
/// itself, and an `io::Error` of the underlying source comes back unchanged.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    source: Option<io::Error>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            source: None,
        }))
    }

    pub(crate) fn truncated(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Truncated, message)
    }

    pub(crate) fn corrupt(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Corrupt, message)
    }

    pub(crate) fn unsupported(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Unsupported, message)
    }

    pub(crate) fn limit(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Limit, message)
    }

    pub(crate) fn parameter(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Parameter, message)
    }

    /// The same error with the name of the file within a file in front. Those of the source stay as they are.
    #[cfg(feature = "npz")]
    pub(crate) fn within(mut self, name: &str) -> Self {
        if self.0.source.is_none() {
            self.0.message = format!("{name}: {}", self.0.message).into();
        }
        self
    }

    /// Which kind of error this is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The error of the underlying reader or writer, if that is what failed.
    #[must_use]
    pub fn io(&self) -> Option<&io::Error> {
        self.0.source.as_ref()
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("source", &self.0.source)
            .finish()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|e| e as _)
    }
}

impl From<io::Error> for Error {
    fn from(e: io::Error) -> Self {
        match e.downcast::<Self>() {
            Ok(ours) => ours,
            Err(e) => {
                let message = e.to_string().into();
                Self(Box::new(Inner {
                    kind: ErrorKind::Io,
                    message,
                    source: Some(e),
                }))
            }
        }
    }
}

impl From<Error> for io::Error {
    fn from(e: Error) -> Self {
        match *e.0 {
            Inner {
                kind: ErrorKind::Io,
                source: Some(source),
                ..
            } => source,
            inner => Self::new(inner.kind.into(), Error(Box::new(inner))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_a_trip_through_io_error() {
        let io = io::Error::from(Error::truncated("cut"));
        assert_eq!(io.kind(), io::ErrorKind::UnexpectedEof);
        let back = Error::from(io);
        assert_eq!(
            (back.kind(), back.to_string().as_str()),
            (ErrorKind::Truncated, "cut")
        );
    }

    #[test]
    fn gives_a_foreign_io_error_back_unchanged() {
        let ours = Error::from(io::Error::from_raw_os_error(28));
        assert_eq!(ours.kind(), ErrorKind::Io);
        assert_eq!(io::Error::from(ours).raw_os_error(), Some(28));
    }
}
