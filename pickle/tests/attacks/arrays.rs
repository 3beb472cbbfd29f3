//! Shapes and dtypes: groups 15 and 21.

use demijohn_pickle::{self as pickle, ErrorKind, Kind};

use crate::common::{Asm, asm};
use crate::{read, reconstruct, u1, walk};

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
