//! `demijohn cat`

use std::io::{Read as _, Seek as _, SeekFrom};

use demijohn_codecs::Options;
use demijohn_codecs::seek::SeekIndex;

use crate::args::Cat;
use crate::bytes;
use crate::copy::{CopyError, copy_decoded};
use crate::input::{self, Decoder, Operand};
use crate::output::Decoded;
use crate::report::{Exit, Failure, say};

pub(crate) fn run(args: &Cat) -> Result<Exit, Failure> {
    super::each(&args.files.files, |_| Ok(()), |operand| one(args, operand))
}

fn one(args: &Cat, operand: &Operand) -> Result<(), Failure> {
    let mut options = Options::new();
    if let Some(path) = &args.index {
        let index = SeekIndex::open(path, args.decoding.limits());
        options = options.seek_index(index.map_err(|error| Failure::new(operand, error))?);
    }
    let decoder = input::decoder_with(operand, &args.decoding, args.force, args.talk, options)?;
    let Decoder {
        mut reader,
        bar,
        beside,
        ..
    } = decoder;
    let mut stdout = Decoded::new(args.force)?;
    let sought = reader.seek(SeekFrom::Start(args.offset));
    sought.map_err(|error| Failure::new(operand, error))?;
    let copied = match args.length {
        Some(length) => copy_decoded(&mut (&mut reader).take(length), &mut stdout, beside),
        None => copy_decoded(&mut reader, &mut stdout, beside),
    };
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
