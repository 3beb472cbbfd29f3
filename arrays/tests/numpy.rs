//! Files exchanged with numpy in both directions. The arrays are made twice, here and in `peer.py`.
//!
//! Needs a Python with numpy: `$DEMIJOHN_PYTHON`, or `target/venv/bin/python`. Without one, the tests say that they were
//! skipped.

#![cfg(feature = "npz")]

#[path = "../../testing/outside.rs"]
mod outside;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use demijohn_arrays::{Array, DType, ErrorKind, Layout, MapMode, Order, Scalar, Struct, npy, npz};
use serde_json::Value;
use sha2::{Digest, Sha256};

fn python() -> Option<PathBuf> {
    outside::python("numpy")
}

fn peer(python: &Path, command: &str, folder: &Path) {
    let script = outside::workspace().join("arrays/tests/peer.py");
    outside::run(Command::new(python).arg(script).arg(command).arg(folder));
}

/// What numpy says of one array.
struct Case {
    name: String,
    dtype: String,
    printed: String,
    itemsize: u64,
    alignment: u64,
    native: bool,
    layout: Layout,
    sha256: String,
}

impl Case {
    /// The array itself, of arbitrary bytes; `peer.py` makes the same.
    fn array(&self) -> Array {
        let bits = if self.layout.dtype().scalar() == Some(Scalar::Bool) {
            1
        } else {
            255
        };
        let bytes: Vec<u8> = (0..self.layout.nbytes())
            .map(|i| u8::try_from((i * 7 + 3) % 251).unwrap() & bits)
            .collect();
        Array::from_bytes(self.layout.clone(), &bytes).unwrap()
    }
}

fn listed(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("cases.json")).unwrap()).unwrap()
}

fn cases(folder: &Path) -> Vec<Case> {
    let listed = listed(folder);
    let cases: BTreeMap<&String, &Value> = listed["cases"].as_object().unwrap().iter().collect();
    let number = |name: &str| name.split(' ').nth(1).unwrap().parse::<u32>().unwrap();
    let mut cases: Vec<Case> = cases
        .into_iter()
        .map(|(name, case)| {
            let dtype = case["dtype"].as_str().unwrap();
            let shape = case["shape"]
                .as_array()
                .unwrap()
                .iter()
                .map(|n| u128::from(n.as_u64().unwrap()));
            let order = if case["order"] == "F" { Order::F } else { Order::C };
            Case {
                name: name.clone(),
                dtype: dtype.into(),
                printed: case["printed"].as_str().unwrap().into(),
                itemsize: case["itemsize"].as_u64().unwrap(),
                alignment: case["alignment"].as_u64().unwrap(),
                native: case["native"].as_bool().unwrap(),
                layout: Layout::from_extents(dtype.parse().unwrap(), shape, order).unwrap(),
                sha256: case["sha256"].as_str().unwrap().into(),
            }
        })
        .collect();
    cases.sort_by_key(|case| number(&case.name));
    cases
}

fn aligned_within(dtype: &DType) -> bool {
    let mut fields = dtype.as_struct().into_iter().flat_map(Struct::fields);
    fields.any(|field| field.dtype().as_struct().is_some_and(Struct::is_aligned))
}

fn sha256(array: &Array) -> String {
    let digest = Sha256::digest(array.to_order(Order::C).unwrap().as_bytes());
    digest.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn options() -> npy::ReadOptions {
    npy::ReadOptions {
        max_header: 1 << 20,
        ..npy::ReadOptions::default()
    }
}

#[test]
fn we_read_what_numpy_writes_and_write_the_same_bytes() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    peer(&python, "write", folder.path());
    let cases = cases(folder.path());
    assert!(cases.len() > 100);
    for case in &cases {
        let (name, expected) = (&case.name, case.array());
        assert_eq!(sha256(&expected), case.sha256, "{name} {}", case.dtype);
        let path = folder.path().join(format!("{name}.npy"));
        let bytes = fs::read(&path).unwrap();
        let read = npy::read_with(&mut bytes.as_slice(), options()).unwrap();
        assert_eq!(read, expected, "{name} {}", case.dtype);
        assert_eq!(
            read.layout().canonical_order(),
            expected.layout().canonical_order(),
            "{name}"
        );
        let mut written = Vec::new();
        npy::write(&read, &mut written).unwrap();
        assert!(
            written == bytes,
            "{name} {}: other bytes than numpy's",
            case.dtype
        );
        assert_eq!(npy::load_with(&path, options()).unwrap(), expected, "{name}");
        // SAFETY: nobody else knows the file.
        let mapped = unsafe { npy::map_with(&path, MapMode::Read, options()) }.unwrap();
        assert_eq!(mapped, expected, "{name}");
    }
}

#[test]
fn dtypes_are_numpys_in_every_respect() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    peer(&python, "write", folder.path());
    for case in cases(folder.path()) {
        let dtype = case.layout.dtype();
        // numpy's `str` says nothing of inner structs being aligned; ours does.
        if !aligned_within(dtype) {
            assert_eq!(dtype.to_string(), case.printed);
        }
        assert_eq!(dtype.to_string().parse::<DType>().unwrap(), *dtype);
        assert_eq!(
            (dtype.itemsize() as u64, dtype.alignment() as u64),
            (case.itemsize, case.alignment),
            "{dtype}"
        );
        assert_eq!(dtype.is_native(), case.native, "{dtype}");
    }
    for text in listed(folder.path())["not_npy"].as_array().unwrap() {
        let dtype: DType = text.as_str().unwrap().parse().unwrap();
        assert_eq!(dtype.to_string(), text.as_str().unwrap());
        let array = Array::zeros(Layout::new(dtype, &[2], Order::C).unwrap()).unwrap();
        assert_eq!(
            npy::write(&array, &mut Vec::new()).unwrap_err().kind(),
            ErrorKind::Unsupported
        );
    }
}

#[test]
fn numpys_zip_files_are_read() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    peer(&python, "write", folder.path());
    let cases = cases(folder.path());
    for file in ["stored.npz", "deflated.npz"] {
        let source = fs::File::open(folder.path().join(file)).unwrap();
        let arrays = npz::Reader::with_options(source, options()).unwrap();
        let names = cases
            .iter()
            .map(|case| case.name.as_str())
            .chain(["in/a folder/é"]);
        assert_eq!(arrays.keys().collect::<Vec<_>>(), names.collect::<Vec<_>>());
        // Not in the order of the file.
        for case in cases.iter().rev() {
            assert_eq!(
                arrays.read(&case.name).unwrap(),
                case.array(),
                "{file} {}",
                case.name
            );
            assert_eq!(
                arrays.header(&case.name).unwrap().layout.shape(),
                case.layout.shape()
            );
        }
        assert_eq!(
            arrays
                .read("in/a folder/é")
                .unwrap()
                .to_native()
                .unwrap()
                .as_slice::<i64>()
                .unwrap(),
            [0, 1, 2]
        );
    }
}

#[test]
fn object_arrays_are_described_but_not_read() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    peer(&python, "write", folder.path());
    let bytes = fs::read(folder.path().join("objects.npy")).unwrap();
    let error = npy::read(&mut bytes.as_slice()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let mut source = bytes.as_slice();
    let header = npy::read_header(&mut source, npy::MAX_HEADER).unwrap();
    assert!(header.layout.dtype().has_objects());
    assert_eq!((header.layout.shape(), header.version), (&[3][..], (1, 0)));
    assert_eq!(source[..2], [0x80, 4], "the pickle begins behind the header");
    assert_eq!(source.len() as u64 + header.len, bytes.len() as u64);
}

#[test]
fn numpy_loads_what_we_write() {
    let Some(python) = python() else { return };
    let theirs = tempfile::tempdir().unwrap();
    peer(&python, "write", theirs.path());
    let ours = tempfile::tempdir().unwrap();
    let cases = cases(theirs.path());
    let compressions = [
        npz::Compression::Stored,
        npz::Compression::Deflated(6),
        npz::Compression::Deflated(0),
    ];
    for (i, compression) in compressions.into_iter().enumerate() {
        let mut zip = npz::Writer::create(ours.path().join(format!("{i}.npz")))
            .unwrap()
            .compression(compression)
            .unwrap();
        for case in &cases {
            zip.add(&case.name, &case.array()).unwrap();
        }
        zip.add(
            "in/a folder/é",
            &Array::from_vec(vec![0_i64, 1, 2], &[3]).unwrap(),
        )
        .unwrap();
        zip.finish().unwrap();
    }
    for case in &cases {
        npy::save(ours.path().join(format!("{}.npy", case.name)), &case.array()).unwrap();
    }
    peer(&python, "check", ours.path());
}
