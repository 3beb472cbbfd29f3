//! `cargo xtask compare`: demijohn against joblib, pickle and numpy, by `benches/peers/`.

use crate::workspace::Workspace;
use crate::{Result, python};

/// Builds both sides and lets them take turns. A whole run at full size becomes `COMPARE.md`; any other is printed.
pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Result {
    let (options, rows): (Vec<&String>, Vec<&String>) = args.iter().partition(|arg| arg.starts_with('-'));
    let quick = match options[..] {
        [] => false,
        [option] if option == "--quick" => true,
        _ => return Err("usage: cargo xtask compare [ROW…] [--quick]".into()),
    };
    let interpreter = python::venv(workspace, &python::CURRENT)?;
    workspace
        .cargo()
        .args(["build", "--release", "--package", "demijohn-benches"])
        .args(["--bin", "contender"])
        .run()?;
    python::develop(workspace, &interpreter, false)?;

    let contender = format!("contender{}", std::env::consts::EXE_SUFFIX);
    let mut words = vec!["cargo", "xtask", "compare"];
    words.extend(args.iter().map(String::as_str));
    let mut peers = workspace
        .program(&interpreter)
        .args(["-m", "peers", "--contender"])
        .arg(workspace.target().join("release").join(contender))
        .arg("--work")
        .arg(workspace.target().join("compare"))
        .args(["--scale", if quick { "quick" } else { "full" }])
        .args(["--command", &words.join(" ")])
        .env("PYTHONPATH", workspace.path("benches"))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    if rows.is_empty() && !quick {
        peers = peers.arg("--output").arg(workspace.path("COMPARE.md"));
    }
    peers.args(rows).run()
}
