//! What strangers' files are made of, and all the doors through which they come in.

#![allow(dead_code, reason = "no test needs all of it")]

// Pickles put together by hand, in protocol 2: what follows an array's description follows it without a frame.
#[path = "../../../compat/tests/common/mod.rs"]
mod old;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use demijohn::{Limits, LoadOptions, MapMode, Result};
use tempfile::TempDir;

#[allow(unused_imports, reason = "no test needs all of it")]
pub(crate) use old::{list, npy, text, wrapper, zfile};

/// `numpy.dtype(code)`.
pub(crate) fn dtype(code: &str) -> Vec<u8> {
    [&b"cnumpy\ndtype\n"[..], &text(code), b"\x85R"].concat()
}

/// The description of an array whose shape, dtype and other keys are pickled, and what follows it.
pub(crate) fn array(shape: &[u8], dtype: Vec<u8>, more: &[(&str, Vec<u8>)], data: &[u8]) -> Vec<u8> {
    let mut state = vec![
        ("subclass", b"cnumpy\nndarray\n".to_vec()),
        ("shape", shape.to_vec()),
        ("order", text("C")),
        ("dtype", dtype),
        ("allow_mmap", b"\x88".to_vec()),
    ];
    state.retain(|(key, _)| more.iter().all(|(other, _)| other != key));
    state.extend_from_slice(more);
    [wrapper("NumpyArrayWrapper", &state).as_slice(), data].concat()
}

/// A file in a folder of its own.
pub(crate) struct Doors {
    folder: TempDir,
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Doors {
    pub(crate) fn of(bytes: Vec<u8>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, &bytes).unwrap();
        Self { folder, path, bytes }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Every way to read the file, by name; where one array is read, it is that of this path.
    #[allow(unsafe_code)] // Mapping takes a promise.
    pub(crate) fn each(&self, array: &str, mut visit: impl FnMut(&str, &dyn Fn() -> Result<()>)) {
        let untrusted = LoadOptions::new().limits(Limits::untrusted());
        visit("load", &|| demijohn::load(&self.path).map(drop));
        visit("load of a stranger", &|| {
            demijohn::load_with(&self.path, untrusted.clone()).map(drop)
        });
        visit("load_from", &|| {
            demijohn::load_from(self.bytes.as_slice()).map(drop)
        });
        visit("load_array", &|| {
            demijohn::load_array(&self.path, array).map(drop)
        });
        visit("inspect", &|| {
            let found = demijohn::inspect(&self.path)?;
            found.error.map_or(Ok(()), Err)
        });
        visit("extract", &|| {
            demijohn::extract(File::open(&self.path).unwrap(), array, &Limits::untrusted()).map(drop)
        });
        visit("load_mapped", &|| {
            // SAFETY: nobody else knows of the file.
            let document = unsafe { demijohn::load_mapped(&self.path, MapMode::Read) };
            document.map(drop)
        });
    }
}
