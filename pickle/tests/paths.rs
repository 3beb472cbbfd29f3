//! Paths, walks and printing, over documents of all shapes.

mod common;

use common::asm;
use demijohn_pickle::{self as pickle, Document, ErrorKind};
use proptest::prelude::*;

/// Opcodes that fit together often enough to make odd objects.
const PIECES: [&[u8]; 34] = [
    b"(",
    b"(",
    b"(",
    b"0",
    b"2",
    b"N",
    b"K\x01",
    b"K\x02",
    b"X\x01\0\0\0a",
    b"X\x01\0\0\0a",
    b"X\x03\0\0\0a b",
    b"X\x05\0\0\0state",
    b"X\x00\0\0\0",
    b"U\x01b",
    b"]",
    b"]",
    b"}",
    b"}",
    b"}",
    b"\x8f",
    b"t",
    b"\x85",
    b"\x86",
    b"a",
    b"e",
    b"s",
    b"s",
    b"u",
    b"b",
    b"\x94",
    b"h\x00",
    b"h\x01",
    b"cm\nC\n)\x81",
    b"cm\nC\n)}\x92",
];

fn leads_back(document: &Document) {
    for visit in document.walk() {
        let path = visit.path().to_string();
        let found = document.at(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
        assert!(
            found.is(visit.value()),
            "{path} leads to {found:?}, not {:?}",
            visit.value()
        );
        let parsed: pickle::path::Path = path.parse().unwrap();
        assert_eq!(parsed.to_string(), path);
        for (step, below) in found.below() {
            assert_eq!(step.depth(), 1);
            let path = parsed.join(&step);
            assert!(document.root().follow(&path).unwrap().is(below), "{path}");
        }
    }
}

#[test]
fn what_is_below_a_value_has_its_steps() {
    let document = sample();
    let below = |path: &str| {
        let below = document.at(path).unwrap().below();
        below
            .map(|(step, value)| (step.to_string(), step.is_key(), format!("{value:?}")))
            .collect::<Vec<_>>()
    };
    let entry = |step: &str, is_key, shown: &str| (step.to_owned(), is_key, shown.to_owned());
    assert_eq!(
        below("[\"b c\"]"),
        [
            entry("[key 0]", true, "3"),
            entry("[3]", false, "\"x\""),
            entry("[key 1]", true, "\"\""),
            entry("[\"\"]", false, "\"y\""),
            entry("[key 2]", true, "tuple of 0 items"),
            entry("[value 2]", false, "\"z\""),
        ]
    );
    assert_eq!(
        below("a"),
        [entry("[0]", false, "1"), entry("[1]", false, "tuple of 1 item")]
    );
    let steps: Vec<_> = below("o").into_iter().map(|(step, ..)| step).collect();
    assert_eq!(steps, [".callable", ".args", ".state"]);
    assert!(below("a[0]").is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn every_path_leads_back(pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..60)) {
        // Runs what it can of the pieces, and collects what is left on the stack in a tuple.
        let mut good = vec![b'('];
        for piece in pieces {
            let longer = [&good[..], piece].concat();
            let whole = [&longer[..], b"N\x94."].concat();
            if pickle::read(&mut whole.as_slice()).is_ok() {
                good = longer;
            }
        }
        for end in [&b"t."[..], b"N\x94."] {
            let whole = [&good[..], end].concat();
            if let Ok(document) = pickle::read(&mut whole.as_slice()) {
                leads_back(&document);
                let summary = document.root().summary();
                let (line, lines) = (summary.to_string(), format!("{summary:#}"));
                prop_assert!(line.len() < 100_000 && !line.contains('\n'));
                // What is said is the same: only spaces and commas differ.
                let said = |text: &str| text.replace([' ', '\n', ','], "");
                prop_assert_eq!(said(&line), said(&lines));
            }
        }
    }

    #[test]
    fn any_text_is_a_path_or_an_error(text in "[a.\\[\\]\"0-9 \\\\nkey\u{e9}-]{0,12}") {
        if let Ok(path) = text.parse::<pickle::path::Path>() {
            prop_assert_eq!(path.to_string().parse::<pickle::path::Path>().unwrap(), path);
        }
    }
}

fn sample() -> Document {
    // {"a": [1, (2,)], "b c": {3: "x", "": "y", (): "z"}, "o": m.C("s", state={"w": 7, "args": 8})}
    let asm = asm(2)
        .op(b"}(")
        .str("a")
        .op(b"](K\x01K\x02\x85e")
        .str("b c")
        .op(b"}(K\x03")
        .str("x")
        .str("")
        .str("y")
        .op(b")")
        .str("z")
        .op(b"u")
        .str("o")
        .global("m", "C")
        .str("s")
        .op(b"\x85\x81}(")
        .str("w")
        .op(b"K\x07")
        .str("args")
        .op(b"K\x08ub")
        .op(b"u")
        .stop();
    asm.read().unwrap()
}

#[test]
fn documents_may_be_shared_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    let document = sample();
    shared(&document);
    shared(&document.root());
}

#[test]
fn steps_mean_what_the_table_says() {
    let document = sample();
    for (path, shown) in [
        (".", "dict of 3 items"),
        ("", "dict of 3 items"),
        ("a", "list of 2 items"),
        (".a[1][0]", "2"),
        ("[\"a\"][0]", "1"),
        ("[\"b c\"][3]", "\"x\""),
        ("[\"b c\"][\"\"]", "\"y\""),
        ("[\"b c\"][key 2]", "tuple of 0 items"),
        ("[value 1][value 2]", "\"z\""),
        ("o.callable", "m.C"),
        ("o.args[0]", "\"s\""),
        ("o.state.w", "7"),
        ("o.w", "7"),
        ("o.state.args", "8"),
        ("o[state 0].w", "7"),
    ] {
        assert_eq!(format!("{:?}", document.at(path).unwrap()), shown, "{path}");
    }
    for (path, kind, words) in [
        (
            "a[2]",
            ErrorKind::Parameter,
            "nothing at a[2]: a (list of 2 items)",
        ),
        ("a[-1]", ErrorKind::Parameter, "nothing"),
        ("a.b", ErrorKind::Parameter, "nothing"),
        ("o.kwargs", ErrorKind::Parameter, "nothing"),
        ("a[1][0].x", ErrorKind::Parameter, "a[1][0] (2) has no .x"),
        ("[key 3]", ErrorKind::Parameter, "nothing"),
        ("a[", ErrorKind::Parameter, "invalid path"),
    ] {
        let error = document.at(path).unwrap_err();
        assert!(
            error.kind() == kind && error.to_string().contains(words),
            "{path}: {error}"
        );
    }
    leads_back(&document);
}

/// One text may be the key of any number of dicts, so that no path may need all of it.
#[test]
fn what_stands_under_a_long_key_is_named_by_its_number() {
    for (length, path) in [(256, format!("{:a>256}", "")), (257, "[value 0]".to_owned())] {
        let key = "a".repeat(length);
        let document = asm(2).op(b"}").str(&key).op(b"K\x01s").stop().read().unwrap();
        let paths: Vec<String> = document.walk().map(|visit| visit.path().to_string()).collect();
        assert_eq!(paths, [".", "[key 0]", &path]);
        assert_eq!(document.at(&key).unwrap().as_i64(), Some(1));
        leads_back(&document);
    }
}

#[test]
fn of_equal_keys_the_last_has_the_name() {
    let document = asm(2)
        .op(b"}(")
        .str("a")
        .op(b"K\x01K\x05K\x02")
        .str("a")
        .op(b"K\x03K\x05K\x04u")
        .stop()
        .read()
        .unwrap();
    let paths: Vec<String> = document.walk().map(|visit| visit.path().to_string()).collect();
    assert_eq!(
        paths,
        [
            ".",
            "[key 0]",
            "[value 0]",
            "[key 1]",
            "[value 1]",
            "[key 2]",
            "a",
            "[key 3]",
            "[5]"
        ]
    );
    leads_back(&document);
}

#[test]
fn errors_say_where_the_value_is() {
    let document = sample();
    let error = document
        .root()
        .get("a")
        .unwrap()
        .index(1)
        .unwrap()
        .array()
        .unwrap_err();
    assert_eq!(error.to_string(), "at a[1]: not an array but tuple of 1 item");
    let error = document.at("o.state").unwrap().get("x").unwrap_err();
    assert_eq!(error.to_string(), "at o.state: no key \"x\" in dict of 2 items");
    assert_eq!(error.path().unwrap().to_string(), "o.state");
}

#[test]
fn summaries_show_what_there_is_and_stop() {
    assert_eq!(
        sample().root().summary().to_string(),
        "{\"a\": [1, (2,)], \"b c\": {3: \"x\", \"\": \"y\", (): \"z\"}, \"o\": <m.C(\"s\",), state: {\"w\": 7, \"args\": 8}>}"
    );
    let cycle = asm(2)
        .op(b"]")
        .put(0)
        .op(b"}")
        .str("me")
        .get(0)
        .op(b"sa")
        .stop()
        .read()
        .unwrap();
    assert_eq!(cycle.root().summary().to_string(), "[{\"me\": <.>}]");
    let long = asm(2)
        .op(b"](")
        .op(&b"K\x01".repeat(5000))
        .op(b"e")
        .stop()
        .read()
        .unwrap();
    assert_eq!(long.root().summary().nodes(4).to_string(), "[1, 1, 1, …]");
    assert_eq!(format!("{:#}", long.root().summary().nodes(4)), "[1, 1, 1, …]");
}

#[test]
fn summaries_of_many_lines_have_one_for_each_entry_and_container() {
    let lines = r#"{
    "a": [
        1,
        (2,),
    ],
    "b c": {
        3: "x",
        "": "y",
        (): "z",
    },
    "o": <m.C("s",), state: {
        "w": 7,
        "args": 8,
    }>,
}"#;
    assert_eq!(format!("{:#}", sample().root().summary()), lines);
    let cut = format!("{:#}", sample().root().summary().nodes(6));
    assert_eq!(
        cut,
        "{\n    \"a\": [\n        1,\n        (2,),\n    ],\n    …,\n}"
    );
    let tuple = asm(2).op(b"]K\x01a\x85").stop().read().unwrap();
    assert_eq!(format!("{:#}", tuple.root().summary()), "(\n    [1],\n)");
    // Lines of a million levels would fill a disk if each were indented as far.
    let deep = asm(2).op(&b"]".repeat(2000)).op(&b"a".repeat(1999)).stop();
    let deep = format!("{:#}", deep.read().unwrap().root().summary());
    assert!((40_000..400_000).contains(&deep.len()), "{}", deep.len());
}

#[test]
fn attributes_are_found_in_states_of_both_kinds() {
    // object.__reduce_ex__(2) of a class with __slots__: (None or attributes, slots).
    let entry = |a: common::Asm, name: &str, n: u8| a.op(b"}").str(name).op(&[b'K', n, b's']);
    let instance = || asm(2).global("m", "C").op(b")\x81");
    let plain = entry(instance(), "x", 1).op(b"b").stop().read().unwrap();
    let slots = entry(instance().op(b"N"), "y", 2)
        .op(b"\x86b")
        .stop()
        .read()
        .unwrap();
    let both = entry(entry(instance(), "x", 1), "y", 2)
        .op(b"\x86b")
        .stop()
        .read()
        .unwrap();
    let found = |document: &Document, name: &str| {
        let value = document.root().attr(name).ok();
        let by_path = document.at(name).ok();
        assert_eq!(
            value.map(|v| v.as_i64().unwrap()),
            by_path.map(|v| v.as_i64().unwrap()),
            "{name}"
        );
        value.and_then(|value| value.as_i64())
    };
    assert_eq!((found(&plain, "x"), found(&plain, "y")), (Some(1), None));
    assert_eq!((found(&slots, "x"), found(&slots, "y")), (None, Some(2)));
    assert_eq!((found(&both, "x"), found(&both, "y")), (Some(1), Some(2)));
    let names: Vec<_> = both
        .root()
        .attrs()
        .map(|(name, _)| name.as_str().unwrap())
        .collect();
    assert_eq!(names, ["x", "y"]);
    assert_eq!(both.root().attrs().len(), 2);
    let backwards: Vec<_> = both
        .root()
        .attrs()
        .rev()
        .map(|(_, value)| value.as_i64())
        .collect();
    assert_eq!(backwards, [Some(2), Some(1)]);
    // States that only the class understands.
    for state in [
        &b"K\x01"[..],
        b"K\x01}\x86",
        b"}K\x01\x86",
        b"}}}\x87",
        b"]",
        b"N",
    ] {
        let odd = instance().op(state).op(b"b").stop().read().unwrap();
        assert_eq!(odd.root().attrs().len(), 0, "{}", state.escape_ascii());
    }
    let error = plain.root().get("x").unwrap_err().to_string();
    assert_eq!(
        error,
        "no key \"x\" in object made by m.C, but an attribute of this name"
    );
    let error = plain.root().attr("z").unwrap_err().to_string();
    assert_eq!(error, "no attribute \"z\" of object made by m.C");
}

#[test]
fn arrays_are_found_and_taken() {
    let array = |a: common::Asm, n: u8| {
        a.global("numpy.core.multiarray", "_reconstruct")
            .global("numpy", "ndarray")
            .op(b"K\x00\x85")
            .bytes(b"b")
            .op(b"\x87R(K\x01K\x02\x85")
            .global("numpy", "dtype")
            .str("u1")
            .op(b"\x85R\x89")
            .bytes(&[n, n])
            .op(b"tb")
    };
    let two = array(array(asm(3).op(b"}(").str("a"), 1).put(9).str("b").op(b"]"), 2)
        .op(b"a")
        .str("c")
        .get(9)
        .op(b"u");
    let mut document = two.stop().read().unwrap();
    let paths: Vec<String> = document
        .arrays()
        .map(|(path, array)| format!("{path} {:?}", array.as_bytes()))
        .collect();
    assert_eq!(paths, ["a [1, 1]", "b[0] [2, 2]"], "the shared one once");
    let taken = document.take_array("c").unwrap();
    assert_eq!(taken.as_bytes(), [1, 1]);
    for path in ["a", "c"] {
        let error = document.take_array(path).unwrap_err();
        assert!(error.to_string().contains("taken"), "{error}");
        assert!(document.at(path).unwrap().as_array().is_none());
    }
    assert_eq!(document.take_array("b").unwrap_err().kind(), ErrorKind::Parameter);
    assert_eq!(document.arrays().count(), 1);
}
