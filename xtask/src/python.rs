//! The Pythons of the interop tests: environments under `target/`, with the versions that lists in this folder pin.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::Result;
use crate::process::Process;
use crate::workspace::Workspace;

/// An environment: its folder under `target/`, and the list of what is in it.
pub(crate) struct Environment {
    dir: &'static str,
    requirements: &'static str,
}

/// What is current: joblib, what it works with, and what works with it.
pub(crate) const CURRENT: Environment = Environment {
    dir: "venv",
    requirements: "xtask/requirements.txt",
};

/// The last joblib that knows no padding before arrays.
pub(crate) const JOBLIB_1_1: Environment = Environment {
    dir: "venv-joblib11",
    requirements: "xtask/requirements-joblib11.txt",
};

/// Makes or refreshes an environment and gives its interpreter.
///
/// Nothing happens when it already holds what its list asks for: a copy of the list inside, written last, says so.
/// One without it, made by hand or left half done, is completed.
pub(crate) fn venv(workspace: &Workspace, environment: &Environment) -> Result<PathBuf> {
    let dir = workspace.target().join(environment.dir);
    let interpreter = interpreter_of(&dir);
    let requirements = workspace.path(environment.requirements);
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

fn interpreter_of(venv: &Path) -> PathBuf {
    venv.join(if cfg!(windows) {
        "Scripts/python.exe"
    } else {
        "bin/python"
    })
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
    let pip = pip_install(python).arg("--requirement");
    pip.arg(requirements).run().map_err(|error| {
        format!(
            "{error}\npip could not install what {} asks for. It needs a package index (or PIP_FIND_LINKS and \
             PIP_NO_INDEX for a folder of wheels) and Python 3.11 or later.",
            requirements.display()
        )
    })
}

fn pip_install(python: Process) -> Process {
    python.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
}

/// Builds the Python package and installs it into the venv.
///
/// Optimised, because many of the tests are about megabytes; `quick` leaves that out.
pub(crate) fn develop(workspace: &Workspace, interpreter: &Path, quick: bool) -> Result {
    let profile = if quick { "dev" } else { "release" };
    let wheel = build(workspace, interpreter, profile)?;
    let options = ["--no-deps", "--force-reinstall"];
    pip_install(workspace.program(interpreter))
        .args(options)
        .arg(&wheel)
        .run()
}

/// Builds a wheel, and shows in a venv of its own that it installs and loads.
pub(crate) fn wheel(workspace: &Workspace) -> Result<PathBuf> {
    let wheel = build(workspace, &venv(workspace, &CURRENT)?, "release")?;
    let clean = workspace.target().join("venv-wheel");
    create(workspace, &clean)?;
    let interpreter = interpreter_of(&clean);
    pip_install(workspace.program(&interpreter)).arg(&wheel).run()?;
    workspace.program(&interpreter).args(["-c", SMOKE]).run()?;
    workspace
        .program(&interpreter)
        .args(["-m", "demijohn", "--version"])
        .run()?;
    Ok(wheel)
}

/// What is tried of a wheel: that all of it is there and works without what only the tests need.
const SMOKE: &str = "\
import io, importlib, pkgutil
import demijohn, numpy
value = {'array': numpy.arange(1000.0), 'names': ['a', 'b']}
for codec in demijohn.codecs():
    with demijohn.open(file := io.BytesIO(), 'wb', compression=codec.name) as stream:
        demijohn.dump(value, stream)
    file.seek(0)
    with demijohn.open(file, compression=codec.name) as stream:
        assert (demijohn.safe_load(stream)['array'] == value['array']).all(), codec.name
optional = {'demijohn.__main__', 'demijohn._numcodecs', 'demijohn._safe_frames', 'demijohn._safe_sparse'}
for module in pkgutil.walk_packages(demijohn.__path__, 'demijohn.'):
    if module.name not in optional:
        importlib.import_module(module.name)
";

/// Builds a wheel into `target/wheels`.
fn build(workspace: &Workspace, interpreter: &Path, profile: &str) -> Result<PathBuf> {
    let dir = workspace.target().join("wheels");
    // What an earlier run left would be taken for what this one makes.
    match fs::remove_dir_all(&dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(format!("{}: {error}", dir.display()));
        }
        _ => {}
    }
    let maturin = [
        "-m",
        "maturin",
        "build",
        "--quiet",
        "--locked",
        "--profile",
        profile,
    ];
    workspace
        .program(interpreter)
        .args(maturin)
        .arg("--manifest-path")
        .arg(workspace.path("python/Cargo.toml"))
        .arg("--out")
        .arg(&dir)
        .run()?;
    let mut wheels = fs::read_dir(&dir)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    wheels
        .next()
        .ok_or_else(|| format!("{}: no wheel", dir.display()))
}

/// Runs pytest over the folders that hold Python tests; gives false where there are none.
pub(crate) fn tests(workspace: &Workspace, interpreter: &Path) -> Result<bool> {
    let folders: Vec<PathBuf> = ["fixtures", "benches/peers", "python/tests"]
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
