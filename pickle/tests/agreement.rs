//! Tampered pickles, as CPython's `Lib/pickle.py` reads them: the same value or a refusal on both sides.
//!
//! Needs a Python: `$DEMIJOHN_PYTHON`, or `target/venv/bin/python`. Without one, the test says that it was skipped. With the
//! corpus, its pickles are tampered with as well.

#[path = "../../testing/effort.rs"]
mod effort;
#[path = "../../testing/outside.rs"]
mod outside;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

use demijohn_pickle::{self as pickle, Kind, Value};

/// Tokens of a value that are compared; the rest, as of cycles, is left.
const MOST: usize = 2000;

/// Tampered pickles of a round.
const COUNT: usize = 6000;

/// What is refused here and read there.
const STRICTER: &[(&str, &str)] = &[
    (
        "BUILD of",
        "Python does nothing for a state that is empty or None, whatever it is for",
    ),
    (
        "cannot set items of",
        "nor for no items; and it replaces those of lists by index, as no writer does",
    ),
    (
        "cannot append to",
        "nor for no items; and a bytearray takes an int, as no writer does",
    ),
    (
        "cannot add to",
        "the same; sets and bytes made by calls are that here, and recorders there",
    ),
    ("not an integer", "Python takes underscores between digits"),
    (
        "STACK_GLOBAL requires str",
        "names here have no lone surrogates, nor has anything that can be imported",
    ),
];

/// What is read here and refused there. Nothing is called or hashed here, so nobody asks whether that could be done.
const LAXER: &[(&str, &str)] = &[
    ("is not callable", "what is called is recorded, whatever it is"),
    ("has no attribute '__name__'", "the same"),
    ("is not a type object", "the same"),
    ("the arguments are no tuple", "so is what it is called with"),
    ("argument after ** must be a mapping", "the same"),
    ("keywords must be strings", "the same"),
    (
        "'ascii' codec can't decode",
        "names in INST may be UTF-8, as those in GLOBAL",
    ),
    (
        "unhashable type",
        "keys of dicts and items of sets are kept as a sequence",
    ),
];

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// A value spelled out, as agreement.py does it.
fn describe(root: Value<'_>) -> String {
    let (mut tokens, mut waiting) = (Vec::new(), vec![root]);
    while tokens.len() < MOST
        && let Some(value) = waiting.pop()
    {
        let mut parts = Vec::new();
        let token = match value.kind() {
            Kind::None => "None".to_owned(),
            Kind::Bool => if value.as_bool().unwrap() { "True" } else { "False" }.to_owned(),
            Kind::Int => match value.as_i128() {
                Some(n) if n != i128::MIN => format!("int:{n}"),
                _ => "int:long".to_owned(),
            },
            Kind::Float => format!("float:{:016x}", value.as_f64().unwrap().to_bits()),
            Kind::Str => format!(
                "str:{}",
                value.as_str().map_or("?".to_owned(), |s| hex(s.as_bytes()))
            ),
            Kind::Str8 | Kind::Bytes => format!("bytes:{}", hex(value.as_bytes().unwrap())),
            Kind::ByteArray => format!("bytearray:{}", hex(value.as_bytes().unwrap())),
            Kind::Set => "set".to_owned(),
            Kind::FrozenSet => "frozenset".to_owned(),
            Kind::Tuple | Kind::List => {
                parts.extend(value.iter());
                format!("{}:{}", value.kind(), parts.len())
            }
            Kind::Dict => {
                parts.extend(value.items().flat_map(|(key, value)| [key, value]));
                format!("dict:{}", parts.len() / 2)
            }
            Kind::Global => {
                let (module, name) = value.as_global().unwrap();
                format!("global:{}:{}", hex(module.as_bytes()), hex(name.as_bytes()))
            }
            _ => {
                let object = value
                    .as_object()
                    .unwrap_or_else(|| panic!("{value:?} is no call"));
                let (module, name) = object.callable().as_global().unwrap_or_default();
                parts.extend(object.args().iter());
                let args = parts.len();
                parts.extend(
                    object
                        .kwargs()
                        .into_iter()
                        .flat_map(|k| k.items().flat_map(|(k, v)| [k, v])),
                );
                let kwargs = (parts.len() - args) / 2;
                let items = object.appended();
                // What these are called with is told as their items.
                let made_with_items = ["OrderedDict", "Counter"]
                    .iter()
                    .any(|name| object.calls("collections", name));
                let pairs = if made_with_items {
                    None
                } else {
                    Some(value.items())
                };
                let pairs: Vec<_> = pairs.into_iter().flatten().collect();
                let counts = (items.len(), pairs.len(), object.states().len());
                parts.extend(items);
                parts.extend(pairs.into_iter().flat_map(|(key, value)| [key, value]));
                parts.extend(object.states());
                let (module, name) = (hex(module.as_bytes()), hex(name.as_bytes()));
                let (items, pairs, states) = counts;
                format!("object:{module}:{name}:{args}:{kwargs}:{items}:{pairs}:{states}")
            }
        };
        tokens.push(token);
        waiting.extend(parts.into_iter().rev());
    }
    tokens.join(" ")
}

/// What this crate answers, in the words of agreement.py.
fn answer(bytes: &[u8]) -> String {
    match pickle::read(&mut &*bytes) {
        Ok(document) => format!("ok {}", describe(document.root())),
        Err(error) => format!("no {error}"),
    }
}

/// Whether two answers are the same, or the difference is one that is meant.
fn agree(ours: &str, theirs: &str) -> bool {
    let listed = |list: &[(&str, &str)], refusal: &str| list.iter().any(|(words, _)| refusal.contains(words));
    match (ours.split_once(' '), theirs.split_once(' ')) {
        (Some(("no", _)), Some(("no", _))) => true,
        (Some(("no", ours)), Some(("ok", _))) => listed(STRICTER, ours),
        (Some(("ok", _)), Some(("no", theirs))) => listed(LAXER, theirs),
        _ => ours == theirs,
    }
}

/// The small pickles of the corpus, as arguments.
fn pickles_of_the_corpus() -> Vec<PathBuf> {
    let Some(corpus) = outside::corpus() else {
        return Vec::new();
    };
    let mut found: Vec<PathBuf> = Vec::new();
    let mut folders = vec![corpus.join("pickle/good")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.metadata().unwrap().len() < 2000 {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
#[allow(clippy::print_stdout, reason = "who runs it is to see how many there were")]
fn tampered_pickles_are_read_as_python_reads_them_or_refused_by_both() {
    let Some(python) = outside::python("pickle") else {
        return;
    };
    let script = outside::workspace().join("pickle/tests/agreement.py");
    let corpus = pickles_of_the_corpus();
    let (mut compared, mut read_by_both, mut differ) = (0, 0, BTreeMap::<String, String>::new());
    for seed in effort::rounds(1, 200) {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(&python);
        command.args([script.as_os_str(), folder.path().as_os_str()]);
        outside::run(command.args([seed.to_string(), COUNT.to_string()]).args(&corpus));
        let pickles = std::fs::read(folder.path().join("pickles")).unwrap();
        let answers = std::fs::read_to_string(folder.path().join("answers")).unwrap();
        let mut rest = &*pickles;
        for theirs in answers.lines() {
            let (len, after) = rest.split_first_chunk().unwrap();
            let (bytes, after) = after.split_at(u32::from_le_bytes(*len) as usize);
            rest = after;
            let ours = answer(bytes);
            compared += 1;
            if ours == theirs {
                read_by_both += 1;
            } else if !agree(&ours, theirs) {
                let case = format!(
                    "{}\n  here:  {ours:.500}\n  there: {theirs:.500}",
                    bytes.escape_ascii()
                );
                let cause = if ours.starts_with("no") {
                    ours
                } else {
                    theirs.to_owned()
                };
                // One of each kind is enough to read.
                differ
                    .entry(cause.chars().filter(|c| !c.is_ascii_digit()).take(60).collect())
                    .or_insert(case);
            }
        }
        assert!(rest.is_empty());
    }
    println!("{compared} pickles, {read_by_both} read by both");
    assert!(
        read_by_both * 5 > compared,
        "{read_by_both} of {compared} are read by both"
    );
    let differ: Vec<String> = differ.into_values().collect();
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}
