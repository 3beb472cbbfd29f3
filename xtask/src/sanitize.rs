//! `cargo xtask sanitize`: tests of the crates with unsafe code, under what watches memory.

use crate::Result;
use crate::fuzz::nightly;
use crate::workspace::Workspace;

/// Packages, which of their test programs valgrind runs, and which tests in them: those that go through unsafe code and C, and
/// end in minutes.
const MEMCHECK: [(&str, &[&str], &[&str]); 3] = [
    (
        "demijohn-arrays",
        &["--test", "mapping", "--test", "roundtrip"],
        &[],
    ),
    (
        "demijohn-codecs",
        &["--lib"],
        &["shuffle", "chunks_say", "a_short_stream", "atomic"],
    ),
    (
        "demijohn-codecs",
        &["--test", "regressions", "--test", "detection"],
        &[],
    ),
];

pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Result {
    match args {
        [part] if part == "memcheck" => memcheck(workspace),
        [part] if part == "miri" => miri(workspace),
        _ => Err("usage: cargo xtask sanitize memcheck|miri".into()),
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
fn miri(workspace: &Workspace) -> Result {
    nightly(workspace, &["miri", "test", "-p", "demijohn-arrays", "--lib"])
        .env("MIRIFLAGS", "-Zmiri-disable-isolation")
        .args(["--all-features", "--", "array::tests", "element", "layout"])
        .args(["strides", "interruptions", "--skip", "large"])
        .run()
}
