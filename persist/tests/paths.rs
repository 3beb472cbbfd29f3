//! Every path that `inspect` has leads to an array, for `extract` and for `load_array`: over the files of
//! `fixtures/make_fixtures.py`, those in joblib's wheel, and arrays that take more than the bytes they stand in.
//!
//! Needs a Python with joblib and numpy: `$DEMIJOHN_PYTHON`, or `target/venv/bin/python`. Without one, the tests say that
//! they were skipped.

#[path = "../../testing/outside.rs"]
mod outside;

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use demijohn::arrays::Layout;
use demijohn::{ErrorKind, Extraction, Inspection, Limits, extract_beside, inspect, load_array};

/// Saves arrays whose bytes do not say everything, in every way there is.
const PECULIAR: &str = r#"
import sys, pickle, joblib, numpy as np
values = {
    "masked": np.ma.masked_array([1.5, 2.5, 3.5], [0, 1, 0]),
    "masked_large": np.ma.masked_array(np.arange(20000.0).reshape(100, 200), np.eye(100, 200)),
    "masked_fortran": np.ma.masked_array(np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.eye(2, 3)),
    "masked_struct": np.ma.masked_array(np.zeros(2, [("a", "i4"), ("b", "f8", 2)]), [(1, (0, 1)), (0, (1, 0))]),
    "masked_objects": np.ma.masked_array(np.array([1, None]), [0, 1]),
    "overlapping": np.ones(3, {"names": ["a", "b"], "formats": ["<i4", "<i2"], "offsets": [0, 2], "itemsize": 8}),
    "backwards": np.ones(3, {"names": ["a", "b"], "formats": ["<i4", "<i2"], "offsets": [2, 0], "itemsize": 8}),
    "titled": np.ones(3, [(("title", "a"), "i4"), ("b", "f8", (2, 3))]),
    "aligned": np.ones(3, np.dtype([("a", "i1"), ("b", "f8"), ("c", [("x", "i2"), ("y", "i8")])], align=True)),
    "longdouble": np.arange(3, dtype="g"), "clongdouble": np.arange(3, dtype="G"),
    "text": np.array(["a", "bc"]), "bytes": np.array([b"a", b"bc"]), "void": np.zeros(2, "V5"),
    "time": np.array(["2020-01-01"], "M8[25s]"), "any_time": np.array([1], "m8"),
    "transposed": np.arange(24).reshape(2, 3, 4).transpose(1, 0, 2), "big_endian": np.arange(3, dtype=">f8"),
    "empty": np.zeros((0, 3)), "one": np.array(5.0), "matrix": np.matrix([[1, 2]]), "record": np.rec.array([(1, 2.0)]),
    "objects": np.array([1, np.arange(3), {"x": np.arange(2)}], dtype=object),
}
for name, value in values.items():
    for protocol in range(6):
        with open(f"{sys.argv[1]}/{name}.{protocol}.pkl", "wb") as file:
            pickle.dump([{"k e\ny": value}], file, protocol=protocol)
    joblib.dump(([value],), f"{sys.argv[1]}/{name}.joblib")
    joblib.dump(([value],), f"{sys.argv[1]}/{name}.joblib.gz")
    if not isinstance(value, np.ma.MaskedArray) and name not in ("overlapping", "backwards"):
        np.save(f"{sys.argv[1]}/{name}.npy", value)
        np.savez(f"{sys.argv[1]}/{name}.npz", value, **{"two\nlines": value})
"#;

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { &mut folders } else { &mut files }.push(path);
        }
    }
    files.sort();
    files
}

/// The paths of arrays of plain data, beside the file too, and what they look like.
fn listed(found: &Inspection) -> Vec<(&str, &Layout)> {
    let arrays = found.arrays.iter().map(|entry| (&*entry.path, &entry.layout));
    let companions = found.companions.iter();
    let companions = companions.filter_map(|entry| Some((&*entry.path, entry.layout.as_ref()?)));
    arrays.chain(companions).collect()
}

/// What is wrong with an array at a path, if anything is.
fn taken(file: &Path, path: &str, layout: &Layout) -> Result<(), String> {
    let limits = Limits::untrusted();
    let open = || File::open(file).unwrap();
    let extracted = extract_beside(open(), file, path, &limits).map_err(|e| format!("extract: {e}"))?;
    let loaded = load_array(file, path).map_err(|e| format!("load_array: {e}"))?;
    let mut pieces = Extraction::beside(open(), file, path, &limits).map_err(|e| e.to_string())?;
    let mut bytes = Vec::new();
    let mut elements = pieces.elements().map_err(|e| e.to_string())?;
    elements
        .read_to_end(&mut bytes)
        .map_err(|e| format!("elements: {e}"))?;
    if extracted.layout() != layout {
        return Err(format!("{} was listed as {layout}", extracted.layout()));
    }
    let same = extracted.as_bytes() == bytes && extracted == loaded;
    same.then_some(())
        .ok_or_else(|| "three ways give different elements".to_owned())
}

#[test]
fn every_path_that_is_listed_is_accepted() {
    let Some(python) = outside::python("joblib, numpy") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let script = outside::workspace().join("fixtures/make_fixtures.py");
    outside::run(Command::new(&python).arg(script).arg(folder.path()));
    let peculiar = folder.path().join("peculiar");
    fs::create_dir(&peculiar).unwrap();
    outside::run(Command::new(&python).args(["-c", PECULIAR]).arg(&peculiar));
    let wheel = "import joblib, os; print(os.path.dirname(joblib.__file__))";
    let wheel = outside::run(Command::new(&python).args(["-c", wheel]));
    let mut all = files(folder.path());
    all.extend(files(&Path::new(wheel.trim()).join("test/data")));

    let (mut tried, mut refused) = (0, Vec::new());
    for file in &all {
        let found = inspect(file).unwrap();
        if found.error.is_some() {
            continue;
        }
        for (path, layout) in listed(&found) {
            tried += 1;
            let fault = taken(file, path, layout).err();
            refused.extend(fault.map(|fault| format!("{} {path}: {fault}", file.display())));
        }
    }
    assert!(tried > 500, "only {tried} arrays");
    assert!(
        refused.is_empty(),
        "{} of {tried}:\n{}",
        refused.len(),
        refused.join("\n")
    );
}

#[test]
fn masked_arrays_are_their_data_and_their_mask() {
    let Some(python) = outside::python("joblib, numpy") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    outside::run(Command::new(&python).args(["-c", PECULIAR]).arg(folder.path()));
    for (file, prefix) in [
        ("masked_fortran.joblib", "[0][0]"),
        ("masked_fortran.2.pkl", r#"[0]["k e\ny"]"#),
    ] {
        let file = folder.path().join(file);
        let found = inspect(&file).unwrap();
        let paths: Vec<_> = found.arrays.iter().map(|entry| entry.path.as_str()).collect();
        let [data, mask] = ["data", "mask"].map(|part| format!("{prefix}.{part}"));
        assert_eq!(paths, [&data, &mask]);
        let data = load_array(&file, &data).unwrap();
        assert_eq!(data.layout().to_string(), "<f8 (2, 3) F");
        assert_eq!(data.as_slice::<f64>().unwrap(), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        let mask = load_array(&file, &mask).unwrap();
        assert_eq!(
            mask.as_slice::<bool>().unwrap(),
            [true, false, false, true, false, false]
        );
        let whole = load_array(&file, prefix).unwrap_err();
        assert_eq!(whole.kind(), ErrorKind::Unsupported);
        assert!(whole.to_string().contains(&paths.join(" and ")), "{whole}");
    }
}
