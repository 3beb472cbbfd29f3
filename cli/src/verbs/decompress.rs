//! `demijohn decompress`

use demijohn_codecs::{Options, Summary};

use crate::args::Decompress;
use crate::bytes;
use crate::copy::{CopyError, copy_decoded};
use crate::input::{self, Decoder, Operand};
use crate::output::{self, Decoded, OutputFile, Place};
use crate::report::{Exit, Failure, say, shown};

pub(crate) fn run(args: &Decompress) -> Result<Exit, Failure> {
    let check = |operands: &[Operand]| output::check(&args.target, operands);
    super::each(&args.files.files, check, |operand| one(args, operand))
}

fn one(args: &Decompress, operand: &Operand) -> Result<(), Failure> {
    let place = Place::of(operand, &args.target, output::decompressed_name)?;
    let Decoder {
        mut reader,
        metadata,
        bar,
        beside,
    } = input::decoder(operand, &args.decoding, args.target.force, args.talk)?;
    let format = reader.format();
    let from = operand.path().zip(metadata.as_ref());
    let (plain, name) = match place {
        Place::Stdout => {
            let mut stdout = Decoded::new(args.target.force)?;
            let copied = copy_decoded(&mut reader, &mut stdout, beside).map_err(|error| match error {
                CopyError::Read(error) => Failure::new(operand, error),
                CopyError::Write(error) => Decoded::failure(operand, error),
            })?;
            (copied, "standard output".to_owned())
        }
        Place::File(path) => {
            let mut file = OutputFile::create(path, from, &args.target, Options::new(), "none")?;
            copy_decoded(&mut reader, &mut file, beside).map_err(|error| match error {
                CopyError::Read(error) => Failure::new(operand, error),
                CopyError::Write(error) => Failure::new(shown(file.path()), error),
            })?;
            let name = shown(file.path());
            let Summary { plain, .. } = file.publish(metadata.as_ref())?;
            (plain, name)
        }
    };
    let compressed = reader.position_in();
    output::remove_source(operand, metadata.as_ref(), &args.target)?;
    drop(bar);
    if args.talk.verbose {
        say(format_args!(
            "{operand} -> {name}: {}",
            bytes::change(format, plain, compressed)
        ));
    }
    Ok(())
}
