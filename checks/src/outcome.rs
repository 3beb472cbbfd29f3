//! What comes of reading a stream.

use std::io::Read;

use demijohn_codecs::{Error, ErrorKind};

/// A slice into which pieces are decoded straight, where several threads read: it has to be of 4 MiB.
pub(crate) const LARGE: usize = 5 << 20;

/// What came out of a stream, and the error behind it if there was one.
pub(crate) struct Outcome {
    pub(crate) plain: Vec<u8>,
    pub(crate) error: Option<ErrorKind>,
}

impl Outcome {
    /// Reads to the end, so many bytes at most at a time.
    ///
    /// # Panics
    /// Where an error or the end does not stay.
    pub(crate) fn of(reader: Result<impl Read, Error>, mut size: impl FnMut() -> usize) -> Self {
        let mut outcome = Outcome {
            plain: Vec::new(),
            error: None,
        };
        let mut reader = match reader {
            Ok(reader) => reader,
            Err(error) => {
                return Outcome {
                    error: Some(error.kind()),
                    ..outcome
                };
            }
        };
        let mut buffer = Vec::new();
        loop {
            let size = size();
            if buffer.len() < size {
                buffer = vec![0; size];
            }
            match reader.read(&mut buffer[..size]) {
                Ok(0) => break,
                Ok(n) => {
                    outcome.plain.extend_from_slice(&buffer[..n]);
                    // What is not written next time is not to be what was there this time.
                    buffer[..n].fill(0);
                }
                Err(error) => {
                    let again = reader
                        .read(&mut buffer)
                        .expect_err("an error is reported once only");
                    let (error, again) = (Error::from(error).kind(), Error::from(again).kind());
                    assert_eq!(error, again, "an error turned into another");
                    assert!(error != ErrorKind::Io, "reading from memory cannot fail");
                    outcome.error = Some(error);
                    return outcome;
                }
            }
        }
        assert_eq!(
            reader.read(&mut buffer).expect("reading past the end"),
            0,
            "bytes after the end"
        );
        outcome
    }

    pub(crate) fn agrees_with(&self, other: &Self) -> bool {
        if self.error == Some(ErrorKind::Corrupt) {
            // How much comes before structural damage depends on what the backend gives in the call that fails:
            // libbz2 and libzstd take some of it back, and xz's filters for machine code leave the last bytes as
            // they are. What is promised is the error; cuts, wrong checksums and tails promise the data too.
            return self.error == other.error;
        }
        self.is(other)
    }

    /// To the last byte before an error, whichever it is.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.error == other.error && self.plain == other.plain
    }
}

/// Fills as much of the buffer as there is data for.
///
/// # Panics
/// Where reading fails.
pub(crate) fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> usize {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader
            .read(&mut buffer[filled..])
            .expect("a stream that is known to be good")
        {
            0 => break,
            n => filled += n,
        }
    }
    filled
}
