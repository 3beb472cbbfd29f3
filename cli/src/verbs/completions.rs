//! `demijohn completions`

use clap::CommandFactory as _;

use crate::args::{Args, Completions};
use crate::output;
use crate::report::{Exit, Failure};

pub(crate) fn run(args: &Completions) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "demijohn", &mut script);
    output::print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Ok)
}
