//! Conversions: what becomes of every kind of file, what is refused, and what is left when something goes wrong.

#![cfg(all(feature = "gzip", feature = "npz", feature = "zlib", feature = "zstd"))]

// Pickles as joblib wrote them before 0.10, put together by hand.
#[path = "../../../compat/tests/common/mod.rs"]
mod old;

#[path = "../../../testing/folder.rs"]
mod folder;
#[path = "../../../testing/full.rs"]
mod full;

mod content;
mod failing;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use demijohn::arrays::{Layout, Order};
use demijohn::{Array, codecs};

pub(crate) use folder::Folder;

pub(crate) fn plain(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    codecs::open(path).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

/// Arrays of all sorts: both orders, foreign byte order, structs, no axes, no elements.
pub(crate) fn arrays() -> BTreeMap<&'static str, Array> {
    let array = |dtype: &str, shape: &[usize], order| {
        let layout = Layout::new(dtype.parse().unwrap(), shape, order).unwrap();
        let bytes: Vec<u8> = (0..=250).cycle().take(layout.nbytes()).collect();
        Array::from_bytes(layout, &bytes).unwrap()
    };
    BTreeMap::from([
        ("large", array("<f8", &[300, 100], Order::C)),
        ("columns", array("<f4", &[30, 7], Order::F)),
        ("foreign", array(">i2", &[5], Order::C)),
        ("struct", array("[('a', '<i4'), ('b', 'S2')]", &[2, 2], Order::C)),
        ("one", array("<M8[ns]", &[], Order::C)),
        ("none", array("|u1", &[0, 3], Order::C)),
        ("π/τ", array("<U3", &[2], Order::C)),
    ])
}
