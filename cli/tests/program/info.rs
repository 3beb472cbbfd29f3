//! `codecs`, `completions`, and help.

use serde_json::Value;

use crate::util::{Dir, codecs, has_tool};

#[test]
fn codecs_lists_every_format_with_what_it_can_do() {
    let dir = Dir::new();
    let table = dir.demijohn(["codecs"]).run().ok();
    let table = String::from_utf8(table).unwrap();
    let heading = table.lines().next().unwrap();
    for column in [
        "name",
        "extensions",
        "levels",
        "checksum",
        "joins",
        "flush",
        "threads",
        "begins with",
    ] {
        assert!(heading.contains(column), "{heading}");
    }
    for codec in codecs() {
        let line = table.lines().find(|line| line.starts_with(codec.name())).unwrap();
        assert!(line.contains(codec.extension()), "{line}");
        if let Some([min, max, default]) = codec.levels() {
            assert!(line.contains(&format!("{min}..{max} [{default}]")), "{line}");
        }
    }
    let gzip = table.lines().find(|line| line.starts_with("gzip")).unwrap();
    assert!(gzip.contains("CRC-32") && gzip.contains("1f 8b 08"), "{gzip}");
}

#[test]
fn codecs_are_json_on_request() {
    let dir = Dir::new();
    let all: Value = serde_json::from_slice(&dir.demijohn(["codecs", "--json"]).run().ok()).unwrap();
    let zstd = all
        .as_array()
        .unwrap()
        .iter()
        .find(|c| c["name"] == "zstd")
        .unwrap();
    assert_eq!(zstd["extensions"][0], ".zst");
    assert_eq!(zstd["magic"][0], "28 b5 2f fd");
    assert_eq!(zstd["levels"]["default"], 3);
    assert_eq!(zstd["joins_streams"], true);
    assert_eq!(zstd["checksum"], "XXH64");
    assert_eq!(zstd["writes_seekable"], true);
    assert_eq!(zstd["available"], true);
    let none = all
        .as_array()
        .unwrap()
        .iter()
        .find(|c| c["name"] == "none")
        .unwrap();
    assert_eq!(
        (&none["levels"], &none["detects_truncation"]),
        (&Value::Null, &false.into())
    );
}

#[test]
fn completions_know_verbs_options_and_formats() {
    let dir = Dir::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = dir.demijohn(["completions", shell]).run().ok();
        let script = String::from_utf8(script).unwrap();
        for word in ["decompress", "max-output", "seekable"] {
            assert!(script.contains(word), "{shell} does not complete {word}");
        }
        if ["bash", "zsh", "fish"].contains(&shell) {
            assert!(script.contains("bz2"), "{shell} does not complete formats");
        }
        if shell == "bash" && has_tool("bash") {
            dir.command("bash", ["-n"]).stdin(script).run().ok();
        }
    }
}

#[test]
fn help_is_at_hand_for_every_verb() {
    let dir = Dir::new();
    let overview = dir.demijohn(["--help"]).run().ok();
    let overview = String::from_utf8(overview).unwrap();
    let verbs: Vec<_> = overview
        .lines()
        .skip_while(|line| *line != "Verbs:")
        .skip(1)
        .map_while(|line| line.split_whitespace().next())
        .filter(|verb| *verb != "help")
        .collect();
    assert!(verbs.len() >= 6, "{verbs:?}");
    for verb in verbs {
        let help = dir.demijohn([verb, "--help"]).run().ok();
        let help = String::from_utf8(help).unwrap();
        assert!(help.contains(&format!("Usage: demijohn {verb}")), "{help}");
    }
    assert!(overview.contains("Exit status: 0 all well"));
}
