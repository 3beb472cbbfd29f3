//! Every file that `fixtures/make_fixtures.py` makes, held to its manifest: what stock joblib wrote is what is loaded,
//! and what is written back is what stock joblib loads.
//!
//! Needs a Python with joblib and numpy: `$DEMIJOHN_PYTHON`, or `target/venv/bin/python`. Without one, the tests say
//! that they were skipped.

mod node;
#[path = "../../../testing/outside.rs"]
mod outside;

use std::fs;
use std::io::{BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use demijohn::{Document, DumpOptions, Durability, ErrorKind, Protocol};
use serde_json::Value as Json;
use tempfile::TempDir;

use node::Matcher;

/// More than any of these values takes to compare.
const BUDGET: u64 = 1_000_000;

/// The files, and what they should be.
struct Fixtures {
    python: PathBuf,
    folder: TempDir,
    entries: Vec<Json>,
}

impl Fixtures {
    fn make() -> Option<Self> {
        let python = outside::python("joblib, numpy")?;
        let folder = tempfile::tempdir().unwrap();
        let script = outside::workspace().join("fixtures/make_fixtures.py");
        outside::run(Command::new(&python).arg(script).arg(folder.path()));
        let manifest = fs::read(folder.path().join("manifest.json")).unwrap();
        let manifest: Json = serde_json::from_slice(&manifest).unwrap();
        assert_eq!(manifest["manifest_version"], 1);
        let entries = manifest["files"].as_array().unwrap().clone();
        Some(Self {
            python,
            folder,
            entries,
        })
    }

    fn path(&self, entry: &Json) -> PathBuf {
        self.folder.path().join(name(entry))
    }
}

fn name(entry: &Json) -> &str {
    entry["file"].as_str().unwrap()
}

/// What the file should hold, in the order in which it stands there.
fn values(entry: &Json) -> Vec<&Json> {
    match entry.get("values") {
        Some(values) => values.as_array().unwrap().iter().collect(),
        None => vec![&entry["value"]],
    }
}

/// The documents in a file, of which only the last may have something behind it.
fn load_all(path: &Path, entry: &Json) -> Result<Vec<Document>, demijohn::Error> {
    let count = values(entry).len();
    let start = entry["start_offset"].as_u64().unwrap_or(0);
    if (count, start) == (1, 0) {
        return Ok(vec![demijohn::load(path)?]);
    }
    let mut file = fs::File::open(path)?;
    file.seek(SeekFrom::Start(start))?;
    let mut file = BufReader::new(file);
    (0..count).map(|_| demijohn::load_from(&mut file)).collect()
}

fn check(entry: &Json, documents: &[Document]) -> Result<(), String> {
    for (document, value) in documents.iter().zip(values(entry)) {
        // The Pythons that wrote those had dicts without order.
        let unordered = name(entry).starts_with("real/");
        Matcher::new(unordered).check(document.root(), value)?;
    }
    Ok(())
}

#[test]
fn every_file_is_what_the_manifest_says() {
    let Some(fixtures) = Fixtures::make() else { return };
    let (mut checked, mut wrong) = (0, Vec::new());
    for entry in &fixtures.entries {
        checked += 1;
        let loaded = load_all(&fixtures.path(entry), entry);
        let fault = match (loaded, entry["error"].as_bool()) {
            (Err(e), Some(true)) if matches!(e.kind(), ErrorKind::Truncated | ErrorKind::Checksum) => None,
            (Ok(documents), None) => check(entry, &documents).err(),
            (Ok(_), _) => Some("it was loaded, but is damaged".to_owned()),
            (Err(e), _) => Some(format!("{:?}: {e}", e.kind())),
        };
        wrong.extend(fault.map(|fault| format!("{}: {fault}", name(entry))));
    }
    assert!(checked > 50, "only {checked} files");
    assert!(
        wrong.is_empty(),
        "{} of {checked} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Ways to write, by name.
fn ways() -> impl Iterator<Item = (&'static str, DumpOptions)> {
    let protocols = [
        ("2", Protocol::V2),
        ("3", Protocol::V3),
        ("4", Protocol::V4),
        ("5", Protocol::V5),
    ];
    let protocols = protocols.map(|(name, protocol)| (name, DumpOptions::new().protocol(protocol)));
    let old = DumpOptions::new().aligned(false).protocol(Protocol::V2);
    let durable = DumpOptions::new().durability(Durability::Sync);
    protocols.into_iter().chain([("old", old), ("durable", durable)])
}

#[test]
fn joblib_loads_what_is_written_back() {
    let Some(fixtures) = Fixtures::make() else { return };
    let copies = tempfile::tempdir().unwrap();
    for entry in &fixtures.entries {
        if entry.get("error").is_some() {
            continue;
        }
        let name = name(entry).replace('/', "+");
        let documents = load_all(&fixtures.path(entry), entry).unwrap();
        let numbered = documents.iter().enumerate();
        for ((i, document), (how, options)) in numbered.flat_map(|d| ways().map(move |way| (d, way))) {
            let path = copies.path().join(format!("{name}+{how}+{i}"));
            demijohn::dump_with(document, &path, options.compression("none")).unwrap();
            let again = demijohn::load(&path).unwrap();
            assert!(
                again.root().deep_eq(document.root(), BUDGET).unwrap(),
                "{name} is not read as it was written, {how}"
            );
        }
    }
    let script = outside::workspace().join("persist/tests/manifest/compare.py");
    outside::run(
        Command::new(&fixtures.python)
            .arg(script)
            .arg(fixtures.folder.path())
            .arg(copies.path()),
    );
}

/// Small fixtures of all sorts: protocols, pads and none, arrays of numbers and of objects, classes, models, codecs.
const CUT: [&str; 13] = [
    "arrays/f8_proto0.joblib",
    "arrays/object_proto2.joblib",
    "arrays/f8_proto2.joblib",
    "arrays/f8_proto5.joblib",
    "arrays/structured.joblib",
    "arrays/big_endian.joblib",
    "arrays/subclasses.joblib",
    "python/basic_proto1.joblib",
    "python/stdlib_proto4.joblib",
    "python/collections_proto4.joblib",
    "science/sklearn_pipeline.joblib.gz",
    "legacy/zfile.gz",
    "containers/by_extension.joblib.xz",
];

#[test]
fn every_cut_of_what_joblib_wrote_is_truncated() {
    let Some(fixtures) = Fixtures::make() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut");
    for name in CUT {
        let whole = fs::read(fixtures.folder.path().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        let mut file = fs::File::create(&path).unwrap();
        for end in 0..whole.len() {
            let error = demijohn::load_from(&whole[..end]).expect_err(name);
            // A few bytes are not enough to tell a format by.
            let untold = error.kind() == ErrorKind::UnknownFormat && end < 6 && whole[0] != 0x80;
            assert!(
                error.kind() == ErrorKind::Truncated || untold,
                "{name} cut at {end} of {}: {error}",
                whole.len()
            );
            assert!(
                error.offset_out().is_some() || error.offset_in().is_some() || end < 6,
                "{name}, {end}: {error}"
            );
            // The same from a file, whose length is known.
            let by_path = demijohn::load(&path).expect_err(name);
            assert!(
                by_path.kind() == ErrorKind::Truncated || untold,
                "{name} cut at {end}: {by_path}"
            );
            file.write_all(&whole[end..=end]).unwrap();
        }
        assert!(demijohn::load(&path).is_ok(), "{name}");
    }
}
