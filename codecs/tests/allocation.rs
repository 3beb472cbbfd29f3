//! Headers that lie must not cost memory: counts what is really allocated.
#![cfg(feature = "blosc")]

#[path = "../../testing/counting.rs"]
mod counting;
#[cfg(any(feature = "lzma", feature = "xz", feature = "zstd"))]
#[path = "../../testing/resident.rs"]
mod resident;

use std::io::Read;

use demijohn_codecs::{Error, ErrorKind, Limits, Options};

/// What reading blosc costs beyond the reader's own buffer and the caller's slice.
fn peak(coded: &[u8]) {
    peak_of("blosc", coded);
}

/// How it ends.
fn peak_of(format: &str, coded: &[u8]) -> ErrorKind {
    let mut slice = [0; 1000];
    let mut reader = Options::new()
        .format(format)
        .limits(Limits::none())
        .reader(coded)
        .unwrap();
    let (error, peak) = counting::peak(|| {
        loop {
            match reader.read(&mut slice) {
                Ok(0) => panic!("a lie passes"),
                Ok(_) => {}
                Err(error) => break Error::from(error),
            }
        }
    });
    assert!(peak < 1 << 20, "{format}: {peak} bytes until {error}");
    error.kind()
}

/// A chunk: its flags, typesize, plain bytes, those of a block, its own length, and what follows.
fn chunk(flags: u8, typesize: u8, lengths: [u32; 3], body: &[u8]) -> Vec<u8> {
    let mut chunk = vec![2, 1, flags, typesize];
    for length in lengths {
        chunk.extend(length.to_le_bytes());
    }
    chunk.extend(body);
    chunk
}

/// One test, as the counters are the process's.
#[test]
fn memory_follows_what_arrives_not_what_is_claimed() {
    #[cfg(feature = "lz4")]
    lz4();
    #[cfg(feature = "snappy")]
    snappy();
    #[cfg(feature = "lzo")]
    lzo();
    blosc();
    #[cfg(feature = "lzma")]
    lzma();
    #[cfg(feature = "xz")]
    xz();
    #[cfg(feature = "zstd")]
    zstd();
}

/// Decoders in C ask the system for a window and touch what they fill of it: where the window is more than is allowed, it is not
/// asked for, and where all is allowed, what counts is what is touched.
#[cfg(any(feature = "lzma", feature = "xz", feature = "zstd"))]
fn window(format: &str, coded: &[u8], allowed: ErrorKind) {
    for (limits, expected) in [(Limits::default(), ErrorKind::Limit), (Limits::none(), allowed)] {
        let mut kind = None;
        let touched = resident::cost(|| {
            let reader = Options::new().format(format).limits(limits).reader(coded);
            let read = reader.and_then(|mut reader| Ok(reader.read_to_end(&mut Vec::new())?));
            kind = read.err().map(|error| error.kind());
        });
        assert_eq!(kind, Some(expected), "{format}");
        if let Some((bytes, _)) = touched {
            assert!(bytes < 1 << 20, "{format}: {bytes} bytes");
        }
    }
}

/// A dictionary of 4 GiB, for five bytes of data.
#[cfg(feature = "lzma")]
fn lzma() {
    for size in [u64::MAX, 5] {
        let header = [&[0x5d][..], &u32::MAX.to_le_bytes(), &size.to_le_bytes(), &[0; 6]];
        window("lzma", &header.concat(), ErrorKind::Truncated);
    }
}

/// The same, and an index of 2^62 blocks.
#[cfg(feature = "xz")]
fn xz() {
    let checked = |bytes: &[u8]| [bytes, &crc32fast::hash(bytes).to_le_bytes()].concat();
    let begin = [&b"\xfd7zXZ\0"[..], &checked(b"\0\x01")].concat();
    let block = checked(b"\x02\0\x21\x01\x28\0\0\0");
    // A chunk of LZMA2 that would have 64 KiB.
    let chunk = b"\xe0\xff\xff\xff\xff\x5d\0\0\0\0\0";
    window("xz", &[&begin[..], &block, chunk].concat(), ErrorKind::Truncated);
    let index = [&begin[..], b"\0\x80\x80\x80\x80\x80\x80\x80\x80\x40"].concat();
    assert_eq!(peak_of("xz", &index), ErrorKind::Corrupt);
}

/// A window of 2 GiB; a content of 2^63 bytes, which is the window of a frame in one segment.
#[cfg(feature = "zstd")]
fn zstd() {
    let magic = 0xfd2f_b528_u32.to_le_bytes();
    // A block of one byte, with more to follow.
    let block = [1 << 3, 0, 0, b'x'];
    window(
        "zstd",
        &[&magic[..], &[0, 21 << 3], &block].concat(),
        ErrorKind::Truncated,
    );
    let size = (1_u64 << 63).to_le_bytes();
    window(
        "zstd",
        &[&magic[..], &[0xe0], &size, &block].concat(),
        ErrorKind::Limit,
    );
    let modest = [&magic[..], &[0xc0, 7 << 3], &size, &block].concat();
    assert_eq!(peak_of("zstd", &modest), ErrorKind::Truncated);
}

/// Frames that claim a content of 2^63 bytes, blocks of 4 MiB, and old blocks of 2 GiB.
#[cfg(feature = "lz4")]
fn lz4() {
    let mut header = vec![0x04, 0x22, 0x4d, 0x18, 0x6c, 0x70];
    header.extend((1_u64 << 63).to_le_bytes());
    let sum = twox_hash::XxHash32::oneshot(0, &header[4..]);
    header.push(sum.to_le_bytes()[1]);
    // The header is a good one: it is for what follows that these are refused.
    assert_eq!(peak_of("lz4", &header), ErrorKind::Truncated);
    for block in [
        4 << 20,
        1 << 31 | 4 << 20,
        (4 << 20) + 1,
        0x7fff_ffff,
        u32::MAX,
        0,
    ] {
        for body in [0, 1, 100, 70_000] {
            peak_of(
                "lz4",
                &[&header[..], &u32::to_le_bytes(block), &vec![0x11; body]].concat(),
            );
        }
    }
    for block in [8 << 20, 0x7fff_ffff, u32::MAX] {
        let legacy = [
            &0x184c_2102_u32.to_le_bytes()[..],
            &u32::to_le_bytes(block),
            &[0x11; 100],
        ];
        peak_of("lz4", &legacy.concat());
    }
}

/// Chunks of the longest length, whose blocks claim to hold 4 GiB.
#[cfg(feature = "snappy")]
fn snappy() {
    for kind in [0, 1, 2, 3, 0x7f, 0x80, 0xfe] {
        for len in [0x00_ff_ff, 0x01_00_04, 0xff_ff_ff_u32] {
            for body in [&b"\0\0\0\0\xff\xff\xff\xff\x0fabc"[..], &[0xff; 70_000]] {
                let [low, middle, high, _] = len.to_le_bytes();
                let stream = [b"\xff\x06\0\0sNaPpY", &[kind, low, middle, high][..], body];
                peak_of("snappy", &stream.concat());
            }
        }
    }
}

/// Blocks of 64 MiB and of 4 GiB, behind a header that is good.
#[cfg(feature = "lzo")]
fn lzo() {
    let lzo = demijohn_codecs::Compressor::by_name("lzo").unwrap();
    let whole = lzo.compress(&[]).unwrap();
    let header = &whole[..whole.len() - 4];
    assert_eq!(peak_of("lzo", header), ErrorKind::Truncated);
    for plain in [1 << 18, 64 << 20, (64 << 20) + 1, u32::MAX] {
        for coded in [1000, plain - 1, plain, u32::MAX] {
            for body in [0, 8, 1000, 70_000] {
                let block = [
                    header,
                    &u32::to_be_bytes(plain),
                    &u32::to_be_bytes(coded),
                    &vec![0; body],
                ];
                peak_of("lzo", &block.concat());
            }
        }
    }
}

fn blosc() {
    const HUGE: u32 = (1 << 31) - 17;
    const LARGEST_BLOCK: u32 = 715_827_542;
    // A block that begins right behind the table, and whose coded form has 100 bytes.
    let block = [
        &28_u32.to_le_bytes()[..],
        &[0; 8],
        &100_u32.to_le_bytes(),
        &[7; 100],
    ]
    .concat();
    for codec in 0..5 {
        for shuffle in [0, 1, 4] {
            for split in [0, 0x10] {
                let flags = codec << 5 | shuffle | split;
                for cbytes in [1000, HUGE, u32::MAX] {
                    for typesize in [1, 8] {
                        let lengths = [LARGEST_BLOCK / 8 * 16, LARGEST_BLOCK / 8 * 8, cbytes];
                        peak(&chunk(flags, typesize, lengths, &block[..4]));
                        peak(&chunk(flags, typesize, lengths, &block));
                        peak(&chunk(flags, typesize, [HUGE, 1, cbytes], &[99; 1000]));
                        peak(&chunk(flags, typesize, [HUGE / 10, 1, cbytes], &[99; 1000]));
                    }
                }
            }
        }
    }
    // A frame of zstd that promises a gigabyte and has one short block.
    let frame = b"\x28\xb5\x2f\xfd\xe0\x00\x00\x00\x40\x00\x00\x00\x00\x4d\x00\x00\x0f0123456";
    let zstd = [
        &20_u32.to_le_bytes()[..],
        &[frame.len().to_le_bytes()[0], 0, 0, 0],
        frame,
    ]
    .concat();
    peak(&chunk(
        0x90,
        1,
        [1 << 29, 1 << 29, 16 + u32::try_from(zstd.len()).unwrap()],
        &zstd,
    ));
    // A megabyte of zeros that claims to be the beginning of two gigabytes.
    peak(&chunk(0x12, 1, [HUGE, HUGE, HUGE + 16], &[0; 1 << 20]));

    // Files: the number of chunks and of spare offsets, the size of chunks, and of metadata.
    let file = |options: u8, chunk_size: i32, chunks: i64, spare: i64, body: &[u8]| {
        let mut file = b"blpk\x03".to_vec();
        file.extend([options, 1, 8]);
        file.extend(chunk_size.to_le_bytes().repeat(2));
        file.extend(chunks.to_le_bytes());
        file.extend(spare.to_le_bytes());
        file.extend(body);
        file
    };
    for chunks in [1 << 31, 1 << 56, 1 << 60, i64::MAX] {
        for spare in [0, 1 << 40, i64::MAX] {
            let offset = chunks
                .wrapping_add(spare)
                .wrapping_mul(8)
                .wrapping_add(32)
                .to_le_bytes();
            peak(&file(0, i32::MAX, chunks, spare, &[]));
            peak(&file(1, i32::MAX, chunks, spare, &offset));
            peak(&file(1, i32::MAX, chunks, spare, &offset.repeat(2)));
        }
    }
    let metadata = [
        &b"JSON\0\0\0\0\0\x01\x00\x06"[..],
        &u32::MAX.to_le_bytes().repeat(3),
        &[0; 9],
    ]
    .concat();
    peak(&file(2, 8192, 1, 0, &metadata));
}
