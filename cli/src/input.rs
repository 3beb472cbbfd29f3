//! Where bytes come from: a file or standard input, and the decoder that fits it.

use std::fmt;
use std::fs::{File, Metadata};
use std::io::{self, BufRead as _, IsTerminal as _};
use std::path::{Path, PathBuf};

use demijohn::compat::ZFile;
use demijohn_codecs::{Compressor, Error, ErrorKind, Options, Pipe, Reader, Seekable, Source, Spec};

use crate::args::{Decoding, Talk};
use crate::foreign;
use crate::interrupt::Interruptible;
use crate::progress::{Bar, Side};
use crate::report::{Failure, shown};

/// A FILE argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Operand {
    Stdin,
    Path(PathBuf),
}

impl Operand {
    /// The operands of a command line; none means standard input.
    pub(crate) fn all(files: &[PathBuf]) -> Result<Vec<Operand>, Failure> {
        if files.is_empty() {
            if io::stdin().is_terminal() {
                return Err(Failure::Usage(
                    "no FILE is named, and standard input is a terminal; --help says more".to_owned(),
                ));
            }
            return Ok(vec![Operand::Stdin]);
        }
        Ok(files.iter().map(|path| Operand::from_arg(path)).collect())
    }

    pub(crate) fn from_arg(path: &Path) -> Self {
        if path.as_os_str() == "-" {
            Operand::Stdin
        } else {
            Operand::Path(path.to_owned())
        }
    }

    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Operand::Stdin => None,
            Operand::Path(path) => Some(path),
        }
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Operand::Stdin => f.write_str("standard input"),
            Operand::Path(path) => f.write_str(&shown(path)),
        }
    }
}

/// An open operand.
pub(crate) struct Input {
    pub(crate) source: Box<dyn Source>,
    /// Of a named regular file.
    pub(crate) metadata: Option<Metadata>,
}

impl Input {
    pub(crate) fn open(operand: &Operand) -> Result<Self, Failure> {
        Input::try_open(operand).map_err(|error| Failure::new(operand, error))
    }

    fn try_open(operand: &Operand) -> io::Result<Self> {
        let (file, metadata) = open(operand)?;
        let source: Box<dyn Source> = if metadata.is_file() {
            Box::new(Seekable::new(file)?)
        } else {
            Box::new(Pipe::new(Interruptible(file)))
        };
        Ok(Input {
            source,
            metadata: Some(metadata).filter(|m| m.is_file() && operand.path().is_some()),
        })
    }
}

/// Opens an operand as it is.
pub(crate) fn open(operand: &Operand) -> io::Result<(File, Metadata)> {
    let file = match operand {
        Operand::Path(path) => File::open(path)?,
        Operand::Stdin => stdin()?,
    };
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok((file, metadata))
}

/// Standard input without the buffer of [`io::stdin`].
#[cfg(unix)]
fn stdin() -> io::Result<File> {
    use std::os::fd::AsFd as _;
    Ok(File::from(io::stdin().as_fd().try_clone_to_owned()?))
}

#[cfg(windows)]
fn stdin() -> io::Result<File> {
    use std::os::windows::io::AsHandle as _;
    Ok(File::from(io::stdin().as_handle().try_clone_to_owned()?))
}

/// An open operand and the decoder for it.
pub(crate) struct Decoder {
    pub(crate) reader: Reader<Box<dyn Source>>,
    pub(crate) metadata: Option<Metadata>,
    /// Shown while the decoder is in use.
    pub(crate) bar: Bar,
    /// What is decoded may be written by another thread: there may be several, and the source does not wait.
    pub(crate) beside: bool,
}

/// Opens an operand for decoding. `plain` says whether bytes that no format claims are let through.
pub(crate) fn decoder(
    operand: &Operand,
    decoding: &Decoding,
    plain: bool,
    talk: Talk,
) -> Result<Decoder, Failure> {
    decoder_with(operand, decoding, plain, talk, Options::new())
}

/// The same with more options.
pub(crate) fn decoder_with(
    operand: &Operand,
    decoding: &Decoding,
    plain: bool,
    talk: Talk,
    options: Options,
) -> Result<Decoder, Failure> {
    let failed = |error: Error| Failure::new(operand, error);
    let Input { mut source, metadata } = Input::open(operand)?;
    let bar = Bar::start(talk, operand, source.size(), Side::Compressed);
    let named = operand.path().and_then(Compressor::by_extension);
    let head = source.fill_buf().map_err(|error| failed(error.into()))?;
    let empty = head.is_empty();
    // Where name and content agree, or where there is too little content to tell, the name decides: a file
    // that was cut within its first bytes is a damaged file of its format, not one of unknown format.
    let agreed = named.as_ref().filter(|format| begins(format.spec(), head));

    let mut options = options
        // How joblib compressed before 0.10, whatever the name says; it is read only.
        .also(ZFile)
        // A pickle of an old protocol can begin like a zlib stream.
        .veto(demijohn::pickle::looks_like)
        .limits(decoding.limits())
        .threads(decoding.threads.get())
        .on_progress(bar.callback());
    if let Some(format) = decoding.format.as_ref().or(agreed) {
        options = options.format(format);
    }
    let mut reader = options.source(source).map_err(failed)?;

    let unclaimed = reader.compressor().spec().is_transparent() && decoding.format.is_none();
    if unclaimed && !plain {
        return Err(failed(if empty {
            Error::truncated("empty input")
        } else {
            let head = reader.fill_buf().map_err(|error| failed(error.into()))?;
            let looks = foreign::description(&head[..head.len().min(foreign::HEAD)]);
            let but = match named {
                Some(format) => format!("not {}, though its name says so; ", format.name()),
                None => String::new(),
            };
            Error::new(ErrorKind::UnknownFormat, format!("{but}{looks}"))
        }));
    }
    let beside = reader.seekable() && decoding.threads.count() > 1;
    Ok(Decoder {
        reader,
        metadata,
        bar,
        beside,
    })
}

/// Does `head` begin like a stream of the format, as far as there is anything to compare?
fn begins(spec: &Spec, head: &[u8]) -> bool {
    spec.magic().iter().any(|magic| {
        let n = magic.len().min(head.len());
        magic[..n] == head[..n]
    })
}
