//! Files exchanged with stock joblib, in both directions. The values are made twice, here and in `peer.py`.
//!
//! Needs a Python with joblib and numpy: `$DEMIJOHN_PYTHON`, or `target/venv/bin/python`. Without one, the tests say
//! that they were skipped.

#![cfg(all(
    feature = "zlib",
    feature = "gzip",
    feature = "bz2",
    feature = "lzma",
    feature = "xz",
    feature = "lz4"
))]

#[path = "../../testing/outside.rs"]
mod outside;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use demijohn::arrays::{Layout, Order, Scalar};
use demijohn::pickle::Kind;
use demijohn::{Array, DType, Save};
use serde::{Serialize, Serializer};

const CONTAINERS: [&str; 6] = ["none", "zlib", "gzip", "bz2", "lzma", "xz"];

/// Those that this Python's joblib knows: lz4 comes with a package of its own.
fn containers(python: &Path) -> Vec<&'static str> {
    let lz4 = outside::imports(python, "lz4.frame");
    if !lz4 {
        outside::skip(&format!("{} has no lz4", python.display()));
    }
    CONTAINERS.into_iter().chain(lz4.then_some("lz4")).collect()
}

/// More than any of these values takes to compare.
const BUDGET: u64 = 1_000_000;

fn python() -> Option<PathBuf> {
    outside::python("joblib, numpy")
}

fn peer(python: &Path, command: &str, folder: &Path) {
    let script = outside::workspace().join("persist/tests/peer.py");
    outside::run(Command::new(python).arg(script).arg(command).arg(folder));
}

/// An array of arbitrary bytes; `peer.py` makes the same.
fn pattern(dtype: &str, shape: &[usize], order: Order) -> Array {
    let layout = Layout::new(dtype.parse().unwrap(), shape, order).unwrap();
    let bytes = (0..layout.nbytes()).map(|i| u8::try_from((i * 7 + 3) % 251).unwrap());
    let bytes: Vec<u8> = if layout.dtype().scalar() == Some(Scalar::Bool) {
        bytes.map(|b| b & 1).collect()
    } else {
        bytes.collect()
    };
    Array::from_bytes(layout, &bytes).unwrap()
}

struct Bytes(Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

#[derive(Serialize)]
struct Basics {
    none: Option<u8>,
    bools: Vec<bool>,
    ints: Vec<Int>,
    floats: Vec<f64>,
    texts: Vec<String>,
    bytes: Vec<Bytes>,
    tuples: Tuples,
    variants: Vec<Variant>,
    batches: Vec<Vec<u32>>,
    counts: BTreeMap<u32, String>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Int {
    Signed(i128),
    Unsigned(u128),
}

#[derive(Serialize)]
struct Triple(i8, u16, i64);

/// A list of tuples of different lengths.
struct Tuples;

impl Serialize for Tuples {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeSeq;
        let mut list = serializer.serialize_seq(None)?;
        list.serialize_element(&[(); 0])?;
        list.serialize_element(&(1,))?;
        list.serialize_element(&(1, 2))?;
        list.serialize_element(&Triple(1, 2, 3))?;
        list.serialize_element(&(1, 2, 3, 4))?;
        list.end()
    }
}

#[derive(Serialize)]
enum Variant {
    Unit,
    New(u8),
    Pair(u8, char),
    Named { x: u8, y: Vec<u8> },
}

fn basics() -> Basics {
    let signed = [
        0,
        1,
        255,
        256,
        65535,
        65536,
        -1,
        i32::MAX.into(),
        i32::MIN.into(),
        1 << 31,
        -(1 << 31) - 1,
    ];
    let wide = [
        i64::MAX.into(),
        i64::MIN.into(),
        u64::MAX.into(),
        i128::MAX,
        i128::MIN,
    ];
    let text = |c: &str, n| c.repeat(n);
    Basics {
        none: None,
        bools: vec![true, false],
        ints: signed
            .into_iter()
            .chain(wide)
            .map(Int::Signed)
            .chain([Int::Unsigned(u128::MAX)])
            .collect(),
        floats: vec![0.0, -0.0, 1.5, f64::INFINITY, f64::NEG_INFINITY, 5e-324],
        texts: vec![
            text("", 0),
            text("a", 1),
            text("é€😀", 1),
            text("x", 255),
            text("x", 256),
            text("y", 70_000),
        ],
        bytes: [vec![], vec![0, 255], vec![b'z'; 256], vec![b'w'; 70_000]]
            .into_iter()
            .map(Bytes)
            .collect(),
        tuples: Tuples,
        variants: vec![
            Variant::Unit,
            Variant::New(5),
            Variant::Pair(1, 'b'),
            Variant::Named { x: 1, y: vec![2] },
        ],
        batches: [0, 1, 2, 999, 1000, 1001, 2000, 2500]
            .into_iter()
            .map(|n| (0..n).collect())
            .collect(),
        counts: (0..1001).map(|n| (n, n.to_string())).collect(),
    }
}

/// In the order of `peer.py`, which is not that of any map.
struct DTypes;

impl Serialize for DTypes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let arrays = Scalar::ALL.iter().flat_map(|scalar| {
            ["<", ">"]
                .map(|order| format!("{order}{}", scalar.code()))
                .map(|dtype| {
                    let array = pattern(&dtype, &[3, 2], Order::C);
                    (dtype, array)
                })
        });
        serializer.collect_map(arrays)
    }
}

fn shapes() -> Vec<Array> {
    let shapes: [&[usize]; 9] = [
        &[],
        &[0],
        &[5],
        &[1, 5],
        &[5, 1],
        &[2, 3],
        &[3, 0, 2],
        &[2, 3, 4],
        &[2, 1, 3, 2, 1],
    ];
    let of = |order| shapes.iter().map(move |shape| pattern("<f8", shape, order));
    of(Order::C).chain(of(Order::F)).collect()
}

fn big_array() -> Array {
    pattern("<f8", &[400, 300], Order::C)
}

fn dump_everywhere(name: &str, value: &impl Save, containers: &[&str], folder: &Path) {
    for &container in containers {
        demijohn::dump_with(value, folder.join(format!("{name}.{container}.pkl")), container).unwrap();
    }
}

#[test]
fn joblib_reads_what_we_write() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let containers = containers(&python);
    dump_everywhere("basics", &basics(), &containers, folder.path());
    dump_everywhere("dtypes", &DTypes, &containers, folder.path());
    dump_everywhere("shapes", &shapes(), &containers, folder.path());
    dump_everywhere("array", &big_array(), &containers, folder.path());
    peer(&python, "check", folder.path());
}

#[test]
fn we_read_what_joblib_writes() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    peer(&python, "write", folder.path());
    let load = |name: &str| demijohn::load(folder.path().join(name)).unwrap();

    // The same values, by way of our own files.
    for (name, ours) in [
        ("basics", &basics() as &dyn Dump),
        ("dtypes", &DTypes),
        ("shapes", &shapes()),
        ("array", &big_array()),
    ] {
        let expected = demijohn::load_from(ours.bytes().as_slice()).unwrap();
        for container in containers(&python) {
            let theirs = load(&format!("{name}.{container}.pkl"));
            assert!(
                theirs.root().deep_eq(expected.root(), BUDGET).unwrap(),
                "{name}.{container}"
            );
        }
    }
    for protocol in 0..6 {
        let theirs = load(&format!("dtypes.protocol{protocol}.pkl"));
        assert_eq!(theirs.root().len(), Some(28));
        for (key, array) in theirs.root().items() {
            let dtype: DType = key.as_str().unwrap().parse().unwrap();
            assert_eq!(
                array.array().unwrap(),
                &pattern(&dtype.to_string(), &[3, 2], Order::C),
                "{dtype}"
            );
        }
    }
    let objects = load("others.objects.pkl");
    let items: Vec<String> = objects.root().iter().map(|item| format!("{item:?}")).collect();
    assert_eq!(items, ["1", "\"a\"", "array(<i8 (3,) C)"]);
    assert_eq!(objects.root().as_object_array().unwrap().shape(), [3]);
    let dates = load("others.dates.pkl");
    let (days, unit) = dates.root().array().unwrap().times().unwrap();
    assert_eq!((days, unit.to_string().as_str()), (&[18262][..], "D"));
    let records = load("others.records.pkl");
    let records = records.root().array().unwrap();
    assert_eq!(records.dtype().to_string(), "[('a', '<i4'), ('b', '<f8')]");
    assert_eq!(records.as_bytes()[12..16], [1, 0, 0, 0]);
}

#[test]
fn what_was_loaded_is_written_back() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    peer(&python, "write", folder.path());
    let copies = tempfile::tempdir().unwrap();
    let containers = containers(&python);
    for name in ["basics", "dtypes", "shapes", "array", "objects"] {
        let document = demijohn::load(folder.path().join(format!("{name}.none.pkl"))).unwrap();
        dump_everywhere(name, &document, &containers, copies.path());
        let again = demijohn::load(copies.path().join(format!("{name}.xz.pkl"))).unwrap();
        assert!(again.root().deep_eq(document.root(), BUDGET).unwrap(), "{name}");
    }
    // A part of a document is a value too.
    let document = demijohn::load(folder.path().join("basics.gzip.pkl")).unwrap();
    let part = document.root().get("texts").unwrap();
    assert_eq!(part.kind(), Kind::List);
    let (bytes, _) = demijohn::dump_to(&part, Vec::new(), "zlib").unwrap();
    let part_again = demijohn::load_from(bytes.as_slice()).unwrap();
    assert!(part_again.root().deep_eq(part, BUDGET).unwrap());
    peer(&python, "check", copies.path());
}

#[test]
fn arrays_are_joblibs_byte_for_byte() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    peer(&python, "write", folder.path());
    for (name, value) in [
        ("shapes", &shapes() as &dyn Dump),
        ("array", &big_array()),
        ("dtypes", &DTypes),
    ] {
        let ours = value.bytes();
        let theirs = std::fs::read(folder.path().join(format!("{name}.none.pkl"))).unwrap();
        assert!(
            ours == theirs,
            "{name}: {} and {} bytes",
            ours.len(),
            theirs.len()
        );
    }
}

#[test]
fn arrays_of_objects_are_joblibs_byte_for_byte() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    peer(&python, "write", folder.path());
    let path = folder.path().join("others.objects.pkl");
    let document = demijohn::load(&path).unwrap();
    let (ours, _) = demijohn::dump_to(&document, Vec::new(), "none").unwrap();
    let theirs = std::fs::read(&path).unwrap();
    assert_eq!(ours.escape_ascii().to_string(), theirs.escape_ascii().to_string());
}

/// Anything that can be dumped, as an object.
trait Dump {
    fn bytes(&self) -> Vec<u8>;
}

impl<T: Serialize> Dump for T {
    fn bytes(&self) -> Vec<u8> {
        demijohn::dump_to(self, Vec::new(), "none").unwrap().0
    }
}
