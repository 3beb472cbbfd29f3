//! Inspecting keeps no array data: counts what is really allocated.
#![cfg(feature = "gzip")]

#[path = "../../testing/counting.rs"]
mod counting;
#[path = "../../testing/outside.rs"]
mod outside;
#[path = "../../testing/resident.rs"]
mod resident;

use std::fs::{self, File};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;

use demijohn::arrays::{self, Order};
use demijohn::pickle::numpy::Inline;
use demijohn::pickle::save;
use demijohn::{Array, Protocol, codecs, inspect};

/// What a pickle says instead of the length of a short array.
const SHORT: i32 = 70_000;
const LONG: i32 = 300_000_000;

/// The file with this name in which an array of bytes is not [`SHORT`] but [`LONG`], and a hole that is never read: by the
/// file of a short one and where the data begins in that.
fn stretched(path: &Path, short: &[u8], offset: usize) {
    let stretch = |part: &[u8]| {
        let mut part = part.to_vec();
        for at in 0..part.len().saturating_sub(3) {
            if part[at..at + 4] == SHORT.to_le_bytes() {
                part[at..at + 4].copy_from_slice(&LONG.to_le_bytes());
            }
        }
        part
    };
    let mut file = File::create(path).unwrap();
    file.write_all(&stretch(&short[..offset])).unwrap();
    file.seek(SeekFrom::Current(LONG.into())).unwrap();
    file.write_all(&stretch(&short[offset + 70_000..])).unwrap();
}

/// One test, as it counts for the whole process.
#[test]
fn arrays_cost_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let layout = |n: usize| arrays::Layout::new("u1".parse().unwrap(), &[n], Order::C).unwrap();
    let short = vec![Array::zeros(layout(70_000)).unwrap()];
    let large = vec![Array::zeros(layout(40_000_000)).unwrap()];
    let mut files = Vec::new();

    let stretch = |name: &str, short: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, short).unwrap();
        let offset = inspect(&path).unwrap().arrays[0].offset.unwrap();
        stretched(&path, short, usize::try_from(offset).unwrap());
        (path, 300_000_000, 1 << 20)
    };
    let (bytes, _) = demijohn::dump_to(&short, Vec::new(), "none").unwrap();
    files.push(stretch("sparse.pkl", &bytes));

    let coded = folder.path().join("coded.pkl.gz");
    demijohn::dump(&large, &coded).unwrap();
    files.push((coded, 40_000_000, 2 << 20));

    // What pickle itself writes, where the elements are an operand.
    for protocol in [Protocol::V3, Protocol::V4, Protocol::V5] {
        let plain = |value: &Vec<Array>| save::write(value, Vec::new(), protocol, Inline::default()).unwrap();
        files.push(stretch(
            &format!("sparse{}.pkl", protocol.number()),
            &plain(&short),
        ));
        let coded = folder.path().join(format!("coded{}.pkl.gz", protocol.number()));
        let mut writer = codecs::create(&coded).unwrap();
        writer.write_all(&plain(&large)).unwrap();
        writer.finish().unwrap();
        files.push((coded, 40_000_000, 2 << 20));
    }
    drop((short, large));

    for (path, size, most) in &files {
        let mut found = None;
        let Some((grown, _)) = resident::cost(|| {
            let (inspection, peak) = counting::peak(|| inspect(path).unwrap());
            assert!(peak < *most, "{}: {peak} bytes", path.display());
            found = Some(inspection);
        }) else {
            return outside::skip("the system does not tell how much memory a process had");
        };
        assert!(grown < 16 << 20, "{}: {grown} bytes", path.display());
        let found = found.unwrap();
        assert!(found.error.is_none(), "{}: {:?}", path.display(), found.error);
        assert_eq!(found.arrays.len(), 1, "{}: {found:?}", path.display());
        assert_eq!(found.arrays[0].layout.nbytes(), *size);
        assert!(found.arrays[0].offset.is_some());
    }
}
