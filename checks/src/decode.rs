//! Bytes that claim to be of a format.

use std::io::{Cursor, Seek, SeekFrom};

use demijohn_codecs::{Limits, Options};

use crate::drip::{Drip, Sizes};
use crate::outcome::{LARGE, Outcome, fill};

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

/// Reads `data` as a stream of `format` in several ways that must agree.
///
/// # Panics
/// Where they do not, or where a limit is passed.
pub fn decode(format: &'static str, data: &[u8]) {
    let whole = Outcome::of(options(format).reader(data), || 1 << 20);
    assert!(
        whole.plain.len() as u64 <= OUTPUT,
        "the output limit was passed: {}",
        whole.plain.len()
    );

    let mut sizes = Sizes::of(&[]);
    let dripped = Outcome::of(options(format).reader(Drip::new(data)), || sizes.next().min(1000));
    assert!(
        whole.agrees_with(&dripped),
        "the sizes of the pieces changed the outcome: {} bytes and {:?} at once, {} and {:?} in pieces",
        whole.plain.len(),
        whole.error,
        dripped.plain.len(),
        dripped.error,
    );

    let threads = 2 + data.len() % 3;
    let reader = options(format)
        .threads(threads)
        .seekable_reader(Cursor::new(data));
    // Into large slices pieces are decoded straight, into small ones by the pool.
    let shared = match data.len() % 2 {
        0 => Outcome::of(reader, || sizes.next()),
        _ => Outcome::of(reader, || LARGE),
    };
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
        let n = fill(&mut model, &mut expected);
        assert_eq!(fill(&mut reader, &mut got), n, "length after {at:?}");
        assert_eq!(got[..n], expected[..n], "data after {at:?}");
    }
}
