//! Values that are large, deep or go round in circles: groups 17 to 20.

use demijohn_pickle::{self as pickle, ErrorKind, Kind, NoArrays, Protocol, save};

use crate::common::{Asm, asm};
use crate::{read, reconstruct, u1, walk};

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
