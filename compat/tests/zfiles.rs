//! z-files: both forms of the header, damage, and headers that lie.

#![cfg(feature = "zlib")]

use std::io::{BufReader, Read};

use demijohn_codecs::{Compressor, ErrorKind, Limits, Options, Probe, Result, Tail};
use demijohn_codecs::{EncodeOptions, Format, Head};
use demijohn_compat::ZFile;

/// A z-file with what stands where the length should, padded to `width`.
fn with_length(length: &str, width: usize, data: &[u8]) -> Vec<u8> {
    let zlib = Compressor::by_name("zlib").unwrap();
    let header = format!("ZF{length:width$}").into_bytes();
    [header, zlib.compress(data).unwrap()].concat()
}

fn zfile(data: &[u8]) -> Vec<u8> {
    with_length(&format!("{:#x}", data.len()), 19, data)
}

/// Data that takes more than one buffer, and not all of which compresses.
fn data() -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..300_000)
        .map(|i| if i % 3 == 0 { next() } else { b'a' })
        .collect()
}

/// What is read before the error, if there is one.
fn read(file: &[u8]) -> (Vec<u8>, Result<()>) {
    let mut plain = Vec::new();
    let mut read = || {
        let mut reader = Options::new().also(ZFile).exact(file)?;
        assert_eq!(reader.format(), "zfile");
        reader.read_to_end(&mut plain)?;
        Ok(())
    };
    let result = read();
    (plain, result)
}

fn kind(file: &[u8]) -> ErrorKind {
    let (_, result) = read(file);
    let error = result.unwrap_err();
    assert_eq!(error.format(), Some("zfile"), "{error}");
    error.kind()
}

#[test]
fn both_widths_and_both_pythons_are_read() {
    let data = data();
    let hex = format!("{:#x}", data.len());
    for (length, width) in [
        (hex.clone(), 19),
        (hex.clone(), 20),
        (format!("{hex}L"), 19),
        (format!("{hex}L"), 20),
        (hex.to_uppercase().replacen('X', "x", 1), 19),
        (format!("{:#018x}", data.len()), 19),
    ] {
        let (plain, result) = read(&with_length(&length, width, &data));
        result.unwrap_or_else(|e| panic!("{length} in {width}: {e}"));
        assert!(plain == data, "{length} in {width}");
    }
    for small in [&b""[..], b"a"] {
        assert_eq!(read(&zfile(small)).0, small);
    }
}

#[test]
fn the_same_is_read_however_the_source_and_the_reads_are_cut() {
    let data = &data()[..5000];
    for file in [zfile(data), with_length("0x1388", 20, data)] {
        for (source, reads) in [(1, 1), (1, 4096), (3, 7), (21, 1), (22, 5000), (23, 5001)] {
            let source = BufReader::with_capacity(source, file.as_slice());
            let mut reader = Options::new().also(ZFile).exact(source).unwrap();
            let mut plain = Vec::new();
            let mut part = vec![0; reads];
            loop {
                match reader.read(&mut part).unwrap() {
                    0 => break,
                    n => plain.extend_from_slice(&part[..n]),
                }
            }
            assert_eq!(reader.format(), "zfile");
            assert!(plain == data, "{reads}");
        }
    }
}

#[test]
fn every_cut_is_noticed_and_what_was_there_is_given() {
    let data = &data()[..3000];
    for file in [zfile(data), with_length("0xbb8", 20, data)] {
        for end in 4..file.len() {
            let (plain, result) = read(&file[..end]);
            assert_eq!(result.unwrap_err().kind(), ErrorKind::Truncated, "cut at {end}");
            assert!(data.starts_with(&plain), "cut at {end}");
        }
    }
}

#[test]
fn a_length_that_is_not_that_of_the_data_is_an_error_after_the_data() {
    let data = data();
    for wrong in [0, 1, 99_999, data.len() - 1] {
        let file = with_length(&format!("{wrong:#x}"), 19, &data);
        let (plain, result) = read(&file);
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Corrupt, "{wrong}");
        assert!(plain == data[..wrong], "{wrong}");
    }
    for wrong in [data.len() + 1, 1 << 30, usize::MAX] {
        let file = with_length(&format!("{wrong:#x}"), 19, &data);
        let (plain, result) = read(&file);
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Corrupt, "{wrong}");
        assert!(plain == data, "{wrong}");
    }
}

#[test]
fn what_is_no_length_is_refused() {
    for bad in [
        "0x",
        "0xL",
        "0xg",
        "0x1 2",
        "0x1\n",
        "0x-1",
        "0x+1",
        "0x1LL",
        "0x 1",
        "0x1\0",
        "0x10000000000000000",
        "0x1_0",
        "0x0x1",
    ] {
        assert_eq!(kind(&with_length(bad, 19, b"a")), ErrorKind::Corrupt, "{bad:?}");
    }
}

#[test]
fn damage_inside_keeps_its_kind() {
    let data = data();
    let mut file = zfile(&data);
    let last = file.len() - 1;
    file[last] ^= 1;
    let (plain, result) = read(&file);
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Checksum);
    assert!(plain == data, "all data comes before the wrong checksum");
    file[21] = b'?';
    assert_eq!(kind(&file), ErrorKind::Corrupt);
    // Two spaces were never written.
    assert_eq!(kind(&with_length("0x1", 21, b"a")), ErrorKind::Corrupt);
}

#[test]
fn limits_and_tails_are_the_engines() {
    let data = data();
    let mut file = zfile(&data);
    let limited = |limits: Limits| {
        let reader = Options::new().also(ZFile).limits(limits).exact(file.as_slice());
        reader.unwrap().read_to_end(&mut Vec::new())
    };
    let size = data.len() as u64;
    assert!(limited(Limits::none().output(size)).is_ok());
    let error = demijohn_codecs::Error::from(limited(Limits::none().output(size - 1)).unwrap_err());
    assert_eq!(error.kind(), ErrorKind::Limit);
    file.extend(b"tail");
    assert_eq!(kind(&file), ErrorKind::TrailingData);
    let mut reader = Options::new()
        .also(ZFile)
        .tail(Tail::Ignore)
        .exact(file.as_slice())
        .unwrap();
    let mut plain = Vec::new();
    reader.read_to_end(&mut plain).unwrap();
    assert!(plain == data);
}

#[test]
fn reading_starts_again_from_the_beginning() {
    use std::io::{Cursor, Seek, SeekFrom};
    let data = data();
    let source = Cursor::new(with_length(&format!("{:#x}", data.len()), 20, &data));
    let mut reader = Options::new().also(ZFile).seekable_reader(source).unwrap();
    let mut all = Vec::new();
    reader.read_to_end(&mut all).unwrap();
    reader.seek(SeekFrom::Start(1000)).unwrap();
    let mut part = [0; 2000];
    reader.read_exact(&mut part).unwrap();
    assert!(part == data[1000..3000]);
}

#[test]
fn only_the_whole_signature_is_one() {
    assert_eq!(ZFile.probe(&Head::of(b"ZF0x1")), Probe::Strong);
    for other in [&b"ZF"[..], b"ZF0", b"ZF0X1", b"ZFzz", b"Z", b"", b" ZF0x"] {
        assert_eq!(ZFile.probe(&Head::of(other)), Probe::No, "{other:?}");
    }
    // Something else goes by as before, and so does what has yet to show more.
    let mut reader = Options::new().also(ZFile).exact(&b"ZF0y"[..]).unwrap();
    assert_eq!(reader.format(), "none");
    let mut plain = Vec::new();
    reader.read_to_end(&mut plain).unwrap();
    assert_eq!(plain, b"ZF0y");
    let pipe = b"Z".chain(&b"F"[..]).chain(&b"0x0"[..]);
    assert_eq!(Options::new().also(ZFile).reader(pipe).unwrap().format(), "zfile");
}

#[test]
fn nothing_is_written() {
    let error = ZFile.encoder(&EncodeOptions::default()).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}
