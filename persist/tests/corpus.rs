//! Pickles and arrays of other projects and other versions, from `$DEMIJOHN_CORPUS` (default `../shared/corpus` from the
//! root of the workspace), held to their verdicts. Without them the tests say that they were skipped.

#![cfg(all(
    feature = "zlib",
    feature = "gzip",
    feature = "bz2",
    feature = "lzma",
    feature = "xz",
    feature = "lz4",
    feature = "npz"
))]

#[path = "../../testing/effort.rs"]
mod effort;
#[path = "manifest/node.rs"]
mod node;
#[path = "../../testing/outside.rs"]
mod outside;

use std::fs;
use std::path::PathBuf;

use demijohn::{Content, Document, ErrorKind, Limits, LoadOptions, load_from, pickle};
use serde_json::{Map, Value as Json, json};

use node::Matcher;

struct Entry {
    path: PathBuf,
    name: String,
    verdict: String,
    /// What joblib 1.6 loads, if somebody looked.
    expected: Option<Json>,
}

fn entries() -> Option<Vec<Entry>> {
    let root = outside::corpus()?;
    let json = |name| -> Json { serde_json::from_slice(&fs::read(root.join(name)).unwrap()).unwrap() };
    let (manifest, expected) = (json("MANIFEST.json"), json("EXPECT.json"));
    let entries = manifest.as_array().unwrap().iter();
    let entries = entries.filter(|entry| entry["codec"] == "pickle").map(|entry| {
        let path = entry["path"].as_str().unwrap();
        Entry {
            path: root.join(path),
            name: path.to_owned(),
            verdict: entry["verdict"].as_str().unwrap().to_owned(),
            expected: entry["expect_key"].as_str().map(|key| node(&expected[key])),
        }
    });
    Some(entries.collect())
}

/// The corpus's description of an object in the grammar of the fixtures' manifest.
fn node(described: &Json) -> Json {
    let Json::Object(described) = described else {
        return match described {
            Json::Array(items) => items.iter().map(node).collect(),
            leaf => leaf.clone(),
        };
    };
    let mut out: Map<String, Json> = described
        .iter()
        .map(|(key, value)| (key.clone(), node(value)))
        .collect();
    match described["t"].as_str().unwrap() {
        "float" => out.insert("bits".into(), described["v"].clone()),
        "dict" => {
            assert_eq!(described["class"], "dict");
            None
        }
        kind @ ("ndarray" | "matrix") => {
            if kind == "matrix" {
                out.insert("subclass".into(), json!("numpy.matrix"));
            }
            let order = described
                .get("fortran")
                .map(|fortran| if *fortran == true { "F" } else { "C" });
            out.insert("order".into(), json!(order));
            out.insert("dtype".into(), dtype(&described["dtype"]));
            out.insert("t".into(), "ndarray".into())
        }
        "masked" => {
            let Json::Object(mut data) = node(&described["data"]) else {
                panic!("{described:?}")
            };
            data.insert("mask_sha256".into(), described["mask"]["sha256"].clone());
            out = data;
            None
        }
        _ => None,
    };
    out.into()
}

/// A dtype of the corpus, which has structs as numpy's `descr`, in the grammar of the manifest.
fn dtype(descr: &Json) -> Json {
    let Json::Array(fields) = descr else {
        return descr.clone();
    };
    let field = |field: &Json| match field.as_array().unwrap().as_slice() {
        [name, dtype] => format!("({name}, {dtype})"),
        [name, dtype, Json::Array(shape)] => {
            let shape: String = shape.iter().map(|n| format!("{n},")).collect();
            format!("({name}, {dtype}, ({shape}))")
        }
        _ => panic!("{field}"),
    };
    let fields: Vec<String> = fields.iter().map(field).collect();
    let dtype = format!("[{}]", fields.join(", ")).parse().unwrap();
    node::dtype(&dtype)
}

/// As a stranger's file, and arrays in this machine's byte order, as joblib has them.
fn load(entry: &Entry) -> demijohn::Result<Document> {
    let options = LoadOptions::new().limits(Limits::untrusted());
    demijohn::load_with(&entry.path, options.native_byte_order(true))
}

/// Whether the document is what it should be.
fn check(entry: &Entry, document: &Document) -> Result<(), String> {
    match &entry.expected {
        // Dicts of Python 2 had no order.
        Some(expected) => {
            let unordered = entry.name.contains("py27") || entry.name.contains("py2.7");
            Matcher::new(unordered).check(document.root(), expected)
        }
        None => Ok(()),
    }
}

/// Whether nothing is named that may do harm; what stands for a companion file may, to those who follow every name.
fn is_safe(document: &Document) -> bool {
    let mut globals = document.globals();
    globals.all(|global| global.is_known_safe() || global.name == "NDArrayWrapper")
}

#[test]
fn good_files_hold_what_joblib_finds_in_them() {
    let Some(entries) = entries() else { return };
    let (mut compared, mut wrong) = (0, Vec::new());
    // The companions of joblib's oldest files are in `.npy` files of their own.
    let good = entries
        .iter()
        .filter(|entry| entry.verdict == "ok" && !entry.name.ends_with(".npy"));
    for entry in good {
        compared += u32::from(entry.expected.is_some());
        let fault = match load(entry) {
            Ok(document) if !is_safe(&document) => Some("it names what is not safe".to_owned()),
            Ok(document) => check(entry, &document).err(),
            Err(error) => Some(error.to_string()),
        };
        wrong.extend(fault.map(|fault| format!("{}: {fault}", entry.name)));
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(compared > 140, "only {compared} files");
}

#[test]
fn bad_files_are_refused_or_inert() {
    let Some(entries) = entries() else { return };
    let mut counts = [0; 2];
    for entry in entries.iter().filter(|entry| entry.verdict == "reject") {
        let name = entry.name.as_str();
        let expected = match name {
            // Zip files, and what does not even begin like a pickle.
            _ if !pickle::looks_like(&fs::read(&entry.path).unwrap()) => {
                Some(&[ErrorKind::UnknownFormat][..])
            }
            _ if name.contains("test_truncated") => Some(&[ErrorKind::Truncated][..]),
            _ if name.contains("cpython-test_bad") => Some(&[ErrorKind::Corrupt][..]),
            _ => None,
        };
        match (load(entry), expected) {
            (Ok(document), None) => {
                assert!(!is_safe(&document), "{name}: nothing to worry about");
                counts[1] += 1;
            }
            (Err(error), expected) => {
                let damaged = [ErrorKind::Corrupt, ErrorKind::Truncated, ErrorKind::Unsupported];
                let expected = expected.unwrap_or(&damaged);
                assert!(
                    expected.contains(&error.kind()),
                    "{name}: {:?}: {error}",
                    error.kind()
                );
                counts[0] += 1;
            }
            (Ok(_), Some(_)) => panic!("{name} was loaded"),
        }
    }
    assert!(counts[0] > 85 && counts[1] > 35, "{counts:?}");
}

#[test]
fn what_can_be_read_either_way_is_an_error_or_what_joblib_finds() {
    let Some(entries) = entries() else { return };
    let (mut loaded, mut refused) = (0, Vec::new());
    for entry in entries.iter().filter(|entry| entry.verdict == "either") {
        match load(entry) {
            Ok(document) => {
                loaded += 1;
                check(entry, &document).unwrap_or_else(|fault| panic!("{}: {fault}", entry.name));
            }
            Err(error) => refused.push((entry.name.as_str(), error.kind())),
        }
    }
    // Arrays of objects in `.npy` files, which are no joblib files, and damage that some readers overlook.
    for (name, kind) in &refused {
        let expected = match name.ends_with(".npy") {
            true => ErrorKind::UnknownFormat,
            false => ErrorKind::Corrupt,
        };
        assert_eq!(*kind, expected, "{name}");
    }
    assert!(loaded >= 20 && refused.len() <= 4, "{loaded} {refused:?}");
}

#[test]
fn inspecting_says_the_same_and_names_what_may_do_harm() {
    let Some(entries) = entries() else { return };
    for entry in &entries {
        let found = demijohn::inspect(&entry.path).unwrap();
        let name = entry.name.as_str();
        // What is in companions is not in the file.
        let apart = found.globals.iter().any(|global| global.name == "NDArrayWrapper");
        if found.content != Content::Pickle || apart {
            continue;
        }
        match load(entry) {
            Ok(document) => {
                assert!(found.error.is_none(), "{name}: {:?}", found.error);
                let mut uses = 0;
                for global in &found.globals {
                    uses += usize::try_from(global.count).unwrap();
                }
                assert_eq!(uses, document.globals().len(), "{name}");
            }
            Err(error) => {
                let kind = found.error.map(|error| error.kind());
                assert_eq!(kind, Some(error.kind()), "{name}");
            }
        }
    }
}

/// Before a cut at this place, a file may have too few bytes to tell its format.
const HEAD: usize = 14;

/// Small ones at every byte and large ones at 500 places, if `cargo xtask torture cuts` runs this; else at fewer.
#[test]
#[allow(clippy::print_stdout, reason = "what was counted is worth seeing")]
fn every_cut_of_a_good_file_is_noticed() {
    let Some(entries) = entries() else { return };
    let (every, some) = if effort::tortured() {
        (8 << 10, 500)
    } else {
        (200, 30)
    };
    let (mut files, mut cuts) = (0, 0);
    for entry in entries.iter().filter(|entry| entry.verdict == "ok") {
        let bytes = fs::read(&entry.path).unwrap();
        // Companions, and what needs them.
        if entry.name.ends_with(".npy") || entry.name.contains("joblib_0.9.2_pickle") {
            continue;
        }
        let places = if bytes.len() <= every { bytes.len() } else { some };
        for cut in (0..places)
            .map(|place| place * bytes.len() / places)
            .chain([bytes.len() - 1])
        {
            let error = load_from(&bytes[..cut]).expect_err(&entry.name);
            let unknown = error.kind() == ErrorKind::UnknownFormat && (1..HEAD).contains(&cut);
            assert!(
                unknown || error.kind() == ErrorKind::Truncated,
                "{}, cut at byte {cut}: {error}",
                entry.name
            );
            cuts += 1;
        }
        files += 1;
    }
    println!("{cuts} cuts of {files} files");
    assert!(files > 140, "only {files} files");
}
