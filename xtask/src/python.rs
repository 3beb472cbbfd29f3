//! The Python of the interop tests: a venv under `target/`, with the versions that `requirements.txt` pins.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::process::Process;
use crate::workspace::Workspace;

/// Makes or refreshes the venv and gives its interpreter.
///
/// Nothing happens when the venv already holds what `requirements.txt` asks for: a copy of that file inside the
/// venv, written last, says so. A venv without it, made by hand or left half done, is completed.
pub(crate) fn venv(workspace: &Workspace) -> Result<PathBuf> {
    let dir = workspace.target().join("venv");
    let interpreter = dir.join(if cfg!(windows) {
        "Scripts/python.exe"
    } else {
        "bin/python"
    });
    let requirements = workspace.path("xtask/requirements.txt");
    let wanted = fs::read(&requirements).map_err(|error| format!("{}: {error}", requirements.display()))?;
    let stamp = dir.join("installed-requirements.txt");

    if !runs(workspace, &interpreter) {
        create(workspace, &dir)?;
    } else if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(interpreter);
    }
    install(workspace.program(&interpreter), &requirements)?;
    fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))?;
    Ok(interpreter)
}

/// Whether there is an interpreter with pip; a venv whose base Python was removed has neither.
fn runs(workspace: &Workspace, interpreter: &Path) -> bool {
    interpreter.exists()
        && workspace
            .program(interpreter)
            .args(["-m", "pip", "--version"])
            .capture()
            .is_ok()
}

fn create(workspace: &Workspace, dir: &Path) -> Result {
    workspace.program("python3").args(["-m", "venv", "--clear"]).arg(dir).run().map_err(|error| {
        format!(
            "{error}\nThe tests need Python 3.11 or later with its venv module, on Debian: apt-get install \
             python3-venv"
        )
    })
}

fn install(python: Process, requirements: &Path) -> Result {
    let pip = python.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--requirement",
    ]);
    pip.arg(requirements).run().map_err(|error| {
        format!(
            "{error}\npip could not install what xtask/requirements.txt asks for. It needs a package index \
             (or PIP_FIND_LINKS and PIP_NO_INDEX for a folder of wheels) and Python 3.11 or later."
        )
    })
}

/// Runs pytest over the folders that hold Python tests; gives false where there are none.
pub(crate) fn tests(workspace: &Workspace, interpreter: &Path) -> Result<bool> {
    let folders: Vec<PathBuf> = ["fixtures", "python/tests"]
        .iter()
        .map(|dir| workspace.path(dir))
        .collect();
    let with_tests: Vec<&PathBuf> = folders.iter().filter(|dir| holds_tests(dir)).collect();
    if with_tests.is_empty() {
        return Ok(false);
    }
    let pytest = workspace
        .program(interpreter)
        .args(["-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider"]);
    pytest
        .args(with_tests)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .run()?;
    Ok(true)
}

fn holds_tests(dir: &Path) -> bool {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .any(|name| is_test(&name))
}

fn is_test(name: &str) -> bool {
    name.starts_with("test_") && name.ends_with(".py")
}
