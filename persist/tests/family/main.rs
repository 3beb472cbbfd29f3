//! Any object, through any codec that joblib has and in any protocol, to joblib and back: to the current one, and without
//! pads to joblib 1.1, which knows none.
//!
//! Needs Pythons with these: `$DEMIJOHN_PYTHON` or `target/venv/bin/python`, and `$DEMIJOHN_PYTHON_JOBLIB11` or
//! `target/venv-joblib11/bin/python`. Without them, the tests say what was skipped.

mod object;
#[path = "../../../testing/outside.rs"]
mod outside;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use demijohn::{DumpOptions, LoadOptions, Protocol};
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};
use serde_json::{Value as Json, json};

use object::Object;

const CODECS: [&str; 7] = ["none", "zlib", "gzip", "bz2", "lzma", "xz", "lz4"];
const PROTOCOLS: [Protocol; 4] = [Protocol::V2, Protocol::V3, Protocol::V4, Protocol::V5];

/// Objects in a case, each with a pair of codec and protocol of its own.
const OBJECTS: usize = CODECS.len() * PROTOCOLS.len();

/// How the object of a number is compressed and pickled.
fn way(number: usize) -> (&'static str, Protocol) {
    (
        CODECS[number % CODECS.len()],
        PROTOCOLS[number / CODECS.len() % PROTOCOLS.len()],
    )
}

/// A joblib that objects are exchanged with.
struct Peer {
    python: PathBuf,
    /// Whether it knows pads.
    aligned: bool,
}

impl Peer {
    fn run(&self, folder: &Path, args: &[&str]) -> Result<(), TestCaseError> {
        let script = outside::workspace().join("persist/tests/family/family.py");
        let (command, rest) = args.split_first().unwrap();
        let mut python = Command::new(&self.python);
        let output = python.arg(script).arg(command).arg(folder).args(rest).output();
        let output = output.unwrap();
        let (out, err) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        prop_assert!(output.status.success(), "{args:?}: {out}{err}");
        Ok(())
    }

    fn options(&self, number: usize) -> DumpOptions {
        let (codec, protocol) = way(number);
        let options = DumpOptions::new().aligned(self.aligned).protocol(protocol);
        options.compression(codec)
    }

    /// Everything in both directions, and what came from there back again.
    fn exchange(&self, objects: &[Object]) -> Result<(), TestCaseError> {
        let folder = tempfile::tempdir().unwrap();
        let file = |part: &str, number: usize| folder.path().join(part).join(format!("{number}.pkl"));
        for part in ["ours", "theirs", "back"] {
            fs::create_dir(folder.path().join(part)).unwrap();
        }
        let described = objects.iter().enumerate().map(|(number, object)| {
            let (codec, protocol) = way(number);
            json!({"object": object.describe(), "codec": codec, "protocol": protocol as u8})
        });
        let described: Vec<Json> = described.collect();
        fs::write(folder.path().join("objects.json"), json!(described).to_string()).unwrap();

        for (number, object) in objects.iter().enumerate().filter(|(_, object)| object.is_rusts()) {
            demijohn::dump_with(object, file("ours", number), self.options(number)).unwrap();
        }
        self.run(folder.path(), &["exchange", "ours", "theirs"])?;

        for (number, object) in objects.iter().enumerate() {
            let path = file("theirs", number);
            let same = |native: bool| {
                let options = LoadOptions::new().native_byte_order(native);
                let document = demijohn::load_with(&path, options).map_err(|e| e.to_string())?;
                object.check(document.root(), native)?;
                Ok::<_, String>(document)
            };
            let document = same(false);
            let fault = document.as_ref().err().cloned().or(same(true).err());
            prop_assert!(fault.is_none(), "{number}, {:?}: {}", way(number), fault.unwrap());
            demijohn::dump_with(&document.unwrap(), file("back", number), self.options(number)).unwrap();
        }
        self.run(folder.path(), &["check", "back"])
    }
}

/// So many cases of [`OBJECTS`] objects.
fn exchange(peer: &Peer, cases: u32) {
    let config = ProptestConfig {
        cases,
        // Each step takes two processes.
        max_shrink_iters: 40,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let objects = prop::collection::vec(object::objects(), OBJECTS);
    let result = TestRunner::new(config).run(&objects, |objects| peer.exchange(&objects));
    result.unwrap_or_else(|e| panic!("{e}"));
}

#[test]
fn any_object_is_exchanged_with_joblib() {
    let Some(python) = outside::python("joblib, numpy, lz4.frame") else {
        return;
    };
    let aligned = true;
    exchange(&Peer { python, aligned }, 3);
}

#[test]
fn any_object_is_exchanged_with_a_joblib_that_knows_no_pads() {
    let Some(python) = outside::python_joblib11() else {
        return;
    };
    let aligned = false;
    exchange(&Peer { python, aligned }, 3);
}

#[test]
fn what_is_aligned_means_nothing_to_a_joblib_that_knows_no_pads() {
    let Some(python) = outside::python_joblib11() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let array = demijohn::Array::from_vec(vec![1.5_f64, 2.5], &[2]).unwrap();
    for (name, aligned) in [("with", true), ("without", false)] {
        let options = DumpOptions::new().aligned(aligned);
        demijohn::dump_with(&array, folder.path().join(name), options).unwrap();
    }
    // So the other test tests something.
    let script = "
import joblib
assert joblib.__version__ < '1.2', joblib.__version__
assert joblib.load('without').tolist() == [1.5, 2.5]
try:
    print(joblib.load('with').tolist() == [1.5, 2.5])
except Exception:
    print(False)
";
    let printed = outside::run(
        Command::new(python)
            .args(["-c", script])
            .current_dir(folder.path()),
    );
    assert_eq!(printed.trim(), "False");
}

#[test]
fn subclasses_of_arrays_are_themselves_to_an_old_joblib_with_an_old_numpy() {
    let (Some(python), Some(old)) = (outside::python("joblib, numpy"), outside::python_joblib11()) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let run = |python: &Path, script: &str| {
        outside::run(
            Command::new(python)
                .args(["-W", "ignore", "-c", script])
                .current_dir(folder.path()),
        )
    };
    let make = "
import numpy as np
values = [
    np.matrix([[1, 2], [3, 4]], dtype='<i8'),
    np.rec.array([(1, 2.5)], dtype=[('a', '<i4'), ('b', '<f8')]),
    np.char.array(['a', 'bc']),
    np.ma.array([1.5, 2.5], mask=[0, 1]),
    np.recarray,
]
types = [np.bool_, np.int_, np.uint, np.longdouble, np.dtype(bool), np.bool_(True), np.add, np.random.RandomState]
values = [types] + values
";
    run(
        &python,
        &format!("{make}import joblib; joblib.dump(values, 'new')"),
    );
    let document = demijohn::load(folder.path().join("new")).unwrap();
    for protocol in PROTOCOLS {
        let options = DumpOptions::new().aligned(false).protocol(protocol);
        demijohn::dump_with(&document, folder.path().join("old"), options).unwrap();
        let check = "
import joblib
assert np.__version__ < '2' and joblib.__version__ < '1.2', (np.__version__, joblib.__version__)
loaded = joblib.load('old')
assert [type(x) for x in loaded] == [type(x) for x in values], [type(x) for x in loaded]
assert loaded.pop() is values.pop()
# numpy 2 says `bool`, which numpy 1 has not.
assert loaded.pop(0) == values.pop(0)
for a, b in zip(loaded, values):
    assert a.dtype == b.dtype and a.tolist() == b.tolist(), (a, b)
";
        run(&old, &format!("{make}{check}"));
    }
}
