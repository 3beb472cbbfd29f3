//! `demijohn compress`

use std::fs::Metadata;
use std::io::{self, IsTerminal as _, Read};

use demijohn_codecs::{Compressor, Options, Registry, Source as _, Spec, Summary};

use crate::args::Compress;
use crate::bytes;
use crate::copy::{CopyError, copy};
use crate::input::{Input, Operand};
use crate::output::{self, OutputFile, Place};
use crate::progress::{Bar, Side};
use crate::report::{Exit, Failure, say, shown};

/// What is written when nothing else is said.
const DEFAULT_FORMAT: &str = "zstd";

pub(crate) fn run(args: &Compress) -> Result<Exit, Failure> {
    let usage = |error: demijohn_codecs::Error| {
        Failure::Usage(match error.format() {
            Some(format) => format!("{format}: {}", error.message()),
            None => error.message().to_owned(),
        })
    };
    let mut format = choose(args).map_err(usage)?;
    if let Some(option) = args.blosc.given() {
        if format.name() != "blosc" {
            return Err(Failure::Usage(format!(
                "{option} is for blosc, and this will be {}",
                format.name()
            )));
        }
        format = args.blosc.format();
    }
    format.check_level(args.level).map_err(usage)?;
    if args.seekable.is_some() && !format.spec().writes_seekable() {
        return Err(Failure::Usage(format!(
            "--seekable is for {}; this will be {}, which has no form to seek in",
            seekable().join(", "),
            format.name()
        )));
    }
    let check = |operands: &[Operand]| {
        output::check(&args.target, operands)?;
        let streams = if args.target.stdout { operands.len() } else { 1 };
        if streams > 1 && !format.spec().joins_streams() && !format.spec().is_transparent() {
            return Err(Failure::Usage(format!(
                "{} streams cannot be read one behind the other, so -c takes one FILE",
                format.name()
            )));
        }
        Ok(())
    };
    super::each(&args.files.files, check, |operand| one(args, &format, operand))
}

/// `--format`, else the extension of the output's name, else the default. A name whose extension means
/// nothing does not mean plain bytes here.
fn choose(args: &Compress) -> demijohn_codecs::Result<Compressor> {
    let by_name = args.target.output.as_ref().and_then(Compressor::by_extension);
    match args.format.clone().or(by_name) {
        Some(format) => Ok(format),
        None => Compressor::by_name(DEFAULT_FORMAT),
    }
}

/// The formats that can be written to be sought in; plain files always can be sought in.
fn seekable() -> Vec<&'static str> {
    let formats = Registry::global().formats();
    let specs = formats.iter().map(Compressor::spec);
    specs
        .filter(|spec| spec.writes_seekable() && !spec.is_transparent())
        .map(Spec::name)
        .collect()
}

fn one(args: &Compress, format: &Compressor, operand: &Operand) -> Result<(), Failure> {
    let Input { source, metadata } = Input::open(operand)?;
    let bar = Bar::start(args.talk, operand, source.size(), Side::Plain);
    let size = announced(metadata.as_ref());
    let mut options = Options::new()
        .level(args.level)
        .threads(args.threads.get())
        .on_progress(bar.callback());
    if let Some(size) = size {
        options = options.size(size);
    }
    if let Some(bytes) = args.seekable {
        options = options.seekable(bytes);
    }
    if let Some(bytes) = args.blosc.element_size {
        options = options.element_size(bytes.into());
    }

    let place = Place::of(operand, &args.target, |path| {
        output::compressed_name(path, format, args.target.force)
    })?;
    let (summary, name) = match place {
        Place::Stdout => {
            let summary = to_stdout(args, format, operand, options, Measured::new(source, size))?;
            (summary, "standard output".to_owned())
        }
        Place::File(path) => {
            let from = operand.path().zip(metadata.as_ref());
            let mut file = OutputFile::create(path, from, &args.target, options, format)?;
            copy(&mut Measured::new(source, size), &mut file).map_err(|error| match error {
                CopyError::Read(error) => Failure::new(operand, error),
                CopyError::Write(error) => Failure::new(shown(file.path()), error),
            })?;
            let name = shown(file.path());
            (file.publish(metadata.as_ref())?, name)
        }
    };
    output::remove_source(operand, metadata.as_ref(), &args.target)?;
    drop(bar);
    if args.talk.verbose {
        say(format_args!(
            "{operand} -> {name}: {}",
            bytes::change(format.name(), summary.plain, summary.compressed)
        ));
    }
    Ok(())
}

fn to_stdout(
    args: &Compress,
    format: &Compressor,
    operand: &Operand,
    options: Options,
    mut source: impl Read,
) -> Result<Summary, Failure> {
    let stdout = output::stdout()?;
    if stdout.is_terminal() && !args.target.force && !format.spec().is_transparent() {
        return Err(Failure::refused(
            operand,
            "compressed data would go to a terminal; use -o FILE, or -f to have it so",
        ));
    }
    let failed = |error| Failure::new(operand, error);
    let mut writer = options.writer(stdout, format).map_err(failed)?;
    match copy(&mut source, &mut writer) {
        Ok(_) => match writer.finish() {
            Ok((_, summary)) => Ok(summary),
            Err(error) => Err(Failure::stdout(error.into())),
        },
        Err(error) => {
            // Dropped, the writer would end the stream, and a part would pass for the whole.
            drop(writer.abandon());
            Err(match error {
                // Nothing that followed the part could be read.
                CopyError::Read(error) => Failure::new(operand, error).last(),
                CopyError::Write(error) => Failure::stdout(error),
            })
        }
    }
}

/// The size to announce to formats that store it: that of a named regular file. Those of /proc say 0 and are
/// not empty.
fn announced(metadata: Option<&Metadata>) -> Option<u64> {
    metadata.map(Metadata::len).filter(|&size| size > 0)
}

/// A reader that notices when a file is not as long as it was announced to be.
struct Measured<R> {
    inner: R,
    announced: Option<u64>,
    read: u64,
}

impl<R> Measured<R> {
    fn new(inner: R, announced: Option<u64>) -> Self {
        Measured {
            inner,
            announced,
            read: 0,
        }
    }
}

impl<R: Read> Read for Measured<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(out)?;
        self.read += n as u64;
        let changed = match self.announced {
            Some(announced) if n == 0 && !out.is_empty() => self.read != announced,
            Some(announced) => self.read > announced,
            None => false,
        };
        if changed {
            return Err(io::Error::other(
                "the file changed its size while it was being read; read it through a pipe to take what comes",
            ));
        }
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(announced: Option<u64>) -> io::Result<usize> {
        Measured::new(&b"twelve bytes"[..], announced).read_to_end(&mut Vec::new())
    }

    #[test]
    fn a_file_that_grows_or_shrinks_is_noticed() {
        assert_eq!(read(Some(12)).unwrap(), 12);
        assert_eq!(read(None).unwrap(), 12);
        assert!(read(Some(11)).is_err());
        assert!(read(Some(13)).is_err());
    }
}
