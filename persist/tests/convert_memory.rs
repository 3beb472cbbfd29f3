//! Converting costs no memory for the arrays, whichever way it goes.
#![cfg(all(feature = "gzip", feature = "npz", feature = "zstd"))]

#[path = "../../testing/outside.rs"]
mod outside;
#[path = "../../testing/resident.rs"]
mod resident;

use std::collections::BTreeMap;

use demijohn::arrays::{Layout, Order};
use demijohn::{Array, convert, dump};

const SIZE: usize = 128 << 20;

/// One test, as it measures the whole process.
#[test]
fn arrays_pass_through() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let layout = Layout::new("<f8".parse().unwrap(), &[SIZE / 8], Order::C).unwrap();
    dump(&Array::zeros(layout.clone()).unwrap(), path("one.pkl")).unwrap();
    dump(
        &BTreeMap::from([("a", Array::zeros(layout).unwrap())]),
        path("dict.pkl"),
    )
    .unwrap();
    for (from, to) in [
        ("one.pkl", "packed.pkl.gz"),
        ("packed.pkl.gz", "packed.pkl.zst"),
        ("packed.pkl.zst", "one.npy"),
        ("one.npy", "again.pkl.gz"),
        ("dict.pkl", "dict.npz"),
        ("dict.npz", "again.pkl"),
    ] {
        let work = || {
            convert(path(from), path(to)).unwrap_or_else(|e| panic!("{from} to {to}: {e}"));
        };
        let Some((grown, _)) = resident::cost(work) else {
            return outside::skip("the system does not tell how much memory a process had");
        };
        assert!(grown < 32 << 20, "{from} to {to}: {grown} bytes");
    }
}
