//! Pickles of other projects: CPython's own bad ones, picklescan's attacks, and good ones of many writers.
//!
//! Needs the corpus: `$DEMIJOHN_CORPUS`, or `../shared/corpus` beside the workspace. Without it, the tests say that they
//! were skipped. Files that are compressed or joblib's are left to the crate that knows these.

#[path = "../../testing/outside.rs"]
mod outside;

use std::path::PathBuf;

use demijohn_pickle::numpy::Inline;
use demijohn_pickle::{self as pickle, ErrorKind, Kind, Limits, NoPayload, Protocol, ReadOptions, save};

fn corpus() -> Option<(PathBuf, Vec<serde_json::Value>)> {
    let root = outside::corpus()?;
    let manifest = std::fs::read(root.join("MANIFEST.json")).unwrap();
    let entries: Vec<serde_json::Value> = serde_json::from_slice(&manifest).unwrap();
    let entries: Vec<_> = entries
        .into_iter()
        .filter(|entry| entry["codec"] == "pickle" && entry.get("stream").is_none())
        .collect();
    assert!(entries.len() > 100, "only {} pickles", entries.len());
    Some((root, entries))
}

/// Whether the file is no pickle by itself: one of joblib's, whose arrays stand between opcodes, or a container.
fn is_other_format(path: &str, bytes: &[u8]) -> bool {
    path.contains("/joblib")
        || path.ends_with(".npy")
        || bytes.starts_with(b"\x93NUMPY")
        || bytes.starts_with(b"PK")
}

#[test]
fn verdicts_are_kept() {
    let Some((root, entries)) = corpus() else { return };
    let options = ReadOptions {
        limits: Limits::untrusted(),
        length: None,
    };
    let mut counts = [0; 3];
    for entry in &entries {
        let path = entry["path"].as_str().unwrap();
        let bytes = std::fs::read(root.join(path)).unwrap();
        if is_other_format(path, &bytes) {
            continue;
        }
        let scan = pickle::scan(&mut bytes.as_slice(), &options, &mut NoPayload);
        let safe = scan.globals().iter().all(pickle::GlobalName::is_known_safe);
        match (entry["verdict"].as_str().unwrap(), &scan.outcome) {
            ("ok", outcome) => {
                counts[0] += 1;
                let document = outcome.as_ref().unwrap_or_else(|e| panic!("{path}: {e}"));
                assert!(safe, "{path}: {:?}", scan.globals());
                let copy = save::write(document, Vec::new(), Protocol::V4, Inline::default()).unwrap();
                let again = pickle::read(&mut copy.as_slice()).unwrap();
                assert!(
                    again.root().deep_eq(document.root(), 10_000_000).unwrap(),
                    "{path}"
                );
            }
            // What runs code is inert here, and told.
            ("reject", outcome) => {
                counts[1] += 1;
                assert!(outcome.is_err() || !safe, "{path}: {outcome:?}");
                let expected = match path {
                    _ if path.contains("cpython-test_truncated") => Some(ErrorKind::Truncated),
                    _ if path.contains("cpython-test_bad") => Some(ErrorKind::Corrupt),
                    _ => None,
                };
                if let Some(expected) = expected {
                    assert_eq!(
                        outcome.as_ref().unwrap_err().kind(),
                        expected,
                        "{path}: {outcome:?}"
                    );
                }
            }
            _ => counts[2] += 1,
        }
    }
    assert!(
        counts[0] >= 20 && counts[1] >= 120 && counts[2] >= 10,
        "{counts:?}"
    );
}

#[test]
fn the_globals_that_scanners_found_are_found() {
    let Some((root, entries)) = corpus() else { return };
    let mut compared = 0;
    for entry in &entries {
        let path = entry["path"].as_str().unwrap();
        if !path.contains("picklescan--GHSA") {
            continue;
        }
        let Some(expected) = entry["globals"].as_array() else {
            continue;
        };
        let bytes = std::fs::read(root.join(path)).unwrap();
        let scan = pickle::scan(&mut bytes.as_slice(), &ReadOptions::default(), &mut NoPayload);
        let found: Vec<String> = scan.globals().iter().map(ToString::to_string).collect();
        for name in expected {
            let name = name.as_str().unwrap();
            // Some of the manifest's names are guesses from the last two strings.
            if scan.outcome.is_ok() && !found.iter().any(|found| found == name) {
                assert!(!found.is_empty(), "{path}: {name} is missing, nothing was found");
                continue;
            }
            compared += 1;
        }
    }
    assert!(compared > 15, "{compared}");
}

#[test]
fn arrays_of_old_numpy_are_arrays() {
    let Some((root, entries)) = corpus() else { return };
    let mut arrays = 0;
    for entry in &entries {
        let path = entry["path"].as_str().unwrap();
        if !path.contains("numcodecs--pickle") {
            continue;
        }
        let bytes = std::fs::read(root.join(path)).unwrap();
        let document = pickle::read(&mut bytes.as_slice()).unwrap();
        let kind = document.root().kind();
        assert!(
            matches!(kind, Kind::Array | Kind::ObjectArray),
            "{path}: {:?}: {:?}",
            document.root(),
            document.root().array()
        );
        arrays += 1;
    }
    assert!(arrays >= 10, "{arrays}");
}
