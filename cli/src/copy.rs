//! Moving bytes from a reader to a writer, knowing whose fault a failure is.

use std::io::{self, Read, Write};

use crate::interrupt;

/// Large enough that the codecs read straight into it and plain files go through in few calls.
const CHUNK: usize = 512 << 10;

/// Which side failed.
#[derive(Debug)]
pub(crate) enum CopyError {
    Read(io::Error),
    Write(io::Error),
}

/// Copies to the end of `source`, and says how many bytes it was. All bytes read before an error have been
/// written. Stops when the user asks for it.
pub(crate) fn copy(source: &mut impl Read, sink: &mut impl Write) -> Result<u64, CopyError> {
    let mut chunk = vec![0; CHUNK];
    let mut copied = 0;
    loop {
        if interrupt::requested() {
            return Err(CopyError::Read(interrupt::cancelled().into()));
        }
        let n = match source.read(&mut chunk) {
            Ok(0) => return Ok(copied),
            Ok(n) => n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(CopyError::Read(error)),
        };
        sink.write_all(&chunk[..n]).map_err(CopyError::Write)?;
        copied += n as u64;
    }
}
