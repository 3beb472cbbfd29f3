//! `cargo xtask compare` goes through all its rows: on next to no data, and nobody looks at the times.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

#[path = "../../testing/outside.rs"]
mod outside;

fn compare(python: &Path, args: &[&str]) -> Output {
    Command::new(python)
        .args(["-m", "peers", "--scale", "smoke", "--contender"])
        .arg(env!("CARGO_BIN_EXE_contender"))
        .arg("--program")
        .arg(program())
        .arg("--draw")
        .arg(env!("CARGO_BIN_EXE_chart"))
        .arg("--charts")
        .arg(charts())
        .args(["--work", env!("CARGO_TARGET_TMPDIR")])
        .args(args)
        .env("PYTHONPATH", env!("CARGO_MANIFEST_DIR"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap()
}

/// The program `demijohn`, where it has been built beside the contender.
fn program() -> PathBuf {
    let name = format!("demijohn{}", std::env::consts::EXE_SUFFIX);
    Path::new(env!("CARGO_BIN_EXE_contender")).with_file_name(name)
}

/// Where the pictures of the run go.
fn charts() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("charts")
}

#[test]
fn every_row_can_be_measured_or_says_why_not() {
    let Some(python) = outside::python("joblib,numpy,lz4,blosc,zstandard") else {
        return;
    };
    let listed = compare(&python, &["no such row"]);
    assert_eq!(listed.status.code(), Some(2));
    let listed = String::from_utf8(listed.stderr).unwrap();
    let names: Vec<&str> = listed
        .lines()
        .filter_map(|line| line.strip_prefix("  "))
        .collect();
    assert!(names.len() > 50, "{listed}");

    let run = compare(&python, &[]);
    let (report, notes) = (
        String::from_utf8(run.stdout).unwrap(),
        String::from_utf8(run.stderr).unwrap(),
    );
    assert!(run.status.success(), "{notes}");
    let mut measured = 0;
    let mut skipped = BTreeSet::new();
    for name in names {
        let said = |start: String| notes.lines().find(|line| line.starts_with(&start));
        if let Some(why) = said(format!("skip: {name}: ")) {
            // Of demijohn's own rows in Rust none may be missing.
            assert!(
                !name.starts_with("rust-") && !name.starts_with("memory-"),
                "{why}"
            );
            skipped.insert(why.rsplit_once(": ").map_or(why, |(_, reason)| reason));
        } else {
            let Some(line) = said(format!("{name}: ")) else {
                panic!("not a word of {name}:\n{notes}")
            };
            measured += match line.strip_suffix(" contenders") {
                Some(survey) => survey.rsplit(' ').next().unwrap().parse().unwrap(),
                None => 1,
            };
        }
    }
    for picture in ["formats.svg", "figure.svg"] {
        let svg = fs::read_to_string(charts().join(picture)).unwrap();
        assert!(svg.ends_with("</svg>\n") && !svg.contains("NaN"), "{svg}");
    }
    for reason in skipped {
        outside::skip(&format!("rows of `compare`: {reason}"));
    }
    let headings = ["| work |", "| format |", "| contender |", "| array |", "| --- |"];
    let lines = report
        .lines()
        .filter(|line| line.starts_with("| ") && !headings.iter().any(|heading| line.starts_with(heading)));
    assert_eq!(lines.count(), measured, "{report}");
}
