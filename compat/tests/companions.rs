//! Companions: those that joblib wrote, and those that strangers would like to have opened.

#![cfg(feature = "zlib")]

mod common;

use std::fs;
use std::path::Path;

use common::{list, npy, raw, raw_state, text, wrapper, zfile};
use demijohn_arrays::{self as arrays, Array, DType, Layout, Order};
use demijohn_codecs::{Error, Limits};
use demijohn_pickle::{self as pickle, Document, ErrorKind};

fn read(bytes: &[u8], folder: &Path) -> pickle::Result<Document> {
    common::read(bytes, Some(folder), Limits::default())
}

fn error(bytes: &[u8], folder: &Path) -> pickle::Error {
    read(bytes, folder).unwrap_err()
}

fn array() -> Array {
    Array::from_vec(vec![1_i64, -2, 3], &[3]).unwrap()
}

const THREE: &[u8] = b"K\x03\x85";

#[test]
fn arrays_in_npy_files_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let fortran = Layout::new("<f4".parse::<DType>().unwrap(), &[2, 3], Order::F).unwrap();
    let fortran = Array::from_bytes(fortran, &[7; 24]).unwrap();
    arrays::npy::save(folder.path().join("a_01.npy"), &array()).unwrap();
    arrays::npy::save(folder.path().join("a_02.npy"), &fortran).unwrap();
    // As joblib 0.9 has it, and as 0.5.6 had it.
    let old = wrapper("NDArrayWrapper", &[("filename", text("a_02.npy"))]);
    let document = read(&list(&[npy("a_01.npy"), b"N".to_vec(), old]), folder.path()).unwrap();
    let root = document.root();
    assert_eq!(root.index(0).unwrap().array().unwrap(), &array());
    assert!(root.index(1).unwrap().is_none());
    let second = root.index(2).unwrap().array().unwrap();
    assert_eq!((second, second.order()), (&fortran, Order::F));
}

#[test]
fn arrays_in_z_files_are_read() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a_01.npy.z"), zfile(array().as_bytes())).unwrap();
    fs::write(folder.path().join("a_02.npy.z"), zfile(&[1, 2, 3, 4, 5, 6])).unwrap();
    let first = raw("a_01.npy.z", raw_state(THREE, "<i8", b"\x89"));
    let second = raw("a_02.npy.z", raw_state(b"K\x02K\x03\x86", "|u1", b"\x88"));
    let document = read(&list(&[first, second]), folder.path()).unwrap();
    let root = document.root();
    assert_eq!(root.index(0).unwrap().array().unwrap(), &array());
    let second = root.index(1).unwrap().array().unwrap();
    let expected = Array::from_vec(vec![1_u8, 3, 5, 2, 4, 6], &[2, 3]).unwrap();
    assert_eq!((second, second.order()), (&expected, Order::F));
}

/// What numpy puts before the pickle of an array of objects.
fn objects(pickle: &[u8]) -> Vec<u8> {
    let header = "{'descr': '|O8', 'fortran_order': False, 'shape': (1,), }";
    let len = u16::try_from(header.len()).unwrap().to_le_bytes();
    [b"\x93NUMPY\x01\0", &len[..], header.as_bytes(), pickle].concat()
}

#[test]
fn arrays_of_objects_are_read_as_data() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a_01.npy");
    // An array whose element is a call of `os.system`.
    let mut pickle =
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85U\x01b\x87R".to_vec();
    let element = [&b"](cos\nsystem\n"[..], &text("true"), b"\x85Re"].concat();
    let state = raw_state(b"K\x01\x85", "|O", b"\x89");
    pickle.extend_from_slice(&state[..state.len() - 1]);
    pickle.extend(element);
    pickle.extend(b"tb.");
    fs::write(&path, objects(&pickle)).unwrap();
    let main = list(&[npy("a_01.npy")]);
    let document = read(&main, folder.path()).unwrap();
    let value = document.root().index(0).unwrap();
    let item = value.as_object_array().unwrap().iter().next().unwrap();
    assert!(item.as_object().unwrap().calls("os", "system"));
    assert!(document.globals().any(|global| global.to_string() == "os.system"));

    // Cut off: the error says in which file, and where there.
    let whole = objects(&pickle);
    for end in 0..whole.len() {
        fs::write(&path, &whole[..end]).unwrap();
        let error = error(&main, folder.path());
        let message = error.to_string();
        assert_eq!(error.kind(), ErrorKind::Truncated, "{end}: {message}");
        assert!(message.contains("companion file \"a_01.npy\""), "{message}");
    }

    // A companion has no companions.
    fs::write(&path, objects(&list(&[npy("a_02.npy")]))).unwrap();
    let document = read(&main, folder.path()).unwrap();
    let inner = document.root().index(0).unwrap().index(0).unwrap();
    assert!(inner.as_object().is_some());
}

#[test]
fn what_is_beside_the_pickle_is_not_known_of_a_stream() {
    for wrapper in [npy("a.npy"), raw("a.npy", raw_state(THREE, "<i8", b"\x89"))] {
        let error = common::read(&list(&[wrapper]), None, Limits::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        let message = error.to_string();
        assert!(
            message.contains("\"a.npy\"") && message.contains("by its path"),
            "{message}"
        );
    }
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("inner");
    fs::create_dir(&inner).unwrap();
    let beside = inner.join("x.npy");
    arrays::npy::save(&beside, &array()).unwrap();
    arrays::npy::save(folder.path().join("x.npy"), &array()).unwrap();
    fs::create_dir(inner.join("sub")).unwrap();
    arrays::npy::save(inner.join("sub/x.npy"), &array()).unwrap();
    let absolute = beside.to_str().unwrap();
    for name in [
        "../x.npy",
        absolute,
        "sub/x.npy",
        "./x.npy",
        "sub/../x.npy",
        "x.npy/",
        "",
        ".",
        "..",
        "x.npy\0",
        "\0",
    ] {
        for wrapper in [npy(name), raw(name, raw_state(THREE, "<i8", b"\x89"))] {
            let error = error(&list(&[wrapper]), &inner);
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{name:?}: {error}");
            assert!(error.to_string().contains("plain name"), "{name:?}: {error}");
        }
    }
    // The same file by its plain name is fine.
    assert!(read(&list(&[npy("x.npy")]), &inner).is_ok());
    // Names that are no text at all.
    let number = wrapper("NDArrayWrapper", &[("filename", b"K\x01".to_vec())]);
    assert_eq!(error(&list(&[number]), &inner).kind(), ErrorKind::Corrupt);
}

#[test]
fn a_missing_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = error(&list(&[npy("gone.npy")]), folder.path());
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains("\"gone.npy\""), "{error}");
    let io = std::io::Error::from(error);
    assert_eq!(io.kind(), std::io::ErrorKind::NotFound);
}

#[cfg(unix)]
#[test]
fn only_regular_files_are_opened_and_nothing_is_waited_for() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    arrays::npy::save(at("real.npy"), &array()).unwrap();
    symlink("real.npy", at("link.npy")).unwrap();
    symlink("/dev/zero", at("device.npy")).unwrap();
    symlink("nowhere", at("broken.npy")).unwrap();
    symlink("loop.npy", at("loop.npy")).unwrap();
    fs::create_dir(at("folder.npy")).unwrap();
    symlink("folder.npy", at("folder-link.npy")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(at("socket.npy")).unwrap();
    let mkfifo = std::process::Command::new("mkfifo").arg(at("pipe.npy")).status();
    assert!(mkfifo.unwrap().success());
    for (name, what) in [
        ("link.npy", "a link"),
        ("device.npy", "a link"),
        ("broken.npy", "a link"),
        ("loop.npy", "a link"),
        ("folder-link.npy", "a link"),
        ("folder.npy", "a directory"),
        ("socket.npy", "a socket"),
        ("pipe.npy", "a pipe"),
    ] {
        for wrapper in [npy(name), raw(name, raw_state(THREE, "<i8", b"\x89"))] {
            let error = error(&list(&[wrapper]), folder.path());
            let message = error.to_string();
            assert_eq!(error.kind(), ErrorKind::Io, "{message}");
            assert!(message.contains(name) && message.contains(what), "{message}");
        }
    }
}

#[test]
fn each_companion_is_named_once() {
    let folder = tempfile::tempdir().unwrap();
    arrays::npy::save(folder.path().join("a.npy"), &array()).unwrap();
    let error = error(&list(&[npy("a.npy"), npy("a.npy")]), folder.path());
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.to_string().contains("a second time"), "{error}");
}

#[test]
fn the_limit_of_output_is_for_all_companions_together() {
    let folder = tempfile::tempdir().unwrap();
    arrays::npy::save(folder.path().join("a.npy"), &array()).unwrap();
    fs::write(folder.path().join("b.npy.z"), zfile(array().as_bytes())).unwrap();
    let main = list(&[npy("a.npy"), raw("b.npy.z", raw_state(THREE, "<i8", b"\x89"))]);
    let within = |limit| common::read(&main, Some(folder.path()), Limits::default().output(limit));
    assert!(within(48).is_ok());
    assert_eq!(within(47).unwrap_err().kind(), ErrorKind::Limit);
    assert_eq!(within(23).unwrap_err().kind(), ErrorKind::Limit);
}

/// The kind of an error, that of the stream if it arose in one.
fn kind(error: pickle::Error) -> String {
    match error.kind() {
        ErrorKind::Io => Error::from(std::io::Error::from(error)).kind().to_string(),
        kind => format!("{kind:?}").to_lowercase(),
    }
}

#[test]
fn every_cut_of_a_companion_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    let mut whole = Vec::new();
    arrays::npy::write(&array(), &mut whole).unwrap();
    let main = list(&[npy("a")]);
    for end in 0..whole.len() {
        fs::write(&path, &whole[..end]).unwrap();
        let error = error(&main, folder.path());
        assert!(error.to_string().contains("companion file \"a\""), "{error}");
        assert_eq!(kind(error), "truncated", "{end}");
    }
    let whole = zfile(array().as_bytes());
    let main = list(&[raw("a", raw_state(THREE, "<i8", b"\x89"))]);
    for end in 0..whole.len() {
        fs::write(&path, &whole[..end]).unwrap();
        let error = error(&main, folder.path());
        assert!(error.to_string().contains("companion file \"a\""), "{error}");
        assert_eq!(kind(error), "truncated", "{end}");
    }
}

#[test]
fn a_z_file_must_be_exactly_its_array() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    let main = list(&[raw("a", raw_state(THREE, "<i8", b"\x89"))]);
    let mut damaged = zfile(&[0; 24]);
    *damaged.last_mut().unwrap() ^= 1;
    for (file, expected) in [
        (zfile(&[0; 23]), "truncated"),
        (zfile(&[0; 25]), "corrupt"),
        (damaged, "checksum mismatch"),
        (b"not a z-file at all, just text".to_vec(), "corrupt"),
    ] {
        fs::write(&path, file).unwrap();
        assert_eq!(kind(error(&main, folder.path())), expected);
    }
    // What follows is ignored, as in joblib.
    fs::write(&path, [zfile(&[0; 24]), b"tail".to_vec()].concat()).unwrap();
    read(&main, folder.path()).unwrap();
}

#[test]
fn descriptions_that_make_no_sense_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a"), zfile(&[0; 24])).unwrap();
    let no_version = raw_state(THREE, "<i8", b"\x89").split_off(3);
    for (state, expected) in [
        (raw_state(THREE, "<i8", b"N"), ErrorKind::Corrupt),
        (raw_state(b"K\x03", "|O", b"\x89"), ErrorKind::Unsupported),
        (
            raw_state(b"J\xff\xff\xff\xff\x85", "<i8", b"\x89"),
            ErrorKind::Corrupt,
        ),
        (raw_state(b"N", "<i8", b"\x89"), ErrorKind::Corrupt),
        ([&b"("[..], &no_version].concat(), ErrorKind::Corrupt),
        (b"N".to_vec(), ErrorKind::Corrupt),
        (b")".to_vec(), ErrorKind::Corrupt),
    ] {
        let error = error(&list(&[raw("a", state)]), folder.path());
        assert_eq!(error.kind(), expected, "{error}");
    }
    for class in ["NDArrayWrapper", "ZNDArrayWrapper"] {
        let bare = wrapper(class, &[("other", b"N".to_vec())]);
        assert_eq!(error(&list(&[bare]), folder.path()).kind(), ErrorKind::Corrupt);
    }
    let no_state = wrapper("ZNDArrayWrapper", &[("filename", text("a"))]);
    assert_eq!(
        error(&list(&[no_state]), folder.path()).kind(),
        ErrorKind::Corrupt
    );
    // Other classes are none of its business.
    let other = wrapper("Memory", &[("filename", text("a"))]);
    assert!(read(&list(&[other]), folder.path()).is_ok());
}
