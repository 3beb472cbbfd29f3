//! Masked arrays, and arrays of what holds Python objects.

mod common;

use common::{Asm, asm};
use demijohn_arrays::{Order, Scalar};
use demijohn_pickle::numpy::{Inline, Located, locate_at};
use demijohn_pickle::{self as pickle, Document, ErrorKind, Kind, Protocol, save};

fn read(asm: Asm) -> Document {
    asm.stop().read().unwrap_or_else(|e| panic!("{e}"))
}

fn dtype(asm: Asm, code: &str) -> Asm {
    asm.global("numpy", "dtype").str(code).op(b"\x89\x88\x87R")
}

/// The call that makes a masked array, without a state.
fn masked(class: &str) -> Asm {
    masked_in(asm(3), class)
}

fn masked_in(asm: Asm, class: &str) -> Asm {
    asm.global("numpy.ma.core", "_mareconstruct")
        .op(b"(")
        .global("numpy.ma", class)
        .global("numpy", "ndarray")
        .op(b"K\x00\x85")
        .str("b")
        .op(b"tR")
}

/// The state of a masked array of three two-byte numbers.
fn state(asm: Asm, data: &[u8], mask: &[u8]) -> Asm {
    let asm = asm.op(b"(K\x01K\x03\x85");
    dtype(asm, "<i2").op(b"\x89").bytes(data).bytes(mask).op(b"Ntb")
}

#[test]
fn masked_arrays_have_data_and_mask() {
    let document = read(state(masked("MaskedArray"), &[1, 0, 2, 0, 3, 0], &[0, 1, 0]));
    let value = document.root();
    assert_eq!(value.kind(), Kind::MaskedArray);
    assert_eq!(format!("{value:?}"), "masked array <i2 (3,) C");
    let masked = value.as_masked_array().unwrap();
    assert_eq!(masked.data().unwrap().as_slice::<i16>().unwrap(), [1, 2, 3]);
    assert_eq!(
        masked.mask().unwrap().as_slice::<bool>().unwrap(),
        [false, true, false]
    );
    assert!(masked.fill_value().is_none());
    // It is no array without its mask, and is written as it was.
    assert!(value.array().is_err() && value.as_array().is_none());
    let bytes = save::write(&document, Vec::new(), Protocol::V4, Inline::default()).unwrap();
    let again = pickle::read(&mut bytes.as_slice()).unwrap();
    assert!(again.root().deep_eq(value, 100).unwrap());
}

#[test]
fn paths_lead_to_the_two_arrays_of_a_masked_one() {
    let list = asm(3).op(b"](");
    let document = read(state(masked_in(list, "MaskedArray"), &[1, 0, 2, 0, 3, 0], &[0, 1, 0]).op(b"K\x07e"));
    let at = |path: &str| locate_at(document.root(), &path.parse().unwrap());
    let here = |path: &str| match at(path).unwrap() {
        Located::Here(array) => array.into_owned(),
        Located::Absent(_) => panic!("it was read"),
    };
    assert_eq!(here("[0].data").as_slice::<i16>().unwrap(), [1, 2, 3]);
    assert_eq!(here("[0].mask").as_slice::<bool>().unwrap(), [false, true, false]);
    let error = at("[0]").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("[0].data and [0].mask"), "{error}");
    for nothing in [
        "[0].fill_value",
        "[0].data.data",
        "[1].data",
        "[2].mask",
        "[0][\"data\"]",
    ] {
        let error = at(nothing).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Parameter, "{nothing}: {error}");
    }
}

#[test]
fn structs_have_a_mask_for_each_field() {
    let asm = masked("MaskedArray").op(b"(K\x01K\x01K\x02\x86");
    let asm = asm
        .global("numpy", "dtype")
        .op(b"](")
        .str("a")
        .str("<i4")
        .op(b"\x86");
    let asm = asm.str("b").str("<f4").op(b"K\x02\x85\x87e\x89\x88\x87R");
    let document = read(
        asm.op(b"\x88")
            .bytes(&[7; 24])
            .bytes(&[0, 1, 0, 1, 0, 1])
            .op(b"K\x09tb"),
    );
    let masked = document.root().as_masked_array().unwrap();
    assert_eq!(masked.layout().order(), Order::F);
    assert_eq!(masked.layout().nbytes(), 24);
    let mask = masked.mask().unwrap();
    assert_eq!((mask.shape(), mask.order()), (&[1, 2][..], Order::F));
    let fields = mask.dtype().as_struct().unwrap().fields();
    assert_eq!(fields[0].dtype().scalar(), Some(Scalar::Bool));
    assert_eq!(fields[1].dtype().itemsize(), 2);
    assert_eq!(masked.fill_value().unwrap().as_i64(), Some(9));
}

#[test]
fn masked_arrays_that_cannot_be_are_none() {
    for (data, mask) in [(&[0; 5][..], &[0; 3][..]), (&[0; 6], &[0; 2]), (&[0; 6], &[0; 4])] {
        let document = read(state(masked("MaskedArray"), data, mask));
        assert!(document.root().as_masked_array().is_none());
        assert_eq!(format!("{:?}", document.root()), "an invalid masked array");
    }
    let others = [
        masked("MaskedArray"),
        state(masked("mrecords"), &[0; 6], &[0; 3]),
        masked("MaskedArray").op(b"(K\x01K\x03\x85tb"),
    ];
    for asm in others {
        let document = read(asm);
        assert_eq!(document.root().kind(), Kind::Object);
        assert!(document.root().as_masked_array().is_none());
    }
}

/// An `ndarray` of this shape and dtype, whose items are these.
fn objects(shape: &[u8], dtype: impl Fn(Asm) -> Asm, items: impl Fn(Asm) -> Asm) -> Document {
    let call = asm(3)
        .global("numpy._core.multiarray", "_reconstruct")
        .op(b"(")
        .global("numpy", "ndarray");
    let call = call.op(b"K\x00\x85").bytes(b"b").op(b"tR(K\x01").op(shape);
    read(items(dtype(call).op(b"\x89](")).op(b"etb"))
}

fn texts(asm: Asm) -> Asm {
    asm.global("numpy._core._internal", "_convert_to_stringdtype_kwargs")
        .op(b"\x88N\x86R")
}

#[test]
fn texts_of_any_length_are_texts() {
    let document = objects(b"K\x02K\x01\x86", texts, |a| a.str("a").op(b"N"));
    let value = document.root();
    let array = value.as_object_array().unwrap();
    assert_eq!((value.kind(), array.shape()), (Kind::ObjectArray, &[2, 1][..]));
    assert_eq!(array.dtype().to_string(), "|T");
    let items: Vec<_> = array.iter().map(|item| item.as_str()).collect();
    assert_eq!(items, [Some("a"), None], "the other is missing");
    assert_eq!(document.at("[0]").unwrap().as_str(), Some("a"));
    // Written with the dtype it had, which says what stands for a missing text.
    for protocol in Protocol::ALL {
        let bytes = save::write(&document, Vec::new(), protocol, Inline::default()).unwrap();
        let again = pickle::read(&mut bytes.as_slice()).unwrap();
        assert!(again.root().deep_eq(value, 100).unwrap(), "{protocol:?}");
    }
    // Another one is not the same array.
    let coerced = |a: Asm| {
        a.global("numpy._core._internal", "_convert_to_stringdtype_kwargs")
            .op(b"\x89N\x86R")
    };
    let other = objects(b"K\x02K\x01\x86", coerced, |a| a.str("a").op(b"N"));
    assert!(!other.root().deep_eq(value, 100).unwrap());
}

#[test]
fn structs_with_objects_are_arrays_of_tuples() {
    let fields = |a: Asm| {
        let a = a
            .global("numpy", "dtype")
            .op(b"](")
            .str("k")
            .str("<i4")
            .op(b"\x86");
        a.str("o").str("|O").op(b"\x86e\x89\x88\x87R")
    };
    let document = objects(b"K\x02\x85", fields, |a| {
        a.op(b"K\x01").str("x").op(b"\x86K\x02N\x86")
    });
    let array = document.root().as_object_array().unwrap();
    assert!(array.dtype().has_objects());
    assert_eq!(array.dtype().as_struct().unwrap().fields().len(), 2);
    assert_eq!(document.at("[0][1]").unwrap().as_str(), Some("x"));
    let pairs: Vec<(i32, Option<String>)> = document.root().to().unwrap();
    assert_eq!(pairs, [(1, Some("x".into())), (2, None)]);
    let bytes = save::write(&document, Vec::new(), Protocol::V5, Inline::default()).unwrap();
    let again = pickle::read(&mut bytes.as_slice()).unwrap();
    assert!(again.root().deep_eq(document.root(), 100).unwrap());
}

#[test]
fn lists_that_do_not_fit_stay_calls() {
    for document in [
        objects(b"K\x03\x85", texts, |a| a.str("a")),
        objects(b"K\x01\x85", |a| dtype(a, "<i4"), |a| a.op(b"K\x01")),
    ] {
        assert_eq!(document.root().kind(), Kind::Object);
        assert_eq!(document.root().array().unwrap_err().kind(), ErrorKind::Corrupt);
    }
}

#[test]
fn a_dtype_that_changes_is_read_anew() {
    // In order: an array of dtype number 1, the dtype is given another byte order, an array of it.
    let array = |a: Asm| {
        let a = a
            .global("numpy._core.multiarray", "_reconstruct")
            .global("numpy", "ndarray");
        a.op(b"K\x00\x85")
            .bytes(b"b")
            .op(b"\x87R(K\x01K\x01\x85")
            .get(1)
            .op(b"\x89")
            .bytes(&[1, 2])
            .op(b"tb")
    };
    let a = array(dtype(asm(3), "<i2").put(1).op(b"0]("));
    let a = a
        .get(1)
        .op(b"(K\x03")
        .str(">")
        .op(b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb0");
    let document = read(array(a).op(b"e"));
    for (path, dtype) in [("[0]", "<i2"), ("[1]", ">i2")] {
        assert_eq!(
            document.at(path).unwrap().array().unwrap().dtype().to_string(),
            dtype
        );
    }
    // The same of a field that a struct is given.
    let field = |a: Asm, name: &str| a.str(name).str("<i2").op(b"\x86");
    let list = field(asm(3).op(b"]").put(2).op(b"("), "a").op(b"e0");
    let a = list
        .global("numpy", "dtype")
        .get(2)
        .op(b"\x89\x88\x87R")
        .put(1)
        .op(b"0](");
    let a = field(array(a).get(2), "b").op(b"a0");
    let two = |a: Asm| {
        let a = a
            .global("numpy._core.multiarray", "_reconstruct")
            .global("numpy", "ndarray");
        a.op(b"K\x00\x85")
            .bytes(b"b")
            .op(b"\x87R(K\x01K\x01\x85")
            .get(1)
            .op(b"\x89")
            .bytes(&[0; 4])
            .op(b"tb")
    };
    let document = read(two(a).op(b"e"));
    for (path, size) in [("[0]", 2), ("[1]", 4)] {
        assert_eq!(
            document.at(path).unwrap().array().unwrap().dtype().itemsize(),
            size
        );
    }
}
