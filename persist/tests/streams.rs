//! Objects that come through pipes and sockets, one after the other, from somebody who waits for an answer.

#![cfg(all(unix, feature = "gzip"))]

#[path = "../../testing/outside.rs"]
mod outside;

use std::io::{BufRead as _, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use demijohn::{Array, Document, ErrorKind, codecs, load_from};

/// Every format whose streams end before their input does.
fn formats() -> impl Iterator<Item = &'static str> {
    let names = [
        "none", "zlib", "gzip", "bz2", "lzma", "xz", "zstd", "lz4", "blosc", "lzo",
    ];
    let registry = codecs::Registry::global();
    let available = move |name: &&str| registry.by_name(name).is_ok_and(|format| format.is_available());
    names.into_iter().filter(available)
}

fn value(n: u32) -> (String, Array) {
    let numbers = (0..5000).map(|i| f64::from(i ^ n)).collect();
    (format!("number {n}"), Array::from_vec(numbers, &[5000]).unwrap())
}

fn check(document: &Document, n: u32) {
    let found: (String, Array) = document.root().to().unwrap();
    assert!(found == value(n), "{n}: {:?}", document.root());
}

/// If the other side waits for us too, that is an error and not for ever.
fn impatient(socket: UnixStream) -> UnixStream {
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    socket
}

#[test]
fn an_object_is_there_before_anything_follows_it_in_a_socket() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let sender = thread::spawn(move || {
        let mut answers = BufReader::new(impatient(theirs.try_clone().unwrap()));
        let mut socket = theirs;
        for (n, format) in (0..).zip(formats()) {
            (socket, _) = demijohn::dump_to(&value(n), socket, format).unwrap();
            socket.flush().unwrap();
            // Nothing more is sent before the object was loaded.
            let mut answer = String::new();
            answers.read_line(&mut answer).unwrap();
            assert_eq!(answer, "thanks\n", "{format}");
        }
    });
    let mut answers = ours.try_clone().unwrap();
    let mut socket = BufReader::new(impatient(ours));
    for (n, format) in (0..).zip(formats()) {
        let document = load_from(&mut socket).unwrap_or_else(|e| panic!("{format}: {e}"));
        check(&document, n);
        writeln!(answers, "thanks").unwrap();
    }
    sender.join().unwrap();
    assert_eq!(
        load_from(&mut socket).unwrap_err().kind(),
        ErrorKind::Truncated,
        "nothing more"
    );
}

#[test]
fn objects_come_through_a_pipe_in_pieces_of_any_size() {
    for piece in [1, 1000, 1 << 20] {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let sender = thread::spawn(move || {
            for (n, format) in (0..).zip(formats()) {
                let (bytes, _) = demijohn::dump_to(&value(n), Vec::new(), format).unwrap();
                // Of large ones, only the beginning in pieces: it is there that formats are told apart.
                let (start, rest) = bytes.split_at(bytes.len().min(2000));
                for piece in start.chunks(piece).chain([rest]) {
                    writer.write_all(piece).unwrap();
                }
            }
            writer.write_all(b"the end").unwrap();
        });
        let mut pipe = BufReader::new(reader);
        for (n, format) in (0..).zip(formats()) {
            let document = load_from(&mut pipe).unwrap_or_else(|e| panic!("{format}: {e}"));
            check(&document, n);
        }
        let mut rest = String::new();
        pipe.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "the end");
        sender.join().unwrap();
    }
}

type Load = fn(&Path) -> demijohn::Result<()>;

#[test]
fn a_pipe_with_a_name_is_loaded_like_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe.pkl");
    if !Command::new("mkfifo")
        .arg(&path)
        .status()
        .is_ok_and(|status| status.success())
    {
        return outside::skip("mkfifo is not installed");
    }
    // Whoever looks where arrays are, and then goes back, needs a file.
    let ways: [(&str, Load); 3] = [
        ("load", |path| {
            demijohn::load(path).map(|document| check(&document, 1))
        }),
        ("load_as", |path| {
            let found: (String, Array) = demijohn::load_as(path)?;
            assert!(found == value(1));
            Ok(())
        }),
        ("load_array", |path| demijohn::load_array(path, "[1]").map(drop)),
    ];
    for format in ["none", "gzip"] {
        for (way, load) in ways {
            let (bytes, _) = demijohn::dump_to(&value(1), Vec::new(), format).unwrap();
            let to = path.clone();
            // Whoever does not read to the end breaks the pipe.
            let sender = thread::spawn(move || drop(std::fs::write(to, bytes)));
            match load(&path) {
                Ok(()) => assert_ne!(way, "load_array"),
                Err(error) => {
                    assert_eq!(
                        (way, error.kind()),
                        ("load_array", ErrorKind::Unsupported),
                        "{format}: {error}"
                    );
                }
            }
            sender.join().unwrap();
        }
    }
}

#[test]
fn objects_stand_one_behind_the_other_wherever_a_stream_begins() {
    let mut bytes = b"head".to_vec();
    for n in 0..5 {
        (bytes, _) = demijohn::dump_to(&value(n), bytes, "none").unwrap();
    }
    bytes.extend(b"tail");
    let mut rest = &bytes[4..];
    for n in 0..5 {
        check(&load_from(&mut rest).unwrap(), n);
    }
    assert_eq!(rest, b"tail");
}
