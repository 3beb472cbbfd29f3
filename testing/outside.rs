//! What tests need from outside of the workspace, and how they say that it is not there. Included by `#[path]`.

#![allow(dead_code, reason = "no test needs everything")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Says that something could not be tested here: on standard output, and in the file that `DEMIJOHN_SKIP_LOG` names.
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

/// A Python that can import these modules, named with commas: `$DEMIJOHN_PYTHON`, else that of `cargo xtask venv`, else
/// `python3`. `None`, with a word about it, if there is none.
pub(crate) fn python(modules: &str) -> Option<PathBuf> {
    let found = interpreter("DEMIJOHN_PYTHON", "target/venv/bin/python");
    importing(found.unwrap_or_else(|| "python3".into()), modules)
}

/// A Python with joblib 1.1, as for [`python`]: `$DEMIJOHN_PYTHON_JOBLIB11`, else that of `cargo xtask venv`.
pub(crate) fn python_joblib11() -> Option<PathBuf> {
    let Some(python) = interpreter("DEMIJOHN_PYTHON_JOBLIB11", "target/venv-joblib11/bin/python") else {
        skip("no Python with joblib 1.1 (`cargo xtask venv` makes one)");
        return None;
    };
    importing(python, "joblib, numpy")
}

fn interpreter(variable: &str, made: &str) -> Option<PathBuf> {
    let given = std::env::var_os(variable).map(PathBuf::from);
    given.or_else(|| Some(workspace().join(made)).filter(|python| python.exists()))
}

fn importing(python: PathBuf, modules: &str) -> Option<PathBuf> {
    if imports(&python, modules) {
        return Some(python);
    }
    skip(&format!("{} is no Python with {modules}", python.display()));
    None
}

/// Whether a Python can import these modules.
pub(crate) fn imports(python: &Path, modules: &str) -> bool {
    let import = format!("import {modules}");
    let output = Command::new(python).args(["-c", &import]).output();
    output.is_ok_and(|output| output.status.success())
}

/// Runs a command to its end, which must be a good one; what it printed.
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{command:?}:\n{out}{err}");
    out.into_owned()
}
