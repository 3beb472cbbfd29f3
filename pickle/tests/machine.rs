//! What each opcode means, read from hand-written pickles.

use demijohn_pickle::{self as pickle, Document, ErrorKind, How, Kind, Limits, NoPayload, ReadOptions};

fn read(bytes: &[u8]) -> Document {
    let mut source = bytes;
    let document = pickle::read(&mut source).unwrap_or_else(|e| panic!("{}: {e}", bytes.escape_ascii()));
    assert!(source.is_empty(), "stops at STOP");
    document
}

fn fails(bytes: &[u8]) -> pickle::Error {
    match pickle::read(&mut &*bytes) {
        Ok(document) => panic!("{}: read as {document:?}", bytes.escape_ascii()),
        Err(e) => e,
    }
}

fn shown(bytes: &[u8]) -> String {
    format!("{:?}", read(bytes).root())
}

#[test]
fn leaves_of_all_protocols() {
    for (bytes, value) in [
        (&b"N."[..], "None"),
        (b"I01\n.", "True"),
        (b"I00\n.", "False"),
        (b"\x88.", "True"),
        (b"\x89.", "False"),
        (b"I-12\n.", "-12"),
        (b"I1\r\n.", "1"),
        (b"I9223372036854775808\n.", "9223372036854775808"),
        (b"L12L\n.", "12"),
        (b"L-12\n.", "-12"),
        (b"J\xff\xff\xff\xff.", "-1"),
        (b"K\xff.", "255"),
        (b"M\xff\xff.", "65535"),
        (b"\x8a\x00.", "0"),
        (b"\x8a\x01\xff.", "-1"),
        (b"\x8a\x09\0\0\0\0\0\0\0\x80\0.", "9223372036854775808"),
        (b"\x8b\x02\0\0\0\x00\x80.", "-32768"),
        (b"F1.25\n.", "1.25"),
        (b"G\x3f\xf4\0\0\0\0\0\0.", "1.25"),
        (b"S'a\\x41'\n.", "\"aA\""),
        (b"T\x02\0\0\0ab.", "\"ab\""),
        (b"U\x02ab.", "\"ab\""),
        (b"Va\\u0041\n.", "\"aA\""),
        (b"X\x02\0\0\0\xc3\xa9.", "\"é\""),
        (b"\x8c\x02\xc3\xa9.", "\"é\""),
        (b"\x8d\x02\0\0\0\0\0\0\0\xc3\xa9.", "\"é\""),
        (b"\x8c\x03\xed\xa0\x80.", "\"\\xed\\xa0\\x80\""),
        (b"B\x02\0\0\0ab.", "b\"ab\""),
        (b"C\x02ab.", "b\"ab\""),
        (b"\x8e\x02\0\0\0\0\0\0\0ab.", "b\"ab\""),
        (b"\x96\x02\0\0\0\0\0\0\0ab.", "b\"ab\""),
        (b"cposix\nsystem\n.", "posix.system"),
        (b"\x8c\x05posix\x8c\x06system\x93.", "posix.system"),
    ] {
        assert_eq!(shown(bytes), value, "{}", bytes.escape_ascii());
    }
    assert_eq!(read(b"U\x01\xff.").root().kind(), Kind::Str8);
    assert_eq!(read(b"U\x01\xff.").root().as_bytes(), Some(&b"\xff"[..]));
    assert_eq!(
        read(b"C\x01\xff\x98.").root().kind(),
        Kind::Bytes,
        "read-only bytes are bytes"
    );
}

#[test]
fn containers_of_all_protocols() {
    for (bytes, kind, len) in [
        (&b")."[..], Kind::Tuple, 0),
        (b"(t.", Kind::Tuple, 0),
        (b"(I1\nI2\nt.", Kind::Tuple, 2),
        (b"K\x01\x85.", Kind::Tuple, 1),
        (b"K\x01K\x02\x86.", Kind::Tuple, 2),
        (b"K\x01K\x02K\x03\x87.", Kind::Tuple, 3),
        (b"].", Kind::List, 0),
        (b"(I1\nl.", Kind::List, 1),
        (b"]K\x01a.", Kind::List, 1),
        (b"](K\x01K\x02e(K\x03e.", Kind::List, 3),
        (b"}.", Kind::Dict, 0),
        (b"(I1\nI2\nd.", Kind::Dict, 1),
        (b"}K\x01K\x02s.", Kind::Dict, 1),
        (b"}(K\x01K\x02K\x03K\x04u.", Kind::Dict, 2),
        (b"\x8f(K\x01\x90.", Kind::Set, 1),
        (b"(K\x01K\x02\x91.", Kind::FrozenSet, 2),
        // What POP, POP_MARK and DUP leave.
        (b"](K\x01K\x020e.", Kind::List, 1),
        (b"](K\x01K\x021.", Kind::List, 0),
        (b"](0.", Kind::List, 0),
        (b"](K\x012e.", Kind::List, 2),
    ] {
        let document = read(bytes);
        assert_eq!(
            (document.root().kind(), document.root().len()),
            (kind, Some(len)),
            "{}",
            bytes.escape_ascii()
        );
    }
}

#[test]
fn later_values_of_a_key_win() {
    let document = read(b"}(X\x01\0\0\0aK\x01X\x01\0\0\0bK\x02X\x01\0\0\0aK\x03u.");
    assert_eq!(document.root().get("a").unwrap().as_i64(), Some(3));
    let error = document.root().get("c").unwrap_err();
    assert_eq!((error.kind(), error.offset()), (ErrorKind::Parameter, None));
}

#[test]
fn keys_may_be_anything() {
    let document = read(b"}(]K\x01G\x7f\xf8\0\0\0\0\0\0K\x02u.");
    let keys: Vec<Kind> = document.root().items().map(|(key, _)| key.kind()).collect();
    assert_eq!(keys, [Kind::List, Kind::Float]);
}

#[test]
fn calls_are_recorded_and_nothing_else() {
    for (bytes, how, args) in [
        (&b"cos\nsystem\n(S'ls'\ntR."[..], How::Reduce, 1),
        (b"\x80\x02cos\nsystem\nK\x01K\x02\x86\x81.", How::NewObj, 2),
        (b"\x80\x04\x8c\x02os\x8c\x06system\x93)}\x92.", How::NewObjEx, 0),
        (b"(I1\nI2\nios\nsystem\n.", How::Instance, 2),
        (b"(cos\nsystem\nI1\no.", How::Instance, 1),
    ] {
        let document = read(bytes);
        let object = document.root().as_object().unwrap();
        assert!(object.calls("os", "system"));
        assert_eq!((object.how(), object.args().len()), (how, Some(args)));
        assert_eq!(object.kwargs().is_some(), how == How::NewObjEx);
        assert!(object.state().is_none());
    }
    let document = read(b"\x80\x02cm\nC\n)\x81(K\x01K\x02eK\x03a(K\x04K\x05uK\x06K\x07sK\x08bK\x09b.");
    let object = document.root().as_object().unwrap();
    let ints = |values: pickle::Iter<'_>| values.map(|v| v.as_i64().unwrap()).collect::<Vec<_>>();
    assert_eq!(ints(object.appended()), [1, 2, 3]);
    assert_eq!(ints(object.states()), [8, 9]);
    assert_eq!(object.state().unwrap().as_i64(), Some(9));
    let pairs: Vec<_> = document
        .root()
        .items()
        .map(|(k, v)| (k.as_i64(), v.as_i64()))
        .collect();
    assert_eq!(pairs, [(Some(4), Some(5)), (Some(6), Some(7))]);
}

#[test]
fn names_of_python_2_are_translated_below_protocol_3_only() {
    assert_eq!(shown(b"c__builtin__\nxrange\n."), "builtins.range");
    assert_eq!(
        shown(b"\x80\x02ccopy_reg\n_reconstructor\n."),
        "copyreg._reconstructor"
    );
    assert_eq!(shown(b"\x80\x03c__builtin__\nxrange\n."), "__builtin__.xrange");
}

#[test]
fn the_memo_refers_to_the_same_object() {
    for bytes in [
        &b"(lp5\ng5\na."[..],
        b"]q\x05h\x05a.",
        b"]r\xff\xff\xff\xffj\xff\xff\xff\xffa.",
        b"]\x94h\x00a.",
        // PUT and MEMOIZE share one numbering.
        b"Nq\x070]\x94h\x01a.",
    ] {
        let document = read(bytes);
        let root = document.root();
        assert!(root.index(0).unwrap().is(root), "{}", bytes.escape_ascii());
    }
    // A tuple that holds itself, as Python writes it.
    let document = read(b"\x80\x02]q\x00h\x00\x85q\x01a0h\x01.");
    let tuple = document.root();
    assert!(tuple.index(0).unwrap().index(0).unwrap().is(tuple));
}

#[test]
fn malformed_pickles_are_corrupt_and_say_where() {
    for (bytes, offset) in [
        (&b"."[..], 0),
        (b"\xff.", 0),
        (b"x\x9c", 0),
        (b"K\x01a.", 2),
        (b"(a.", 1),
        (b"N(e.", 2),
        (b"](K\x01s.", 4),
        (b"}(K\x01u.", 4),
        (b"}K\x01s.", 3),
        (b"]((K\x01e.", 5),
        (b"}((NNu.", 5),
        (b"e.", 0),
        (b"t.", 0),
        (b"]1.", 1),
        (b"(0(0.", 4),
        (b"\x85.", 0),
        (b"N\x86.", 1),
        (b"K\x05K\x06b.", 4),
        (b"NNa.", 2),
        (b"h\x00.", 0),
        (b"g5\n.", 0),
        (b"gx\n.", 0),
        (b"p0\n.", 0),
        (b"N(p0\n.", 2),
        (b"Np-1\n.", 1),
        (b"\x94.", 0),
        (b"2.", 0),
        (b"N(2.", 2),
        (b"K\x01K\x02\x93.", 4),
        (b"T\xff\xff\xff\xff.", 0),
        (b"\x8b\xff\xff\xff\xff.", 0),
        (b"\x8d\0\0\0\0\0\0\0\x80.", 0),
        (b"\x8c\x01\xff.", 0),
        (b"S'a\n.", 0),
        (b"I1.5\n.", 0),
        (b"F1,5\n.", 0),
        (b"c\xff\nx\n.", 0),
        (b"\x82\x00.", 0),
        (b"(o.", 1),
        (b"P\xff\n.", 0),
    ] {
        let error = fails(bytes);
        assert_eq!(
            error.kind(),
            ErrorKind::Corrupt,
            "{}: {error}",
            bytes.escape_ascii()
        );
        assert_eq!(error.offset(), Some(offset), "{}: {error}", bytes.escape_ascii());
    }
    let error = fails(b"](K\x01s.");
    assert_eq!(
        error.to_string(),
        "malformed pickle: stack underflow (at byte 4, opcode SETITEM)"
    );
}

#[test]
fn references_to_the_outside_are_refused() {
    for bytes in [
        &b"Pabc\n."[..],
        b"NQ.",
        b"\x82\x01.",
        b"\x83\x01\x01.",
        b"\x84\x01\0\0\0.",
        b"\x97.",
        b"]\x98.",
        b"\x80\x06.",
    ] {
        let error = fails(bytes);
        assert_eq!(
            error.kind(),
            ErrorKind::Unsupported,
            "{}: {error}",
            bytes.escape_ascii()
        );
    }
    assert!(fails(b"\x80\x09.").to_string().contains("protocol: 9"));
}

#[test]
fn frames_hold_whole_opcodes() {
    let framed = |n: u64, body: &[u8]| [b"\x80\x04\x95", &n.to_le_bytes()[..], body].concat();
    assert_eq!(shown(&framed(5, b"\x8c\x02ab.")), "\"ab\"");
    // The frame ends, and bare opcodes follow.
    assert_eq!(shown(&framed(4, b"\x8c\x02ab.")), "\"ab\"");
    // A frame longer than the input is not the reader's business.
    assert_eq!(shown(&framed(1000, b"\x8c\x02ab.")), "\"ab\"");
    // Like CPython, which looks at each read: between an opcode, its length and its bytes a frame may end.
    for n in [1, 2] {
        assert_eq!(shown(&framed(n, b"\x8c\x02ab.")), "\"ab\"");
    }
    assert_eq!(fails(&framed(3, b"\x8c\x02ab.")).kind(), ErrorKind::Corrupt);
    let nested = framed(20, &framed(1, b"N.")[2..]);
    assert_eq!(fails(&nested).kind(), ErrorKind::Corrupt);
    assert_eq!(fails(&framed(1 << 63, b"N.")).kind(), ErrorKind::Corrupt);
    // One frame right behind the other.
    assert_eq!(
        shown(&[framed(1, b"N"), framed(2, b"0].")[2..].to_vec()].concat()),
        "list of 0 items"
    );
}

fn within(limits: Limits, bytes: &[u8]) -> Result<Document, ErrorKind> {
    let options = ReadOptions {
        limits,
        ..ReadOptions::default()
    };
    pickle::read_with(&mut &*bytes, &options, &mut NoPayload).map_err(|e| e.kind())
}

/// Limits that bound one thing.
type Bound<'a> = &'a dyn Fn(u64) -> Limits;

#[test]
fn limits_hold_exactly() {
    let none = Limits::none();
    let cases: [(Bound<'_>, &[u8], u64); 8] = [
        (&|opcodes| Limits { opcodes, ..none }, b"](K\x01K\x02e.", 6),
        (&|memo| Limits { memo, ..none }, b"]q\x00q\x00q\x05.", 2),
        (&|depth| Limits { depth, ..none }, b"](K\x01(K\x02l0e.", 5),
        (&|text| Limits { text, ..none }, b"X\x03\0\0\0abcC\x02de\x86.", 5),
        (
            &|text| Limits { text, ..none },
            b"\x80\x04\x8c\x01a\x8c\x01b\x93.",
            4,
        ),
        (&|text| Limits { text, ..none }, b"cab\ncde\n.", 5),
        (
            &|text| Limits { text, ..none },
            b"\x8a\x0a\0\0\0\0\0\0\0\0\0\x01.",
            10,
        ),
        (&|text| Limits { text, ..none }, b"Vabcde\n.", 5),
    ];
    for (limits, bytes, needed) in cases {
        assert!(within(limits(needed), bytes).is_ok(), "{}", bytes.escape_ascii());
        assert_eq!(
            within(limits(needed - 1), bytes).unwrap_err(),
            ErrorKind::Limit,
            "{}",
            bytes.escape_ascii()
        );
    }
    assert!(within(Limits::untrusted(), b"](K\x01K\x02e.").is_ok());
}
