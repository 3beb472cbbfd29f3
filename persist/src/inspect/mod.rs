//! What is in a file, without keeping the data of its arrays.

pub(crate) mod beside;
mod extract;
mod npy;
#[cfg(feature = "npz")]
mod npz;
mod object;

use std::fs::File;
use std::io::{BufRead as _, Read, Seek};
use std::path::Path;

pub use extract::{Extraction, extract, extract_beside};
#[cfg(feature = "npz")]
pub(crate) use npz::open_npz;
pub(crate) use object::Names;

use crate::arrays::{self, Layout};
use crate::codecs::{self, Seekable, Tail};
use crate::joblib::{attributes, names_companion};
use crate::passing::Passing;
use crate::pickle::AbsentArray;
use crate::pickle::numpy::MaskedPart;
use crate::stream::{empty, is_pickle, options, unknown};
use crate::{Document, Error, Limits, Result, Value};

/// What a zip file begins with: an entry, or, if it is empty, the end of the list.
const ZIP: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];

type Stream<R> = codecs::Reader<Seekable<R>>;

/// What a file holds; see [`Inspection::content`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Content {
    /// A pickle, which a joblib file is too.
    Pickle,
    /// One array, as `numpy.save` writes it.
    Npy,
    /// Several arrays, as `numpy.savez` writes them.
    Npz,
    /// A compressed stream of something else.
    Data,
    /// Nothing that is known here.
    Unknown,
}

impl Content {
    /// What a stream begins like. `Unknown` if it is neither a pickle nor a file of numpy's.
    pub(crate) fn of(head: &[u8]) -> Self {
        if head.starts_with(&arrays::npy::MAGIC) {
            Self::Npy
        } else if ZIP.iter().any(|magic| head.starts_with(magic)) {
            Self::Npz
        } else if !head.is_empty() && is_pickle(head) {
            Self::Pickle
        } else {
            Self::Unknown
        }
    }

    /// One word: `pickle`, `npy`, `npz`, `data`, `unknown`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pickle => "pickle",
            Self::Npy => "npy",
            Self::Npz => "npz",
            Self::Data => "data",
            Self::Unknown => "unknown",
        }
    }
}

/// An array of plain data in a file.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ArrayEntry {
    /// Where it is: a [path](crate::pickle::path) in the object, a dot in a `.npy` file, the name in a `.npz` file. A name
    /// that could not be told from others when it is shown (it is blank or has [misleading](arrays::is_misleading)
    /// characters) is in brackets and quotes, as a path has a key.
    pub path: String,
    /// Dtype, shape, order and size.
    pub layout: Layout,
    /// Where its elements begin, in bytes of the uncompressed stream. `None` if they are in an entry of a `.npz` file, or
    /// in an operand of the pickle that is short, or text, or has them in another order than the layout.
    pub offset: Option<u64>,
}

/// An array that joblib before 0.10 put into a file of its own, beside the one that was inspected.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CompanionEntry {
    /// Where it is in the object.
    pub path: String,
    /// The name of the file, as the pickle has it.
    pub file: String,
    /// Dtype, shape, order and size, if the file was [looked at](Inspection::look_beside) and holds plain data.
    pub layout: Option<Layout>,
}

/// A class or function that a file names.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GlobalEntry {
    /// The module, by its name in Python 3.
    pub module: String,
    /// The name in the module.
    pub name: String,
    /// Where it is named first, in bytes of the uncompressed stream; of a `.npz` file, of the entry.
    pub offset: u64,
    /// How many opcodes name it.
    pub count: u64,
    /// Whether it is [known to be harmless](crate::pickle::known::is_known_safe).
    pub known_safe: bool,
}

/// What is in a file: see [`inspect`].
///
/// If there is an [`error`](Self::error), the rest is what was found before it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Inspection {
    /// What the file holds.
    pub content: Content,
    /// The compression format; `"none"` for plain files.
    pub format: &'static str,
    /// Size of the file in bytes; what was read of it, if it has no size.
    pub compressed: u64,
    /// Size of the uncompressed stream in bytes, if its end was reached.
    pub uncompressed: Option<u64>,
    /// The protocol that the pickle states. `None` if there is not one pickle, for protocols 0 and 1, which state none, and
    /// if the file ends before.
    pub protocol: Option<u8>,
    /// Every class and function that the pickle names, and those behind it, once each, in the order of the stream; also those
    /// whose results it throws away.
    pub globals: Vec<GlobalEntry>,
    /// The arrays of plain data, parents before children.
    pub arrays: Vec<ArrayEntry>,
    /// The arrays of Python objects in a `.npz` file. Each is a pickle, which has been read and not been kept.
    pub object_arrays: Vec<ArrayEntry>,
    /// The names of the entries of a `.npz` file that are no `.npy` files, shown as [`ArrayEntry::path`] has names. Nothing else
    /// is known of them.
    pub others: Vec<String>,
    /// How many arrays are not in the list, because it would grow beyond all use.
    pub arrays_omitted: u64,
    /// The arrays that are in other files, as joblib had it before 0.10. Not more than are listed of the others.
    pub companions: Vec<CompanionEntry>,
    /// How many bytes stand in front of the first entry of a `.npz` file, such as another one that this was appended to.
    pub lead: u64,
    /// How many bytes of the uncompressed stream follow what was dumped; of a `.npz` file, how many follow it or a pickle in it.
    /// Python's loaders ignore them, when they are called once.
    pub tail: u64,
    /// How many more objects stand at the beginning of these bytes, as several dumps into one file leave them: whoever goes on
    /// loading gets them. What they name, and what is begun behind them names, is among the [globals](Self::globals).
    pub further: u64,
    /// The object, without the data of its arrays and without its long byte strings. Arrays whose elements are short
    /// operands of the pickle, or text, are there.
    pub document: Option<Document>,
    /// Why the file is not whole, if it is not.
    pub error: Option<Error>,
    /// Where the pickle begins in the uncompressed stream.
    base: u64,
}

/// Says what is in a file, and reads it to its end, so that all that can be checked is checked.
///
/// Nothing in the file is run, and the data of its arrays is not kept: of plain files it is not even read. The limits
/// are those [for files of strangers](Limits::untrusted). That a file is damaged is no error here, but
/// [part of the answer](Inspection::error).
///
/// ```
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("model.pkl");
/// demijohn::dump(&vec![demijohn::Array::from_vec(vec![1_u16, 2, 3], &[3])?], &path)?;
/// let found = demijohn::inspect(&path)?;
/// assert!(found.error.is_none());
/// assert_eq!(found.arrays[0].path, "[0]");
/// assert_eq!(found.arrays[0].layout.to_string(), "<u2 (3,) C");
/// assert_eq!(found.arrays[0].offset.unwrap() % 16, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io) if the file cannot be opened.
pub fn inspect(path: impl AsRef<Path>) -> Result<Inspection> {
    let path = path.as_ref();
    let file = File::open(path).map_err(|e| Error::from(codecs::Error::from(e)).at_path(path))?;
    let limits = Limits::untrusted();
    let mut found = inspect_file(file, &limits);
    found.look_beside(path, &limits);
    Ok(found)
}

/// Says what is in an open file, or in anything else that seeks, from where it stands, as [`inspect`] does, within the
/// given limits.
#[must_use]
pub fn inspect_file(file: impl Read + Seek, limits: &Limits) -> Inspection {
    inspect_with(file, limits, options(limits))
}

/// Says what is in an open file, which is opened with these options.
pub(crate) fn inspect_with(file: impl Read + Seek, limits: &Limits, options: codecs::Options) -> Inspection {
    let mut found = Inspection {
        content: Content::Unknown,
        format: "none",
        compressed: 0,
        uncompressed: None,
        protocol: None,
        globals: Vec::new(),
        arrays: Vec::new(),
        object_arrays: Vec::new(),
        others: Vec::new(),
        lead: 0,
        arrays_omitted: 0,
        companions: Vec::new(),
        tail: 0,
        further: 0,
        document: None,
        error: None,
        base: 0,
    };
    if let Err(error) = found.read(file, limits, options) {
        found.error = Some(error);
    }
    found
}

impl Inspection {
    /// The layout of an array of the [document](Self::document), whether or not its data is there.
    #[must_use]
    pub fn layout<'a>(&'a self, value: Value<'a>) -> Option<&'a Layout> {
        match value.as_array() {
            Some(array) => Some(array.layout()),
            None => value.as_absent_array().map(AbsentArray::layout),
        }
    }

    /// Where the elements of an array of the [document](Self::document) begin, in bytes of the uncompressed stream;
    /// see [`ArrayEntry::offset`].
    #[must_use]
    pub fn offset(&self, value: Value<'_>) -> Option<u64> {
        let absent = value.as_absent_array()?;
        absent.is_as_laid_out().then(|| self.base + absent.start())
    }

    /// The same of one of the two arrays of a masked one.
    #[must_use]
    pub fn offset_of(&self, part: &MaskedPart<'_>) -> Option<u64> {
        part.absent().map(|absent| self.base + absent.start())
    }

    /// The name of the file in which an object of the [document](Self::document) has its array, if joblib before 0.10 put
    /// it there; see [`CompanionEntry`].
    #[must_use]
    pub fn companion<'a>(&'a self, value: Value<'a>) -> Option<&'a str> {
        let object = value.as_object()?;
        let (module, name) = object.class().as_global()?;
        names_companion(module, name).then(|| attributes(object)?.find("filename")?.as_str())?
    }

    fn read(&mut self, file: impl Read + Seek, limits: &Limits, options: codecs::Options) -> Result<()> {
        // Bytes behind a compressed stream make it less than whole.
        let mut stream = options.tail(Tail::Error).seekable_reader(file)?;
        self.format = stream.format();
        self.compressed = stream.source_size().unwrap_or(0);
        let plain = self.format == "none";
        let head = stream.fill_buf().map_err(codecs::Error::from)?;
        match Content::of(head) {
            Content::Npy => {
                self.content = Content::Npy;
                self.read_npy(stream, limits)
            }
            // What is in a zip file can be found only if that is not compressed as a whole.
            Content::Npz if plain => {
                self.content = Content::Npz;
                #[cfg(feature = "npz")]
                return self.read_npz(stream.into_inner(), limits);
                #[cfg(not(feature = "npz"))]
                return Err(codecs::Error::feature_off("npz").into());
            }
            Content::Pickle => {
                self.content = Content::Pickle;
                self.read_pickle(stream, limits, Passing::joblib)
            }
            _ if plain && head.is_empty() => Err(empty()),
            _ if plain => Err(unknown(head)),
            _ => {
                self.content = Content::Data;
                self.finish(stream, 0)?;
                self.tail = 0;
                Ok(())
            }
        }
    }

    /// Reads the stream to its end, where everything has been checked, and counts what follows `at`, the end of what was
    /// dumped.
    fn finish(&mut self, stream: Stream<impl Read + Seek>, at: u64) -> Result<()> {
        let size = stream.source_size().filter(|_| self.format == "none");
        let end = match size {
            // There is nothing to check in plain bytes.
            Some(size) => size,
            None => {
                let summary = stream.finish()?;
                self.compressed = summary.compressed;
                summary.plain
            }
        };
        self.uncompressed = Some(end);
        self.tail = end.saturating_sub(at);
        Ok(())
    }
}
