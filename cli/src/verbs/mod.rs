//! The verbs, one file each.

mod bench;
mod cat;
mod codecs;
mod completions;
mod compress;
mod convert;
mod decompress;
mod demo;
mod extract;
mod index;
mod inspect;
mod scan;
mod test;

use std::path::PathBuf;

use crate::args::Verb;
use crate::input::Operand;
use crate::report::{Exit, Failure};

/// Does what the command line says.
pub(crate) fn run(verb: Verb) -> Exit {
    let done = match verb {
        Verb::Compress(args) => compress::run(&args),
        Verb::Decompress(args) => decompress::run(&args),
        Verb::Cat(args) => cat::run(&args),
        Verb::Index(args) => index::run(&args),
        Verb::Test(args) => test::run(&args),
        Verb::Inspect(args) => inspect::run(&args),
        Verb::Scan(args) => scan::run(&args),
        Verb::Extract(args) => extract::run(&args),
        Verb::Convert(args) => convert::run(&args),
        Verb::Bench(args) => bench::run(&args),
        Verb::Demo(args) => demo::run(&args),
        Verb::Codecs(args) => codecs::run(&args),
        Verb::Completions(args) => completions::run(&args),
    };
    done.unwrap_or_else(|failure| failure.report())
}

/// Does something for every operand. One that fails is reported, and does not keep the others from being done.
fn each(
    files: &[PathBuf],
    check: impl FnOnce(&[Operand]) -> Result<(), Failure>,
    mut f: impl FnMut(&Operand) -> Result<(), Failure>,
) -> Result<Exit, Failure> {
    let operands = Operand::all(files)?;
    check(&operands)?;
    let mut exit = Exit::Ok;
    for operand in &operands {
        match f(operand) {
            Ok(()) => {}
            Err(failure) if failure.is_final() => return Err(failure),
            Err(failure) => exit = failure.report(),
        }
    }
    Ok(exit)
}
