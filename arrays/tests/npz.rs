//! Zip files of arrays: what comes back, and what is refused.

#![cfg(feature = "npz")]

#[path = "../../testing/full.rs"]
mod full;

use std::io::{self, Cursor, Read as _, Write};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use demijohn_arrays::{Array, ErrorKind, Layout, Order, npy, npz};
use npz::{Compression, Reader, Writer};

use full::Full;

fn sample() -> Vec<(&'static str, Array)> {
    let layout = Layout::new("[('a', '<i4'), ('b', 'S2')]".parse().unwrap(), &[2], Order::C).unwrap();
    vec![
        (
            "x",
            Array::from_slice_in(Order::F, &[1.0_f64, 2.0, 3.0, 4.0], &[2, 2]).unwrap(),
        ),
        ("folder/π", Array::from_bytes(layout, b"abcdefghijkl").unwrap()),
        ("", Array::from_vec(Vec::<u8>::new(), &[0, 3]).unwrap()),
        (
            "../odd \\name",
            Array::from_vec(vec![7_u8; 5000], &[5000]).unwrap(),
        ),
    ]
}

fn written(compression: Compression) -> Vec<u8> {
    let mut out = Writer::new(Vec::new()).compression(compression).unwrap();
    for (key, array) in sample() {
        out.add(key, &array).unwrap();
    }
    out.finish().unwrap()
}

fn open(bytes: &[u8]) -> demijohn_arrays::Result<Reader<Cursor<&[u8]>>> {
    Reader::new(Cursor::new(bytes))
}

/// A zip file of one entry, `a.npy`, with what would be in it, and what is said of it.
fn forged(data: &[u8], method: rawzip::CompressionMethod, crc: u32, stated: u64) -> Vec<u8> {
    let mut zip = rawzip::ZipArchiveWriter::new(Vec::new());
    let (mut entry, _) = zip.new_file("a.npy").compression_method(method).start().unwrap();
    entry.write_all(data).unwrap();
    entry
        .finish(rawzip::DataDescriptorOutput::new(crc, stated))
        .unwrap();
    zip.finish().unwrap()
}

fn npy_bytes(array: &Array) -> Vec<u8> {
    let mut bytes = Vec::new();
    npy::write(array, &mut bytes).unwrap();
    bytes
}

fn crc(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

fn error_of(file: &[u8]) -> (ErrorKind, String) {
    let error = open(file).and_then(|file| file.read("a")).unwrap_err();
    (error.kind(), error.to_string())
}

const LEVELS: [Compression; 4] = [
    Compression::Stored,
    Compression::Deflated(0),
    Compression::Deflated(6),
    Compression::Deflated(9),
];

#[test]
fn what_is_written_is_read_in_any_order() {
    for compression in LEVELS {
        let bytes = written(compression);
        let file = open(&bytes).unwrap();
        let keys: Vec<&str> = file.keys().collect();
        assert_eq!(keys, sample().iter().map(|(key, _)| *key).collect::<Vec<_>>());
        for (key, array) in sample().into_iter().rev() {
            assert_eq!(file.read(key).unwrap(), array, "{key}");
            assert_eq!(file.header(key).unwrap().layout, *array.layout(), "{key}");
        }
        assert_eq!(file.read("x").unwrap().order(), Order::F);
        assert_eq!(file.read("y").unwrap_err().kind(), ErrorKind::Parameter);
        assert_eq!(bytes, written(compression), "the same arrays give the same bytes");
    }
    assert!(written(Compression::Deflated(9)).len() < written(Compression::Stored).len());
    assert_eq!(
        open(&Writer::new(Vec::new()).finish().unwrap())
            .unwrap()
            .keys()
            .count(),
        0
    );
}

#[test]
fn arrays_go_in_and_out_a_piece_at_a_time() {
    for compression in LEVELS {
        let mut out = Writer::new(Vec::new()).compression(compression).unwrap();
        for (key, array) in sample() {
            // More than is asked for: what follows is not taken.
            let mut bytes = array.as_bytes().chain(&b"more"[..]);
            out.add_from(key, array.layout(), &mut bytes).unwrap();
            assert_eq!(bytes.bytes().count(), 4, "{key}");
        }
        let bytes = out.finish().unwrap();
        assert_eq!(bytes, written(compression), "the same as in one piece");
        let file = open(&bytes).unwrap();
        for (key, array) in sample() {
            let (header, mut data) = file.data(key).unwrap();
            assert_eq!(header.layout, *array.layout(), "{key}");
            let mut read = Vec::new();
            data.read_to_end(&mut read).unwrap();
            assert_eq!(read, array.as_bytes(), "{key}");
        }
    }
}

#[test]
fn the_end_of_data_is_not_given_before_it_was_checked() {
    let array = Array::from_vec(vec![1_u8, 2, 3], &[3]).unwrap();
    let whole = npy_bytes(&array);
    let store = rawzip::CompressionMethod::STORE;
    let bytes = forged(&whole, store, crc(&whole) ^ 1, whole.len() as u64);
    let file = open(&bytes).unwrap();
    let (_, mut data) = file.data("a").unwrap();
    let mut read = Vec::new();
    let error = demijohn_arrays::Error::from(data.read_to_end(&mut read).unwrap_err());
    assert_eq!(
        (read.as_slice(), error.kind()),
        (array.as_bytes(), ErrorKind::Corrupt)
    );
    assert!(error.to_string().starts_with("a.npy: "), "{error}");
}

#[test]
fn data_that_ends_too_early_is_not_gone_on_with() {
    let layout = Layout::new("|u1".parse().unwrap(), &[9], Order::C).unwrap();
    let mut out = Writer::new(Vec::new());
    let error = out.add_from("a", &layout, &mut &b"12345678"[..]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Truncated, "{error}");
    assert_eq!(out.finish().unwrap_err().kind(), ErrorKind::Parameter);
}

#[test]
fn one_entry_is_read_without_the_others() {
    let mut bytes = written(Compression::Stored);
    // Damage what follows the first array's header, which is at the beginning.
    let at = bytes.windows(6).position(|w| w == b"\x93NUMPY").unwrap();
    bytes[at + 128] ^= 1;
    let file = open(&bytes).unwrap();
    assert_eq!(file.read("x").unwrap_err().kind(), ErrorKind::Corrupt);
    for (key, array) in &sample()[1..] {
        assert_eq!(&file.read(key).unwrap(), array);
    }
}

#[test]
fn every_flipped_bit_is_found_or_does_not_matter() {
    let array = Array::from_vec((0..40_u8).collect(), &[40]).unwrap();
    for compression in [Compression::Stored, Compression::Deflated(6)] {
        let mut out = Writer::new(Vec::new()).compression(compression).unwrap();
        out.add("a", &array).unwrap();
        let bytes = out.finish().unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            if let Ok(read) = open(&damaged).and_then(|file| file.read("a")) {
                assert_eq!(read, array, "bit {bit}, {compression:?}");
            }
        }
    }
}

#[test]
fn every_cut_is_an_error() {
    for compression in [Compression::Stored, Compression::Deflated(6)] {
        let bytes = written(compression);
        for cut in 0..bytes.len() {
            let error = open(&bytes[..cut])
                .map(|file| file.read("x"))
                .expect_err("it has no list of entries");
            assert_eq!(error.kind(), ErrorKind::Truncated, "{cut}: {error}");
        }
    }
}

#[test]
fn sizes_and_checksums_are_those_stated() {
    let whole = npy_bytes(&Array::from_vec(vec![1_u8, 2, 3], &[3]).unwrap());
    let (store, len) = (rawzip::CompressionMethod::STORE, whole.len() as u64);
    assert!(
        open(&forged(&whole, store, crc(&whole), len))
            .unwrap()
            .read("a")
            .is_ok()
    );
    let wrong = |file: &[u8], kind, word| {
        let (got, text) = error_of(file);
        assert_eq!(got, kind, "{text}");
        assert!(text.contains(word) && text.starts_with("a.npy: "), "{text}");
    };
    wrong(
        &forged(&whole, store, crc(&whole) ^ 1, len),
        ErrorKind::Corrupt,
        "checksum",
    );
    wrong(
        &forged(&whole, store, crc(&whole), len - 1),
        ErrorKind::Truncated,
        "needs",
    );
    wrong(
        &forged(&whole, store, crc(&whole), len + 1),
        ErrorKind::Corrupt,
        "of which",
    );
    let longer = [whole.as_slice(), b"more"].concat();
    wrong(
        &forged(&longer, store, crc(&longer), len + 4),
        ErrorKind::Corrupt,
        "of which",
    );
    wrong(
        &forged(&longer, store, crc(&longer), len),
        ErrorKind::Corrupt,
        "more data",
    );
    wrong(
        &forged(&whole[..130], store, crc(&whole), len),
        ErrorKind::Truncated,
        "",
    );
}

#[test]
fn other_methods_and_objects_are_named() {
    let whole = npy_bytes(&Array::from_vec(vec![1_u8, 2, 3], &[3]).unwrap());
    let file = forged(
        &whole,
        rawzip::CompressionMethod::ZSTD,
        crc(&whole),
        whole.len() as u64,
    );
    let (kind, text) = error_of(&file);
    assert_eq!(kind, ErrorKind::Unsupported);
    assert!(text.contains("93"), "{text}");
    let layout = Layout::new("|O".parse().unwrap(), &[1], Order::C).unwrap();
    let objects = [npy::header(&layout).unwrap(), b"\x80\x04N.".to_vec()].concat();
    let file = forged(
        &objects,
        rawzip::CompressionMethod::STORE,
        crc(&objects),
        objects.len() as u64,
    );
    assert_eq!(error_of(&file).0, ErrorKind::Unsupported);
    assert!(
        open(&file)
            .unwrap()
            .header("a")
            .unwrap()
            .layout
            .dtype()
            .has_objects()
    );
}

#[test]
fn what_is_no_zip_file_says_so() {
    for bytes in [&b"\x93NUMPY\x01\x00"[..], b"hello", &[0; 1000]] {
        let error = open(bytes).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
        assert!(error.to_string().contains("no .npz"), "{error}");
    }
}

#[test]
fn limits_hold_for_each_array() {
    let bytes = written(Compression::Stored);
    let options = npy::ReadOptions {
        max_data: 4999,
        ..npy::ReadOptions::default()
    };
    let file = Reader::with_options(Cursor::new(&bytes), options).unwrap();
    assert!(file.read("x").is_ok());
    assert_eq!(file.read("../odd \\name").unwrap_err().kind(), ErrorKind::Limit);
}

#[test]
fn other_entries_and_hidden_ones_are_told_apart() {
    let mut zip = rawzip::ZipArchiveWriter::new(Vec::new());
    let arrays = [1_u8, 2].map(|n| npy_bytes(&Array::from_vec(vec![n], &[1]).unwrap()));
    zip.new_dir("folder/").create().unwrap();
    for (name, data) in [
        ("a.npy", &arrays[0]),
        ("notes.txt", &b"text".to_vec()),
        ("a.npy", &arrays[1]),
    ] {
        let (mut entry, _) = zip.new_file(name).start().unwrap();
        entry.write_all(data).unwrap();
        entry
            .finish(rawzip::DataDescriptorOutput::new(crc(data), data.len() as u64))
            .unwrap();
    }
    let bytes = zip.finish().unwrap();
    let file = open(&bytes).unwrap();
    assert_eq!(file.keys().collect::<Vec<_>>(), ["a"]);
    assert_eq!(file.others().collect::<Vec<_>>(), ["notes.txt"]);
    assert_eq!(file.around(), (0, 0));
    let between = [b"PK\x03\x04 in front", &bytes[..], b"behind"].concat();
    let between = open(&between).unwrap();
    assert_eq!(between.around(), (13, 6));
    assert_eq!(between.read("a").unwrap(), file.read("a").unwrap());

    // Python goes by the size of the list, not by where it is said to be.
    let twice = open(&[&bytes[..], &bytes[..]].concat()).unwrap_err();
    assert_eq!(twice.kind(), ErrorKind::Corrupt, "{twice}");
    assert_eq!(
        file.read("a").unwrap().as_slice::<u8>().unwrap(),
        [2],
        "as in Python, the last counts"
    );
}

#[test]
fn names_that_cannot_be_are_refused() {
    let one = Array::from_vec(vec![1_u8], &[1]).unwrap();
    let mut out = Writer::new(Vec::new());
    out.add("a", &one).unwrap();
    for key in ["a", "nul\0", "/π", "π/../x", "a\\π", &"x".repeat(70_000)] {
        assert_eq!(
            out.add(key, &one).unwrap_err().kind(),
            ErrorKind::Parameter,
            "{key:.20}"
        );
    }
    assert!(
        Writer::new(Vec::new())
            .compression(Compression::Deflated(10))
            .is_err()
    );
    out.add("b", &one).unwrap();
    assert_eq!(
        open(&out.finish().unwrap()).unwrap().keys().collect::<Vec<_>>(),
        ["a", "b"]
    );
}

#[test]
fn a_failed_sink_is_not_gone_on_with() {
    let one = Array::from_vec(vec![1_u8; 1000], &[1000]).unwrap();
    for compression in [Compression::Stored, Compression::Deflated(0)] {
        let mut out = Writer::new(Full(700)).compression(compression).unwrap();
        let error = out.add("a", &one).unwrap_err();
        assert_eq!(error.io().unwrap().kind(), io::ErrorKind::StorageFull);
        assert_eq!(out.add("b", &one).unwrap_err().kind(), ErrorKind::Parameter);
        assert_eq!(out.finish().unwrap_err().kind(), ErrorKind::Parameter);
    }
}

#[test]
fn errors_of_the_source_come_out_unchanged() {
    /// Breaks at reads from a place on, once it is told to.
    struct Breaks<'a>(Cursor<Vec<u8>>, &'a AtomicU64);
    impl io::Read for Breaks<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            if self.0.position() >= self.1.load(Relaxed) {
                return Err(io::Error::from_raw_os_error(5));
            }
            self.0.read(out)
        }
    }
    impl io::Seek for Breaks<'_> {
        fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
            self.0.seek(to)
        }
    }
    let from = AtomicU64::new(u64::MAX);
    let open = || Reader::new(Breaks(Cursor::new(written(Compression::Stored)), &from));
    let file = open().unwrap();
    // In the entry's own header; behind it; in the list of entries; at once.
    let mut errors = Vec::new();
    for place in [0, 40] {
        from.store(place, Relaxed);
        errors.push(file.read("x").unwrap_err());
    }
    for place in [5, 0] {
        from.store(place, Relaxed);
        errors.push(open().unwrap_err());
    }
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::Io, "{error}");
        assert_eq!(error.io().unwrap().raw_os_error(), Some(5));
    }
}

#[test]
fn an_entry_cannot_be_longer_than_the_file() {
    let header = npy::header(&Layout::new("|u1".parse().unwrap(), &[1 << 30], Order::C).unwrap()).unwrap();
    let claimed = u32::try_from(header.len() + (1 << 30)).unwrap();
    let mut bytes = forged(&header, rawzip::CompressionMethod::STORE, 0, claimed.into());
    // The compressed size in the list of entries, which rawzip has written as it was.
    let record = bytes.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    bytes[record + 20..record + 24].copy_from_slice(&claimed.to_le_bytes());
    let (kind, text) = error_of(&bytes);
    assert_eq!(kind, ErrorKind::Truncated);
    assert!(text.contains("the zip file ends before"), "{text}");
}

#[test]
fn a_list_of_entries_that_python_would_not_find_is_refused() {
    let array = |n: u8| npy_bytes(&Array::from_vec(vec![n], &[1]).unwrap());
    let zip = |data: &[u8]| {
        forged(
            data,
            rawzip::CompressionMethod::STORE,
            crc(data),
            data.len() as u64,
        )
    };
    let (shown, hidden) = (zip(&array(1)), zip(&array(2)));
    // The end of the second, with the place of the first one's list, behind both lists: Python reads the last list.
    let list = |zip: &[u8]| {
        zip[zip.len() - 22 + 16..][..4]
            .try_into()
            .map(u32::from_le_bytes)
            .unwrap() as usize
    };
    let lists = [
        &shown[list(&shown)..shown.len() - 22],
        &hidden[list(&hidden)..hidden.len() - 22],
    ]
    .concat();
    let mut end = hidden[hidden.len() - 22..].to_vec();
    end[16..20].copy_from_slice(&u32::try_from(list(&shown)).unwrap().to_le_bytes());
    let both = [&shown[..list(&shown)], &lists[..], &end[..]].concat();
    let error = open(&both).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.to_string().contains("the list of its entries"), "{error}");
}
