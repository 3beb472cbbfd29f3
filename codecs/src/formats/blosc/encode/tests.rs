//! What is written: by every inner codec, and the header in all the sizes that it can have.

use std::io::{Cursor, Read, Write};
use std::ops::ControlFlow;

use super::super::chunk::{Header, STORED};
use super::super::{Blosc, Inner, Shuffle};
use super::{CHUNK, ENTRIES, HEADER};
use crate::compressor::Compressor;
use crate::options::Options;

/// Numbers that grow slowly, so that every codec and filter has something to find.
fn sample(len: usize) -> Vec<u8> {
    (0u32..)
        .flat_map(|i| (i * 7 + i / 250).to_le_bytes())
        .take(len)
        .collect()
}

fn noise(len: usize) -> Vec<u8> {
    let mut x = 1u64;
    std::iter::repeat_with(|| {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        x.to_le_bytes()
    })
    .flatten()
    .take(len)
    .collect()
}

fn write(options: Options, blosc: Blosc, level: i32, plain: &[u8]) -> Vec<u8> {
    let mut writer = options
        .writer(Vec::new(), (Compressor::new(blosc), level))
        .unwrap();
    writer.write_all(plain).unwrap();
    writer.finish().unwrap().0
}

#[track_caller]
fn reads(coded: &[u8], plain: &[u8], what: &str) {
    let mut reader = Options::new()
        .format(Compressor::new(Blosc::new()))
        .seekable_reader(Cursor::new(coded))
        .unwrap();
    let mut back = Vec::new();
    reader
        .read_to_end(&mut back)
        .unwrap_or_else(|e| panic!("{what}: {e}"));
    assert!(back == plain, "{what}: other bytes come back");
}

/// The fields behind the first eight bytes of the header, and these.
fn header(coded: &[u8]) -> (&[u8], [i64; 4]) {
    let i32_at = |at: usize| i32::from_le_bytes(coded[at..at + 4].try_into().unwrap()).into();
    let i64_at = |at: usize| i64::from_le_bytes(coded[at..at + 8].try_into().unwrap());
    (&coded[..8], [i32_at(8), i32_at(12), i64_at(16), i64_at(24)])
}

fn offset(coded: &[u8], i: usize) -> i64 {
    let at = HEADER + 8 * i;
    i64::from_le_bytes(coded[at..at + 8].try_into().unwrap())
}

/// The header of the first chunk.
fn first_chunk(coded: &[u8]) -> Header {
    let at = usize::try_from(offset(coded, 0)).unwrap();
    Header::parse(coded[at..at + 16].try_into().unwrap()).unwrap()
}

const LEVELS_AND_LENGTHS: [(i32, usize); 8] = [
    (0, 70_003),
    (1, 0),
    (1, 70_003),
    (5, 1),
    (5, 15),
    (5, 1000),
    (5, 70_003),
    (9, 70_003),
];

#[test]
fn every_choice_comes_back() {
    for &inner in Inner::ALL {
        for &shuffle in Shuffle::ALL {
            for (level, len) in LEVELS_AND_LENGTHS {
                for element_size in [1, 2, 3, 8, 17, 255, 256] {
                    let plain = sample(len);
                    let blosc = Blosc::new().inner(inner).shuffle(shuffle);
                    let options = Options::new().element_size(element_size).block_size(32_000);
                    let coded = write(options, blosc, level, &plain);
                    let what = format!("{inner}, {shuffle}, level {level}, {len} bytes in {element_size}");
                    reads(&coded, &plain, &what);
                }
            }
        }
    }
}

#[test]
fn chunks_say_what_was_chosen() {
    let plain = sample(100_000);
    for (i, &inner) in Inner::ALL.iter().enumerate() {
        for &shuffle in Shuffle::ALL {
            let blosc = Blosc::new().inner(inner).shuffle(shuffle);
            let coded = write(Options::new().element_size(4), blosc, 5, &plain);
            let chunk = first_chunk(&coded);
            assert_eq!(chunk.typesize, 4);
            let (number, filter) = (chunk.flags >> 5, chunk.flags & 0x05);
            if number == 1 {
                // A plane that lz4 cannot compress does not keep it from the others.
                assert_eq!(chunk.splits(0) == 4, shuffle != Shuffle::None, "{shuffle}");
            }
            assert_eq!(number, [0, 1, 1, 2, 3, 4][i], "{inner}");
            let expected = match shuffle {
                Shuffle::None => 0,
                Shuffle::Byte => 1,
                Shuffle::Bit => 4,
            };
            assert_eq!(filter, expected, "{inner}, {shuffle}");
            // Where nothing is shuffled, some codecs find nothing.
            assert!(
                shuffle == Shuffle::None || coded.len() < plain.len() * 3 / 4,
                "{inner}, {shuffle}: {} bytes",
                coded.len()
            );
        }
    }
}

#[test]
fn shuffling_helps_and_higher_levels_do_not_harm() {
    let plain = sample(2_000_000);
    for &inner in Inner::ALL {
        let len = |shuffle, level| {
            let blosc = Blosc::new().inner(inner).shuffle(shuffle);
            write(Options::new().element_size(4), blosc, level, &plain).len()
        };
        let (plain_at_5, byte_at_5) = (len(Shuffle::None, 5), len(Shuffle::Byte, 5));
        assert!(byte_at_5 < plain_at_5 / 2, "{inner}: {byte_at_5} of {plain_at_5}");
        assert!(len(Shuffle::Byte, 9) <= byte_at_5 + byte_at_5 / 100, "{inner}");
    }
}

#[test]
fn higher_levels_have_larger_blocks() {
    let plain = sample(2 << 20);
    // In KiB: of planes of two bytes and of eight, and what is not split into planes.
    let sizes = [
        (1, [64, 128, 64]),
        (2, [64, 256, 64]),
        (3, [128, 512, 256]),
        (4, [256, 1024, 256]),
        (5, [256, 1024, 256]),
        (6, [512, 1024, 512]),
        (8, [512, 1024, 512]),
        (9, [512, 1024, 1024]),
    ];
    for (level, sizes) in sizes {
        let columns = [(Inner::Lz4, 2), (Inner::Lz4, 8), (Inner::Snappy, 8)];
        for ((inner, element_size), size) in columns.into_iter().zip(sizes) {
            let options = Options::new().element_size(element_size).block_size(plain.len());
            let coded = write(options, Blosc::new().inner(inner), level, &plain);
            assert_eq!(
                first_chunk(&coded).blocksize,
                size << 10,
                "{inner} of {element_size} at level {level}"
            );
        }
    }
}

#[test]
fn a_block_that_does_not_shrink_is_a_copy_among_others_that_do() {
    // Of four blocks, the first.
    let plain = [noise(64 << 10), vec![0; 192 << 10]].concat();
    for &inner in Inner::ALL.iter().filter(|inner| **inner != Inner::BloscLz) {
        let blosc = Blosc::new().inner(inner).shuffle(Shuffle::None);
        let coded = write(Options::new(), blosc, 1, &plain);
        let chunk = first_chunk(&coded);
        assert_eq!((chunk.blocksize, chunk.flags & STORED), (64 << 10, 0), "{inner}");
        // Behind the header and four offsets of blocks.
        let block = usize::try_from(offset(&coded, 0)).unwrap() + 16 + 4 * 4;
        assert_eq!(coded[block..block + 4], (64_u32 << 10).to_le_bytes(), "{inner}");
        assert!(coded[block + 4..].starts_with(&plain[..64 << 10]), "{inner}");
        reads(&coded, &plain, &inner.to_string());
    }
}

#[test]
fn what_does_not_shrink_is_a_copy() {
    for &inner in Inner::ALL {
        let plain = noise(50_000);
        let coded = write(Options::new(), Blosc::new().inner(inner), 5, &plain);
        assert_eq!(coded.len(), HEADER + 8 + 16 + plain.len() + 4, "{inner}");
        assert_ne!(coded[HEADER + 8 + 2] & STORED, 0, "{inner}");
    }
}

#[test]
fn no_data_is_one_chunk_of_none() {
    let coded = write(Options::new(), Blosc::new(), 5, &[]);
    assert_eq!(header(&coded), (&b"blpk\x03\x01\x01\x01"[..], [0, 0, 1, 0]));
    assert_eq!(offset(&coded, 0), 40);
    assert_eq!(coded.len(), HEADER + 8 + 16 + 4);
    reads(&coded, &[], "nothing");
}

#[test]
fn a_short_stream_has_the_table_it_needs() {
    let plain = sample(2 * CHUNK + 1);
    let coded = write(Options::new().element_size(4), Blosc::new(), 5, &plain);
    let (fields, sizes) = header(&coded);
    assert_eq!(fields, b"blpk\x03\x01\x01\x04");
    assert_eq!(sizes, [1 << 20, 1, 3, 0]);
    assert_eq!(offset(&coded, 0), 32 + 3 * 8);
    // Each offset is where a chunk begins: with the versions of Blosc 1 and its codecs.
    for i in 0..3 {
        let at = usize::try_from(offset(&coded, i)).unwrap();
        assert_eq!(coded[at..at + 2], [2, 1]);
    }
    // Announced or not makes no difference.
    let announced = Options::new().element_size(4).size(plain.len() as u64);
    assert!(write(announced, Blosc::new(), 5, &plain) == coded);
}

#[test]
fn a_long_stream_has_room_to_spare_unless_its_size_is_announced() {
    let plain = noise(6 * CHUNK + 1000);
    let coded = write(Options::new(), Blosc::new(), 1, &plain);
    let spare = i64::try_from(ENTRIES).unwrap() - 7;
    assert_eq!(header(&coded).1, [1 << 20, 1000, 7, spare]);
    assert_eq!(offset(&coded, 0), 32 + 8 * i64::try_from(ENTRIES).unwrap());
    assert_eq!(offset(&coded, 7), -1);
    reads(&coded, &plain, "a long stream");

    let coded = write(Options::new().size(plain.len() as u64), Blosc::new(), 1, &plain);
    assert_eq!(header(&coded).1, [1 << 20, 1000, 7, 0]);
    assert_eq!(offset(&coded, 0), 32 + 8 * 7);
    reads(&coded, &plain, "a long stream of announced size");
}

#[test]
fn reports_count_what_waits_for_the_head() {
    // In memory, and in a temporary file.
    for chunks in [2, 9] {
        let plain = noise(chunks * CHUNK + 1);
        let (reports, reported) = std::sync::mpsc::channel();
        let options = Options::new().threads(1).on_progress(move |progress| {
            reports.send((progress.plain, progress.compressed)).unwrap();
            ControlFlow::Continue(())
        });
        let coded = write(options, Blosc::new(), 1, &plain);
        let reported: Vec<(u64, u64)> = reported.iter().collect();
        // Noise does not shrink, and all chunks but the one being filled have been coded.
        for &(plain, compressed) in &reported {
            assert!(
                compressed + 2 * CHUNK as u64 >= plain,
                "{compressed} coded bytes of {plain}"
            );
        }
        let (plain, compressed) = reported[reported.len() - 1];
        assert!(plain >= (chunks * CHUNK) as u64 && compressed <= coded.len() as u64);
    }
}

#[test]
fn a_stream_of_more_chunks_than_there_is_room_for_has_no_table() {
    let plain = noise(512 * (usize::try_from(ENTRIES).unwrap() + 10));
    let coded = write(Options::new().block_size(512), Blosc::new(), 0, &plain);
    let (fields, sizes) = header(&coded);
    assert_eq!(fields, b"blpk\x03\x02\x01\x01");
    assert_eq!(sizes, [512, 512, i64::try_from(ENTRIES).unwrap() + 10, 0]);
    assert_eq!(&coded[HEADER..HEADER + 8], b"JSON\0\0\0\0");
    reads(&coded, &plain, "more chunks than entries");
}
