//! Files that lie about how large their arrays are: each is refused through every door, with a word on what is wrong, and
//! costs next to nothing. What is allocated is counted.

#[path = "../../testing/counting.rs"]
mod counting;

mod common;

use common::{Doors, array, dtype, list, text};
use demijohn::ErrorKind::{Corrupt, Truncated};

/// The most that reading any of these may allocate at a time.
const MOST: usize = 1 << 20;

/// A pickled integer of two bytes or eight.
fn int(n: u64) -> Vec<u8> {
    match u16::try_from(n) {
        Ok(n) => [&b"M"[..], &n.to_le_bytes()].concat(),
        Err(_) => [&b"\x8a\x08"[..], &n.to_le_bytes()].concat(),
    }
}

fn shape(extents: &[u64]) -> Vec<u8> {
    let extents: Vec<u8> = extents.iter().flat_map(|&n| int(n)).collect();
    [&b"("[..], &extents, b"t"].concat()
}

/// A dtype of eight bytes with one field at an offset: `(version, order, None, names, fields, itemsize, alignment, flags)`.
fn structure(offset: &[u8], field: &[u8]) -> Vec<u8> {
    [
        &dtype("V8")[..],
        b"(K\x03",
        &text("|"),
        b"N",
        &text("a"),
        b"\x85}",
        &text("a"),
        field,
        offset,
        b"\x86sK\x08K\x01K\x10tb",
    ]
    .concat()
}

/// One test, as the counters are the process's.
#[test]
fn arrays_that_lie_are_refused_and_cost_nothing() {
    let u1 = || dtype("u1");
    let cases = [
        ("2^40 bytes", shape(&[1 << 40]), u1(), Truncated, "1099511627776"),
        (
            "2^62 bytes",
            shape(&[1 << 62]),
            u1(),
            Truncated,
            "4611686018427387904",
        ),
        ("2^62 numbers", shape(&[1 << 62]), dtype("f8"), Corrupt, "too big"),
        (
            "a product that wraps to 0",
            shape(&[1 << 32, 1 << 32]),
            u1(),
            Corrupt,
            "too big",
        ),
        (
            "a product that wraps to 4",
            shape(&[(1 << 62) + 1, 4]),
            u1(),
            Corrupt,
            "too big",
        ),
        (
            "2^62 elements of nothing",
            shape(&[1 << 62]),
            dtype("V0"),
            Corrupt,
            "too big",
        ),
        (
            "2^62 texts of nothing",
            shape(&[1 << 62]),
            dtype("U0"),
            Corrupt,
            "too big",
        ),
        (
            "less than nothing",
            b"J\xff\xff\xff\xff\x85".to_vec(),
            u1(),
            Corrupt,
            "shape",
        ),
        (
            "less than nothing, twice",
            b"J\xff\xff\xff\xffJ\xfc\xff\xff\xff\x86".to_vec(),
            u1(),
            Corrupt,
            "shape",
        ),
        ("65 axes", shape(&[1; 65]), u1(), Corrupt, "axes"),
        ("a million axes", shape(&vec![1; 1000]), u1(), Corrupt, "axes"),
        (
            "elements of 2 GiB",
            shape(&[1]),
            dtype("V2147483647"),
            Truncated,
            "2147483647",
        ),
        (
            "elements beyond 2 GiB",
            shape(&[1]),
            dtype("V2147483648"),
            Corrupt,
            "2147483648",
        ),
        (
            "an offset past the end",
            shape(&[1]),
            structure(b"K\x05", &dtype("i4")),
            Corrupt,
            "field",
        ),
        (
            "a field past the end",
            shape(&[1]),
            structure(b"K\x00", &dtype("f16")),
            Corrupt,
            "field",
        ),
        (
            "a negative offset",
            shape(&[1]),
            structure(b"J\xff\xff\xff\xff", &dtype("u1")),
            Corrupt,
            "offset",
        ),
        (
            "a sub-array past the end",
            shape(&[1]),
            structure(b"K\x00", &dtype("(1073741824,1024)u1")),
            Corrupt,
            "",
        ),
    ];
    for (what, shape, dtype, kind, word) in cases {
        let file = Doors::of(list(&[array(&shape, dtype, &[], b"four")]));
        file.each("[0]", |door, enter| {
            let (result, used) = counting::peak(enter);
            let error = result.expect_err(what);
            let message = error.to_string();
            assert_eq!(error.kind(), kind, "{what}, {door}: {message}");
            assert!(message.contains(word), "{what}, {door}: {message}");
            assert!(
                error.offset_out().is_some(),
                "{what}, {door}: not where: {message}"
            );
            assert!(used < MOST, "{what}, {door}: {used} bytes");
        });
    }

    // What follows an array whose description is in order must be there, too.
    let aligned = [("numpy_array_alignment_bytes", b"K\x10".to_vec())];
    let file = Doors::of(list(&[array(&shape(&[4]), u1(), &aligned, b"\xff")]));
    file.each("[0]", |door, enter| {
        let (result, used) = counting::peak(enter);
        let error = result.expect_err("a pad of 255 bytes that is not there");
        assert_eq!(error.kind(), Truncated, "{door}: {error}");
        assert!(used < MOST, "{door}: {used} bytes");
    });

    // And the count counts.
    let large = 900_000;
    let file = Doors::of(list(&[array(&shape(&[large]), u1(), &[], &vec![7; 900_000])]));
    let (document, used) = counting::peak(|| demijohn::load(file.path()));
    assert!(document.is_ok() && used > 900_000, "{used} bytes");
}
