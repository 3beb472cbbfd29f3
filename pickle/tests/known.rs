//! Well-known values: read as what they stand for if they are exactly that, and left as calls if not.

mod common;

use common::{Asm, asm};
use demijohn_pickle::known::{Complex, Date, Known, TimeDelta};
use demijohn_pickle::{Document, Kind, Value};

fn read(asm: Asm) -> Document {
    asm.stop().read().unwrap_or_else(|e| panic!("{e}"))
}

fn call(module: &str, name: &str, args: impl Fn(Asm) -> Asm) -> Document {
    read(args(asm(3).global(module, name).op(b"(")).op(b"tR"))
}

fn packed(module: &str, name: &str, bytes: &[u8]) -> Document {
    call(module, name, |a| a.bytes(bytes))
}

#[test]
fn values_are_what_python_meant() {
    let cases: [(Document, Kind, &str); 24] = [
        (
            call("builtins", "complex", |a| {
                a.op(b"G\x3f\xf8\0\0\0\0\0\0G\0\0\0\0\0\0\0\0")
            }),
            Kind::Complex,
            "complex(1.5, 0.0)",
        ),
        (
            call("decimal", "Decimal", |a| a.str("-1.50E+7")),
            Kind::Decimal,
            "Decimal(\"-1.50E+7\")",
        ),
        (
            call("decimal", "Decimal", |a| a.str("sNaN12")),
            Kind::Decimal,
            "Decimal(\"sNaN12\")",
        ),
        (
            call("fractions", "Fraction", |a| a.op(b"J\xff\xff\xff\xffK\x03")),
            Kind::Fraction,
            "Fraction(-1, 3)",
        ),
        (
            call("fractions", "Fraction", |a| a.str("-1/3")),
            Kind::Fraction,
            "Fraction(-1, 3)",
        ),
        (
            call("builtins", "range", |a| a.op(b"K\x00K\x09K\x02")),
            Kind::Range,
            "range(0, 9, 2)",
        ),
        (
            call("builtins", "slice", |a| a.op(b"NK\x09N")),
            Kind::Slice,
            "slice(None, 9, None)",
        ),
        (
            packed("datetime", "date", b"\x07\xe4\x02\x1d"),
            Kind::Date,
            "2020-02-29",
        ),
        (
            packed("datetime", "time", b"\x97\x3b\x00\x00\x00\x01"),
            Kind::Time,
            "23:59:00.000001",
        ),
        (
            packed("datetime", "datetime", b"\x07\xe4\x81\x02\x03\x04\x05\0\0\x06"),
            Kind::DateTime,
            "2020-01-02T03:04:05.000006",
        ),
        (
            call("datetime", "timedelta", |a| {
                a.op(b"J\xff\xff\xff\xffM\x7f\x51\x4a\x01\0\0".get(..8).unwrap())
                    .op(b"K\x00")
            }),
            Kind::TimeDelta,
            "timedelta(-65537 s)",
        ),
        (
            call("collections", "OrderedDict", |a| a),
            Kind::OrderedDict,
            "OrderedDict of 0 items",
        ),
        (
            call("collections", "OrderedDict", |a| {
                a.op(b"](]").str("a").op(b"aK\x01ae")
            }),
            Kind::OrderedDict,
            "OrderedDict of 1 item",
        ),
        (
            call("collections", "Counter", |a| a.op(b"}").str("a").op(b"K\x03s")),
            Kind::Counter,
            "Counter of 1 item",
        ),
        (
            call("collections", "defaultdict", |a| a.global("builtins", "list")),
            Kind::DefaultDict,
            "defaultdict of 0 items",
        ),
        (
            call("collections", "deque", |a| a.op(b")K\x05")),
            Kind::Deque,
            "deque of 0 items",
        ),
        (
            call("collections", "deque", |a| a.op(b"](K\x01K\x02eN")),
            Kind::Deque,
            "deque of 2 items",
        ),
        (
            call("pathlib", "PosixPath", |a| a.str("/").str("a").str("b c")),
            Kind::Path,
            "Path(\"/a/b c\")",
        ),
        (
            call("pathlib._local", "PureWindowsPath", |a| a.str("c:\\").str("x")),
            Kind::Path,
            "Path(\"c:\\x\")",
        ),
        (call("pathlib", "PosixPath", |a| a), Kind::Path, "Path(\".\")"),
        (
            read(
                asm(3)
                    .global("uuid", "UUID")
                    .op(b")\x81}")
                    .str("int")
                    .op(b"K\x7fsb"),
            ),
            Kind::Uuid,
            "UUID(00000000-0000-0000-0000-00000000007f)",
        ),
        (
            call("_codecs", "encode", |a| a.str("\u{e9}\u{0}").str("latin1")),
            Kind::Bytes,
            "b\"\\xe9\\x00\"",
        ),
        (
            call("builtins", "set", |a| a.op(b"](K\x01K\x02e")),
            Kind::Set,
            "set of 2 items",
        ),
        (
            call("builtins", "frozenset", |a| a.op(b"]")),
            Kind::FrozenSet,
            "frozenset of 0 items",
        ),
    ];
    for (document, kind, shown) in cases {
        let root = document.root();
        assert_eq!((root.kind(), format!("{root:?}").as_str()), (kind, shown));
    }
}

#[test]
fn typed_views_have_the_numbers() {
    let complex = call("builtins", "complex", |a| {
        a.op(b"G\x3f\xf8\0\0\0\0\0\0G\x80\0\0\0\0\0\0\0")
    });
    assert_eq!(complex.root().as_complex(), Some(Complex { re: 1.5, im: -0.0 }));
    let date = packed("datetime", "date", b"\x07\xe4\x02\x1d");
    assert_eq!(
        date.root().as_date(),
        Some(Date {
            year: 2020,
            month: 2,
            day: 29
        })
    );
    let time = packed("datetime", "time", b"\x97\x3b\x00\x00\x00\x01");
    let (time, zone) = time.root().as_time().unwrap();
    assert!((time.hour, time.fold, zone.is_none()) == (23, true, true));
    let zoned = call("datetime", "datetime", |a| {
        a.bytes(b"\x07\xe4\x81\x02\x03\x04\x05\0\0\x06")
            .global("datetime", "timezone")
            .global("datetime", "timedelta")
            .op(b"J\xff\xff\xff\xffJ\xb0\x04\x01\0K\x00\x87R")
            .str("EST")
            .op(b"\x86R")
    });
    let (datetime, zone) = zoned.root().as_datetime().unwrap();
    let zone = zone.unwrap().as_timezone().unwrap();
    assert!(datetime.time.fold && zone.name == Some("EST"));
    assert_eq!(
        zone.offset,
        TimeDelta {
            days: -1,
            seconds: 66_736,
            microseconds: 0
        }
    );
    assert_eq!(zone.to_string(), "-05:27:44");
    // Python 2: a `str`, by its opcode for it.
    let old = read(
        asm(2)
            .global("datetime", "date")
            .op(b"U\x04\x07\xe4\x02\x1d\x85R"),
    );
    assert!(old.root().as_date().is_some());
    // Containers give their items as lists and dicts do.
    let deque = call("collections", "deque", |a| a.op(b"](K\x01K\x02eK\x05"));
    let items: Vec<Option<i64>> = deque.root().iter().map(Value::as_i64).collect();
    assert_eq!(items, [Some(1), Some(2)]);
    assert!(matches!(deque.root().known(), Some(Known::Deque { maxlen: Some(n) }) if n.as_i64() == Some(5)));
    let ordered = call("collections", "OrderedDict", |a| {
        a.op(b"](]").str("a").op(b"aK\x01ae")
    });
    assert_eq!(ordered.root().get("a").unwrap().as_i64(), Some(1));
    let counter = call("collections", "Counter", |a| a.op(b"}").str("a").op(b"K\x03s"));
    assert_eq!(counter.root().get("a").unwrap().as_i64(), Some(3));
    let number = asm(3)
        .global("numpy._core.multiarray", "scalar")
        .global("numpy", "dtype")
        .str("<i2")
        .op(b"\x85R");
    let scalar = read(number.bytes(&[1, 2]).op(b"\x86R"));
    assert_eq!(scalar.root().kind(), Kind::Scalar);
    assert_eq!(scalar.root().as_scalar().unwrap().as_i128(), Some(0x0201));
    for (byte, value) in [(0, 0), (1, 1)] {
        let bool = asm(3)
            .global("numpy._core.multiarray", "scalar")
            .global("numpy", "dtype")
            .str("?")
            .op(b"\x85R");
        let scalar = read(bool.bytes(&[byte]).op(b"\x86R"));
        assert_eq!(scalar.root().as_scalar().unwrap().as_i128(), Some(value));
    }
}

#[test]
fn what_deviates_stays_a_call() {
    let object: Vec<(&str, Document)> = vec![
        (
            "another module",
            call("builtin", "complex", |a| {
                a.op(b"G\0\0\0\0\0\0\0\0G\0\0\0\0\0\0\0\0")
            }),
        ),
        (
            "an attribute",
            call("builtins", "complex.real", |a| {
                a.op(b"G\0\0\0\0\0\0\0\0G\0\0\0\0\0\0\0\0")
            }),
        ),
        (
            "one argument",
            call("builtins", "complex", |a| a.op(b"G\0\0\0\0\0\0\0\0")),
        ),
        ("text", call("builtins", "complex", |a| a.str("1").str("2"))),
        ("no decimal", call("decimal", "Decimal", |a| a.str("1.5.2"))),
        ("by zero", call("fractions", "Fraction", |a| a.op(b"K\x01K\x00"))),
        ("step 0", call("builtins", "range", |a| a.op(b"K\x01K\x02K\x00"))),
        ("month 13", packed("datetime", "date", b"\x07\xe4\x0d\x01")),
        ("30 February", packed("datetime", "date", b"\x07\xe4\x02\x1e")),
        (
            "29 February 1900",
            packed("datetime", "date", b"\x07\x6c\x02\x1d"),
        ),
        ("year 0", packed("datetime", "date", b"\0\0\x01\x01")),
        ("hour 24", packed("datetime", "time", b"\x18\0\0\0\0\0")),
        ("5 bytes", packed("datetime", "time", b"\x17\0\0\0\0")),
        ("11 bytes", packed("datetime", "datetime", &[1; 11])),
        (
            "not normal",
            call("datetime", "timedelta", |a| a.op(b"K\x00J\xff\xff\xff\x7fK\x00")),
        ),
        (
            "a day off",
            call("datetime", "timezone", |a| {
                a.global("datetime", "timedelta").op(b"K\x01K\x00K\x00\x87R")
            }),
        ),
        ("factory", call("collections", "defaultdict", |a| a.str("x"))),
        (
            "no pairs",
            call("collections", "OrderedDict", |a| a.op(b"]K\x01a")),
        ),
        (
            "negative length",
            call("collections", "deque", |a| a.op(b")J\xff\xff\xff\xff")),
        ),
        ("no text", call("pathlib", "PosixPath", |a| a.op(b"K\x01"))),
        (
            "other encoding",
            call("_codecs", "encode", |a| a.str("a").str("utf-8")),
        ),
        (
            "no Latin-1",
            call("_codecs", "encode", |a| a.str("\u{100}").str("latin1")),
        ),
        ("set of a tuple", call("builtins", "set", |a| a.op(b")"))),
        (
            "another attribute",
            read(
                asm(3)
                    .global("uuid", "UUID")
                    .op(b")\x81}")
                    .str("x")
                    .op(b"K\x7fsb"),
            ),
        ),
        (
            "too big",
            read(
                asm(3)
                    .global("uuid", "UUID")
                    .op(b")\x81}")
                    .str("int")
                    .op(b"\x8a\x11")
                    .op(&[1; 17])
                    .op(b"sb"),
            ),
        ),
        (
            "a state",
            read(
                asm(3)
                    .global("datetime", "date")
                    .bytes(b"\x07\xe4\x02\x1d")
                    .op(b"\x85RNb"),
            ),
        ),
        (
            "an instance",
            read(
                asm(3)
                    .global("datetime", "date")
                    .bytes(b"\x07\xe4\x02\x1d")
                    .op(b"\x85\x81"),
            ),
        ),
    ];
    for (what, document) in object {
        let root = document.root();
        assert_eq!(root.kind(), Kind::Object, "{what}");
        assert!(root.known().is_none() && root.as_object().is_some(), "{what}");
    }
}

#[test]
fn one_list_makes_one_set() {
    // The second set of the same long list stays a call, but is a set all the same.
    let mut list = asm(2).op(b"](");
    for i in 0..100 {
        list = list.op(&[b'K', i]);
    }
    let twice = list
        .op(b"e")
        .put(0)
        .op(b"0](")
        .global("__builtin__", "set")
        .get(0)
        .op(b"\x85R")
        .global("__builtin__", "set")
        .get(0)
        .op(b"\x85Re");
    let document = read(twice);
    let sets: Vec<Value<'_>> = document.root().iter().collect();
    assert!(sets[0].as_object().is_none() && sets[1].as_object().is_some());
    for set in sets {
        assert_eq!(
            (set.kind(), set.len(), set.iter().count()),
            (Kind::Set, Some(100), 100)
        );
    }
}

#[test]
fn containers_of_collections_are_printed_with_their_names() {
    let filled = call("collections", "defaultdict", |a| a.global("builtins", "list"));
    let text = filled.root().summary().to_string();
    assert!(text.starts_with("defaultdict("), "{text}");
}

#[test]
fn iterators_say_how_much_is_left() {
    let dict = read(asm(3).op(b"}(K\x01K\x02K\x03K\x04K\x05K\x06u"));
    let mut items = dict.root().items();
    for left in [2, 1, 0] {
        items.next().unwrap();
        assert_eq!(items.len(), left);
    }
    let mut items = dict.root().items();
    items.next_back().unwrap();
    assert_eq!(items.len(), 2);
}
