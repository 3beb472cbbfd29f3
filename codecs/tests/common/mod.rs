//! What several test programs need: corpora, tools, data, and a voice to say what was skipped.
#![allow(dead_code, reason = "every test program uses some of it")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use demijohn_codecs::{Compressor, Registry};

/// Says that something could not be tested here: on standard output, and in the file that
/// `DEMIJOHN_SKIP_LOG` names.
#[allow(clippy::print_stdout, reason = "who runs the tests is to see it")]
pub(crate) fn skip(reason: &str) {
    println!("skip: {reason}");
    if let Some(log) = std::env::var_os("DEMIJOHN_SKIP_LOG") {
        let file = std::fs::File::options().create(true).append(true).open(&log);
        let mut file = file.unwrap_or_else(|e| panic!("{}: {e}", log.display()));
        writeln!(file, "skip: {reason}").unwrap();
    }
}

/// The root of the workspace.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

/// The corpus: `$DEMIJOHN_CORPUS`, else `../shared/corpus` from the root of the workspace. `None`, with a word
/// about it, if it is not there.
pub(crate) fn corpus() -> Option<PathBuf> {
    let given = std::env::var_os("DEMIJOHN_CORPUS").map(PathBuf::from);
    let corpus = given.unwrap_or_else(|| workspace().join("../shared/corpus"));
    if corpus.join("MANIFEST.json").exists() {
        return Some(corpus);
    }
    skip(&format!(
        "no corpus in {} (DEMIJOHN_CORPUS names another place)",
        corpus.display()
    ));
    None
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

/// The Python interpreter: `$DEMIJOHN_PYTHON`, else the workspace's virtual environment, else `python3`.
pub(crate) fn python() -> Option<PathBuf> {
    let given = std::env::var_os("DEMIJOHN_PYTHON").map(PathBuf::from);
    let local = workspace().join("target/venv/bin/python");
    let python = given.unwrap_or_else(|| if local.exists() { local } else { "python3".into() });
    let works = Command::new(&python)
        .arg("-c")
        .arg("")
        .status()
        .is_ok_and(|status| status.success());
    if works {
        return Some(python);
    }
    skip(&format!(
        "{} is no Python interpreter (DEMIJOHN_PYTHON names another)",
        python.display()
    ));
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
