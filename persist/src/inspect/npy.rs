//! `.npy` files.

use std::io::{Read, Seek, SeekFrom};

use super::{ArrayEntry, Inspection, Stream};
use crate::arrays::npy::{self, MAX_HEADER};
use crate::passing::{Passing, read_past};
use crate::{Error, ErrorKind, Limits, Result, codecs};

impl Inspection {
    pub(super) fn read_npy(&mut self, mut stream: Stream<impl Read + Seek>, limits: &Limits) -> Result<()> {
        let header = npy::read_header(&mut stream, MAX_HEADER)?;
        let layout = header.layout;
        if layout.dtype().has_objects() {
            return self.read_pickle(stream, limits, Passing::plain);
        }
        let size = stream.source_size().filter(|_| self.format == "none");
        self.arrays.push(ArrayEntry {
            path: ".".into(),
            layout: layout.clone(),
            offset: Some(header.len),
        });
        match size {
            Some(size) => {
                let (needed, left) = (layout.nbytes() as u64, size.saturating_sub(header.len));
                if needed > left {
                    return Err(Error::new(
                        ErrorKind::Truncated,
                        format!("array {layout} needs {needed} bytes, {left} are left"),
                    ));
                }
                let behind = header.len + needed;
                stream
                    .seek(SeekFrom::Start(behind))
                    .map_err(codecs::Error::from)?;
            }
            None => read_past(&mut stream, layout.nbytes() as u64)?,
        }
        let end = stream.position();
        self.finish(stream, end)
    }
}
