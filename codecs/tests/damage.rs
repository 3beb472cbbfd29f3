//! One stream per format, cut at every byte and with every single bit flipped.
//!
//! The counts are pinned: they say how much of a format is under its checks, and a backend or a decoder that
//! begins to let something through changes them. Of what we write, no flipped bit passes for data, and data is lost
//! unnoticed only where the format gives no way to notice.

mod common;
#[path = "../../testing/effort.rs"]
mod effort;

use demijohn_codecs::{Compressor, ErrorKind, Options, Registry};
use std::io::{Cursor, Read, Seek, SeekFrom, Write};

use common::{compressed_formats, sample};

/// What becomes of a stream with one bit flipped: an error; or the same data all the same, for bits that say
/// nothing about it (gzip's time and system, the dictionary size of lzma, the codes of symbols that a block of
/// bz2 does not use); or other data, where a writer left checksums out (a block of lz4 has one of its bytes, but not of the
/// bit that says whether they are compressed), and where a chunk of snappy becomes one that readers skip. lzma has no
/// checksum at all, and xz may have none, but they run past their end.
const FLIPS: [(&str, &str, [usize; 3]); 38] = [
    ("zlib", "default", [8449, 15, 0]),
    ("zlib", "lowest level", [40_083, 5, 0]),
    ("zlib", "highest level", [7939, 5, 0]),
    ("gzip", "default", [8496, 64, 0]),
    ("gzip", "lowest level", [40_130, 54, 0]),
    ("gzip", "highest level", [7986, 54, 0]),
    ("bz2", "default", [7006, 18, 0]),
    ("bz2", "lowest level", [7005, 19, 0]),
    ("bz2", "highest level", [7006, 18, 0]),
    ("lzma", "default", [7701, 27, 0]),
    ("lzma", "lowest level", [8285, 27, 0]),
    ("lzma", "highest level", [7701, 27, 0]),
    ("xz", "default", [8160, 0, 0]),
    ("xz", "lowest level", [8736, 0, 0]),
    ("xz", "highest level", [8160, 0, 0]),
    ("xz", "no checksum", [8032, 0, 0]),
    ("xz", "CRC-32", [8064, 0, 0]),
    ("xz", "SHA-256", [8288, 0, 0]),
    ("zstd", "default", [8298, 22, 0]),
    ("zstd", "lowest level", [40_097, 7, 0]),
    ("zstd", "highest level", [7140, 12, 0]),
    ("zstd", "no checksum", [3751, 22, 4515]),
    ("lz4", "default", [13_449, 7, 0]),
    ("lz4", "lowest level", [13_385, 7, 0]),
    ("lz4", "highest level", [11_578, 6, 0]),
    ("lz4", "no checksum", [3743, 7, 9626]),
    ("lz4", "of the content", [13_401, 7, 0]),
    ("lz4", "of blocks", [13_407, 0, 1]),
    ("lz4", "of both", [13_440, 0, 0]),
    ("snappy", "default", [12_739, 4, 1]),
    ("blosc", "default", [14_078, 34, 0]),
    ("blosc", "lowest level", [40_446, 34, 0]),
    ("blosc", "highest level", [13_670, 34, 0]),
    ("blosc", "no checksum", [5944, 51, 8085]),
    ("blosc", "chunk", [5658, 17, 8085]),
    ("lzo", "default", [13_424, 0, 0]),
    ("lzo", "lowest level", [13_424, 0, 0]),
    ("lzo", "highest level", [10_896, 0, 0]),
];

/// Where a stream may end before its end, so that a cut there passes.
const ENDS: [(&str, &[usize]); 1] = [("snappy", &[0, 10])];

fn ends(format: &Compressor) -> &'static [usize] {
    let known = ENDS.into_iter().find(|(name, _)| *name == format.name());
    known.map_or(&[], |(_, cuts)| cuts)
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
            if ends(&format).contains(&cut) {
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
fn nothing_at_all_is_told_from_a_stream_that_is_cut() {
    for format in compressed_formats() {
        let coded = stream(&format);
        for (cut, empty) in [(0, true), (1, false), (coded.len() / 2, false)] {
            if ends(&format).contains(&cut) {
                continue;
            }
            let error = format.decompress(&coded[..cut]).unwrap_err();
            let message = error.message();
            assert_eq!(message == "empty input", empty, "{}: {message}", format.name());
        }
    }
}

/// Streams of [`plain`]: ours at the default level and at both ends of the range, and those of writers that were told
/// something else about checksums.
fn variants(format: &Compressor) -> Vec<(&'static str, Vec<u8>)> {
    let mut variants = vec![("default", stream(format))];
    if let Some(range) = format.spec().level_range() {
        for (name, level) in [("lowest level", *range.start()), ("highest level", *range.end())] {
            let mut writer = Options::new().level(level).writer(Vec::new(), format).unwrap();
            writer.write_all(&plain()).unwrap();
            variants.push((name, writer.finish().unwrap().0));
        }
    }
    variants.extend(match format.name() {
        #[cfg(feature = "zstd")]
        "zstd" => without_checksum_zstd(),
        #[cfg(feature = "lz4")]
        "lz4" => checksums_of_lz4(),
        #[cfg(feature = "xz")]
        "xz" => checks_of_xz(),
        "blosc" => without_checksum_blosc(&variants[0].1),
        _ => Vec::new(),
    });
    variants.retain(|(variant, _)| is_tried(variant));
    variants
}

/// All are, if `cargo xtask torture flips` runs this.
fn is_tried(variant: &str) -> bool {
    effort::tortured() || !variant.ends_with("level")
}

#[cfg(feature = "zstd")]
fn without_checksum_zstd() -> Vec<(&'static str, Vec<u8>)> {
    let mut coded = Vec::with_capacity(10_000);
    zstd_safe::compress(&mut coded, &plain(), 3).unwrap();
    vec![("no checksum", coded)]
}

#[cfg(feature = "lz4")]
fn checksums_of_lz4() -> Vec<(&'static str, Vec<u8>)> {
    use lz4::liblz4::BlockChecksum::{BlockChecksumEnabled, NoBlockChecksum};
    use lz4::{ContentChecksum, EncoderBuilder};
    let with = |content, blocks| {
        let mut encoder = EncoderBuilder::new()
            .checksum(if content {
                ContentChecksum::ChecksumEnabled
            } else {
                ContentChecksum::NoChecksum
            })
            .block_checksum(if blocks {
                BlockChecksumEnabled
            } else {
                NoBlockChecksum
            })
            .build(Vec::new())
            .unwrap();
        encoder.write_all(&plain()).unwrap();
        encoder.finish().0
    };
    vec![
        ("no checksum", with(false, false)),
        ("of the content", with(true, false)),
        ("of blocks", with(false, true)),
        ("of both", with(true, true)),
    ]
}

#[cfg(feature = "xz")]
fn checks_of_xz() -> Vec<(&'static str, Vec<u8>)> {
    use xz2::stream::{Action, Check, Stream};
    let with = |check| {
        let mut coded = Vec::with_capacity(10_000);
        let mut stream = Stream::new_easy_encoder(6, check).unwrap();
        stream.process_vec(&plain(), &mut coded, Action::Finish).unwrap();
        coded
    };
    vec![
        ("no checksum", with(Check::None)),
        ("CRC-32", with(Check::Crc32)),
        ("SHA-256", with(Check::Sha256)),
    ]
}

/// A file of one chunk, told to have no digest of it; and the chunk alone, which can have none.
fn without_checksum_blosc(file: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize;
    // Where the chunk is stands behind the header, and its length in it.
    let begin = word(32);
    let end = begin + word(begin + 12);
    let mut bare = file[..end].to_vec();
    bare[6] = 0;
    vec![("no checksum", bare), ("chunk", file[begin..end].to_vec())]
}

#[test]
fn every_flipped_bit_is_noticed_or_does_not_matter() {
    let plain = plain();
    let mut table = Vec::new();
    for format in compressed_formats() {
        for (variant, mut coded) in variants(&format) {
            assert_eq!(
                read(&format, &coded),
                (plain.clone(), Ok(())),
                "{} {variant}",
                format.name()
            );
            let (mut errors, mut same, mut other) = (0, 0, 0);
            for bit in 0..coded.len() * 8 {
                coded[bit / 8] ^= 1 << (bit % 8);
                match read(&format, &coded) {
                    (_, Err(_)) => errors += 1,
                    (got, Ok(())) if got == plain => same += 1,
                    _ => other += 1,
                }
                coded[bit / 8] ^= 1 << (bit % 8);
            }
            table.push((format.name(), variant, [errors, same, other]));
        }
    }
    let expected: Vec<_> = FLIPS
        .into_iter()
        .filter(|(name, ..)| table.iter().any(|(built, ..)| built == name))
        .filter(|(_, variant, _)| is_tried(variant))
        .collect();
    assert_eq!(
        table, expected,
        "(format, variant, [errors, same data, other data])"
    );
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
    let defaults = FLIPS.into_iter().filter(|(_, variant, _)| *variant == "default");
    assert!(names.eq(defaults.map(|(name, ..)| name)));
}
