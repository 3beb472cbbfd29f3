//! What a new file is to hold, and how it is compressed: by what the caller says, else by its name.

use std::path::Path;

use super::Conversion;
use crate::codecs::{Compression, Compressor, Registry};
use crate::{Content, Error, ErrorKind, Result};

/// What names of pickles end in, by habit.
const PICKLES: [&str; 3] = [".pkl", ".pickle", ".joblib"];

pub(super) struct Target {
    /// `None` if it is to hold what the source does.
    pub(super) content: Option<Content>,
    pub(super) compressor: Compressor,
    pub(super) level: Option<i32>,
    /// The level of deflate for the entries of a `.npz` file.
    #[cfg_attr(not(feature = "npz"), allow(dead_code, reason = "none is written"))]
    pub(super) deflate: Option<u32>,
}

impl Target {
    pub(super) fn new(conversion: &Conversion, path: Option<&Path>) -> Result<Self> {
        let content = match conversion.content {
            Some(content @ (Content::Pickle | Content::Npy | Content::Npz)) => Some(content),
            Some(other) => {
                let message = format!("nothing can be converted to {:?}", other.as_str());
                return Err(Error::new(ErrorKind::Parameter, message));
            }
            None => path.and_then(content_of_name),
        };
        let compression = &conversion.dump.compression;
        let compressor = compression.resolve(Registry::global(), path)?;
        let mut level = compression.level();
        let mut deflate = None;
        if content == Some(Content::Npz) && compressor.spec().is_transparent() {
            deflate = level.take().map(deflate_level).transpose()?;
        }
        compressor.check_level(level)?;
        Ok(Self {
            content,
            compressor,
            level,
            deflate,
        })
    }

    pub(super) fn compression(&self) -> Compression {
        let compression = Compression::from(&self.compressor);
        match self.level {
            Some(level) => compression.at_level(level),
            None => compression,
        }
    }
}

fn deflate_level(level: i32) -> Result<u32> {
    u32::try_from(level).ok().filter(|&n| n <= 9).ok_or_else(|| {
        let message = format!("entries of .npz files have levels from 0 to 9, not {level}");
        Error::new(ErrorKind::Parameter, message)
    })
}

/// What a file of this name holds, whatever it is compressed with, if the name says so.
fn content_of_name(path: &Path) -> Option<Content> {
    let name = path.file_name()?.to_string_lossy();
    let formats = Registry::global().formats();
    let extensions = formats.iter().flat_map(|format| format.spec().file_extensions());
    let stem = extensions
        .filter_map(|extension| name.strip_suffix(extension))
        .min_by_key(|stem| stem.len())
        .unwrap_or(&name);
    if PICKLES.iter().any(|extension| stem.ends_with(extension)) {
        Some(Content::Pickle)
    } else if stem.ends_with(".npy") {
        Some(Content::Npy)
    } else if stem.ends_with(".npz") {
        Some(Content::Npz)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_a_file_holds() {
        for (name, content) in [
            ("a.pkl", Some(Content::Pickle)),
            ("a.npy/b.joblib", Some(Content::Pickle)),
            ("a.npy", Some(Content::Npy)),
            ("a.b.npz", Some(Content::Npz)),
            ("a.npy.bak", None),
            ("npy", None),
            ("a.NPY", None),
            ("a.gz", None),
            ("", None),
        ] {
            assert_eq!(content_of_name(Path::new(name)), content, "{name}");
        }
    }

    #[cfg(feature = "gzip")]
    #[test]
    fn extensions_of_formats_do_not_matter() {
        for (name, content) in [
            ("a.pickle.gz", Some(Content::Pickle)),
            ("a.npz.gzip", Some(Content::Npz)),
            ("a.gz.npy", Some(Content::Npy)),
            ("a.pkl.gz.gz", None),
        ] {
            assert_eq!(content_of_name(Path::new(name)), content, "{name}");
        }
    }
}
