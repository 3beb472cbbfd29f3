//! `cargo xtask compare`: demijohn against joblib, pickle, numpy and programs, by `benches/peers/`.

use crate::workspace::Workspace;
use crate::{Result, python};

/// Builds both sides and lets them take turns. A whole run at full size becomes `COMPARE.md` and
/// `benches/charts/`; any other is printed, with its charts under `target/compare/`.
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
        .args([
            "build",
            "--release",
            "--package",
            "demijohn-benches",
            "--package",
            "demijohn-cli",
        ])
        .args(["--bin", "contender", "--bin", "chart", "--bin", "demijohn"])
        .run()?;
    python::develop(workspace, &interpreter, false)?;

    let built = |name| {
        let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        workspace.target().join("release").join(name)
    };
    let mut words = vec!["cargo", "xtask", "compare"];
    words.extend(args.iter().map(String::as_str));
    let mut peers = workspace
        .program(&interpreter)
        .args(["-m", "peers", "--contender"])
        .arg(built("contender"))
        .arg("--program")
        .arg(built("demijohn"))
        .arg("--draw")
        .arg(built("chart"))
        .arg("--work")
        .arg(workspace.target().join("compare"))
        .args(["--scale", if quick { "quick" } else { "full" }])
        .args(["--command", &words.join(" ")])
        .env("PYTHONPATH", workspace.path("benches"))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    let whole = rows.is_empty() && !quick;
    let charts = if whole {
        workspace.path("benches/charts")
    } else {
        workspace.target().join("compare/charts")
    };
    peers = peers.arg("--charts").arg(charts);
    if whole {
        peers = peers.arg("--output").arg(workspace.path("COMPARE.md"));
    }
    peers.args(rows).run()
}
