//! Index files: what is written is read again, what other programs write is read, what is damaged is refused.

use super::*;
use crate::error::ErrorKind;

fn index() -> SeekIndex {
    let window: Vec<u8> = (0..WINDOW).map(|i| u8::try_from(i % 251).unwrap()).collect();
    SeekIndex {
        points: vec![
            inside(10, 0, 0, Arc::from([])).unwrap(),
            inside(500_000, 1_048_600, 3, window.as_slice().into()).unwrap(),
            inside(900_000, 2_097_300, 0, window.as_slice().into()).unwrap(),
        ],
        compressed: Some(1_000_000),
        plain: Some(2_500_000),
        spacing: SeekIndex::SPACING,
    }
}

fn written(index: &SeekIndex) -> Vec<u8> {
    let mut bytes = Vec::new();
    index.write(&mut bytes).unwrap();
    bytes
}

fn read(bytes: &[u8]) -> Result<SeekIndex> {
    SeekIndex::read(bytes, Limits::default())
}

#[test]
fn what_is_written_is_read_again() {
    assert_eq!(read(&written(&index())).unwrap(), index());
}

#[test]
fn every_flipped_bit_in_our_own_files_is_found_and_every_cut() {
    let good = written(&index());
    for at in (0..90)
        .chain((90..good.len()).step_by(997))
        .chain(good.len() - 8..good.len())
    {
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        assert!(read(&bad).is_err(), "byte {at}");
    }
    for cut in [
        0,
        5,
        20,
        40,
        60,
        100,
        good.len() / 2,
        good.len() - 9,
        good.len() - 1,
    ] {
        assert!(read(&good[..cut]).is_err(), "cut at {cut}");
    }
}

#[test]
fn the_form_is_that_of_indexed_gzip() {
    let bytes = written(&index());
    // zran.c, "Index file format": offsets are those of the first whole byte.
    assert_eq!(&bytes[..7], b"GZIDX\x01\x00");
    assert_eq!(bytes[7..15], 1_000_000_u64.to_le_bytes());
    assert_eq!(bytes[31..35], 3_u32.to_le_bytes());
    assert_eq!(bytes[35 + 18..35 + 26], 500_000_u64.to_le_bytes());
    assert_eq!(bytes[35 + 34..35 + 36], [3, 1]);
    assert_eq!(bytes.len(), 35 + 3 * 18 + 2 * WINDOW + 8);
}

#[cfg(feature = "zlib")]
#[test]
fn gztools_indexes_are_read() {
    let window = vec![7; WINDOW];
    let packed = crate::Compressor::by_name("zlib")
        .unwrap()
        .compress(&window)
        .unwrap();
    for lines in [false, true] {
        let mut bytes = vec![0; 8];
        bytes.extend_from_slice(if lines { b"gzipindX\0\0\0\0" } else { b"gzipindx" });
        bytes.extend_from_slice(&[2_u64.to_be_bytes(), 2_u64.to_be_bytes()].concat());
        for (plain, coded, bits, window) in [(0_u64, 10_u64, 0_u32, &[][..]), (5_000_000, 90_000, 5, &packed)]
        {
            bytes.extend_from_slice(&[plain.to_be_bytes(), coded.to_be_bytes()].concat());
            bytes.extend_from_slice(&bits.to_be_bytes());
            bytes.extend_from_slice(&u32::try_from(window.len()).unwrap().to_be_bytes());
            bytes.extend_from_slice(window);
            bytes.extend_from_slice(if lines { &[0; 8] } else { &[] });
        }
        bytes.extend_from_slice(&6_000_000_u64.to_be_bytes());
        let index = read(&bytes).unwrap();
        assert_eq!(index.plain_size(), Some(6_000_000));
        let want = inside(90_000, 5_000_000, 5, window.as_slice().into()).unwrap();
        assert_eq!(index.points()[1], want);
        assert_eq!(
            read(&bytes[..bytes.len() - 20]).unwrap_err().kind(),
            ErrorKind::Truncated
        );
    }
}

#[test]
fn bgzips_indexes_are_read() {
    let mut bytes = 2_u64.to_le_bytes().to_vec();
    for n in [20_000_u64, 65_280, 41_000, 130_560] {
        bytes.extend_from_slice(&n.to_le_bytes());
    }
    let index = read(&bytes).unwrap();
    let places: Vec<_> = index
        .points()
        .iter()
        .map(|point| (point.coded, point.plain))
        .collect();
    assert_eq!(places, [(20_000, 65_280), (41_000, 130_560)]);
    assert!(read(&[0; 8]).unwrap().is_empty());
    bytes.pop();
    assert_eq!(read(&bytes).unwrap_err().kind(), ErrorKind::UnknownFormat);
}

#[test]
fn places_out_of_order_are_refused() {
    let mut wrong = index();
    wrong.points.swap(1, 2);
    assert_eq!(read(&written(&wrong)).unwrap_err().kind(), ErrorKind::Corrupt);
    let mut wrong = index();
    wrong.plain = Some(2_000_000);
    assert_eq!(read(&written(&wrong)).unwrap_err().kind(), ErrorKind::Corrupt);
}

#[test]
fn an_index_larger_than_the_limit_is_refused() {
    let bytes = written(&index());
    let error = SeekIndex::read(&bytes[..], Limits::default().memory(50_000)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
}
