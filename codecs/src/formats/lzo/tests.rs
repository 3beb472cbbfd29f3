//! Archives that our own writer does not make, put together by hand, and what it does make.

use std::io::{Read, Write};

use super::super::testing::Reading;
use super::coder::{
    ADLER32_CODED, ADLER32_PLAIN, CRC32_CODED, CRC32_HEADER, CRC32_PLAIN, EXTRA_FIELD, FILTER, MULTIPART,
    UNIX, VERSION, adler32,
};
use super::{MAGIC, decompress};
use crate::{Compressor, DecodeOptions, Error, ErrorKind, Limits, Options, Registry, Status};

fn lzo() -> Compressor {
    Registry::builtin().by_name("lzo").unwrap()
}

/// An archive: what its header says, and how its blocks are made.
#[derive(Clone)]
struct Build {
    version: u16,
    needed: u16,
    method: u8,
    flags: u32,
    name: Vec<u8>,
    extra: Vec<u8>,
}

impl Default for Build {
    fn default() -> Self {
        Build {
            version: VERSION,
            needed: 0x0940,
            method: 1,
            flags: UNIX | ADLER32_PLAIN,
            name: Vec::new(),
            extra: Vec::new(),
        }
    }
}

/// 100 times the same letter: a literal, and a match of 99.
fn letters(letter: u8) -> (Vec<u8>, Vec<u8>) {
    (vec![letter; 100], vec![18, letter, 32, 99 - 33, 0, 0, 0x11, 0, 0])
}

impl Build {
    fn with(flags: u32) -> Self {
        Build {
            flags: UNIX | flags,
            ..Build::default()
        }
    }

    fn header_sum(&self, bytes: &[u8]) -> [u8; 4] {
        let sum = if self.flags & CRC32_HEADER != 0 {
            crc32fast::hash(bytes)
        } else {
            adler32(bytes)
        };
        sum.to_be_bytes()
    }

    fn header(&self) -> Vec<u8> {
        let long = self.version >= 0x0940;
        let mut fields = self.version.to_be_bytes().to_vec();
        fields.extend_from_slice(&0x20a0_u16.to_be_bytes());
        if long {
            fields.extend_from_slice(&self.needed.to_be_bytes());
        }
        fields.push(self.method);
        if long {
            fields.push(5);
        }
        fields.extend_from_slice(&self.flags.to_be_bytes());
        if self.flags & FILTER != 0 {
            fields.extend_from_slice(&[0, 0, 0, 1]);
        }
        // Mode and time.
        fields.extend_from_slice(&[0, 0, 0x81, 0xa4, 0x5d, 0xa5, 2, 0xe1]);
        if long {
            fields.extend_from_slice(&[0; 4]);
        }
        fields.push(u8::try_from(self.name.len()).unwrap());
        fields.extend_from_slice(&self.name);
        let mut header = [&MAGIC[..], &fields, &self.header_sum(&fields)].concat();
        if self.flags & EXTRA_FIELD != 0 {
            let len = u32::try_from(self.extra.len()).unwrap().to_be_bytes();
            let field = [&len[..], &self.extra].concat();
            header.extend_from_slice(&field);
            header.extend_from_slice(&self.header_sum(&field));
        }
        header
    }

    fn block(&self, plain: &[u8], coded: &[u8]) -> Vec<u8> {
        let mut block = Vec::new();
        let mut word = |word: u32| block.extend_from_slice(&word.to_be_bytes());
        word(u32::try_from(plain.len()).unwrap());
        word(u32::try_from(coded.len()).unwrap());
        if self.flags & ADLER32_PLAIN != 0 {
            word(adler32(plain));
        }
        if self.flags & CRC32_PLAIN != 0 {
            word(crc32fast::hash(plain));
        }
        if coded.len() < plain.len() {
            if self.flags & ADLER32_CODED != 0 {
                word(adler32(coded));
            }
            if self.flags & CRC32_CODED != 0 {
                word(crc32fast::hash(coded));
            }
        }
        block.extend_from_slice(coded);
        block
    }

    /// Two compressed blocks with a stored one between, and the 205 bytes in them.
    fn archive(&self) -> (Vec<u8>, Vec<u8>) {
        let ((a, coded_a), (b, coded_b)) = (letters(b'a'), letters(b'b'));
        let archive = [
            self.header(),
            self.block(&a, &coded_a),
            self.block(b"12345", b"12345"),
            self.block(&b, &coded_b),
            vec![0; 4],
        ];
        (archive.concat(), [&a[..], b"12345", &b].concat())
    }
}

/// Slices that hold all blocks, one and a half, half of one, a byte; sources that deliver blocks, and a few bytes. Large
/// slices go to the decoder as they are, small ones through the reader's buffer.
const WAYS: [(usize, usize); 5] = [
    (1 << 20, 1 << 20),
    (1 << 20, 7),
    (150, 100),
    (50, 1 << 20),
    (1, 1),
];

fn reading() -> Reading {
    Reading {
        format: lzo(),
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
fn headers_of_all_kinds_are_read() {
    let sums = [
        ADLER32_PLAIN,
        ADLER32_CODED,
        CRC32_PLAIN,
        CRC32_CODED,
        CRC32_HEADER,
        EXTRA_FIELD,
    ];
    for choice in 0..1 << sums.len() {
        let chosen = (0..).zip(sums).filter(|(i, _)| choice >> i & 1 != 0);
        let build = Build {
            extra: b"whatever".to_vec(),
            ..Build::with(chosen.map(|(_, flag)| flag).sum())
        };
        let (coded, plain) = build.archive();
        reads_as(&format!("flags {:#010x}", build.flags), &coded, &plain);
    }
    // What the flags say about the file and its system makes no difference.
    for flags in [0, 0x203f, 0x00f0_0000, 0xff00_0000] {
        let build = Build {
            flags: flags | CRC32_PLAIN,
            ..Build::default()
        };
        let (coded, plain) = build.archive();
        reads_as(&format!("flags {:#010x}", build.flags), &coded, &plain);
    }
    for version in [0x0900, 0x093f, 0x0940, 0x1030, 0x1040, 0x2000] {
        for method in 1..=3 {
            for name_len in [0, 1, 255] {
                let build = Build {
                    version,
                    method,
                    name: vec![b'n'; name_len],
                    ..Build::default()
                };
                let (coded, plain) = build.archive();
                reads_as(&format!("version {version:#x}, method {method}"), &coded, &plain);
            }
        }
    }
    for len in [0, 1, 100_000] {
        let build = Build {
            extra: vec![7; len],
            ..Build::with(ADLER32_PLAIN | EXTRA_FIELD)
        };
        let (coded, plain) = build.archive();
        reads_as(&format!("an extra field of {len} bytes"), &coded, &plain);
    }
}

#[test]
fn what_cannot_be_read_is_unsupported_by_name() {
    for (build, says) in [
        (Build::with(MULTIPART), "several"),
        (Build::with(FILTER), "filter"),
        (Build::with(0x4000), "0x00004000"),
        (Build::with(0x000f_0000), "0x000f0000"),
        (
            Build {
                method: 0,
                ..Build::default()
            },
            "method 0",
        ),
        (
            Build {
                method: 0x80,
                ..Build::default()
            },
            "method 128",
        ),
        (
            Build {
                needed: 0x1041,
                ..Build::default()
            },
            "0x1041",
        ),
    ] {
        let mut coded = build.archive().0;
        refused(&coded, ErrorKind::Unsupported, 0);
        let error = read(&coded, 100, 100).1.unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
        // A damaged header is called damaged, whatever it asks for.
        coded[build.header().len() - 5] ^= 1;
        refused(&coded, ErrorKind::Checksum, 0);
    }
}

#[test]
fn headers_that_say_nonsense_are_corrupt() {
    let with = |version, needed| Build {
        version,
        needed,
        ..Build::default()
    };
    for build in [
        with(0x08ff, 0x0940),
        with(0, 0),
        with(VERSION, 0x08ff),
        with(VERSION, 0),
    ] {
        refused(&build.header(), ErrorKind::Corrupt, 0);
    }
    let mut coded = Build::default().archive().0;
    coded[4] ^= 1;
    refused(&coded, ErrorKind::Corrupt, 0);
    refused(&[0; 100], ErrorKind::Corrupt, 0);
    // Nothing of a header is without its checksum but the magic number and the version, which says where that is.
    for build in [Build::default(), Build::with(CRC32_HEADER | CRC32_PLAIN)] {
        let (coded, _) = build.archive();
        for at in MAGIC.len() + 2..build.header().len() {
            let mut coded = coded.clone();
            coded[at] ^= 0x10;
            let error = read(&coded, 1000, 1000).1.unwrap_err();
            let length = build.header().len() - 5;
            assert!(
                error.kind() == ErrorKind::Checksum || at == length,
                "byte {at}: {error}"
            );
        }
    }
}

#[test]
fn checksums_are_verified_after_the_data_before_them() {
    for flag in [ADLER32_PLAIN, ADLER32_CODED, CRC32_PLAIN, CRC32_CODED] {
        let build = Build::with(flag);
        let (coded, plain) = build.archive();
        // The last block is of 9 bytes, its checksum before them, the end mark behind.
        let mut wrong = coded.clone();
        wrong[coded.len() - 4 - 9 - 1] ^= 1;
        refused(&wrong, ErrorKind::Checksum, plain.len() - 100);
        if flag == ADLER32_PLAIN || flag == CRC32_PLAIN {
            let mut wrong = coded.clone();
            wrong[coded.len() - 4 - 9 - 12 - 1] ^= 1;
            refused(&wrong, ErrorKind::Checksum, 100);
        }
    }
    for flags in [EXTRA_FIELD, EXTRA_FIELD | CRC32_HEADER] {
        let build = Build {
            extra: b"extra".to_vec(),
            ..Build::with(flags)
        };
        let (coded, _) = build.archive();
        let end = build.header().len();
        for at in [end - 1, end - 5, end - 9] {
            let mut wrong = coded.clone();
            wrong[at] ^= 1;
            refused(&wrong, ErrorKind::Checksum, 0);
        }
    }
}

#[test]
fn blocks_that_say_nonsense_are_corrupt() {
    let build = Build::with(0);
    let begun = [build.header(), build.block(b"good", b"good")].concat();
    let block = |plain: u32, coded: u32, data: &[u8]| {
        let lens = [plain.to_be_bytes(), coded.to_be_bytes()].concat();
        [&begun[..], &lens, data].concat()
    };
    let (_, coded) = letters(b'x');
    reads_as(
        "a good one",
        &block(100, 9, &[&coded[..], &[0; 4]].concat()),
        &[&b"good"[..], &[b'x'; 100]].concat(),
    );
    // Too large, larger than when it was plain, and too small for what it is to be: said before the bytes are there.
    for (plain, coded) in [
        ((64 << 20) + 1, 1 << 20),
        ((64 << 20) + 1, (64 << 20) + 1),
        (u32::MAX, u32::MAX),
        (100, 101),
        (100, u32::MAX),
        (100, 0),
        (9 * 255 + 1, 9),
        (64 << 20, 1 << 10),
    ] {
        refused(&block(plain, coded, &[]), ErrorKind::Corrupt, 4);
    }
    // Other lengths than the block has.
    for plain in [99, 101, 9 * 255] {
        refused(&block(plain, 9, &coded), ErrorKind::Corrupt, 4);
    }
    refused(
        &block(100, 10, &[&coded[..], &[0]].concat()),
        ErrorKind::Corrupt,
        4,
    );
    refused(&block(100, 8, &coded), ErrorKind::Corrupt, 4);
}

#[test]
fn every_cut_is_truncated_after_the_data_before_it() {
    let build = Build {
        name: b"name".to_vec(),
        extra: b"extra".to_vec(),
        ..Build::with(ADLER32_PLAIN | CRC32_CODED | EXTRA_FIELD)
    };
    let (coded, plain) = build.archive();
    let ends = [build.header().len() + 8 + 4 + 4 + 9, coded.len() - 4 - 9 - 16];
    for cut in 0..coded.len() {
        for (slice, drip) in [(1000, 1000), (10, 1)] {
            let (got, end) = read(&coded[..cut], slice, drip);
            assert_eq!(end.unwrap_err().kind(), ErrorKind::Truncated, "cut at {cut}");
            let whole = match cut {
                _ if cut < ends[0] => 0,
                _ if cut < ends[1] => 100,
                _ if cut < coded.len() - 4 => 105,
                _ => 205,
            };
            assert!(got == plain[..whole], "cut at {cut}: {} bytes", got.len());
        }
    }
}

#[test]
fn archives_follow_one_another_and_nothing_else_does() {
    let (one, plain) = Build::default().archive();
    let (two, _) = Build::with(CRC32_HEADER | CRC32_PLAIN | CRC32_CODED).archive();
    let empty = lzo().compress(b"").unwrap();
    let all = [&one[..], &empty, &two, &empty, &one].concat();
    reads_as("five archives", &all, &plain.repeat(3));
    for tail in [
        &b"\0"[..],
        &[0; 4],
        &[0; 100],
        b"garbage",
        b"\x89LZP",
        b"\x89PNG\r\n\x1a\n",
    ] {
        refused(&[&one[..], tail].concat(), ErrorKind::TrailingData, plain.len());
    }
    for cut in 1..two.len() {
        let (_, end) = read(&[&one[..], &two[..cut]].concat(), 1000, 1000);
        assert_eq!(end.unwrap_err().kind(), ErrorKind::Truncated, "cut at {cut}");
    }
}

#[test]
fn blocks_of_64_mib_are_read() {
    // A literal and a match of all the rest, as its length goes on.
    let plain = 64 << 20;
    let more = plain - 1 - 33;
    let mut coded = vec![18, b'z', 32];
    coded.resize(3 + (more - 1) / 255, 0);
    coded.push(u8::try_from(more - 255 * ((more - 1) / 255)).unwrap());
    coded.extend_from_slice(&[0, 0, 0x11, 0, 0]);
    let build = Build::with(0);
    let archive = [
        &build.header()[..],
        &build.block(&vec![b'z'; plain], &coded),
        &[0; 4],
    ]
    .concat();
    let got = lzo().decompress(&archive).unwrap();
    assert!(got.len() == plain && got.iter().all(|&byte| byte == b'z'));
}

#[test]
fn memory_is_refused_before_it_is_taken() {
    let build = Build::with(0);
    let header = [&build.header()[..], &[4, 0, 0, 0, 0, 0x10, 0, 0]].concat();
    // 64 MiB, of the 1 MiB of which the file has the first eight bytes.
    let need = (64 << 20) + (1 << 20);
    for (memory, enough) in [(need - 1, false), (need, true)] {
        let options = Options::new().format(lzo()).limits(Limits::none().memory(memory));
        let mut reader = options.reader(&header[..]).unwrap();
        let error = Error::from(reader.read(&mut [0]).unwrap_err());
        let kind = if enough {
            ErrorKind::Truncated
        } else {
            ErrorKind::Limit
        };
        assert_eq!(error.kind(), kind, "{memory} bytes: {error}");
    }
}

#[test]
fn an_ended_decoder_leaves_what_follows_and_begins_anew() {
    let (archive, plain) = Build::with(CRC32_HEADER | ADLER32_CODED).archive();
    let both = [&archive[..], b"more"].concat();
    let mut decoder = super::decoder::decoder(&DecodeOptions::default()).unwrap();
    for _ in 0..2 {
        let mut out = [0; 300];
        // Cut off in a header and in a block, then whole.
        for cut in [15, 60] {
            decoder.step(&both[..cut], &mut out, false).unwrap();
            decoder.reset().unwrap();
        }
        let step = decoder.step(&both, &mut out, true).unwrap();
        assert_eq!((step.consumed, step.status), (archive.len(), Status::Done));
        assert_eq!(out[..step.produced], plain);
        decoder.reset().unwrap();
    }
}

fn written(options: Options, parts: &[&[u8]]) -> Vec<u8> {
    let mut writer = options.writer(Vec::new(), lzo()).unwrap();
    for part in parts {
        writer.write_all(part).unwrap();
        writer.flush().unwrap();
    }
    writer.finish().unwrap().0
}

/// The lengths of the blocks of an archive of ours, plain and coded.
fn blocks(archive: &[u8]) -> Vec<(usize, usize)> {
    let word = |at: usize| {
        let word = u32::from_be_bytes(archive[at..at + 4].try_into().unwrap());
        usize::try_from(word).unwrap()
    };
    let mut blocks = Vec::new();
    let mut at = 38;
    while word(at) != 0 {
        let (plain, coded) = (word(at), word(at + 4));
        at += if coded < plain { 16 } else { 12 } + coded;
        blocks.push((plain, coded));
    }
    assert_eq!(at + 4, archive.len(), "something follows the end mark");
    blocks
}

#[test]
fn our_headers_are_these_bytes() {
    let coded = written(Options::new().level(9), &[]);
    let header = [
        &MAGIC[..],
        // Version, library, version needed, LZO1X-1, level, flags, mode, time, no name.
        &[0x10, 0x40, 0x20, 0xa0, 0x09, 0x40, 1, 9, 3, 0, 0, 3],
        &[0, 0, 0x81, 0xa4, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ]
    .concat();
    let sum = adler32(&header[9..]).to_be_bytes();
    assert_eq!(coded, [&header[..], &sum, &[0; 4]].concat());
    assert_eq!(lzo().compress(b"").unwrap()[16], 1, "the default level");
}

#[test]
fn blocks_are_of_the_size_asked_for_and_end_at_a_flush() {
    let plain = vec![b'x'; 1_000_000];
    let lens = |options, parts: &[&[u8]]| -> Vec<usize> {
        let coded = written(options, parts);
        blocks(&coded).into_iter().map(|(plain, _)| plain).collect()
    };
    let full = 256 << 10;
    let usual = [full, full, full, plain.len() - 3 * full];
    assert_eq!(lens(Options::new(), &[&plain]), usual);
    // lzop reads no larger ones.
    assert_eq!(lens(Options::new().block_size(full + 1), &[&plain]), usual);
    assert_eq!(lens(Options::new().block_size(200_000), &[&plain]), [200_000; 5]);
    assert_eq!(lens(Options::new().block_size(1), &[b"abc"]), [1, 1, 1]);
    assert_eq!(lens(Options::new(), &[b"abc", b"", b"d"]), [3, 1]);
}

#[test]
fn incompressible_blocks_are_stored() {
    let mut state = 1_u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    let plain: Vec<u8> = (0..300_000).map(|_| noise()).collect();
    for level in [1, 9] {
        let coded = written(Options::new().level(level), &[&plain]);
        let full = 256 << 10;
        let rest = plain.len() - full;
        assert_eq!(blocks(&coded), [(full, full), (rest, rest)]);
        reads_as("stored blocks", &coded, &plain);
    }
}

/// Both checksums of every block are there and right, and the blocks are LZO1X for any reader.
#[test]
fn blocks_of_ours_can_be_read_without_our_container() {
    let plain = b"so many bottles, so much in them; ".repeat(20_000);
    let coded = lzo().compress(&plain).unwrap();
    let mut at = 38;
    let mut done = 0;
    for (plain_len, coded_len) in blocks(&coded) {
        let block = &coded[at + 16..at + 16 + coded_len];
        let mut out = vec![0; plain_len];
        decompress::decompress(block, &mut out).unwrap();
        assert_eq!(out, plain[done..done + plain_len]);
        assert_eq!(coded[at + 8..at + 12], adler32(&out).to_be_bytes());
        assert_eq!(coded[at + 12..at + 16], adler32(block).to_be_bytes());
        at += 16 + coded_len;
        done += plain_len;
    }
    assert_eq!(done, plain.len());
}

#[test]
fn slow_levels_compress_better() {
    let text: Vec<u8> = (0..40_000_u32)
        .flat_map(|n| format!("{} bottles of {}\n", n % 991, n * n % 17).into_bytes())
        .collect();
    let sizes = [1, 7, 8, 9].map(|level| written(Options::new().level(level), &[&text]).len());
    assert!(sizes.is_sorted_by(|a, b| a > b), "{sizes:?}");
    let fast = written(Options::new().level(6), &[&text]).len();
    assert_eq!(fast, sizes[0], "levels 1 to 6 are one");
}
