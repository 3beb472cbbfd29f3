//! Rust values out of documents.

#![cfg(feature = "serde")]

mod common;

use std::collections::BTreeMap;

use common::{Asm, asm};
use demijohn_arrays::{Array, Layout, Order};
use demijohn_pickle::numpy::Inline;
use demijohn_pickle::{self as pickle, Document, ErrorKind, NoArrays, Protocol, save};
use serde::{Deserialize, Serialize};

fn written(value: &impl Serialize) -> Document {
    let bytes = save::write(value, Vec::new(), Protocol::V4, Inline::default()).unwrap();
    pickle::read(&mut bytes.as_slice()).unwrap()
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Everything {
    bool: bool,
    ints: (i8, i64, u64, i128, u128),
    floats: (f32, f64),
    text: String,
    c: char,
    none: Option<u8>,
    some: Option<u8>,
    unit: (),
    list: Vec<u16>,
    map: BTreeMap<i32, String>,
    enums: Vec<Shape>,
    newtype: Newtype,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Empty,
    Circle(f64),
    Line(u8, u8),
    Box { w: u8, h: u8 },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Newtype(u8);

#[test]
fn what_is_written_comes_back() {
    let value = Everything {
        bool: true,
        ints: (-1, i64::MIN, u64::MAX, i128::MIN, u128::MAX),
        floats: (0.5, -0.0),
        text: "é".into(),
        c: '€',
        none: None,
        some: Some(3),
        unit: (),
        list: vec![1, 2],
        map: BTreeMap::from([(-1, "x".into())]),
        enums: vec![
            Shape::Empty,
            Shape::Circle(1.5),
            Shape::Line(1, 2),
            Shape::Box { w: 3, h: 4 },
        ],
        newtype: Newtype(9),
    };
    assert_eq!(written(&value).root().to::<Everything>().unwrap(), value);
}

#[test]
fn texts_and_bytes_can_be_borrowed() {
    let document = asm(3)
        .op(b"}(")
        .str("t")
        .str("text")
        .str("b")
        .bytes(b"bytes")
        .op(b"u")
        .stop()
        .read()
        .unwrap();
    #[derive(Deserialize)]
    struct Borrowed<'d> {
        t: &'d str,
        b: &'d [u8],
    }
    let borrowed: Borrowed<'_> = document.root().to().unwrap();
    assert_eq!((borrowed.t, borrowed.b), ("text", &b"bytes"[..]));
    assert!(std::ptr::eq(
        borrowed.t,
        document.root().get("t").unwrap().as_str().unwrap()
    ));
}

#[test]
fn arrays_come_as_arrays_and_as_numbers() {
    let array = Array::from_slice_in(Order::F, &[1.5_f64, 2.0, 3.0, 4.0, 5.0, 6.0], &[2, 3]).unwrap();
    let document = written(&BTreeMap::from([("w", &array)]));
    let back: BTreeMap<String, Array> = document.root().to().unwrap();
    assert_eq!((&back["w"], back["w"].order()), (&array, Order::F));
    let rows: BTreeMap<String, Vec<Vec<f64>>> = document.root().to().unwrap();
    assert_eq!(rows["w"], [[1.5, 3.0, 5.0], [2.0, 4.0, 6.0]]);

    let big_endian = Layout::new(">i2".parse().unwrap(), &[2], Order::C).unwrap();
    let document = written(&Array::from_bytes(big_endian, &[1, 2, 0xff, 0xff]).unwrap());
    assert_eq!(document.root().to::<Vec<i64>>().unwrap(), [0x0102, -1]);
    assert_eq!(
        document.root().to::<(Option<i16>, f32)>().unwrap(),
        (Some(0x0102), -1.0)
    );
    assert_eq!(
        document.root().to::<[u16; 2]>().unwrap_err().kind(),
        ErrorKind::Parameter
    );
    assert_eq!(written(&array).into_array().unwrap(), array);
    // Without elements, but with as many rows as one likes.
    let empty = Layout::new("|u1".parse().unwrap(), &[1 << 40, 0], Order::C).unwrap();
    let document = written(&Array::zeros(empty).unwrap());
    assert_eq!(
        document.root().to::<Vec<Vec<u8>>>().unwrap_err().kind(),
        ErrorKind::Limit
    );
}

#[test]
fn well_known_values_have_types_in_rust() {
    let call = |module: &str, name: &str, args: fn(Asm) -> Asm| {
        args(asm(3).global(module, name).op(b"("))
            .op(b"tR")
            .stop()
            .read()
            .unwrap()
    };
    let complex = call("builtins", "complex", |a| {
        a.op(b"G\x3f\xf8\0\0\0\0\0\0G\0\0\0\0\0\0\0\0")
    });
    assert_eq!(complex.root().to::<(f64, f64)>().unwrap(), (1.5, 0.0));
    let day = call("datetime", "date", |a| a.bytes(b"\x07\xe4\x02\x1d"));
    assert_eq!(day.root().to::<String>().unwrap(), "2020-02-29");
    let decimal = call("decimal", "Decimal", |a| a.str("1.50"));
    assert_eq!(decimal.root().to::<&str>().unwrap(), "1.50");
    let delta = call("datetime", "timedelta", |a| {
        a.op(b"J\xff\xff\xff\xffK\x00J\x20\xa1\x07\0")
    });
    assert!((delta.root().to::<f64>().unwrap() + 86_399.5).abs() < 1e-9);
    let counter = call("collections", "Counter", |a| a.op(b"}").str("a").op(b"K\x03s"));
    assert_eq!(counter.root().to::<BTreeMap<String, u8>>().unwrap()["a"], 3);
    let deque = call("collections", "deque", |a| a.op(b"](K\x01K\x02eN"));
    assert_eq!(deque.root().to::<Vec<u8>>().unwrap(), [1, 2]);
    let range = call("builtins", "range", |a| a.op(b"K\x00K\x09K\x02"));
    assert_eq!(range.root().to::<(u8, u8, u8)>().unwrap(), (0, 9, 2));
    let scalar = call("numpy.core.multiarray", "scalar", |a| {
        a.global("numpy", "dtype")
            .str("<f4")
            .op(b"\x85R")
            .bytes(&1.5_f32.to_le_bytes())
    });
    assert_eq!(scalar.root().to::<f64>().unwrap().to_bits(), 1.5_f64.to_bits());
}

#[test]
fn instances_are_their_attributes() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Point {
        x: f64,
        y: Option<u8>,
    }
    let state = |a: Asm| {
        a.op(b"}(")
            .str("x")
            .op(b"K\x01")
            .str("y")
            .op(b"Nub")
            .stop()
            .read()
            .unwrap()
    };
    let expected = Point { x: 1.0, y: None };
    assert_eq!(
        state(asm(2).global("m", "Point").op(b")\x81"))
            .root()
            .to::<Point>()
            .unwrap(),
        expected
    );
    let old = asm(0)
        .global("copy_reg", "_reconstructor")
        .op(b"(")
        .global("m", "Point")
        .global("__builtin__", "object")
        .op(b"NtR");
    assert_eq!(state(old).root().to::<Point>().unwrap(), expected);
    let named_tuple = asm(2)
        .global("m", "Pair")
        .op(b"K\x01K\x02\x86\x81")
        .stop()
        .read()
        .unwrap();
    assert_eq!(named_tuple.root().to::<(u8, u8)>().unwrap(), (1, 2));
    // With slots.
    let slots = asm(2)
        .global("m", "Point")
        .op(b")\x81}")
        .str("x")
        .op(b"K\x01s}")
        .str("y")
        .op(b"Ns\x86b")
        .stop()
        .read()
        .unwrap();
    assert_eq!(slots.root().to::<Point>().unwrap(), expected);
    // Of a call, as classes written in C have it.
    let called = asm(2).global("m", "Point").op(b"K\x07\x85R");
    assert_eq!(state(called).root().to::<Point>().unwrap(), expected);
    // A call alone may make anything.
    let call = asm(2)
        .global("os", "system")
        .str("id")
        .op(b"\x85R")
        .stop()
        .read()
        .unwrap();
    assert_eq!(
        call.root().to::<serde_json::Value>().unwrap_err().kind(),
        ErrorKind::Unsupported
    );
}

#[test]
fn errors_name_the_path() {
    let document = asm(2)
        .op(b"}")
        .str("a")
        .op(b"]}")
        .str("b c")
        .str("text")
        .op(b"sas")
        .stop()
        .read()
        .unwrap();
    let error = document
        .root()
        .to::<BTreeMap<String, Vec<BTreeMap<String, u8>>>>()
        .unwrap_err();
    assert_eq!(error.path().unwrap().to_string(), "a[0][\"b c\"]");
    assert!(
        error
            .to_string()
            .starts_with("at a[0][\"b c\"]: invalid type: string \"text\""),
        "{error}"
    );
}

#[test]
fn errors_of_a_part_name_the_way_from_the_root() {
    let document = asm(2)
        .op(b"}")
        .str("a")
        .op(b"]")
        .str("text")
        .op(b"aNas")
        .stop()
        .read()
        .unwrap();
    let root = document.root();
    let error = root.get("a").unwrap().to::<Vec<u8>>().unwrap_err();
    assert_eq!(error.path().unwrap().to_string(), "a[0]");
    let error = document.at("a[0]").unwrap().to::<u8>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "at a[0]: invalid type: string \"text\", expected u8"
    );
    // `None` is one object, wherever it is: only who goes by path knows where from.
    let error = document.at("a[1]").unwrap().to::<u8>().unwrap_err();
    assert_eq!(error.path(), None);
    let error = document.get::<u8>("a[1]").unwrap_err();
    assert_eq!(error.path().unwrap().to_string(), "a[1]");
    let error = document.get::<Array>("a[1]").unwrap_err();
    assert_eq!(error.to_string(), "at a[1]: not an array but None");
    assert_eq!(document.get::<Option<u8>>("a[1]").unwrap(), None);
    assert_eq!(
        document.get::<u8>("a[2]").unwrap_err().kind(),
        ErrorKind::Parameter
    );
    assert_eq!(
        document.get::<u8>("a[[").unwrap_err().kind(),
        ErrorKind::Parameter
    );
}

/// An array of bytes that count up.
fn counting(dtype: &str, shape: &[usize], order: Order) -> Array {
    let layout = Layout::new(dtype.parse().unwrap(), shape, order).unwrap();
    let bytes: Vec<u8> = (0..=255).cycle().take(layout.nbytes()).collect();
    Array::from_bytes(layout, &bytes).unwrap()
}

#[test]
fn arrays_of_strings_come_as_strings() {
    let text = Layout::new(">U2".parse().unwrap(), &[2], Order::C).unwrap();
    let bytes = [[0, 0, 0, b'a', 0, 0, 0, b'b'], [0, 0, 0x20, 0xac, 0, 0, 0, 0]].concat();
    let document = written(&Array::from_bytes(text.clone(), &bytes).unwrap());
    assert_eq!(document.root().to::<Vec<String>>().unwrap(), ["ab", "€"]);
    let document = written(&Array::from_bytes(text, &[0xff; 16]).unwrap());
    let error = document.root().to::<Vec<String>>().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");

    let layout = Layout::new("S3".parse().unwrap(), &[2], Order::C).unwrap();
    let document = written(&Array::from_bytes(layout, b"ab\0xyz").unwrap());
    assert_eq!(document.root().to::<Vec<&[u8]>>().unwrap(), [&b"ab"[..], b"xyz"]);
    assert_eq!(document.root().to::<Vec<String>>().unwrap(), ["ab", "xyz"]);
    let document = written(&counting("V3", &[], Order::C));
    assert_eq!(document.root().to::<&[u8]>().unwrap(), [0, 1, 2]);
}

#[test]
fn arrays_of_structs_come_as_structs_and_tuples() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Node {
        left: i16,
        weights: [[u8; 2]; 2],
        name: String,
        inner: Inner,
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Inner {
        x: u8,
    }
    let dtype = "{'names': ['left', 'weights', 'name', 'inner'], 'formats': ['>i2', ('u1', (2, 2)), 'S2', [('x', 'u1')]], \
                 'offsets': [1, 3, 8, 11], 'itemsize': 12}";
    let layout = Layout::new(dtype.parse().unwrap(), &[2], Order::C).unwrap();
    let element = *b"_\x01\x02\x03\x04\x05\x06_a\0_\x07";
    let document = written(&BTreeMap::from([(
        "nodes",
        Array::from_bytes(layout, &[element; 2].concat()).unwrap(),
    )]));
    let node = Node {
        left: 0x0102,
        weights: [[3, 4], [5, 6]],
        name: "a".into(),
        inner: Inner { x: 7 },
    };
    let nodes: Vec<Node> = document.get("nodes").unwrap();
    assert_eq!(nodes[1], node);
    let [first, _] = document
        .get::<[(i32, (Vec<u8>, Vec<u8>), String, (u8,)); 2]>("nodes")
        .unwrap();
    assert_eq!(first, (0x0102, (vec![3, 4], vec![5, 6]), "a".into(), (7,)));
    let error = document
        .get::<Vec<BTreeMap<String, Option<String>>>>("nodes")
        .unwrap_err();
    assert_eq!(error.path().unwrap().to_string(), "nodes[0].left");
}

#[test]
fn elements_stand_where_the_strides_say() {
    for order in [Order::C, Order::F] {
        let array = counting("u1", &[2, 3, 2], order);
        let found: Vec<Vec<Vec<u8>>> = written(&array).root().to().unwrap();
        let in_order = array.to_order(Order::C).unwrap();
        assert_eq!(found.concat().concat(), in_order.as_bytes(), "{order:?}");
    }
    let complex: Vec<(f32, f32)> = written(&counting(">c8", &[1], Order::C)).root().to().unwrap();
    let part = |bytes| f32::from_be_bytes(bytes);
    assert_eq!(complex, [(part([0, 1, 2, 3]), part([4, 5, 6, 7]))]);
}

#[test]
fn parts_without_bytes_are_not_visited_for_ever() {
    let overlapping = "{'names': ['a', 'b'], 'formats': [('U0', (1000, 1000)), ('U0', (1000, 1000))], 'offsets': [0, 0], \
                       'itemsize': 1}";
    for (dtype, shape) in [
        ("U0", &[1 << 10, 1 << 10, 0][..]),
        ("U0", &[1000, 1000]),
        ("u1", &[1 << 20, 0]),
        (overlapping, &[0]),
    ] {
        let document = written(&counting(dtype, shape, Order::C));
        assert!(document.root().to::<serde::de::IgnoredAny>().is_ok());
        assert!(
            document.root().to::<serde_json::Value>().is_ok(),
            "{dtype} {shape:?}"
        );
    }
    for (dtype, shape) in [
        ("u1", &[1 << 11, 1 << 10, 0][..]),
        ("U0", &[1 << 40, 0]),
        (overlapping, &[1]),
    ] {
        let document = written(&counting(dtype, shape, Order::C));
        let error = document.root().to::<serde_json::Value>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit, "{dtype} {shape:?}");
    }
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| {
        let bytes = [&b"\x80\x02]"[..], &b"\x85".repeat(depth), b"."].concat();
        pickle::read(&mut bytes.as_slice()).unwrap()
    };
    assert!(nested(pickle::DEPTH).root().to::<serde_json::Value>().is_ok());
    let error = nested(pickle::DEPTH + 1)
        .root()
        .to::<serde_json::Value>()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
    let _ = save::write(&nested(5), Vec::new(), Protocol::V5, NoArrays).unwrap();
}

/// Whether it was read from something that people read.
#[derive(Debug)]
struct Readable(bool);

impl<'d> Deserialize<'d> for Readable {
    fn deserialize<D: serde::Deserializer<'d>>(from: D) -> Result<Self, D::Error> {
        Ok(Self(from.is_human_readable()))
    }
}

#[test]
fn types_with_two_forms_are_in_the_compact_one() {
    assert!(!written(&1).root().to::<Readable>().unwrap().0);
}

/// A map that does not say beforehand how many entries it has: the even numbers below this one.
struct Unannounced(u16);

impl Serialize for Unannounced {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map((0..self.0).filter(|n| n % 2 == 0).map(|n| (n, n)))
    }
}

#[test]
fn maps_of_unknown_length_are_whole() {
    for n in [0, 1, 2, 3, 5, 2000, 2001, 2003] {
        let map: BTreeMap<u16, u16> = written(&Unannounced(n)).root().to().unwrap();
        assert_eq!(map.len(), usize::from(n.div_ceil(2)), "{n}");
    }
}
