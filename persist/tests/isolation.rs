//! No file makes whoever reads it open another one, start a program, or talk to the network: compared with what reading
//! harmless files takes, call by call, under `strace`.

#![cfg(target_os = "linux")]
#![cfg(all(
    feature = "zlib",
    feature = "gzip",
    feature = "bz2",
    feature = "lzma",
    feature = "xz",
    feature = "zstd",
    feature = "lz4"
))]

#[path = "../../testing/hostile.rs"]
mod hostile;
#[path = "../../testing/opened.rs"]
mod opened;
#[path = "../../testing/outside.rs"]
mod outside;

use std::env;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;
use std::process::Command;

use demijohn::{Conversion, Limits, LoadOptions, MapMode};

use opened::Opened;

/// Names the folder whose files the child is to read.
const FOLDER: &str = "DEMIJOHN_ISOLATED";

/// Reads files in every way there is. What comes of it is other tests' business.
#[test]
#[allow(unsafe_code, reason = "mapping takes a promise")]
fn child() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let untrusted = LoadOptions::new().limits(Limits::untrusted());
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let open = || File::open(&path).unwrap();
        drop(demijohn::load(&path));
        drop(demijohn::load_with(&path, untrusted.clone()));
        drop(demijohn::load_from(BufReader::new(open())));
        drop(demijohn::load_array(&path, "."));
        // SAFETY: the files are this test's.
        drop(unsafe { demijohn::load_mapped(&path, MapMode::Read) });
        let paths = demijohn::inspect(&path)
            .map(|found| found.arrays)
            .unwrap_or_default();
        let paths = paths.iter().map(|entry| entry.path.as_str()).chain(["."]);
        for array in paths.take(3) {
            drop(demijohn::extract_beside(
                open(),
                &path,
                array,
                &Limits::untrusted(),
            ));
        }
        drop(Conversion::of(&path).dump("gzip").write_to(std::io::sink()));
    }
}

fn opened(folder: &Path) -> Option<Opened> {
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args(["--exact", "child", "--test-threads=1"])
        .env(FOLDER, folder);
    Opened::by(&command)
}

#[test]
fn no_file_leads_to_another() {
    let folder = tempfile::tempdir().unwrap();
    let [harmless, hostile] = ["harmless", "hostile"].map(|name| folder.path().join(name));
    for folder in [&harmless, &hostile] {
        fs::create_dir(folder).unwrap();
    }
    hostile::harmless(&harmless);
    assert!(hostile::write(&hostile).len() > 50);
    let Some(usual) = opened(&harmless) else { return };
    opened(&hostile).unwrap().assert_within(&usual, &hostile);
}
