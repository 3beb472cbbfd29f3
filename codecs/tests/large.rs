//! More than four gigabytes: sizes and offsets that fit into no 32 bits.

#![allow(clippy::print_stdout, reason = "what was written is worth seeing")]

mod common;
#[path = "../../testing/effort.rs"]
mod effort;

use std::io::{Cursor, Read, Seek, SeekFrom, Write};

use demijohn_codecs::{Options, Reader, Source};

/// 2^31 and 2^32 are inside, and one byte follows the latter.
const LEN: u64 = (1 << 32) + 1;
/// Bytes at a time.
const STEP: usize = 1 << 20;

/// Zeros, but around the places where numbers of 31 and 32 bits end.
fn fill(at: u64, out: &mut [u8]) {
    out.fill(0);
    for edge in [1_u64 << 31, 1 << 32] {
        let marks = edge - 20..(edge + 20).min(LEN);
        let end = at + out.len() as u64;
        for mark in marks.start.max(at)..marks.end.min(end) {
            out[usize::try_from(mark - at).unwrap()] = mark.to_le_bytes()[0] | 1;
        }
    }
}

/// Everything that a reader delivers, held to what it should be.
fn check(reader: &mut Reader<impl Source>, what: &str) {
    let (mut got, mut want) = (vec![0; STEP], vec![0; STEP]);
    let mut at = 0;
    loop {
        let n = reader.read(&mut got).unwrap_or_else(|e| panic!("{what}: {e}"));
        fill(at, &mut want[..n]);
        assert!(got[..n] == want[..n], "{what}: other bytes from {at} on");
        at += n as u64;
        assert_eq!(reader.position(), at, "{what}");
        if n == 0 {
            break;
        }
    }
    assert_eq!(at, LEN, "{what}");
}

#[test]
#[ignore = "takes minutes; `cargo xtask torture large` runs it"]
fn four_gibibytes_and_one_byte_go_through_every_format() {
    for format in common::compressed_formats() {
        let name = format.name();
        let level = format.spec().level_range().map(|range| (*range.start()).max(1));
        let mut options = Options::new();
        if let Some(level) = level {
            options = options.level(level);
        }
        let mut writer = options.writer(tempfile::tempfile().unwrap(), name).unwrap();
        let mut bytes = vec![0; STEP];
        let mut at = 0;
        while at < LEN {
            let n = usize::try_from((LEN - at).min(STEP as u64)).unwrap();
            fill(at, &mut bytes[..n]);
            writer.write_all(&bytes[..n]).unwrap();
            at += n as u64;
        }
        let (mut file, summary) = writer.finish().unwrap();
        assert_eq!(summary.plain, LEN, "{name}");
        assert_eq!(summary.compressed, file.metadata().unwrap().len(), "{name}");
        if name == "gzip" {
            // ISIZE is the length modulo 2^32.
            let mut end = [0; 4];
            file.seek(SeekFrom::End(-4)).unwrap();
            file.read_exact(&mut end).unwrap();
            assert_eq!(u32::from_le_bytes(end), 1);
        }
        file.rewind().unwrap();
        let mut reader = Options::new().format(name).seekable_reader(file).unwrap();
        check(&mut reader, name);
        println!("{name}: {} bytes", summary.compressed);
    }
}

#[test]
#[ignore = "takes a minute; `cargo xtask torture large` runs it"]
fn plain_files_have_no_end_at_four_gibibytes() {
    let mut file = tempfile::tempfile().unwrap();
    file.set_len(LEN).unwrap();
    for edge in [1_u64 << 31, 1 << 32] {
        let mut marks = vec![0; usize::try_from((LEN - edge).min(20)).unwrap() + 20];
        fill(edge - 20, &mut marks);
        file.seek(SeekFrom::Start(edge - 20)).unwrap();
        file.write_all(&marks).unwrap();
    }
    file.rewind().unwrap();
    let mut reader = Options::new().format("none").seekable_reader(file).unwrap();
    check(&mut reader, "none");
}

/// A frame of nothing but blocks of one repeated byte: four bytes for each 128 KiB.
fn runs(len: u64) -> Vec<u8> {
    const BLOCK: u64 = 128 << 10;
    // No checksum, no content size, a window of 128 KiB.
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38];
    let blocks = len.div_ceil(BLOCK);
    for n in 0..blocks {
        let size = (len - n * BLOCK).min(BLOCK);
        let last = u64::from(n + 1 == blocks);
        frame.extend_from_slice(&(last | 1 << 1 | size << 3).to_le_bytes()[..3]);
        frame.push(b'r');
    }
    frame
}

#[test]
fn offsets_go_on_behind_four_gibibytes() {
    let Some(zstd) = common::format("zstd") else {
        return;
    };
    let coded = runs(LEN);
    let mut reader = Options::new()
        .format(&zstd)
        .seekable_reader(Cursor::new(&coded))
        .unwrap();
    for at in [(1 << 31) - 1, (1 << 32) - 1, 1 << 32] {
        reader.seek(SeekFrom::Start(at)).unwrap();
        let mut byte = [0];
        reader.read_exact(&mut byte).unwrap();
        assert_eq!((byte, reader.position()), ([b'r'], at + 1));
    }
    assert_eq!(reader.read(&mut [0; 10]).unwrap(), 0);
    assert_eq!(reader.seek(SeekFrom::End(0)).unwrap(), LEN);

    // Cut behind 4 GiB, the error is there, and says so.
    let cut = &coded[..coded.len() - 2];
    let mut reader = Options::new()
        .format(&zstd)
        .seekable_reader(Cursor::new(cut))
        .unwrap();
    let error = demijohn_codecs::Error::from(std::io::copy(&mut reader, &mut std::io::sink()).unwrap_err());
    assert_eq!(error.kind(), demijohn_codecs::ErrorKind::Truncated);
    assert_eq!(error.offset_out(), Some(1 << 32), "{error}");
    // A limit of more than 4 GiB is kept to the byte.
    for (limit, fits) in [(LEN, true), (LEN - 1, false)] {
        let limits = demijohn_codecs::Limits::none().output(limit);
        let reader = Options::new().format(&zstd).limits(limits).reader(&coded[..]);
        let read = std::io::copy(&mut reader.unwrap(), &mut std::io::sink());
        assert_eq!(read.is_ok(), fits, "{limit}");
    }
}
