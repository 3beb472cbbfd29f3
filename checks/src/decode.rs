//! Bytes that claim to be of a format.

use std::io::{Cursor, Read, Seek, SeekFrom};

use demijohn_codecs::{Error, ErrorKind, Limits, Options};

use crate::drip::{Drip, Sizes};

/// Output allowed per input: enough to cross every internal buffer, little enough to stay fast.
const OUTPUT: u64 = 4 << 20;
/// Decoder memory allowed; xz at its default level needs 9 MiB, bzip2 at most 4.
const MEMORY: u64 = 64 << 20;

fn options(format: &'static str) -> Options {
    Options::new()
        .format(format)
        .threads(1)
        .limits(Limits::untrusted().output(OUTPUT).memory(MEMORY))
}

/// What came out of a stream, and the error behind it if there was one.
struct Outcome {
    plain: Vec<u8>,
    error: Option<ErrorKind>,
}

impl Outcome {
    fn agrees_with(&self, other: &Self) -> bool {
        if self.error == Some(ErrorKind::Corrupt) {
            // How much comes before structural damage depends on what the backend gives in the call that fails:
            // libbz2 and libzstd take some of it back, and xz's filters for machine code leave the last bytes as
            // they are. What is promised is the error; cuts, wrong checksums and tails promise the data too.
            return self.error == other.error;
        }
        self.error == other.error && self.plain == other.plain
    }
}

/// Reads `data` as a stream of `format` in several ways that must agree.
///
/// # Panics
/// Where they do not, or where a limit is passed.
pub fn decode(format: &'static str, data: &[u8]) {
    let whole = read(options(format).reader(data), usize::MAX);
    assert!(
        whole.plain.len() as u64 <= OUTPUT,
        "the output limit was passed: {}",
        whole.plain.len()
    );

    let dripped = read(options(format).reader(Drip::new(data)), 1000);
    assert!(
        whole.agrees_with(&dripped),
        "the sizes of the pieces changed the outcome: {} bytes and {:?} at once, {} and {:?} in pieces",
        whole.plain.len(),
        whole.error,
        dripped.plain.len(),
        dripped.error,
    );

    let threads = 2 + data.len() % 3;
    let shared = read(
        options(format)
            .threads(threads)
            .seekable_reader(Cursor::new(data)),
        70_000,
    );
    assert!(
        whole.agrees_with(&shared),
        "threads changed the outcome: {} bytes and {:?} on one, {} and {:?} on {threads}",
        whole.plain.len(),
        whole.error,
        shared.plain.len(),
        shared.error,
    );

    if whole.error.is_none() {
        seek_around(format, data, &whole.plain);
    }
}

/// Reads to the end, `limit` bytes at most at a time.
fn read(reader: Result<impl Read, Error>, limit: usize) -> Outcome {
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
    let mut sizes = Sizes::of(&[]);
    let mut buffer = vec![0; (1 << 20).min(limit)];
    loop {
        let size = if limit == usize::MAX {
            buffer.len()
        } else {
            sizes.next().min(limit)
        };
        match reader.read(&mut buffer[..size]) {
            Ok(0) => break,
            Ok(n) => outcome.plain.extend_from_slice(&buffer[..n]),
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

/// Seeks in a good stream as in a cursor over its plain bytes.
fn seek_around(format: &'static str, data: &[u8], plain: &[u8]) {
    let mut model = Cursor::new(plain);
    let mut reader = options(format)
        .seekable_reader(Cursor::new(data))
        .expect("a stream that was good before");
    let mut sizes = Sizes::of(data);
    for _ in 0..4 {
        let at = SeekFrom::Start(sizes.next() as u64);
        assert_eq!(
            reader.seek(at).expect("seeking a good stream"),
            model.seek(at).expect("a cursor seeks")
        );
        let (mut expected, mut got) = ([0; 64], [0; 64]);
        let n = read_full(&mut model, &mut expected);
        assert_eq!(read_full(&mut reader, &mut got), n, "length after {at:?}");
        assert_eq!(got[..n], expected[..n], "data after {at:?}");
    }
}

/// Fills as much of the buffer as there is data for.
fn read_full(reader: &mut impl Read, buffer: &mut [u8]) -> usize {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader
            .read(&mut buffer[filled..])
            .expect("a stream that was good before")
        {
            0 => break,
            n => filled += n,
        }
    }
    filled
}
