//! `demijohn scan`

use demijohn::{Content, Inspection};
use serde_json::json;

use super::inspect::{count, further, globals, name_line};
use crate::args::Scan;
use crate::input::{self, Operand};
use crate::output;
use crate::report::{Exit, Failure, json_line};

/// How many names are printed of one file; those that are marked come first.
const NAMES: usize = 1000;

pub(crate) fn run(args: &Scan) -> Result<Exit, Failure> {
    let mut marked = false;
    let exit = super::each(
        &args.files.files,
        |_| Ok(()),
        |operand| {
            let (found, failure) = look(args, operand)?;
            marked |= found.globals.iter().any(|global| !global.known_safe);
            output::print(&if args.json {
                line(operand, &found, failure.as_ref())
            } else {
                listing(operand, &found)
            })?;
            failure.map_or(Ok(()), Err)
        },
    )?;
    Ok(match exit {
        Exit::Ok if marked => Exit::Unsafe,
        exit => exit,
    })
}

fn look(args: &Scan, operand: &Operand) -> Result<(Inspection, Option<Failure>), Failure> {
    let (file, _) = input::open(operand).map_err(|error| Failure::new(operand, error))?;
    let mut found = super::inspect::look(file, operand, &args.wary);
    let failure = match found.error.take() {
        Some(error) => Some(Failure::of_object(operand, error)),
        // That there is nothing to fear in it would be said too quickly.
        None if found.content == Content::Data => {
            Some(Failure::refused(operand, "what is compressed in it is no pickle"))
        }
        None => None,
    };
    Ok((found, failure))
}

fn line(operand: &Operand, found: &Inspection, failure: Option<&Failure>) -> String {
    let object = json!({
        "file": operand.to_string(),
        "ok": failure.is_none(),
        "safe": found.globals.iter().all(|global| global.known_safe),
        "tail": found.tail,
        "further": found.further,
        "globals": globals(found),
        "error": failure.map(Failure::to_json),
    });
    json_line(&object)
}

fn listing(operand: &Operand, found: &Inspection) -> String {
    let (safe, marked): (Vec<_>, Vec<_>) = found.globals.iter().partition(|global| global.known_safe);
    let named = count(found.globals.len() as u64, "global");
    let mut text = format!(
        "{operand}: {named} named, {} not known to be harmless\n",
        marked.len()
    );
    for global in marked.iter().chain(&safe).take(NAMES) {
        text.push_str(&name_line(global));
    }
    if found.globals.len() > NAMES {
        let more = found.globals.len() - NAMES;
        text.push_str(&format!("  … and {more} more; --json lists all\n"));
    }
    if found.tail > 0 {
        let tail = count(found.tail, "byte");
        text.push_str(&format!(
            "  {tail} follow the object{}; who loads once ignores them\n",
            further(found)
        ));
    }
    text
}
