//! Where bytes go: the name of the output, the checks before anything is written, and standard output.

use std::fs::{self, File, Metadata};
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use demijohn_codecs::atomic::{Durability, Replace};
use demijohn_codecs::{Compression, Compressor, Error, FileWriter, Options, Registry, Summary};

use crate::args::Target;
use crate::attributes;
use crate::input::Operand;
use crate::interrupt::Writing;
use crate::report::{Failure, shown};

/// Where the output of one operand goes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Stdout,
    File(PathBuf),
}

/// Extensions that stand for an archive and its compression.
const ARCHIVES: &[(&str, &str)] = &[
    (".tgz", "gzip"),
    (".taz", "gzip"),
    (".tbz2", "bz2"),
    (".tbz", "bz2"),
    (".txz", "xz"),
    (".tlz", "lzma"),
    (".tzst", "zstd"),
    (".tlz4", "lz4"),
    (".tzo", "lzo"),
];

impl Place {
    /// Decides by the options, else by the operand: standard input goes to standard output, and a file to the
    /// name that `derive` makes of its own.
    pub(crate) fn of(
        operand: &Operand,
        target: &Target,
        derive: impl FnOnce(&Path) -> Result<PathBuf, Failure>,
    ) -> Result<Self, Failure> {
        match (&target.output, operand) {
            _ if target.stdout => Ok(Place::Stdout),
            (Some(output), _) if output.as_os_str() == "-" => Ok(Place::Stdout),
            (Some(output), _) => Ok(Place::File(output.clone())),
            (None, Operand::Stdin) => Ok(Place::Stdout),
            (None, Operand::Path(path)) => derive(path).map(Place::File),
        }
    }
}

/// What options ask for that cannot be, apart from what the parser finds.
pub(crate) fn check(target: &Target, operands: &[Operand]) -> Result<(), Failure> {
    if target.output.is_some() && operands.len() > 1 {
        return Err(Failure::Usage(
            "-o names one output, but there are several FILEs; use -c to write them one behind the other"
                .to_owned(),
        ));
    }
    if target.rm && target.output.as_ref().is_some_and(|o| o.as_os_str() == "-") {
        return Err(Failure::Usage(
            "--rm removes nothing that only went to standard output".to_owned(),
        ));
    }
    Ok(())
}

/// The name of a compressed file: the source's and the format's extension.
pub(crate) fn compressed_name(path: &Path, format: &Compressor, force: bool) -> Result<PathBuf, Failure> {
    let extensions = format.spec().file_extensions();
    let Some(extension) = extensions.first() else {
        return Err(Failure::refused(
            shown(path),
            format!(
                "the format {} has no extension; name the output with -o, or use -c",
                format.name()
            ),
        ));
    };
    let name = path.as_os_str().as_encoded_bytes();
    if let Some(already) = extensions.iter().find(|e| name.ends_with(e.as_bytes()))
        && !force
    {
        return Err(Failure::refused(
            shown(path),
            format!("ends in {already} already; -f compresses it again"),
        ));
    }
    let mut name = path.as_os_str().to_owned();
    name.push(extension);
    Ok(name.into())
}

/// The name of a decompressed file: the source's without its extension.
pub(crate) fn decompressed_name(path: &Path) -> Result<PathBuf, Failure> {
    let name = path.file_name().unwrap_or_default();
    let bytes = name.as_encoded_bytes();
    let archive = ARCHIVES.iter().find(|(e, _)| bytes.ends_with(e.as_bytes()));
    let (cut, suffix) = match (archive, longest_extension(bytes)) {
        (Some((extension, _)), _) => (*extension, ".tar"),
        (None, Some(extension)) => (extension, ""),
        (None, None) => {
            return Err(Failure::refused(
                shown(path),
                "its extension is not that of a format, so the output has no name; use -o or -c",
            ));
        }
    };
    if bytes.len() == cut.len() {
        return Err(Failure::refused(
            shown(path),
            "nothing is left of its name without the extension; use -o or -c",
        ));
    }
    // Extensions are ASCII, so the name can be cut in front of one, whatever its encoding; clap's and the
    // system's names are the same `OsStr`.
    let whole = path.as_os_str();
    let mut stem = without_suffix(whole, cut.len());
    stem.push(suffix);
    Ok(stem.into())
}

fn longest_extension(name: &[u8]) -> Option<&'static str> {
    let formats = Registry::global().formats();
    formats
        .iter()
        .flat_map(|format| format.spec().file_extensions())
        .filter(|extension| name.ends_with(extension.as_bytes()))
        .max_by_key(|extension| extension.len())
        .copied()
}

#[cfg(unix)]
fn without_suffix(name: &std::ffi::OsStr, len: usize) -> std::ffi::OsString {
    use std::os::unix::ffi::OsStrExt as _;
    let bytes = name.as_bytes();
    std::ffi::OsStr::from_bytes(&bytes[..bytes.len() - len]).to_owned()
}

#[cfg(not(unix))]
fn without_suffix(name: &std::ffi::OsStr, len: usize) -> std::ffi::OsString {
    let name = name.to_string_lossy();
    name[..name.len() - len].into()
}

/// A file being made. Dropped before [`publish`](Self::publish), it leaves what was there.
pub(crate) struct OutputFile {
    // Before the guard: a signal may end the program once that is gone.
    writer: FileWriter,
    _writing: Writing,
    path: PathBuf,
}

impl OutputFile {
    /// Opens the file, unless it is there already and `--force` is not.
    pub(crate) fn create(
        path: PathBuf,
        source: Option<(&Path, &Metadata)>,
        target: &Target,
        options: Options,
        compression: impl Into<Compression>,
    ) -> Result<Self, Failure> {
        OutputFile::open(path.clone(), source, target, options, compression)
            .map_err(|failure| failure.with_way_out(&path, "--in-place does that"))
    }

    fn open(
        path: PathBuf,
        source: Option<(&Path, &Metadata)>,
        target: &Target,
        options: Options,
        compression: impl Into<Compression>,
    ) -> Result<Self, Failure> {
        let old = fs::metadata(&path).ok().filter(Metadata::is_file);
        if let (Some(old), Some((from, metadata))) = (&old, source)
            && is_same(old, metadata, &path, from)
        {
            return Err(Failure::refused(shown(&path), "is the source itself"));
        }
        if old.is_some() && !target.force {
            return Err(Failure::refused(shown(&path), "exists already; -f overwrites it"));
        }
        let options = options
            .durability(if target.sync || target.rm {
                Durability::Sync
            } else {
                Durability::Rename
            })
            .replace(if target.in_place {
                Replace::InPlace
            } else {
                Replace::Atomic
            });
        let failed = |error| Failure::new(shown(&path), error);
        let writing = Writing::begin().map_err(failed)?;
        let create = || options.create_as(&path, compression);
        let writer = if source.is_some() {
            attributes::privately(create)
        } else {
            create()
        };
        Ok(OutputFile {
            writer: writer.map_err(failed)?,
            _writing: writing,
            path,
        })
    }

    /// The same for bytes as they are, which are never written in place.
    pub(crate) fn plain(path: PathBuf, force: bool) -> Result<Self, Failure> {
        let target = Target {
            force,
            ..Target::default()
        };
        OutputFile::open(path.clone(), None, &target, Options::new(), "none")
            .map_err(|failure| failure.with_way_out(&path, "name an output in another directory"))
    }

    /// Writes all there is to be, and publishes it.
    pub(crate) fn fill<E: Into<Error>>(
        self,
        write: impl FnOnce(&mut BufWriter<Self>) -> Result<(), E>,
    ) -> Result<Summary, Failure> {
        let name = shown(self.path());
        let failed = |error: Error| Failure::new(&name, error);
        let mut sink = BufWriter::new(self);
        write(&mut sink).map_err(|error| failed(error.into()))?;
        let file = sink
            .into_inner()
            .map_err(|error| failed(error.into_error().into()))?;
        file.publish(None)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Ends the stream, puts the file in its place, and gives it the attributes of its source.
    pub(crate) fn publish(self, source: Option<&Metadata>) -> Result<Summary, Failure> {
        let summary = self
            .writer
            .finish()
            .map_err(|error| Failure::new(shown(&self.path), error))?;
        // Devices and pipes stay as they are.
        if let (Some(source), true) = (source, self.path.is_file()) {
            attributes::apply(source, &self.path);
        }
        Ok(summary)
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

#[cfg(unix)]
fn is_same(a: &Metadata, b: &Metadata, _: &Path, _: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

#[cfg(not(unix))]
fn is_same(_: &Metadata, _: &Metadata, a: &Path, b: &Path) -> bool {
    matches!((fs::canonicalize(a), fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b)
}

/// Removes a source whose output has been published, if that was asked for.
pub(crate) fn remove_source(
    operand: &Operand,
    source: Option<&Metadata>,
    target: &Target,
) -> Result<(), Failure> {
    match operand {
        Operand::Path(path) if target.rm && source.is_some() => {
            fs::remove_file(path).map_err(|error| Failure::new(operand, error))
        }
        _ => Ok(()),
    }
}

/// Standard output without the line buffer of [`io::stdout`].
#[cfg(unix)]
pub(crate) fn stdout() -> Result<File, Failure> {
    use std::os::fd::AsFd as _;
    let fd = io::stdout().as_fd().try_clone_to_owned();
    Ok(File::from(fd.map_err(Failure::stdout)?))
}

#[cfg(windows)]
pub(crate) fn stdout() -> Result<File, Failure> {
    use std::os::windows::io::AsHandle as _;
    let handle = io::stdout().as_handle().try_clone_to_owned();
    Ok(File::from(handle.map_err(Failure::stdout)?))
}

/// Writes text that a verb was asked for.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    stdout()?.write_all(text.as_bytes()).map_err(Failure::stdout)
}

/// Decoded bytes on their way to standard output. A terminal gets no binary data, unless it is forced.
#[derive(Debug)]
pub(crate) struct Decoded {
    stdout: File,
    /// Must the next bytes be looked at?
    wary: bool,
}

/// What [`Decoded`] says no with.
const BINARY: &str = "the data is binary and would go to a terminal; use -o FILE, or -f to have it so";

impl Decoded {
    pub(crate) fn new(force: bool) -> Result<Self, Failure> {
        Ok(Decoded {
            stdout: stdout()?,
            wary: !force && io::stdout().is_terminal(),
        })
    }

    /// The failure of one operand that a write error stands for.
    pub(crate) fn failure(operand: &Operand, error: io::Error) -> Failure {
        if error.kind() == io::ErrorKind::InvalidData {
            Failure::refused(operand, BINARY)
        } else {
            Failure::stdout(error)
        }
    }
}

impl Write for Decoded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.wary && bytes.contains(&0) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, BINARY));
        }
        self.stdout.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.stdout.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_names_lose_the_extension() {
        let name = |path: &str| decompressed_name(Path::new(path)).ok();
        assert_eq!(name("d.gz/notes.txt.zst"), Some("d.gz/notes.txt".into()));
        assert_eq!(name("notes.zlib"), Some("notes".into()));
        assert_eq!(name("src.tgz"), Some("src.tar".into()));
        assert_eq!(name("src.tzst"), Some("src.tar".into()));
        for unnamed in ["notes", "notes.txt", ".gz", "d.gz/.xz", "notes.GZ"] {
            assert_eq!(name(unnamed), None, "{unnamed}");
        }
    }

    #[test]
    fn every_archive_extension_belongs_to_a_format() {
        for (extension, format) in ARCHIVES {
            assert!(Compressor::by_name(format).is_ok(), "{extension}");
        }
    }
}
