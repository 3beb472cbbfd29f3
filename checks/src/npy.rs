//! Any bytes, read as `.npy` and as the text of a dtype, or as `.npz`.

use std::io::Cursor;

use demijohn_arrays::{Array, Available, DType, npy as format, npz as zip};

/// The largest array read: what a small file may claim is no promise about memory, what it unpacks to is one.
const MAX_DATA: usize = 16 << 20;

/// Reads the bytes in both ways. What is read is written and read again, the same.
///
/// # Panics
/// If something is broken.
pub fn npy(data: &[u8]) {
    let unknown = format::read_with(&mut &*data, options(Available::Unknown));
    let known = format::read_with(&mut &*data, options(Available::Bytes(data.len() as u64)));
    match (unknown, known) {
        (Ok(array), Ok(same)) => {
            assert_eq!(array, same);
            there_and_back(&array);
        }
        (Err(error), Err(same)) => assert_eq!(error.kind(), same.kind(), "{error}; {same}"),
        (unknown, known) => panic!("{unknown:?} where the length is not known, {known:?} where it is"),
    }
    if let Some(dtype) = str::from_utf8(data)
        .ok()
        .and_then(|text| text.parse::<DType>().ok())
    {
        assert_eq!(
            dtype
                .to_string()
                .parse::<DType>()
                .expect("what it prints it parses"),
            dtype
        );
    }
}

/// Reads the bytes as a zip file of arrays. What is read is written and read again, the same.
///
/// # Panics
/// If something is broken.
pub fn npz(data: &[u8]) {
    let Ok(file) = zip::Reader::with_options(Cursor::new(data), options(Available::Unknown)) else {
        return;
    };
    for key in file.keys() {
        if let Ok(array) = file.read(key) {
            there_and_back(&array);
        }
    }
}

fn options(available: Available) -> format::ReadOptions {
    format::ReadOptions {
        available,
        max_data: MAX_DATA,
        ..format::ReadOptions::default()
    }
}

fn there_and_back(array: &Array) {
    let mut file = Vec::new();
    format::write(array, &mut file).expect("a type from a .npy file fits into one");
    let options = format::ReadOptions {
        max_header: usize::MAX,
        ..format::ReadOptions::default()
    };
    let back = format::read_with(&mut file.as_slice(), options).expect("what is written can be read");
    assert_eq!(&back, array);
    let native = array.to_native().expect("fields in .npy files do not overlap");
    assert!(native.dtype().is_native());
    if let Some(s) = array.dtype().as_struct() {
        for field in s.fields() {
            let field = array.field(field.name()).expect("the struct has the field");
            assert_eq!(field.iter().len(), array.len());
        }
    }
    if let Ok(strings) = array.strings() {
        assert_eq!(strings.iter_lossy().count(), strings.iter().count());
    }
}
