//! `demijohn`: compressed streams on the command line.
//!
//! A door to the crates behind it: arguments, files, terminals and signals are handled here; what bytes mean
//! is decided in `demijohn-codecs`. One file per verb in [`verbs`].

#![forbid(unsafe_code)]

mod args;
mod argv;
mod attributes;
mod bytes;
mod copy;
mod foreign;
mod input;
mod interrupt;
mod output;
mod progress;
mod report;
mod synthetic;
mod table;
mod verbs;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let args = args::Args::parse_from(argv::with_levels(std::env::args_os()));
    interrupt::install();
    verbs::run(args.verb).into()
}
