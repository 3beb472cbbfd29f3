//! `.npz` files.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::{ArrayEntry, Inspection, Names};
use crate::arrays::is_misleading;
use crate::arrays::npz::Reader;
use crate::passing::Passing;
use crate::pickle;
use crate::pickle::path::Path;
use crate::{ErrorKind, Limits, Result, codecs};

/// Opens a `.npz` file, if what its entries are said to hold is within the limits; answers how much that is, in bytes.
/// More than is said is not read of any of them.
pub(crate) fn open_npz<R: Read + Seek>(mut file: R, limits: &Limits) -> Result<(Reader<BufReader<R>>, u64)> {
    let size = file.seek(SeekFrom::End(0)).map_err(codecs::Error::from)?;
    file.rewind().map_err(codecs::Error::from)?;
    let saved = Reader::new(BufReader::new(file))?;
    // The codecs' limits do not see what zip decodes, and entries may share their data.
    let ratio = limits.stream.max_ratio().map_or(u64::MAX, |ratio| {
        let floor = codecs::Limits::RATIO_FLOOR;
        size.saturating_mul(ratio).max(floor)
    });
    let allowed = ratio.min(limits.stream.max_output().unwrap_or(u64::MAX));
    let mut total = 0_u64;
    for key in saved.keys() {
        total = total.saturating_add(saved.stated_size(key)?);
    }
    if total > allowed {
        let message = format!("the entries have more than {allowed} bytes when uncompressed, the limit");
        return Err(codecs::Error::new(ErrorKind::Limit, message)
            .with_format("npz")
            .into());
    }
    Ok((saved, total))
}

/// What is shown of an entry's name: the name, or, if it could not be told from others then, the name as a
/// [path](crate::pickle::path) has a key. No two names are shown alike.
pub(super) fn shown(name: &str) -> String {
    let plain =
        !name.is_empty() && name.trim() == name && !name.starts_with("[\"") && !name.contains(is_misleading);
    if plain {
        name.to_owned()
    } else {
        Path::quoted(name).to_string()
    }
}

impl Inspection {
    pub(super) fn read_npz(&mut self, file: impl Read + Seek, limits: &Limits) -> Result<()> {
        let mut names = Names::default();
        let result = self.read_entries(file, limits, &mut names);
        self.globals = names.entries;
        result
    }

    fn read_entries(&mut self, file: impl Read + Seek, limits: &Limits, names: &mut Names) -> Result<()> {
        let (saved, total) = open_npz(file, limits)?;
        self.others = saved.others().map(shown).collect();
        (self.lead, self.tail) = saved.around();
        for key in saved.keys() {
            let header = saved.header(key)?;
            let has_objects = header.layout.dtype().has_objects();
            let entry = ArrayEntry {
                path: shown(key),
                layout: header.layout,
                offset: None,
            };
            if has_objects {
                self.object_arrays.push(entry);
                self.read_entry(&saved, key, limits, names)?;
            } else {
                self.arrays.push(entry);
                saved.check(key)?;
            }
        }
        self.uncompressed = Some(total);
        Ok(())
    }

    /// Reads the pickle of an array of Python objects, and the entry to its end.
    fn read_entry(
        &mut self,
        saved: &Reader<impl Read + Seek>,
        key: &str,
        limits: &Limits,
        names: &mut Names,
    ) -> Result<()> {
        let (header, data) = saved.data(key)?;
        let mut data = BufReader::new(data);
        // How long the entry is said to be binds nobody.
        let outcome = names.scan(&mut data, None, limits, &mut Passing::plain(), header.len);
        outcome.map_err(|error| within(key, error))?;
        self.tail += io::copy(&mut data, &mut io::sink())?;
        Ok(())
    }
}

/// The error of a pickle, with the name of its entry. Those of the entry have it already.
fn within(key: &str, error: pickle::Error) -> pickle::Error {
    if std::error::Error::source(&error).is_some() {
        return error;
    }
    pickle::Error::new(error.kind(), format!("{key}.npy: {error}"))
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn names_are_shown_so_that_they_can_be_told_apart() {
        for plain in ["a", "a/b", "layers[0].w", "größe ü", "a\\n", "[0]", "\"a\"", "."] {
            assert_eq!(shown(plain), plain);
        }
        for (name, quoted) in [
            ("", r#"[""]"#),
            (" ", r#"[" "]"#),
            ("a ", r#"["a "]"#),
            ("a\nb", r#"["a\nb"]"#),
            ("\u{1b}[31m", r#"["\u{1b}[31m"]"#),
            ("\u{202e}a", r#"["\u{202e}a"]"#),
            (r#"["a\nb"]"#, r#"["[\"a\\nb\"]"]"#),
        ] {
            assert_eq!(shown(name), quoted);
        }
    }
}
