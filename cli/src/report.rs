//! What went wrong, in one line on standard error, and how the program ends.

use std::fmt;
use std::io::{self, Write as _};
use std::path::Path;

use demijohn::arrays::is_misleading;
use demijohn_codecs::{Error, ErrorKind};
use serde_json::{Value, json};

use crate::interrupt;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Ok,
    /// Some file failed.
    Failed,
    /// The command line asks for something that cannot be.
    Usage,
    /// Nothing failed, but `scan` found names that are not known to be safe.
    Unsafe,
    /// Whoever read the output has gone.
    ClosedPipe,
    Interrupted,
}

impl From<Exit> for u8 {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Ok => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Unsafe => 3,
            // 128 and the number of SIGPIPE, of which other programs die.
            Exit::ClosedPipe => 141,
            Exit::Interrupted => interrupt::STATUS,
        }
    }
}

/// Why something was not done.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A stream or a file system said no; `about` names the file.
    Error {
        about: String,
        error: Error,
    },
    /// The program itself would rather not.
    Refused {
        about: String,
        why: String,
    },
    /// A failure after which the other files cannot be done.
    Last(Box<Failure>),
    /// Standard output takes no more, so there is no point in going on.
    Stdout(io::Error),
    /// The command line asks for something that cannot be.
    Usage(String),
    Interrupted,
}

impl Failure {
    pub(crate) fn new(about: impl fmt::Display, error: impl Into<Error>) -> Self {
        let error = error.into();
        match error.kind() {
            ErrorKind::Cancelled => Failure::Interrupted,
            _ => Failure::Error {
                about: about.to_string(),
                error,
            },
        }
    }

    /// The failure of a file for what is wrong with an object in it.
    pub(crate) fn of_object(about: impl fmt::Display, error: demijohn::Error) -> Self {
        let kind = error.kind();
        let error = match io::Error::from(error).downcast::<demijohn::pickle::Error>() {
            // It may quote what stands in the file.
            Ok(error) => Error::new(kind, printable(&error.to_string())),
            Err(error) => Error::from(error),
        };
        if error.kind() == ErrorKind::Parameter {
            // Nothing is wrong with the file; it has not what was asked for.
            return Failure::refused(about, printable(error.message()));
        }
        Failure::new(about, error)
    }

    pub(crate) fn refused(about: impl fmt::Display, why: impl Into<String>) -> Self {
        Failure::Refused {
            about: about.to_string(),
            why: why.into(),
        }
    }

    pub(crate) fn stdout(error: io::Error) -> Self {
        match Error::from(error) {
            error if error.kind() == ErrorKind::Cancelled => Failure::Interrupted,
            error => Failure::Stdout(error.into()),
        }
    }

    /// The same failure, with what there is to do if it is the directory of a file that is in the way, since nothing can be
    /// made in it.
    pub(crate) fn with_way_out(self, path: &Path, way: &str) -> Self {
        match self {
            Failure::Error { about, error } if path.is_file() => {
                // Those of the file itself have the system's number.
                let closed = error.io().filter(|io| {
                    use io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
                    matches!(io.kind(), PermissionDenied | ReadOnlyFilesystem) && io.raw_os_error().is_none()
                });
                let error = match closed {
                    Some(io) => io::Error::new(io.kind(), format!("{io}; {way}")).into(),
                    None => error,
                };
                Failure::Error { about, error }
            }
            other => other,
        }
    }

    /// The same failure, after which nothing more can be done.
    pub(crate) fn last(self) -> Self {
        Failure::Last(Box::new(self))
    }

    /// Prints the line, if the failure has one, and says how the program is to end for it.
    pub(crate) fn report(&self) -> Exit {
        match self {
            Failure::Error { .. } | Failure::Refused { .. } => {
                say(self);
                Exit::Failed
            }
            Failure::Usage(_) => {
                say(self);
                Exit::Usage
            }
            Failure::Stdout(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::ClosedPipe,
            Failure::Stdout(_) => {
                say(self);
                Exit::Failed
            }
            Failure::Last(failure) => failure.report(),
            Failure::Interrupted => Exit::Interrupted,
        }
    }

    /// Is there no point in doing the other files?
    pub(crate) fn is_final(&self) -> bool {
        !matches!(self, Failure::Error { .. } | Failure::Refused { .. })
    }

    /// The failure as `--json` prints it.
    pub(crate) fn to_json(&self) -> Value {
        let (kind, message, offset_in, offset_out) = match self {
            Failure::Error { error, .. } => (
                slug(error.kind()),
                match error.kind() {
                    ErrorKind::Io => system(error),
                    _ => error.message().to_owned(),
                },
                error.offset_in(),
                error.offset_out(),
            ),
            Failure::Refused { why, .. } => ("refused", why.clone(), None, None),
            other => ("io", other.to_string(), None, None),
        };
        json!({ "kind": kind, "message": message, "offset_in": offset_in, "offset_out": offset_out })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // An error of the system needs no format and no offset beside the file's name, unless it came
            // in the middle of a stream.
            Failure::Error { about, error } if error.kind() == ErrorKind::Io => {
                write!(f, "{about}: {}", system(error))
            }
            Failure::Error { about, error } => {
                write!(f, "{about}: {error}")?;
                // What is too long or too deep has no option.
                if error.kind() == ErrorKind::Limit && error.format().is_some() {
                    f.write_str("; --max-output and --memlimit set the limits")?;
                }
                Ok(())
            }
            Failure::Refused { about, why } => write!(f, "{about}: {why}"),
            Failure::Stdout(error) => {
                let ours = error.get_ref().and_then(|error| error.downcast_ref::<Error>());
                let text = ours.map_or_else(|| system(&Error::from(duplicate(error))), system);
                write!(f, "standard output: {text}")
            }
            Failure::Last(failure) => failure.fmt(f),
            Failure::Usage(why) => f.write_str(why),
            Failure::Interrupted => f.write_str("interrupted"),
        }
    }
}

/// An error of the operating system in words, without its number and without the path that the codecs put in
/// front.
fn system(error: &Error) -> String {
    let Some(io) = error.io() else {
        return error.message().to_owned();
    };
    let text = match io.kind() {
        // Without a number the library has more to say: of a file that nobody named, for instance.
        io::ErrorKind::NotFound if io.raw_os_error().is_some() => "no such file or directory".to_owned(),
        io::ErrorKind::PermissionDenied if io.raw_os_error().is_some() => "permission denied".to_owned(),
        io::ErrorKind::IsADirectory => "is a directory".to_owned(),
        io::ErrorKind::StorageFull if io.raw_os_error().is_some() => "no space left on device".to_owned(),
        _ => io.to_string(),
    };
    match text.find(" (os error ") {
        Some(at) => {
            let end = text[at..].find(')').map_or(text.len(), |end| at + end + 1);
            format!("{}{}", &text[..at], &text[end..])
        }
        None => text,
    }
}

/// [`io::Error`] is not `Clone`; what is shown of it can be had all the same.
fn duplicate(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

/// The kind in one word that scripts may compare; never changed once released.
fn slug(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Truncated => "truncated",
        ErrorKind::Corrupt => "corrupt",
        ErrorKind::Checksum => "checksum",
        ErrorKind::TrailingData => "trailing_data",
        ErrorKind::UnknownFormat => "unknown_format",
        ErrorKind::Unsupported => "unsupported",
        ErrorKind::Limit => "limit",
        ErrorKind::Parameter => "parameter",
        ErrorKind::Cancelled => "cancelled",
        ErrorKind::Io => "io",
        _ => "other",
    }
}

/// One line on standard error. That it may be closed or full is nobody's problem.
pub(crate) fn say(line: impl fmt::Display) {
    let line = printable(&line.to_string());
    let _ = writeln!(io::stderr(), "demijohn: {line}");
}

/// A path for a message: one line, whatever its name contains.
pub(crate) fn shown(path: &Path) -> String {
    printable(&path.to_string_lossy())
}

/// Text in which what is [misleading](is_misleading) is escaped, so that it can neither break a line nor drive a terminal.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_misleading(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// JSON as one line, in which what is misleading is escaped too.
pub(crate) fn json_line(value: &Value) -> String {
    let mut line = String::new();
    for c in value.to_string().chars() {
        if is_misleading(c) {
            // Nowhere but in strings.
            for unit in c.encode_utf16(&mut [0; 2]) {
                line.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            line.push(c);
        }
    }
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_the_line() {
        assert_eq!(shown(Path::new("a\nb\x1b[31m")), "a\\nb\\u{1b}[31m");
        assert_eq!(shown(Path::new("größe ü")), "größe ü");
        assert_eq!(
            shown(Path::new("\u{202e}gpj.py\u{2028}")),
            "\\u{202e}gpj.py\\u{2028}"
        );
        let value = json!({"name": "\u{202e}é\u{e0041}\n"});
        let line = json_line(&value);
        assert_eq!(line, "{\"name\":\"\\u202eé\\udb40\\udc41\\n\"}\n");
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), value);
    }

    #[test]
    fn a_closed_directory_has_a_way_around_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("there");
        std::fs::write(&path, "").unwrap();
        let failed = |error: io::Error, path: &Path| {
            let failure = Failure::new("x", error).with_way_out(path, "--in-place does that");
            failure.to_string()
        };
        let closed = || io::Error::new(io::ErrorKind::PermissionDenied, "no; only in place");
        assert_eq!(
            failed(closed(), &path),
            "x: no; only in place; --in-place does that"
        );
        assert_eq!(failed(closed(), &dir.path().join("new")), "x: no; only in place");
        let file = io::Error::from(rustix::io::Errno::ACCESS);
        assert_eq!(failed(file, &path), "x: permission denied");
    }

    #[test]
    fn system_errors_lose_their_number_but_not_their_advice() {
        let error = Error::from(io::Error::from_raw_os_error(5));
        assert_eq!(Failure::new("x", error).to_string(), "x: Input/output error");
        let advice = io::Error::new(
            io::ErrorKind::PermissionDenied,
            "Permission denied (os error 13); try elsewhere",
        );
        assert_eq!(
            Failure::new("x", Error::from(advice)).to_string(),
            "x: Permission denied; try elsewhere"
        );
    }

    #[test]
    fn being_cancelled_is_no_error_of_the_file() {
        let failure = Failure::new("x", interrupt::cancelled());
        assert!(matches!(failure, Failure::Interrupted));
        assert_eq!(failure.report(), Exit::Interrupted);
    }
}
