//! Streams in which one can seek, of every format that has places for that.

use std::io;
use std::process::Command;

use demijohn_codecs::{Compressor, Options};

use crate::common::{format, pipe, tool};

/// A stream with places to enter it, and what it is called here.
pub(crate) struct Subject {
    pub(crate) name: String,
    pub(crate) format: Compressor,
    pub(crate) coded: Vec<u8>,
    /// The places are written in it, so that they are known without having been passed.
    pub(crate) written: bool,
}

/// The stream of a writer with that block size, and streams of parts joined.
pub(crate) fn ours(plain: &[u8]) -> Vec<Subject> {
    let mut subjects = Vec::new();
    for (name, block, written) in [
        ("xz", 100_000, true),
        ("bz2", 90_000, false),
        ("lz4", 64 << 10, false),
        ("snappy", 64 << 10, true),
        ("lzo", 64 << 10, true),
        ("blosc", 100_000, true),
    ] {
        let Some(format) = format(name) else { continue };
        let options = || Options::new().block_size(block);
        let mut writer = options().writer(Vec::new(), &format).unwrap();
        io::copy(&mut &*plain, &mut writer).unwrap();
        subjects.push(Subject {
            name: format!("{name} in blocks"),
            coded: writer.finish().unwrap().0,
            format,
            written,
        });
    }
    for name in ["gzip", "zstd", "lz4", "snappy", "lzo"] {
        let Some(format) = format(name) else { continue };
        let mut writer = Options::new()
            .seekable(60_000)
            .writer(Vec::new(), &format)
            .unwrap();
        io::copy(&mut &*plain, &mut writer).unwrap();
        subjects.push(Subject {
            name: format!("{name} to be sought in"),
            coded: writer.finish().unwrap().0,
            format,
            written: true,
        });
    }
    for (name, written) in [
        ("gzip", false),
        ("bz2", false),
        ("xz", true),
        ("zstd", true),
        ("lz4", true),
        ("snappy", true),
        ("lzo", true),
    ] {
        let Some(format) = format(name) else { continue };
        let parts = plain.chunks(plain.len() / 12);
        subjects.push(Subject {
            name: format!("{name}, several streams"),
            coded: parts.flat_map(|part| format.compress(part).unwrap()).collect(),
            format,
            written,
        });
    }
    subjects
}

/// Streams that only other programs write.
fn foreign(plain: &[u8]) -> Vec<Subject> {
    let mut subjects = Vec::new();
    for (name, program, args, written) in [
        // One stream of many blocks, which begin at any bit.
        ("bz2", "bzip2", &["-1"][..], false),
        ("lz4", "lz4", &["-B4", "-BX"][..], false),
        ("lz4", "lz4", &["-B4", "-BD"][..], false),
        ("lz4", "lz4", &["-l"][..], false),
        ("xz", "xz", &["--block-size=100000", "--check=crc32"][..], true),
        ("gzip", "bgzip", &["-c"][..], true),
        ("lzo", "lzop", &["-1"][..], true),
    ] {
        let (Some(format), Some(program)) = (format(name), tool(program)) else {
            continue;
        };
        subjects.push(Subject {
            name: format!("{program} {args:?}"),
            coded: pipe(Command::new(program).args(args), plain).unwrap(),
            format,
            written,
        });
    }
    subjects
}

#[cfg(feature = "zstd")]
fn seekable_zstd(plain: &[u8]) -> Vec<Subject> {
    let Some(format) = format("zstd") else {
        return Vec::new();
    };
    vec![Subject {
        name: "zstd with a seek table".to_owned(),
        coded: zstd_with_table(&format, plain),
        format,
        written: true,
    }]
}

#[cfg(not(feature = "zstd"))]
fn seekable_zstd(_: &[u8]) -> Vec<Subject> {
    Vec::new()
}

/// Frames, and the table of the seekable format behind them.
#[cfg(feature = "zstd")]
pub(crate) fn zstd_with_table(format: &Compressor, plain: &[u8]) -> Vec<u8> {
    let (mut coded, mut table, mut frames) = (Vec::new(), Vec::new(), 0u32);
    for part in plain.chunks(100_000) {
        let frame = format.compress(part).unwrap();
        for size in [frame.len(), part.len()] {
            table.extend_from_slice(&u32::try_from(size).unwrap().to_le_bytes());
        }
        coded.extend_from_slice(&frame);
        frames += 1;
    }
    coded.extend_from_slice(&0x184d_2a5e_u32.to_le_bytes());
    coded.extend_from_slice(&u32::try_from(table.len() + 9).unwrap().to_le_bytes());
    coded.extend_from_slice(&table);
    coded.extend_from_slice(&frames.to_le_bytes());
    coded.push(0);
    coded.extend_from_slice(&0x8f92_eab1_u32.to_le_bytes());
    coded
}

/// BGZF as bgzip writes it, of stored blocks.
fn bgzf(plain: &[u8]) -> Vec<u8> {
    let mut coded = Vec::new();
    for part in plain.chunks(65_000).chain([&[][..]]) {
        let len = u16::try_from(part.len()).unwrap();
        coded.extend_from_slice(b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0");
        coded.extend_from_slice(&(len + 30).to_le_bytes());
        coded.push(1);
        coded.extend_from_slice(&len.to_le_bytes());
        coded.extend_from_slice(&(!len).to_le_bytes());
        coded.extend_from_slice(part);
        coded.extend_from_slice(&crc32fast::hash(part).to_le_bytes());
        coded.extend_from_slice(&u32::from(len).to_le_bytes());
    }
    coded
}

/// All of them.
pub(crate) fn subjects(plain: &[u8]) -> Vec<Subject> {
    let mut subjects = ours(plain);
    subjects.extend(seekable_zstd(plain));
    subjects.extend(foreign(plain));
    if let Some(format) = format("gzip") {
        subjects.push(Subject {
            name: "BGZF".to_owned(),
            coded: bgzf(plain),
            format,
            written: true,
        });
    }
    subjects
}
