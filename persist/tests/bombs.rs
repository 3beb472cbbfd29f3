//! Bombs: what is small and unpacks to much costs a bounded amount of memory, and ends at the limits, whichever way it is
//! gone through.

#[path = "../../testing/effort.rs"]
mod effort;
#[path = "../../testing/outside.rs"]
mod outside;
#[path = "../../testing/resident.rs"]
mod resident;

use std::fs::{self, File};
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use demijohn::arrays::{DType, Layout, Order, Scalar};
use demijohn::codecs::{Compressor, Options, Registry};
use demijohn::{Array, Content, Conversion, DumpOptions, ErrorKind, Limits, codecs};

/// What going through a stream may cost: 16 MiB, and 8 MiB for the window of the format.
const MOST: usize = 24 << 20;
/// Bytes that a limit allows.
const ALLOWED: u64 = 1 << 20;

/// Runs something, which may not cost more memory.
#[track_caller]
fn cheap<T>(what: &str, act: impl FnOnce() -> T) -> T {
    let mut result = None;
    match resident::cost(|| result = Some(act())) {
        Some((grown, _)) => assert!(grown <= MOST, "{what}: {} MiB of memory", grown >> 20),
        None => outside::skip("the system does not tell how much memory is used"),
    }
    result.unwrap()
}

fn layout(size: usize) -> Layout {
    Layout::new(DType::new(Scalar::Uint8), &[size], Order::C).unwrap()
}

/// A list of one array of zeros, so compressed.
fn bomb(format: &Compressor, size: usize) -> Vec<u8> {
    let compression = match format.spec().level_range() {
        Some(range) => codecs::Compression::from((format.name(), (*range.start()).max(1))),
        None => codecs::Compression::from(format.name()),
    };
    let zeros = Array::zeros(layout(size)).unwrap();
    let options = DumpOptions::new().compression(compression);
    demijohn::dump_to(&[&zeros], Vec::new(), options).unwrap().0
}

fn formats() -> Vec<Compressor> {
    let formats = Registry::global().formats();
    let available = |format: &&Compressor| format.is_available() && !format.spec().is_transparent();
    formats.iter().filter(available).cloned().collect()
}

/// One test, as it is the process's memory that is looked at.
#[test]
fn bombs_cost_little_and_end_at_the_limits() {
    let size = if effort::tortured() { 2 << 30 } else { 64 << 20 };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb");
    for format in formats() {
        let name = format.name();
        let bytes = bomb(&format, size);
        assert!(bytes.len() < size / 10, "{name}: no bomb");
        fs::write(&path, &bytes).unwrap();
        goes_by(name, &bytes, &path, size);
        ends(name, &bytes, &path);

        // A bomb of a bomb of a bomb: the same from the outside, and read through three readers.
        let twice = format.compress(&bytes).unwrap();
        let nested = format.compress(&twice).unwrap();
        let limits = codecs::Limits::default().output(ALLOWED);
        let what = format!("{name} in {name} in {name}");
        let open = |inner: Box<dyn Read>, limits| -> Box<dyn Read> {
            let options = Options::new().format(&format).limits(limits);
            Box::new(options.reader(inner).unwrap())
        };
        let through = |limits| {
            let outside = open(Box::new(Cursor::new(nested.clone())), codecs::Limits::default());
            let between = open(outside, codecs::Limits::default());
            io::copy(&mut open(between, limits), &mut io::sink())
        };
        assert!(cheap(&what, || through(codecs::Limits::default())).unwrap() > size as u64);
        let error = cheap(&what, || through(limits)).unwrap_err();
        assert_eq!(codecs::Error::from(error).kind(), ErrorKind::Limit, "{what}");
    }
    of_the_corpus();
}

/// Without a limit on what comes out, it is gone through for little memory.
fn goes_by(name: &str, bytes: &[u8], path: &Path, size: usize) {
    let read = || {
        let mut reader = Options::new().format(name).reader(bytes).unwrap();
        io::copy(&mut reader, &mut io::sink()).unwrap()
    };
    assert!(cheap(&format!("{name}, read"), read) > size as u64);
    cheap(&format!("{name}, begun and dropped"), || {
        let mut reader = Options::new().format(name).reader(bytes).unwrap();
        reader.read_exact(&mut [0]).unwrap();
    });
    let mut limits = Limits::default();
    limits.stream = codecs::Limits::none();
    let found = cheap(&format!("{name}, inspected"), || {
        demijohn::inspect_file(File::open(path).unwrap(), &limits)
    });
    assert!(found.error.is_none(), "{name}: {:?}", found.error);
    assert_eq!(found.arrays[0].layout, layout(size), "{name}");
    let target = path.with_file_name("plain.npz");
    cheap(&format!("{name}, converted"), || {
        let conversion = Conversion::of(path).content(Content::Npz).limits(limits.clone());
        conversion.save(&target).unwrap();
    });
    assert!(fs::metadata(&target).unwrap().len() > size as u64);
    fs::remove_file(target).unwrap();
}

type Way<'a> = (&'a str, &'a dyn Fn() -> demijohn::Result<()>);

/// Where there is a limit, that is where it ends, on every way.
fn ends(name: &str, bytes: &[u8], path: &Path) {
    let stream = codecs::Limits::default().output(ALLOWED);
    let mut limits = Limits::default();
    limits.stream = stream;
    let open = || {
        let reader = Options::new().format(name).limits(stream);
        reader.seekable_reader(Cursor::new(bytes)).unwrap()
    };
    let convert = |content, target: &str| {
        let target = path.with_file_name(target);
        let conversion = Conversion::of(path).content(content).limits(limits.clone());
        let converted = conversion.save(&target).map(drop);
        assert!(!target.exists(), "{name}: a part of a file is left");
        converted
    };
    let ways: [Way<'_>; 13] = [
        ("read", &|| {
            Ok(io::copy(&mut open(), &mut io::sink())
                .map(drop)
                .map_err(codecs::Error::from)?)
        }),
        ("skipped", &|| {
            let mut reader = open();
            reader
                .seek(SeekFrom::Start(ALLOWED + 1))
                .map_err(codecs::Error::from)?;
            Ok(reader.read(&mut [0]).map(drop).map_err(codecs::Error::from)?)
        }),
        ("sought from its end", &|| {
            Ok(open()
                .seek(SeekFrom::End(-1))
                .map(drop)
                .map_err(codecs::Error::from)?)
        }),
        ("finished", &|| Ok(open().finish().map(drop)?)),
        ("loaded", &|| demijohn::load_with(path, &limits).map(drop)),
        ("loaded from a reader", &|| {
            demijohn::load_from_with(bytes, &limits).map(drop)
        }),
        ("loaded in part", &|| {
            demijohn::load_array_with(path, "[0]", &limits).map(drop)
        }),
        ("inspected", &|| {
            let found = demijohn::inspect_file(File::open(path).unwrap(), &limits);
            found.error.map_or(Ok(()), Err)
        }),
        ("extracted", &|| {
            demijohn::extract(File::open(path).unwrap(), "[0]", &limits).map(drop)
        }),
        ("extracted bit by bit", &|| {
            let mut extraction = demijohn::Extraction::of(File::open(path).unwrap(), "[0]", &limits)?;
            let mut elements = extraction.elements()?;
            Ok(io::copy(&mut elements, &mut io::sink())
                .map(drop)
                .map_err(codecs::Error::from)?)
        }),
        ("converted to a pickle", &|| convert(Content::Pickle, "a.pkl")),
        ("converted to .npy", &|| convert(Content::Npy, "a.npy")),
        ("converted to .npz", &|| convert(Content::Npz, "a.npz")),
    ];
    for (way, go) in ways {
        let what = format!("{name}, {way}");
        let error = cheap(&what, go).expect_err(&what);
        assert_eq!(error.kind(), ErrorKind::Limit, "{what}: {error}");
        assert!(
            error.offset_out().is_none_or(|at| at <= ALLOWED),
            "{what}: {error}"
        );
    }
}

fn of_the_corpus() {
    let Some(corpus) = outside::corpus() else { return };
    let manifest = fs::read(corpus.join("MANIFEST.json")).unwrap();
    let manifest: Vec<serde_json::Value> = serde_json::from_slice(&manifest).unwrap();
    for record in manifest.iter().filter(|record| record["kind"] == "bomb") {
        let path = corpus.join(record["path"].as_str().unwrap());
        let what = path.display().to_string();
        let plain = cheap(&what, || {
            let limits = codecs::Limits::default();
            let mut reader = Options::new().limits(limits).open(&path).unwrap();
            io::copy(&mut reader, &mut io::sink()).unwrap()
        });
        assert!(plain > fs::metadata(&path).unwrap().len(), "{what}");
        let error = cheap(&what, || demijohn::load_with(&path, Limits::untrusted())).unwrap_err();
        // Most are no pickles; that shows first.
        let kinds = [ErrorKind::Limit, ErrorKind::Corrupt, ErrorKind::UnknownFormat];
        assert!(kinds.contains(&error.kind()), "{what}: {error}");
    }
}
