//! What is cut, flipped, or lies.

use proptest::prelude::*;

use super::super::chunk::{Codec, Filter, RESERVED};
use super::build::{CODECS, Chunk, Pack, plain, word};
use super::{fails_as, read, reads_as};
use crate::ErrorKind;

#[test]
fn every_cut_is_noticed_and_whole_blocks_come_before_it() {
    let plain = plain(5_001);
    let blocksize = 512;
    for codec in CODECS {
        for filter in [Filter::None, Filter::Bytes] {
            let chunk = Chunk {
                codec,
                filter,
                typesize: 4,
                blocksize,
                split: true,
                ..Chunk::default()
            };
            let coded = chunk.code(&plain);
            for cut in 1..coded.len() {
                let (got, end) = read(&coded[..cut], 5000, 5000);
                assert_eq!(end.unwrap_err().kind(), ErrorKind::Truncated, "cut at {cut}");
                // Those that end in front of the cut.
                let ends = (1..10)
                    .map(|i| start(&coded, i))
                    .filter(|end| *end <= cut)
                    .count();
                let blocks = if start(&coded, 0) < cut { ends } else { 0 };
                assert!(
                    got.len() >= blocks * blocksize && plain.starts_with(&got),
                    "cut at {cut}: {}",
                    got.len()
                );
            }
        }
    }
    let pack = Pack {
        metadata: Some(20),
        offsets: Some(3),
        checksum: 4,
        ..Pack::default()
    };
    let coded = pack.code(&plain);
    for cut in 1..coded.len() {
        let (got, end) = read(&coded[..cut], 5000, 5000);
        assert_eq!(end.unwrap_err().kind(), ErrorKind::Truncated, "cut at {cut}");
        assert!(plain.starts_with(&got));
    }
    // Only the last checksum is missing.
    assert!(read(&coded[..coded.len() - 20], 5000, 5000).0 == plain);
}

/// Where a block begins.
fn start(chunk: &[u8], block: usize) -> usize {
    let at = 16 + 4 * block;
    usize::try_from(u32::from_le_bytes(chunk[at..at + 4].try_into().unwrap())).unwrap()
}

#[test]
fn every_flipped_bit_of_a_file_is_noticed() {
    let plain = plain(3000);
    for codec in CODECS {
        let chunk = Chunk {
            codec,
            typesize: 4,
            filter: Filter::Bytes,
            blocksize: 512,
            split: true,
            ..Chunk::default()
        };
        let pack = Pack {
            chunk,
            chunk_size: 1000,
            metadata: Some(5),
            offsets: Some(2),
            ..Pack::default()
        };
        let good = pack.code(&plain);
        // The width of elements, which stands in each chunk too; and of the metadata its format, codec, level, and codec's field.
        let unused =
            |at: usize| at == 7 || (32..40).contains(&at) || matches!(at, 42 | 43) || (56..64).contains(&at);
        for bit in 0..8 * good.len() {
            let mut coded = good.clone();
            coded[bit / 8] ^= 1 << (bit % 8);
            let (got, end) = read(&coded, 5000, 5000);
            match end {
                Ok(()) => assert!(unused(bit / 8) && got == plain, "bit {bit}, in byte {}", bit / 8),
                Err(error) => assert!(
                    !unused(bit / 8) && error.kind() != ErrorKind::Io,
                    "bit {bit}: {error}"
                ),
            }
        }
    }
}

#[test]
fn a_wrong_checksum_comes_behind_the_data() {
    let plain = plain(20_000);
    for checksum in 1..9 {
        let mut coded = Pack {
            checksum,
            ..Pack::default()
        }
        .code(&plain);
        *coded.last_mut().unwrap() ^= 1;
        assert!(fails_as("the last checksum", &coded, ErrorKind::Checksum) == plain);
        let mut coded = Pack {
            checksum,
            metadata: Some(0),
            ..Pack::default()
        }
        .code(&plain);
        coded[32 + 32] ^= 1;
        assert!(fails_as("the metadata", &coded, ErrorKind::Checksum).is_empty());
    }
}

#[test]
fn headers_of_chunks_must_be_consistent() {
    let plain = plain(10_000);
    let good = Chunk {
        typesize: 4,
        filter: Filter::Bytes,
        split: true,
        ..Chunk::default()
    }
    .code(&plain);
    let with = |at: usize, n: usize| {
        let mut coded = good.clone();
        coded[at..at + 4].copy_from_slice(&word(n));
        coded
    };
    let mut reserved = good.clone();
    reserved[2] |= RESERVED;
    let mut no_elements = good.clone();
    no_elements[3] = 0;
    let len = good.len();
    let cases = [
        ("the reserved flag", reserved),
        ("elements of no bytes", no_elements),
        ("no data but blocks", with(4, 0)),
        ("data of 2 GiB", with(4, (1 << 31) - 16)),
        ("data of 4 GiB", with(4, (1 << 32) - 1)),
        ("blocks of nothing", with(8, 0)),
        ("a block of more than there is", with(8, 10_001)),
        ("blocks of 4 GiB", with(8, (1 << 32) - 1)),
        ("more blocks than fit", with(8, 1)),
        ("blocks that do not split", with(8, 4095)),
        ("a chunk of nothing", with(12, 0)),
        ("a chunk shorter than its header", with(12, 15)),
        ("a chunk without room for blocks", with(12, 42)),
        ("a chunk of 4 GiB", with(12, (1 << 32) - 1)),
        ("a chunk shorter than its blocks", with(12, len - 1)),
        ("a block in the table", with(16, 27)),
        ("a block behind the chunk", with(16, len)),
        ("a block at 4 GiB", with(20, (1 << 32) - 1)),
        ("two blocks in one place", with(20, start(&good, 0))),
        ("a block in another", with(20, start(&good, 0) + 8)),
        ("a split longer than the chunk", with(start(&good, 2), len)),
        ("a split of 4 GiB", with(start(&good, 2), (1 << 32) - 1)),
        ("a split of nothing", with(start(&good, 0), 0)),
        (
            "a split that takes the next block",
            with(start(&good, 0), start(&good, 1) - start(&good, 0) - 3),
        ),
    ];
    for (what, coded) in cases {
        fails_as(what, &coded, ErrorKind::Corrupt);
    }
    let stored = Chunk {
        stored: true,
        ..Chunk::default()
    }
    .code(&plain);
    for n in [9_999, 10_001] {
        let mut coded = stored.clone();
        coded[4..8].copy_from_slice(&word(n));
        fails_as("stored data of another size", &coded, ErrorKind::Corrupt);
    }
    // A chunk that lies about its length is shorter or longer, not wrong in itself.
    fails_as(
        "a chunk longer than the input",
        &with(12, len + 1),
        ErrorKind::Truncated,
    );
}

#[test]
fn no_two_blocks_share_bytes() {
    let plain = plain(10_000);
    // A split of zlib may have more bytes than its stream: nothing else is wrong with these.
    for order in [vec![], vec![1, 0, 2], vec![2, 0, 1]] {
        let chunk = Chunk {
            codec: Codec::Zlib,
            order,
            ..Chunk::default()
        };
        let good = chunk.code(&plain);
        let at = start(&good, 0);
        let mut longer = good.clone();
        longer[at] += 1;
        assert!(longer[at] > 0);
        let (_, end) = read(&longer, 5000, 5000);
        let error = end.unwrap_err();
        assert!(error.to_string().contains("reaches beyond its end"), "{error}");
        reads_as("blocks side by side", &good, &plain);
    }
}

#[test]
fn headers_of_files_must_be_consistent() {
    let plain = plain(20_000);
    let pack = Pack {
        metadata: Some(7),
        ..Pack::default()
    };
    let good = pack.code(&plain);
    // Behind the file's header, the metadata's, 22 bytes of metadata, the spare ones and a checksum.
    let offsets = 32 + 32 + 22 + 7 + 4;
    let with = |at: usize, bytes: &[u8]| {
        let mut coded = good.clone();
        coded[at..at + bytes.len()].copy_from_slice(bytes);
        coded
    };
    let number = |n: i64| n.to_le_bytes();
    let first = i64::from_le_bytes(good[offsets..offsets + 8].try_into().unwrap());
    let cases = [
        ("reserved options", with(5, &[7])),
        ("a negative size", with(8, &(-2_i32).to_le_bytes())),
        ("another size", with(8, &8193_i32.to_le_bytes())),
        (
            "a last chunk larger than the others",
            with(12, &8193_i32.to_le_bytes()),
        ),
        ("a last chunk of another size", with(12, &1_i32.to_le_bytes())),
        ("a negative number of chunks", with(16, &number(-2))),
        ("offsets for an unknown number of chunks", with(16, &number(-1))),
        ("2^60 chunks", with(16, &number(1 << 60))),
        ("2^62 chunks", with(16, &number(1 << 62))),
        ("no chunks", with(16, &number(0))),
        ("a negative number of spare offsets", with(24, &number(-1))),
        ("2^62 spare offsets", with(24, &number(1 << 62))),
        ("reserved options of the metadata", with(40, &[1])),
        ("more metadata than room for it", with(52, &word(30))),
        ("metadata of two sizes", with(44, &word(21))),
        ("something in the spare room", with(offsets - 11, &[1])),
        ("a first chunk elsewhere", with(offsets, &number(first + 1))),
        (
            "a second chunk elsewhere",
            with(offsets + 8, &number(first + 100)),
        ),
        (
            "a second chunk before the first",
            with(offsets + 8, &number(first)),
        ),
        ("an offset of -1", with(offsets + 8, &number(-1))),
        (
            "a spare offset in use",
            with(offsets + 8 * 3, &number(first + 20_000)),
        ),
    ];
    for (what, coded) in cases {
        fails_as(what, &coded, ErrorKind::Corrupt);
    }
    reads_as("the good one", &good, &plain);
}

#[test]
fn a_split_must_hold_exactly_its_bytes() {
    let plain = plain(1000);
    for codec in CODECS {
        let small = Chunk {
            codec,
            ..Chunk::default()
        };
        for len in [999, 1001] {
            let mut coded = small.code(&plain);
            coded[4..8].copy_from_slice(&word(len));
            coded[8..12].copy_from_slice(&word(len));
            let what = format!("{codec:?}, {len} bytes");
            fails_as(&what, &coded, ErrorKind::Corrupt);
        }
    }
}

/// A chunk whose fields are likely to be right.
fn chunk() -> impl Strategy<Value = Vec<u8>> {
    let fields = (
        0..5_usize,
        0..3_usize,
        1..20_usize,
        1..3000_usize,
        0..5000_usize,
        any::<bool>(),
    );
    fields.prop_map(|(codec, filter, typesize, blocksize, size, split)| {
        let filter = [Filter::None, Filter::Bytes, Filter::Bits][filter];
        let blocksize = blocksize.max(typesize) / typesize * typesize;
        let chunk = Chunk {
            codec: CODECS[codec],
            filter,
            typesize,
            blocksize,
            split,
            ..Chunk::default()
        };
        chunk.code(&plain(size))
    })
}

/// Small pieces end in the same way as large ones.
fn ends_alike(coded: &[u8]) {
    let (whole, end) = read(coded, 1 << 20, 1 << 20);
    for (slice, drip) in [(1 << 20, 3), (11, 1 << 20), (64, 64)] {
        let (got, other) = read(coded, slice, drip);
        let kinds = [&end, &other].map(|end| end.as_ref().err().map(crate::Error::kind));
        assert_eq!(kinds[0], kinds[1]);
        assert!(got == whole, "{} bytes and {}", got.len(), whole.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes_end_in_data_or_an_error(mut bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        ends_alike(&bytes);
        // As a chunk, and as a file.
        let len = bytes.len();
        if len >= 16 {
            bytes[..2].copy_from_slice(&[2, 1]);
            bytes[2] &= 0x97;
            bytes[4..16].copy_from_slice(&[word(len * 3), word(len), word(len)].concat());
            ends_alike(&bytes);
        }
        if len >= 32 {
            let header = Pack::default().code(b"plain");
            bytes[..32].copy_from_slice(&header[..32]);
            ends_alike(&bytes);
        }
    }

    #[test]
    fn damaged_chunks_end_in_data_or_an_error(
        mut coded in chunk(),
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        for (at, value) in flips {
            let at = at.index(coded.len());
            coded[at] = value;
        }
        ends_alike(&coded);
    }
}

/// A frame whose header promises more than its blocks hold, and blocks that hold as much as they say.
#[test]
fn what_zstd_may_hold_is_counted_by_its_blocks() {
    let zeros = vec![0; 1 << 20];
    let chunk = Chunk {
        codec: Codec::Zstd,
        blocksize: 1 << 20,
        ..Chunk::default()
    };
    let coded = chunk.code(&zeros);
    assert!(coded.len() < 200, "{}", coded.len());
    reads_as("a megabyte of zeros", &coded, &zeros);
}
