//! What files of strangers try, one test for each group of attacks on readers of pickles.
//!
//! Groups are numbered as in the list that the project keeps; those that are missing here (6, 7, 8, 9, 16, 22: companions,
//! file objects, what the memo holds behind an array, subclasses in joblib's wrappers, decompression bombs, mapped files)
//! are no business of pickles, and tested where joblib's files are read: `persist/tests/attacks.rs`. Lengths that lie (14)
//! are in `allocation.rs`, where it is counted what they cost.

mod common;

use common::{Asm, asm};
use demijohn_pickle::known::is_known_safe;
use demijohn_pickle::{
    self as pickle, Document, ErrorKind, Kind, NoArrays, NoPayload, Protocol, ReadOptions, Value, save,
};

fn read(asm: Asm) -> Document {
    asm.read().unwrap_or_else(|e| panic!("{e}"))
}

fn fails(asm: Asm) -> ErrorKind {
    asm.read().expect_err("an error").kind()
}

/// Names in the order of the stream.
fn names(document: &Document) -> Vec<String> {
    document.globals().map(|global| global.to_string()).collect()
}

/// Everything that walks a document, within bounds.
fn walk(document: &Document) {
    let root = document.root();
    let shown = root.summary().to_string();
    assert!(shown.len() < 100_000, "{} bytes", shown.len());
    assert!(document.walk().count() <= document.node_count());
    assert!(format!("{document:?}").len() < 1000);
    assert!(root.deep_eq(root, 10_000_000).unwrap());
    for protocol in Protocol::ALL {
        if let Ok(bytes) = save::write(document, Vec::new(), protocol, NoArrays) {
            let again = pickle::read(&mut bytes.as_slice()).unwrap();
            assert!(again.node_count() < 10 * document.node_count() + 100);
        }
    }
}

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

#[test]
fn group_10_frames_are_kept_to() {
    let inner = asm(4).op(b"K\x01").stop().bytes;
    let framed = |n: u64, body: &[u8]| Asm {
        bytes: [b"\x80\x04\x95", &n.to_le_bytes()[..], body].concat(),
    };
    assert!(framed(3, &inner[2..]).read().is_ok());
    for (n, body) in [
        // An operand that straddles the end of the frame.
        (3_u64, &b"M\x01\x01\x01."[..]),
        (4, b"J\x01\0\0\0."),
        // A frame in a frame.
        (20, b"\x95\x01\0\0\0\0\0\0\0N."),
        // Longer than can be.
        (u64::MAX, b"N."),
        (1 << 63, b"N."),
    ] {
        assert_eq!(fails(framed(n, body)), ErrorKind::Corrupt, "{n}");
    }
}

#[test]
fn group_11_a_pickle_that_looks_like_bzip2_is_a_pickle() {
    // BINBYTES of 90 bytes begins with "BZ".
    let bytes = [&b"B\x5a\0\0\0"[..], &[b'h'; 90], b"."].concat();
    assert!(bytes.starts_with(b"BZ") && pickle::looks_like(&bytes));
    assert_eq!(
        pickle::read(&mut bytes.as_slice()).unwrap().root().len(),
        Some(90)
    );
}

#[test]
fn group_12_nothing_is_read_behind_stop() {
    let bytes = [asm(2).op(b"N").stop().bytes, vec![0xff; 100]].concat();
    let mut rest = bytes.as_slice();
    pickle::read(&mut rest).unwrap();
    assert_eq!(rest.len(), 100);
}

#[test]
fn group_13_text_operands_are_what_python_takes_for_numbers() {
    for good in [
        &b"I01\n"[..],
        b"I 7 \n",
        b"I7\r\n",
        b"L7L\n",
        b"F 1.5\n",
        b"I-0x10\n",
    ] {
        assert!(asm(0).op(good).stop().read().is_ok(), "{}", good.escape_ascii());
    }
    for bad in [
        &b"I1_000\n"[..],
        b"I\xd9\xa1\n",
        b"I1.0\n",
        b"I\n",
        b"L7LL\n",
        b"Fx\n",
        b"p01x\n",
        b"S'a\n",
        b"V\\ud800\\u12\n",
    ] {
        assert_eq!(
            fails(asm(0).op(b"N").op(bad).stop()),
            ErrorKind::Corrupt,
            "{}",
            bad.escape_ascii()
        );
    }
    // A million digits would take a minute.
    let long = [&b"I"[..], &vec![b'9'; 1_000_000], b"\n"].concat();
    assert_eq!(fails(asm(0).op(&long).stop()), ErrorKind::Limit);
    // In binary they take no time, and are printed in no time.
    let long = [&b"\x8b\x40\x42\x0f\0"[..], &vec![7; 1_000_000]].concat();
    let document = read(asm(2).op(&long).stop());
    assert!(document.root().as_int().unwrap().to_string().starts_with("0x707"));
}

/// `_reconstruct(ndarray, (0,), b"b")` with a state; dtype, shape and data as given.
fn reconstruct(
    a: Asm,
    dtype: impl Fn(Asm) -> Asm,
    shape: impl Fn(Asm) -> Asm,
    data: impl Fn(Asm) -> Asm,
) -> Asm {
    let a = a
        .global("numpy.core.multiarray", "_reconstruct")
        .global("numpy", "ndarray")
        .op(b"K\x00\x85")
        .bytes(b"b")
        .op(b"\x87R(K\x01");
    data(dtype(shape(a)).op(b"\x89")).op(b"tb")
}

fn u1(a: Asm) -> Asm {
    a.global("numpy", "dtype").str("u1").tuple(1).op(b"R")
}

#[test]
fn group_15_shapes_are_checked_before_anything_is_made() {
    let array = |shape: &'static [u8], dtype: fn(Asm) -> Asm, n: usize| {
        read(reconstruct(asm(3), dtype, |a| a.op(shape), |a| a.bytes(&vec![0; n])).stop())
    };
    assert_eq!(
        array(b"K\x02K\x03\x86", u1, 6).root().array().unwrap().shape(),
        [2, 3]
    );
    assert_eq!(array(b")", u1, 1).root().array().unwrap().shape(), [0; 0]);
    assert_eq!(
        array(b"K\x00\x8a\x08\0\0\0\0\0\0\0\x40\x86", u1, 0)
            .root()
            .array()
            .unwrap()
            .len(),
        0
    );
    let v0: fn(Asm) -> Asm = |a| a.global("numpy", "dtype").str("V0").tuple(1).op(b"R");
    for (what, shape, dtype, n) in [
        (
            "8 TiB",
            &b"\x8a\x06\0\0\0\0\0\x01\x85"[..],
            u1 as fn(Asm) -> Asm,
            6,
        ),
        (
            "wraps to 0",
            b"\x8a\x05\0\0\0\0\x01\x8a\x05\0\0\0\0\x01\x86",
            u1,
            0,
        ),
        ("negative", b"J\xff\xff\xff\xff\x85", u1, 1),
        ("float", b"G\x40\0\0\0\0\0\0\0\x85", u1, 2),
        ("text", b"X\x01\0\0\x002\x85", u1, 2),
        ("bool", b"\x88\x85", u1, 1),
        ("none", b"N", u1, 1),
        ("too few", b"K\x07\x85", u1, 6),
        ("too many", b"K\x05\x85", u1, 6),
        (
            "65 axes",
            &[&b"("[..], &b"K\x01".repeat(65), b"t"].concat().leak()[..],
            u1,
            1,
        ),
        (
            "2^62 of nothing",
            b"\x8a\x08\0\0\0\0\0\0\0\x40\x8a\x08\0\0\0\0\0\0\0\x40\x86",
            v0,
            0,
        ),
    ] {
        let document = array(shape.to_vec().leak(), dtype, n);
        assert_eq!(document.root().kind(), Kind::Object, "{what}: stays a call");
        let error = document.root().array().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{what}: {error}");
        walk(&document);
    }
}

#[test]
fn group_17_values_that_expand_stay_shared() {
    let mut by_memo = asm(2).str("lol").put(0);
    for level in 0..30 {
        by_memo = by_memo.op(b"0](");
        for _ in 0..10 {
            by_memo = by_memo.get(level);
        }
        by_memo = by_memo.op(b"e").put(level + 1);
    }
    let mut by_dup = asm(2).op(b"N");
    for _ in 0..81 {
        by_dup = by_dup.op(b"2\x86");
    }
    for bomb in [by_memo.stop(), by_dup.stop()] {
        let document = read(bomb);
        assert!(document.node_count() < 100);
        walk(&document);
        #[cfg(feature = "serde")]
        assert_eq!(
            document.root().to::<serde_json::Value>().unwrap_err().kind(),
            ErrorKind::Limit,
            "a tree of it would not fit anywhere"
        );
    }
    // Large values that are made of one and the same value a thousand times over.
    let mut copies = asm(3).bytes(&[7; 10_000]).put(0).op(b"0](");
    for _ in 0..1000 {
        copies = copies.global("builtins", "bytearray").get(0).op(b"\x85R");
        copies = reconstruct(copies, u1, |a| a.op(b"M\x10\x27\x85"), |a| a.get(0));
    }
    let document = read(copies.op(b"e").stop());
    let arrays = document.root().iter().filter(|value| value.kind() == Kind::Array);
    assert_eq!(arrays.count(), 1, "the first is an array, the others stay calls");
}

#[test]
fn group_18_depth_costs_no_stack() {
    const DEPTH: usize = 1_000_000;
    const LESS: usize = 100_000;
    let deep = [
        Asm {
            bytes: [
                &b"\x80\x02"[..],
                &b"]".repeat(DEPTH),
                &b"a".repeat(DEPTH - 1),
                b".",
            ]
            .concat(),
        },
        Asm {
            bytes: [&b"\x80\x02N"[..], &b"\x85".repeat(DEPTH), b"."].concat(),
        },
        Asm {
            bytes: [
                &b"\x80\x02"[..],
                &b"cm\nC\n".repeat(LESS),
                b")",
                &b"R".repeat(LESS),
                b".",
            ]
            .concat(),
        },
        Asm {
            bytes: [&b"(".repeat(LESS)[..], b"d", &b"l".repeat(LESS - 1), b"."].concat(),
        },
        Asm {
            bytes: [
                &b"\x80\x02cm\nC\n)\x81"[..],
                &b"cm\nC\n)\x81".repeat(LESS),
                &b"b".repeat(LESS),
                b".",
            ]
            .concat(),
        },
        // Well-known values in one another.
        Asm {
            bytes: [
                &b"\x80\x02"[..],
                &b"ccollections\ndeque\n".repeat(LESS),
                b"]",
                &b"\x85R".repeat(LESS),
                b".",
            ]
            .concat(),
        },
    ];
    let work = move || {
        for asm in deep {
            let mut document = asm.read().unwrap();
            let root = document.root();
            assert!(root.deep_eq(root, u64::MAX).unwrap());
            assert!(root.summary().to_string().len() < 100_000);
            let deepest = document.walk().last().unwrap();
            assert!(root.follow(&deepest.path()).unwrap().is(deepest.value()));
            #[cfg(feature = "serde")]
            assert!(root.to::<serde_json::Value>().is_err(), "too deep for a tree");
            assert!(root.array().is_err() && document.take_array("").is_err());
            let copy = save::write(&document, Vec::new(), Protocol::V2, NoArrays).unwrap();
            assert!(pickle::read(&mut copy.as_slice()).is_ok());
        }
    };
    // A stack that none of these would fit in if anything recursed.
    let thread = std::thread::Builder::new()
        .stack_size(512 << 10)
        .spawn(work)
        .unwrap();
    thread.join().unwrap();
}

#[test]
fn group_19_memo_numbers_may_be_anything() {
    let document = read(asm(2).op(b"]r\xff\xff\xff\xffj\xff\xff\xff\xffa").stop());
    assert!(document.root().index(0).unwrap().is(document.root()));
    let document = read(asm(2).op(b"]p9223372036854775807\n").stop());
    assert_eq!(document.root().len(), Some(0));
}

#[test]
fn group_20_cycles_are_values_like_others() {
    let cycles = [
        ("a list in itself", asm(2).op(b"]").put(0).get(0).op(b"a").stop()),
        (
            "an object in its own state",
            asm(2)
                .global("m", "C")
                .op(b")\x81")
                .put(0)
                .op(b"}")
                .str("me")
                .get(0)
                .op(b"sb")
                .stop(),
        ),
        (
            "a dict as its own key",
            asm(2).op(b"}").put(0).get(0).get(0).op(b"s").stop(),
        ),
        (
            "a set in itself",
            asm(4).op(b"\x8f").put(0).op(b"(").get(0).op(b"\x90").stop(),
        ),
        (
            "an object as its own state",
            asm(2).global("m", "C").op(b")\x81").put(0).get(0).op(b"b").stop(),
        ),
        (
            "an object that calls itself",
            asm(2)
                .global("m", "C")
                .op(b"]")
                .put(0)
                .op(b"\x85R")
                .put(1)
                .get(0)
                .get(1)
                .op(b"a0")
                .stop(),
        ),
        (
            "a dtype in its own fields",
            asm(2)
                .global("numpy", "dtype")
                .str("V8")
                .tuple(1)
                .op(b"R")
                .put(0)
                .op(b"(K\x03")
                .str("|")
                .op(b"N")
                .str("a")
                .tuple(1)
                .op(b"}")
                .str("a")
                .get(0)
                .op(b"K\x00\x86sK\x08K\x01K\x10tb")
                .stop(),
        ),
        (
            "a time zone of itself",
            asm(2)
                .global("datetime", "timezone")
                .op(b"]")
                .put(0)
                .op(b"\x85R")
                .put(1)
                .get(0)
                .get(1)
                .op(b"a0")
                .stop(),
        ),
        (
            "a deque of itself",
            asm(2)
                .global("collections", "deque")
                .op(b"]")
                .put(0)
                .op(b"\x85R")
                .put(1)
                .get(0)
                .get(1)
                .op(b"a0")
                .stop(),
        ),
    ];
    for (what, asm) in cycles {
        let document = asm.read().unwrap_or_else(|e| panic!("{what}: {e}"));
        walk(&document);
        let kinds: Vec<Kind> = document.walk().map(|visit| visit.value().kind()).collect();
        assert!(!kinds.is_empty(), "{what}");
        assert!(document.root().as_dtype().is_none(), "{what}");
    }
}

#[test]
fn group_21_dtypes_are_checked_before_any_view() {
    let i4 = |a: Asm| a.global("numpy", "dtype").str("i4").tuple(1).op(b"R");
    // A struct of one field `a` of four bytes: at `offset`, in `size` bytes.
    let record = |a: Asm, order: &[u8], offset: &[u8], size: &[u8], alignment: &[u8]| {
        let a = a
            .global("numpy", "dtype")
            .str("V8")
            .tuple(1)
            .op(b"R(K\x03")
            .bytes(order)
            .op(b"N")
            .str("a")
            .tuple(1);
        i4(a.op(b"}").str("a"))
            .op(offset)
            .op(b"\x86s")
            .op(size)
            .op(alignment)
            .op(b"K\x10tb")
    };
    let good = read(record(asm(3), b"|", b"K\x04", b"K\x08", b"K\x01").stop());
    assert_eq!(good.root().as_dtype().unwrap().itemsize(), 8);
    // Alignment is hearsay: what matters is where fields stand.
    let odd = read(record(asm(3), b"|", b"K\x04", b"K\x08", b"J\xff\xff\xff\x7f").stop());
    assert_eq!(odd.root().as_dtype().unwrap().alignment(), 1);
    for (what, asm) in [
        (
            "behind the end",
            record(asm(3), b"|", b"K\x05", b"K\x08", b"K\x01"),
        ),
        (
            "negative",
            record(asm(3), b"|", b"J\xfc\xff\xff\xff", b"K\x08", b"K\x01"),
        ),
        (
            "huge",
            record(asm(3), b"|", b"K\x00", b"\x8a\x08\0\0\0\0\0\0\0\x7f", b"K\x01"),
        ),
        (
            "byte order",
            record(asm(3), b"\xff", b"K\x00", b"K\x08", b"K\x01"),
        ),
        (
            "no text",
            asm(3).global("numpy", "dtype").bytes(b"\xff").tuple(1).op(b"R"),
        ),
        (
            "version",
            asm(3)
                .global("numpy", "dtype")
                .str("i4")
                .tuple(1)
                .op(b"R(K\x63NNNNNNNtb"),
        ),
        (
            "state",
            asm(3).global("numpy", "dtype").str("i4").tuple(1).op(b"RNb"),
        ),
        (
            "huge sub-array",
            i4(asm(3)
                .global("numpy", "dtype")
                .str("V8")
                .tuple(1)
                .op(b"R(K\x03")
                .str("|"))
            .op(b"\x8a\x05\0\0\0\0\x01\x8a\x05\0\0\0\0\x01\x86\x86NNK\x00K\x01K\x00tb"),
        ),
    ] {
        let document = read(asm.stop());
        assert!(document.root().as_dtype().is_none(), "{what}");
        assert!(pickle::numpy::dtype(document.root()).is_err(), "{what}");
        walk(&document);
    }
    // Titles are keys too, and not fields.
    let titled = asm(3)
        .global("numpy", "dtype")
        .str("V4")
        .tuple(1)
        .op(b"R(K\x03")
        .str("|")
        .op(b"N")
        .str("a")
        .tuple(1)
        .op(b"}(")
        .str("a");
    let titled = i4(titled)
        .op(b"K\x00")
        .str("Title")
        .op(b"\x87")
        .put(9)
        .str("Title")
        .get(9)
        .op(b"uK\x04K\x01J\x90\xff\xff\xfftb")
        .stop();
    let dtype = read(titled).root().as_dtype().unwrap();
    assert_eq!(
        (dtype.as_struct().unwrap().fields().len(), dtype.itemsize()),
        (1, 4)
    );
    assert!(dtype.field("Title").is_some());
}

#[test]
fn group_23_every_cut_is_noticed() {
    let whole = reconstruct(asm(4).op(b"]("), u1, |a| a.op(b"K\x03\x85"), |a| a.bytes(b"abc"))
        .stack_global("collections", "OrderedDict")
        .op(b")R")
        .str("a")
        .op(b"K\x01sF1.5\ne")
        .stop();
    let count = whole.bytes.len();
    for cut in 0..count {
        let error = pickle::read(&mut &whole.bytes[..cut]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Truncated, "{cut}: {error}");
    }
    let document = read(whole);
    let first: Value<'_> = document.root().index(0).unwrap();
    assert_eq!(first.array().unwrap().as_bytes(), b"abc");
}
