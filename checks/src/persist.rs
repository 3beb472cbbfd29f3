//! Files of joblib, as `demijohn` loads and inspects them, and what joblib wrote before 0.10.

use std::fs;
use std::io::{BufReader, Cursor, Read};
use std::sync::OnceLock;

use demijohn::codecs::{Compressor, Options};
use demijohn::compat::ZFile;
use demijohn::pickle::numpy::{self, Located};
use demijohn::{Compression, Content, Document, DumpOptions, ErrorKind, Limits, codecs};
use tempfile::TempDir;

use crate::drip::{Noise, Sizes};
use crate::writing;

/// The most that comes out of a stream: a megabyte of input may be a bomb.
const OUTPUT: u64 = 16 << 20;

/// The most pairs of values to compare, and arrays to take out.
const BUDGET: u64 = 1 << 20;
const ARRAYS: usize = 20;

fn limits() -> Limits {
    let mut limits = Limits::untrusted();
    limits.stream = codecs::Limits::untrusted().memory(64 << 20).output(OUTPUT);
    limits.object.text = OUTPUT;
    limits
}

/// Loads `data`, and writes what was loaded, plainly and in one of the ways to compress it.
///
/// # Panics
/// Where an answer depends on how the bytes arrive, or what was written is not read as the same.
pub fn persist_load(data: &[u8]) {
    let whole = demijohn::load_from_with(data, limits());
    let dripped = demijohn::load_from_with(BufReader::with_capacity(64, data), limits());
    let (document, dripped) = match (whole, dripped) {
        (Ok(whole), Ok(dripped)) => (whole, dripped),
        (Err(whole), Err(dripped)) => {
            // Whether it is a pickle of the oldest protocols is told from what the source shows at first, so one may not
            // know a file of which the other sees only where it is damaged.
            let known = [&whole, &dripped].map(|error| error.kind() != ErrorKind::UnknownFormat);
            assert!(
                known != [true, true] || whole.kind() == dripped.kind(),
                "{whole}; {dripped}"
            );
            return;
        }
        (whole, dripped) => panic!("{whole:?} at once, {dripped:?} by the byte"),
    };
    assert_same(&document, &dripped);
    let plainly = DumpOptions::new().compression("none");
    let written = match demijohn::dump_to(&document, Vec::new(), plainly) {
        Ok((written, _)) => written,
        // A set in itself, and the like.
        Err(error) => return assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}"),
    };
    let again = demijohn::load_from(written.as_slice()).expect("what was written is read");
    assert_same(&document, &again);
    let compressed = compression(data, written.len());
    let (written, _) = demijohn::dump_to(&document, Vec::new(), compressed).expect("it was written before");
    let again = demijohn::load_from(written.as_slice()).expect("what was written is read");
    assert_same(&document, &again);
}

/// One of the ways to compress the so many bytes of what was loaded from `data`: formats, levels, threads, blocks to be
/// sought in.
fn compression(data: &[u8], len: usize) -> DumpOptions {
    let mut noise = Noise::of(data);
    let mut choice = || u8::try_from(noise.below(256)).expect("below 256");
    let format = writing::format(choice());
    let level = writing::level(&format, choice().cast_signed());
    let threads = 1 + usize::from(choice() % 4);
    let options = DumpOptions::new().threads(threads);
    let options = match choice() % 2 {
        // Small blocks, so that there are several.
        0 if format.spec().writes_seekable() => options.seekable((1 + usize::from(choice())).max(len / 100)),
        _ => options,
    };
    let has_levels = format.spec().level_range().is_some();
    let compression = Compression::from(format);
    options.compression(if has_levels {
        compression.at_level(level)
    } else {
        compression
    })
}

/// Inspects `data` as a file, and takes its arrays out.
///
/// # Panics
/// Where that says something else than loading does.
pub fn persist_inspect(data: &[u8]) {
    let found = demijohn::inspect_file(Cursor::new(data), &limits());
    let loaded = demijohn::load_from_with(data, limits());
    if found.content != Content::Pickle {
        return;
    }
    let document = match (found.error, loaded) {
        (None, Ok(document)) => document,
        // Long strings are no text where they are passed over.
        (None, Err(error)) => {
            // Companion files are not looked for, nor is what names them looked at.
            let apart = found
                .globals
                .iter()
                .any(|global| global.name.ends_with("NDArrayWrapper"));
            assert!(apart || error.kind() == ErrorKind::Limit, "{error}");
            return;
        }
        // Loading does not look at what follows the object.
        (Some(_), _) => return,
    };
    let named: Vec<_> = document.globals().map(|global| global.to_string()).collect();
    for global in &found.globals {
        let name = format!("{}.{}", global.module, global.name);
        let count = named.iter().filter(|named| **named == name).count() as u64;
        // Those of what follows the object count as well, which loading does not look at.
        let right = if found.tail == 0 {
            count == global.count
        } else {
            count <= global.count
        };
        assert!(right, "{name}: {count} times, and {} in inspect", global.count);
    }
    for entry in found.arrays.iter().take(ARRAYS) {
        let path = entry.path.parse().expect("it is a path");
        let Ok(Located::Here(array)) = numpy::locate_at(document.root(), &path) else {
            panic!("{path}: it was loaded");
        };
        assert_eq!(array.layout(), &entry.layout, "{}", entry.path);
        let taken =
            demijohn::extract(Cursor::new(data), &entry.path, &limits()).expect("it can be taken out");
        assert_eq!(taken, *array, "{}", entry.path);
    }
}

fn assert_same(a: &Document, b: &Document) {
    if let Ok(same) = a.root().deep_eq(b.root(), BUDGET) {
        assert!(same, "{:?} is not {:?}", a.root(), b.root());
    }
}

/// A pickle of an array in the companion `a.npy`.
const NPY: &[u8] = b"\x80\x02cjoblib.numpy_pickle\nNDArrayWrapper\n)\x81}(U\x08filenameU\x05a.npyU\x08subclasscnumpy\nndarray\nU\nallow_mmap\x88ub.";

/// A pickle of an array of 100 numbers in the companion `a.npy.z`.
const RAW: &[u8] = b"\x80\x02cjoblib.numpy_pickle\nZNDArrayWrapper\n)\x81}(U\x08filenameU\x07a.npy.zU\tinit_argscnumpy\nndarray\nK\0\x85U\x01b\x87U\x05state(K\x01Kd\x85cnumpy\ndtype\nU\x02i2\x85R\x89tub.";

/// Reads `data` as a z-file, as a pickle with companions, and as a companion of either kind.
///
/// # Panics
/// Where reading depends on how the bytes arrive.
pub fn legacy(data: &[u8]) {
    let mut sizes = Sizes::of(data);
    let read = |size: &mut dyn FnMut() -> usize| {
        let options = Options::new()
            .format(Compressor::new(ZFile))
            .limits(limits().stream);
        let mut reader = options.reader(BufReader::with_capacity(size(), data))?;
        let mut plain = Vec::new();
        loop {
            let mut chunk = vec![0; size()];
            match reader.read(&mut chunk).map_err(codecs::Error::from) {
                Ok(0) => return Ok::<_, codecs::Error>((plain, None)),
                Ok(n) => plain.extend_from_slice(&chunk[..n]),
                Err(error) => return Ok((plain, Some(error.kind()))),
            }
        }
    };
    let whole = read(&mut || 1 << 16).expect("a format that is given is not looked for");
    let dripped = read(&mut || sizes.next()).expect("a format that is given is not looked for");
    assert_eq!(whole, dripped, "reading depends on how the bytes arrive");

    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| tempfile::tempdir().expect("a temporary folder"));
    let main = folder.path().join("main.pkl");
    for (pickle, companion) in [(NPY, "a.npy"), (RAW, "a.npy.z"), (data, "b.npy")] {
        fs::write(&main, pickle).expect("a file in the temporary folder");
        fs::write(folder.path().join(companion), data).expect("a file in the temporary folder");
        if let Ok(document) = demijohn::load_with(&main, limits()) {
            let _ = format!("{}", document.root().summary());
        }
    }
}
