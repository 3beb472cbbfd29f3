//! `extract`: that it takes what `inspect` prints, and writes what others read.

use std::fs;
use std::path::{Path, PathBuf};

use crate::util::{Dir, python, workspace};

/// What holds arrays in ways of their own.
const PECULIAR: &str = r#"
import joblib, numpy as np
fields = {"names": ["a", "b"], "formats": ["<i4", "<i2"], "offsets": [0, 2], "itemsize": 8}
masked = np.ma.masked_array([1.5, 2.5], [0, 1])
values = {"masked": masked, "overlapping": np.arange(3).view(np.dtype(fields)), "objects": np.array([1, None]),
    "record": np.rec.array([(1, 2.0)]), "k e\ny": [masked], "big": np.arange(6.0).reshape(2, 3).astype(">f8").T}
joblib.dump(values, "peculiar.pkl.gz")
np.savez("peculiar.npz", values["big"], **{"a\nb": values["record"], "o": values["objects"]})
"#;

fn files(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, all);
        } else {
            all.push(path);
        }
    }
}

/// The paths in a table whose rows are those of arrays with data, where they are not too long to stand in it.
fn rows_of_arrays(table: &str) -> Vec<String> {
    let rows = table.lines().skip_while(|line| !line.starts_with("path"));
    let cells = rows.map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()));
    let paths = cells.filter_map(|mut cells| {
        let path = cells.next()?;
        matches!(cells.next()?, "array" | "masked array" | "its mask").then(|| path.to_owned())
    });
    paths.collect()
}

#[test]
fn every_path_that_inspect_prints_is_accepted() {
    let Some(python) = python() else { return };
    let dir = Dir::new();
    dir.command(&python, ["-c", PECULIAR]).run().ok();
    let script = workspace().join("fixtures/make_fixtures.py");
    dir.command(&python, [script.as_os_str(), dir.path("fixtures").as_os_str()])
        .run()
        .ok();
    let mut all = Vec::new();
    files(&dir.path(""), &mut all);
    let mut tried = 0;
    for file in all {
        let file = file.to_str().unwrap();
        let json = dir.demijohn(["inspect", "--json", file]).run().json_lines();
        if json[0]["ok"] != true {
            continue;
        }
        let listed = |key: &str| json[0][key].as_array().unwrap().clone();
        let mut paths: Vec<_> = [listed("arrays"), listed("companions")].concat();
        paths.retain(|entry| !entry["dtype"].is_null());
        let mut paths: Vec<_> = paths
            .iter()
            .map(|entry| entry["path"].as_str().unwrap().to_owned())
            .collect();
        let table = dir.demijohn(["inspect", file]).run().status(0);
        paths.extend(rows_of_arrays(table.stdout_text()));
        paths.sort();
        paths.dedup();
        for path in paths {
            tried += 1;
            let extracted = dir.demijohn(["extract", file, &path, "-o", "-"]).run().status(0);
            assert!(extracted.stdout().starts_with(b"\x93NUMPY"), "{extracted}");
        }
    }
    assert!(tried > 200, "only {tried} arrays");
}

#[test]
fn numpy_reads_what_is_written() {
    let Some(python) = python() else { return };
    let dir = Dir::new();
    dir.command(&python, ["-c", PECULIAR]).run().ok();
    for (path, output) in [
        ("masked.data", "data.npy"),
        ("masked.mask", "mask.npy"),
        ("big", "big.npy"),
        ("big", "big.csv"),
    ] {
        dir.demijohn(["extract", "peculiar.pkl.gz", path, "-o", output])
            .run()
            .ok();
    }
    let opaque = dir
        .demijohn(["extract", "peculiar.pkl.gz", "overlapping", "-o", "opaque.npy"])
        .run()
        .status(0);
    let said = opaque.stderr();
    let view = said
        .split_once(".view(")
        .unwrap()
        .1
        .rsplit_once(") of it")
        .unwrap()
        .0;
    let check = format!(
        "{PECULIAR}
def same(name, value):
    got = np.load(name)
    assert got.dtype == value.dtype and got.tobytes('A') == value.tobytes('A'), (name, got, value)
same('data.npy', masked.data), same('mask.npy', masked.mask), same('big.npy', values['big'])
assert (np.loadtxt('big.csv', delimiter=',') == values['big']).all()
got = np.load('opaque.npy')
assert got.dtype == 'V8' and (got.view({view}) == values['overlapping']).all(), got
"
    );
    dir.command(&python, ["-c", &check]).run().ok();
}
