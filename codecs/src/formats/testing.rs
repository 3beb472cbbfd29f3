//! What the unit tests of formats share: reading a stream in several ways, to the end or to an error.

use std::io::Read;

use crate::compressor::Compressor;
use crate::error::{Error, ErrorKind};
use crate::options::Options;

/// Delivers a few bytes at a time.
pub(super) struct Drip<'a>(pub(super) &'a [u8], pub(super) usize);

impl Read for Drip<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let n = out.len().min(self.1);
        self.0.read(&mut out[..n])
    }
}

/// Bytes in the slices that are asked for, and bytes that the source gives at a time. Slices of 64 KiB and more go to
/// the decoder as they are, smaller ones through the reader's buffer.
pub(super) type Way = (usize, usize);

/// A format, and the ways in which its streams are read.
pub(super) struct Reading {
    pub(super) format: Compressor,
    pub(super) ways: &'static [Way],
}

impl Reading {
    /// What is read, and the error behind it.
    pub(super) fn read(&self, coded: &[u8], way: Way) -> (Vec<u8>, Result<(), Error>) {
        self.read_with(Options::new(), coded, way)
    }

    pub(super) fn read_with(
        &self,
        options: Options,
        coded: &[u8],
        (slice, drip): Way,
    ) -> (Vec<u8>, Result<(), Error>) {
        let options = options.format(&self.format);
        let mut reader = options.reader(Drip(coded, drip)).unwrap();
        let mut got = Vec::new();
        let mut buffer = vec![0; slice];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return (got, Ok(())),
                Ok(n) => got.extend_from_slice(&buffer[..n]),
                Err(error) => return (got, Err(error.into())),
            }
        }
    }

    #[track_caller]
    pub(super) fn reads_as(&self, what: &str, coded: &[u8], plain: &[u8]) {
        for &way in self.ways {
            let (got, end) = self.read(coded, way);
            end.unwrap_or_else(|e| panic!("{what}, read by {way:?}: {e}"));
            assert!(got == plain, "{what}, read by {way:?}: other bytes");
        }
    }

    /// So many bytes, and then an error of that kind.
    #[track_caller]
    pub(super) fn refused(&self, coded: &[u8], kind: ErrorKind, delivered: usize) {
        for &way in self.ways {
            let (got, end) = self.read(coded, way);
            let error = end.expect_err("should be refused");
            assert_eq!(error.kind(), kind, "{error}");
            assert_eq!(got.len(), delivered, "bytes delivered before: {error}");
        }
    }
}
