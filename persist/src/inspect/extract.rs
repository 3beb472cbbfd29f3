//! One array out of a file.

use std::borrow::Cow;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

#[cfg(feature = "npz")]
use super::npz::shown;
use super::{ArrayEntry, Content, Inspection, beside, inspect_file};
use crate::arrays::Array;
use crate::part::{no_seeking, read_absent};
use crate::pickle::numpy::{self, Located};
use crate::pickle::{AbsentArray, Kind};
use crate::stream::options;
use crate::{Error, ErrorKind, Limits, Result, codecs, pickle};

/// How many paths an error proposes, how many it compares, and how much of each.
const PROPOSED: usize = 5;
const COMPARED: usize = 10_000;
const COMPARED_CHARS: usize = 60;

/// Reads one array of a file: that of a [path](crate::pickle::path) in a pickle, of a name in a `.npz` file (as it is, or
/// as [`ArrayEntry::path`] has it), the one (`"."`) in a `.npy` file.
///
/// The file is [inspected](inspect_file) first, so that nothing comes out of a damaged one, and no other array is kept.
/// Paths are those that [`Inspection::arrays`] has, and all others that lead to an array.
///
/// # Errors
/// [`Parameter`](ErrorKind::Parameter) if there is no such array, with paths that look alike;
/// [`Unsupported`](ErrorKind::Unsupported) for an array of Python objects, and if the file does not seek; what is wrong
/// with the file, if it is damaged.
pub fn extract(file: impl Read + Seek, path: &str, limits: &Limits) -> Result<Array> {
    extract_with(file, None, path, limits)
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
    extract_with(file, Some(beside.as_ref()), path, limits)
}

fn extract_with(
    mut file: impl Read + Seek,
    beside: Option<&Path>,
    path: &str,
    limits: &Limits,
) -> Result<Array> {
    let start = file.stream_position().map_err(|_| no_seeking())?;
    let mut found = inspect_file(&mut file, limits);
    if let Some(error) = found.error.take() {
        return Err(error);
    }
    let base = found.base;
    let absent = match found.content {
        #[cfg(feature = "npz")]
        Content::Npz => return from_npz(file, path, &found),
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
            Located::Here(array) => return Ok(array.into_owned()),
            Located::Absent(absent) => absent.into_owned(),
        },
    };
    file.seek(SeekFrom::Start(start)).map_err(codecs::Error::from)?;
    let mut stream = options(limits).seekable_reader(file)?;
    // That the bytes are there was seen when they were passed over; the file may have changed since.
    read_absent(&mut stream, base, &absent)
}

impl Inspection {
    fn locate(&self, path: &str, beside: Option<&Path>, limits: &Limits) -> Result<Located<'_>> {
        let Some(document) = &self.document else {
            let message = "the file holds neither a pickle nor an array".to_owned();
            return Err(Error::new(ErrorKind::Parameter, message));
        };
        let value = match document.at(path) {
            Ok(value) => value,
            Err(error) => return Err(self.no_array(path, error.to_string())),
        };
        if let Some(file) = self.companion(value) {
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
        if value.kind() == Kind::MaskedArray {
            let message = format!("a masked array at {path:?}, whose mask would be lost");
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        if value.kind() == Kind::ObjectArray {
            let message =
                format!("an array of Python objects at {path:?}; its items have paths of their own");
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        numpy::locate(value).map_err(|error| match error.kind() {
            pickle::ErrorKind::Parameter => {
                self.no_array(path, format!("at {path} is {value:?}, not an array"))
            }
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

#[cfg(feature = "npz")]
fn from_npz(mut file: impl Read + Seek, path: &str, found: &Inspection) -> Result<Array> {
    file.rewind().map_err(codecs::Error::from)?;
    let saved = crate::arrays::npz::Reader::new(file)?;
    // What is shown leads to one name; a name itself may look like what is shown of another.
    let is_shown = |name: &&str| shown(name) == path;
    let name = saved.keys().find(is_shown);
    match name.or_else(|| saved.keys().find(|name| *name == path)) {
        Some(name) => Ok(saved.read(name)?),
        None => Err(found.no_array(path, format!("no entry {path:?}"))),
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
