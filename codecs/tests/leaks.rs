//! Streams by the thousand: what was opened is closed, what was allocated is given back. One test, as memory and
//! descriptors are the process's.

#![cfg(target_os = "linux")]
#![allow(clippy::print_stdout, reason = "what was counted is worth seeing")]

mod common;
#[path = "../../testing/effort.rs"]
mod effort;

use std::fs;
use std::io::{Read, Write};

use demijohn_codecs::{Compressor, Options, Registry};

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Bytes of resident memory.
fn resident() -> usize {
    let statm = fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

fn fastest(format: &Compressor) -> Options {
    match format.spec().level_range() {
        Some(range) => Options::new().level((*range.start()).max(1)),
        None => Options::new(),
    }
}

#[test]
fn nothing_is_left_of_streams_that_are_gone() {
    let folder = tempfile::tempdir().unwrap();
    let plain: Vec<u8> = (0..30_000_u32).flat_map(|n| (n / 9).to_le_bytes()).collect();
    let formats = Registry::builtin().formats();
    let formats: Vec<_> = formats.iter().filter(|format| format.is_available()).collect();
    let open = |format: &Compressor, round: usize| {
        let path = folder.path().join(format.name());
        let options = fastest(format).threads(1 + round % 2);
        if round == 0 {
            let mut writer = options.create_as(&path, format).unwrap();
            writer.write_all(&plain).unwrap();
            writer.finish().unwrap();
            return;
        }
        // Given up in the middle, both ways.
        let mut reader = Options::new().threads(1 + round % 2).open(&path).unwrap();
        let mut out = vec![0; round % 1000];
        reader.read_exact(&mut out).unwrap();
        assert!(out == plain[..out.len()], "{}", format.name());
        let mut writer = options.create_as(&path, format).unwrap();
        writer.write_all(&plain[..round % 1000 * 40]).unwrap();
    };
    for format in &formats {
        for round in 0..20 {
            open(format, round);
        }
    }

    // 200 at once.
    let mut readers = Vec::new();
    for n in 0..200 {
        let format = formats[n % formats.len()];
        let path = folder.path().join(format.name());
        readers.push(Options::new().threads(1).open(path).unwrap());
    }
    let mut out = [0; 999];
    for at in (0..plain.len() - 999).step_by(999) {
        for reader in &mut readers {
            reader.read_exact(&mut out).unwrap();
            assert!(out == plain[at..at + 999], "{} at {at}", reader.format());
        }
    }
    drop(readers);

    let (before, open_before) = (resident(), descriptors());
    let mut opens = 0;
    for round in effort::rounds(40, 10_000 / 2 / formats.len() + 1) {
        for format in &formats {
            open(format, round + 1);
            opens += 2;
        }
    }
    let grown = resident().saturating_sub(before);
    println!(
        "{opens} streams opened and dropped: {} KiB more than before",
        grown >> 10
    );
    assert_eq!(descriptors(), open_before);
    assert!(grown < 8 << 20, "{opens} streams leave {grown} bytes");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), formats.len());
}
