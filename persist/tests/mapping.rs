//! Arrays that are mapped from their files: in each mode, and where it cannot be.

#![cfg(all(feature = "gzip", target_os = "linux"))]
#![allow(unsafe_code)] // Mapping takes a promise.

mod common;
#[path = "../../testing/outside.rs"]
mod outside;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Doors, array, dtype, list, npy, text};
use demijohn::pickle::Kind;
use demijohn::{Array, Document, DumpOptions, ErrorKind, MapMode, Result};
use tempfile::TempDir;

fn mapped(path: &Path, mode: MapMode) -> Result<Document> {
    // SAFETY: only this test knows of the file.
    unsafe { demijohn::load_mapped(path, mode) }
}

fn numbers(n: u32) -> Array {
    Array::from_vec((0..3000).map(|i| f64::from(i * n)).collect(), &[3, 1000]).unwrap()
}

/// A file with three arrays.
fn file(options: impl Into<DumpOptions>) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.pkl");
    demijohn::dump_with(&("three", [1, 2, 3].map(numbers)), &path, options).unwrap();
    (folder, path)
}

fn refused(path: &Path, mode: MapMode, reason: &str) {
    let error = mapped(path, mode).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{reason}: {error}");
    assert!(error.to_string().contains(reason), "{reason}: {error}");
    assert_eq!(error.path(), Some(path), "{reason}");
}

const MODES: [MapMode; 3] = [MapMode::Read, MapMode::CopyOnWrite, MapMode::ReadWrite];

#[test]
fn what_is_written_goes_where_the_mode_says() {
    for mode in MODES {
        let (_folder, path) = file("none");
        let before = fs::read(&path).unwrap();
        let mut document = mapped(&path, mode).unwrap();
        let plain = demijohn::load(&path).unwrap();
        assert!(document.root().deep_eq(plain.root(), 1_000).unwrap());
        assert_eq!(document.arrays().count(), 3);
        for (place, array) in document.arrays() {
            assert_eq!(array.map_mode(), Some(mode), "{place}");
        }

        let mut array = document.take_array("[1][1]").unwrap();
        match array.as_mut_slice::<f64>() {
            Ok(numbers) => numbers.fill(7.0),
            Err(error) => {
                assert_eq!(mode, MapMode::Read, "{error}");
                let owned = array.into_owned().unwrap();
                assert_eq!((owned.map_mode(), &owned), (None, &numbers(2)));
                assert!(fs::read(&path).unwrap() == before, "the file was changed");
                continue;
            }
        }
        assert!(array.as_slice::<f64>().unwrap().iter().all(|&x| x == 7.0));
        array.flush().unwrap();
        drop(array);
        let changed = demijohn::load_array(&path, "[1][1]").unwrap();
        if mode == MapMode::ReadWrite {
            assert!(changed.as_slice::<f64>().unwrap().iter().all(|&x| x == 7.0));
        } else {
            assert!(fs::read(&path).unwrap() == before, "the file was changed");
        }
        for (place, n) in [("[1][0]", 1), ("[1][2]", 3)] {
            assert_eq!(demijohn::load_array(&path, place).unwrap(), numbers(n), "{place}");
        }
    }
}

#[test]
fn a_file_that_is_replaced_stays_mapped_as_it_was() {
    let (_folder, path) = file("none");
    let document = mapped(&path, MapMode::Read).unwrap();
    demijohn::dump(&"something else", &path).unwrap();
    assert_eq!(document.at("[1][2]").unwrap().array().unwrap(), &numbers(3));
}

#[test]
fn joblib_maps_what_we_write_and_we_map_what_it_writes() {
    let Some(python) = outside::python("joblib, numpy") else {
        return;
    };
    let (folder, _) = file("none");
    let script = "
import io, joblib, numpy as np
for mode in ('r', 'c', 'r+'):
    for n, w in enumerate(joblib.load('file.pkl', mmap_mode=mode)[1], 1):
        assert type(w) is np.memmap and w.ctypes.data % 16 == 0, w
        assert (w == n * np.arange(3000.).reshape(3, 1000)).all(), w
o = np.array([None], object)
joblib.dump([np.arange(5, dtype='>i8'), o, np.zeros((0, 2)), np.array(2.5)], 'theirs')
joblib.dump([o, np.zeros((0, 2))], 'nothing')
joblib.dump(o, 'objects')
with io.open('unaligned', 'wb', buffering=0) as raw:
    class NoTell(io.RawIOBase):
        def writable(self): return True
        def write(self, data): return raw.write(bytes(data))
    joblib.dump(['1234', np.arange(5, dtype='<f8')], NoTell())
";
    outside::run(
        Command::new(python)
            .args(["-c", script])
            .current_dir(folder.path()),
    );
    let at = |name: &str| folder.path().join(name);
    let document = mapped(&at("theirs"), MapMode::Read).unwrap();
    let root = document.root();
    let array = |i| root.index(i).unwrap().array().unwrap();
    assert_eq!(
        (array(0).map_mode(), array(0).dtype().to_string().as_str()),
        (Some(MapMode::Read), ">i8")
    );
    assert_eq!(
        array(0).to_native().unwrap().as_slice::<i64>().unwrap(),
        [0, 1, 2, 3, 4]
    );
    assert_eq!(root.index(1).unwrap().kind(), Kind::ObjectArray);
    assert_eq!((array(2).shape(), array(2).map_mode()), (&[0, 2][..], None));
    assert_eq!(array(3).as_slice::<f64>().unwrap(), [2.5]);

    refused(&at("nothing"), MapMode::Read, "without elements");
    refused(&at("objects"), MapMode::Read, "Python objects");
    refused(&at("unaligned"), MapMode::Read, "no multiple of 8");
}

#[test]
fn what_cannot_be_mapped_is_refused_in_every_mode() {
    let gzip = file("gzip");
    let old = file(DumpOptions::new().aligned(false).compression("none"));
    let folder = tempfile::tempdir().unwrap();
    let three = b"K\x03\x85";
    let forbidden = list(&[array(
        three,
        dtype("u1"),
        &[("allow_mmap", b"\x89".to_vec())],
        b"abc",
    )]);
    let forbidden = Doors::of(forbidden);
    let companion = Doors::of(list(&[npy("a.npy")]));
    let plain = Doors::of(list(&[text("no array")]));
    for mode in MODES {
        refused(&gzip.1, mode, "compressed as gzip");
        refused(&old.1, mode, "joblib before 1.2");
        refused(forbidden.path(), mode, "did not allow it");
        refused(companion.path(), mode, "files of their own");
        refused(plain.path(), mode, "no array in joblib's form");
        refused(Path::new("/dev/null"), mode, "regular files");
        let missing = mapped(&folder.path().join("missing"), mode).unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::Io);
    }
    refused(folder.path(), MapMode::Read, "regular files");
}

#[test]
fn a_file_that_may_not_be_written_is_mapped_for_reading() {
    let (_folder, path) = file("none");
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    for mode in [MapMode::Read, MapMode::CopyOnWrite] {
        assert_eq!(mapped(&path, mode).unwrap().arrays().count(), 3);
    }
    if File::options().write(true).open(&path).is_ok() {
        return outside::skip("permissions do not bind this user");
    }
    assert_eq!(
        mapped(&path, MapMode::ReadWrite).unwrap_err().kind(),
        ErrorKind::Io
    );
}

#[test]
fn a_pad_of_any_length_is_gone_past_and_a_cut_is_noticed() {
    for pad in [1_u8, 15, 16, 255] {
        // The elements begin at a multiple of 8.
        let aligned = [("numpy_array_alignment_bytes", b"K\x10".to_vec())];
        let head = list(&[array(b"K\x02\x85", dtype("f8"), &aligned, b"")]).len() - b"e.".len();
        let before = (head + 1 + usize::from(pad)).next_multiple_of(8) - head - 1 - usize::from(pad);
        let numbers = [1.5_f64, 2.5].map(f64::to_le_bytes).concat();
        let data = [&[pad][..], &vec![0xff; pad.into()], &numbers].concat();
        // A text of so many bytes and five of its own, which is thrown away.
        let filler = [text(&"x".repeat(before + 8 - 6)), b"0".to_vec()].concat();
        let bytes = list(&[[&filler[..], &array(b"K\x02\x85", dtype("f8"), &aligned, &data)].concat()]);
        let file = Doors::of(bytes.clone());
        let document = mapped(file.path(), MapMode::Read).unwrap();
        let found = document.at("[0]").unwrap().array().unwrap();
        assert_eq!(
            (found.as_slice::<f64>().unwrap(), found.map_mode()),
            (&[1.5, 2.5][..], Some(MapMode::Read))
        );

        let behind = bytes.len() - b"e.".len();
        for end in [behind, behind - 1, behind - 16, behind - 17] {
            fs::write(file.path(), &bytes[..end]).unwrap();
            let error = mapped(file.path(), MapMode::Read).unwrap_err();
            assert_eq!(
                error.kind(),
                ErrorKind::Truncated,
                "{pad}, {end} of {behind}: {error}"
            );
        }
    }
}
