//! What strangers' files try on readers of joblib's files, one test for each group of attacks.
//!
//! Groups are numbered as in the list that the project keeps. Those that are missing here are no business of joblib's
//! format: they are tested in `pickle/tests/attacks`. Two more have tests of their own: sizes and shapes that lie (14
//! and 15) in `allocation.rs`, where it is counted what they cost, and mapped files (22) in `mapping.rs`.

#![cfg(all(
    feature = "zlib",
    feature = "gzip",
    feature = "bz2",
    feature = "xz",
    feature = "zstd"
))]

mod common;

use std::fs::{self, File};
use std::io::{BufReader, Write};
use std::path::Path;
use std::thread;

use common::{Doors, array, dtype, list, npy, text};
use demijohn::arrays::{self, Layout, Order};
use demijohn::pickle::Kind;
use demijohn::{Array, Document, ErrorKind, Limits, codecs, load, load_from, load_with};

const THREE: &[u8] = b"K\x03\x85";

fn loaded(bytes: &[u8]) -> Document {
    load_from(bytes).unwrap_or_else(|e| panic!("{}: {e}", bytes.escape_ascii()))
}

fn names(document: &Document) -> Vec<String> {
    document.globals().map(|global| global.to_string()).collect()
}

/// `os.system("true")`, as the item of a list.
fn call() -> Vec<u8> {
    [&b"cos\nsystem\n"[..], &text("true"), b"\x85R"].concat()
}

#[test]
fn group_5_pickles_of_object_arrays_are_apart_and_inert() {
    let objects = |inner: &[u8]| list(&[text("outer"), array(b"K\x01\x85", dtype("O"), &[], inner)]);
    // Calls in them are named like all others.
    let document = loaded(&objects(&list(&[call()])));
    assert!(names(&document).contains(&"os.system".to_owned()));
    let made = document.root().index(1).unwrap().index(0).unwrap();
    assert!(made.as_object().unwrap().calls("os", "system"));
    // Their memo is their own.
    let outer = list(&[
        [&text("outer")[..], b"q\0"].concat(),
        array(b"K\x01\x85", dtype("O"), &[], b"\x80\x02]h\0a."),
    ]);
    let error = load_from(outer.as_slice()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    let own = objects(b"\x80\x02]q\0h\0a.");
    let inner = loaded(&own);
    let inner = inner.root().index(1).unwrap();
    assert!(inner.index(0).unwrap().is(inner));
    // In them, nothing is followed by data: nesting is one deep.
    let wrapped = list(&[array(THREE, dtype("u1"), &[], b"")]);
    let document = loaded(&objects(&wrapped));
    let inner = document.root().index(1).unwrap().index(0).unwrap();
    assert_eq!(inner.kind(), Kind::Object);
    // They may be cut off like everything.
    for cut in 0..wrapped.len() {
        let bytes = objects(&wrapped);
        let end = bytes.len() - b"e.".len() - wrapped.len() + cut;
        let error = load_from(&bytes[..end]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Truncated, "{cut}: {error}");
    }
}

/// What a companion must not be reached by, and what is said about it.
#[cfg(unix)]
fn ways_out(folder: &Path, secret: &Path) -> Vec<(String, ErrorKind)> {
    use std::os::unix::fs::symlink;
    symlink(secret, folder.join("link.npy")).unwrap();
    symlink("/dev/zero", folder.join("device.npy")).unwrap();
    fs::create_dir(folder.join("folder.npy")).unwrap();
    let mkfifo = std::process::Command::new("mkfifo")
        .arg(folder.join("pipe.npy"))
        .status();
    assert!(mkfifo.unwrap().success());
    let mut ways = vec![
        (
            format!(
                "../{}",
                secret.strip_prefix(folder.parent().unwrap()).unwrap().display()
            ),
            ErrorKind::Corrupt,
        ),
        (secret.display().to_string(), ErrorKind::Corrupt),
    ];
    for name in ["./a.npy", "a.npy/", "..", ".", "", "a.npy\0", "/dev/zero"] {
        ways.push((name.to_owned(), ErrorKind::Corrupt));
    }
    for name in ["link.npy", "device.npy", "folder.npy", "pipe.npy", "missing.npy"] {
        ways.push((name.to_owned(), ErrorKind::Io));
    }
    ways
}

#[cfg(unix)]
#[test]
fn group_6_companions_are_regular_files_beside_the_pickle() {
    let elsewhere = tempfile::tempdir().unwrap();
    let secret = elsewhere.path().join("secret.npy");
    let numbers = Array::from_vec(vec![1_u8, 2, 3], &[3]).unwrap();
    arrays::npy::save(&secret, &numbers).unwrap();

    let file = Doors::of(Vec::new());
    arrays::npy::save(file.folder().join("a.npy"), &numbers).unwrap();
    fs::write(file.path(), list(&[npy("a.npy")])).unwrap();
    assert_eq!(
        load(file.path())
            .unwrap()
            .root()
            .index(0)
            .unwrap()
            .array()
            .unwrap(),
        &numbers
    );
    for (name, kind) in ways_out(file.folder(), &secret) {
        fs::write(file.path(), list(&[npy(&name)])).unwrap();
        let error = load(file.path()).unwrap_err();
        assert_eq!(error.kind(), kind, "{name:?}: {error}");
        assert!(
            error.to_string().contains(&format!("{name:?}")),
            "{name:?}: {error}"
        );
        assert_eq!(error.path(), Some(file.path()));
    }
    // A pickle in a companion runs no more than any other.
    let header = "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }";
    let len = u16::try_from(header.len()).unwrap().to_le_bytes();
    let objects = [b"\x93NUMPY\x01\0", &len[..], header.as_bytes(), &list(&[call()])].concat();
    fs::write(file.folder().join("b.npy"), objects).unwrap();
    fs::write(file.path(), list(&[npy("b.npy")])).unwrap();
    let document = load(file.path()).unwrap();
    let inner = document.root().index(0).unwrap().index(0).unwrap();
    assert!(inner.as_object().unwrap().calls("os", "system"));
}

#[test]
fn group_7_a_stream_has_no_companions_whatever_it_comes_from() {
    let file = Doors::of(list(&[npy("a.npy")]));
    let numbers = Array::from_vec(vec![1_u8, 2, 3], &[3]).unwrap();
    arrays::npy::save(file.folder().join("a.npy"), &numbers).unwrap();
    assert!(load(file.path()).is_ok());
    // Python would take the folder from the name of the file object.
    let error = load_from(BufReader::new(File::open(file.path()).unwrap())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("by its path"), "{error}");
}

#[test]
fn group_8_the_memo_holds_the_array_and_not_its_description() {
    let class = b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81q\x01";
    let state = array(b"K\x02\x85", dtype("u1"), &[], b"");
    let state = &state[class.len() - 2..];
    let bytes = [&b"\x80\x02](("[..], class, state, &[5, 6], b"h\x01le."].concat();
    let document = loaded(&bytes);
    let (first, second) = (document.at("[0][0]").unwrap(), document.at("[0][1]").unwrap());
    assert_eq!(first.array().unwrap().as_bytes(), [5, 6]);
    assert!(first.is(second));
}

#[test]
fn group_9_subclasses_in_descriptions_are_names_and_nothing_more() {
    let subclass = [("subclass", b"cevil\nArray\n".to_vec())];
    let document = loaded(&list(&[array(THREE, dtype("u1"), &subclass, b"abc")]));
    let found = document.root().index(0).unwrap();
    assert_eq!(found.array().unwrap().as_bytes(), b"abc");
    // It is not written back as a call either.
    assert_eq!(found.array_class(), None);
    assert!(names(&document).contains(&"evil.Array".to_owned()));
    // Whatever stands in its place is not called either.
    let made = [("subclass", call())];
    let document = loaded(&list(&[array(THREE, dtype("u1"), &made, b"abc")]));
    let found = document.root().index(0).unwrap();
    assert!(found.as_array().is_some() && found.array_class().is_none());
    assert!(names(&document).contains(&"os.system".to_owned()));
}

#[test]
fn group_10_arrays_begin_where_frames_have_ended() {
    let state = array(b"K\x02\x85", dtype("u1"), &[], b"");
    let framed = |len: usize, body: &[u8]| {
        let len = u64::try_from(len).unwrap().to_le_bytes();
        [&b"\x80\x04\x95"[..], &len, body].concat()
    };
    let body = [b"]", state.as_slice()].concat();
    let good = framed(body.len(), &[&body[..], &[5, 6], b"a."].concat());
    assert_eq!(
        loaded(&good).root().index(0).unwrap().array().unwrap().as_bytes(),
        [5, 6]
    );
    // A frame that goes on would have other readers find the elements elsewhere.
    let long = framed(body.len() + 2, &[&body[..], b"a.", &[5, 6]].concat());
    let error = load_from(long.as_slice()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.to_string().contains("unread bytes of a frame"), "{error}");
}

#[test]
fn group_11_the_content_decides_and_no_beginning_is_mistaken() {
    let bytes_90 = [&b"B\x5a\0\0\0"[..], &[b'h'; 90], b"."].concat();
    let plain = list(&[text("plain")]);
    let zip_behind = [plain.as_slice(), b"PK\x03\x04, and the rest of a zip file"].concat();
    let file = Doors::of(Vec::new());
    for name in ["a.pkl", "a.bz2", "a.gz", "a.z", "a.npz", "a"] {
        let path = file.folder().join(name);
        fs::write(&path, &bytes_90).unwrap();
        assert_eq!(load(&path).unwrap().root().len(), Some(90), "{name}: not bzip2");
        fs::write(&path, &zip_behind).unwrap();
        assert_eq!(
            load(&path).unwrap().root().len(),
            Some(1),
            "{name}: a pickle, then a zip file"
        );
        fs::write(
            &path,
            codecs::Compressor::by_name("gzip")
                .unwrap()
                .compress(&plain)
                .unwrap(),
        )
        .unwrap();
        assert_eq!(load(&path).unwrap().root().len(), Some(1), "{name}: gzip");
        fs::write(&path, [b"PK\x03\x04", plain.as_slice()].concat()).unwrap();
        assert_eq!(
            load(&path).unwrap_err().kind(),
            ErrorKind::UnknownFormat,
            "{name}: a zip file"
        );
    }
}

#[test]
fn group_12_what_stands_behind_is_not_read_and_told() {
    let first = list(&[text("first")]);
    let second = list(&[call()]);
    let gzip = |bytes: &[u8]| {
        codecs::Compressor::by_name("gzip")
            .unwrap()
            .compress(bytes)
            .unwrap()
    };
    for (bytes, tail) in [
        ([&first[..], &second].concat(), Some(second.len())),
        (gzip(&[&first[..], &second].concat()), Some(second.len())),
        ([gzip(&first), gzip(&second)].concat(), Some(second.len())),
        ([gzip(&first), second.clone()].concat(), None),
    ] {
        let file = Doors::of(bytes);
        let document = load(file.path()).unwrap();
        assert_eq!(names(&document), [""; 0]);
        assert_eq!(document.root().index(0).unwrap().as_str(), Some("first"));
        let found = demijohn::inspect(file.path()).unwrap();
        match tail {
            Some(tail) => assert_eq!(found.tail, tail as u64),
            None => assert_eq!(found.error.unwrap().kind(), ErrorKind::TrailingData),
        }
    }
}

#[test]
fn group_16_bombs_end_at_the_limits() {
    let size = 96 << 20;
    let layout = Layout::new(arrays::DType::new(arrays::Scalar::Uint8), &[size], Order::C).unwrap();
    let zeros = Array::zeros(layout).unwrap();
    for format in ["gzip", "zstd"] {
        let (bytes, _) = demijohn::dump_to(&[&zeros], Vec::new(), format).unwrap();
        assert!(bytes.len() < size / 500, "{format}: no bomb");
        let file = Doors::of(bytes);
        let error = load_with(file.path(), Limits::untrusted()).unwrap_err();
        assert_eq!(
            (error.kind(), error.format()),
            (ErrorKind::Limit, Some(format)),
            "{error}"
        );
        let found = demijohn::inspect(file.path()).unwrap();
        assert_eq!(found.error.unwrap().kind(), ErrorKind::Limit, "{format}");
        // A limit in bytes holds for those that are passed over, too.
        let mut limits = Limits::default();
        limits.stream = limits.stream.output(1 << 20);
        let error = demijohn::load_array_with(file.path(), "[0]", &limits).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit, "{format}: {error}");
    }
    // Members of nothing, a hundred thousand of them.
    let gzip = |bytes: &[u8]| {
        codecs::Compressor::by_name("gzip")
            .unwrap()
            .compress(bytes)
            .unwrap()
    };
    let bytes = [gzip(b"").repeat(100_000), gzip(&list(&[text("a")]))].concat();
    assert_eq!(loaded(&bytes).root().len(), Some(1));
}

#[test]
fn group_18_depth_costs_no_stack_on_any_way() {
    // A million levels of pickles by themselves are in `pickle/tests/attacks`.
    const DEPTH: usize = 200_000;
    let head = [
        &b"\x80\x02]"[..],
        &array(THREE, dtype("u1"), &[], b"abc"),
        b"a",
        &b"]".repeat(DEPTH),
        &b"a".repeat(DEPTH),
        b".",
    ];
    let file = Doors::of(head.concat());
    let work = move || {
        let document = load(file.path()).unwrap();
        let copy = file.folder().join("copy.gz");
        demijohn::dump(&document, &copy).unwrap();
        drop(document);
        drop(load(&copy).unwrap());
        assert_eq!(
            demijohn::load_array(file.path(), "[0]").unwrap().as_bytes(),
            b"abc"
        );
        let found = demijohn::inspect(file.path()).unwrap();
        // Strangers may nest no deeper than this.
        assert!(found.error.is_none_or(|error| error.kind() == ErrorKind::Limit));
        assert!(
            demijohn::load_as::<Vec<serde_json::Value>>(file.path()).is_err(),
            "too deep for a tree"
        );
    };
    let thread = thread::Builder::new().stack_size(512 << 10).spawn(work).unwrap();
    thread.join().unwrap();
}

#[test]
fn group_20_an_array_may_be_its_own_description() {
    let class = &b"\x80\x02cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81q\0"[..];
    let own = [class, b"h\0b."].concat();
    let parts = ["shape", "dtype"].map(|part| {
        let other = if part == "shape" { "dtype" } else { "shape" };
        [
            class,
            b"}(",
            &text(part),
            b"h\0",
            &text(other),
            &dtype("u1"),
            b"ub.",
        ]
        .concat()
    });
    for bytes in [own].iter().chain(&parts) {
        let error = load_from(bytes.as_slice()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    }
}

#[test]
fn group_23_nothing_wrong_goes_unnoticed_where_there_is_a_checksum() {
    // Behind the elements and behind `STOP`, where an unpickler has no reason to look.
    let numbers = Array::from_vec(vec![7_u8; 40_000], &[40_000]).unwrap();
    for format in ["zlib", "gzip", "bz2", "xz", "zstd"] {
        let (whole, _) = demijohn::dump_to(&[&numbers], Vec::new(), format).unwrap();
        // In the last byte of bz2, there may be bits that mean nothing.
        for back in 2..=8 {
            let mut bytes = whole.clone();
            let at = bytes.len() - back;
            bytes[at] ^= 0x10;
            let error = load_from(bytes.as_slice()).expect_err(format);
            let damaged = [ErrorKind::Checksum, ErrorKind::Corrupt, ErrorKind::Truncated];
            assert!(damaged.contains(&error.kind()), "{format}, {back}: {error}");
            bytes.truncate(at);
            let error = load_from(bytes.as_slice()).expect_err(format);
            assert_eq!(error.kind(), ErrorKind::Truncated, "{format}, {back}: {error}");
        }
        let mut sink = codecs::writer(Vec::new(), format).unwrap();
        sink.write_all(b"\x80\x02N.").unwrap();
        assert!(load_from(sink.finish().unwrap().0.as_slice()).is_ok(), "{format}");
    }
}
