//! Inspecting keeps no array data: counts what is really allocated.
#![cfg(feature = "gzip")]

#[path = "../../testing/counting.rs"]
mod counting;

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};

use demijohn::arrays::{self, Order};
use demijohn::{Array, inspect};

/// What a pickle says instead of the length of a short array.
const SHORT: i32 = 70_000;
const LONG: i32 = 300_000_000;

/// One test, as it counts for the whole process.
#[test]
fn arrays_cost_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let layout = |n: usize| arrays::Layout::new("u1".parse().unwrap(), &[n], Order::C).unwrap();

    // A file with a hole of 300 MB for the array, which is never read.
    let small = folder.path().join("small.pkl");
    demijohn::dump(&vec![Array::zeros(layout(70_000)).unwrap()], &small).unwrap();
    let mut bytes = std::fs::read(&small).unwrap();
    let offset = usize::try_from(inspect(&small).unwrap().arrays[0].offset.unwrap()).unwrap();
    let length = bytes.windows(4).position(|w| w == SHORT.to_le_bytes()).unwrap();
    bytes[length..length + 4].copy_from_slice(&LONG.to_le_bytes());
    let sparse = folder.path().join("sparse.pkl");
    let mut file = File::create(&sparse).unwrap();
    file.write_all(&bytes[..offset]).unwrap();
    file.seek(SeekFrom::Current(LONG.into())).unwrap();
    file.write_all(&bytes[offset + 70_000..]).unwrap();
    drop(file);

    let coded = folder.path().join("coded.pkl.gz");
    demijohn::dump(&vec![Array::zeros(layout(40_000_000)).unwrap()], &coded).unwrap();

    for (path, size, most) in [(&sparse, 300_000_000, 1 << 20), (&coded, 40_000_000, 2 << 20)] {
        let (found, peak) = counting::peak(|| inspect(path).unwrap());
        assert!(found.error.is_none(), "{:?}", found.error);
        assert_eq!(found.arrays[0].layout.nbytes(), size);
        assert!(peak < most, "{}: {peak} bytes", path.display());
    }
}
