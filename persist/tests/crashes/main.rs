//! Processes that are killed, that have no room, or that are in each other's way while they dump over a good file: the
//! path holds the old object or the new one, whole, at all times.
//!
//! The processes are this program again. Their system calls are counted, so they must have one thread, which a program with
//! Rust's own harness has not: the tests are run by [`main`].

#![cfg(target_os = "linux")]
#![allow(clippy::print_stdout, reason = "the harness of these tests is here")]

#[path = "../../../testing/effort.rs"]
mod effort;
#[path = "../../../testing/outside.rs"]
mod outside;

mod kills;
mod races;
mod room;
mod trace;

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use demijohn::{Array, DumpOptions, Durability, ErrorKind};
use tempfile::TempDir;

/// The formats that files are dumped in.
const FORMATS: [&str; 4] = ["none", "zlib", "xz", "zstd"];

/// What the child of a test is to do, and with what.
const ACT: &str = "DEMIJOHN_TEST_ACT";
const FILE: &str = "DEMIJOHN_TEST_FILE";
const FORMAT: &str = "DEMIJOHN_TEST_FORMAT";
const NUMBER: &str = "DEMIJOHN_TEST_NUMBER";

/// How a child says that a dump failed.
const FAILED: u8 = 3;

/// An object that is known by its number.
fn value(number: u32, len: u32) -> (u32, Array, u32) {
    let numbers = (0..len).map(|n| (n / 3) ^ number).collect();
    (number, Array::from_vec(numbers, &[len as usize]).unwrap(), number)
}

/// The number of the object in a file, which must be there as a whole.
fn number(path: &Path) -> u32 {
    let (first, array, last): (u32, Array, u32) = demijohn::load_as(path).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(first, last, "two objects are mixed");
    let len = u32::try_from(array.len()).unwrap();
    assert!(
        (first, array, last) == value(first, len),
        "object {first} is damaged"
    );
    first
}

/// A good file in a folder where nothing else is.
struct Good {
    folder: TempDir,
    path: PathBuf,
    format: &'static str,
}

/// The number of the object in a file when it is new.
const OLD: u32 = 1;
/// That of what is dumped over it.
const NEW: u32 = 2;
/// Numbers in an array.
const LEN: u32 = 50_000;

impl Good {
    fn file(format: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("object");
        demijohn::dump_with(&value(OLD, LEN), &path, format).unwrap();
        Good { folder, path, format }
    }

    /// This program, to do something to the file instead of running all tests.
    fn act(&self, act: &str, number: u32) -> Act {
        Act {
            words: vec![std::env::current_exe().unwrap().into_os_string()],
            variables: vec![
                (ACT, act.into()),
                (FILE, self.path.clone().into()),
                (FORMAT, self.format.into()),
                (NUMBER, number.to_string().into()),
            ],
        }
    }

    /// Names in the folder that do not belong there.
    fn strays(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name != "object").collect()
    }

    #[track_caller]
    fn is_clean(&self, what: &str) {
        assert_eq!(self.strays(), [""; 0], "{what}: what is left behind");
    }
}

/// A child that has not been started yet.
struct Act {
    words: Vec<std::ffi::OsString>,
    variables: Vec<(&'static str, std::ffi::OsString)>,
}

impl Act {
    /// Has another program start it.
    fn under<S: Into<std::ffi::OsString>>(mut self, program: impl IntoIterator<Item = S>) -> Self {
        let words = program.into_iter().map(Into::into);
        self.words = words.chain(self.words).collect();
        self
    }

    fn command(self) -> Command {
        let mut command = Command::new(&self.words[0]);
        command.args(&self.words[1..]).envs(self.variables);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }
}

fn main() -> ExitCode {
    if let Ok(act) = std::env::var(ACT) {
        return child(&act);
    }
    const TESTS: [(&str, fn()); 10] = [
        ("killed_at_any_time", kills::at_any_time),
        ("killed_before_each_system_call", kills::before_each_system_call),
        ("each_system_call_fails", kills::each_system_call_fails),
        (
            "each_system_call_of_a_load_fails",
            kills::each_system_call_of_a_load_fails,
        ),
        ("power_cut", kills::power_cut),
        (
            "model_of_power_cuts",
            trace::a_file_renamed_before_it_is_synced_may_be_lost,
        ),
        ("race", races::processes_that_dump_to_one_path_do_not_mix),
        ("full_device", room::a_full_device_is_an_error),
        (
            "limited_size",
            room::a_file_that_may_grow_no_further_leaves_the_old_object,
        ),
        (
            "limited_memory",
            room::an_object_too_large_for_the_memory_is_an_error,
        ),
    ];
    let filters: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with('-'))
        .collect();
    let (mut passed, mut failed, mut filtered) = (0, 0, 0);
    for (name, test) in TESTS {
        if !filters.is_empty() && !filters.iter().any(|filter| name.contains(&**filter)) {
            filtered += 1;
            continue;
        }
        let result = if catch_unwind(test).is_ok() {
            passed += 1;
            "ok"
        } else {
            failed += 1;
            "FAILED"
        };
        println!("test {name} ... {result}");
    }
    let result = if failed == 0 { "ok" } else { "FAILED" };
    println!(
        "\ntest result: {result}. {passed} passed; {failed} failed; 0 ignored; 0 measured; {filtered} filtered out\n"
    );
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// What a process does that a test has started.
fn child(act: &str) -> ExitCode {
    let path = PathBuf::from(std::env::var_os(FILE).unwrap());
    let number = std::env::var(NUMBER).unwrap().parse().unwrap();
    let options = DumpOptions::new()
        .compression(&*std::env::var(FORMAT).unwrap())
        .threads(1);
    let dump = |number, len| demijohn::dump_with(&value(number, len), &path, options.clone());
    match act {
        "dump" => {
            let value = value(number, LEN);
            trace::mark("begin");
            let dumped = demijohn::dump_with(&value, &path, options);
            trace::mark("end");
            if let Err(error) = dumped {
                // zstd calls it memory where there is no thread.
                assert!(
                    matches!(error.kind(), ErrorKind::Io | ErrorKind::Limit),
                    "{error}"
                );
                return ExitCode::from(FAILED);
            }
        }
        "load" => {
            trace::mark("begin");
            let loaded = demijohn::load_as::<(u32, Array, u32)>(&path);
            trace::mark("end");
            match loaded {
                Ok(loaded) => assert!(loaded == value(OLD, LEN), "another object"),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Io, "{error}");
                    return ExitCode::from(FAILED);
                }
            }
        }
        "load much" => {
            if let Err(error) = demijohn::load(&path) {
                assert_eq!(error.kind(), ErrorKind::Limit, "{error}");
                return ExitCode::from(FAILED);
            }
        }
        "dump and sync" => {
            let value = value(number, 700);
            trace::mark("begin");
            demijohn::dump_with(&value, &path, options.durability(Durability::Sync)).unwrap();
            trace::mark("end");
        }
        "dump for ever" => {
            for n in number.. {
                dump(n, LEN).unwrap();
                if n == number {
                    // To whoever waits for it.
                    fs::write(path.with_file_name("begun"), "").unwrap();
                }
            }
        }
        "dump often" => {
            for _ in 0..races::DUMPS {
                dump(number, races::LEN).unwrap();
            }
        }
        other => panic!("no act {other:?}"),
    }
    ExitCode::SUCCESS
}
