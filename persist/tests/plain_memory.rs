//! An array in a plain pickle is in memory once while it is read.

#[path = "../../testing/outside.rs"]
mod outside;
#[path = "../../testing/resident.rs"]
mod resident;

use std::fs::File;

use demijohn::arrays::{Layout, Order};
use demijohn::pickle::numpy::Inline;
use demijohn::pickle::save;
use demijohn::{Array, Protocol, load, load_array};

const SIZE: usize = 128 << 20;

/// One test, as it measures the whole process.
#[test]
fn operands_become_arrays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plain.pkl");
    let layout = Layout::new("<f8".parse().unwrap(), &[SIZE / 8], Order::C).unwrap();
    for protocol in [Protocol::V3, Protocol::V4, Protocol::V5] {
        let value = (Array::zeros(layout.clone()).unwrap(), "the end");
        save::write(&value, File::create(&path).unwrap(), protocol, Inline::default()).unwrap();
        drop(value);
        let whole = resident::cost(|| {
            let document = load(&path).unwrap();
            assert_eq!(document.at("[0]").unwrap().array().unwrap().nbytes(), SIZE);
        });
        let other = resident::cost(|| {
            let error = load_array(&path, "[1]").unwrap_err();
            assert!(error.to_string().contains("the end"), "{error}");
        });
        let (Some((whole, _)), Some((other, read))) = (whole, other) else {
            return outside::skip("the system does not tell how much memory a process had");
        };
        // Or the measure measures nothing.
        assert!(whole > SIZE / 2, "{whole} bytes");
        assert!(whole < SIZE + (24 << 20), "{protocol:?}: {whole} bytes");
        assert!(
            other < 16 << 20 && read < 16 << 20,
            "{protocol:?}: {other} bytes, {read} read"
        );
    }
}
