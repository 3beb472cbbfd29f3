//! Pickles of the old kind, put together by hand, and reading them.

#![allow(dead_code)] // Each test binary uses some of it.

use std::path::Path;

use demijohn_codecs::{Compressor, Limits};
use demijohn_compat::Companions;
use demijohn_pickle::{self as pickle, Document, Found, Payload, Raw, ReadOptions, Value};

/// Hands the objects of joblib's classes to the companions.
struct Old(Option<Companions>);

impl Payload for Old {
    fn read(&mut self, object: Value<'_>, _: &mut Raw<'_>) -> pickle::Result<Found> {
        let Some(object) = object.as_object() else {
            return Ok(Found::Nothing);
        };
        match object.class().as_global() {
            Some(("joblib.numpy_pickle", class)) => Companions::read(self.0.as_mut(), class, object.state()),
            _ => Ok(Found::Nothing),
        }
    }
}

/// Reads a pickle as the file `main.pkl` in a folder, or as a stream.
pub(crate) fn read(bytes: &[u8], folder: Option<&Path>, limits: Limits) -> pickle::Result<Document> {
    let companions = folder.map(|folder| Companions::of(folder.join("main.pkl"), limits));
    pickle::read_with(&mut { bytes }, &ReadOptions::default(), &mut Old(companions))
}

pub(crate) fn text(text: &str) -> Vec<u8> {
    let len = u32::try_from(text.len()).unwrap().to_le_bytes();
    [&b"X"[..], &len, text.as_bytes()].concat()
}

/// A list of these.
pub(crate) fn list(items: &[Vec<u8>]) -> Vec<u8> {
    [b"\x80\x02](", items.concat().as_slice(), b"e."].concat()
}

/// An instance of one of joblib's classes with these attributes.
pub(crate) fn wrapper(class: &str, state: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut out = format!("cjoblib.numpy_pickle\n{class}\n)\u{0}").into_bytes();
    *out.last_mut().unwrap() = 0x81;
    out.extend(b"}(");
    for (key, value) in state {
        out.extend(text(key));
        out.extend(value);
    }
    out.extend(b"ub");
    out
}

/// An array in a `.npy` file.
pub(crate) fn npy(name: &str) -> Vec<u8> {
    let subclass = b"cnumpy\nndarray\n".to_vec();
    let state = [
        ("filename", text(name)),
        ("subclass", subclass),
        ("allow_mmap", b"\x88".to_vec()),
    ];
    wrapper("NDArrayWrapper", &state)
}

/// The state of an array without data; `shape` and `fortran` are pickled.
pub(crate) fn raw_state(shape: &[u8], dtype: &str, fortran: &[u8]) -> Vec<u8> {
    let dtype = [&b"cnumpy\ndtype\n"[..], &text(dtype), b"\x85R"].concat();
    [b"(K\x01", shape, &dtype, fortran, b"t"].concat()
}

/// An array in a z-file.
pub(crate) fn raw(name: &str, state: Vec<u8>) -> Vec<u8> {
    let init = b"cnumpy\nndarray\nK\0\x85U\x01b\x87".to_vec();
    let state = [("filename", text(name)), ("init_args", init), ("state", state)];
    wrapper("ZNDArrayWrapper", &state)
}

pub(crate) fn zfile(data: &[u8]) -> Vec<u8> {
    let zlib = Compressor::by_name("zlib").unwrap();
    let header = format!("ZF{:<19}", format!("{:#x}", data.len())).into_bytes();
    [header, zlib.compress(data).unwrap()].concat()
}
