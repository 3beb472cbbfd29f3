//! Mistakes on the command line: exit status 2, and nothing is touched.

use crate::util::{Dir, sample};

fn notes() -> Dir {
    let dir = Dir::new();
    dir.write("notes", sample(1000));
    dir
}

#[test]
fn unknown_formats_are_answered_with_the_known_ones() {
    let dir = notes();
    let ended = dir.demijohn(["compress", "--format", "gzap", "notes"]).run();
    let said = ended.misused();
    assert!(
        said.contains("gzap") && said.contains("gzip, bz2, lzma, xz, zstd"),
        "{said}"
    );
    assert_eq!(dir.names(), ["notes"]);
}

#[test]
fn levels_outside_the_formats_range_are_answered_with_it() {
    let dir = notes();
    for (args, expected) in [
        (
            &["-19", "--format", "gzip"][..],
            "demijohn: gzip: level 19 is outside 0..=9\n",
        ),
        (
            &["-19", "-o", "notes.bz2"],
            "demijohn: bz2: level 19 is outside 1..=9\n",
        ),
        (
            &["--level=23"],
            "demijohn: zstd: level 23 is outside -131072..=22\n",
        ),
    ] {
        let ended = dir.demijohn([&["compress", "notes"], args].concat()).run();
        assert_eq!(ended.misused(), expected);
    }
    assert_eq!(dir.names(), ["notes"]);
}

#[test]
fn options_that_contradict_one_another_are_refused() {
    let dir = notes();
    for args in [
        &["compress", "-o", "x", "notes", "notes"][..],
        &["compress", "-c", "-o", "x", "notes"],
        &["compress", "-c", "--rm", "notes"],
        &["compress", "--rm", "-o-", "notes"],
        &["compress", "-c", "--format", "zlib", "notes", "notes"],
        &["decompress", "-o", "x", "notes", "notes"],
    ] {
        let ended = dir.demijohn(args).run();
        assert!(!ended.misused().is_empty());
        assert!(ended.stdout().is_empty());
    }
    assert_eq!(dir.names(), ["notes"]);
}

#[test]
fn what_does_not_parse_is_misuse() {
    let dir = notes();
    for args in [
        &[][..],
        &["frobnicate"],
        &["compress", "--frobnicate"],
        &["compress", "-20", "notes"],
        &["compress", "-l", "notes"],
        &["cat", "-9", "notes"],
        &["cat", "--memlimit", "lots"],
        &["cat", "--max-output", "12X"],
        &["compress", "-T", "many", "notes"],
        &["completions", "tcsh"],
    ] {
        let ended = dir.demijohn(args).run();
        assert!(!ended.misused().is_empty(), "{args:?}");
    }
}

#[test]
fn names_that_begin_with_a_dash_can_be_given() {
    let dir = Dir::new();
    dir.write("-9", b"x");
    dir.demijohn(["compress", "--", "-9"]).run().ok();
    assert_eq!(dir.names(), ["-9", "-9.zst"]);
}

#[test]
fn names_cannot_break_the_error_line() {
    let dir = Dir::new();
    let ended = dir.demijohn(["cat", "two\nlines\x1b[31m"]).run();
    assert_eq!(
        ended.fails(),
        "demijohn: two\\nlines\\u{1b}[31m: no such file or directory"
    );
}
