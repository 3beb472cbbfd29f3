//! A sink with little room.

use std::io::{self, Write};

/// Takes so many bytes, then it is full.
#[derive(Debug)]
pub(crate) struct Full(pub(crate) usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.0.min(bytes.len());
        self.0 -= n;
        if n == 0 {
            Err(io::ErrorKind::StorageFull.into())
        } else {
            Ok(n)
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
