//! `demijohn cat`

use crate::args::Cat;
use crate::bytes;
use crate::copy::{CopyError, copy};
use crate::input::{self, Decoder, Operand};
use crate::output::Decoded;
use crate::report::{Exit, Failure, say};

pub(crate) fn run(args: &Cat) -> Result<Exit, Failure> {
    super::each(&args.files.files, |_| Ok(()), |operand| one(args, operand))
}

fn one(args: &Cat, operand: &Operand) -> Result<(), Failure> {
    let Decoder { mut reader, bar, .. } = input::decoder(operand, &args.decoding, args.force, args.talk)?;
    let mut stdout = Decoded::new(args.force)?;
    let copied = copy(&mut reader, &mut stdout);
    // Before anything is said.
    drop(bar);
    let plain = copied.map_err(|error| match error {
        CopyError::Read(error) => Failure::new(operand, error),
        CopyError::Write(error) => Decoded::failure(operand, error),
    })?;
    if args.talk.verbose {
        let change = bytes::change(reader.format(), plain, reader.position_in());
        say(format_args!("{operand}: {change}"));
    }
    Ok(())
}
