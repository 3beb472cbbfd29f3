//! One stream per format, cut at every byte and with every single bit flipped.
//!
//! The counts are pinned: they say how much of a format is under its checks, and a backend or a decoder that
//! begins to let something through changes them. Data flipped unnoticed is never among them, and data lost unnoticed
//! only where the format gives no way to notice.

mod common;

use demijohn_codecs::{Compressor, ErrorKind, Options, Registry};
use std::io::{Cursor, Read, Seek, SeekFrom};

use common::{compressed_formats, sample};

/// What becomes of a stream with one bit flipped: an error, or the same data all the same, for bits that say
/// nothing about it (gzip's time and system, the dictionary size of lzma, the codes of symbols that a block of
/// bz2 does not use). Wrong data is not in the table: even lzma, which has no checksum, runs past its end mark.
const FLIPS: [(&str, usize, usize); 10] = [
    ("zlib", 8449, 15),
    ("gzip", 8496, 64),
    ("bz2", 7006, 18),
    ("lzma", 7701, 27),
    ("xz", 8160, 0),
    ("zstd", 8298, 22),
    ("lz4", 13449, 7),
    ("snappy", 12739, 4),
    ("blosc", 14078, 34),
    ("lzo", 13424, 0),
];

/// Where a stream may end before its end, so that a cut there passes, and how many flips lose all data: those that
/// make a chunk one of a kind that readers skip.
const LOSSES: [(&str, &[usize], usize); 1] = [("snappy", &[0, 10], 1)];

fn losses(format: &Compressor) -> (&'static [usize], usize) {
    let known = LOSSES.into_iter().find(|(name, ..)| *name == format.name());
    known.map_or((&[], 0), |(_, cuts, flips)| (cuts, flips))
}

fn plain() -> Vec<u8> {
    sample(5000)
}

/// 1–2 KB that decode to [`plain`]. The lock file holds the backends, and so the bytes and the counts; a new
/// version of one may move them.
fn stream(format: &Compressor) -> Vec<u8> {
    format.compress(&plain()).unwrap()
}

/// What is delivered, and how that ends.
fn read(format: &Compressor, coded: &[u8]) -> (Vec<u8>, Result<(), ErrorKind>) {
    let mut plain = Vec::new();
    let mut reader = Options::new().format(format).exact(coded).unwrap();
    let end = reader.read_to_end(&mut plain);
    (
        plain,
        end.map(drop).map_err(|e| demijohn_codecs::Error::from(e).kind()),
    )
}

#[test]
fn every_cut_is_noticed() {
    for format in compressed_formats() {
        let (plain, coded) = (plain(), stream(&format));
        for cut in 0..coded.len() {
            let (got, end) = read(&format, &coded[..cut]);
            if losses(&format).0.contains(&cut) {
                assert_eq!((got, end), (Vec::new(), Ok(())), "{} cut at {cut}", format.name());
                continue;
            }
            assert_eq!(end, Err(ErrorKind::Truncated), "{} cut at {cut}", format.name());
            assert!(plain.starts_with(&got), "{} cut at {cut}", format.name());
        }
        assert_eq!(read(&format, &coded), (plain, Ok(())), "{} whole", format.name());
    }
}

#[test]
fn every_flipped_bit_is_noticed_or_does_not_matter() {
    let mut table = Vec::new();
    for format in compressed_formats() {
        let (plain, mut coded) = (plain(), stream(&format));
        let (mut errors, mut same, mut lost) = (0, 0, 0);
        for bit in 0..coded.len() * 8 {
            coded[bit / 8] ^= 1 << (bit % 8);
            match read(&format, &coded) {
                (_, Err(_)) => errors += 1,
                (got, Ok(())) if got == plain => same += 1,
                (got, Ok(())) if got.is_empty() && lost < losses(&format).1 => lost += 1,
                _ => panic!(
                    "{}: with bit {bit} flipped, wrong data passes for right",
                    format.name()
                ),
            }
            coded[bit / 8] ^= 1 << (bit % 8);
        }
        assert_eq!(lost, losses(&format).1, "{}: flips that lose data", format.name());
        table.push((format.name(), errors, same));
    }
    let expected: Vec<_> = FLIPS
        .into_iter()
        .filter(|(name, ..)| table.iter().any(|(built, ..)| built == name))
        .collect();
    assert_eq!(table, expected, "(format, errors, same data)");
}

/// Also not what had been decoded before the error, and lies in the reader's buffer.
#[test]
fn nothing_is_delivered_after_an_error() {
    let mut reported = 0;
    for format in compressed_formats() {
        let coded = stream(&format);
        for at in 0..coded.len() {
            let mut bad = coded.clone();
            bad[at] ^= 1;
            let Ok(mut reader) = Options::new().format(&format).seekable_reader(Cursor::new(bad)) else {
                continue;
            };
            let mut out = [0; 10];
            let mut read = |from| {
                reader
                    .seek(SeekFrom::Start(from))
                    .and_then(|_| reader.read(&mut out))
            };
            if read(0).is_ok() && read(9_000).is_err() {
                reported += 1;
                let name = format.name();
                assert!(read(500).is_err(), "{name}: bit 0 of byte {at} is flipped");
            }
        }
    }
    assert!(
        reported > 100,
        "only {reported} errors behind what was read first"
    );
}

#[test]
fn every_builtin_format_is_in_the_table() {
    let formats = Registry::builtin().formats();
    let names = formats
        .iter()
        .map(Compressor::name)
        .filter(|name| *name != "none");
    assert!(names.eq(FLIPS.map(|(name, ..)| name)));
}
