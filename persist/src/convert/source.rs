//! What is converted: open, and looked at as far as has to be known.

use std::fs::File;
use std::io::{self, BufRead as _, Seek as _};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use demijohn_compat::Companions;

use super::arrays::Holder;
use super::recode::{Recoding, element_sizes};
use super::target::Target;
use super::{Source, lost};
use crate::arrays::npy;
use crate::codecs::{self, Pipe, Progress, Seekable, Tail};
#[cfg(feature = "npz")]
use crate::inspect::open_npz;
use crate::inspect::{Inspection, inspect_with};
use crate::joblib::{JoblibReader, names_companion};
use crate::stream::{self, empty, options, read_object, unlike};
use crate::{Content, Document, Error, ErrorKind, Limits, Result};

pub(super) type Stream = codecs::Reader<Box<dyn codecs::Source>>;

type OnProgress = dyn FnMut(Progress) -> ControlFlow<()> + Send;

/// Who is told how far the work has come; of several streams one after another.
#[derive(Clone, Default)]
pub(super) struct Watch(Option<Arc<Mutex<OnProgress>>>);

impl Watch {
    pub(super) fn new(f: impl FnMut(Progress) -> ControlFlow<()> + Send + 'static) -> Self {
        Self(Some(Arc::new(Mutex::new(f))))
    }

    pub(super) fn attach(&self, options: codecs::Options) -> codecs::Options {
        match &self.0 {
            Some(callback) => {
                let callback = Arc::clone(callback);
                options.on_progress(move |progress| {
                    callback.lock().unwrap_or_else(PoisonError::into_inner)(progress)
                })
            }
            None => options,
        }
    }
}

/// A source whose compression is known.
pub(super) struct Opened {
    path: Option<PathBuf>,
    /// A source that can be gone through again.
    file: Option<File>,
    stream: Stream,
    limits: Limits,
    watch: Watch,
    /// Size of the source in bytes, 0 if it has none.
    pub(super) size: u64,
}

impl Opened {
    pub(super) fn new(source: Source, limits: Limits, watch: Watch) -> Result<Self> {
        let (path, file, source, size): (_, _, Box<dyn codecs::Source>, _) = match source {
            Source::Reader(reader) => (None, None, Box::new(Pipe::new(reader)), 0),
            Source::Path(path) => {
                let file = File::open(&path)?;
                let metadata = file.metadata()?;
                if metadata.is_dir() {
                    return Err(io::Error::from(io::ErrorKind::IsADirectory).into());
                }
                if metadata.is_file() {
                    let again = file.try_clone()?;
                    (
                        Some(path),
                        Some(again),
                        Box::new(Seekable::new(file)?),
                        metadata.len(),
                    )
                } else {
                    (Some(path), None, Box::new(Pipe::new(file)), 0)
                }
            }
        };
        let stream = opening(&limits, &watch).source(source)?;
        Ok(Self {
            path,
            file,
            stream,
            limits,
            watch,
            size,
        })
    }

    pub(super) fn format(&self) -> &'static str {
        self.stream.format()
    }

    fn is_plain(&self) -> bool {
        self.format() == "none"
    }

    /// What the stream holds.
    pub(super) fn content(&mut self) -> Result<Content> {
        let plain = self.is_plain();
        let head = self.stream.fill_buf()?;
        match Content::of(head) {
            Content::Unknown if plain && head.is_empty() => Err(empty()),
            Content::Unknown if !plain => Ok(Content::Data),
            content => Ok(content),
        }
    }

    /// The error for a source that does not hold what such a file is made of.
    pub(super) fn unfit(&mut self, wanted: Content) -> Error {
        match self.stream.fill_buf() {
            Ok(head) => {
                let what = match wanted {
                    Content::Pickle => "a pickle, .npy or .npz file",
                    _ => "a pickle, .npy or .npz file with arrays",
                };
                unlike(what, head)
            }
            Err(e) => e.into(),
        }
    }

    /// Makes of a source that can be gone through once one that can be gone through again.
    fn keep(&mut self) -> Result<()> {
        if self.file.is_none() {
            let file = spooled(&mut self.stream)?;
            let source: Box<dyn codecs::Source> = Box::new(Seekable::new(file.try_clone()?)?);
            self.stream = opening(&self.limits, &self.watch).source(source)?;
            self.file = Some(file);
        }
        Ok(())
    }

    /// Goes through the file and says what is in it. The stream stands at its beginning afterwards.
    fn look(&mut self) -> Result<Option<Inspection>> {
        let Some(file) = &mut self.file else {
            return Ok(None);
        };
        file.rewind()?;
        let options = opening(&self.limits, &self.watch);
        let found = inspect_with(file.try_clone()?, &self.limits, options);
        // The two share their position, of which the old stream knows nothing.
        file.rewind()?;
        let source: Box<dyn codecs::Source> = Box::new(Seekable::new(file.try_clone()?)?);
        self.stream = opening(&self.limits, &self.watch).source(source)?;
        if let Some(e) = &found.error
            && e.kind() == ErrorKind::Cancelled
        {
            return Err(found.error.expect("it was there"));
        }
        Ok(Some(found))
    }

    /// Whether joblib before 0.10 wrote this, in a form that it has no more: a z-file, or one with companion files.
    ///
    /// It wrote those in protocol 3 at most, and the latter as plain files, so few others have to be looked through. What
    /// turns out to be damaged is not old for that. Companions that cannot be found, as the source has no path, count too.
    pub(super) fn is_of_old_joblib(&mut self) -> Result<bool> {
        if self.format() == "zfile" {
            return Ok(true);
        }
        let modern = matches!(self.stream.fill_buf()?, [0x80, 4..=u8::MAX, ..]);
        if modern || !self.is_plain() {
            return Ok(false);
        }
        self.keep()?;
        Ok(self.look()?.is_some_and(|found| has_companions(&found)))
    }

    pub(super) fn recoding(mut self, target: &Target) -> Result<Recoding> {
        let mut elements = Vec::new();
        if target.compressor.spec().wants_element_sizes()
            && let Some(found) = self.look()?
        {
            elements = element_sizes(&found);
        }
        Ok(Recoding {
            stream: self.stream,
            elements,
        })
    }

    /// Loads the object, companion files too.
    pub(super) fn load(self) -> Result<Document> {
        let length = stream::length(&self.stream);
        let companions = self.path.map(|path| Companions::of(path, self.limits.stream));
        let mut reader = JoblibReader {
            native: false,
            companions,
        };
        let mut stream = self.stream;
        let mut document = read_object(&mut stream, length, &self.limits, &mut reader)?;
        let end = stream.position();
        lost(stream.finish()?.plain - end)?;
        // Today's joblib is one of Python 3.
        document.str8_to_bytes();
        Ok(document)
    }

    /// What has the arrays of a pickle, `.npy` or `.npz` file.
    pub(super) fn holder(mut self) -> Result<Holder> {
        match self.content()? {
            Content::Npy => {
                let header = npy::read_header(&mut self.stream, npy::MAX_HEADER)?;
                Ok(Holder::Npy {
                    layout: header.layout,
                    offset: header.len,
                    stream: self.stream,
                })
            }
            #[cfg(feature = "npz")]
            Content::Npz => {
                let file = match self.file {
                    Some(file) if self.stream.format() == "none" => file,
                    _ => spooled(&mut self.stream)?,
                };
                Ok(Holder::Npz(open_npz(file, &self.limits)?.0))
            }
            #[cfg(not(feature = "npz"))]
            Content::Npz => Err(codecs::Error::feature_off("npz").into()),
            _ if self.format() == "zfile" => Ok(Holder::Loaded(self.load()?)),
            _ => {
                self.keep()?;
                let mut found = self.look()?.expect("there is a file now");
                if let Some(error) = found.error.take() {
                    return Err(error);
                }
                lost(found.tail)?;
                if has_companions(&found) {
                    return Ok(Holder::Loaded(self.load()?));
                }
                Ok(Holder::Pickle {
                    found: Box::new(found),
                    stream: self.stream,
                })
            }
        }
    }
}

/// How a source is read: to its end, with nothing behind it.
fn opening(limits: &Limits, watch: &Watch) -> codecs::Options {
    watch.attach(options(limits).tail(Tail::Error))
}

fn has_companions(found: &Inspection) -> bool {
    let mut globals = found.globals.iter();
    globals.any(|global| names_companion(&global.module, &global.name))
}

/// What a stream holds, in a file without a name.
fn spooled(stream: &mut Stream) -> Result<File> {
    let mut file = tempfile::tempfile()?;
    super::recode::pass(stream, u64::MAX, &mut file)?;
    file.rewind()?;
    Ok(file)
}
