//! Frames that our own writer does not make, put together by hand.

use std::io::Read;

use super::super::testing::{Drip, Reading};
use super::coder::{
    BLOCK_CHECKSUMS, CONTENT_CHECKSUM, CONTENT_SIZE, DICTIONARY, INDEPENDENT, RESERVED, STORED, VERSION,
    header_checksum, xxh32,
};
use super::{LEGACY, MAGIC};
use crate::{Compressor, DecodeOptions, Error, ErrorKind, Limits, Members, Options, Registry, Status, Tail};

const KIB_64: u8 = 4 << 4;

fn lz4() -> Compressor {
    Registry::builtin().by_name("lz4").unwrap()
}

/// Data that repeats at distances of up to a block and more, so that linked blocks have something to link to.
fn plain(len: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    let period: Vec<u8> = (0..50_000).map(|_| noise()).collect();
    period.iter().copied().cycle().take(len).collect()
}

/// A frame: its flags, block code, and what is to be in it.
#[derive(Clone)]
struct Build {
    flags: u8,
    block: u8,
    block_len: usize,
    size: Option<u64>,
    stored: bool,
}

impl Default for Build {
    fn default() -> Self {
        Build {
            flags: VERSION | INDEPENDENT,
            block: KIB_64,
            block_len: 64 << 10,
            size: None,
            stored: false,
        }
    }
}

impl Build {
    fn header(&self) -> Vec<u8> {
        let mut fields = vec![self.flags, self.block];
        if self.flags & CONTENT_SIZE != 0 {
            fields.extend_from_slice(&self.size.unwrap_or_default().to_le_bytes());
        }
        if self.flags & DICTIONARY != 0 {
            fields.extend_from_slice(&0x1234_5678_u32.to_le_bytes());
        }
        [&MAGIC[..], &fields, &[header_checksum(&fields)]].concat()
    }

    fn frame(&self, plain: &[u8]) -> Vec<u8> {
        let mut out = self.header();
        let mut at = 0;
        for block in plain.chunks(self.block_len) {
            let coded = if self.stored {
                block.to_vec()
            } else if self.flags & INDEPENDENT == 0 {
                lz4_flex::block::compress_with_dict(block, &plain[at.max(64 << 10) - (64 << 10)..at])
            } else {
                lz4_flex::block::compress(block)
            };
            let flag = if self.stored { STORED } else { 0 };
            out.extend_from_slice(&(u32::try_from(coded.len()).unwrap() | flag).to_le_bytes());
            out.extend_from_slice(&coded);
            if self.flags & BLOCK_CHECKSUMS != 0 {
                out.extend_from_slice(&xxh32(&coded).to_le_bytes());
            }
            at += block.len();
        }
        out.extend_from_slice(&[0; 4]);
        if self.flags & CONTENT_CHECKSUM != 0 {
            out.extend_from_slice(&xxh32(plain).to_le_bytes());
        }
        out
    }
}

fn legacy(plain: &[u8]) -> Vec<u8> {
    let mut out = LEGACY.to_vec();
    for block in plain.chunks(8 << 20) {
        let coded = lz4_flex::block::compress(block);
        out.extend_from_slice(&u32::try_from(coded.len()).unwrap().to_le_bytes());
        out.extend_from_slice(&coded);
    }
    out
}

fn skippable(len: u8) -> Vec<u8> {
    let mut out = vec![0x53, 0x2a, 0x4d, 0x18, len, 0, 0, 0];
    out.resize(8 + usize::from(len), 0x77);
    out
}

/// Slices that hold several blocks, that hold half of one, that hold a byte; sources that deliver whole blocks, and
/// a few bytes.
const WAYS: [(usize, usize); 5] = [
    (1 << 20, 1 << 20),
    (1 << 20, 7),
    (300_000, 100_000),
    (30_000, 1 << 20),
    (1, 5000),
];

fn reading() -> Reading {
    Reading {
        format: lz4(),
        ways: &WAYS,
    }
}

fn read(coded: &[u8], slice: usize, drip: usize) -> (Vec<u8>, Result<(), Error>) {
    reading().read(coded, (slice, drip))
}

#[track_caller]
fn reads_as(what: &str, coded: &[u8], plain: &[u8]) {
    reading().reads_as(what, coded, plain);
}

#[track_caller]
fn refused(coded: &[u8], kind: ErrorKind, delivered: usize) {
    reading().refused(coded, kind, delivered);
}

#[test]
fn every_combination_of_flags_is_read() {
    let plain = plain(400_000);
    for linked in [0, INDEPENDENT] {
        for bits in 0..8 {
            for (block_len, stored) in [(64 << 10, false), (10_000, false), (65_000, true), (1000, true)] {
                let choose = |bit: u8, flag| if bits & bit != 0 { flag } else { 0 };
                let build = Build {
                    flags: VERSION
                        | linked
                        | choose(1, BLOCK_CHECKSUMS)
                        | choose(2, CONTENT_CHECKSUM)
                        | choose(4, CONTENT_SIZE),
                    size: Some(400_000),
                    block_len,
                    stored,
                    ..Build::default()
                };
                let what = format!("flags {:#04x}, blocks of {block_len}", build.flags);
                reads_as(&what, &build.frame(&plain), &plain);
            }
        }
    }
}

#[test]
fn linked_blocks_do_reach_back_and_others_must_not() {
    let plain = plain(400_000);
    let linked = Build {
        flags: VERSION,
        ..Build::default()
    };
    let coded = linked.frame(&plain);
    assert!(
        coded.len() < Build::default().frame(&plain).len() / 3,
        "the blocks are not linked, so this tests nothing"
    );
    // The same blocks with the flag that says they stand alone.
    let mut lying = Build::default().header();
    lying.extend_from_slice(&coded[lying.len()..]);
    refused(&lying, ErrorKind::Corrupt, 64 << 10);
    // A second frame begins without a window.
    let mut both = coded.clone();
    both.extend_from_slice(&linked.header());
    both.extend_from_slice(&9_u32.to_le_bytes());
    // No literal, a match of 4 from a byte back; five literals.
    both.extend_from_slice(&[0x00, 1, 0, 0x50, 1, 2, 3, 4, 5]);
    refused(&both, ErrorKind::Corrupt, plain.len());
    // The block is good where there is something to reach back to.
    let mut good = linked.header();
    good.extend_from_slice(&[1, 0, 0, 0x80, 7]);
    good.extend_from_slice(&both[coded.len() + good.len() - 5..]);
    good.extend_from_slice(&[0; 4]);
    reads_as("a reach of a byte", &good, &[7, 7, 7, 7, 7, 1, 2, 3, 4, 5]);
    let mut after_legacy = legacy(b"");
    after_legacy.extend_from_slice(&coded);
    reads_as("linked blocks behind a legacy frame", &after_legacy, &plain);
    // The zeros compress so well that the slice has room for them, so that they stand right before the frame.
    for old in [&plain[..], &[0; 100_000]] {
        let behind_data = [&legacy(old)[..], &both[coded.len()..]].concat();
        refused(&behind_data, ErrorKind::Corrupt, old.len());
    }
}

#[test]
fn all_kinds_of_frames_follow_one_another() {
    let plain = plain(200_000);
    let current = Build::default().frame(&plain);
    let (old, empty) = (legacy(&plain), LEGACY.to_vec());
    let joined = |parts: &[&[u8]]| parts.concat();
    let [one, two, three] = [1, 2, 3].map(|n| plain.repeat(n));
    for (what, coded, data) in [
        ("legacy", joined(&[&old]), &one),
        ("an empty legacy frame", joined(&[&empty]), &Vec::new()),
        ("current, legacy", joined(&[&current, &old]), &two),
        ("legacy, current", joined(&[&old, &current]), &two),
        ("legacy, legacy, current", joined(&[&old, &old, &current]), &three),
        ("legacy, skippable", joined(&[&old, &skippable(9)]), &one),
        ("skippable, legacy", joined(&[&skippable(0), &old]), &one),
        (
            "legacy, skippable, current, skippable, legacy",
            joined(&[
                &old,
                &skippable(9),
                &skippable(0),
                &current,
                &skippable(200),
                &empty,
                &old,
            ]),
            &three,
        ),
        ("current, current", joined(&[&current, &current]), &two),
    ] {
        reads_as(what, &coded, data);
    }
    // More than a block.
    let large = self::plain((8 << 20) + 12_345);
    let (got, end) = read(&legacy(&large), 1 << 20, 1 << 20);
    end.unwrap();
    assert!(got == large, "a legacy frame of two blocks");
}

#[test]
fn a_legacy_frame_ends_with_its_input_or_where_another_begins() {
    let plain = plain(10_000);
    let old = legacy(&plain);
    // Anywhere but between blocks, a cut is a cut; at the end of the magic there is such a place.
    for cut in 1..old.len() {
        let (_, end) = read(&old[..cut], 1 << 20, 1 << 20);
        match end {
            Ok(()) => assert_eq!(cut, 4, "a cut passes for an end"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Truncated, "cut at {cut}"),
        }
    }
    let half_of_another = [&old[..], &MAGIC[..3]].concat();
    refused(&half_of_another, ErrorKind::Truncated, plain.len());
    let cut_skippable = [&old[..], &skippable(9)[..12]].concat();
    refused(&cut_skippable, ErrorKind::Truncated, plain.len());
    // Not a size that a block can have, and no magic number either.
    refused(&[&old[..], &[0xff; 8]].concat(), ErrorKind::Corrupt, plain.len());
    refused(&[&old[..], &[0; 8]].concat(), ErrorKind::Corrupt, plain.len());
    // What was read before a reset does not make an end of nothing.
    let mut decoder = super::decoder::decoder(&DecodeOptions::default()).unwrap();
    decoder.step(&LEGACY, &mut [0; 9], false).unwrap();
    assert_eq!(decoder.step(&[], &mut [0; 9], true).unwrap().status, Status::Done);
    decoder.reset().unwrap();
    assert_eq!(decoder.step(&[], &mut [0; 9], true).unwrap().status, Status::More);
    // It has no end of its own, so there is no telling what follows it from what belongs to it.
    let mut reader = Options::new()
        .format(lz4())
        .members(Members::One)
        .tail(Tail::Ignore)
        .reader(&half_of_another[..])
        .unwrap();
    let error = reader.read_to_end(&mut Vec::new()).unwrap_err();
    assert_eq!(Error::from(error).kind(), ErrorKind::Truncated);
}

#[test]
fn headers_that_say_nonsense_are_corrupt() {
    let header = |flags, block| {
        let build = Build {
            flags,
            block,
            ..Build::default()
        };
        build.header()
    };
    let good = VERSION | INDEPENDENT;
    refused(&header(good, KIB_64), ErrorKind::Truncated, 0);
    for flags in [good | RESERVED, INDEPENDENT, 0x80 | INDEPENDENT, 0xc0] {
        refused(&header(flags, KIB_64), ErrorKind::Corrupt, 0);
    }
    for block in [0, 3 << 4, KIB_64 | 0x80, KIB_64 | 1, KIB_64 | 8] {
        refused(&header(good, block), ErrorKind::Corrupt, 0);
    }
    refused(&header(good | DICTIONARY, KIB_64), ErrorKind::Unsupported, 0);
    refused(
        &header(good | DICTIONARY | CONTENT_SIZE, KIB_64),
        ErrorKind::Unsupported,
        0,
    );
    let mut wrong = header(good, KIB_64);
    *wrong.last_mut().unwrap() ^= 1;
    refused(&wrong, ErrorKind::Checksum, 0);
    refused(b"\x04\x22\x4d\x19rest of it", ErrorKind::Corrupt, 0);
}

#[test]
fn blocks_hold_no_more_than_the_header_allows() {
    let build = Build {
        block_len: (64 << 10) + 1,
        ..Build::default()
    };
    // Too many bytes once decoded; too many as they stand.
    refused(&build.frame(&[0; (64 << 10) + 1]), ErrorKind::Corrupt, 0);
    let stored = Build {
        stored: true,
        ..build
    };
    refused(&stored.frame(&[0; (64 << 10) + 1]), ErrorKind::Corrupt, 0);
    for code in 4..8_u8 {
        let most = 1 << (8 + 2 * code);
        let full = Build {
            block: code << 4,
            block_len: most,
            ..Build::default()
        };
        let plain = plain(most);
        let (got, end) = read(&full.frame(&plain), 1 << 16, 1 << 16);
        end.unwrap();
        assert!(got == plain, "a full block of {most} bytes");
        let stored = Build { stored: true, ..full };
        let (got, end) = read(&stored.frame(&plain), 1 << 16, 1 << 16);
        end.unwrap();
        assert!(got == plain, "a full stored block of {most} bytes");
    }
}

#[test]
fn the_content_has_the_size_that_the_header_says() {
    let plain = plain(100_000);
    let build = |size| Build {
        flags: VERSION | INDEPENDENT | CONTENT_SIZE,
        size: Some(size),
        ..Build::default()
    };
    reads_as("the right size", &build(100_000).frame(&plain), &plain);
    refused(&build(100_001).frame(&plain), ErrorKind::Corrupt, 100_000);
    refused(&build(u64::MAX).frame(&plain), ErrorKind::Corrupt, 100_000);
    // It shows as soon as a block goes past it.
    refused(&build(99_999).frame(&plain), ErrorKind::Corrupt, 64 << 10);
    refused(&build(0).frame(&plain), ErrorKind::Corrupt, 0);
    reads_as("no content", &build(0).frame(b""), b"");
}

#[test]
fn checksums_are_verified_after_the_data_before_them() {
    let plain = plain(100_000);
    let with = |flags| Build {
        flags: VERSION | INDEPENDENT | flags,
        ..Build::default()
    };
    let mut content = with(CONTENT_CHECKSUM).frame(&plain);
    *content.last_mut().unwrap() ^= 1;
    refused(&content, ErrorKind::Checksum, 100_000);
    let mut block = with(BLOCK_CHECKSUMS).frame(&plain);
    let second = block.len() - 8;
    block[second] ^= 1;
    refused(&block, ErrorKind::Checksum, 64 << 10);
}

#[test]
fn memory_is_refused_before_it_is_taken() {
    let build = Build {
        flags: VERSION,
        block: 7 << 4,
        ..Build::default()
    };
    let header = build.header();
    let need = (4 << 20) + (64 << 10);
    for (memory, enough) in [(need - 1, false), (need, true)] {
        let limits = Limits::none().memory(memory);
        let mut reader = Options::new()
            .format(lz4())
            .limits(limits)
            .reader(&header[..])
            .unwrap();
        let error = Error::from(reader.read(&mut [0]).unwrap_err());
        let kind = if enough {
            ErrorKind::Truncated
        } else {
            ErrorKind::Limit
        };
        assert_eq!(error.kind(), kind, "{memory} bytes: {error}");
    }
    let limits = Limits::none().memory((8 << 20) - 1);
    let mut reader = Options::new()
        .format(lz4())
        .limits(limits)
        .reader(&LEGACY[..])
        .unwrap();
    let error = Error::from(reader.read(&mut [0]).unwrap_err());
    assert_eq!(error.kind(), ErrorKind::Limit, "{error}");
}

#[test]
fn detection_finds_the_format_behind_skippable_frames() {
    let all = Registry::builtin();
    let zstd = all.by_name("zstd").unwrap();
    let mut frames = vec![("lz4", Build::default().frame(b"data")), ("lz4", legacy(b"data"))];
    if zstd.is_available() {
        frames.push(("zstd", zstd.compress(b"data").unwrap()));
    }
    for (name, frame) in frames {
        let coded = [&skippable(3)[..], &skippable(100), &frame].concat();
        assert_eq!(all.detect(&coded).unwrap().name(), name);
        for drip in [1, 1000] {
            let mut reader = Options::new().reader(Drip(&coded, drip)).unwrap();
            assert_eq!(reader.format(), name);
            let mut got = String::new();
            reader.read_to_string(&mut got).unwrap();
            assert_eq!(got, "data");
        }
    }
}

#[test]
fn an_ended_decoder_leaves_what_follows_and_begins_anew() {
    let frame = Build::default().frame(b"data");
    let both = [&frame[..], b"more"].concat();
    let mut decoder = super::decoder::decoder(&DecodeOptions::default()).unwrap();
    for _ in 0..2 {
        let mut out = [0; 100];
        let step = decoder.step(&both, &mut out, true).unwrap();
        assert_eq!((step.consumed, step.status), (frame.len(), Status::Done));
        assert_eq!(&out[..step.produced], b"data");
        decoder.reset().unwrap();
    }
}

#[test]
fn incompressible_blocks_are_stored() {
    let plain = plain(50_000);
    assert_eq!(lz4().compress(b"").unwrap().len(), 15 + 8, "no block at all");
    let coded = lz4().compress(&plain).unwrap();
    // Header with the content's size, block header, end mark, checksum.
    assert_eq!(coded.len(), 15 + 4 + plain.len() + 8);
    for level in [0, 3, 12] {
        let mut writer = Options::new().level(level).writer(Vec::new(), lz4()).unwrap();
        std::io::Write::write_all(&mut writer, &plain).unwrap();
        let coded = writer.finish().unwrap().0;
        assert_eq!(coded.len(), 7 + 4 + plain.len() + 8, "level {level}");
    }
}

#[test]
fn slow_levels_compress_better() {
    let text: Vec<u8> = (0..40_000_u32)
        .flat_map(|n| format!("{} bottles of {}\n", n % 991, n * n % 17).into_bytes())
        .collect();
    let sizes = [0, 3, 9, 12].map(|level| {
        let mut writer = Options::new().level(level).writer(Vec::new(), lz4()).unwrap();
        std::io::Write::write_all(&mut writer, &text).unwrap();
        writer.finish().unwrap().0.len()
    });
    assert!(sizes.is_sorted_by(|a, b| a > b), "{sizes:?}");
}

#[test]
fn block_sizes_are_those_of_the_format() {
    for (asked, code) in [
        (1, 4),
        (65_536, 4),
        (65_537, 5),
        (1 << 20, 6),
        ((1 << 20) + 1, 7),
        (1 << 30, 7),
    ] {
        let writer = Options::new()
            .block_size(asked)
            .writer(Vec::new(), lz4())
            .unwrap();
        let coded = writer.finish().unwrap().0;
        assert_eq!(coded[5], code << 4, "{asked} bytes asked for");
    }
    let coded = lz4().compress(b"x").unwrap();
    assert_eq!(coded[5], 6 << 4, "1 MiB if nobody asks");
}

/// What we say of a block that its verdict, which is that of the C library, does not: the first has a match at
/// distance 0, which the format rules out; the second ends with fewer literals than an encoder must leave, which a
/// decoder need not mind.
const OTHERWISE: [(&str, bool); 2] = [
    (
        "lz4-block/good/pierrec-fuzz--d087c493db7c4f2373b46a3e956273a9480dbc56-8",
        false,
    ),
    ("lz4-block/bad/pierrec-fuzz--repeat_match_log_len_2_seq", true),
];

#[test]
fn bare_blocks_of_the_corpus() {
    super::super::bare_blocks::judge("lz4-block", &OTHERWISE, |coded| {
        let mut out = vec![0; 1 << 20];
        let len = super::decoder::decode(coded, false, &mut out, &[])?;
        out.truncate(len);
        Ok(out)
    });
}
