//! `demijohn`: compressed streams on the command line.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    demijohn_cli::main(std::env::args_os()).into()
}
