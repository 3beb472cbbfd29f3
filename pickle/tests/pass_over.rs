//! Long byte strings that are passed over, and arrays made of them; and arrays that take over the memory of theirs.

use std::io::{Cursor, Read as _};

use demijohn_arrays::{Array, Available, Layout, Order};
use demijohn_pickle::numpy::{Inline, Located, locate};
use demijohn_pickle::{
    self as pickle, Document, ErrorKind, Found, Kind, Limits, Payload, Protocol, Raw, ReadOptions, Value,
    save,
};

/// Goes past whatever it may, by reading it.
#[derive(Default)]
struct Passes(Vec<u64>);

impl Payload for Passes {
    fn read(&mut self, _: Value<'_>, _: &mut Raw<'_>) -> pickle::Result<Found> {
        Ok(Found::Nothing)
    }

    fn pass_over(&mut self, len: u64, raw: &mut Raw<'_>) -> pickle::Result<bool> {
        self.0.push(len);
        std::io::copy(&mut raw.take(len), &mut std::io::sink())?;
        Ok(true)
    }
}

fn passed(bytes: &[u8]) -> Document {
    let mut source = bytes;
    pickle::read_with(&mut source, &ReadOptions::default(), &mut Passes::default()).unwrap()
}

fn array(dtype: &str, shape: &[usize], order: Order) -> Array {
    let layout = Layout::new(dtype.parse().unwrap(), shape, order).unwrap();
    let bytes: Vec<u8> = (0..=250).cycle().take(layout.nbytes()).collect();
    Array::from_bytes(layout, &bytes).unwrap()
}

/// The array of a value that was passed over, from where it is said to be.
fn there(value: Value<'_>, bytes: &[u8]) -> Array {
    let absent = value.as_absent_array().unwrap_or_else(|| panic!("{value:?}"));
    let mut source = &bytes[usize::try_from(absent.start()).unwrap()..];
    let array = absent.read(&mut source, Available::Unknown).unwrap();
    assert_eq!(array.layout(), absent.layout());
    array
}

#[test]
fn arrays_of_all_forms_are_passed_over() {
    let arrays = [
        array("<f8", &[30, 40], Order::C),
        array("<f8", &[30, 40], Order::F),
        array(">i2", &[3000], Order::C),
        array("[('a', '<i4'), ('b', 'S2')]", &[100, 10], Order::C),
        array("|u1", &[100_000], Order::C),
    ];
    for protocol in [Protocol::V3, Protocol::V4, Protocol::V5] {
        let bytes = save::write(&arrays.to_vec(), Vec::new(), protocol, Inline::default()).unwrap();
        let document = passed(&bytes);
        for (value, array) in document.root().iter().zip(&arrays) {
            assert_eq!(value.kind(), Kind::Array);
            assert_eq!(value.len(), Some(array.shape()[0]));
            let absent = value.as_absent_array().unwrap();
            assert_eq!(absent.layout(), array.layout(), "{protocol:?}");
            assert!(absent.is_as_laid_out());
            assert_eq!(there(value, &bytes), *array, "{protocol:?}");
            assert!(value.as_array().is_none());
            let error = value.array().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Parameter);
            assert!(error.to_string().contains("not read"), "{error}");
        }
        assert!(save::write(&document, Vec::new(), protocol, Inline::default()).is_err());
    }
}

/// `BINBYTES`, or another opcode with four bytes of length.
fn counted(opcode: u8, data: &[u8]) -> Vec<u8> {
    let len = u32::try_from(data.len()).unwrap().to_le_bytes();
    [&[opcode], &len[..], data].concat()
}

#[test]
fn in_frames_and_in_the_strings_of_python_2_too() {
    let data: Vec<u8> = (0..=255).cycle().take(8000).collect();
    let state = |opcode| {
        let call =
            b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85U\x01b\x87R(K\x01M@\x1f\x85";
        let dtype = b"cnumpy\ndtype\nU\x02u1\x85R\x89";
        [&call[..], dtype, &counted(opcode, &data), b"tb."].concat()
    };
    let old = [b"\x80\x02", &state(b'T')[..]].concat();
    let body = state(b'B');
    let framed = [&b"\x80\x04\x95"[..], &(body.len() as u64).to_le_bytes(), &body].concat();
    for bytes in [old, framed] {
        let array = there(passed(&bytes).root(), &bytes);
        assert_eq!(array.as_bytes(), data);
        assert_eq!(
            pickle::read(&mut bytes.as_slice())
                .unwrap()
                .root()
                .array()
                .unwrap(),
            &array
        );
    }
    // What would cross the end of a frame is not passed over either.
    let mut crossing = [
        &b"\x80\x04\x95\x10\0\0\0\0\0\0\0"[..],
        &counted(b'B', &data),
        b".",
    ]
    .concat();
    let read = |bytes: &[u8]| {
        let mut source = bytes;
        pickle::read_with(&mut source, &ReadOptions::default(), &mut Passes::default()).map(drop)
    };
    assert_eq!(read(&crossing).unwrap_err().kind(), ErrorKind::Corrupt);
    crossing.truncate(5000);
    let cut = [&b"\x80\x04"[..], &counted(b'B', &data)[..5000]].concat();
    let error = read(&cut).unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::Parameter,
        "the payload here takes what there is: {error}"
    );
    let known = ReadOptions {
        length: Some(cut.len() as u64),
        ..ReadOptions::default()
    };
    let error = pickle::read_with(&mut cut.as_slice(), &known, &mut Passes::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Truncated);
}

#[test]
fn of_byte_strings_only_the_length_is_known() {
    let long = [9; 5000];
    let bytearray = [&b"\x96"[..], &5000_u64.to_le_bytes(), &long].concat();
    let call = [&b"cbuiltins\nbytearray\n"[..], &counted(b'B', &long), b"\x85R"].concat();
    let parts = [
        counted(b'B', &long),
        bytearray,
        call,
        counted(b'T', &long),
        counted(b'B', &[1; 4095]),
    ];
    let bytes = [b"\x80\x05](", &parts.concat()[..], b"e."].concat();
    let document = passed(&bytes);
    let kinds = [
        Kind::Bytes,
        Kind::ByteArray,
        Kind::ByteArray,
        Kind::Str8,
        Kind::Bytes,
    ];
    for (value, kind) in document.root().iter().zip(kinds) {
        assert_eq!(value.kind(), kind);
    }
    let values: Vec<Value<'_>> = document.root().iter().collect();
    for value in &values[..4] {
        assert_eq!((value.as_bytes(), value.to_text()), (None, None));
        assert!(
            format!("{value:?}").contains("of 5000 bytes, not read"),
            "{value:?}"
        );
    }
    assert_eq!(values[0].len(), Some(5000));
    assert_eq!(values[4].as_bytes(), Some(&[1; 4095][..]), "it is short");
    let again = passed(&bytes);
    assert!(document.root().deep_eq(again.root(), 100).unwrap());
    assert!(!values[0].deep_eq(values[3], 100).unwrap());
    // What is passed over is no text that would count.
    let options = ReadOptions {
        limits: Limits {
            text: 4200,
            ..Limits::none()
        },
        length: None,
    };
    assert!(pickle::read_with(&mut bytes.as_slice(), &options, &mut Passes::default()).is_ok());
    let error = pickle::read_with(&mut bytes.as_slice(), &options, &mut pickle::NoPayload).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
}

/// `numpy._core.numeric._frombuffer(data, dtype u2, shape (10, 20, 30), order, …)`.
fn frombuffer(data: &[u8], rest: &[u8]) -> Vec<u8> {
    let head = b"\x80\x05cnumpy._core.numeric\n_frombuffer\n(\x96";
    let len = (data.len() as u64).to_le_bytes();
    let dtype = b"cnumpy\ndtype\nX\x02\0\0\0u2\x85R";
    [&head[..], &len, data, dtype, b"K\x0aK\x14K\x1e\x87", rest, b"tR."].concat()
}

#[test]
fn exchanged_axes_are_put_in_order_when_they_are_read() {
    let data: Vec<u8> = (0..=250).cycle().take(10 * 20 * 30 * 2).collect();
    for (axes, as_laid_out) in [
        (b"K\x02K\x01K\0\x87", true),
        (b"K\x01K\0K\x02\x87", false),
        (b"K\0K\x01K\x02\x87", false),
    ] {
        let bytes = frombuffer(&data, &[&b"X\x01\0\0\0K"[..], axes].concat());
        let document = passed(&bytes);
        assert_eq!(
            document.root().as_absent_array().unwrap().is_as_laid_out(),
            as_laid_out
        );
        let loaded = pickle::read(&mut bytes.as_slice()).unwrap();
        assert_eq!(&there(document.root(), &bytes), loaded.root().array().unwrap());
    }
}

#[test]
fn what_does_not_fit_together_is_no_absent_array() {
    for bytes in [
        frombuffer(&[0; 9000], b"X\x01\0\0\0C"),
        frombuffer(&[0; 12_000], b"X\x01\0\0\0Q"),
    ] {
        let document = passed(&bytes);
        assert_eq!(document.root().kind(), Kind::Object);
        assert_eq!(document.root().array().unwrap_err().kind(), ErrorKind::Corrupt);
        let document = pickle::read(&mut bytes.as_slice()).unwrap();
        assert_eq!(document.root().array().unwrap_err().kind(), ErrorKind::Corrupt);
    }
}

#[test]
fn subclasses_are_found_wherever_their_elements_are() {
    let array = array("<f8", &[40, 50], Order::C);
    let bytes = save::write(&array, Vec::new(), Protocol::V3, Inline::default()).unwrap();
    let plain = b"cnumpy\nndarray\n";
    let at = bytes.windows(plain.len()).position(|part| part == plain).unwrap();
    let bytes = [&bytes[..at], b"cnumpy\nrecarray\n", &bytes[at + plain.len()..]].concat();
    let document = passed(&bytes);
    assert_eq!(document.root().kind(), Kind::Object);
    let Located::Absent(absent) = locate(document.root()).unwrap() else {
        panic!("it was passed over")
    };
    let mut source = Cursor::new(&bytes);
    source.set_position(absent.start());
    assert_eq!(absent.read(&mut source, Available::Unknown).unwrap(), array);
    let document = pickle::read(&mut bytes.as_slice()).unwrap();
    assert!(matches!(locate(document.root()).unwrap(), Located::Here(there) if *there == array));
}

#[test]
fn a_matrix_is_an_array_wherever_its_elements_are() {
    let array = array("<f8", &[40, 50], Order::C);
    let bytes = save::write(&array, Vec::new(), Protocol::V3, Inline::default()).unwrap();
    let plain = b"cnumpy\nndarray\n";
    let at = bytes.windows(plain.len()).position(|part| part == plain).unwrap();
    let bytes = [&bytes[..at], b"cnumpy\nmatrix\n", &bytes[at + plain.len()..]].concat();
    for document in [passed(&bytes), pickle::read(&mut bytes.as_slice()).unwrap()] {
        let root = document.root();
        assert_eq!(
            (root.kind(), root.array_class()),
            (Kind::Array, Some(("numpy", "matrix")))
        );
    }
}

#[test]
fn an_array_and_the_bytes_it_was_made_of_are_one() {
    // [array, bytes, bytes, array of the same bytes], the bytes from the memo.
    for n in [100, 70_000, 3 << 20] {
        let data: Vec<u8> = (0..=250).cycle().take(n).collect();
        let array = |bytes: &[u8]| {
            let call = b"cnumpy._core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85C\x01b\x87R(K\x01J";
            let shape = u32::try_from(n).unwrap().to_le_bytes();
            [
                &call[..],
                &shape,
                b"\x85cnumpy\ndtype\nX\x02\0\0\0u1\x85R\x89",
                bytes,
                b"tb",
            ]
            .concat()
        };
        let first = array(&[counted(b'B', &data), b"q\x07".to_vec()].concat());
        let bytes = [b"\x80\x03](", &first[..], b"h\x07h\x07", &array(b"h\x07"), b"e."].concat();
        let mut document = pickle::read(&mut bytes.as_slice()).unwrap();
        assert_eq!(document.at("[0]").unwrap().array().unwrap().as_bytes(), data);
        for path in ["[1]", "[2]"] {
            assert_eq!(document.at(path).unwrap().as_bytes(), Some(&data[..]), "{n}");
        }
        if n >= 1 << 16 {
            let here = document.at("[0]").unwrap().array().unwrap().as_bytes().as_ptr();
            assert_eq!(
                document.at("[1]").unwrap().as_bytes().unwrap().as_ptr(),
                here,
                "no copy"
            );
        }
        let error = document.at("[3]").unwrap().array().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        let written = save::write(&document, Vec::new(), Protocol::V4, Inline::default()).unwrap();
        let again = pickle::read(&mut written.as_slice()).unwrap();
        for path in ["[0]", "[1]", "[2]"] {
            let (again, value) = (again.at(path).unwrap(), document.at(path).unwrap());
            assert!(again.deep_eq(value, 1000).unwrap(), "{path}");
        }
        let taken = document.take_array("[0]").unwrap();
        assert_eq!(taken.as_bytes(), data);
        assert!(document.at("[1]").unwrap().as_bytes().is_some());
    }
}
