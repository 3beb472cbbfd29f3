//! `cargo xtask sanitize`: tests of the crates with unsafe code, under what watches memory.

use std::fs;

use crate::Result;
use crate::fuzz::nightly;
use crate::python;
use crate::workspace::Workspace;

/// Packages, which of their test programs valgrind runs, and which tests in them: those that go through unsafe code and C, and
/// end in minutes.
const MEMCHECK: [(&str, &[&str], &[&str]); 7] = [
    (
        "demijohn-arrays",
        &["--test", "mapping", "--test", "roundtrip"],
        &[],
    ),
    (
        "demijohn-codecs",
        &["--lib"],
        &[
            "shuffle",
            "chunks_say",
            "a_short_stream",
            "segments",
            "side_by_side",
        ],
    ),
    (
        "demijohn-codecs",
        &["--test", "regressions", "--test", "detection"],
        &[],
    ),
    // Through zlib's interface.
    (
        "demijohn-codecs",
        &["--test", "seek_index"],
        &["an_index_leads", "who_has_gone_back", "bgzips_index"],
    ),
    // Into a slice that threads share.
    (
        "demijohn-codecs",
        &["--test", "pieces"],
        &["pieces_that_say_how_large"],
    ),
    ("demijohn-codecs", &["--test", "registry"], &[]),
    ("demijohn", &["--test", "mapping"], &[]),
];

pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Result {
    match args {
        [part] if part == "memcheck" => memcheck(workspace),
        [part] if part == "miri" => miri(workspace),
        [part, tests @ ..] if part == "python" => extension(workspace, tests),
        _ => Err("usage: cargo xtask sanitize memcheck|miri|python [TEST…]".into()),
    }
}

fn memcheck(workspace: &Workspace) -> Result {
    let runner = "valgrind --quiet --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite \
                  --show-leak-kinds=definite";
    for (package, programs, tests) in MEMCHECK {
        workspace
            .cargo()
            .env("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER", runner)
            .args(["test", "--all-features", "-p", package])
            .args(programs)
            .args(["--", "--test-threads=1"])
            .args(tests)
            .run()?;
    }
    Ok(())
}

/// What Miri can run: no C, no memory maps, and no test that moves megabytes.
const MIRI: [(&str, &[&str]); 2] = [
    (
        "demijohn-arrays",
        &["array::tests", "element", "layout", "strides", "interruptions"],
    ),
    // Vectors, and threads that share a slice.
    ("demijohn-codecs", &["bytes_go_where", "side_by_side"]),
];

fn miri(workspace: &Workspace) -> Result {
    for (package, tests) in MIRI {
        nightly(workspace, &["miri", "test", "-p", package, "--lib"])
            .env("MIRIFLAGS", "-Zmiri-disable-isolation")
            .args(["--all-features", "--"])
            .args(tests)
            .args(["--skip", "large"])
            .run()?;
    }
    Ok(())
}

/// Python's tests, or some files of them, on an extension in which each access to memory is looked at.
fn extension(workspace: &Workspace, tests: &[String]) -> Result {
    let interpreter = python::venv(workspace, &python::CURRENT)?;
    let target = workspace.target().join("asan");
    let triple = "x86_64-unknown-linux-gnu";
    nightly(workspace, &["build", "-p", "demijohn-python", "--target", triple])
        .arg("--target-dir")
        .arg(&target)
        .env("RUSTFLAGS", "-Zsanitizer=address")
        .env("CFLAGS", "-fsanitize=address -fno-omit-frame-pointer")
        .run()?;
    let package = target.join("package/demijohn");
    let context = |error: std::io::Error| format!("{}: {error}", package.display());
    fs::create_dir_all(&package).map_err(context)?;
    for entry in fs::read_dir(workspace.path("python/demijohn")).map_err(context)? {
        let file = entry.map_err(context)?.path();
        if let Some(name) = file.file_name().filter(|_| file.is_file()) {
            fs::copy(&file, package.join(name)).map_err(context)?;
        }
    }
    let library = target.join(triple).join("debug/lib_native.so");
    fs::copy(library, package.join("_native.abi3.so")).map_err(context)?;
    // Rust links the sanitizer into programs only; an interpreter gets that of the C compiler, which is the same one.
    let runtime = workspace
        .program("cc")
        .arg("-print-file-name=libasan.so")
        .capture()?;
    let all = ["python/tests".to_owned()];
    workspace
        .program(&interpreter)
        .env("LD_PRELOAD", String::from_utf8_lossy(&runtime).trim())
        // An interpreter ends without freeing what it has, and its own allocator would hide what is freed too early.
        .env("ASAN_OPTIONS", "detect_leaks=0:allocator_may_return_null=1")
        .env("PYTHONMALLOC", "malloc")
        .env("PYTHONPATH", target.join("package"))
        .args(["-m", "pytest", "-q", "-p", "no:cacheprovider"])
        .args(if tests.is_empty() { &all[..] } else { tests })
        .run()
}
