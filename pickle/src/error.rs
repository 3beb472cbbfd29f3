//! What can go wrong, and where in the stream.

use std::borrow::Cow;
use std::fmt;
use std::io;

use demijohn_arrays as arrays;

/// Which kind of thing went wrong; see [`Error::kind`].
pub use demijohn_arrays::ErrorKind;

use crate::opcode;
use crate::path::{Path, Step};

/// The result of this crate's operations.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of this crate: a [kind](ErrorKind), a sentence, and the place in the stream where there is one.
///
/// Converts to and from [`io::Error`] without loss: an `Error` that travelled inside an `io::Error` comes out as
/// itself, and an `io::Error` of the underlying source comes back unchanged.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    offset: Option<u64>,
    opcode: Option<u8>,
    /// The way to the value that it is about, the last step first.
    steps: Vec<Step>,
    source: Option<Source>,
}

enum Source {
    Io(io::Error),
    Array(arrays::Error),
}

impl Error {
    /// An error of a [`Builder`](crate::Builder) or a [`Payload`](crate::Payload); the machine adds the place.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            offset: None,
            opcode: None,
            steps: Vec::new(),
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

    /// Adds the opcode at which it happened, unless a place is known already.
    pub(crate) fn at(mut self, offset: u64, opcode: u8) -> Self {
        if self.0.offset.is_none() {
            self.0.offset = Some(offset);
            self.0.opcode = Some(opcode);
        }
        self
    }

    /// The error of a pickle beside the one at hand, as one of the latter.
    pub(crate) fn within(self, name: &str) -> Self {
        let message = format!("{name}: {self}");
        let mut error = Self::new(self.0.kind, message);
        error.0.source = self.0.source;
        error
    }

    /// Adds where in a document the value is that it is about.
    pub(crate) fn at_path(mut self, path: Path) -> Self {
        self.0.steps.extend(path.steps.into_iter().rev());
        self
    }

    /// Adds the step that led to the value it is about, the innermost first.
    #[cfg(feature = "serde")]
    pub(crate) fn below(mut self, step: Step) -> Self {
        self.0.steps.push(step);
        self
    }

    /// Where in a document the value is that it is about.
    #[must_use]
    pub fn path(&self) -> Option<Path> {
        let steps = self.0.steps.iter().rev().cloned().collect();
        (!self.0.steps.is_empty()).then_some(Path { steps })
    }

    /// Which kind of error this is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Where in the pickle, in bytes from its beginning, the opcode stands at which it happened.
    #[must_use]
    pub fn offset(&self) -> Option<u64> {
        self.0.offset
    }

    /// The opcode at which it happened.
    #[must_use]
    pub fn opcode(&self) -> Option<u8> {
        self.0.opcode
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Error");
        debug
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("path", &self.path().map(|path| path.to_string()));
        debug
            .field("offset", &self.0.offset)
            .field("opcode", &self.0.opcode);
        match &self.0.source {
            Some(Source::Io(e)) => debug.field("source", e),
            Some(Source::Array(e)) => debug.field("source", e),
            None => &mut debug,
        };
        debug.finish()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = self.path() {
            write!(f, "at {path}: ")?;
        }
        f.write_str(&self.0.message)?;
        match (self.0.offset, self.0.opcode) {
            (Some(offset), Some(opcode)) => match opcode::name(opcode) {
                Some(name) => write!(f, " (at byte {offset}, opcode {name})"),
                None => write!(f, " (at byte {offset})"),
            },
            (Some(offset), None) => write!(f, " (at byte {offset})"),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self.0.source.as_ref()? {
            Source::Io(e) => Some(e),
            Source::Array(e) => Some(e),
        }
    }
}

impl From<arrays::Error> for Error {
    fn from(e: arrays::Error) -> Self {
        if e.kind() == ErrorKind::Io {
            return io::Error::from(e).into();
        }
        let mut error = Self::new(e.kind(), e.to_string());
        error.0.source = Some(Source::Array(e));
        error
    }
}

impl From<io::Error> for Error {
    fn from(e: io::Error) -> Self {
        let e = match e.downcast::<Self>() {
            Ok(ours) => return ours,
            Err(e) => e,
        };
        match e.downcast::<arrays::Error>() {
            Ok(array) => array.into(),
            Err(e) => {
                let mut error = Self::new(ErrorKind::Io, e.to_string());
                error.0.source = Some(Source::Io(e));
                error
            }
        }
    }
}

impl From<Error> for io::Error {
    fn from(e: Error) -> Self {
        match *e.0 {
            Inner {
                kind: ErrorKind::Io,
                source: Some(Source::Io(source)),
                ..
            } => source,
            inner => Self::new(inner.kind.into(), Error(Box::new(inner))),
        }
    }
}

#[cfg(feature = "serde")]
impl serde::ser::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::parameter(message.to_string())
    }
}

#[cfg(feature = "serde")]
impl serde::de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::parameter(message.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_a_trip_through_io_error() {
        let io = io::Error::from(Error::corrupt("odd").at(7, b'u'));
        assert_eq!(io.kind(), io::ErrorKind::InvalidData);
        let back = Error::from(io);
        assert_eq!(
            (back.kind(), back.offset(), back.opcode()),
            (ErrorKind::Corrupt, Some(7), Some(b'u'))
        );
        assert_eq!(back.to_string(), "odd (at byte 7, opcode SETITEMS)");
    }

    #[test]
    fn keeps_the_innermost_place() {
        let error = Error::corrupt("odd").at(1, b'a').at(2, b'b');
        assert_eq!((error.offset(), error.opcode()), (Some(1), Some(b'a')));
    }

    #[test]
    fn gives_a_foreign_io_error_back_unchanged_even_through_an_array() {
        let array = arrays::Error::from(io::Error::from_raw_os_error(5));
        let ours = Error::from(array);
        assert_eq!(ours.kind(), ErrorKind::Io);
        assert_eq!(io::Error::from(ours).raw_os_error(), Some(5));
    }

    #[test]
    fn keeps_what_kind_of_error_an_array_had() {
        let error = Error::from("<q9".parse::<arrays::DType>().unwrap_err());
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert!(std::error::Error::source(&error).unwrap().is::<arrays::Error>());
        let overlapping = "{'names': ['a', 'b'], 'formats': ['<i2', '<i2'], 'offsets': [0, 0]}";
        let error = overlapping.parse::<arrays::DType>().unwrap().descr().unwrap_err();
        let error = Error::from(io::Error::from(error));
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    }
}
