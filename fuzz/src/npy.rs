//! Any bytes, read as `.npy`, as `.npz`, and as the text of a dtype.

use std::io::Cursor;

use demijohn_arrays::{Array, Available, DType, npy, npz};

/// The largest array read: what a small file may claim is no promise about memory, what it unpacks to is one.
const MAX_DATA: usize = 16 << 20;

/// Reads the bytes in each way that they might be meant. What is read is written and read again, the same.
///
/// # Panics
/// If something is broken.
pub fn npy(data: &[u8]) {
    let options = |available| npy::ReadOptions {
        available,
        max_data: MAX_DATA,
        ..npy::ReadOptions::default()
    };
    let unknown = npy::read_with(&mut &*data, options(Available::Unknown));
    let known = npy::read_with(&mut &*data, options(Available::Bytes(data.len() as u64)));
    match (unknown, known) {
        (Ok(array), Ok(same)) => {
            assert_eq!(array, same);
            there_and_back(&array);
        }
        (Err(error), Err(same)) => assert_eq!(error.kind(), same.kind(), "{error}; {same}"),
        (unknown, known) => panic!("{unknown:?} where the length is not known, {known:?} where it is"),
    }
    if let Ok(file) = npz::Reader::with_options(Cursor::new(data), options(Available::Unknown)) {
        for key in file.keys() {
            if let Ok(array) = file.read(key) {
                there_and_back(&array);
            }
        }
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

fn there_and_back(array: &Array) {
    let mut file = Vec::new();
    npy::write(array, &mut file).expect("a type from a .npy file fits into one");
    let options = npy::ReadOptions {
        max_header: usize::MAX,
        ..npy::ReadOptions::default()
    };
    let back = npy::read_with(&mut file.as_slice(), options).expect("what is written can be read");
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
