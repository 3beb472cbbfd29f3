//! Dumping to and loading from files and streams: what comes back, and what is said about damage.

use std::io::{self, BufRead, BufReader, Read, Write};

use demijohn::arrays::{Layout, Order};
use demijohn::{Array, DumpOptions, ErrorKind, Limits, Save, codecs, pickle};
use proptest::prelude::*;
use serde::Serialize;

/// Every format of this build.
fn formats() -> Vec<&'static str> {
    let registry = codecs::Registry::global();
    let names = [
        "none", "zlib", "gzip", "bz2", "lzma", "xz", "zstd", "lz4", "snappy", "blosc", "lzo",
    ];
    names
        .into_iter()
        .filter(|name| registry.by_name(name).is_ok_and(|c| c.is_available()))
        .collect()
}

/// Those whose streams end before their input does, so that something can follow.
fn formats_with_an_end() -> impl Iterator<Item = &'static str> {
    formats().into_iter().filter(|name| *name != "snappy")
}

#[derive(Serialize)]
struct Sample {
    title: &'static str,
    first: Array,
    nested: Vec<(u8, Array)>,
    after: Vec<i64>,
}

fn sample() -> Sample {
    let fortran = Array::from_slice_in(Order::F, &[1_i16, 2, 3, 4, 5, 6], &[2, 3]).unwrap();
    Sample {
        title: "sample",
        first: Array::from_vec((0..40).map(f64::from).collect(), &[5, 8]).unwrap(),
        nested: vec![(1, fortran), (2, Array::from_vec(vec![true], &[]).unwrap())],
        after: vec![1, -1, i64::MAX],
    }
}

fn dumped(value: &(impl Save + ?Sized), format: &str) -> Vec<u8> {
    demijohn::dump_to(value, Vec::new(), format).unwrap().0
}

fn check_sample(document: &demijohn::Document) {
    let (root, expected) = (document.root(), sample());
    assert_eq!(root.get("title").unwrap().as_str(), Some("sample"));
    assert_eq!(root.get("first").unwrap().array().unwrap(), &expected.first);
    let fortran = root
        .get("nested")
        .unwrap()
        .index(0)
        .unwrap()
        .index(1)
        .unwrap()
        .array()
        .unwrap();
    assert_eq!((fortran, fortran.order()), (&expected.nested[0].1, Order::F));
    assert_eq!(
        root.get("after").unwrap().index(2).unwrap().as_i64(),
        Some(i64::MAX)
    );
}

#[test]
fn every_format_brings_the_object_back() {
    let folder = tempfile::tempdir().unwrap();
    for format in formats() {
        let path = folder.path().join(format!("{format}.pkl"));
        let summary = demijohn::dump_with(&sample(), &path, format).unwrap();
        assert_eq!(
            summary.compressed,
            std::fs::metadata(&path).unwrap().len(),
            "{format}"
        );
        assert_eq!(summary.plain, dumped(&sample(), "none").len() as u64, "{format}");
        check_sample(&demijohn::load(&path).unwrap());
        check_sample(&demijohn::load_from(dumped(&sample(), format).as_slice()).unwrap());
    }
}

#[test]
fn threads_do_not_change_the_file() {
    // More than a block of most formats, so that there is something to share.
    let values = (0..400_000_u64).map(|n| n * n % 1013).collect();
    let array = Array::from_vec(values, &[400_000]).unwrap();
    for format in formats() {
        let written = |threads| {
            let options = DumpOptions::new().compression(format).threads(threads);
            demijohn::dump_to(&array, Vec::new(), options).unwrap().0
        };
        assert!(written(3) == written(1), "{format}");
    }
}

#[test]
#[cfg(all(feature = "gzip", feature = "xz"))]
fn the_extension_decides_when_dumping_and_the_content_when_loading() {
    let folder = tempfile::tempdir().unwrap();
    for (name, magic) in [
        ("a.pkl", &b"\x80\x04"[..]),
        ("a.pkl.gz", b"\x1f\x8b"),
        ("a.pkl.xz", b"\xfd7zXZ"),
    ] {
        let path = folder.path().join(name);
        demijohn::dump(&sample(), &path).unwrap();
        assert!(std::fs::read(&path).unwrap().starts_with(magic), "{name}");
        let lying = folder.path().join("lying.bz2");
        std::fs::rename(&path, &lying).unwrap();
        check_sample(&demijohn::load(&lying).unwrap());
    }
}

#[test]
fn elements_start_at_multiples_of_16() {
    // Something of every length before the array moves it by one byte each time.
    for n in 0..40 {
        let array = Array::from_vec(vec![0x1234_5678_9abc_def0_u64; 3], &[3]).unwrap();
        let bytes = dumped(&("x".repeat(n), array), "none");
        let needle = 0x1234_5678_9abc_def0_u64.to_ne_bytes();
        let at = bytes.windows(8).position(|window| window == needle).unwrap();
        assert_eq!(at % 16, 0, "{n}");
        let pad = bytes[..at].iter().rev().take_while(|&&b| b == 0xff).count();
        assert!((1..=16).contains(&pad), "{n}: {pad}");
        assert_eq!(usize::from(bytes[at - pad - 1]), pad);
    }
}

#[test]
fn every_cut_is_an_error() {
    let small = (1, Array::from_vec(vec![1_u16, 2, 3], &[3]).unwrap(), "end");
    for format in formats() {
        let bytes = dumped(&small, format);
        for cut in 0..bytes.len() {
            let error = demijohn::load_from(&bytes[..cut]).expect_err(format);
            // The first bytes alone may be too few to tell a container by.
            let allowed = [ErrorKind::Truncated, ErrorKind::UnknownFormat];
            assert!(
                allowed.contains(&error.kind()),
                "{format} cut at {cut}: {error:?}"
            );
            assert!(
                error.kind() == ErrorKind::Truncated || cut < 14,
                "{format} cut at {cut}: {error:?}"
            );
        }
    }
}

#[test]
fn a_wrong_byte_never_goes_unnoticed_where_there_is_a_checksum() {
    let value = (vec![5; 20], Array::from_vec(vec![7_u8; 64], &[64]).unwrap());
    for format in ["zlib", "gzip", "bz2", "xz", "zstd", "lz4", "lzo"] {
        if !formats().contains(&format) {
            continue;
        }
        let bytes = dumped(&value, format);
        let good = demijohn::load_from(bytes.as_slice()).unwrap();
        for at in 0..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[at] ^= 0x55;
            if let Ok(document) = demijohn::load_from(bytes.as_slice()) {
                // Header fields that do not matter (a time, a flag) may change.
                assert!(
                    document.root().deep_eq(good.root(), 1000).unwrap(),
                    "{format}: byte {at}"
                );
            }
        }
    }
}

#[test]
#[cfg(feature = "gzip")]
fn a_checksum_behind_the_object_is_reached() {
    let mut bytes = dumped(&sample(), "gzip");
    let crc = bytes.len() - 8;
    bytes[crc] ^= 1;
    let error = demijohn::load_from(bytes.as_slice()).unwrap_err();
    assert_eq!(
        (error.kind(), error.format()),
        (ErrorKind::Checksum, Some("gzip"))
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    std::fs::write(&path, &bytes).unwrap();
    let error = demijohn::load(&path).unwrap_err();
    assert_eq!(
        (error.kind(), error.path()),
        (ErrorKind::Checksum, Some(path.as_path()))
    );
    assert!(error.to_string().starts_with(path.to_str().unwrap()), "{error}");
}

#[test]
fn what_follows_is_ignored_in_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    for format in formats_with_an_end() {
        for tail in [&b"garbage"[..], &[0; 32], &dumped(&1, format)] {
            let mut bytes = dumped(&sample(), format);
            bytes.extend(tail);
            std::fs::write(&path, &bytes).unwrap();
            check_sample(&demijohn::load(&path).unwrap_or_else(|e| panic!("{format}, {tail:?}: {e}")));
        }
    }
}

#[test]
fn objects_may_follow_one_another_in_a_stream() {
    for format in formats_with_an_end() {
        let mut bytes = dumped(&sample(), format);
        bytes.extend(dumped(&vec![1, 2], "none"));
        bytes.extend(b"rest");
        // Whatever the source has at hand at a time.
        for capacity in [1, 7, 1 << 16] {
            let mut source = BufReader::with_capacity(capacity, bytes.as_slice());
            check_sample(&demijohn::load_from(&mut source).unwrap());
            let second = demijohn::load_from(&mut source).unwrap_or_else(|e| panic!("{format}: {e}"));
            assert_eq!(second.root().len(), Some(2), "{format}");
            let mut rest = String::new();
            source.read_to_string(&mut rest).unwrap();
            assert_eq!(rest, "rest", "{format}");
        }
    }
}

#[test]
#[cfg(feature = "gzip")]
fn one_object_may_span_members() {
    let plain = dumped(&sample(), "none");
    let half = plain.len() / 2;
    let mut bytes = Vec::new();
    for part in [&plain[..half], &plain[half..]] {
        let mut member = codecs::writer(&mut bytes, "gzip").unwrap();
        member.write_all(part).unwrap();
        member.finish().unwrap();
    }
    check_sample(&demijohn::load_from(bytes.as_slice()).unwrap());
}

#[test]
fn what_is_no_joblib_file_is_named() {
    for (bytes, kind, word) in [
        (&b""[..], ErrorKind::Truncated, "empty input"),
        (
            b"hello, world, this is text",
            ErrorKind::UnknownFormat,
            "hello, world",
        ),
        (b"\x93NUMPY\x01\x00 and so on", ErrorKind::UnknownFormat, ".npy"),
        (b"PK\x03\x04 and so on", ErrorKind::UnknownFormat, ".npz"),
        (b"<html><body>404</body></html>", ErrorKind::UnknownFormat, "HTML"),
        (b"ZF0x10               \x78\x9c", ErrorKind::Truncated, "zfile"),
        (
            b"\x80\x06\x95\0\0\0\0\0\0\0\0",
            ErrorKind::Unsupported,
            "protocol: 6",
        ),
        (b"\x80", ErrorKind::Truncated, "without STOP"),
    ] {
        let error = demijohn::load_from(bytes).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(word), "{error}");
    }
    #[cfg(feature = "gzip")]
    {
        let mut gz = codecs::writer(Vec::new(), "gzip").unwrap();
        gz.write_all(b"just text").unwrap();
        let error = demijohn::load_from(gz.finish().unwrap().0.as_slice()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnknownFormat);
        assert!(error.to_string().contains("just text"), "{error}");
    }
    let error = demijohn::load("/no/such/file").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert_eq!(io::Error::from(error).kind(), io::ErrorKind::NotFound);
}

/// Fails to serialize after a while.
struct Failing;

impl Serialize for Failing {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let items = (0..100_000).map(|i| if i == 99_999 { Err("enough") } else { Ok(i) });
        let mut list = serializer.serialize_seq(None)?;
        for item in items {
            let item = item.map_err(serde::ser::Error::custom)?;
            serde::ser::SerializeSeq::serialize_element(&mut list, &item)?;
        }
        serde::ser::SerializeSeq::end(list)
    }
}

#[test]
fn a_failed_dump_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    for format in formats() {
        let path = folder.path().join(format);
        demijohn::dump_with(&"old", &path, format).unwrap();
        let error = demijohn::dump_with(&Failing, &path, format).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Parameter);
        assert!(error.to_string().contains("enough"), "{error}");
        assert_eq!(demijohn::load(&path).unwrap().root().as_str(), Some("old"));
        let error = demijohn::dump_with(&"new", &path, (format, 12345)).unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::Parameter,
            "{format}: a level it does not have"
        );
        assert_eq!(demijohn::load(&path).unwrap().root().as_str(), Some("old"));
    }
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        formats().len(),
        "no temporaries are left"
    );
}

#[test]
fn errors_of_source_and_sink_come_out_unchanged() {
    const LISTS: &[u8] = b"\x80\x04]]]]]]]]]]";
    #[derive(Debug)]
    struct Bad(usize);
    impl Write for Bad {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self
                .0
                .checked_sub(bytes.len())
                .ok_or(io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    impl Read for Bad {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let available = self.fill_buf()?;
            let n = available.len().min(out.len());
            out[..n].copy_from_slice(&available[..n]);
            self.consume(n);
            Ok(n)
        }
    }
    impl BufRead for Bad {
        fn fill_buf(&mut self) -> io::Result<&[u8]> {
            if self.0 == 0 {
                Err(io::ErrorKind::ConnectionReset.into())
            } else {
                Ok(&LISTS[LISTS.len() - self.0..])
            }
        }
        fn consume(&mut self, n: usize) {
            self.0 -= n;
        }
    }
    let big = Array::zeros(Layout::new("|u1".parse().unwrap(), &[3 << 20], Order::C).unwrap()).unwrap();
    let error = demijohn::dump_to(&big, Bad(1 << 20), "none").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert_eq!(io::Error::from(error).kind(), io::ErrorKind::StorageFull);
    let error = demijohn::load_from(Bad(10)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert_eq!(io::Error::from(error).kind(), io::ErrorKind::ConnectionReset);
}

#[test]
fn limits_are_obeyed() {
    let bytes = dumped(&vec![0; 1000], "none");
    let mut limits = Limits::default();
    limits.object.opcodes = 500;
    assert_eq!(
        demijohn::load_from_with(bytes.as_slice(), &limits)
            .unwrap_err()
            .kind(),
        ErrorKind::Limit
    );
    assert!(demijohn::load_from_with(bytes.as_slice(), Limits::untrusted()).is_ok());
    let mut limits = Limits::default();
    limits.stream = limits.stream.output(bytes.len() as u64 - 1);
    assert_eq!(
        demijohn::load_from_with(bytes.as_slice(), &limits)
            .unwrap_err()
            .kind(),
        ErrorKind::Limit
    );
    limits.stream = limits.stream.output(bytes.len() as u64);
    assert!(demijohn::load_from_with(bytes.as_slice(), &limits).is_ok());
    let error = demijohn::load_from_with(&bytes[..50], &limits).unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::Truncated,
        "the source ended, not the limit"
    );
    #[cfg(feature = "gzip")]
    {
        let zeros = Array::zeros(Layout::new("|u1".parse().unwrap(), &[1 << 20], Order::C).unwrap()).unwrap();
        let bytes = dumped(&zeros, "gzip");
        let mut limits = Limits::default();
        limits.stream = limits.stream.output(1 << 19);
        assert_eq!(
            demijohn::load_from_with(bytes.as_slice(), &limits)
                .unwrap_err()
                .kind(),
            ErrorKind::Limit
        );
    }
}

#[test]
fn a_document_shares_what_was_shared() {
    // l = []; [l, l]
    let document = demijohn::load_from(&b"\x80\x04]\x94(]\x94h\x01e."[..]).unwrap();
    let again = demijohn::load_from(dumped(&document, "none").as_slice()).unwrap();
    assert!(again.root().index(0).unwrap().is(again.root().index(1).unwrap()));
    assert_eq!(again.root().kind(), pickle::Kind::List);
}

fn arrays() -> impl Strategy<Value = Array> {
    let dtypes = ["<f8", ">f8", "|b1", "<i2", ">u4", "<c16", "<f2"];
    (
        prop::sample::select(dtypes.to_vec()),
        prop::collection::vec(0_usize..4, 0..4),
        any::<bool>(),
    )
        .prop_flat_map(|(dtype, shape, fortran)| {
            let order = if fortran { Order::F } else { Order::C };
            let layout = Layout::new(dtype.parse().unwrap(), &shape, order).unwrap();
            prop::collection::vec(any::<u8>(), layout.nbytes())
                .prop_map(move |bytes| Array::from_bytes(layout.clone(), &bytes).unwrap())
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_object_comes_back_from_any_format(
        texts in prop::collection::btree_map(".{0,20}", prop::collection::vec(any::<i64>(), 0..5), 0..5),
        arrays in prop::collection::vec(arrays(), 0..4),
        format in prop::sample::select(formats()),
    ) {
        let document = demijohn::load_from(dumped(&(&texts, &arrays), format).as_slice()).unwrap();
        let back = document.root().index(0).unwrap();
        prop_assert_eq!(back.len(), Some(texts.len()));
        for (key, numbers) in &texts {
            let found: Vec<i64> = back.get(key).unwrap().iter().map(|v| v.as_i64().unwrap()).collect();
            prop_assert_eq!(&found, numbers);
        }
        let back: Vec<_> = document.root().index(1).unwrap().iter().map(|v| v.array().unwrap().clone()).collect();
        prop_assert_eq!(&back, &arrays);
        // And once more, from the document.
        let again = demijohn::load_from(dumped(&document, format).as_slice()).unwrap();
        prop_assert!(again.root().deep_eq(document.root(), 10_000).unwrap());
    }
}
