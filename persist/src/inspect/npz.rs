//! `.npz` files.

use std::io::{BufReader, Read, Seek, SeekFrom};

use super::{ArrayEntry, Inspection};
use crate::arrays::npz::Reader;
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

impl Inspection {
    pub(super) fn read_npz(&mut self, file: impl Read + Seek, limits: &Limits) -> Result<()> {
        let (saved, total) = open_npz(file, limits)?;
        for key in saved.keys() {
            let header = saved.header(key)?;
            self.arrays.push(ArrayEntry {
                path: key.to_owned(),
                layout: header.layout,
                offset: None,
            });
            saved.check(key)?;
        }
        self.uncompressed = Some(total);
        Ok(())
    }
}
