//! What a pickle names, and what would be called: groups 1 to 5.

use demijohn_pickle::known::is_known_safe;
use demijohn_pickle::{self as pickle, ErrorKind, Kind, NoPayload, ReadOptions};

use crate::common::{Asm, asm};
use crate::{fails, names, read, reconstruct, walk};

#[test]
fn group_1_calls_of_all_kinds_stay_names() {
    let calls: [fn(Asm) -> Asm; 7] = [
        |a| a.global("os", "system").str("id").tuple(1).op(b"R"),
        |a| a.global("os", "system").str("id").tuple(1).op(b"\x81"),
        |a| a.stack_global("os", "system").op(b")}\x92"),
        |a| a.op(b"(").global("os", "system").str("id").op(b"o"),
        |a| a.op(b"(").str("id").op(b"ios\nsystem\n"),
        |a| a.global("numpy", "prod").op(b")R").str("state").op(b"b"),
        |a| {
            a.global("m", "C")
                .op(b")\x81")
                .op(b"N}")
                .str("a")
                .stack_global("os", "system")
                .op(b"s\x86b")
        },
    ];
    for call in calls {
        let document = read(call(asm(4)).stop());
        assert_eq!(document.root().kind(), Kind::Object);
        assert!(document.globals().any(|global| !global.is_known_safe()));
        walk(&document);
    }
    // Attributes reached by a name with dots.
    let document = read(asm(4).stack_global("numpy", "ndarray.tofile").stop());
    assert_eq!(document.root().as_global(), Some(("numpy", "ndarray.tofile")));
    assert!(!is_known_safe("numpy", "ndarray.tofile"));
}

#[test]
fn group_2_names_of_results_that_are_thrown_away_are_told() {
    let popped = asm(2)
        .op(b"(")
        .global("os", "system")
        .str("id")
        .op(b"o0")
        .global("builtins", "eval")
        .str("1")
        .tuple(1)
        .op(b"R0")
        .op(b"(")
        .global("a", "b")
        .global("c", "d")
        .op(b"1")
        .op(b"N")
        .stop();
    let offsets = popped.bytes.len();
    let document = read(popped);
    assert!(document.root().is_none());
    assert_eq!(names(&document), ["os.system", "builtins.eval", "a.b", "c.d"]);
    let mut last = 0;
    for global in document.globals() {
        assert!(global.offset > last && global.offset < offsets as u64);
        last = global.offset;
    }
}

#[test]
fn group_3_names_made_at_run_time_are_those_python_would_see() {
    // Out of the memo, whatever strings came last.
    let document = read(
        asm(4)
            .str("os")
            .memo()
            .str("system")
            .memo()
            .str("math")
            .op(b"0")
            .str("floor")
            .op(b"0")
            .get(0)
            .get(1)
            .op(b"\x93")
            .stop(),
    );
    assert_eq!(names(&document), ["os.system"]);
    // PUT between MEMOIZEs: numbers go on from how many there are.
    let document = read(
        asm(4)
            .str("x")
            .put(1)
            .str("os")
            .memo()
            .str("sep")
            .get(1)
            .op(b"0")
            .op(b"\x93")
            .stop(),
    );
    assert_eq!(document.root().as_global(), Some(("os", "sep")));
    // Two names, and a third that is no text.
    assert_eq!(
        fails(asm(4).str("os").op(b"K\x01\x93").stop()),
        ErrorKind::Corrupt
    );
    assert_eq!(
        fails(asm(4).str("os").global("builtins", "str").op(b")R\x93").stop()),
        ErrorKind::Corrupt,
        "made by a call"
    );
    // A name that is long can be named again and again by five bytes.
    let long = "x".repeat(5000);
    assert_eq!(fails(asm(4).stack_global("m", &long).stop()), ErrorKind::Limit);
    // An unknown number in the memo is the end, and what came before is told all the same.
    let bytes = asm(2).global("os", "system").op(b"0").get(77).stop().bytes;
    let scan = pickle::scan(&mut bytes.as_slice(), &ReadOptions::default(), &mut NoPayload);
    assert_eq!(scan.outcome.as_ref().unwrap_err().kind(), ErrorKind::Corrupt);
    let found: Vec<String> = scan.globals().iter().map(ToString::to_string).collect();
    assert_eq!(found, ["os.system"]);
}

#[test]
fn group_4_what_refers_to_the_outside_is_refused() {
    for reference in [
        &b"\x82\x01"[..],
        b"\x83\x01\x00",
        b"\x84\x01\0\0\0",
        b"Pid\n",
        b"NQ",
        b"\x97",
        b"\x97\x98",
    ] {
        assert_eq!(fails(asm(5).op(reference).stop()), ErrorKind::Unsupported);
    }
}

#[test]
fn group_5_pickles_in_pickles_are_not_read() {
    // Behind STOP there may be another one; it is not looked at until asked for.
    let two = [
        asm(2).op(b"K\x01").stop().bytes,
        asm(2).global("os", "system").stop().bytes,
    ]
    .concat();
    let mut rest = two.as_slice();
    let first = pickle::read(&mut rest).unwrap();
    assert_eq!((first.root().as_i64(), first.globals().len()), (Some(1), 0));
    let second = pickle::read(&mut rest).unwrap();
    assert_eq!((names(&second), rest.len()), (vec!["os.system".to_owned()], 0));
    // Callables that would read one.
    for (module, name) in [
        ("pickle", "loads"),
        ("_pickle", "loads"),
        ("joblib", "load"),
        ("numpy", "load"),
    ] {
        let document = read(
            asm(4)
                .stack_global(module, name)
                .bytes(b"N.")
                .tuple(1)
                .op(b"R")
                .stop(),
        );
        assert_eq!(document.root().kind(), Kind::Object);
        assert!(!document.globals().next().unwrap().is_known_safe());
    }
    // A struct with Python objects in it has no bytes.
    let dtype = |a: Asm| {
        a.global("numpy", "dtype")
            .str("V8")
            .tuple(1)
            .op(b"R(K\x03")
            .str("|")
            .op(b"N")
            .str("a")
            .tuple(1)
            .op(b"}")
            .str("a")
            .global("numpy", "dtype")
            .str("O8")
            .tuple(1)
            .op(b"RK\x00\x86sK\x08K\x01K\x10tb")
    };
    let document = read(reconstruct(asm(3), dtype, |a| a.op(b"K\x01\x85"), |a| a.bytes(&[0; 8])).stop());
    assert_eq!(document.root().kind(), Kind::Object);
    assert_eq!(document.root().array().unwrap_err().kind(), ErrorKind::Corrupt);
}
