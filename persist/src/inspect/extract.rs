//! One array out of a file.

use std::borrow::Cow;
use std::fmt;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

#[cfg(feature = "npz")]
use super::npz::shown;
use super::{ArrayEntry, Content, Inspection, Stream, beside, inspect_file};
use crate::arrays::{Array, Layout};
use crate::elements::Elements;
use crate::part::{no_seeking, read_absent};
use crate::pickle::AbsentArray;
use crate::pickle::numpy::{self, Located};
use crate::stream::options;
use crate::{Error, ErrorKind, Limits, Result, codecs, pickle};

/// How many paths an error proposes, how many it compares, and how much of each.
const PROPOSED: usize = 5;
const COMPARED: usize = 10_000;
const COMPARED_CHARS: usize = 60;

/// Reads one array of a file: that of a [path](crate::pickle::path) in a pickle, of a name in a `.npz` file (as it is, or
/// as [`ArrayEntry::path`] has it), the one (`"."`) in a `.npy` file. [`Extraction`] does the same a piece at a time.
///
/// The file is [inspected](inspect_file) first, so that nothing comes out of a damaged one, and no other array is kept.
/// Paths are those that [`Inspection::arrays`] has, and all others that lead to an array.
///
/// # Errors
/// [`Parameter`](ErrorKind::Parameter) if there is no such array, with paths that look alike;
/// [`Unsupported`](ErrorKind::Unsupported) for an array of Python objects, and if the file does not seek; what is wrong
/// with the file, if it is damaged.
pub fn extract(file: impl Read + Seek, path: &str, limits: &Limits) -> Result<Array> {
    Extraction::of(file, path, limits)?.read()
}

/// As [`extract`], of a file that is at the path `beside`: arrays that joblib before 0.10 put into files beside it are read
/// from there.
///
/// # Errors
/// As for [`extract`], and those of such files.
pub fn extract_beside(
    file: impl Read + Seek,
    beside: impl AsRef<Path>,
    path: &str,
    limits: &Limits,
) -> Result<Array> {
    Extraction::beside(file, beside, path, limits)?.read()
}

/// One array of a file, which has been found and not been read.
///
/// ```
/// use std::io::Read as _;
/// use demijohn::{Extraction, Limits};
///
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("model.pkl");
/// demijohn::dump(&vec![demijohn::Array::from_vec(vec![1_u16, 2, 3], &[3])?], &path)?;
/// let mut array = Extraction::of(std::fs::File::open(&path)?, "[0]", &Limits::untrusted())?;
/// assert_eq!(array.layout().to_string(), "<u2 (3,) C");
///
/// let (mut elements, mut two) = (array.elements()?, [0; 2]);
/// elements.read_exact(&mut two)?;
/// assert_eq!(two, [1, 0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Extraction<R: Read + Seek> {
    layout: Layout,
    place: Place<R>,
}

enum Place<R: Read + Seek> {
    Here(Array),
    /// In a pickle or `.npy` file, from `base` on.
    Stream {
        stream: Box<Stream<R>>,
        base: u64,
        absent: AbsentArray,
    },
    #[cfg(feature = "npz")]
    Entry {
        saved: Box<crate::arrays::npz::Reader<R>>,
        name: String,
    },
}

impl<R: Read + Seek> Extraction<R> {
    /// Finds an array as [`extract`] does.
    ///
    /// # Errors
    /// As for [`extract`].
    pub fn of(file: R, path: &str, limits: &Limits) -> Result<Self> {
        Self::find(file, None, path, limits)
    }

    /// Finds an array as [`extract_beside`] does. One in a file beside this is read at once.
    ///
    /// # Errors
    /// As for [`extract_beside`].
    pub fn beside(file: R, beside: impl AsRef<Path>, path: &str, limits: &Limits) -> Result<Self> {
        Self::find(file, Some(beside.as_ref()), path, limits)
    }

    fn find(mut file: R, beside: Option<&Path>, path: &str, limits: &Limits) -> Result<Self> {
        let start = file.stream_position().map_err(|_| no_seeking())?;
        let mut found = inspect_file(&mut file, limits);
        if let Some(error) = found.error.take() {
            return Err(error);
        }
        let absent = match found.content {
            #[cfg(feature = "npz")]
            Content::Npz => return Self::in_npz(file, path, &found),
            Content::Npy if found.document.is_none() => match found.arrays.first() {
                Some(ArrayEntry {
                    layout,
                    offset: Some(offset),
                    ..
                }) if matches!(path, "" | ".") => AbsentArray::new(layout.clone(), *offset),
                _ => {
                    return Err(found.no_array(
                        path,
                        format!("no array {path:?} in a .npy file, which holds one by itself"),
                    ));
                }
            },
            _ => match found.locate(path, beside, limits)? {
                Located::Here(array) => {
                    return Ok(Self {
                        layout: array.layout().clone(),
                        place: Place::Here(array.into_owned()),
                    });
                }
                Located::Absent(absent) => absent.into_owned(),
            },
        };
        file.seek(SeekFrom::Start(start)).map_err(codecs::Error::from)?;
        Ok(Self {
            layout: absent.layout().clone(),
            place: Place::Stream {
                stream: Box::new(options(limits).seekable_reader(file)?),
                base: found.base,
                absent,
            },
        })
    }

    #[cfg(feature = "npz")]
    fn in_npz(mut file: R, path: &str, found: &Inspection) -> Result<Self> {
        file.rewind().map_err(codecs::Error::from)?;
        let saved = crate::arrays::npz::Reader::new(file)?;
        // What is shown leads to one name; a name itself may look like what is shown of another.
        let is_shown = |name: &&str| shown(name) == path;
        let name = saved.keys().find(is_shown);
        let Some(name) = name.or_else(|| saved.keys().find(|name| *name == path)) else {
            return Err(found.no_array(path, format!("no entry {path:?}")));
        };
        let layout = saved.header(name)?.layout;
        if layout.dtype().has_objects() {
            return Err(of_objects(path));
        }
        Ok(Self {
            layout,
            place: Place::Entry {
                name: name.to_owned(),
                saved: Box::new(saved),
            },
        })
    }

    /// Dtype, shape, order and size.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The bytes of the elements, in the order of the layout. They are read from the file as they are asked for, unless they
    /// stand there as text, are in a file beside it, or have to be brought into order.
    ///
    /// # Errors
    /// [`Io`](ErrorKind::Io) and what is found wrong with the file, which may have changed since.
    pub fn elements(&mut self) -> Result<Elements<'_>> {
        match &mut self.place {
            Place::Here(array) => Ok(Elements::of(array)),
            Place::Stream { stream, base, absent } => Elements::absent(stream, *base, absent),
            #[cfg(feature = "npz")]
            Place::Entry { saved, name } => {
                let (header, data) = saved.data(name)?;
                Ok(Elements::entry(header.layout, data))
            }
        }
    }

    /// The array.
    ///
    /// # Errors
    /// As for [`elements`](Self::elements).
    pub fn read(self) -> Result<Array> {
        match self.place {
            Place::Here(array) => Ok(array),
            // That the bytes are there was seen when they were passed over; the file may have changed since.
            Place::Stream {
                mut stream,
                base,
                absent,
            } => read_absent(&mut stream, base, &absent),
            #[cfg(feature = "npz")]
            Place::Entry { saved, name } => Ok(saved.read(&name)?),
        }
    }
}

impl<R: Read + Seek> fmt::Debug for Extraction<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Extraction({})", self.layout)
    }
}

#[cfg(feature = "npz")]
fn of_objects(path: &str) -> Error {
    let message =
        format!("an array of Python objects at {path:?}, which are no data that could be taken out");
    Error::new(ErrorKind::Unsupported, message)
}

impl Inspection {
    fn locate(&self, path: &str, beside: Option<&Path>, limits: &Limits) -> Result<Located<'_>> {
        let Some(document) = &self.document else {
            let message = "the file holds neither a pickle nor an array".to_owned();
            return Err(Error::new(ErrorKind::Parameter, message));
        };
        let parsed: pickle::path::Path = match path.parse() {
            Ok(parsed) => parsed,
            Err(error) => return Err(self.no_array(path, pickle::Error::to_string(&error))),
        };
        let root = document.root();
        if let Ok(value) = root.follow(&parsed)
            && let Some(file) = self.companion(value)
        {
            if let Some(beside) = beside
                && let Some(array) = beside::array(beside, value, limits)?
            {
                return Ok(Located::Here(Cow::Owned(array)));
            }
            let message = format!(
                "the array at {path:?} is in a file of its own, {file:?}, found only by the path of this"
            );
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        numpy::locate_at(root, &parsed).map_err(|error| match error.kind() {
            pickle::ErrorKind::Parameter => self.no_array(path, error.to_string()),
            _ => error.into(),
        })
    }

    /// The error for a path that leads to no array, with some that do.
    fn no_array(&self, path: &str, mut message: String) -> Error {
        let near = near(path, &self.arrays);
        match near.as_slice() {
            [] => message.push_str("; there are no arrays in the file"),
            [one] if self.arrays.len() == 1 => message.push_str(&format!("; the only array is {one}")),
            near => {
                message.push_str(&format!("; there are the arrays {}", near.join(", ")));
                if self.arrays.len() > near.len() {
                    message.push_str(", …");
                }
            }
        }
        Error::new(ErrorKind::Parameter, message)
    }
}

/// The paths of arrays that look most like this one.
fn near(path: &str, arrays: &[ArrayEntry]) -> Vec<String> {
    let start = |text: &str| text.chars().take(COMPARED_CHARS).collect::<Vec<_>>();
    let wanted = start(path);
    let mut near: Vec<_> = arrays
        .iter()
        .take(COMPARED)
        .map(|entry| start(&entry.path))
        .map(|text| (distance(&wanted, &text), text))
        .collect();
    near.sort_by_key(|(distance, _)| *distance);
    near.truncate(PROPOSED);
    let shown = |text: Vec<char>| {
        let cut = if text.len() == COMPARED_CHARS { "…" } else { "" };
        format!("{}{cut}", text.into_iter().collect::<String>())
    };
    near.into_iter().map(|(_, text)| shown(text)).collect()
}

/// How many characters have to be put in, taken out or exchanged to make one text of the other (Levenshtein).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let exchanged = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = exchanged.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_edits() {
        let distance = |a: &str, b: &str| {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            distance(&chars(a), &chars(b))
        };
        for (a, b, n) in [
            ("", "", 0),
            ("", "ab", 2),
            ("kitten", "sitting", 3),
            ("ab", "ba", 2),
        ] {
            assert_eq!((distance(a, b), distance(b, a)), (n, n), "{a} {b}");
        }
    }
}
