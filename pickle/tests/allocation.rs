//! Lengths that lie cost no memory: what is allocated is counted.

#[path = "../../testing/counting.rs"]
mod counting;

use std::io::BufReader;

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
    // The count counts, as long as the bytes do not get pages of their own.
    let honest = [&b"\x80\x05B\0\0\x10\0"[..], &vec![0; 1 << 20], b"."].concat();
    let (document, used) = counting::total(|| pickle::read(&mut honest.as_slice()));
    assert!(document.is_ok() && used > 1 << 20, "{used} bytes");
}
