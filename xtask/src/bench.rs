//! `cargo xtask bench` and `cargo xtask overhead`.

use crate::Result;
use crate::workspace::Workspace;

/// The criterion matrix; all arguments go to criterion, which knows `--quick`.
pub(crate) fn matrix(workspace: &Workspace, args: &[String]) -> Result {
    cargo_bench(workspace, "matrix", args)
}

/// The cost of streaming over the bare backends.
pub(crate) fn overhead(workspace: &Workspace, args: &[String]) -> Result {
    cargo_bench(workspace, "overhead", args)
}

fn cargo_bench(workspace: &Workspace, bench: &str, args: &[String]) -> Result {
    workspace
        .cargo()
        .args(["bench", "--package", "demijohn-benches", "--bench", bench, "--"])
        .args(args)
        .run()
}
