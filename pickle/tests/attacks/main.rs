//! What files of strangers try, one test for each group of attacks on readers of pickles.
//!
//! Groups are numbered as in the list that the project keeps; those that are missing here (6, 7, 8, 9, 16, 22: companions,
//! file objects, what the memo holds behind an array, subclasses in joblib's wrappers, decompression bombs, mapped files)
//! are no business of pickles, and tested where joblib's files are read: `persist/tests/attacks.rs`. Lengths that lie (14)
//! are in `allocation.rs`, where it is counted what they cost.

#[path = "../common/mod.rs"]
mod common;

mod arrays;
mod names;
mod stream;
mod values;

use common::Asm;
use demijohn_pickle::{self as pickle, Document, ErrorKind, NoArrays, Protocol, save};

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
