//! Byte for byte what CPython's `Lib/pickle.py` writes.
//!
//! Needs a Python: `$DEMIJOHN_PYTHON`, or `target/venv/bin/python`. Without one, the tests say that they were skipped.

#![cfg(feature = "serde")]

#[path = "../../testing/outside.rs"]
mod outside;

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::process::Command;

use demijohn_pickle::numpy::Inline;
use demijohn_pickle::{self as pickle, NoArrays, Protocol, Save, save};
use serde::{Serialize, Serializer};

/// Runs the script, unless there is no Python.
fn script(command: &str, folder: &Path) -> Option<()> {
    let python = outside::python("pickle")?;
    let script = outside::workspace().join("pickle/tests/reference.py");
    outside::run(Command::new(python).arg(script).arg(command).arg(folder));
    Some(())
}

/// The files in a folder, by name.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| {
        let entry = entry.unwrap();
        (
            entry.file_name().into_string().unwrap(),
            std::fs::read(entry.path()).unwrap(),
        )
    });
    files.collect()
}

fn written_in(value: &(impl Save + ?Sized), protocol: Protocol) -> Vec<u8> {
    save::write(value, Vec::new(), protocol, Inline::default()).unwrap()
}

thread_local! {
    /// What `written` writes.
    static PROTOCOL: Cell<Protocol> = const { Cell::new(Protocol::V4) };
}

fn written(value: &(impl Save + ?Sized)) -> Vec<u8> {
    written_in(value, PROTOCOL.get())
}

struct Bytes(Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Int {
    Signed(i128),
    Unsigned(u128),
}

#[derive(Serialize)]
struct Record {
    name: i64,
    size: i64,
}

/// A list of values of different types.
macro_rules! list {
    ($($value:expr),*) => {{
        struct List;
        impl Serialize for List {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeSeq;
                let mut list = serializer.serialize_seq(Some([$(stringify!($value)),*].len()))?;
                $(list.serialize_element(&$value)?;)*
                list.end()
            }
        }
        written(&List)
    }};
}

fn ints() -> Vec<Int> {
    let narrow = [
        0,
        255,
        256,
        65535,
        65536,
        -1,
        -128,
        -129,
        (1 << 31) - 1,
        1 << 31,
        -(1 << 31),
        -(1 << 31) - 1,
    ];
    let wide = [
        i64::MAX.into(),
        i64::MIN.into(),
        1 << 63,
        u64::MAX.into(),
        i128::MAX,
        i128::MIN,
    ];
    narrow
        .into_iter()
        .chain(wide)
        .map(Int::Signed)
        .chain([Int::Unsigned(u128::MAX)])
        .collect()
}

/// `[n, "x" * n, n]` or the same with bytes.
fn between<T: Serialize>(n: usize, value: T) -> Vec<u8> {
    #[derive(Serialize)]
    #[serde(untagged)]
    enum Item<T> {
        N(usize),
        Value(T),
    }
    written(&vec![Item::N(n), Item::Value(value), Item::N(n)])
}

fn values() -> BTreeMap<String, Vec<u8>> {
    let mut values = BTreeMap::from(
        [
            ("none", written(&())),
            ("true", written(&true)),
            ("three", written(&5)),
            ("four", written(&256)),
            ("ints", written(&ints())),
            ("floats", written(&vec![0.5, -0.0, 1e300])),
            (
                "empty",
                list!([(); 0].to_vec(), HashMap::<u8, u8>::new(), [(); 0]),
            ),
            ("tuples", list!((1,), (1, 2), (1, 2, 3), (1, 2, 3, 4))),
            (
                "records",
                written(&(0..3).map(|i| Record { name: i, size: -i }).collect::<Vec<_>>()),
            ),
            ("one", written(&BTreeMap::from([("key", vec![7])]))),
            (
                "frames",
                written(&vec![
                    (0..30_000).collect::<Vec<u32>>(),
                    (30_000..60_000).collect(),
                ]),
            ),
            (
                "strings",
                written(&(0..20_000).map(|i| i.to_string().repeat(3)).collect::<Vec<_>>()),
            ),
        ]
        .map(|(name, bytes)| (name.to_owned(), bytes)),
    );
    for n in [0, 1, 2, 999, 1000, 1001, 2000, 2001, 3500] {
        values.insert(format!("list{n}"), written(&(0..n).collect::<Vec<u32>>()));
        values.insert(
            format!("dict{n}"),
            written(&(0..n).map(|i| (i, ())).collect::<BTreeMap<u32, ()>>()),
        );
    }
    for n in [0, 1, 255, 256, 65535, 65536, 200_000] {
        values.insert(format!("str{n}"), between(n, "x".repeat(n)));
        values.insert(format!("bytes{n}"), between(n, Bytes(vec![b'x'; n])));
    }
    values
}

/// Where two byte strings part, with what is around.
fn difference(a: &[u8], b: &[u8]) -> String {
    let at = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let around = |bytes: &[u8]| {
        bytes[at.saturating_sub(20)..bytes.len().min(at + 20)]
            .escape_ascii()
            .to_string()
    };
    format!("at {at}: {} / {}", around(a), around(b))
}

#[test]
fn serde_values_are_written_as_python_writes_them() {
    let folder = tempfile::tempdir().unwrap();
    let Some(()) = script("write", folder.path()) else {
        return;
    };
    for protocol in Protocol::ALL {
        let theirs = files(&folder.path().join(format!("values.{}", protocol.number())));
        PROTOCOL.set(protocol);
        let ours = values();
        assert!(ours.keys().eq(theirs.keys()), "the same names on both sides");
        for (name, ours) in &ours {
            assert!(
                *ours == theirs[name],
                "{name} in {protocol:?} {}",
                difference(ours, &theirs[name])
            );
        }
    }
}

/// Whether Python pickles the object of this name differently in the two protocols, or knows two equal things apart
/// that a pickle of the first does not. Such documents are loaded by Python and compared, like all others.
fn loses_identity(from: u8, to: u8, name: &str) -> bool {
    match name {
        // Instances below protocol 2 are made by a function, `copyreg._reconstructor`.
        "in_set" | "namespace" | "uuid" => from < 2,
        // The same; and below protocol 4 there is no opcode for keyword arguments, which are copied.
        "keyword" => from < 2 || (from < 4) != (to < 4),
        // Exceptions of Python 3 that were one in Python 2; and below protocol 2 they are shared with `object`.
        "old_names" => from < 3,
        // Names with dots are calls of `getattr` below protocol 4, and `builtins` is two strings there.
        "nested_name" => true,
        // Neither in C order nor in Fortran's: the order of axes is not kept.
        "array_axes" => to == 5,
        // The bit of the later of two equal times stands elsewhere from protocol 4 on.
        "zones" => (from < 4) != (to < 4),
        _ => false,
    }
}

#[test]
fn documents_are_written_as_python_wrote_them_in_every_protocol() {
    let folder = tempfile::tempdir().unwrap();
    let Some(()) = script("write", folder.path()) else {
        return;
    };
    let copies = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for from in 0..6_u8 {
        for (name, theirs) in &files(&folder.path().join(format!("objects.{from}"))) {
            let document =
                pickle::read(&mut theirs.as_slice()).unwrap_or_else(|e| panic!("{from} {name}: {e}"));
            for protocol in Protocol::ALL {
                let to = protocol.number();
                let ours = written_in(&document, protocol);
                let theirs = std::fs::read(folder.path().join(format!("objects.{to}")).join(name)).unwrap();
                if ours != theirs && !loses_identity(from, to, name) {
                    wrong.push(format!(
                        "{name} from {from} to {to} {}",
                        difference(&ours, &theirs)
                    ));
                }
                let copy = copies.path().join(format!("objects.{from}.{to}"));
                std::fs::create_dir_all(&copy).unwrap();
                std::fs::write(copy.join(name), ours).unwrap();
            }
        }
    }
    script("check", copies.path()).unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Announces a tuple of two, and gives another number of items.
struct Liar(usize);

impl Serialize for Liar {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeTuple;
        let mut tuple = serializer.serialize_tuple(2)?;
        (0..self.0).try_for_each(|i| tuple.serialize_element(&i))?;
        tuple.end()
    }
}

#[test]
fn values_are_not_written_in_the_first_two_protocols() {
    for protocol in [Protocol::V0, Protocol::V1] {
        let error = save::write(&1, Vec::new(), protocol, NoArrays).unwrap_err();
        assert_eq!(error.kind(), pickle::ErrorKind::Unsupported);
    }
}

#[test]
fn tuples_of_another_length_than_announced_are_refused() {
    for n in [0, 1, 3] {
        let error = save::write(&Liar(n), Vec::new(), Protocol::V4, NoArrays).unwrap_err();
        assert_eq!(error.kind(), pickle::ErrorKind::Parameter, "{n}");
    }
    assert!(!written(&Liar(2)).is_empty());
}

/// A sequence whose length nobody knows.
struct Unknown(u32);

impl Serialize for Unknown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeSeq;
        let mut list = serializer.serialize_seq(None)?;
        (0..self.0).try_for_each(|i| list.serialize_element(&i))?;
        list.end()
    }
}

#[test]
fn lists_of_unknown_length_are_good_pickles() {
    for n in [0, 1, 2, 1000, 1001, 2001] {
        let document = pickle::read(&mut written(&Unknown(n)).as_slice()).unwrap();
        let items: Vec<i64> = document.root().iter().map(|v| v.as_i64().unwrap()).collect();
        assert_eq!(items, (0..n.into()).collect::<Vec<i64>>());
    }
}
