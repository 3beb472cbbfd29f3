//! `demijohn convert`

use std::fs;
use std::io::{self, IsTerminal as _, Write};
use std::path::Path;

use demijohn::{Compression, Content, Conversion, Converted, DumpOptions, Durability, Way};

use crate::args::Convert;
use crate::bytes;
use crate::input::{self, Operand};
use crate::interrupt::{Interruptible, Writing};
use crate::output;
use crate::progress::{Bar, Side};
use crate::report::{Exit, Failure, say, shown};

pub(crate) fn run(args: &Convert) -> Result<Exit, Failure> {
    let operand = Operand::from_arg(&args.from);
    let to = Operand::from_arg(&args.to);
    let (file, metadata) = input::open(&operand).map_err(|error| Failure::new(&operand, error))?;
    let size = Some(metadata.len()).filter(|_| metadata.is_file());
    let bar = Bar::start(args.talk, &operand, size, Side::Compressed);
    let conversion = match operand.path() {
        Some(path) => Conversion::of(path),
        None => Conversion::of_reader(Interruptible(file)),
    };
    let mut conversion = conversion
        .dump(written(args))
        .limits(args.wary.limits())
        .on_progress(bar.callback());
    if let Some(content) = args.content {
        conversion = conversion.content(content);
    }
    if let Some(threads) = args.threads.get() {
        conversion = conversion.threads(threads);
    }
    conversion
        .check(to.path())
        .map_err(|error| Failure::Usage(error.to_string()))?;
    if let Some(path) = to.path() {
        check(path, args.force)?;
    }
    let done = match to.path() {
        Some(path) => save(conversion, path, &operand)?,
        None => print(conversion, args.force, &operand)?,
    };
    drop(bar);
    if args.talk.verbose {
        let to = to.path().map_or("standard output".to_owned(), shown);
        say(format_args!("{operand} -> {to}: {}", told(&done)));
    }
    Ok(Exit::Ok)
}

/// Refuses an output that would be refused in the end, before anything is read.
fn check(path: &Path, force: bool) -> Result<(), Failure> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Err(Failure::new(
            shown(path),
            io::Error::from(io::ErrorKind::IsADirectory),
        )),
        Ok(metadata) if metadata.is_file() && !force => {
            Err(Failure::refused(shown(path), "exists already; -f overwrites it"))
        }
        _ => Ok(()),
    }
}

fn written(args: &Convert) -> DumpOptions {
    let mut compression = args
        .format
        .as_ref()
        .map_or_else(Compression::auto, Compression::from);
    if let Some(level) = args.level {
        compression = compression.at_level(level);
    }
    let options = DumpOptions::new()
        .compression(compression)
        .durability(if args.sync {
            Durability::Sync
        } else {
            Durability::Rename
        });
    match args.seekable {
        Some(block) => options.seekable(block),
        None => options,
    }
}

fn save(conversion: Conversion, path: &Path, operand: &Operand) -> Result<Converted, Failure> {
    let writing = Writing::begin().map_err(|error| Failure::new(shown(path), error))?;
    let saved = conversion.save(path);
    drop(writing);
    saved.map_err(|error| {
        let way = "name an OUT in another directory, or - and send standard output there";
        failed(error, operand).with_way_out(path, way)
    })
}

fn print(conversion: Conversion, force: bool, operand: &Operand) -> Result<Converted, Failure> {
    let stdout = output::stdout()?;
    if stdout.is_terminal() && !force {
        return Err(Failure::refused(
            operand,
            "binary data would go to a terminal; name a file, or use -f to have it so",
        ));
    }
    let mut stdout = Noting {
        inner: stdout,
        failed: None,
    };
    let written = conversion.write_to(&mut stdout).map(|(_, done)| done);
    match stdout.failed {
        Some(error) => Err(Failure::stdout(error)),
        None => written.map_err(|error| failed(error, operand)),
    }
}

/// The failure for an error, which may be the source's or the target's.
fn failed(error: demijohn::Error, operand: &Operand) -> Failure {
    let about = error.path().map_or_else(|| operand.to_string(), shown);
    Failure::of_object(about, error.without_path())
}

/// A sink that keeps the error with which it failed.
struct Noting<W> {
    inner: W,
    failed: Option<io::Error>,
}

impl<W: Write> Write for Noting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.inner.write(bytes).map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => error,
            kind => {
                self.failed = Some(error);
                kind.into()
            }
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// `gzip, 1.20 MB -> zstd, 1.00 MB`, and what it is now, if that is something else.
fn told(done: &Converted) -> String {
    let side = |format, size| {
        let format = if format == "none" { "plain" } else { format };
        format!("{format}, {}", bytes::shown(size))
    };
    let from = side(done.from, done.source_size);
    let to = side(done.to, done.written.compressed);
    let now = match (done.way, done.content) {
        (Way::Recoded, _) => "",
        (_, Content::Npy) => ", a .npy file",
        (_, Content::Npz) => ", a .npz file",
        _ => ", a joblib file",
    };
    format!("{from} -> {to}{now}")
}
