//! `cargo xtask fuzz`: runs the targets of `fuzz/` under cargo-fuzz on the nightly toolchain.
//!
//! Seeds come from the corpus: each target starts from the real files of its own format, and the one that guesses
//! formats from all of them. What libFuzzer learns goes to `fuzz/corpus`, what breaks a target to
//! `fuzz/artifacts`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::metadata;
use crate::process::Process;
use crate::workspace::Workspace;

/// Files above this are no use as seeds: libFuzzer would only cut them.
const SEED_LIMIT: u64 = 64 << 10;

pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Result {
    let request = Request::parse(args)?;
    let manifest = workspace.path("fuzz/Cargo.toml");
    let cargo = workspace.cargo().dir(&workspace.path("fuzz"));
    let packages = metadata::packages(cargo)
        .map_err(|error| format!("{error}\nthe fuzz targets are those of {}", manifest.display()))?;
    let all: Vec<String> = packages
        .into_iter()
        .flat_map(|package| package.binaries)
        .collect();
    let targets = match request.target {
        None => all,
        Some(target) if all.contains(&target) => vec![target],
        Some(target) => return Err(format!("no fuzz target {target:?}; there are {}", all.join(", "))),
    };
    let tool = nightly(workspace, &["fuzz", "--version"]).capture();
    tool.map_err(|error| {
        format!(
            "{error}\nFuzzing needs the nightly toolchain and cargo-fuzz:\n  rustup toolchain install nightly \
             --profile minimal\n  cargo install cargo-fuzz --locked"
        )
    })?;
    for target in &targets {
        fuzz(workspace, target, request.seconds)?;
    }
    println!(
        "fuzz: {} x {} s, nothing found",
        targets.join(", "),
        request.seconds
    );
    Ok(())
}

fn fuzz(workspace: &Workspace, target: &str, seconds: u64) -> Result {
    let own = workspace.path("fuzz/corpus").join(target);
    fs::create_dir_all(&own).map_err(|error| format!("{}: {error}", own.display()))?;
    let mut command = nightly(workspace, &["fuzz", "run", target]).arg(&own);
    // What makes a plan of its input has no files to begin with, and small inputs make no plan.
    let lengths = if is_of_plans(target) {
        ["-max_len=4096", "-len_control=0"]
    } else {
        ["-max_len=65536", "-len_control=100"]
    };
    match workspace.corpus() {
        Some(_) if is_of_plans(target) => {}
        Some(corpus) => {
            let seeds = workspace.target().join("fuzz-seeds").join(target);
            let count = collect_seeds(&corpus, target, &seeds)?;
            eprintln!("{target}: {count} seeds from {}", corpus.display());
            command = command.arg(&seeds);
        }
        None => eprintln!("{target}: no corpus, starting from nothing; set DEMIJOHN_CORPUS for seeds"),
    }
    // The libraries in C are to be looked at as well: what cargo-fuzz asks for is for Rust only.
    for flags in ["CFLAGS", "CXXFLAGS"] {
        command = command.env(flags, "-fsanitize=address -fno-omit-frame-pointer");
    }
    // The memory limit is part of what is tested: a decoder that obeys its limits stays far below it.
    command
        .args(["--", "-rss_limit_mb=1024", "-malloc_limit_mb=512", "-timeout=10"])
        .args(lengths)
        .arg(format!("-max_total_time={seconds}"))
        .arg("-print_final_stats=1")
        .run()
}

/// A cargo of the nightly toolchain. The cargo that runs this program names itself and its compiler in the
/// environment, which would win over the toolchain asked for.
pub(crate) fn nightly(workspace: &Workspace, args: &[&str]) -> Process {
    let mut command = workspace
        .program("rustup")
        .args(["run", "nightly", "cargo"])
        .args(args);
    for key in [
        "CARGO",
        "RUSTC",
        "RUSTDOC",
        "RUSTUP_TOOLCHAIN",
        "CARGO_TARGET_DIR",
    ] {
        command = command.without_env(key);
    }
    command
}

/// Puts the files that suit a target into one flat folder, under names that cannot clash; gives their number.
fn collect_seeds(corpus: &Path, target: &str, into: &Path) -> Result<usize> {
    let context = |error: std::io::Error| format!("seeds for {target}: {error}");
    if into.exists() {
        fs::remove_dir_all(into).map_err(context)?;
    }
    fs::create_dir_all(into).map_err(context)?;
    let mut count = 0;
    for file in files_below(corpus).map_err(context)? {
        let relative = file.strip_prefix(corpus).map_err(|error| error.to_string())?;
        let folder = relative
            .iter()
            .next()
            .map(|name| name.to_string_lossy().into_owned());
        let size = file.metadata().map_err(context)?.len();
        if size <= SEED_LIMIT && folder.is_some_and(|folder| suits(target, &folder)) {
            fs::copy(&file, into.join(flat_name(relative))).map_err(context)?;
            count += 1;
        }
    }
    Ok(count)
}

/// Whether a target makes plans of its input, of what to write and to read.
fn is_of_plans(target: &str) -> bool {
    matches!(target, "pieces" | "round_trip" | "seek")
}

/// Whether files in a folder of the corpus, named for their format, are food for a target.
fn suits(target: &str, folder: &str) -> bool {
    match target.strip_prefix("decode_") {
        // Its files are in the folder of the program that writes them.
        Some("lzo") => folder == "lzop",
        // Files of chunks are a folder of their own there.
        Some("blosc") => matches!(folder, "blosc" | "bloscpack"),
        Some("npz") => folder == "npy",
        Some(format) => format == folder,
        None if let Some(format) = target.strip_prefix("differ_") => format == folder,
        None if target.starts_with("pickle_") || target.starts_with("persist_") => folder == "pickle",
        None if target == "legacy" => matches!(folder, "pickle" | "npy"),
        None => target == "detect",
    }
}

fn flat_name(relative: &Path) -> String {
    relative
        .iter()
        .map(|part| part.to_string_lossy())
        .collect::<Vec<_>>()
        .join("-")
}

fn files_below(dir: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
struct Request {
    target: Option<String>,
    seconds: u64,
}

impl Request {
    fn parse(args: &[String]) -> Result<Self> {
        let mut request = Self {
            target: None,
            seconds: 60,
        };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            if arg == "--seconds" {
                let value = args.next().ok_or("--seconds needs a number")?;
                request.seconds = value
                    .parse()
                    .map_err(|_| format!("--seconds {value}: not a number"))?;
            } else if arg.starts_with('-') {
                return Err(format!("`fuzz` has no option {arg}"));
            } else if request.target.is_some() {
                return Err(format!("`fuzz` takes one target, but got {arg:?} too"));
            } else {
                request.target = Some(arg.clone());
            }
        }
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::{Request, flat_name, suits};
    use std::path::Path;

    fn parse(args: &[&str]) -> crate::Result<Request> {
        Request::parse(&args.iter().map(|&arg| arg.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn the_command_line_is_read_in_any_order() {
        let expected = Request {
            target: Some("detect".into()),
            seconds: 5,
        };
        assert_eq!(parse(&["detect", "--seconds", "5"]).unwrap(), expected);
        assert_eq!(parse(&["--seconds", "5", "detect"]).unwrap(), expected);
        assert_eq!(
            parse(&[]).unwrap(),
            Request {
                target: None,
                seconds: 60
            }
        );
    }

    #[test]
    fn a_wrong_command_line_is_refused() {
        for args in [
            &["--seconds"][..],
            &["--seconds", "x"],
            &["--second", "5"],
            &["a", "b"],
        ] {
            assert!(parse(args).is_err(), "{args:?}");
        }
    }

    #[test]
    fn targets_get_the_files_of_their_format() {
        assert!(suits("decode_gzip", "gzip"));
        assert!(suits("decode_blosc", "blosc") && suits("decode_blosc", "bloscpack"));
        assert!(!suits("decode_lzma", "xz"));
        assert!(suits("decode_lzo", "lzop"));
        assert!(suits("detect", "foreign"));
        assert!(suits("persist_load", "pickle") && suits("legacy", "npy"));
        assert!(suits("differ_xz", "xz") && !suits("differ_xz", "gzip"));
        assert!(!suits("round_trip", "gzip"));
    }

    #[test]
    fn flat_names_keep_the_folders() {
        assert_eq!(flat_name(Path::new("gzip/ok/a.gz")), "gzip-ok-a.gz");
    }
}
