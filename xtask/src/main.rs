//! The developer's commands, run as `cargo xtask COMMAND`.
//!
//! A plain program on std: it starts `cargo`, `python` and `pip`, and says what came of it. Everything it
//! makes goes under `target/`, everything it needs that is missing is named together with the way to get it.

#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    reason = "a program whose job is to report on standard output"
)]

mod bench;
mod compare;
mod features;
mod fuzz;
mod libtest;
mod metadata;
mod process;
mod python;
mod sanitize;
mod test;
mod torture;
mod unsafety;
mod workspace;

use std::process::ExitCode;

use workspace::Workspace;

/// What a command ends with: a message for the user where it failed.
type Result<T = ()> = std::result::Result<T, String>;

const HELP: &str = "\
The developer's commands of demijohn.

usage: cargo xtask COMMAND

  test                           everything: Rust tests, feature combinations, Python tests
  features [PACKAGE…]            clippy for no feature, each feature alone and all features
                                 (default: every package of the workspace that has features)
  bench [FILTER] [--quick]       the criterion matrix: codec x entropy x operation
  matrix [--readme]              its summary, measured quickly, as a table; with --readme it goes
                                 into the README
  overhead [FORMAT…] [--mib N]   streaming through a file object against the bare backend
  compare [ROW…] [--quick]       against joblib, pickle and numpy: all rows at full size become
                                 COMPARE.md; those with ROW in their names, or smaller ones with
                                 --quick, are only printed
  torture [PART] [--seconds N]   the tests that take long, at full length, or each for so many seconds where
                                 it has no end of its own: kills, race, chunkings, pickles, large, leaks,
                                 bombs
  unsafe                         every unsafe block of what is published, with its reason
  fuzz [TARGET] [--seconds N]    one fuzz target, or all in turn (default: 60 seconds each)
  sanitize memcheck|miri         chosen tests under valgrind, or under Miri of nightly Rust
  sanitize python [TEST…]        the Python tests, or some files of them, on an extension with the address sanitizer
  venv                           only make or refresh the Pythons of the tests: target/venv, and
                                 target/venv-joblib11 for what old versions read
  develop [--quick]              build the Python package into target/venv; --quick without optimising
  wheel                          build its wheel into target/wheels and try it in a new venv
  help                           this text

environment:

  DEMIJOHN_CORPUS   conformance files and fuzzing seeds (default: ../shared/corpus from the
                    workspace root; tests that need them say so when they are missing)
  DEMIJOHN_PYTHON   the interpreter of the interop tests; `test` sets it to the one in target/venv,
                    and DEMIJOHN_PYTHON_JOBLIB11 to the one in target/venv-joblib11
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[String]) -> Result {
    let Some((command, rest)) = args.split_first() else {
        print!("{HELP}");
        return Err("which command?".into());
    };
    match command.as_str() {
        "test" => no_arguments(command, rest).and_then(|()| test::run(&Workspace::find()?)),
        "features" => features::run(&Workspace::find()?, rest),
        "bench" => bench::criterion(&Workspace::find()?, rest),
        "matrix" => bench::matrix(&Workspace::find()?, rest),
        "overhead" => bench::overhead(&Workspace::find()?, rest),
        "compare" => compare::run(&Workspace::find()?, rest),
        "unsafe" => no_arguments(command, rest).and_then(|()| unsafety::run(&Workspace::find()?)),
        "torture" => torture::run(&Workspace::find()?, rest),
        "sanitize" => sanitize::run(&Workspace::find()?, rest),
        "fuzz" => fuzz::run(&Workspace::find()?, rest),
        "venv" => no_arguments(command, rest).and_then(|()| {
            let workspace = Workspace::find()?;
            for environment in [&python::CURRENT, &python::JOBLIB_1_1] {
                println!("{}", python::venv(&workspace, environment)?.display());
            }
            Ok(())
        }),
        "develop" => {
            let quick = match rest {
                [] => false,
                [option] if option == "--quick" => true,
                _ => return Err("usage: cargo xtask develop [--quick]".into()),
            };
            let workspace = Workspace::find()?;
            let interpreter = python::venv(&workspace, &python::CURRENT)?;
            python::develop(&workspace, &interpreter, quick)
        }
        "wheel" => no_arguments(command, rest).and_then(|()| {
            println!("{}", python::wheel(&Workspace::find()?)?.display());
            Ok(())
        }),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        other => Err(format!("no command {other:?}; `cargo xtask help` lists them")),
    }
}

fn no_arguments(command: &str, rest: &[String]) -> Result {
    match rest.first() {
        None => Ok(()),
        Some(argument) => Err(format!("`{command}` takes no arguments, but got {argument:?}")),
    }
}
