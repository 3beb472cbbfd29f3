//! Lengths that lie cost no memory: what is allocated is counted.

#[path = "../../testing/counting.rs"]
mod counting;

use std::io::BufReader;

mod common;

use common::{Asm, asm};
use demijohn_pickle as pickle;

/// The most that reading any of these may allocate, all in all.
const MOST: usize = 1 << 20;

#[test]
fn lengths_that_lie_cost_no_memory() {
    let shape = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85C\x01b\x87R(K\x01\x8a\x06\0\0\0\0\0\x01\x85cnumpy\ndtype\nX\x02\0\0\0u1\x85R\x89C\x00tb.";
    for (what, bytes) in [
        (
            "BINBYTES8",
            &b"\x80\x05\x8e\xff\xff\xff\xff\xff\xff\xff\x3fabc"[..],
        ),
        ("BINUNICODE8", b"\x80\x05\x8d\xff\xff\xff\xff\xff\xff\xff\x3fabc"),
        ("BYTEARRAY8", b"\x80\x05\x96\xff\xff\xff\xff\xff\xff\xff\x3fabc"),
        ("BINBYTES", b"\x80\x05B\xff\xff\xff\xffabc"),
        ("BINUNICODE", b"\x80\x05X\xff\xff\xff\xffabc"),
        ("BINSTRING", b"T\xff\xff\xff\x7fabc"),
        ("LONG4", b"\x80\x02\x8b\xff\xff\xff\x7fabc"),
        ("FRAME", b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7fN."),
        ("LONG_BINPUT", b"\x80\x02Nr\xff\xff\xff\xff."),
        ("PUT", b"Np9223372036854775807\n."),
        ("a shape", shape),
        ("a dtype", b"cnumpy\ndtype\nX\x0b\0\0\0V2147483647\x85R."),
        (
            "a sub-array",
            b"cnumpy\ndtype\nX\x16\0\0\0(1073741824,1000)float8\x85R.",
        ),
    ] {
        for chunk in [1, 1 << 16] {
            let (_, used) = counting::total(|| pickle::read(&mut BufReader::with_capacity(chunk, bytes)));
            assert!(used < MOST + chunk, "{what}: {used} bytes");
        }
    }
    dtypes_that_are_shared_cost_little();
    // The count counts, as long as the bytes do not get pages of their own.
    let honest = [&b"\x80\x05B\0\0\x10\0"[..], &vec![0; 1 << 20], b"."].concat();
    let (document, used) = counting::total(|| pickle::read(&mut honest.as_slice()));
    assert!(document.is_ok() && used > 1 << 20, "{used} bytes");
}

/// Structs of 16 structs of 16 structs …, 65536 numbers in all, of which nothing is said twice: under memo number 4.
fn deep_dtype(mut out: Asm) -> Asm {
    let call = |out: Asm, code: &dyn Fn(Asm) -> Asm| code(out.global("numpy", "dtype")).op(b"\x89\x88\x87R");
    out = call(out, &|out| out.str("<i1")).put(0);
    for level in 0..4 {
        let fields = |out: Asm| {
            let named = |out: Asm, i| out.str(&format!("f{i}")).get(level).op(b"\x86");
            (0..16).fold(out.op(b"]("), named).op(b"e")
        };
        out = call(out.op(b"0"), &fields).put(level + 1);
    }
    out
}

/// An empty array of it.
fn empty_array(out: Asm) -> Asm {
    let call = out
        .global("numpy.core.multiarray", "_reconstruct")
        .global("numpy", "ndarray");
    call.op(b"K\x00\x85")
        .bytes(b"b")
        .op(b"\x87R(K\x01K\x00\x85")
        .get(4)
        .op(b"\x89")
        .bytes(b"")
        .op(b"tb")
}

fn dtypes_that_are_shared_cost_little() {
    let begin = || deep_dtype(asm(3)).op(b"0](");
    let arrays = (0..2000).fold(begin(), |out, _| empty_array(out)).op(b"e.");
    let (document, used) = counting::total(|| arrays.read().unwrap());
    assert!(document.at("[1999]").unwrap().as_array().is_some());
    let one = empty_array(begin()).op(b"e.");
    let (_, first) = counting::total(|| one.read().unwrap());
    assert!(used < 2 * first + 2000 * 2000, "{used} bytes, {first} for one");

    // That a dtype changes, so that it has to be read anew, is nothing that a file may ask for any number of times.
    let changing = |out: Asm| empty_array(out.get(4).op(b"Nb0"));
    let changing = (0..20_000).fold(begin(), |out, _| changing(out)).op(b"e.");
    let (document, used) = counting::total(|| changing.read());
    assert!(document.is_ok());
    assert!(used < 1 << 30, "{used} bytes");
}
