//! `demijohn demo`: objects to files and back, and on to Python.

use std::fs;

use serde_json::Value;

use crate::util::{Dir, codecs, python, skip};

/// Small enough for a test, large enough for several blocks of most formats.
const SIZE: &str = "--size=2MB";

/// A `.npy` file of six float64 numbers, made by the letter of the format.
fn npy() -> Vec<u8> {
    let dict = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }";
    let header = format!("{dict:<117}\n");
    let mut bytes = b"\x93NUMPY\x01\0".to_vec();
    bytes.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
    bytes.extend(header.bytes());
    for number in [0.5_f64, -1.0, f64::NAN, 1e300, -0.0, 3.0] {
        bytes.extend(number.to_le_bytes());
    }
    bytes
}

/// What stands behind these words, as a list.
fn listed<'a>(shown: &'a str, words: &str) -> Vec<&'a str> {
    let line = shown.lines().find_map(|line| line.strip_prefix(words));
    let line = line.unwrap_or_else(|| panic!("{words:?} is not in {shown}"));
    line.trim().split(", ").collect()
}

/// The rows of the table, cell by cell.
fn rows(shown: &str) -> Vec<Vec<&str>> {
    let lines = shown.lines().skip_while(|line| !line.starts_with("codec"));
    let rows = lines.skip(1).take_while(|line| !line.is_empty());
    rows.map(|line| line.split_whitespace().collect()).collect()
}

#[test]
fn every_codec_gives_the_object_back() {
    let dir = Dir::new();
    let shown = dir
        .demijohn(["demo", SIZE])
        .env("TMPDIR", dir.path(""))
        .run()
        .ok();
    let shown = String::from_utf8(shown).unwrap();
    let rows = rows(&shown);
    assert_eq!(rows.len(), codecs().len() + 1, "one for plain bytes: {shown}");
    for row in &rows {
        assert_eq!((row.len(), row[6]), (7, "yes"), "{shown}");
    }
    for codec in codecs() {
        let row = rows.iter().find(|row| row[0] == codec.name()).unwrap();
        // The object has few different numbers, each with digits to the last: shuffled they have less in common.
        let least = if codec.name() == "blosc" { 1.1 } else { 1.5 };
        assert!(row[3].parse::<f64>().unwrap() > least, "{shown}");
    }
    assert!(
        shown.starts_with("The object: a dict of a float64 matrix ("),
        "{shown}"
    );
    assert!(
        shown.contains("files gave back the object they were made from"),
        "{shown}"
    );
    assert!(dir.names().is_empty(), "{:?}", dir.names());
}

#[test]
fn results_are_json_on_request() {
    let dir = Dir::new();
    let json = dir.demijohn(["demo", SIZE, "--json"]).run().ok();
    let json: Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json["ok"], true);
    let rows = json["codecs"].as_array().unwrap();
    assert_eq!(rows.len(), codecs().len() + 1);
    for row in rows {
        assert_eq!(
            (&row["ok"], &row["error"], &row["file"]),
            (&true.into(), &Value::Null, &Value::Null)
        );
        assert!(row["plain"].as_u64().unwrap() > 2_000_000);
        assert!(row["compressed"].as_u64().unwrap() > 100_000);
        assert!(row["dump_seconds"].as_f64().unwrap() > 0.0);
        assert!(row["load_seconds"].as_f64().unwrap() > 0.0);
    }
}

#[test]
fn kept_files_are_the_same_every_time_and_whole() {
    let dir = Dir::new();
    let names = |sub: &str| -> Vec<String> {
        let entries = fs::read_dir(dir.path(sub)).unwrap();
        let mut names: Vec<_> = entries
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    for sub in ["one", "two"] {
        let shown = dir.demijohn(["demo", SIZE, "--keep", sub]).run().ok();
        let shown = String::from_utf8(shown).unwrap();
        let says = format!("The files are in {sub}; in Python: joblib.load(\"{sub}/demo.pkl.");
        assert!(shown.contains(&says), "{shown}");
    }
    let mut expected: Vec<_> = codecs()
        .iter()
        .map(|c| format!("demo.pkl{}", c.extension()))
        .collect();
    expected.push("demo.pkl".to_owned());
    expected.sort();
    assert_eq!(names("one"), expected);
    let plain = dir.read("one/demo.pkl");
    for name in expected {
        let file = format!("one/{name}");
        assert!(
            dir.read(&file) == dir.read(&format!("two/{name}")),
            "{name} differs"
        );
        assert!(dir.demijohn(["cat", "-f", &file]).run().ok() == plain, "{name}");
    }
}

#[test]
fn kept_files_are_not_overwritten_without_force() {
    let dir = Dir::new();
    dir.write("demo.pkl.gz", b"precious");
    let ended = dir.demijohn(["demo", SIZE, "--keep", "."]).run();
    assert_eq!(
        ended.fails(),
        "demijohn: ./demo.pkl.gz: exists already; -f overwrites it"
    );
    assert_eq!(dir.names(), ["demo.pkl.gz"]);
    dir.demijohn(["demo", SIZE, "-f", "--keep", "."]).run().ok();
    assert!(dir.read("demo.pkl.gz").starts_with(b"\x1f\x8b"));
}

#[test]
fn stock_joblib_loads_what_is_said_and_nothing_else() {
    let Some(python) = python() else { return };
    let dir = Dir::new();
    let shown = dir.demijohn(["demo", SIZE, "--keep", "."]).run().ok();
    let shown = String::from_utf8(shown).unwrap();
    let code = r#"
import glob, joblib, numpy as np
first = joblib.load("demo.pkl")
assert list(first) == ["title", "features", "images", "labels", "names", "folds"], list(first)
assert first["title"].startswith("Ünicode") and first["title"].endswith("🍾"), first["title"]
assert first["features"].dtype == "f8" and first["features"].shape[1] == 64
assert first["images"].dtype == "f4" and first["images"].shape[1:] == (96, 96)
assert 0 <= first["images"].min() < first["images"].max() <= 1
assert first["labels"].dtype == "i8" and set(first["labels"]) == set(range(10))
assert len(first["names"]) == len(first["labels"]) == len(first["features"])
assert first["names"][1] == "well-000001", first["names"][1]
assert first["folds"][1][1][:3] == [1, 6, 11], first["folds"][1]
# For all that joblib knows, the package lz4 is not installed at first; it says so with a ValueError.
import joblib.compressor
lz4 = joblib.compressor.lz4
for with_lz4 in (False, True):
    joblib.compressor.lz4 = lz4 if with_lz4 else None
    opened = []
    for name in sorted(glob.glob("demo.pkl*")):
        try:
            again = joblib.load(name)
        except Exception:
            continue
        for key, value in first.items():
            assert np.array_equal(again[key], value) if isinstance(value, np.ndarray) else again[key] == value, (name, key)
        opened.append(name)
    print(*opened)
print("lz4 is here" if lz4 else "")
"#;
    let loaded = dir.command(python, ["-c", code]).run().ok();
    let loaded = String::from_utf8(loaded).unwrap();
    let mut lines = loaded.lines();
    let mut opened = || {
        lines
            .next()
            .unwrap()
            .split(' ')
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let files = |names: &[&str]| {
        let mut files = vec!["demo.pkl".to_owned()];
        let named = codecs().into_iter().filter(|codec| names.contains(&codec.name()));
        files.extend(named.map(|codec| format!("demo.pkl{}", codec.extension())));
        files.sort();
        files
    };
    let plainly = listed(&shown, "Python's joblib opens what these wrote: ");
    assert_eq!(plainly[0], "none");
    assert_eq!(opened(), files(&plainly));
    let with_package = listed(&shown, "  with a package of that name installed: ");
    let both = opened();
    if lines.next() == Some("lz4 is here") {
        assert_eq!(both, files(&[plainly.clone(), with_package.clone()].concat()));
    } else {
        skip("the Python of the interop tests has no lz4");
    }
    let never = listed(&shown, "  and not at all: ");
    assert_eq!(
        plainly.len() + with_package.len() + never.len(),
        codecs().len() + 1
    );
}

#[test]
fn ones_own_array_goes_through_too() {
    let dir = Dir::new();
    dir.write("weights.npy", npy());
    dir.demijohn(["compress", "weights.npy"]).run().ok();
    for file in ["weights.npy", "weights.npy.zst"] {
        let shown = dir.demijohn(["demo", file, "-f", "--keep", "out"]).run().ok();
        let shown = String::from_utf8(shown).unwrap();
        assert!(
            shown.starts_with("The object: an array of <f8, shape (2, 3)."),
            "{shown}"
        );
        assert!(rows(&shown).iter().all(|row| row[6] == "yes"), "{shown}");
        let data = &npy()[128..];
        let plain = dir.read("out/weights.demo.pkl");
        assert!(plain.windows(data.len()).any(|window| window == data));
        assert!(dir.path("out/weights.demo.pkl.gz").exists());
    }
}

#[test]
fn ones_own_joblib_files_go_through_too() {
    let Some(python) = python() else { return };
    let dir = Dir::new();
    let make = r#"
import collections, joblib, numpy as np
shared = np.arange(1000, dtype="i2").reshape(10, 100, order="F")
pair = [1, 2]
model = {"a": shared, "pair": pair, "again": pair, "od": collections.OrderedDict(x=1.5), "t": (1, {2, 3}, b"4")}
joblib.dump(model, "model.pkl.gz", compress=("gzip", 3))
joblib.dump(model, "model.joblib")
np.save("m.npy", shared)
"#;
    dir.command(&python, ["-c", make]).run().ok();
    for file in ["model.pkl.gz", "model.joblib"] {
        let shown = dir.demijohn(["demo", file, "-f", "--keep", "out"]).run().ok();
        let shown = String::from_utf8(shown).unwrap();
        assert!(shown.starts_with("The object: a dict of 5 items."), "{shown}");
        assert!(rows(&shown).iter().all(|row| row[6] == "yes"), "{shown}");
    }
    dir.demijohn(["demo", "m.npy", "--keep", "out"]).run().ok();
    let check = r#"
import joblib, numpy as np
for ext in ("", ".z", ".gz", ".bz2", ".lzma", ".xz"):
    model = joblib.load("out/model.demo.pkl" + ext)
    assert list(model) == ["a", "pair", "again", "od", "t"], list(model)
    assert model["pair"] is model["again"] and model["pair"] == [1, 2]
    assert model["a"].flags.f_contiguous and model["a"].dtype == "i2"
    assert type(model["od"]).__name__ == "OrderedDict" and dict(model["od"]) == {"x": 1.5}
    assert model["t"] == (1, {2, 3}, b"4"), model["t"]
    assert np.array_equal(model["a"], np.load("m.npy")), ext
    assert np.array_equal(joblib.load("out/m.demo.pkl" + ext), np.load("m.npy")), ext
"#;
    dir.command(&python, ["-c", check]).run().ok();
}

#[test]
fn files_that_hold_no_object_are_refused() {
    let dir = Dir::new();
    dir.write("notes", b"just some text");
    dir.write("empty.pkl", b"");
    dir.write("cut.npy", &npy()[..140]);
    for (file, expected) in [
        ("notes", "demijohn: notes: unknown format: not a joblib file"),
        ("empty.pkl", "demijohn: empty.pkl: truncated: empty input"),
        (
            "cut.npy",
            "demijohn: cut.npy: array data ends after 12 of 48 bytes",
        ),
        ("missing.pkl", "demijohn: missing.pkl: no such file or directory"),
    ] {
        let ended = dir.demijohn(["demo", file]).run();
        assert!(ended.fails().starts_with(expected), "{ended}");
        assert!(ended.stdout().is_empty(), "{ended}");
    }
}

#[test]
fn a_codec_that_fails_is_shown_and_fails_the_whole() {
    let dir = Dir::new();
    // Room for some of the files, not for the plain one.
    let line = format!("trap '' XFSZ; ulimit -f 3000; demijohn demo {SIZE}");
    let ended = dir.shell(&line).env("TMPDIR", dir.path("")).run().status(1);
    let shown = ended.stdout_text();
    assert!(shown.contains("none -: FAILED: "), "{shown}");
    assert!(shown.contains("NOT every file gave back the object"), "{shown}");
    let gzip = rows(shown).into_iter().find(|row| row[0] == "gzip").unwrap();
    assert_eq!(gzip[6], "yes", "{shown}");
    assert!(dir.names().is_empty());
}
