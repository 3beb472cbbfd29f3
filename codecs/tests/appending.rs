//! Adding to files, and making files that must not be there yet.
#![cfg(all(unix, feature = "gzip", feature = "zlib"))]

mod common;

use std::fs::{self, File};
use std::io::{ErrorKind as Io, Read, Write};
use std::os::unix::fs::symlink;
use std::path::Path;

use demijohn_codecs::atomic::{AtomicFile, Durability, Replace};
use demijohn_codecs::{Compression, Error, ErrorKind, FileWriter, Options};

use common::{compressed_formats, sample};

fn added(path: &Path, compression: impl Into<Compression>, plain: &[u8]) -> Result<FileWriter, Error> {
    let mut file = Options::new().append_as(path, compression)?;
    file.write_all(plain)?;
    Ok(file)
}

fn read(path: &Path) -> Vec<u8> {
    let mut plain = Vec::new();
    demijohn_codecs::open(path)
        .unwrap()
        .read_to_end(&mut plain)
        .unwrap();
    plain
}

fn count(dir: &Path) -> usize {
    fs::read_dir(dir).unwrap().count()
}

#[test]
fn streams_are_added_where_the_format_joins_them() {
    let dir = tempfile::tempdir().unwrap();
    let plain = sample(300_000);
    for format in compressed_formats() {
        let path = dir.path().join(format.name());
        if !format.spec().joins_streams() {
            let error = added(&path, &format, &plain).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
            assert!(!path.exists());
            continue;
        }
        for n in 1..4 {
            added(&path, &format, &plain).unwrap().finish().unwrap();
            assert!(read(&path) == plain.repeat(n), "{}", format.name());
        }
        // The content knows the format of a file whose name does not.
        added(&path, Compression::auto(), b"end")
            .unwrap()
            .finish()
            .unwrap();
        assert!(read(&path).ends_with(b"end"), "{}", format.name());
    }
}

#[test]
fn plain_bytes_are_added_to_anything() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    for line in ["one\n", "two\n"] {
        added(&path, Compression::auto(), line.as_bytes())
            .unwrap()
            .finish()
            .unwrap();
    }
    assert_eq!(fs::read(&path).unwrap(), b"one\ntwo\n");
    // As who has coded bytes at hand may do.
    let path = dir.path().join("log.gz");
    let coded = common::format("gzip").unwrap().compress(b"abc").unwrap();
    for _ in 0..2 {
        added(&path, "none", &coded).unwrap().finish().unwrap();
    }
    assert_eq!(read(&path), b"abcabc");
}

#[test]
fn what_is_in_another_format_is_not_added_to() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file.gz");
    for content in [
        &b"plain"[..],
        &common::format("zlib").unwrap().compress(b"abc").unwrap(),
    ] {
        fs::write(&path, content).unwrap();
        let error = added(&path, Compression::auto(), b"more").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Parameter, "{error}");
        assert!(error.to_string().contains("gzip"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), content);
    }
    // An empty file has no format.
    fs::write(&path, b"").unwrap();
    added(&path, Compression::auto(), b"more")
        .unwrap()
        .finish()
        .unwrap();
    assert_eq!(read(&path), b"more");
}

#[test]
fn what_is_not_finished_is_taken_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file.gz");
    let plain = sample(3_000_000);
    added(&path, "gzip", b"old").unwrap().finish().unwrap();
    let old = fs::read(&path).unwrap();

    let mut file = added(&path, "gzip", &plain).unwrap();
    file.flush().unwrap();
    assert!(
        fs::read(&path).unwrap().len() > old.len(),
        "the bytes go to the file as they come"
    );
    drop(file);
    assert_eq!(fs::read(&path).unwrap(), old);

    // Not what another one has added behind it.
    let mut file = added(&path, "gzip", b"abandoned").unwrap();
    file.flush().unwrap();
    File::options()
        .append(true)
        .open(&path)
        .unwrap()
        .write_all(b"another's")
        .unwrap();
    drop(file);
    assert!(fs::read(&path).unwrap().ends_with(b"another's"));
}

#[test]
fn a_file_that_is_added_to_for_the_first_time_appears_when_it_is_finished() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file.gz");
    drop(added(&path, "gzip", b"abandoned").unwrap());
    assert_eq!(count(dir.path()), 0);
    let file = added(&path, "gzip", b"mine").unwrap();
    // Another process was faster: what it has written must not be lost.
    fs::write(&path, b"theirs").unwrap();
    assert_eq!(file.finish().unwrap_err().io_kind(), Io::AlreadyExists);
    assert_eq!(fs::read(&path).unwrap(), b"theirs");
    assert_eq!(count(dir.path()), 1);
}

#[test]
fn a_link_is_followed_to_what_is_added_to() {
    let dir = tempfile::tempdir().unwrap();
    let (link, target) = (dir.path().join("link.gz"), dir.path().join("target"));
    symlink("target", &link).unwrap();
    for _ in 0..2 {
        added(&link, Compression::auto(), b"abc")
            .unwrap()
            .finish()
            .unwrap();
    }
    assert_eq!(read(&target), b"abcabc");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
}

#[test]
fn nothing_is_replaced_by_who_wants_a_new_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file.gz");
    let create = |path: &Path| Options::new().replace(Replace::Never).create(path);
    create(&path).unwrap().finish().unwrap();
    assert_eq!(create(&path).unwrap_err().io_kind(), Io::AlreadyExists);
    // A link that leads nowhere is there all the same.
    let link = dir.path().join("link.gz");
    symlink("nowhere", &link).unwrap();
    assert_eq!(create(&link).unwrap_err().io_kind(), Io::AlreadyExists);
    assert_eq!(create(dir.path()).unwrap_err().io_kind(), Io::AlreadyExists);

    let late = dir.path().join("late");
    for durability in [Durability::Rename, Durability::Sync] {
        let mut file = AtomicFile::create_with(&late, Replace::Never, durability).unwrap();
        file.write_all(b"mine").unwrap();
        fs::write(&late, b"theirs").unwrap();
        assert_eq!(file.commit().unwrap_err().io_kind(), Io::AlreadyExists);
        assert_eq!(fs::read(&late).unwrap(), b"theirs");
        fs::remove_file(&late).unwrap();
    }
    assert_eq!(count(dir.path()), 2, "temporary files are left");
}
