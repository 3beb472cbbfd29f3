//! Converting files: to another compression, from the files of joblib before 0.10, between pickles and numpy's own files.

mod arrays;
mod recode;
mod source;
mod target;

use std::fmt;
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::codecs::{Hint, Progress, TakesHints};
use crate::{Content, Document, DumpOptions, Error, ErrorKind, Limits, Result, Summary, codecs, dump};

use arrays::{Arrays, Holder};
use recode::Recoding;
use source::{Opened, Watch};
use target::Target;

/// Converts a file to another one, as the names say: see [`Conversion`].
///
/// ```
/// # let dir = tempfile::tempdir()?;
/// # let [plain, packed, numpy] = ["w.pkl", "w.pkl.gz", "w.npy"].map(|name| dir.path().join(name));
/// # #[cfg(feature = "gzip")] {
/// let weights = demijohn::Array::from_vec(vec![0.5_f64, 1.5], &[2])?;
/// demijohn::dump(&weights, &plain)?;
/// demijohn::convert(&plain, &packed)?; // w.pkl.gz
/// demijohn::convert(&packed, &numpy)?; // w.npy
/// assert_eq!(demijohn::arrays::npy::load(&numpy)?, weights);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As for [`Conversion::save`].
pub fn convert(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<Converted> {
    Conversion::of(from.as_ref()).save(to)
}

/// A conversion of one file to another: what is read, and how it is written.
///
/// What has to be done follows from what the source holds and what the target is to hold:
///
/// | source | target | what is done |
/// |---|---|---|
/// | anything | the same, by its name or for want of one that says more | the stream is compressed anew, its bytes as they are |
/// | a pickle of joblib before 0.10: a z-file, or one with companion files | a pickle | the object is loaded, and dumped as [`dump`](crate::dump()) does; [strings of Python 2](Document::str8_to_bytes) become `bytes` if they are no ASCII |
/// | a pickle of an array | `.npy` | |
/// | a pickle of a dict of arrays, or of a list or tuple of them (`arr_0`, `arr_1`, …) | `.npz` | |
/// | `.npy` | a pickle | joblib's file of that array |
/// | `.npz` | a pickle | joblib's file of a dict of arrays |
/// | `.npy`, `.npz` of one array | `.npz`, `.npy` | |
///
/// Names end in `.pkl`, `.pickle` or `.joblib` for pickles, in `.npy` or `.npz`, and then in a format's extension if the
/// whole is to be compressed; [`content`](Self::content) and [`dump`](Self::dump) speak where the name does not.
///
/// Nothing in the source is run, and it stays as it is. It is read to its end, checksums included. Memory is bounded,
/// whatever the size of the arrays, but for files of joblib before 0.10, which are loaded as a whole. Sources that are
/// gone through twice, as pickles are for `.npy` and `.npz`, and plain ones of protocols up to 3 for companions that they may
/// name, are kept in a temporary file if they do not seek.
///
/// ```
/// use demijohn::{Content, Conversion};
///
/// # #[cfg(feature = "zstd")] {
/// # let dir = tempfile::tempdir()?;
/// # let (old, new) = (dir.path().join("old.pkl"), dir.path().join("new.pkl.zst"));
/// demijohn::dump(&[1, 2, 3], &old)?;
/// let done = Conversion::of(&old).dump(("zstd", 19)).save(&new)?;
/// assert_eq!((done.from, done.to, done.content), ("none", "zstd", Content::Pickle));
///
/// // From anything that is `Read` to anything that is `Write`.
/// let (packed, _) = Conversion::of_reader(std::fs::File::open(&new)?).dump("none").write_to(Vec::new())?;
/// assert_eq!(packed, std::fs::read(&old)?);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub struct Conversion {
    source: Source,
    content: Option<Content>,
    dump: DumpOptions,
    limits: Limits,
    threads: Option<usize>,
    watch: Watch,
}

enum Source {
    Path(PathBuf),
    Reader(Box<dyn Read>),
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Converted {
    /// In which way.
    pub way: Way,
    /// What the new file holds.
    pub content: Content,
    /// What the source was compressed with: the name of a format.
    pub from: &'static str,
    /// What the new file is compressed with.
    pub to: &'static str,
    /// Size of the source in bytes, without companion files; what was read of it, if it has no size.
    pub source_size: u64,
    /// Size of the new stream before and after compression, in bytes.
    pub written: Summary,
}

/// How a file was converted; see [`Conversion`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Way {
    /// The bytes of the stream are the same as before.
    Recoded,
    /// The object was loaded, and dumped as joblib does now.
    Upgraded,
    /// The arrays were put into a file of another kind.
    Rewritten,
}

impl Conversion {
    /// Of a file. Only so are companion files found.
    pub fn of(path: impl Into<PathBuf>) -> Self {
        Self::new(Source::Path(path.into()))
    }

    /// Of whatever can be read, to its end.
    pub fn of_reader(reader: impl Read + 'static) -> Self {
        Self::new(Source::Reader(Box::new(reader)))
    }

    fn new(source: Source) -> Self {
        Self {
            source,
            content: None,
            dump: DumpOptions::new(),
            limits: Limits::default(),
            threads: None,
            watch: Watch::default(),
        }
    }

    /// What the new file is to hold: [`Content::Pickle`], [`Content::Npy`] or [`Content::Npz`]. By default the name
    /// decides; if it does not say, or there is none, the new file holds what the source does.
    pub fn content(mut self, content: Content) -> Self {
        self.content = Some(content);
        self
    }

    /// How the new file is written. Protocol and alignment are for pickles that are written anew, not for those that are
    /// compressed anew. Of a `.npz` file that is not compressed as a whole, a level is that of deflate for its entries;
    /// without one they are stored.
    pub fn dump(mut self, options: impl Into<DumpOptions>) -> Self {
        self.dump = options.into();
        self
    }

    /// What reading the source may cost.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How many threads may compress, whatever [`DumpOptions::threads`] says; it never changes the bytes.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Calls back about every MiB that is read; of a `.npz` file, that is written. A source that is gone through twice
    /// counts from the beginning again. [`ControlFlow::Break`] ends the conversion with kind `Cancelled`.
    pub fn on_progress(mut self, f: impl FnMut(Progress) -> ControlFlow<()> + Send + 'static) -> Self {
        self.watch = Watch::new(f);
        self
    }

    /// Whether the settings make sense for a target of this name, or without one. Nothing is opened.
    ///
    /// # Errors
    /// [`Parameter`](ErrorKind::Parameter) if there is no such format, or if it does not have that level;
    /// [`Unsupported`](ErrorKind::Unsupported) for a format whose cargo feature is off.
    pub fn check(&self, target: Option<&Path>) -> Result<()> {
        Target::new(self, target).map(drop)
    }

    /// Writes a file. It appears when it is complete; until then, and if anything fails, the path holds what it held
    /// before. It may be the source itself.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported), with path and type, if what is to become an array is none;
    /// [`UnknownFormat`](ErrorKind::UnknownFormat) if the source is something else than what is asked for needs;
    /// [`TrailingData`](ErrorKind::TrailingData) if something follows the object that would be lost;
    /// [`Parameter`](ErrorKind::Parameter) for a level that the format does not have; those of [`load`](crate::load())
    /// and [`dump`](crate::dump()).
    pub fn save(self, path: impl AsRef<Path>) -> Result<Converted> {
        let to = path.as_ref();
        let at_target = |e: codecs::Error| Error::from(e).at_path(to);
        let target = Target::new(&self, Some(to)).map_err(|e| e.at_path(to))?;
        let from = self.source.path();
        let named = |e: Error| match &from {
            Some(path) => e.at_path(path),
            None => e,
        };
        let mut work = Work::new(self, &target).map_err(named)?;
        let options = work.writing().durability(work.dump.durability);
        let file = options.create_as(to, target.compression()).map_err(at_target)?;
        let mut out = Out::new(file);
        let done = work.run(&target, &mut out);
        if let Some(e) = out.failed {
            return Err(Error::from(e).at_path(to));
        }
        let to_format = out.stream.format();
        done.map_err(named)?;
        let written = out.stream.finish().map_err(at_target)?;
        Ok(work.converted(to_format, written))
    }

    /// Writes to anything that is `Write`; answers it, and what was done. After an error the sink may have a part of the
    /// stream, which every reader takes for cut.
    ///
    /// # Errors
    /// As for [`save`](Self::save).
    pub fn write_to<W: Write>(self, sink: W) -> Result<(W, Converted)> {
        let target = Target::new(&self, None)?;
        let from = self.source.path();
        let named = |e: Error| match &from {
            Some(path) => e.at_path(path),
            None => e,
        };
        let mut work = Work::new(self, &target).map_err(named)?;
        let mut out = Out::new(work.writing().writer(sink, target.compression())?);
        let done = work.run(&target, &mut out);
        let failed = match (out.failed, done) {
            (Some(e), _) => Some(e.into()),
            (None, Err(e)) => Some(named(e)),
            (None, Ok(())) => None,
        };
        if let Some(error) = failed {
            // Dropped, the writer would end the stream, and a part would pass for the whole.
            drop(out.stream.abandon());
            return Err(error);
        }
        let to_format = out.stream.format();
        let (sink, written) = out.stream.finish().map_err(codecs::Error::from)?;
        Ok((sink, work.converted(to_format, written)))
    }
}

impl Source {
    fn path(&self) -> Option<PathBuf> {
        match self {
            Self::Path(path) => Some(path.clone()),
            Self::Reader(_) => None,
        }
    }
}

impl fmt::Debug for Conversion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conversion")
            .field("source", &self.source.path())
            .field("content", &self.content)
            .field("dump", &self.dump)
            .field("limits", &self.limits)
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}

/// A conversion under way: the source is open, and what is to be done is known.
struct Work {
    job: Job,
    dump: DumpOptions,
    threads: Option<usize>,
    #[cfg_attr(
        not(feature = "npz"),
        allow(dead_code, reason = "other readers have it already")
    )]
    watch: Watch,
    from: &'static str,
    source_size: u64,
    content: Content,
}

enum Job {
    Recode(Recoding),
    Dump(Document),
    Rewrite(Holder),
}

impl Work {
    fn new(conversion: Conversion, target: &Target) -> Result<Self> {
        let Conversion {
            source,
            dump,
            limits,
            threads,
            watch,
            ..
        } = conversion;
        let mut source = Opened::new(source, limits, watch.clone())?;
        let (from, source_size) = (source.format(), source.size);
        let held = source.content()?;
        let content = target.content.unwrap_or(held);
        let job = match (held, target.content) {
            (Content::Pickle, None | Some(Content::Pickle)) => {
                if source.is_of_old_joblib()? {
                    Job::Dump(source.load()?)
                } else {
                    Job::Recode(source.recoding(target)?)
                }
            }
            (_, None) => Job::Recode(source.recoding(target)?),
            (held, Some(wanted)) if held == wanted => Job::Recode(source.recoding(target)?),
            (Content::Pickle | Content::Npy | Content::Npz, Some(_)) => Job::Rewrite(source.holder()?),
            (_, Some(wanted)) => return Err(source.unfit(wanted)),
        };
        Ok(Self {
            source_size,
            job,
            dump,
            threads,
            watch,
            from,
            content,
        })
    }

    /// How the stream is written.
    fn writing(&self) -> codecs::Options {
        let options = self.dump.stream().threads(self.threads.or(self.dump.threads));
        match &self.job {
            Job::Recode(recoding) => recoding.announce(options),
            // Zip files are read without the codecs.
            #[cfg(feature = "npz")]
            Job::Rewrite(Holder::Npz(_)) => self.watch.attach(options),
            _ => options,
        }
    }

    fn run<S: TakesHints>(&mut self, target: &Target, out: &mut Out<S>) -> Result<()> {
        match &mut self.job {
            Job::Recode(recoding) => {
                self.source_size = recoding.run(out)?;
                Ok(())
            }
            Job::Dump(document) => dump::write(&*document, out, &self.dump).map(drop),
            Job::Rewrite(holder) => {
                let arrays = Arrays::of(holder, self.content)?;
                match self.content {
                    Content::Npy => arrays.write_npy(out),
                    Content::Npz => arrays.write_npz(out, target),
                    _ => arrays.write_pickle(out, &self.dump),
                }
            }
        }
    }

    fn converted(&self, to: &'static str, written: Summary) -> Converted {
        Converted {
            way: match self.job {
                Job::Recode(_) => Way::Recoded,
                Job::Dump(_) => Way::Upgraded,
                Job::Rewrite(_) => Way::Rewritten,
            },
            content: self.content,
            from: self.from,
            to,
            source_size: self.source_size,
            written,
        }
    }
}

/// Where the new file goes. Keeps the error with which writing failed, since what was reading and writing by turns does
/// not tell whose error it answers.
struct Out<S> {
    stream: S,
    failed: Option<io::Error>,
}

impl<S> Out<S> {
    fn new(stream: S) -> Self {
        Self { stream, failed: None }
    }

    fn noting<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|e| match e.kind() {
            io::ErrorKind::Interrupted => e,
            kind => {
                self.failed = Some(e);
                kind.into()
            }
        })
    }
}

impl<S: Write> Write for Out<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.stream.write(bytes);
        self.noting(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.stream.flush();
        self.noting(flushed)
    }
}

impl<S: TakesHints> TakesHints for Out<S> {
    fn hint(&mut self, hint: Hint) -> io::Result<()> {
        let hinted = self.stream.hint(hint);
        self.noting(hinted)
    }
}

/// Refuses to lose what follows an object.
fn lost(tail: u64) -> Result<()> {
    if tail == 0 {
        return Ok(());
    }
    let message = format!("{tail} bytes follow the object, and would be lost");
    Err(Error::new(ErrorKind::TrailingData, message))
}
