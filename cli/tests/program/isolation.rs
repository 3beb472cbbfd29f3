//! No file makes the program open another one, start a program, or talk to the network: compared with what it does for
//! harmless files, call by call, under `strace`.

#![cfg(target_os = "linux")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::util::hostile;
use crate::util::opened::Opened;

fn opened(args: &[&str], files: &[PathBuf]) -> Option<Opened> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_demijohn"));
    command.args(args).args(files);
    Opened::by(&command)
}

/// Verbs that take any number of files, and those that take one, with what follows it.
const MANY: [&[&str]; 3] = [&["inspect"], &["inspect", "--json"], &["scan"]];
const ONE: [(&str, &[&str]); 2] = [
    ("extract", &[".", "-f", "-o", "-"]),
    ("convert", &["-f", "--to", "pickle", "-"]),
];

fn one(verb: &str, rest: &[&str], file: &Path) -> Option<Opened> {
    let mut args = vec![verb, file.to_str().unwrap()];
    args.extend(rest);
    opened(&args, &[])
}

#[test]
fn no_file_leads_the_program_to_another() {
    let folder = tempfile::tempdir().unwrap();
    let [quiet, evil] = ["harmless", "hostile"].map(|name| folder.path().join(name));
    for folder in [&quiet, &evil] {
        fs::create_dir(folder).unwrap();
    }
    let (harmless, hostile) = (hostile::harmless(&quiet), hostile::write(&evil));
    for verb in MANY {
        let Some(usual) = opened(verb, &harmless) else {
            return;
        };
        opened(verb, &hostile).unwrap().assert_within(&usual, &evil);
    }
    for (verb, rest) in ONE {
        let usual = harmless.iter().map(|file| one(verb, rest, file).unwrap());
        let usual = usual.reduce(Opened::and).unwrap();
        // Those of the corpus have been looked into above, and each takes a process here.
        let made = hostile
            .iter()
            .filter(|file| file.to_str().unwrap().contains("hostile_"));
        let opened = made
            .map(|file| one(verb, rest, file).unwrap())
            .reduce(Opened::and);
        opened.unwrap().assert_within(&usual, &evil);
    }
}
