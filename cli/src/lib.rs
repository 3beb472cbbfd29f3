//! The program `demijohn`, as a function: the binary calls [`main`], and so does `python -m demijohn`.
//!
//! A door to the crates behind it: arguments, files, terminals and signals are handled here; what bytes mean
//! is decided in `demijohn-codecs`. One file per verb.

#![forbid(unsafe_code)]

mod args;
mod argv;
mod attributes;
mod bytes;
pub mod chart;
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

use std::ffi::OsString;

use clap::Parser as _;

/// Does what a command line says, the first argument being the name of the program, and answers the status to end with.
///
/// It has the process to itself: standard streams are used as they are, and Ctrl-C, SIGTERM and SIGHUP are handled from
/// here on, if they have not been so far.
pub fn main(argv: impl IntoIterator<Item = OsString>) -> u8 {
    let args = match args::Args::try_parse_from(argv::with_levels(argv)) {
        Ok(args) => args,
        Err(answer) => {
            // Help and the version come this way too. That nobody can read it is nothing to say of anywhere else.
            let _ = answer.print();
            return u8::try_from(answer.exit_code()).unwrap_or(u8::MAX);
        }
    };
    interrupt::install();
    verbs::run(args.verb).into()
}
