//! Parts of files, loaded by themselves; and files that end early.

#![cfg(feature = "gzip")]
#![allow(unsafe_code)] // Mapping takes a promise.

#[path = "../../testing/outside.rs"]
mod outside;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use demijohn::arrays::{Layout, Order};
use demijohn::{Array, Document, DumpOptions, ErrorKind, Limits, LoadOptions, MapMode, Protocol, Result};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Layer {
    name: String,
    weight: Array,
    bias: Option<Array>,
}

fn layer(name: &str, n: u8) -> Layer {
    Layer {
        name: name.into(),
        weight: Array::from_vec(vec![f64::from(n); 3000], &[3, 1000]).unwrap(),
        bias: (n > 1).then(|| Array::from_vec(vec![n; 3], &[3]).unwrap()),
    }
}

fn layers() -> BTreeMap<&'static str, Vec<Layer>> {
    BTreeMap::from([("layers", vec![layer("a", 1), layer("b", 2), layer("c", 3)])])
}

/// A file of what a function makes, somewhere.
fn file(value: &impl demijohn::Save, options: impl Into<DumpOptions>) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.pkl");
    demijohn::dump_with(value, &path, options).unwrap();
    (folder, path)
}

fn mapped(path: &Path, mode: MapMode) -> Result<Document> {
    // SAFETY: only this test knows of the file.
    unsafe { demijohn::load_mapped(path, mode) }
}

/// Runs a script in a folder, unless there is no Python; what it printed.
fn python(script: &str, folder: &Path) -> Option<String> {
    let python = outside::python("joblib, numpy")?;
    let script = format!("import joblib, numpy as np, io\n{script}");
    let printed = outside::run(Command::new(python).args(["-c", &script]).current_dir(folder));
    Some(printed.trim().to_owned())
}

#[test]
fn a_rust_type_is_loaded_as_it_was_dumped() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Model {
        layers: Vec<Layer>,
    }
    for format in ["none", "gzip"] {
        let (_folder, path) = file(&layers(), format);
        let model: Model = demijohn::load_as(&path).unwrap();
        assert_eq!(model.layers, layers()["layers"]);
    }
    let (_folder, path) = file(&layers(), "none");
    let error = demijohn::load_as::<BTreeMap<String, Vec<u8>>>(&path).unwrap_err();
    assert_eq!((error.kind(), error.path()), (ErrorKind::Parameter, Some(&*path)));
    assert!(error.to_string().contains("layers"), "{error}");
}

#[test]
fn an_array_is_found_by_its_path() {
    for format in ["none", "gzip"] {
        let (_folder, path) = file(&layers(), format);
        for (i, n) in [(0, 1), (1, 2), (2, 3_u8)] {
            let expected = layer("", n);
            let weight = demijohn::load_array(&path, &format!("layers[{i}].weight")).unwrap();
            assert_eq!(weight, expected.weight, "{format} {i}");
            let bias = demijohn::load_array(&path, &format!("layers[{i}].bias"));
            assert_eq!(bias.ok(), expected.bias, "{format} {i}");
        }
        for wrong in [
            "layers",
            "layers[3].weight",
            "layers[0].bias",
            "nothing",
            "layers[[",
        ] {
            let error = demijohn::load_array(&path, wrong).unwrap_err();
            assert_eq!(
                (error.kind(), error.path()),
                (ErrorKind::Parameter, Some(&*path)),
                "{wrong}"
            );
        }
    }
}

#[test]
fn arrays_of_all_forms_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let script = "
a = np.arange(6, dtype='<f4').reshape(2, 3)
o = np.array([1, None], object); o[1] = a
rec = np.rec.array([(1, 2.0)], dtype=[('a', '<i4'), ('b', '<f8')])
for name, compress in (('none', 0), ('gzip', ('gzip', 3))):
    joblib.dump({'a': a, 'o': o, 'rec': rec, 'f': np.asfortranarray(a), 'zero': a[:0]}, name, compress=compress)
";
    let Some(_) = python(script, folder.path()) else {
        return;
    };
    let numbers = Array::from_vec((0_u8..6).map(f32::from).collect(), &[2, 3]).unwrap();
    for format in ["none", "gzip"] {
        let path = folder.path().join(format);
        for place in ["a", "f", "o[1]"] {
            assert_eq!(demijohn::load_array(&path, place).unwrap(), numbers, "{place}");
        }
        assert_eq!(demijohn::load_array(&path, "f").unwrap().order(), Order::F);
        assert_eq!(demijohn::load_array(&path, "zero").unwrap().shape(), [0, 3]);
        let records = demijohn::load_array(&path, "rec").unwrap();
        assert_eq!(records.dtype().to_string(), "[('a', '<i4'), ('b', '<f8')]");
        let error = demijohn::load_array(&path, "o").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    }
}

#[test]
fn arrays_of_objects_that_share_are_written_as_joblib_does() {
    let folder = tempfile::tempdir().unwrap();
    let script = "
import pickle
shared = ['shared']
o = np.empty((2, 3), object, order='F'); o[0, 0] = shared; o[1, 2] = np.arange(3, dtype='<u2')
inner = np.array([o, None], object)
cyclic = np.array([None, 1], object)
value = [o, o, shared, inner, [cyclic]]
cyclic[0] = value[4]
with open('plain', 'wb') as f: pickle.dump(value, f, protocol=4)
joblib.dump(value, 'theirs')
";
    let Some(_) = python(script, folder.path()) else {
        return;
    };
    let document = demijohn::load(folder.path().join("plain")).unwrap();
    demijohn::dump(&document, folder.path().join("ours")).unwrap();
    let script = "
a, b = joblib.load('ours'), joblib.load('theirs')
for x in (a, b):
    assert x[0] is not x[1] and x[0].flags.f_contiguous and x[0].shape == (2, 3)
    assert x[0][0, 0] == ['shared'] and x[0][0, 0] is not x[2] and x[2] == ['shared']
    assert x[0][1, 2].dtype == '<u2' and x[0][1, 2].tolist() == [0, 1, 2]
    assert x[3][0].shape == (2, 3) and x[3][0][0, 0] == ['shared']
    c = x[4][0]
    assert c[0] is not x[4] and c[0][0] is c and c[1] == 1
print(open('ours', 'rb').read() == open('theirs', 'rb').read())
";
    let same = python(script, folder.path()).unwrap();
    assert_eq!(same, "True", "byte for byte");
    // An array that holds itself is still one when it was read from such a file.
    let document = demijohn::load(folder.path().join("theirs")).unwrap();
    let array = document.at("[4][0]").unwrap();
    assert!(document.at("[4][0][0][0]").unwrap().is(array));
    demijohn::dump(&document, folder.path().join("again")).unwrap();
    let [theirs, again] = ["theirs", "again"].map(|name| fs::read(folder.path().join(name)).unwrap());
    assert!(theirs == again, "byte for byte, once more");
}

#[test]
fn big_endian_arrays_become_native_on_demand() {
    let numbers = Array::from_vec(vec![1_u16, 2, 3], &[3]).unwrap();
    let swapped: Vec<u8> = [1_u16, 2, 3].iter().flat_map(|n| n.to_be_bytes()).collect();
    let layout = Layout::new(">u2".parse().unwrap(), &[3], Order::C).unwrap();
    let big = Array::from_bytes(layout, &swapped).unwrap();
    let (_folder, path) = file(&vec![big.clone(), numbers.clone()], "none");
    let stored = demijohn::load(&path).unwrap();
    assert_eq!(stored.root().index(0).unwrap().array().unwrap(), &big);
    let native = demijohn::load_with(&path, LoadOptions::new().native_byte_order(true)).unwrap();
    for i in 0..2 {
        assert_eq!(native.root().index(i).unwrap().array().unwrap(), &numbers, "{i}");
    }
    let options = LoadOptions::new().native_byte_order(true);
    assert_eq!(demijohn::load_array(&path, "[0]").unwrap(), big);
    assert_eq!(demijohn::load_array_with(&path, "[0]", options).unwrap(), numbers);
    let mut limits = Limits::untrusted();
    limits.object.opcodes = 3;
    let error = demijohn::load_array_with(&path, "[0]", limits).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
}

#[test]
fn options_are_seen_in_the_stream() {
    let array = Array::from_vec(vec![1.0_f64, 2.0], &[2]).unwrap();
    let written = |options: DumpOptions| {
        demijohn::dump_to(&array, Vec::new(), options.compression("none"))
            .unwrap()
            .0
    };
    let find = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).position(|window| window == part);
    let data: Vec<u8> = [1.0_f64, 2.0].iter().flat_map(|x| x.to_le_bytes()).collect();
    for (n, protocol) in [
        (2, Protocol::V2),
        (3, Protocol::V3),
        (4, Protocol::V4),
        (5, Protocol::V5),
    ] {
        let bytes = written(DumpOptions::new().protocol(protocol));
        assert_eq!(bytes[..2], [0x80, n]);
        assert_eq!(find(&bytes, &data).unwrap() % 16, 0, "protocol {n}");
        let old = written(DumpOptions::new().protocol(protocol).aligned(false));
        assert_eq!(find(&old, b"numpy_array_alignment_bytes"), None);
        let start = find(&old, &data).unwrap();
        assert_eq!(old[start - 1], b'b', "BUILD, and then the data: protocol {n}");
        assert_eq!(
            demijohn::load_from(&old[..]).unwrap().into_array().unwrap(),
            array
        );
    }
}

#[test]
fn an_array_that_is_cut_is_named() {
    let (_folder, path) = file(&Array::from_vec(vec![0_u8; 100], &[100]).unwrap(), "none");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 11]).unwrap();
    let mapped = mapped(&path, MapMode::Read).map(drop);
    for result in [
        demijohn::load(&path).map(drop),
        demijohn::load_array(&path, "").map(drop),
    ] {
        let message = result.unwrap_err().to_string();
        let cut = "array |u1 (100,) C needs 100 bytes, 90 are left";
        assert!(message.contains(cut), "{message}");
    }
    assert_eq!(mapped.unwrap_err().kind(), ErrorKind::Truncated);
}

#[test]
fn files_that_end_early_are_told_wherever_it_is() {
    let small = vec![Layer {
        weight: Array::from_vec(vec![1.5_f64; 4], &[4]).unwrap(),
        ..layer("a", 2)
    }];
    let old = DumpOptions::new().aligned(false).protocol(Protocol::V2);
    for (options, can_map) in [
        (DumpOptions::new().compression("none"), true),
        (old.compression("none"), false),
        (DumpOptions::new().compression("gzip"), false),
    ] {
        let (_folder, path) = file(&small, options);
        let whole = fs::read(&path).unwrap();
        let compressed = whole[0] == 0x1f;
        demijohn::load_array(&path, "[0].weight").unwrap();
        for len in 0..whole.len() {
            fs::write(&path, &whole[..len]).unwrap();
            let mapped = mapped(&path, MapMode::Read).map(drop);
            for (how, result) in [
                ("load", demijohn::load(&path).map(drop)),
                ("load_from", demijohn::load_from(&whole[..len]).map(drop)),
                ("load_array", demijohn::load_array(&path, "[0].weight").map(drop)),
                ("load_as", demijohn::load_as::<Vec<Layer>>(&path).map(drop)),
                ("load_mapped", mapped),
            ] {
                let kind = result.expect_err("a part was loaded").kind();
                let told = match kind {
                    ErrorKind::Truncated => true,
                    // Less than a signature is no signature.
                    ErrorKind::UnknownFormat => compressed && len < 3,
                    ErrorKind::Unsupported => !can_map && how == "load_mapped",
                    _ => false,
                };
                assert!(told, "{how} of {len} bytes of {}: {kind:?}", whole.len());
            }
        }
    }
}

#[test]
#[cfg(feature = "zstd")]
fn a_dump_to_seek_in_is_not_read_where_it_is_not_asked_for() {
    let noise = |seed: u64| {
        let number = move |i: u64| (i ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Array::from_vec((0..300_000).map(number).collect(), &[300_000]).unwrap()
    };
    let value = BTreeMap::from([("a", noise(1)), ("b", noise(2)), ("c", noise(3))]);
    let options = DumpOptions::new().compression("zstd").threads(2);
    let (_long, long) = file(&value, options.clone());
    let (_folder, path) = file(&value, options.seekable(256 << 10));
    for threads in [1, 2] {
        let options = LoadOptions::new().threads(threads);
        let loaded = demijohn::load_with(&path, options).unwrap();
        for (key, array) in &value {
            assert_eq!(loaded.root().get(key).unwrap().array().unwrap(), array);
        }
    }
    // Damage in the middle, where `b` is.
    for path in [&path, &long] {
        let mut bytes = fs::read(path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(path, bytes).unwrap();
    }
    assert_eq!(demijohn::load_array(&path, "c").unwrap(), value["c"]);
    assert_eq!(demijohn::load_array(&path, "a").unwrap(), value["a"]);
    assert!(demijohn::load_array(&path, "b").is_err());
    assert!(
        demijohn::load_array(&long, "c").is_err(),
        "what is one piece is decoded"
    );
}

#[test]
#[cfg(feature = "zlib")]
fn what_cannot_be_written_to_be_sought_in_leaves_the_file_as_it_was() {
    let (_folder, path) = file(&1, "none");
    let before = fs::read(&path).unwrap();
    let options = DumpOptions::new().compression("zlib").seekable(1 << 20);
    let error = demijohn::dump_with(&2, &path, options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    assert_eq!(fs::read(&path).unwrap(), before);
}
