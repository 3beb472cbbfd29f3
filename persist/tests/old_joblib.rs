//! Files of joblib before 0.10: those that it really wrote, and their like. What is in them is tested with all other
//! fixtures; here it is where they are, and what is beside them.
//!
//! The files come from `fixtures/make_fixtures.py`, which needs a Python with joblib and numpy: `$DEMIJOHN_PYTHON`, or
//! `target/venv/bin/python`. Without one, the test that needs them says that it was skipped.

#![cfg(all(
    feature = "zlib",
    feature = "gzip",
    feature = "bz2",
    feature = "lzma",
    feature = "xz"
))]

#[path = "../../testing/outside.rs"]
mod outside;

use std::fs;
use std::path::Path;
use std::process::Command;

use demijohn::{Array, ErrorKind, Limits, codecs, load, load_from, load_with};
use serde_json::Value as Json;

/// The entries of the manifest for old files, and the folder that they are in.
fn fixtures(python: &Path) -> (tempfile::TempDir, Vec<Json>) {
    let folder = tempfile::tempdir().unwrap();
    let script = outside::workspace().join("fixtures/make_fixtures.py");
    outside::run(Command::new(python).arg(script).arg(folder.path()));
    let manifest = fs::read(folder.path().join("manifest.json")).unwrap();
    let manifest: Json = serde_json::from_slice(&manifest).unwrap();
    let files = manifest["files"].as_array().unwrap().iter();
    let old = |entry: &&Json| {
        let file = entry["file"].as_str().unwrap();
        file.starts_with("legacy/") || file.starts_with("real/")
    };
    let entries = files.filter(old).cloned().collect();
    (folder, entries)
}

#[test]
fn what_joblib_wrote_needs_its_companions() {
    let Some(python) = outside::python("joblib, numpy") else {
        return;
    };
    let (folder, entries) = fixtures(&python);
    let (mut real, mut zfiles, mut companions, mut alone) = (0, 0, 0, 0);
    for entry in &entries {
        let file = entry["file"].as_str().unwrap();
        let path = folder.path().join(file);
        let document = load(&path).unwrap_or_else(|e| panic!("{e}"));
        real += u32::from(file.starts_with("real/"));
        zfiles += u32::from(entry["container"] == "zfile");

        // From a stream, without the companions.
        let count = entry["companions"].as_u64().unwrap_or(0);
        companions += count;
        let stream = fs::read(&path).unwrap();
        match load_from(stream.as_slice()) {
            Ok(same) => {
                assert_eq!(count, 0, "{file}");
                assert!(same.root().deep_eq(document.root(), 1000).unwrap(), "{file}");
            }
            Err(error) => {
                assert!(count > 0, "{file}: {error}");
                assert_eq!(error.kind(), ErrorKind::Unsupported, "{file}: {error}");
                assert!(error.to_string().contains("by its path"), "{error}");
            }
        }

        // One by one, beside the file.
        let found = demijohn::inspect(&path).unwrap();
        assert!(found.error.is_none(), "{file}: {:?}", found.error);
        assert_eq!(found.companions.len() as u64, count, "{file}");
        for companion in &found.companions {
            let Some(layout) = &companion.layout else { continue };
            let array = demijohn::load_array(&path, &companion.path).unwrap();
            assert_eq!(array.layout(), layout, "{file}");
            let value = document.at(&companion.path).unwrap();
            assert!(value.as_array() == Some(&array), "{file}: {}", companion.path);
            let open = fs::File::open(&path).unwrap();
            let same = demijohn::extract_beside(open, &path, &companion.path, &Limits::default());
            assert!(same.unwrap() == array, "{file}: {}", companion.path);
            alone += 1;
        }

        // Moved away from its companions.
        if count > 0 {
            let moved = tempfile::tempdir().unwrap();
            let path = moved.path().join("moved.pkl");
            fs::write(&path, &stream).unwrap();
            let error = load(&path).unwrap_err();
            let found = demijohn::inspect(&path).unwrap().error.unwrap();
            assert_eq!(found.kind(), ErrorKind::Io, "{found}");
            let message = error.to_string();
            assert_eq!(error.kind(), ErrorKind::Io, "{message}");
            let name = Path::new(file).file_name().unwrap().to_str().unwrap();
            assert!(
                message.contains("moved.pkl") && message.contains(&format!("{name}_01.npy")),
                "{message}"
            );
        }
    }
    assert!(
        real >= 30 && zfiles >= 8 && companions >= 27 && alone >= 20,
        "{real} {zfiles} {companions} {alone}"
    );
}

/// A list of an array in a companion, `a.npy`, and a number.
const WITH_COMPANION: &[u8] =
    b"\x80\x02](cjoblib.numpy_pickle\nNDArrayWrapper\n)\x81}X\x08\0\0\0filenameX\x05\0\0\0a.npysbK\x07e.";

fn zfile(data: &[u8]) -> Vec<u8> {
    let zlib = codecs::Compressor::by_name("zlib").unwrap();
    let header = format!("ZF{:<19}", format!("{:#x}", data.len())).into_bytes();
    [header, zlib.compress(data).unwrap()].concat()
}

#[test]
fn z_files_are_found_by_content_and_checked_to_their_end() {
    let folder = tempfile::tempdir().unwrap();
    let pickle = b"\x80\x02]K\x07a.";
    let whole = zfile(pickle);
    for name in ["a.pkl", "a.gz", "a.z", "a.xz", "a"] {
        let path = folder.path().join(name);
        fs::write(&path, [whole.as_slice(), b"tail"].concat()).unwrap();
        let document = load(&path).unwrap();
        assert_eq!(document.root().index(0).unwrap().as_i64(), Some(7), "{name}");
    }
    // One after the other in one stream, nothing of the next consumed.
    let two = [whole.as_slice(), pickle].concat();
    let mut stream = two.as_slice();
    load_from(&mut stream).unwrap();
    assert_eq!(stream, pickle);
    // The checksum and the length stand behind what the object needs.
    for end in 4..whole.len() {
        let error = load_from(&whole[..end]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Truncated, "{end}: {error}");
    }
    let mut wrong = whole.clone();
    *wrong.last_mut().unwrap() ^= 1;
    let error = load_from(wrong.as_slice()).unwrap_err();
    assert_eq!(
        (error.kind(), error.format()),
        (ErrorKind::Checksum, Some("zfile"))
    );
    let mut wrong = whole;
    wrong[4] += 1;
    assert_eq!(
        load_from(wrong.as_slice()).unwrap_err().kind(),
        ErrorKind::Corrupt
    );
    let error = load_from(&b"ZF0x, said the text, and more"[..]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
}

#[test]
fn companions_are_beside_the_file_whatever_contains_it() {
    let folder = tempfile::tempdir().unwrap();
    let array = Array::from_vec(vec![1_i64, 2, 3], &[3]).unwrap();
    demijohn::arrays::npy::save(folder.path().join("a.npy"), &array).unwrap();
    let gzip = codecs::Compressor::by_name("gzip").unwrap();
    for bytes in [
        WITH_COMPANION.to_vec(),
        zfile(WITH_COMPANION),
        gzip.compress(WITH_COMPANION).unwrap(),
    ] {
        let path = folder.path().join("main");
        fs::write(&path, bytes).unwrap();
        let document = load(&path).unwrap();
        assert_eq!(document.root().index(0).unwrap().array().unwrap(), &array);
        assert_eq!(document.root().index(1).unwrap().as_i64(), Some(7));
        let mut limits = Limits::default();
        limits.stream = codecs::Limits::default().output(23);
        let error = load_with(&path, &limits).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit, "{error}");
    }
}

#[test]
fn errors_name_both_files_and_keep_their_kind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("main.pkl");
    fs::write(&path, WITH_COMPANION).unwrap();
    let companion = folder.path().join("a.npy");
    let fails = |kind| {
        let error = load(&path).unwrap_err();
        let message = error.to_string();
        assert_eq!(error.kind(), kind, "{message}");
        assert!(
            message.contains("main.pkl") && message.contains("\"a.npy\""),
            "{message}"
        );
    };
    fails(ErrorKind::Io);
    fs::write(&companion, b"\x93NUMPY").unwrap();
    fails(ErrorKind::Truncated);
    fs::write(&companion, b"something else").unwrap();
    fails(ErrorKind::Corrupt);
    fs::remove_file(&companion).unwrap();
    fs::create_dir(&companion).unwrap();
    fails(ErrorKind::Io);
}
