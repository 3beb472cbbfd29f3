//! `demijohn test`

use demijohn_codecs::Summary;
use serde_json::json;

use crate::args::Test;
use crate::bytes;
use crate::input::{self, Decoder, Operand};
use crate::output;
use crate::report::{Exit, Failure};

pub(crate) fn run(args: &Test) -> Result<Exit, Failure> {
    super::each(&args.files.files, |_| Ok(()), |operand| one(args, operand))
}

/// What is known of a file: less, if it could not be read to the end.
struct Verdict {
    format: Option<&'static str>,
    result: Result<Summary, Failure>,
}

fn one(args: &Test, operand: &Operand) -> Result<(), Failure> {
    let Verdict { format, result } = verdict(args, operand);
    let name = operand.to_string();
    if let Err(failure) = &result
        && failure.is_final()
    {
        return result.map(drop);
    }
    if args.json {
        let line = match &result {
            Ok(summary) => json!({
                "file": name,
                "ok": true,
                "format": format,
                "compressed": summary.compressed,
                "plain": summary.plain,
                "error": null,
            }),
            Err(failure) => json!({
                "file": name,
                "ok": false,
                "format": format,
                "compressed": null,
                "plain": null,
                "error": failure.to_json(),
            }),
        };
        output::print(&format!("{line}\n"))?;
    } else if let (true, Ok(summary), Some(format)) = (args.talk.verbose, &result, format) {
        let change = bytes::change(format, summary.plain, summary.compressed);
        output::print(&format!("{name}: ok, {change}\n"))?;
    }
    result.map(drop)
}

fn verdict(args: &Test, operand: &Operand) -> Verdict {
    match input::decoder(operand, &args.decoding, args.force, args.talk) {
        Err(failure) => Verdict {
            format: None,
            result: Err(failure),
        },
        Ok(Decoder { reader, bar, .. }) => {
            let format = Some(reader.format());
            let result = reader.finish().map_err(|error| Failure::new(operand, error));
            drop(bar);
            Verdict { format, result }
        }
    }
}
