//! One array out of a file costs neither the memory of the others nor, in a plain file or one with a table of its blocks,
//! reading them.
//!
//! By itself, as what is measured is the process.

#![cfg(all(target_os = "linux", feature = "gzip", feature = "blosc"))]

#[path = "../../testing/outside.rs"]
mod outside;

#[path = "../../testing/resident.rs"]
mod resident;

use demijohn::arrays::{DType, Layout, Order, Scalar};
use demijohn::{Array, MapMode};

use resident::cost;

/// The array that is not wanted.
const BIG: usize = 96 << 20;

/// What else may be used meanwhile: buffers, the heap's slack.
const SLACK: usize = 24 << 20;

#[test]
fn other_arrays_are_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::new(DType::new(Scalar::Uint8), &[BIG], Order::C).unwrap();
    let small = Array::from_vec(vec![1_u8, 2, 3], &[3]).unwrap();
    let value = [small.clone(), Array::zeros(layout).unwrap(), small.clone()];
    for format in ["none", "gzip"] {
        demijohn::dump_with(&value, folder.path().join(format), format).unwrap();
    }
    drop(value);
    let noise: Vec<u64> = std::iter::successors(Some(1_u64), |n| {
        Some(n.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1))
    })
    .take(BIG / 8)
    .collect();
    let noise = Array::from_vec(noise, &[BIG / 8]).unwrap();
    demijohn::dump_with(
        &[small.clone(), noise, small.clone()],
        folder.path().join("blosc"),
        "blosc",
    )
    .unwrap();
    let measured = (|| {
        let whole = cost(|| drop(demijohn::load(folder.path().join("none")).unwrap()))?;
        let plain = cost(|| {
            let array = demijohn::load_array(folder.path().join("none"), "[2]").unwrap();
            assert_eq!(array, small);
        })?;
        let mapped = cost(|| {
            // SAFETY: nobody else knows of the file.
            #[allow(unsafe_code)]
            let document = unsafe { demijohn::load_mapped(folder.path().join("none"), MapMode::Read) };
            assert_eq!(document.unwrap().arrays().count(), 3);
        })?;
        let gzip = cost(|| {
            let array = demijohn::load_array(folder.path().join("gzip"), "[2]").unwrap();
            assert_eq!(array, small);
        })?;
        let blosc = cost(|| {
            let array = demijohn::load_array(folder.path().join("blosc"), "[2]").unwrap();
            assert_eq!(array, small);
        })?;
        Some((whole, plain, mapped, gzip, blosc))
    })();
    let Some((whole, plain, mapped, gzip, blosc)) = measured else {
        outside::skip("this system does not tell what a process uses");
        return;
    };
    // Or the measure measures nothing.
    assert!(whole.0 >= BIG && whole.1 >= BIG, "{whole:?}");
    assert!(plain.0 < SLACK && plain.1 < SLACK, "{plain:?}");
    assert!(mapped.0 < SLACK && mapped.1 < SLACK, "{mapped:?}");
    assert!(gzip.0 < SLACK, "{gzip:?}");
    assert!(blosc.0 < SLACK && blosc.1 < SLACK, "{blosc:?}");
}
