//! Chunks and files put together by hand, and read.

mod build;
mod damage;

use super::super::testing::Reading;
use super::chunk::{Filter, NOT_SPLIT, RESERVED};
use crate::{
    Compressor, DecodeOptions, Error, ErrorKind, Head, Limits, Options, Probe, Registry, Status, Tail,
};
use build::{CODECS, Chunk, Pack};
pub(super) use build::{plain, shuffled};

fn blosc() -> Compressor {
    Registry::builtin().by_name("blosc").unwrap()
}

fn reading() -> Reading {
    Reading {
        format: blosc(),
        ways: &WAYS,
    }
}

fn read_with(options: Options, coded: &[u8], slice: usize, drip: usize) -> (Vec<u8>, Result<(), Error>) {
    reading().read_with(options, coded, (slice, drip))
}

/// What is read, and the error behind it, with slices of that size and that many bytes from the source at a time.
fn read(coded: &[u8], slice: usize, drip: usize) -> (Vec<u8>, Result<(), Error>) {
    read_with(Options::new(), coded, slice, drip)
}

/// Calls the decoder itself, with slices of those sizes; the plain bytes and whether the stream has ended.
pub(super) fn step(
    decoder: &mut dyn crate::Decode,
    coded: &[u8],
    input: usize,
    room: usize,
) -> (Vec<u8>, bool) {
    let mut got = Vec::new();
    let mut at = 0;
    let mut out = vec![0; room];
    loop {
        let end = coded.len().min(at + input);
        let step = decoder
            .step(&coded[at..end], &mut out, end == coded.len())
            .unwrap();
        at += step.consumed;
        got.extend_from_slice(&out[..step.produced]);
        if step.status == Status::Done {
            assert_eq!(at, coded.len());
            return (got, true);
        }
        if step.consumed == 0 && step.produced == 0 {
            return (got, false);
        }
        // What the contract asks of a decoder that has room.
        assert!(
            step.produced == room || at == end,
            "input is left though there is room"
        );
    }
}

/// A file of chunks of elements of four bytes, shuffled.
pub(super) fn file(blocksize: usize, chunk_size: usize, plain: &[u8]) -> Vec<u8> {
    let chunk = Chunk {
        filter: Filter::Bytes,
        typesize: 4,
        blocksize,
        ..Chunk::default()
    };
    Pack {
        chunk,
        chunk_size,
        ..Pack::default()
    }
    .code(plain)
}

/// Large slices and large pieces, both middling, and one byte of either.
const WAYS: [(usize, usize); 5] = [
    (1 << 20, 1 << 20),
    (1 << 20, 7),
    (3000, 500),
    (1, 1 << 20),
    (1, 1),
];

#[track_caller]
fn reads_as(what: &str, coded: &[u8], plain: &[u8]) {
    reading().reads_as(what, coded, plain);
}

fn fails_as(what: &str, coded: &[u8], kind: ErrorKind) -> Vec<u8> {
    let (first, _) = read(coded, 1 << 20, 1 << 20);
    for (slice, drip) in WAYS {
        let (got, end) = read(coded, slice, drip);
        let error = end.expect_err(what);
        assert_eq!(error.kind(), kind, "{what}: {error}");
        assert!(
            got == first,
            "{what}: {slice}, {drip}: {} bytes or {}",
            got.len(),
            first.len()
        );
    }
    first
}

#[test]
fn chunks_of_every_codec_filter_width_and_size() {
    for typesize in [1, 2, 3, 4, 7, 8, 16, 17, 255] {
        // The first is one element too small to be split, if it is narrow; the others are not.
        let blocksizes = [127 * typesize, 128 * typesize, 200 * typesize];
        // Wide ones are never split, so that the size of blocks makes no difference.
        for blocksize in blocksizes.into_iter().take(if typesize > 17 { 1 } else { 3 }) {
            let sizes = [
                0,
                1,
                15,
                127,
                128,
                blocksize - 1,
                blocksize,
                blocksize + 1,
                3 * blocksize,
                3 * blocksize + 129,
            ];
            for size in sizes {
                let plain = plain(size);
                for codec in CODECS {
                    for filter in [Filter::None, Filter::Bytes, Filter::Bits] {
                        for split in [false, true] {
                            let build = Chunk {
                                codec,
                                filter,
                                typesize,
                                blocksize,
                                split,
                                ..Chunk::default()
                            };
                            let coded = build.code(&plain);
                            let (got, end) = read(&coded, 1 << 16, 1 << 16);
                            end.unwrap_or_else(|e| panic!("{build:?}, {size} bytes: {e}"));
                            assert!(got == plain, "{build:?}, {size} bytes: other bytes");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn pieces_of_any_size_give_the_same_bytes() {
    let plain = plain(20_003);
    for codec in CODECS {
        for filter in [Filter::None, Filter::Bytes, Filter::Bits] {
            for typesize in [1, 4, 17] {
                let build = Chunk {
                    codec,
                    filter,
                    typesize,
                    blocksize: 4096 / typesize * typesize,
                    ..Chunk::default()
                };
                reads_as(&format!("{build:?}"), &build.code(&plain), &plain);
            }
        }
    }
    reads_as(
        "stored",
        &Chunk {
            stored: true,
            ..Chunk::default()
        }
        .code(&plain),
        &plain,
    );
    reads_as("nothing", &Chunk::default().code(b""), b"");
}

#[test]
fn blocks_may_lie_in_any_order_and_apart() {
    let plain = plain(50_000);
    for order in [
        &[11, 3, 7, 0, 12, 1, 2, 10, 9, 8, 4, 6, 5][..],
        &[12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
    ] {
        for gap in [0, 3] {
            let build = Chunk {
                order: order.to_vec(),
                gap,
                filter: Filter::Bytes,
                typesize: 4,
                ..Chunk::default()
            };
            let coded = build.code(&plain);
            reads_as(&format!("{order:?}, {gap} bytes between"), &coded, &plain);
        }
    }
}

#[test]
fn files_with_every_checksum_and_option() {
    let plain = plain(50_000);
    for checksum in 0..9 {
        for offsets in [None, Some(0), Some(20)] {
            for metadata in [None, Some(0), Some(100)] {
                let pack = Pack {
                    checksum,
                    offsets,
                    metadata,
                    ..Pack::default()
                };
                let coded = pack.code(&plain);
                let (got, end) = read(&coded, 10_000, 300);
                end.unwrap_or_else(|e| panic!("{pack:?}: {e}"));
                assert!(got == plain, "{pack:?}: other bytes");
            }
        }
    }
    let pack = Pack {
        metadata: Some(10),
        offsets: Some(3),
        ..Pack::default()
    };
    reads_as("a file", &pack.code(&plain), &plain);
    for size in [0, 1, 8191, 8192, 8193] {
        reads_as("a small file", &pack.code(&plain[..size]), &plain[..size]);
    }
}

#[test]
fn files_that_do_not_say_how_much_there_is() {
    let plain = plain(50_000);
    for (chunk_size, last_chunk) in [
        (None, None),
        (Some(8192), None),
        (Some(8192), Some(50_000 % 8192)),
        (None, Some(848)),
    ] {
        let pack = Pack {
            count: None,
            sizes: Some((chunk_size, last_chunk)),
            offsets: None,
            ..Pack::default()
        };
        let coded = pack.code(&plain);
        reads_as(&format!("{pack:?}"), &coded, &plain);
        let cut = &coded[..coded.len() - 1];
        fails_as("a cut in the last chunk", cut, ErrorKind::Truncated);
        // Between chunks a cut shows only if the last one's size is known.
        let whole = pack.code(&plain[..49_152]);
        let header = [&coded[..32], &whole[32..]].concat();
        if last_chunk.is_some() {
            let got = fails_as("a cut between chunks", &header, ErrorKind::Truncated);
            assert!(got == plain[..49_152]);
        } else {
            reads_as("a cut between chunks", &header, &plain[..49_152]);
        }
        if chunk_size.is_some() {
            let more = [&coded[..], &pack.code(&plain)[32..]].concat();
            fails_as("a chunk behind the last one", &more, ErrorKind::Corrupt);
        }
    }
    // A number of chunks without their sizes.
    let pack = Pack {
        sizes: Some((None, None)),
        ..Pack::default()
    };
    reads_as("sizes unknown", &pack.code(&plain), &plain);
}

#[test]
fn nothing_may_follow() {
    let plain = plain(10_000);
    for coded in [
        Pack::default().code(&plain),
        Chunk::default().code(&plain),
        Chunk::default().code(b""),
    ] {
        for tail in [&coded[..], &[0; 16], b"x"] {
            let long = [&coded[..], tail].concat();
            fails_as("a tail", &long, ErrorKind::TrailingData);
            let (_, end) = read_with(Options::new().tail(Tail::Ignore), &long, 1000, 1000);
            end.unwrap();
        }
    }
}

#[test]
fn a_decoder_can_be_used_again_at_any_point() {
    let plain = plain(30_000);
    let chunk = Chunk {
        filter: Filter::Bits,
        typesize: 3,
        order: vec![2, 0, 1, 4, 3, 5, 6, 7],
        ..Chunk::default()
    };
    let pack = Pack {
        chunk: Chunk {
            filter: Filter::Bytes,
            typesize: 8,
            ..Chunk::default()
        },
        metadata: Some(5),
        ..Pack::default()
    };
    let streams = [chunk.code(&plain), pack.code(&plain)];
    let mut decoder = blosc().format().decoder(&DecodeOptions::default()).unwrap();
    for coded in &streams {
        for cut in (0..coded.len()).step_by(97) {
            let (got, ended) = step(&mut *decoder, &coded[..cut], 1000, 700);
            assert!(!ended && plain.starts_with(&got));
            decoder.reset().unwrap();
            for coded in &streams {
                let (got, ended) = step(&mut *decoder, coded, 5000, 5000);
                assert!(ended && got == plain, "after a cut at {cut}");
                decoder.reset().unwrap();
            }
        }
    }
}

#[test]
fn memory_is_limited() {
    let plain = plain(1_000_000);
    let chunk = |blocksize| Chunk {
        blocksize,
        filter: Filter::Bytes,
        typesize: 8,
        ..Chunk::default()
    };
    let limited = |coded: &[u8], memory| {
        let options = Options::new().limits(Limits::default().memory(memory));
        read_with(options, coded, 10_000, 10_000)
    };
    let coded = chunk(512 << 10).code(&plain);
    let error = limited(&coded, 500 << 10).1.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit, "{error}");
    limited(&coded, 1 << 20).1.unwrap();
    // The chunk is larger than what is allowed, but not what must be kept of it.
    let coded = chunk(8 << 10).code(&plain);
    assert!(coded.len() > 100_000);
    assert!(limited(&coded, 64 << 10).0 == plain);
    // Unless its first block comes last.
    let mut order: Vec<usize> = (0..coded_blocks(&coded)).collect();
    order.reverse();
    let coded = Chunk {
        order,
        ..chunk(8 << 10)
    }
    .code(&plain);
    let error = limited(&coded, 64 << 10).1.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit, "{error}");
    // Data that is stored passes through.
    let coded = Chunk {
        stored: true,
        ..chunk(1_000_000)
    }
    .code(&plain);
    assert!(limited(&coded, 1000).0 == plain);
    // Offsets are kept.
    let pack = Pack {
        offsets: Some(0),
        chunk_size: 1000,
        ..Pack::default()
    };
    let error = limited(&pack.code(&plain), 7900).1.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit, "{error}");
    limited(&pack.code(&plain), 16_000).1.unwrap();
}

fn coded_blocks(chunk: &[u8]) -> usize {
    let word = |at: usize| u32::from_le_bytes(chunk[at..at + 4].try_into().unwrap());
    usize::try_from(word(4).div_ceil(word(8))).unwrap()
}

#[test]
fn files_and_whole_chunks_are_recognised() {
    let plain = plain(5000);
    let probe = |head: &Head<'_>| blosc().format().probe(head);
    assert_eq!(probe(&Head::of(&Pack::default().code(&plain))), Probe::Strong);
    // Other versions are known for what they are, to be refused by their number.
    assert_eq!(probe(&Head::of(b"blpk\x02")), Probe::Strong);
    for codec in CODECS {
        let coded = Chunk {
            codec,
            ..Chunk::default()
        }
        .code(&plain);
        assert_eq!(probe(&Head::of(&coded)), Probe::Strong);
        for wrong in [
            &coded[..coded.len() - 1],
            &[&coded[..], b"x"].concat(),
            &coded[..15],
            &coded[..16],
        ] {
            assert_eq!(probe(&Head::of(wrong)), Probe::No);
        }
        // A pipe does not say how much is to come.
        assert_eq!(
            probe(&Head {
                bytes: &coded[..64],
                total: None
            }),
            Probe::No
        );
        for (at, bits) in [(0, 1), (1, 1), (2, RESERVED), (2, 0xe0), (3, 1), (15, 0x80)] {
            let mut wrong = coded.clone();
            wrong[at] = if at == 3 { 0 } else { wrong[at] ^ bits };
            if (at, bits) == (2, 0xe0) {
                wrong[at] |= bits;
            }
            assert_eq!(probe(&Head::of(&wrong)), Probe::No, "byte {at}");
        }
        // While there are too few bytes to tell, more are asked for.
        let total = Some(coded.len() as u64);
        for n in 0..16 {
            assert_eq!(
                probe(&Head {
                    bytes: &coded[..n],
                    total
                }),
                Probe::More,
                "{n} bytes"
            );
        }
        assert_eq!(
            probe(&Head {
                bytes: b"\x02\x03",
                total
            }),
            Probe::No
        );
        assert_eq!(
            probe(&Head {
                bytes: b"\x80",
                total
            }),
            Probe::No
        );
    }
    assert_eq!(
        probe(&Head {
            bytes: b"\x02",
            total: None
        }),
        Probe::No
    );
}

#[test]
fn what_other_versions_wrote_is_refused_by_name() {
    let plain = plain(5000);
    let chunk = Chunk::default().code(&plain);
    let pack = Pack::default().code(&plain);
    let with = |coded: &[u8], at: usize, value: u8| {
        let mut coded = coded.to_vec();
        coded[at] = value;
        coded
    };
    for version in [1, 3, 4, 5] {
        fails_as(
            "a chunk's version",
            &with(&chunk, 0, version),
            ErrorKind::Unsupported,
        );
    }
    for version in [0, 1, 2, 4] {
        fails_as(
            "a file's version",
            &with(&pack, 4, version),
            ErrorKind::Unsupported,
        );
    }
    fails_as(
        "a version of the codec",
        &with(&chunk, 1, 2),
        ErrorKind::Unsupported,
    );
    for codec in 5..8 {
        fails_as(
            "a codec",
            &with(&chunk, 2, codec << 5 | NOT_SPLIT),
            ErrorKind::Unsupported,
        );
    }
    fails_as("a checksum", &with(&pack, 6, 9), ErrorKind::Unsupported);
    fails_as(
        "a frame",
        b"\x9e\xa8b2frame\0............",
        ErrorKind::Unsupported,
    );
    fails_as("something else", b"something else", ErrorKind::Corrupt);
    fails_as("nothing", b"", ErrorKind::Truncated);
}
