use super::header::{ALIGN, wrap};
use super::*;
use crate::{DType, ErrorKind, Layout, Order};

fn layout(dtype: &str, shape: &[usize], order: Order) -> Layout {
    Layout::new(dtype.parse().unwrap(), shape, order).unwrap()
}

fn file(version: [u8; 2], header: &str, data: &[u8]) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    out.extend(version);
    if version[0] == 1 {
        out.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
    } else {
        out.extend(u32::try_from(header.len()).unwrap().to_le_bytes());
    }
    out.extend(header.bytes());
    out.extend(data);
    out
}

#[test]
fn headers_are_numpys_byte_for_byte() {
    // Made by numpy 2.4.6: np.save(f, np.zeros((3, 4)), np.asfortranarray(…), np.array(True)).
    for (layout, text, spaces) in [
        (
            layout("<f8", &[3, 4], Order::C),
            "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }",
            58,
        ),
        (
            layout(">i2", &[300, 4], Order::F),
            "{'descr': '>i2', 'fortran_order': True, 'shape': (300, 4), }",
            57,
        ),
        (
            layout("|b1", &[], Order::C),
            "{'descr': '|b1', 'fortran_order': False, 'shape': (), }",
            62,
        ),
        (
            layout("<c16", &[0], Order::F),
            "{'descr': '<c16', 'fortran_order': False, 'shape': (0,), }",
            59,
        ),
    ] {
        let mut expected = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
        expected.extend(text.bytes());
        expected.extend(vec![b' '; spaces]);
        expected.push(b'\n');
        assert_eq!(header(&layout).unwrap(), expected, "{text}");
    }
    // The room to grow counts where it makes the header longer.
    let long = |first, second| {
        let shape: Vec<usize> = [first, second].into_iter().chain([1; 12]).collect();
        header(&layout("<f8", &shape, Order::C)).unwrap().len()
    };
    assert_eq!((long(3, 400), long(30, 400), long(3, 40)), (192, 192, 128));
}

#[test]
fn the_lowest_version_that_fits_is_written() {
    for (text, version) in [
        ("é".repeat(1000), 1),
        ("a".repeat(65_500), 1),
        ("a".repeat(65_536), 2),
        ("π".into(), 3),
    ] {
        let out = wrap(&text).unwrap();
        assert_eq!(
            (out[6], out.len() % ALIGN),
            (version, 0),
            "{} characters",
            text.len()
        );
    }
}

#[test]
fn reads_all_versions_and_old_spellings() {
    let data = [1, 0, 2, 0];
    for (version, header) in [
        (
            [1, 0],
            "{'descr': '<i2', 'fortran_order': False, 'shape': (2,), }   \n",
        ),
        (
            [1, 0],
            "{'shape': (2L,), \"fortran_order\": False, 'descr': u'<i2'}",
        ),
        (
            [2, 0],
            "{'descr': '<i2', 'fortran_order': True, 'shape': (2, 1)}\n",
        ),
        (
            [3, 0],
            "{'descr': '<i2', 'fortran_order': False, 'shape': (1, 2), }\n",
        ),
    ] {
        let array = read(&mut file(version, header, &data).as_slice()).unwrap();
        assert_eq!((array.len(), array.as_bytes()), (2, &data[..]), "{header}");
    }
}

#[test]
fn bad_headers_are_named() {
    for (header, kind, word) in [
        (
            "{'descr': '|O', 'fortran_order': False, 'shape': (2,)}",
            ErrorKind::Unsupported,
            "objects",
        ),
        (
            "{'descr': 3, 'fortran_order': False, 'shape': ()}",
            ErrorKind::Corrupt,
            "dtype",
        ),
        (
            "{'descr': '<i2', 'fortran_order': 0, 'shape': ()}",
            ErrorKind::Corrupt,
            "fortran_order",
        ),
        (
            "{'descr': '<i2', 'fortran_order': False, 'shape': 2}",
            ErrorKind::Corrupt,
            "shape",
        ),
        (
            "{'descr': '<i2', 'fortran_order': False, 'shape': (-2,)}",
            ErrorKind::Corrupt,
            "-2",
        ),
        (
            "{'descr': '<i2', 'fortran_order': False, 'shape': ('a',)}",
            ErrorKind::Corrupt,
            "shape",
        ),
        (
            "{'descr': '<i8', 'fortran_order': False, 'shape': (4294967296, 4294967296)}",
            ErrorKind::Corrupt,
            "too big",
        ),
        (
            "{'descr': '<i2', 'fortran_order': False}",
            ErrorKind::Corrupt,
            "lacks",
        ),
        (
            "{'descr': '<i2', 'fortran_order': False, 'shape': (), 'x': 1}",
            ErrorKind::Corrupt,
            "unknown key",
        ),
        ("[]", ErrorKind::Corrupt, "dict"),
    ] {
        let error = read(&mut file([1, 0], header, &[0; 64]).as_slice()).unwrap_err();
        assert_eq!(error.kind(), kind, "{header}: {error}");
        assert!(error.to_string().contains(word), "{header}: {error}");
    }
    let error = read(&mut &b"PK\x03\x04"[..]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    let error = read(&mut file([4, 0], "", &[]).as_slice()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[test]
fn long_headers_are_refused_before_they_are_read() {
    let mut head = MAGIC.to_vec();
    head.extend([2, 0, 0xff, 0xff, 0xff, 0xff]);
    assert_eq!(read(&mut head.as_slice()).unwrap_err().kind(), ErrorKind::Limit);
    let spaces = " ".repeat(20_000);
    let header = format!("{{'descr': '<i2', 'fortran_order': False, 'shape': (), }}{spaces}");
    let bytes = file([1, 0], &header, &[7, 0]);
    assert_eq!(read(&mut bytes.as_slice()).unwrap_err().kind(), ErrorKind::Limit);
    let options = ReadOptions {
        max_header: 30_000,
        ..ReadOptions::default()
    };
    assert_eq!(
        read_with(&mut bytes.as_slice(), options)
            .unwrap()
            .as_slice::<i16>()
            .unwrap(),
        [7]
    );
}

/// Gives one byte at a time.
struct Slowly<'a>(&'a [u8]);

impl Read for Slowly<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let n = out.len().min(1);
        self.0.read(&mut out[..n])
    }
}

#[test]
fn every_cut_of_every_kind_of_file_is_truncated() {
    let long = format!("[('{}', '|u1')]", "x".repeat(66_000));
    let mut versions = Vec::new();
    for (dtype, shape, order) in [
        ("<u4", &[3][..], Order::C),
        (">M8[25s]", &[], Order::C),
        ("<U2", &[2, 2], Order::F),
        ("[('a', '<i4', (2,)), ('b', [('c', 'S3')])]", &[2], Order::C),
        ("[('π', '<i4')]", &[2], Order::C),
        (&long, &[2], Order::C),
    ] {
        let array = Array::zeros(layout(dtype, shape, order)).unwrap();
        let mut bytes = Vec::new();
        write(&array, &mut bytes).unwrap();
        versions.push(bytes[6]);
        let size = bytes.len() as u64;
        for known in [Available::Unknown, Available::Bytes(size)] {
            let options = ReadOptions {
                max_header: 100_000,
                available: known,
                ..ReadOptions::default()
            };
            // All cuts of the long one are as many reads of a long header: those near the ends will do.
            let near = |cut: &usize| bytes.len() < 2000 || *cut < 300 || bytes.len() - *cut < 300;
            for cut in (0..bytes.len()).filter(near) {
                let error = read_with(&mut &bytes[..cut], options).unwrap_err();
                assert_eq!(
                    error.kind(),
                    ErrorKind::Truncated,
                    "{dtype:.20} cut at {cut}: {error}"
                );
            }
            assert_eq!(read_with(&mut Slowly(&bytes), options).unwrap(), array);
        }
    }
    assert_eq!(versions, [1, 1, 1, 1, 3, 2]);
}

#[test]
fn known_sizes_and_limits_are_seen_before_reading() {
    let array = Array::from_vec(vec![1_u32, 2, 3], &[3]).unwrap();
    let mut bytes = Vec::new();
    write(&array, &mut bytes).unwrap();
    let options = ReadOptions {
        available: Available::Bytes(139),
        ..ReadOptions::default()
    };
    let error = read_with(&mut bytes.as_slice(), options).unwrap_err();
    assert!(error.to_string().contains("11 are left"), "{error}");
    for (max_data, kind) in [(12, None), (11, Some(ErrorKind::Limit))] {
        let options = ReadOptions {
            max_data,
            ..ReadOptions::default()
        };
        let read = read_with(&mut bytes.as_slice(), options);
        assert_eq!(read.err().map(|error| error.kind()), kind);
    }
}

#[test]
fn structs_are_read_and_others_are_refused() {
    let read_descr = |descr: &str| {
        let header = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (1,), }}");
        read(&mut file([1, 0], &header, &[1; 64]).as_slice())
    };
    let array = read_descr("[('', '|V1'), (('t', 'a'), '<i2'), ('b', [('c', '|u1', (2,))])]").unwrap();
    assert_eq!(
        (array.nbytes(), array.field("t").unwrap().get(0)),
        (5, Some(&[1, 1][..]))
    );
    for descr in [
        // numpy's own reader takes no dicts, and makes nothing of sub-arrays here.
        "{'names': ['a'], 'formats': ['<i4'], 'offsets': [0]}",
        "[('a', {'names': ['a'], 'formats': ['<i4'], 'offsets': [0]})]",
        "('<i4', (2,))",
        "[('a', '<i4'), ('a', '<i4')]",
        "[('a', '<q4')]",
        "None",
    ] {
        assert_eq!(
            read_descr(descr).unwrap_err().kind(),
            ErrorKind::Corrupt,
            "{descr}"
        );
    }
    assert_eq!(
        read_descr("[('a', '|O')]").unwrap_err().kind(),
        ErrorKind::Unsupported
    );
}

#[test]
fn arrays_may_follow_one_another() {
    let first = Array::from_slice_in(Order::F, &[1.0_f32, 2.0, 3.0, 4.0], &[2, 2]).unwrap();
    let second = Array::from_vec(vec![true], &[]).unwrap();
    let mut bytes = Vec::new();
    write(&first, &mut bytes).unwrap();
    write(&second, &mut bytes).unwrap();
    let mut source = bytes.as_slice();
    assert_eq!(read(&mut source).unwrap(), first);
    let back = read(&mut source).unwrap();
    assert_eq!((back.ndim(), back.dtype()), (0, &DType::of::<bool>()));
    assert_eq!(back, second);
    assert!(source.is_empty());
}
