//! Arrays that are parts of files: what each way of mapping does to the file, and what is refused.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use demijohn_arrays::{Array, ErrorKind, Layout, MapMode, Order, Result, npy};

fn file(path: &Path, bytes: &[u8]) -> File {
    fs::write(path, bytes).unwrap();
    File::options().read(true).write(true).open(path).unwrap()
}

fn map(file: &File, dtype: &str, shape: &[usize], offset: u64, mode: MapMode) -> Result<Array> {
    let layout = Layout::new(dtype.parse().unwrap(), shape, Order::C).unwrap();
    // SAFETY: the file is this test's own, and changes only through the mapping.
    unsafe { Array::map(layout, file, offset, mode) }
}

const MODES: [MapMode; 3] = [MapMode::Read, MapMode::CopyOnWrite, MapMode::ReadWrite];

#[test]
fn the_bytes_are_the_files_from_any_offset() {
    let folder = tempfile::tempdir().unwrap();
    let bytes: Vec<u8> = (0..20_000_u32).map(|i| u8::try_from(i % 253).unwrap()).collect();
    let file = file(&folder.path().join("f"), &bytes);
    for mode in MODES {
        for offset in [0, 1, 8, 4095, 4096, 4097, 12_345, 19_992] {
            let array = map(&file, "|u1", &[8], offset, mode).unwrap();
            let at = usize::try_from(offset).unwrap();
            assert_eq!(array.as_bytes(), &bytes[at..at + 8]);
            assert_eq!(array.map_mode(), Some(mode));
        }
    }
}

#[test]
fn only_read_write_changes_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f");
    let before: Vec<u8> = (0..100).collect();
    let file = file(&path, &before);
    let mut array = map(&file, "|u1", &[10], 50, MapMode::CopyOnWrite).unwrap();
    array.as_mut_bytes().unwrap().fill(255);
    array.flush().unwrap();
    assert_eq!(array.as_bytes(), [255; 10]);
    assert_eq!(fs::read(&path).unwrap(), before);
    drop(array);

    let mut array = map(&file, "|u1", &[10], 50, MapMode::ReadWrite).unwrap();
    array.as_mut_slice::<u8>().unwrap().fill(254);
    array.flush().unwrap();
    let mut after = before.clone();
    after[50..60].fill(254);
    assert_eq!(fs::read(&path).unwrap(), after);

    let mut array = map(&file, "|u1", &[10], 50, MapMode::Read).unwrap();
    assert_eq!(array.as_mut_bytes().unwrap_err().kind(), ErrorKind::Parameter);
    assert_eq!(
        array.as_mut_slice::<u8>().unwrap_err().kind(),
        ErrorKind::Parameter
    );
    assert_eq!(array.as_bytes(), [254; 10]);
}

#[test]
fn copies_and_conversions_leave_the_file_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f");
    let foreign = if cfg!(target_endian = "big") { "<u2" } else { ">u2" };
    let stored = [1_u16, 0x0203].map(|n| n.swap_bytes().to_ne_bytes()).concat();
    let file = file(&path, &stored);
    for mode in MODES {
        let array = map(&file, foreign, &[2], 0, mode).unwrap();
        let mut clone = array.clone();
        assert_eq!(clone.map_mode(), None);
        clone.as_mut_bytes().unwrap().fill(0);
        assert_eq!(array.to_native().unwrap().as_slice::<u16>().unwrap(), [1, 0x0203]);
        assert_eq!(
            array.into_native().unwrap().as_slice::<u16>().unwrap(),
            [1, 0x0203]
        );
        assert_eq!(fs::read(&path).unwrap(), stored, "{mode:?}");
        let mut owned = map(&file, foreign, &[2], 0, mode).unwrap().into_owned().unwrap();
        owned.as_mut_bytes().unwrap().fill(0);
        assert_eq!(fs::read(&path).unwrap(), stored, "{mode:?}");
    }
}

#[test]
fn numbers_at_odd_places_are_bytes_until_copied() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = vec![9];
    bytes.extend([1.5_f64, 2.5].map(f64::to_ne_bytes).concat());
    let file = file(&folder.path().join("f"), &bytes);
    let array = map(&file, "=f8", &[2], 1, MapMode::Read).unwrap();
    let error = array.as_slice::<f64>().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Parameter);
    assert!(error.to_string().contains("into_owned"), "{error}");
    assert_eq!(array.as_bytes(), &bytes[1..]);
    assert_eq!(array.into_owned().unwrap().as_slice::<f64>().unwrap(), [1.5, 2.5]);
    let times = map(&file, "=M8[s]", &[2], 1, MapMode::Read).unwrap();
    assert_eq!(times.times().unwrap_err().kind(), ErrorKind::Parameter);
}

#[test]
fn files_that_are_too_short_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = file(&folder.path().join("f"), &[0; 100]);
    for mode in MODES {
        for (shape, offset) in [
            (101, 0),
            (1, 100),
            (10, 91),
            (0, 101),
            (1, u64::MAX),
            (usize::MAX >> 1, 0),
        ] {
            let error = map(&file, "|u1", &[shape], offset, mode).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Truncated, "{shape} at {offset}");
        }
        let empty = map(&file, "|u1", &[0], 100, mode).unwrap();
        assert_eq!((empty.len(), empty.map_mode()), (0, None));
        assert_eq!(map(&file, "|u1", &[100], 0, mode).unwrap().len(), 100);
    }
}

#[test]
fn what_cannot_be_mapped_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let directory = File::open(folder.path()).unwrap();
    let error = map(&directory, "|u1", &[1], 0, MapMode::Read).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Parameter);
    let path = folder.path().join("f");
    let writable = file(&path, &[0; 100]);
    let error = map(&writable, "|O", &[1], 0, MapMode::Read).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let read_only = File::open(&path).unwrap();
    let error = map(&read_only, "|u1", &[1], 0, MapMode::ReadWrite).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
}

#[test]
fn npy_files_are_mapped_and_written_through() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npy");
    let array = Array::from_slice_in(Order::F, &[1.0_f64, 2.0, 3.0, 4.0], &[2, 2]).unwrap();
    npy::save(&path, &array).unwrap();
    // SAFETY: the file is this test's own.
    let mut mapped = unsafe { npy::map(&path, MapMode::ReadWrite) }.unwrap();
    assert_eq!(mapped, array);
    assert_eq!(
        (mapped.order(), mapped.map_mode()),
        (Order::F, Some(MapMode::ReadWrite))
    );
    mapped.as_mut_slice::<f64>().unwrap()[3] = 5.0;
    drop(mapped);
    assert_eq!(
        npy::load(&path).unwrap().as_slice::<f64>().unwrap(),
        [1.0, 2.0, 3.0, 5.0]
    );

    // Anything may follow; anything missing is an error.
    File::options()
        .append(true)
        .open(&path)
        .unwrap()
        .write_all(b"more")
        .unwrap();
    // SAFETY: as above.
    assert_eq!(unsafe { npy::map(&path, MapMode::Read) }.unwrap().len(), 4);
    File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(150)
        .unwrap();
    // SAFETY: as above; the file was shortened before it is mapped.
    let error = unsafe { npy::map(&path, MapMode::Read) }.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Truncated);
    assert_eq!(npy::load(&path).unwrap_err().kind(), ErrorKind::Truncated);
}

/// The line of `/proc/self/smaps` that counts huge pages asked for.
#[cfg(target_os = "linux")]
#[test]
fn large_arrays_ask_for_huge_pages() {
    let flags = |array: &Array| {
        let address = array.as_bytes().as_ptr().addr();
        let smaps = fs::read_to_string("/proc/self/smaps").unwrap();
        let mut inside = false;
        for line in smaps.lines() {
            let range = line.split(' ').next().and_then(|range| range.split_once('-'));
            if let Some((from, to)) = range {
                let bound = |text| usize::from_str_radix(text, 16);
                if let (Ok(from), Ok(to)) = (bound(from), bound(to)) {
                    inside = (from..to).contains(&address);
                }
            }
            if inside && line.starts_with("VmFlags:") {
                return line.to_owned();
            }
        }
        String::new()
    };
    let zeros =
        |bytes| Array::zeros(Layout::new("|u1".parse().unwrap(), &[bytes], Order::C).unwrap()).unwrap();
    if Path::new("/sys/kernel/mm/transparent_hugepage/enabled").exists() {
        assert!(
            flags(&zeros(2 << 20)).contains(" hg"),
            "{}",
            flags(&zeros(2 << 20))
        );
    }
    assert!(!flags(&zeros(1 << 20)).contains(" hg"));
}
