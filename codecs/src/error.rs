//! What can go wrong, in one opaque type: a [kind](ErrorKind), the format, where in the stream, and why.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::sync::Arc;

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input ended where the format does not allow an end.
    Truncated,
    /// The input breaks a rule of its format.
    Corrupt,
    /// The data decoded, but the checksum stored with it says that it is not what was written.
    Checksum,
    /// A whole stream was read, and something follows it that does not belong to it.
    TrailingData,
    /// No registered format recognises the input.
    UnknownFormat,
    /// A known thing that this build, this format or this direction cannot do.
    Unsupported,
    /// A limit set by the caller (memory, output size, ratio) would be exceeded.
    Limit,
    /// An option is outside its range, or names something that does not exist.
    Parameter,
    /// The caller's progress callback asked to stop.
    Cancelled,
    /// The source or the sink failed.
    Io,
}

impl ErrorKind {
    /// The kind in one or two words, as it stands in messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ErrorKind::Truncated => "truncated",
            ErrorKind::Corrupt => "corrupt",
            ErrorKind::Checksum => "checksum mismatch",
            ErrorKind::TrailingData => "trailing data",
            ErrorKind::UnknownFormat => "unknown format",
            ErrorKind::Unsupported => "unsupported",
            ErrorKind::Limit => "limit exceeded",
            ErrorKind::Parameter => "invalid parameter",
            ErrorKind::Cancelled => "cancelled",
            ErrorKind::Io => "I/O error",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<ErrorKind> for io::ErrorKind {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Truncated => io::ErrorKind::UnexpectedEof,
            ErrorKind::Corrupt | ErrorKind::Checksum | ErrorKind::TrailingData | ErrorKind::UnknownFormat => {
                io::ErrorKind::InvalidData
            }
            ErrorKind::Unsupported => io::ErrorKind::Unsupported,
            ErrorKind::Limit => io::ErrorKind::OutOfMemory,
            ErrorKind::Parameter => io::ErrorKind::InvalidInput,
            ErrorKind::Cancelled | ErrorKind::Io => io::ErrorKind::Other,
        }
    }
}

/// An error of this crate.
///
/// It converts to [`io::Error`] and back without loss, so that it survives a trip through code that only
/// knows [`std::io::Read`]: `Error::from(io_error)` is the same error again.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    format: Option<Cow<'static, str>>,
    offset_in: Option<u64>,
    offset_out: Option<u64>,
    /// Shared, because a stream repeats its error on every call after the first.
    source: Option<Arc<io::Error>>,
}

impl Error {
    /// An error of a kind, with the reason in words.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Error(Box::new(Inner {
            kind,
            message: message.into(),
            format: None,
            offset_in: None,
            offset_out: None,
            source: None,
        }))
    }

    /// The input breaks a rule of its format.
    pub fn corrupt(message: impl Into<Cow<'static, str>>) -> Self {
        Error::new(ErrorKind::Corrupt, message)
    }

    /// The input ended too early.
    pub fn truncated(message: impl Into<Cow<'static, str>>) -> Self {
        Error::new(ErrorKind::Truncated, message)
    }

    /// A stored checksum and the computed one differ.
    #[must_use]
    pub fn checksum(name: &str, stored: u64, computed: u64) -> Self {
        Error::new(
            ErrorKind::Checksum,
            format!("{name} is {computed:08x}, the stream says {stored:08x}"),
        )
    }

    /// Compares a stored checksum with the computed one.
    ///
    /// # Errors
    /// `Checksum` if they differ.
    pub(crate) fn verify(name: &str, stored: u32, computed: u32) -> Result<()> {
        if stored == computed {
            Ok(())
        } else {
            Err(Error::checksum(name, stored.into(), computed.into()))
        }
    }

    /// A known thing that cannot be done.
    pub fn unsupported(message: impl Into<Cow<'static, str>>) -> Self {
        Error::new(ErrorKind::Unsupported, message)
    }

    /// An option outside its range.
    pub fn parameter(message: impl Into<Cow<'static, str>>) -> Self {
        Error::new(ErrorKind::Parameter, message)
    }

    /// A limit of the caller's would be exceeded.
    pub fn limit(message: impl Into<Cow<'static, str>>) -> Self {
        Error::new(ErrorKind::Limit, message)
    }

    /// The format is known, but the crate was built without it.
    #[must_use]
    pub fn feature_off(format: &'static str) -> Self {
        Error::unsupported(format!(
            "this build leaves the format out; build demijohn-codecs with the feature `{format}`"
        ))
        .with_format(format)
    }

    /// An error of the operating system, with the path that it is about.
    pub(crate) fn at_path(error: io::Error, path: &std::path::Path) -> Self {
        let mut new = Error::new(ErrorKind::Io, format!("{}: {error}", path.display()));
        new.0.source = Some(Arc::new(error));
        new
    }

    /// Says which format was being read or written, unless the error already knows.
    #[must_use]
    pub fn with_format(mut self, format: impl Into<Cow<'static, str>>) -> Self {
        self.0.format.get_or_insert_with(|| format.into());
        self
    }

    /// Says where: bytes of the compressed stream consumed or produced, and bytes of the plain stream, both
    /// counted from where the stream began. Keeps offsets that are already there.
    #[must_use]
    pub fn with_offsets(mut self, compressed: u64, plain: u64) -> Self {
        self.0.offset_in.get_or_insert(compressed);
        self.0.offset_out.get_or_insert(plain);
        self
    }

    /// What kind of error this is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The format being read or written, if the error arose in one.
    #[must_use]
    pub fn format(&self) -> Option<&str> {
        self.0.format.as_deref()
    }

    /// Offset in the compressed stream, in bytes from where it began.
    #[must_use]
    pub fn offset_in(&self) -> Option<u64> {
        self.0.offset_in
    }

    /// Offset in the plain (uncompressed) stream, in bytes from where it began.
    #[must_use]
    pub fn offset_out(&self) -> Option<u64> {
        self.0.offset_out
    }

    /// The reason in words, without kind, format and offsets.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The error of the source or the sink, for kind [`ErrorKind::Io`].
    #[must_use]
    pub fn io(&self) -> Option<&io::Error> {
        self.0.source.as_deref()
    }

    /// The [`io::ErrorKind`] that stands for this error.
    #[must_use]
    pub fn io_kind(&self) -> io::ErrorKind {
        match &self.0.source {
            Some(source) => source.kind(),
            None => self.0.kind.into(),
        }
    }

    /// True for what may succeed when it is tried again: `WouldBlock` and `Interrupted` of the source or sink.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self.io_kind(),
            io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
        )
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut s = f.debug_struct("Error");
        s.field("kind", &self.0.kind).field("message", &self.0.message);
        if let Some(format) = &self.0.format {
            s.field("format", format);
        }
        if let Some(offset) = self.0.offset_in {
            s.field("offset_in", &offset);
        }
        if let Some(offset) = self.0.offset_out {
            s.field("offset_out", &offset);
        }
        if let Some(source) = &self.0.source {
            s.field("source", source);
        }
        s.finish()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(format) = &self.0.format {
            write!(f, "{format}: ")?;
        }
        match self.0.kind {
            // The message of an I/O error is the operating system's; its kind adds nothing.
            ErrorKind::Io => f.write_str(&self.0.message)?,
            kind => write!(f, "{kind}: {}", self.0.message)?,
        }
        match (self.0.offset_in, self.0.offset_out) {
            (Some(i), Some(o)) => write!(f, " (at compressed byte {i}, decoded byte {o})"),
            (Some(i), None) => write!(f, " (at compressed byte {i})"),
            (None, Some(o)) => write!(f, " (at decoded byte {o})"),
            (None, None) => Ok(()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|e| e as _)
    }
}

impl From<io::Error> for Error {
    /// Takes an error of this crate out of the [`io::Error`] that carries it; anything else becomes kind `Io`.
    fn from(error: io::Error) -> Self {
        match error.downcast::<Error>() {
            Ok(ours) => ours,
            Err(error) => {
                let mut new = Error::new(ErrorKind::Io, error.to_string());
                new.0.source = Some(Arc::new(error));
                new
            }
        }
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        io::Error::new(error.io_kind(), error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_the_trip_through_io_error() {
        let error = Error::corrupt("bad block").with_format("gzip").with_offsets(7, 9);
        let io = io::Error::from(error);
        assert_eq!(io.kind(), io::ErrorKind::InvalidData);
        let back = Error::from(io);
        assert_eq!(back.kind(), ErrorKind::Corrupt);
        assert_eq!(
            (back.format(), back.offset_in(), back.offset_out()),
            (Some("gzip"), Some(7), Some(9))
        );
        assert_eq!(
            back.to_string(),
            "gzip: corrupt: bad block (at compressed byte 7, decoded byte 9)"
        );
    }

    #[test]
    fn keeps_the_kind_of_an_io_error() {
        let error = Error::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(error.kind(), ErrorKind::Io);
        assert_eq!(io::Error::from(error.clone()).kind(), io::ErrorKind::BrokenPipe);
        assert!(!error.is_transient());
        assert!(Error::from(io::Error::from(io::ErrorKind::Interrupted)).is_transient());
    }

    #[test]
    fn the_first_to_know_names_format_and_offsets() {
        let error = Error::truncated("x")
            .with_format("xz")
            .with_format("none")
            .with_offsets(1, 2);
        let error = error.with_offsets(3, 4);
        assert_eq!((error.format(), error.offset_in()), (Some("xz"), Some(1)));
    }
}
