//! Output that nobody reads any more, and input that comes when it comes.

use std::io::Write as _;

use crate::util::{Dir, Ended, noise, read_exact, sample};

#[test]
fn a_reader_that_has_had_enough_ends_the_program_without_a_word() {
    let dir = Dir::new();
    dir.write("notes", noise(3_000_000));
    dir.demijohn(["compress", "notes"]).run().ok();
    for args in [
        &["cat", "notes.zst"][..],
        &["decompress", "-c", "notes.zst"],
        &["compress", "-c", "notes"],
    ] {
        let mut child = dir.demijohn(args).start();
        let mut stdout = child.stdout.take().unwrap();
        read_exact(&mut stdout, 1);
        drop(stdout);
        let ended = Ended::of(child).status(141);
        assert_eq!(ended.stderr(), "", "{args:?}");
    }
    let head = dir.shell("demijohn cat notes.zst | head -c 1").run().ok();
    assert_eq!(head, &noise(8)[..1]);
}

#[test]
fn data_is_passed_on_as_it_comes() {
    let dir = Dir::new();
    let packed = |text: &str| {
        let args = ["compress", "--format", "gzip"];
        dir.demijohn(args).stdin(text.as_bytes()).run().ok()
    };
    let (first, second) = (packed("first\n"), packed("second\n"));
    let mut child = dir.demijohn(["cat"]).start();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&first).unwrap();
    // The pipe stays open, so this hangs unless the first member is delivered before the second comes.
    let stdout = child.stdout.as_mut().unwrap();
    assert_eq!(read_exact(stdout, 6), b"first\n");
    stdin.write_all(&second).unwrap();
    assert_eq!(read_exact(stdout, 7), b"second\n");
    drop(stdin);
    assert!(Ended::of(child).ok().is_empty());
}

#[test]
fn a_source_that_drips_is_recognised() {
    let dir = Dir::new();
    for format in ["gzip", "zlib", "lzma", "xz", "zstd", "bz2"] {
        let args = ["compress", "--format", format];
        let packed = dir.demijohn(args).stdin(sample(300)).run().ok();
        let mut child = dir.demijohn(["cat"]).start();
        let mut stdin = child.stdin.take().unwrap();
        for byte in packed.chunks(1) {
            stdin.write_all(byte).unwrap();
            stdin.flush().unwrap();
        }
        drop(stdin);
        assert_eq!(Ended::of(child).ok(), sample(300), "{format}");
    }
}
