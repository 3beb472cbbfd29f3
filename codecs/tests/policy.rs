//! What follows a stream, and what is no stream at all: the whole policy in one table, which does not ask the formats what they
//! would like. (The conformance suite holds formats to what their specs promise; this holds the specs to the policy.)

mod common;

use std::io::Read;

use demijohn_codecs::{Compressor, ErrorKind, Options, Registry, Tail};

/// What becomes of bytes behind a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// They continue the data.
    Joined,
    /// They are padding, in any number.
    Accepted,
    /// So they are in multiples of four; other numbers are no part of the stream.
    InFours,
    /// They are no part of the stream, which is an error unless tails are ignored.
    Trailing,
    /// They are a damaged part of the stream: it ends nowhere but with its input.
    Damage,
}

use Fate::{Accepted, Damage, InFours, Joined, Trailing};

/// A second stream, NUL bytes, and other bytes.
const POLICY: [(&str, [Fate; 3]); 10] = [
    ("zlib", [Trailing, Trailing, Trailing]),
    ("gzip", [Joined, Accepted, Trailing]),
    ("bz2", [Joined, Accepted, Trailing]),
    ("lzma", [Trailing, Trailing, Trailing]),
    ("xz", [Joined, InFours, Trailing]),
    ("zstd", [Joined, Trailing, Trailing]),
    ("lz4", [Joined, Trailing, Trailing]),
    ("snappy", [Joined, Damage, Damage]),
    ("blosc", [Trailing, Trailing, Trailing]),
    ("lzo", [Joined, Trailing, Trailing]),
];

const FIRST: &[u8] = b"what is in the first stream";
const SECOND: &[u8] = b"and what in the second";

/// What is delivered, and the kind of the error at the end.
fn read(format: &Compressor, coded: &[u8], tail: Tail) -> (Vec<u8>, Option<ErrorKind>) {
    let mut plain = Vec::new();
    let options = Options::new().format(format).tail(tail);
    let read = options
        .reader(coded)
        .and_then(|mut reader| Ok(reader.read_to_end(&mut plain)?));
    (plain, read.err().map(|error| error.kind()))
}

/// Holds a stream with something behind it to its fate.
fn check(format: &Compressor, what: &str, behind: &[u8], fate: Fate) {
    let coded = [&format.compress(FIRST).unwrap(), behind].concat();
    for tail in [Tail::Error, Tail::Ignore] {
        let what = format!("{}, {what}, {tail:?}", format.name());
        let (plain, error) = read(format, &coded, tail);
        let expected = match (fate, tail) {
            (Joined, _) => {
                assert_eq!((plain, error), ([FIRST, SECOND].concat(), None), "{what}");
                continue;
            }
            (Damage, _) => {
                let damaged = matches!(error, Some(ErrorKind::Corrupt | ErrorKind::Truncated));
                assert!(damaged, "{what}: {error:?}");
                error
            }
            (Trailing | InFours, Tail::Error) if fate == Trailing || !behind.len().is_multiple_of(4) => {
                Some(ErrorKind::TrailingData)
            }
            _ => None,
        };
        assert_eq!((plain.as_slice(), error), (FIRST, expected), "{what}");
    }
}

#[test]
fn what_follows_a_stream_has_the_fate_that_the_policy_says() {
    for (name, [second, nul, other]) in POLICY {
        let Some(format) = common::format(name) else {
            continue;
        };
        let stream = format.compress(SECOND).unwrap();
        check(&format, "a second stream", &stream, second);
        for n in 1..=16 {
            check(&format, &format!("{n} NUL bytes"), &vec![0; n], nul);
            // No format begins with these.
            let garbage = vec![0x99; n];
            check(&format, &format!("{n} other bytes"), &garbage, other);
            let third = [&garbage[..], &stream].concat();
            check(&format, &format!("{n} other bytes and a stream"), &third, other);
        }
        // Half of a second one is cut where it would have been joined.
        let coded = [
            format.compress(FIRST).unwrap(),
            stream[..stream.len() / 2].to_vec(),
        ]
        .concat();
        let expected = match second {
            Joined => ErrorKind::Truncated,
            _ => ErrorKind::TrailingData,
        };
        assert_eq!(
            read(&format, &coded, Tail::Error).1,
            Some(expected),
            "{name}, half a second stream"
        );
    }
}

#[test]
fn frames_to_be_skipped_are_skipped() {
    let skippable = b"\x50\x2a\x4d\x18\x03\0\0\0abc";
    for name in ["zstd", "lz4"] {
        let Some(format) = common::format(name) else {
            continue;
        };
        let (first, second) = (format.compress(FIRST).unwrap(), format.compress(SECOND).unwrap());
        let coded = [skippable, &first[..], skippable, &second, skippable].concat();
        assert_eq!(
            read(&format, &coded, Tail::Error),
            ([FIRST, SECOND].concat(), None),
            "{name}"
        );
    }
}

#[test]
fn nothing_at_all_is_a_cut_stream() {
    for (name, _) in POLICY {
        let Some(format) = common::format(name) else {
            continue;
        };
        // A stream of Snappy that holds nothing may have no bytes.
        let expected = (name != "snappy").then_some(ErrorKind::Truncated);
        assert_eq!(read(&format, b"", Tail::Error), (Vec::new(), expected), "{name}");
    }
    // Where nobody says what it should be, it is no data.
    let mut reader = Options::new().reader(&b""[..]).unwrap();
    assert_eq!((reader.format(), reader.read(&mut [0]).unwrap()), ("none", 0));
}

#[test]
fn every_builtin_format_has_its_row() {
    let formats = Registry::builtin().formats();
    let names = formats
        .iter()
        .map(Compressor::name)
        .filter(|name| *name != "none");
    assert!(names.eq(POLICY.map(|(name, _)| name)));
}
