//! What differs when a stream is a terminal. `script` plays the terminal.

use crate::util::{Dir, has_tool, sample};

/// Runs a line of shell whose standard output and error are a terminal, and gives what that showed.
fn on_terminal(dir: &Dir, line: &str) -> (i32, String) {
    let line = format!(
        "demijohn() {{ {} \"$@\"; }}; {line}",
        env!("CARGO_BIN_EXE_demijohn")
    );
    let args = ["-qec", &line, "/dev/null"];
    let ended = dir
        .command("script", args)
        .env("SHELL", "/bin/sh")
        .env("TERM", "xterm")
        .run();
    (ended.code(), String::from_utf8_lossy(ended.stdout()).into_owned())
}

#[test]
fn compressed_data_does_not_go_to_a_terminal() {
    if !has_tool("script") {
        return;
    }
    let dir = Dir::new();
    dir.write("notes", b"some text");
    let (code, shown) = on_terminal(&dir, "demijohn compress -c notes");
    assert_eq!(code, 1, "{shown}");
    assert!(
        shown.contains("notes: compressed data would go to a terminal"),
        "{shown}"
    );
    let (code, shown) = on_terminal(&dir, "demijohn compress -cf notes");
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("some text"), "{shown}");
    let (code, shown) = on_terminal(&dir, "demijohn convert notes -");
    assert_eq!(code, 1, "{shown}");
    assert!(
        shown.contains("notes: binary data would go to a terminal"),
        "{shown}"
    );
}

#[test]
fn decoded_text_goes_to_a_terminal_and_binary_data_does_not() {
    if !has_tool("script") {
        return;
    }
    let dir = Dir::new();
    dir.write("text", b"some text");
    dir.write("binary", b"some \0 bytes");
    dir.demijohn(["compress", "text", "binary"]).run().ok();
    let (code, shown) = on_terminal(&dir, "demijohn cat text.zst");
    assert_eq!((code, shown.trim_end()), (0, "some text"));
    for verb in ["cat", "decompress -c"] {
        let (code, shown) = on_terminal(&dir, &format!("demijohn {verb} binary.zst"));
        assert_eq!(code, 1, "{shown}");
        assert!(
            shown.contains("binary.zst: the data is binary and would go to a terminal"),
            "{shown}"
        );
        assert!(!shown.contains("some \0"), "{shown}");
    }
    let (code, shown) = on_terminal(&dir, "demijohn cat -f binary.zst");
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("some \0 bytes"), "{shown}");
}

#[test]
fn nothing_to_read_but_a_terminal_is_a_mistake() {
    if !has_tool("script") {
        return;
    }
    let dir = Dir::new();
    for verb in ["compress", "decompress", "cat", "test"] {
        let (code, shown) = on_terminal(&dir, &format!("demijohn {verb} < /dev/tty"));
        assert_eq!(code, 2, "{shown}");
        assert!(shown.contains("standard input is a terminal"), "{shown}");
    }
}

#[test]
fn long_work_shows_a_bar_on_a_terminal_only() {
    if !has_tool("script") {
        return;
    }
    let dir = Dir::new();
    dir.write("notes", sample(3_000_000));
    let slowly = "(cat notes; sleep 1.3; cat notes notes) |";
    let (code, shown) = on_terminal(&dir, &format!("{slowly} demijohn compress -fo notes.zst"));
    assert_eq!(code, 0, "{shown}");
    assert!(
        shown.contains("standard input") && shown.contains(" so far"),
        "{shown}"
    );
    assert!(shown.contains("MB/s"), "{shown}");

    let (code, shown) = on_terminal(&dir, &format!("{slowly} demijohn compress -qfo notes.zst"));
    assert_eq!((code, shown.as_str()), (0, ""));
    let (code, shown) = on_terminal(&dir, "demijohn compress -fo notes.zst notes");
    assert_eq!((code, shown.as_str()), (0, ""), "short work shows none");
    dir.shell(&format!("{slowly} demijohn compress -fo notes.zst"))
        .run()
        .ok();
}

#[test]
fn measuring_shows_what_is_being_measured_on_a_terminal_only() {
    if !has_tool("script") {
        return;
    }
    let dir = Dir::new();
    dir.write("notes", sample(200_000));
    let line = "demijohn bench --formats=gzip --min-time 0.2 notes";
    let (code, shown) = on_terminal(&dir, line);
    assert_eq!(code, 0, "{shown}");
    assert!(
        shown.contains("notes: gzip 9 ") && shown.contains(" 2/3, "),
        "{shown}"
    );
    let (code, shown) = on_terminal(&dir, &format!("{line} -q"));
    assert_eq!(code, 0, "{shown}");
    assert!(
        shown.starts_with("notes: 200 kB") && !shown.contains("/3,"),
        "{shown}"
    );
    let ended = dir.shell(&format!("{line} > table")).run();
    assert!(ended.ok().is_empty());
}
