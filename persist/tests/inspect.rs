//! What `inspect` and `extract` say of files: whole, damaged, hostile, and written by others.

#![cfg(all(feature = "gzip", feature = "npz"))]

#[path = "../../testing/outside.rs"]
mod outside;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Cursor, Read as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use demijohn::arrays::{Layout, Order, npy, npz};
use demijohn::pickle::numpy::{Located, locate_at};
use demijohn::{
    Array, ArrayEntry, Content, Conversion, ErrorKind, Inspection, Limits, codecs, dump, extract, inspect,
    inspect_file, load,
};

fn scratch(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn inspect_bytes(bytes: &[u8]) -> Inspection {
    let (_folder, path) = scratch(bytes);
    inspect(path).unwrap()
}

fn take(path: &Path, array: &str) -> demijohn::Result<Array> {
    extract(File::open(path).unwrap(), array, &Limits::untrusted())
}

fn names(found: &Inspection) -> Vec<(String, u64, u64)> {
    let globals = found.globals.iter();
    globals
        .map(|g| (format!("{}.{}", g.module, g.name), g.offset, g.count))
        .collect()
}

fn model() -> BTreeMap<&'static str, Vec<Array>> {
    let f = Layout::new("<i4".parse().unwrap(), &[2, 3], Order::F).unwrap();
    let f = Array::from_bytes(f, &(0..24).collect::<Vec<u8>>()).unwrap();
    let a = Array::from_vec(vec![0.5_f64, 1.5, 2.5], &[3]).unwrap();
    BTreeMap::from([("a", vec![a.clone(), f]), ("b.c", vec![a])])
}

/// Everything that inspecting says of a whole file is what loading finds.
fn agrees(path: &Path) -> usize {
    let shown = path.display();
    let found = inspect(path).unwrap();
    assert!(found.error.is_none(), "{shown}: {:?}", found.error);
    assert_eq!((found.content, found.tail), (Content::Pickle, 0), "{shown}");
    assert_eq!(found.compressed, fs::metadata(path).unwrap().len());
    let mut stream = Vec::new();
    let options = codecs::Options::new().format(found.format);
    options.open(path).unwrap().read_to_end(&mut stream).unwrap();
    assert_eq!(found.uncompressed, Some(stream.len() as u64), "{shown}");

    let document = load(path).unwrap();
    let globals: Vec<_> = document.globals().map(|g| g.to_string()).collect();
    for (name, offset, count) in names(&found) {
        let uses = globals.iter().filter(|global| **global == name).count();
        assert_eq!(count, uses as u64, "{shown}: {name}");
        assert!(offset < stream.len() as u64);
    }
    // What a document has no value for are the parts of masked arrays.
    let is_value = |entry: &&ArrayEntry| document.at(&entry.path).is_ok();
    let values: Vec<_> = found
        .arrays
        .iter()
        .filter(is_value)
        .map(|entry| entry.path.clone())
        .collect();
    let arrays: Vec<_> = document.arrays().map(|(path, _)| path.to_string()).collect();
    assert_eq!(values, arrays, "{shown}");
    for entry in &found.arrays {
        let Located::Here(array) = locate_at(document.root(), &entry.path.parse().unwrap()).unwrap() else {
            panic!("{shown}: {} was loaded", entry.path);
        };
        assert_eq!(&entry.layout, array.layout(), "{shown}");
        if let Some(offset) = entry.offset {
            let at = usize::try_from(offset).unwrap();
            assert_eq!(&stream[at..at + array.nbytes()], array.as_bytes(), "{shown}");
        }
        assert_eq!(
            take(path, &entry.path).unwrap(),
            *array,
            "{shown}: {}",
            entry.path
        );
    }
    arrays.len()
}

#[test]
fn files_of_ours_are_described_as_they_load() {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "m.pkl",
        "m.pkl.gz",
        "m.pkl.xz",
        "m.pkl.zst",
        "m.pkl.bz2",
        "m.pkl.z",
    ] {
        let path = folder.path().join(name);
        dump(&model(), &path).unwrap();
        assert_eq!(agrees(&path), 3);
        let offsets = inspect(&path)
            .unwrap()
            .arrays
            .into_iter()
            .map(|a| a.offset.unwrap());
        assert!(offsets.into_iter().all(|offset| offset % 16 == 0));
    }
}

#[test]
fn files_of_joblib_are_described_as_they_load() {
    let Some(python) = outside::python("joblib, numpy") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let script = outside::workspace().join("persist/tests/peer.py");
    outside::run(Command::new(python).arg(script).arg("write").arg(folder.path()));
    let mut arrays = 0;
    for entry in fs::read_dir(folder.path()).unwrap() {
        arrays += agrees(&entry.unwrap().path());
    }
    assert!(arrays > 100, "only {arrays} arrays");
}

#[test]
fn every_way_to_name_a_global_is_seen() {
    // By GLOBAL; by STACK_GLOBAL with names from the memo; called and thrown away; as an INST.
    let direct = b"\x80\x04cos\nsystem\n.".to_vec();
    let memo = b"\x80\x04\x8c\x02os\x94\x8c\x06system\x94N00h\x00h\x01\x93.".to_vec();
    let popped = b"\x80\x04cos\nsystem\n\x8c\x02id\x85R0N.".to_vec();
    let instance = b"(S'id'\nios\nsystem\n.".to_vec();
    for (bytes, at) in [(direct, 2), (memo, 23), (popped, 2), (instance, 7)] {
        let found = inspect_bytes(&bytes);
        let shown = bytes.escape_ascii();
        assert!(found.error.is_none(), "{shown}: {:?}", found.error);
        assert_eq!(names(&found), [("os.system".to_owned(), at, 1)], "{shown}");
        assert!(!found.globals[0].known_safe);
    }
    let often = inspect_bytes(b"\x80\x02cos\nsystem\n0cnumpy\ndtype\n0cos\nsystem\n.");
    assert_eq!(
        names(&often),
        [("os.system".to_owned(), 2, 2), ("numpy.dtype".to_owned(), 14, 1)]
    );
    assert!(often.globals[1].known_safe);
}

#[test]
fn what_was_found_before_the_damage_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("whole.pkl");
    dump(&model(), &path).unwrap();
    let bytes = fs::read(&path).unwrap();
    let whole = inspect(&path).unwrap();
    let mut most = 0;
    for end in 0..bytes.len() {
        let found = inspect_bytes(&bytes[..end]);
        let error = found
            .error
            .as_ref()
            .unwrap_or_else(|| panic!("cut at {end} passes"));
        assert!(
            matches!(error.kind(), ErrorKind::Truncated | ErrorKind::UnknownFormat),
            "cut at {end}: {error}"
        );
        most = found.globals.len();
        let seen = whole.globals.iter().take(most);
        assert!(found.globals.iter().zip(seen).all(|(a, b)| a.name == b.name));
        if end > 200 {
            assert!(most > 0, "cut at {end}");
        }
    }
    assert_eq!(most, whole.globals.len());
    // An array that ends early is refused before it is sought.
    let cut = inspect_bytes(&bytes[..usize::try_from(whole.arrays[2].offset.unwrap()).unwrap() + 5]);
    let message = cut.error.unwrap().to_string();
    assert!(
        message.contains("<f8 (3,) C") && message.contains("5 are left"),
        "{message}"
    );
}

#[test]
fn damage_in_the_container_counts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.pkl.gz");
    dump(&model(), &path).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let end = bytes.len();
    bytes[end - 6] ^= 1;
    assert_eq!(inspect_bytes(&bytes).error.unwrap().kind(), ErrorKind::Checksum);
    bytes[end - 6] ^= 1;
    assert_eq!(
        inspect_bytes(&bytes[..end - 3]).error.unwrap().kind(),
        ErrorKind::Truncated
    );
    bytes.extend(b"more");
    let (_folder, path) = scratch(&bytes);
    assert_eq!(
        inspect(&path).unwrap().error.unwrap().kind(),
        ErrorKind::TrailingData
    );
    assert_eq!(take(&path, "a[0]").unwrap_err().kind(), ErrorKind::TrailingData);
}

#[test]
fn bytes_behind_the_object_are_counted() {
    let found = inspect_bytes(b"\x80\x02N.tail");
    assert!(found.error.is_none());
    assert_eq!((found.tail, found.further), (4, 0));
    let mut zip = codecs::Options::new().writer(Vec::new(), "gzip").unwrap();
    std::io::Write::write_all(&mut zip, b"\x80\x02N.rest").unwrap();
    let (bytes, _) = zip.finish().unwrap();
    assert_eq!(inspect_bytes(&bytes).tail, 4);
}

/// `joblib.load` of an open file gives one object after another, and runs what each of them names.
#[test]
fn names_of_further_objects_are_listed() {
    let evil = b"\x80\x02cos\nsystem\n.";
    let (bytes, _) = demijohn::dump_to(&model(), Vec::new(), "none").unwrap();
    let first = inspect_bytes(&bytes);
    let names = |found: &Inspection| -> Vec<(String, u64)> {
        let globals = found.globals.iter();
        globals
            .map(|global| (format!("{}.{}", global.module, global.name), global.offset))
            .collect()
    };
    // With arrays in both, and cut in the middle of one that names something.
    let end = bytes.len() as u64;
    for (behind, further) in [(&evil[..], 1), (&evil[..evil.len() - 1], 0)] {
        let found = inspect_bytes(&[&bytes, behind].concat());
        assert!(found.error.is_none());
        assert_eq!((found.tail, found.further), (behind.len() as u64, further));
        let expected = [names(&first), vec![("os.system".to_owned(), end + 2)]].concat();
        assert_eq!(names(&found), expected);
        assert_eq!(found.arrays.len(), first.arrays.len());
    }
    let found = inspect_bytes(&[&bytes[..], b"\x80\x02N.", evil, b"junk"].concat());
    assert_eq!((found.further, found.tail), (2, 4 + 14 + 4));
    assert!(found.globals.iter().any(|global| global.module == "os"));
}

#[test]
fn what_joblib_never_wrote_is_no_companion() {
    // One dict may be the state of any number of objects, so that none of them may look through all of it.
    for (keys, companions) in [(60, 1), (100, 0)] {
        let mut bytes = b"\x80\x02cjoblib.numpy_pickle\nNDArrayWrapper\n)\x81}(U\x08filenameU\x01a".to_vec();
        for key in 0..keys {
            bytes.extend([b'K', key, b'N']);
        }
        bytes.extend(b"ub.");
        let found = inspect_file(Cursor::new(&bytes), &Limits::untrusted());
        assert!(found.error.is_none());
        assert_eq!(found.companions.len(), companions, "{keys}");
    }
}

#[test]
fn npy_files_have_one_array() {
    let array = Array::from_vec(vec![1_u16, 2, 3, 4], &[2, 2]).unwrap();
    let mut bytes = Vec::new();
    npy::write(&array, &mut bytes).unwrap();
    let (_folder, path) = scratch(&bytes);
    let found = inspect(&path).unwrap();
    assert_eq!((found.content, found.tail), (Content::Npy, 0));
    let entry = &found.arrays[0];
    assert_eq!((entry.path.as_str(), entry.offset), (".", Some(128)));
    assert_eq!(&entry.layout, array.layout());
    assert_eq!(take(&path, ".").unwrap(), array);
    assert_eq!(take(&path, "a").unwrap_err().kind(), ErrorKind::Parameter);
    let cut = inspect_bytes(&bytes[..bytes.len() - 1]);
    assert_eq!(cut.error.unwrap().kind(), ErrorKind::Truncated);
    assert_eq!(cut.arrays.len(), 1);
    bytes.push(0);
    assert_eq!(inspect_bytes(&bytes).tail, 1);
}

#[test]
fn npz_files_are_checked_entry_by_entry() {
    let array = Array::from_vec(vec![7_u64; 1000], &[1000]).unwrap();
    for compression in [npz::Compression::Stored, npz::Compression::Deflated(6)] {
        let mut out = npz::Writer::new(Vec::new()).compression(compression).unwrap();
        out.add("x", &array).unwrap();
        out.add("a/b", &array).unwrap();
        let mut bytes = out.finish().unwrap();
        let (_folder, path) = scratch(&bytes);
        let found = inspect(&path).unwrap();
        assert!(found.error.is_none(), "{:?}", found.error);
        let paths: Vec<_> = found.arrays.iter().map(|entry| entry.path.as_str()).collect();
        assert_eq!(paths, ["x", "a/b"]);
        assert_eq!(found.uncompressed, Some(2 * 8128));
        assert_eq!(take(&path, "a/b").unwrap(), array);
        let message = take(&path, "y").unwrap_err().to_string();
        assert!(message.contains("there are the arrays x, a/b"), "{message}");
        // In the data of the first entry, where the header is behind.
        bytes[if compression == npz::Compression::Stored {
            200
        } else {
            60
        }] ^= 0x10;
        assert!(inspect_bytes(&bytes).error.is_some(), "{compression:?}");
        let mut limits = Limits::default();
        limits.stream = limits.stream.output(10_000);
        let limited = inspect_file(File::open(&path).unwrap(), &limits);
        assert_eq!(limited.error.unwrap().kind(), ErrorKind::Limit);
    }
}

#[test]
fn names_in_npz_files_are_told_apart_and_lead_back() {
    let names = ["a\nb", r#"["a\nb"]"#, r"a\nb", "", " ", "\u{202e}x", "plain/name"];
    let mut out = npz::Writer::new(Vec::new());
    for (n, name) in (0_u8..).zip(names) {
        out.add(name, &Array::from_vec(vec![n], &[1]).unwrap()).unwrap();
    }
    let (_folder, path) = scratch(&out.finish().unwrap());
    let found = inspect(&path).unwrap();
    assert!(found.error.is_none(), "{:?}", found.error);
    assert_eq!(found.arrays.len(), names.len());
    for (n, entry) in (0_u8..).zip(&found.arrays) {
        assert!(!entry.path.trim().is_empty() && !entry.path.contains(demijohn::arrays::is_misleading));
        assert_eq!(
            take(&path, &entry.path).unwrap().as_bytes(),
            [n],
            "{}",
            entry.path
        );
    }
    assert_eq!(found.arrays[6].path, "plain/name");
    // The names themselves do, but for the one that looks like what is shown of another.
    for (n, name) in (0_u8..).zip(names).filter(|(n, _)| *n != 1) {
        assert_eq!(take(&path, name).unwrap().as_bytes(), [n], "{name:?}");
    }
    let message = take(&path, "b").unwrap_err().to_string();
    assert!(!message.contains(demijohn::arrays::is_misleading), "{message:?}");
}

#[test]
fn what_is_around_the_arrays_of_a_npz_file_is_said() {
    let zip = zip_of("notes\n.txt", b"text");
    let found = inspect_bytes(&zip);
    assert_eq!(
        (found.content, found.others),
        (Content::Npz, vec![r#"["notes\n.txt"]"#.to_owned()])
    );
    assert_eq!((found.arrays.len(), found.lead, found.tail), (0, 0, 0));

    // The last one counts, in Python too.
    let mut array = Vec::new();
    npy::write(&Array::from_vec(vec![7_u8], &[1]).unwrap(), &mut array).unwrap();
    let two = [&zip[..], &zip_of("a.npy", &array), b"behind"].concat();
    let found = inspect_bytes(&two);
    assert!(found.error.is_none() && found.others.is_empty());
    assert_eq!((found.lead, found.tail), (zip.len() as u64, 6));
    assert_eq!(found.arrays[0].path, "a");

    let target = tempfile::tempdir().unwrap();
    for lossy in [&two[..], &two[zip.len()..], &two[..two.len() - 6]] {
        let convert = Conversion::of_reader(Cursor::new(lossy.to_vec())).save(target.path().join("a.pkl"));
        let kind = convert.unwrap_err().kind();
        assert!(
            matches!(kind, ErrorKind::TrailingData | ErrorKind::Unsupported),
            "{kind:?}"
        );
    }
    let whole = two[zip.len()..two.len() - 6].to_vec();
    Conversion::of_reader(Cursor::new(whole))
        .save(target.path().join("a.pkl"))
        .unwrap();
}

/// A zip file of one stored entry.
fn zip_of(name: &str, data: &[u8]) -> Vec<u8> {
    // The same checksum stands in front of the last four bytes of a gzip file.
    let gzip = codecs::Compressor::by_name("gzip")
        .unwrap()
        .compress(data)
        .unwrap();
    let crc = &gzip[gzip.len() - 8..gzip.len() - 4];
    let size = u32::try_from(data.len()).unwrap().to_le_bytes();
    let name_len = u16::try_from(name.len()).unwrap().to_le_bytes();
    let about = [
        &[20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0][..],
        crc,
        &size,
        &size,
        &name_len,
        &[0; 2],
    ]
    .concat();
    let local = [b"PK\x03\x04", &about[..], name.as_bytes(), data].concat();
    let central = [b"PK\x01\x02\x14\x00", &about[..], &[0; 14][..], name.as_bytes()].concat();
    let len = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap().to_le_bytes();
    let end = [
        &b"PK\x05\x06\0\0\0\0\x01\0\x01\0"[..],
        &len(&central),
        &len(&local),
        &[0; 2],
    ]
    .concat();
    [local, central, end].concat()
}

/// A `.npy` file of Python objects, with this pickle.
fn npy_of_objects(pickle: &[u8]) -> Vec<u8> {
    let header = format!(
        "{:<117}\n",
        "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
    );
    [b"\x93NUMPY\x01\x00\x76\x00", header.as_bytes(), pickle].concat()
}

#[test]
fn pickles_in_npz_files_are_read_like_those_in_npy_files() {
    for (pickle, kind, global, tail) in [
        (&b"\x80\x04cos\nsystem\n."[..], None, Some("os.system"), 0),
        (b"\x80\x04cos\nsystem\n.rest", None, Some("os.system"), 4),
        (
            b"\x80\x04cos\nsystem\n",
            Some(ErrorKind::Truncated),
            Some("os.system"),
            0,
        ),
        (b"\x80\x04\xff", Some(ErrorKind::Corrupt), None, 0),
    ] {
        let npy = npy_of_objects(pickle);
        let npz = zip_of("o.npy", &npy);
        let (npy, npz) = (inspect_bytes(&npy), inspect_bytes(&npz));
        assert_eq!((npy.content, npz.content), (Content::Npy, Content::Npz));
        for found in [&npy, &npz] {
            assert_eq!(
                found.error.as_ref().map(demijohn::Error::kind),
                kind,
                "{:?}",
                found.error
            );
            assert!(found.arrays.is_empty());
            assert_eq!(found.tail, tail);
        }
        assert_eq!(npz.globals, npy.globals);
        assert_eq!(names(&npz).first().map(|(name, ..)| name.as_str()), global);
        assert_eq!(npz.object_arrays[0].path, "o");
        if let Some(error) = npz.error {
            assert!(error.to_string().contains("o.npy: "), "{error}");
        }
    }
    // What the zip file says of the entry is checked, too.
    let mut bytes = zip_of("o.npy", &npy_of_objects(b"\x80\x04cos\nsystem\n."));
    let at = bytes.windows(6).position(|window| window == b"system").unwrap();
    bytes[at] = b'S';
    assert_eq!(inspect_bytes(&bytes).error.unwrap().kind(), ErrorKind::Corrupt);
}

#[test]
fn what_is_no_object_is_named() {
    let mut npz = npz::Writer::new(Vec::new());
    npz.add("a", &Array::from_vec(vec![1_u8], &[1]).unwrap()).unwrap();
    // Nothing is found in a zip file that is compressed as a whole.
    for plain in [b"just text\n".to_vec(), npz.finish().unwrap()] {
        let mut zip = codecs::Options::new().writer(Vec::new(), "gzip").unwrap();
        std::io::Write::write_all(&mut zip, &plain).unwrap();
        let (bytes, _) = zip.finish().unwrap();
        let found = inspect_bytes(&bytes);
        assert!(found.error.is_none());
        let length = Some(plain.len() as u64);
        assert_eq!((found.content, found.uncompressed), (Content::Data, length));
    }
    for (bytes, kind) in [
        (&b""[..], ErrorKind::Truncated),
        (b"just text\n", ErrorKind::UnknownFormat),
    ] {
        let found = inspect_bytes(bytes);
        assert_eq!(
            (found.content, found.error.unwrap().kind()),
            (Content::Unknown, kind)
        );
    }
    assert_eq!(inspect("/nowhere/at/all").unwrap_err().kind(), ErrorKind::Io);
}

#[test]
fn a_wrong_path_proposes_right_ones() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.pkl");
    dump(&model(), &path).unwrap();
    let error = take(&path, "a[2]").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Parameter);
    assert!(
        error.to_string().contains("there are the arrays a[0], a[1]"),
        "{error}"
    );
    assert!(take(&path, "a").unwrap_err().to_string().contains("a[0]"));
    assert_eq!(take(&path, "a[").unwrap_err().kind(), ErrorKind::Parameter);
    assert_eq!(take(&path, r#"["b.c"][0]"#).unwrap().shape(), [3]);
}

#[test]
fn arrays_in_calls_have_paths_too() {
    // An array that is an argument, and one in a state: pickle.dumps of the like, with bytes as elements.
    let mut bytes = b"\x80\x03cmodule\nClass\n".to_vec();
    let array = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R(K\x01K\x02\x85\
        cnumpy\ndtype\nX\x02\x00\x00\x00u1K\x00K\x01\x87R(K\x03X\x01\x00\x00\x00|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\
        \x89C\x02\x05\x06tb";
    bytes.extend(array);
    bytes.extend(b"\x85R}X\x01\x00\x00\x00w");
    bytes.extend(array);
    bytes.extend(b"sb.");
    let (_folder, path) = scratch(&bytes);
    let found = inspect(&path).unwrap();
    assert!(found.error.is_none(), "{:?}", found.error);
    let paths: Vec<_> = found.arrays.iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!(paths, [".args[0]", ".state.w"]);
    for path_in in paths {
        assert_eq!(take(&path, path_in).unwrap().as_bytes(), [5, 6]);
    }
}

#[test]
fn bombs_meet_the_limits() {
    let zeros = Array::zeros(Layout::new("u1".parse().unwrap(), &[80 << 20], Order::C).unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb.pkl.zst");
    dump(&zeros, &path).unwrap();
    let found = inspect(&path).unwrap();
    assert_eq!(found.error.unwrap().kind(), ErrorKind::Limit);
    // A list that holds each list before it twice, and is never spelled out.
    let mut laughs = b"\x80\x02]q\x00".to_vec();
    for i in 1..100 {
        laughs.extend([b']', b'q', i, b'(', b'h', i - 1, b'h', i - 1, b'e']);
    }
    laughs.extend(b".");
    let found = inspect_bytes(&laughs);
    assert!(found.error.is_none(), "{:?}", found.error);
    assert!(found.arrays.is_empty());
}

#[test]
fn what_is_no_file_is_looked_into_too() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.pkl", "a.pkl.gz"] {
        let path = folder.path().join(name);
        dump(&model(), &path).unwrap();
        let whole = inspect(&path).unwrap();
        // From where it stands.
        let mut bytes = b"before".to_vec();
        bytes.extend(fs::read(&path).unwrap());
        let mut memory = Cursor::new(bytes);
        memory.set_position(6);
        let found = inspect_file(&mut memory, &Limits::untrusted());
        assert!(found.error.is_none(), "{:?}", found.error);
        assert_eq!(found.format, whole.format);
        for (entry, same) in found.arrays.iter().zip(&whole.arrays) {
            assert_eq!((&entry.path, entry.offset), (&same.path, same.offset));
            memory.set_position(6);
            let array = extract(&mut memory, &entry.path, &Limits::untrusted()).unwrap();
            assert_eq!(array.as_bytes(), take(&path, &entry.path).unwrap().as_bytes());
        }
    }
    let mut memory = Cursor::new(Vec::new());
    let mut saved = npz::Writer::new(&mut memory);
    saved
        .add("a", &Array::from_vec(vec![1_u8, 2], &[2]).unwrap())
        .unwrap();
    saved.finish().unwrap();
    memory.set_position(0);
    let array = extract(&mut memory, "a", &Limits::untrusted()).unwrap();
    assert_eq!(array.as_bytes(), [1, 2]);
}
