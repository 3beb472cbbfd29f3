//! What several test programs need: corpora, tools and data.
#![allow(dead_code, reason = "every test program uses some of it")]

#[path = "../../../testing/outside.rs"]
mod outside;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use demijohn_codecs::{Compressor, Registry};

#[allow(unused_imports, reason = "no test program needs all of them")]
pub(crate) use outside::{corpus, python, skip, workspace};

/// What the corpus says of its files, a record for each.
pub(crate) fn manifest(corpus: &Path) -> Vec<serde_json::Value> {
    let manifest = std::fs::read(corpus.join("MANIFEST.json")).unwrap();
    serde_json::from_slice(&manifest).unwrap()
}

/// The built-in formats of this build but `none`.
pub(crate) fn compressed_formats() -> Vec<Compressor> {
    let formats = Registry::global().formats();
    formats
        .iter()
        .filter(|f| f.is_available() && !f.spec().is_transparent())
        .cloned()
        .collect()
}

/// A built-in format, unless this build leaves it out.
pub(crate) fn format(name: &str) -> Option<Compressor> {
    let format = Compressor::by_name(name).unwrap();
    if format.is_available() {
        return Some(format);
    }
    skip(&format!("this build leaves {name} out"));
    None
}

/// A program of that name, unless it is not installed.
pub(crate) fn tool(name: &str) -> Option<&str> {
    let found = Command::new(name)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if found.is_ok() {
        return Some(name);
    }
    skip(&format!("{name} is not installed"));
    None
}

/// Runs a command with that input; its output, or what it said of the failure.
pub(crate) fn pipe(command: &mut Command, input: &[u8]) -> Result<Vec<u8>, String> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| format!("{command:?}: {e}"))?;
    let mut stdin = child.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        // A program that fails early stops reading; its exit status tells.
        scope.spawn(move || drop(stdin.write_all(input)));
        child.wait_with_output().unwrap()
    });
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(format!(
            "{command:?}: {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        ))
    }
}

/// SplitMix64, for choices that repeat.
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n as u64).unwrap()
    }
}

/// Compressible bytes that do not repeat as a whole: lines with numbers, with noise now and then.
pub(crate) fn sample(len: usize) -> Vec<u8> {
    let mut rng = Rng(len as u64);
    let lines: Vec<_> = (0..1000)
        .map(|_| format!("{} bottles, {} litres\n", rng.below(1000), rng.below(60)))
        .collect();
    let mut bytes = Vec::with_capacity(len + 64);
    while bytes.len() < len {
        match rng.below(16) {
            0 => bytes.extend_from_slice(&rng.next().to_le_bytes()),
            _ => bytes.extend_from_slice(lines[rng.below(lines.len())].as_bytes()),
        }
    }
    bytes.truncate(len);
    bytes
}
