//! Chunks that our own writer does not make, put together by hand, and the frames of the library.

use std::io::{Read, Write};

use super::super::bare_blocks;
use super::super::testing::Reading;
use super::IDENTIFIER;
use super::coder::{checksum, decode};
use crate::{Compressor, DecodeOptions, Error, ErrorKind, Limits, Options, Registry};

fn snappy() -> Compressor {
    Registry::builtin().by_name("snappy").unwrap()
}

/// Text, then noise, so that both kinds of chunks come of it.
fn plain(len: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    let text = b"so many bottles, so much in them; ".iter().copied().cycle();
    text.take(len / 2)
        .chain((0..len - len / 2).map(|_| noise()))
        .collect()
}

fn chunk(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
    let data = parts.concat();
    let len = u32::try_from(data.len()).unwrap().to_le_bytes();
    [&[kind], &len[..3], &data].concat()
}

fn compressed(plain: &[u8]) -> Vec<u8> {
    snap::raw::Encoder::new().compress_vec(plain).unwrap()
}

fn crc(plain: &[u8]) -> [u8; 4] {
    checksum(plain).to_le_bytes()
}

fn reading() -> Reading {
    Reading {
        format: snappy(),
        ways: &[(1 << 20, usize::MAX), (100_000, 4000), (1000, usize::MAX)],
    }
}

fn read(coded: &[u8], slice: usize) -> (Vec<u8>, Result<(), Error>) {
    reading().read(coded, (slice, usize::MAX))
}

#[track_caller]
fn reads_as(what: &str, coded: &[u8], plain: &[u8]) {
    reading().reads_as(what, coded, plain);
}

#[track_caller]
fn refused(parts: &[&[u8]], kind: ErrorKind, delivered: usize) {
    reading().refused(&parts.concat(), kind, delivered);
}

#[test]
fn the_checksum_is_the_formats() {
    // The check value of CRC-32C is e3069283: turned right by 15 bits 2507c60d, and a282ead8 more is this.
    assert_eq!(checksum(b"123456789"), 0xc78a_b0e5);
}

#[test]
fn all_kinds_of_chunks_are_read() {
    let plain = plain(65_536);
    let (a, b) = plain.split_at(40_000);
    for (what, chunks, data) in [
        ("nothing but the identifier", vec![], &b""[..]),
        ("compressed", vec![chunk(0, &[&crc(a), &compressed(a)])], a),
        ("stored", vec![chunk(1, &[&crc(a), a])], a),
        ("compressed, no checksum", vec![chunk(2, &[&compressed(a)])], a),
        ("stored, no checksum", vec![chunk(3, &[a])], a),
        (
            "the most a chunk may have",
            vec![chunk(1, &[&crc(&plain), &plain])],
            &plain,
        ),
        ("no data, stored", vec![chunk(1, &[&crc(b"")])], b""),
        ("no data, compressed", vec![chunk(0, &[&crc(b""), &[0]])], b""),
        (
            "padding, chunks to skip, identifiers again",
            vec![
                chunk(0xfe, &[&[0; 70_000]]),
                chunk(0x80, &[]),
                chunk(3, &[a]),
                chunk(0xfd, &[b"whatever"]),
                IDENTIFIER.to_vec(),
                chunk(2, &[&compressed(b)]),
                IDENTIFIER.to_vec(),
            ],
            &plain,
        ),
    ] {
        reads_as(what, &[&IDENTIFIER[..], &chunks.concat()].concat(), data);
    }
    reads_as("not a byte", b"", b"");
}

#[test]
fn chunks_that_say_nonsense_are_corrupt() {
    let plain = plain(70_000);
    let good = chunk(3, &[&plain[..1000]]);
    let begun = [&IDENTIFIER[..], &good].concat();
    for kind in [0x04, 0x10, 0x7f] {
        refused(&[&begun, &chunk(kind, &[b"data"])], ErrorKind::Corrupt, 1000);
    }
    // Without an identifier in front; with one that is not.
    refused(&[&good], ErrorKind::Corrupt, 0);
    refused(&[&chunk(0xfe, &[b""]), &begun], ErrorKind::Corrupt, 0);
    refused(&[b"\xff\x06\x00\x00sNaPpy", &good], ErrorKind::Corrupt, 0);
    refused(&[&begun, &chunk(0xff, &[b"sNaPp"])], ErrorKind::Corrupt, 1000);
    refused(&[&begun, &chunk(0xff, &[b"sNaPpYY"])], ErrorKind::Corrupt, 1000);
    // More data than a chunk may have, in all four kinds.
    let large = &plain[..65_537];
    for chunk in [
        chunk(0, &[&crc(large), &compressed(large)]),
        chunk(1, &[&crc(large), large]),
        chunk(2, &[&compressed(large)]),
        chunk(3, &[large]),
    ] {
        refused(&[&begun, &chunk], ErrorKind::Corrupt, 1000);
    }
    // Lengths that no chunk has are refused before the bytes are there.
    for kind in [0, 1, 2, 3, 0xff] {
        refused(&[&begun, &[kind, 0xff, 0xff, 0xff]], ErrorKind::Corrupt, 1000);
    }
    // Too short for a checksum, for a length, for the data it says it has.
    refused(&[&begun, &chunk(0, &[b"123"])], ErrorKind::Corrupt, 1000);
    refused(&[&begun, &chunk(1, &[])], ErrorKind::Corrupt, 1000);
    refused(&[&begun, &chunk(2, &[])], ErrorKind::Corrupt, 1000);
    refused(&[&begun, &chunk(2, &[&[5, 0]])], ErrorKind::Corrupt, 1000);
    // What follows a stream is taken for a chunk.
    refused(&[&begun, &[0; 4]], ErrorKind::Corrupt, 1000);
    refused(&[&begun, b"more text"], ErrorKind::Corrupt, 1000);
}

#[test]
fn checksums_are_verified_after_the_data_before_them() {
    let (a, b) = (&b"some data"[..], &b"and more"[..]);
    let begun = [&IDENTIFIER[..], &chunk(1, &[&crc(a), a])].concat();
    refused(&[&begun, &chunk(1, &[&crc(a), b])], ErrorKind::Checksum, a.len());
    refused(
        &[&begun, &chunk(0, &[&crc(a), &compressed(b)])],
        ErrorKind::Checksum,
        a.len(),
    );
}

#[test]
fn a_cut_is_noticed_but_between_chunks() {
    let plain = plain(10_000);
    let parts = [
        IDENTIFIER.to_vec(),
        chunk(2, &[&compressed(&plain)]),
        chunk(0xfe, &[&[0; 9]]),
        chunk(1, &[&crc(&plain), &plain]),
    ];
    let coded = parts.concat();
    let mut edges = vec![0];
    for part in &parts {
        edges.push(edges[edges.len() - 1] + part.len());
    }
    for cut in 0..=coded.len() {
        let (_, end) = read(&coded[..cut], 1 << 20);
        let kind = end.err().map(|error| error.kind());
        let expected = (!edges.contains(&cut)).then_some(ErrorKind::Truncated);
        assert_eq!(kind, expected, "cut at {cut}");
    }
}

#[test]
fn a_stream_after_a_reset_needs_its_own_identifier() {
    let mut decoder = snappy().decoder(&DecodeOptions::default()).unwrap();
    let data = chunk(3, &[b"data"]);
    for _ in 0..2 {
        let mut out = [0; 9];
        decoder.step(&IDENTIFIER, &mut out, false).unwrap();
        assert_eq!(decoder.step(&data, &mut out, false).unwrap().produced, 4);
        decoder.reset().unwrap();
        let error = decoder.step(&data, &mut out, false).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        decoder.reset().unwrap();
    }
}

#[test]
fn memory_is_refused_before_it_is_taken() {
    let coded = snappy().compress(b"data").unwrap();
    for (memory, enough) in [((64 << 10) - 1, false), (64 << 10, true)] {
        let options = Options::new()
            .format(snappy())
            .limits(Limits::none().memory(memory));
        let mut reader = options.reader(&coded[..]).unwrap();
        let kind = reader.read(&mut [0]).map_err(|e| Error::from(e).kind()).err();
        assert_eq!(kind, (!enough).then_some(ErrorKind::Limit), "{memory} bytes");
    }
}

/// The library's own frames, which follow the same rules: to the byte.
#[test]
fn our_streams_are_the_librarys() {
    for len in [1, 9, 1000, 65_535, 65_536, 65_537, 131_072, 400_000, 3_000_000] {
        let plain = plain(len);
        let mut theirs = snap::write::FrameEncoder::new(Vec::new());
        theirs.write_all(&plain).unwrap();
        let theirs = theirs.into_inner().unwrap();
        let ours = snappy().compress(&plain).unwrap();
        assert!(ours == theirs, "{len} bytes: {} and {}", ours.len(), theirs.len());
        reads_as("theirs", &theirs, &plain);
        let mut back = Vec::new();
        snap::read::FrameDecoder::new(&ours[..])
            .read_to_end(&mut back)
            .unwrap();
        assert!(back == plain, "{len} bytes");
    }
    assert_eq!(snappy().compress(b"").unwrap(), IDENTIFIER);
}

#[test]
fn small_blocks_are_small_chunks_and_large_ones_change_nothing() {
    let plain = plain(200_000);
    let sized = |size| {
        let mut writer = Options::new()
            .block_size(size)
            .writer(Vec::new(), snappy())
            .unwrap();
        writer.write_all(&plain).unwrap();
        writer.finish().unwrap().0
    };
    let usual = snappy().compress(&plain).unwrap();
    for size in [65_536, 100_000, 1 << 30] {
        assert!(sized(size) == usual, "blocks of {size}");
    }
    let small = sized(10_000);
    assert!(small.len() > usual.len() + 8 * 10, "blocks of 10,000 are not");
    reads_as("small chunks", &small, &plain);
}

#[test]
fn bare_blocks_of_the_corpus() {
    bare_blocks::judge("snappy-raw", &[], |coded| {
        let len = snap::raw::decompress_len(coded).unwrap_or_default();
        // What a chunk may not have anyway does not need the room.
        let mut out = vec![0; len.min(1 << 20)];
        decode(&mut snap::raw::Decoder::new(), coded, &mut out)?;
        Ok(out)
    });
}
