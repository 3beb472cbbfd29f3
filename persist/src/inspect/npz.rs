//! `.npz` files.

use std::fs::File;
use std::io::{BufReader, Seek as _};

use super::{ArrayEntry, Inspection};
use crate::arrays::npz::Reader;
use crate::{Error, ErrorKind, Limits, Result, codecs};

impl Inspection {
    pub(super) fn read_npz(&mut self, mut file: File, limits: &Limits) -> Result<()> {
        file.rewind().map_err(codecs::Error::from)?;
        let saved = Reader::new(BufReader::new(file))?;
        // The codecs' limits do not see what zip decodes, and entries may share their data.
        let ratio = limits.stream.max_ratio().map_or(u64::MAX, |ratio| {
            let floor = codecs::Limits::RATIO_FLOOR;
            self.compressed.saturating_mul(ratio).max(floor)
        });
        let allowed = ratio.min(limits.stream.max_output().unwrap_or(u64::MAX));
        let mut total = 0_u64;
        for key in saved.keys() {
            total = total.saturating_add(saved.stated_size(key)?);
            if total > allowed {
                return Err(Error::new(
                    ErrorKind::Limit,
                    format!("the entries have more than {allowed} bytes, the limit, when uncompressed"),
                ));
            }
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
