//! Headers that lie must not cost memory: counts what is really allocated.

#[path = "../../testing/counting.rs"]
mod counting;

use demijohn_arrays::{Available, DType, ErrorKind, npy};

/// What `work` takes at most at a time, in bytes; that pages are not asked for before as much has arrived is tested where
/// it is.
fn peak(work: impl FnOnce()) -> usize {
    counting::peak(work).1
}

const MIB: usize = 1 << 20;

/// A header that claims 2^46 elements.
fn header(descr: &str, version: u8) -> Vec<u8> {
    header_of(descr, 1 << 46, version)
}

fn header_of(descr: &str, elements: u64, version: u8) -> Vec<u8> {
    let header = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': ({elements},), }}");
    let mut file = b"\x93NUMPY".to_vec();
    file.extend([version, 0]);
    let length = u32::try_from(header.len()).unwrap().to_le_bytes();
    file.extend(if version == 1 { &length[..2] } else { &length });
    file.extend(header.bytes());
    file
}

/// One test, as the counters are the process's.
#[test]
fn memory_follows_what_arrives_not_what_is_claimed() {
    for (descr, version) in [
        ("'|u1'", 1),
        ("'<f8'", 2),
        ("'|V100000'", 1),
        ("[('a', '<i4'), ('b', 'U9')]", 3),
    ] {
        for (arrived, allowed) in [(10, MIB), (MIB, 3 * MIB), (5 * MIB, 9 * MIB)] {
            let mut file = header(descr, version);
            file.resize(file.len() + arrived, 1);
            let used = peak(|| {
                let error = npy::read(&mut file.as_slice()).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Truncated);
            });
            assert!(used < allowed, "{used} bytes for {arrived} of {descr}");
        }
    }

    // The claim is refused outright where the length of the input is known.
    let file = header("'|u1'", 1);
    let options = npy::ReadOptions {
        available: Available::Bytes(file.len() as u64),
        ..npy::ReadOptions::default()
    };
    let used = peak(|| drop(npy::read_with(&mut file.as_slice(), options).unwrap_err()));
    assert!(used < MIB / 16, "{used} bytes");

    // 2^62 elements: of one byte they are not there, of eight they would be more than there are addresses.
    for (descr, kind) in [("'|u1'", ErrorKind::Truncated), ("'<f8'", ErrorKind::Corrupt)] {
        let file = header_of(descr, 1 << 62, 1);
        let used = peak(|| assert_eq!(npy::read(&mut file.as_slice()).unwrap_err().kind(), kind));
        assert!(used < MIB, "{used} bytes of {descr}");
    }

    // Headers that claim to be long themselves.
    let mut file = b"\x93NUMPY\x02\x00\xff\xff\xff\xff".to_vec();
    let options = npy::ReadOptions {
        max_header: usize::MAX,
        ..npy::ReadOptions::default()
    };
    for options in [npy::ReadOptions::default(), options] {
        let used = peak(|| drop(npy::read_with(&mut file.as_slice(), options).unwrap_err()));
        assert!(used < MIB, "{used} bytes");
    }
    file.resize(MIB, b' ');
    let used = peak(|| drop(npy::read_with(&mut file.as_slice(), options).unwrap_err()));
    assert!(used < 5 * MIB, "{used} bytes");

    // Shapes and types that wrap around, or unfold.
    for text in [
        "[('a', '<i4', (1099511627776, 1099511627776))]".to_owned(),
        "[('a', '|V2147483647', (2147483647,))]".to_owned(),
        "[(".repeat(100_000),
        format!("'<i4'{}", " ".repeat(10)),
    ] {
        let used = peak(|| drop(text.parse::<DType>().unwrap_err()));
        assert!(used < MIB, "{used} bytes");
    }

    #[cfg(feature = "npz")]
    zip_files_that_lie();
}

#[cfg(feature = "npz")]
fn zip_files_that_lie() {
    use std::io::{Cursor, Write};

    use demijohn_arrays::npz;

    let lie = header("'|u1'", 1);
    let claimed = lie.len() as u64 + (1 << 46);
    for method in [
        rawzip::CompressionMethod::STORE,
        rawzip::CompressionMethod::DEFLATE,
    ] {
        let mut zip = rawzip::ZipArchiveWriter::new(Vec::new());
        let (mut entry, _) = zip.new_file("a.npy").compression_method(method).start().unwrap();
        if method == rawzip::CompressionMethod::STORE {
            entry.write_all(&lie).unwrap();
        } else {
            let mut encoder = flate2::write::DeflateEncoder::new(&mut entry, flate2::Compression::fast());
            encoder.write_all(&lie).unwrap();
            encoder.finish().unwrap();
        }
        entry
            .finish(rawzip::DataDescriptorOutput::new(0, claimed))
            .unwrap();
        let bytes = zip.finish().unwrap();
        let used = peak(|| {
            let file = npz::Reader::new(Cursor::new(&bytes)).unwrap();
            assert_eq!(file.read("a").unwrap_err().kind(), ErrorKind::Truncated);
        });
        assert!(used < MIB, "{used} bytes, {method:?}");
    }

    // A list of 65,535 entries at the end of a file that has one.
    let mut zip = rawzip::ZipArchiveWriter::new(Vec::new());
    let (entry, _) = zip.new_file("a.npy").start().unwrap();
    entry.finish(rawzip::DataDescriptorOutput::new(0, 0)).unwrap();
    let mut bytes = zip.finish().unwrap();
    let counts = bytes.len() - 14..bytes.len() - 10;
    bytes[counts].fill(0xff);
    let used = peak(|| drop(npz::Reader::new(Cursor::new(&bytes))));
    assert!(used < MIB, "{used} bytes");
}
