//! How the bytes are read: groups 10 to 13, and 23.

use demijohn_pickle::{self as pickle, ErrorKind, Value};

use crate::common::{Asm, asm};
use crate::{fails, read, reconstruct, u1};

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
