//! `cargo xtask test`: everything that can be wrong, in one run.
//!
//! A stage that fails does not keep the later ones from running, so that one run shows all there is to mend.

use std::time::Instant;

use crate::libtest::Report;
use crate::workspace::Workspace;
use crate::{Result, features, python};

pub(crate) fn run(workspace: &Workspace) -> Result {
    let start = Instant::now();
    let interpreter = python::venv(workspace, &python::CURRENT)?;
    // What is old may be gone from an index or too old for a Python to come: its tests then say that they were skipped.
    let joblib11 = python::venv(workspace, &python::JOBLIB_1_1).inspect_err(|error| eprintln!("{error}"));
    let corpus = workspace.corpus();

    let mut cargo = workspace.cargo().env("DEMIJOHN_PYTHON", &interpreter);
    if let Ok(joblib11) = &joblib11 {
        cargo = cargo.env("DEMIJOHN_PYTHON_JOBLIB11", joblib11);
    }
    if let Some(corpus) = &corpus {
        cargo = cargo.env("DEMIJOHN_CORPUS", corpus);
    }
    let mut report = Report::default();
    let rust = cargo
        .args([
            "test",
            "--workspace",
            "--all-features",
            "--no-fail-fast",
            "--",
            "--show-output",
        ])
        .each_line(|line| {
            if report.line(line) {
                println!("{line}");
            }
        });
    let features = features::check(workspace, &[]);
    let python =
        python::develop(workspace, &interpreter, false).and_then(|()| python::tests(workspace, &interpreter));

    println!("\n== summary");
    match &corpus {
        Some(dir) => println!("corpus:   {}", dir.display()),
        None => println!("corpus:   none, set DEMIJOHN_CORPUS to run the tests that need it"),
    }
    let Report {
        passed,
        failed,
        ignored,
        skips,
        ..
    } = &report;
    println!("rust:     {passed} passed, {failed} failed, {ignored} ignored");
    match &features {
        Ok(checked) => println!("features: {checked} combinations build without warnings"),
        Err(_) => println!("features: FAILED"),
    }
    match &python {
        Ok(true) => println!("python:   passed"),
        Ok(false) => println!("python:   no tests"),
        Err(_) => println!("python:   FAILED"),
    }
    println!("skipped:  {}", skips.len());
    for reason in skips {
        println!("          {reason}");
    }

    let failures: Vec<String> = [rust.err(), features.err(), python.err()]
        .into_iter()
        .flatten()
        .collect();
    let seconds = start.elapsed().as_secs();
    if failures.is_empty() {
        println!("ok: all tests passed in {seconds} s");
        Ok(())
    } else {
        Err(format!("tests FAILED after {seconds} s\n{}", failures.join("\n")))
    }
}
