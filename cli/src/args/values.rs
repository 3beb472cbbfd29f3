//! What is typed behind an option, where it is more than a number or a path.

use std::str::FromStr;
use std::time::Duration;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use demijohn_codecs::{Compressor, Registry};

use crate::bytes;

/// Levels by number: `1,6,9` or `1..9`.
#[derive(Clone, Debug)]
pub(crate) struct Levels(pub(crate) Vec<i32>);

impl FromStr for Levels {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        /// More than any table should have.
        const MOST: usize = 1000;
        let usage = || "levels are numbers and ranges, such as 1,6,9 or 1..9".to_owned();
        let number = |text: &str| text.trim().parse::<i32>().map_err(|_| usage());
        let mut levels = Vec::new();
        for part in text.split(',') {
            let (first, last) = part.split_once("..").unwrap_or((part, part));
            let (first, last) = (number(first)?, number(last)?);
            if first > last {
                return Err(usage());
            }
            levels.extend((first..=last).take(MOST + 1));
            if levels.len() > MOST {
                return Err(format!("more than {MOST} levels"));
            }
        }
        Ok(Levels(levels))
    }
}

/// Parses a number of seconds.
pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text
        .parse()
        .ok()
        .and_then(|n| Duration::try_from_secs_f64(n).ok());
    seconds.ok_or_else(|| "a time is a number of seconds, such as 0.5".to_owned())
}

/// Parses the size of a block.
pub(super) fn block(text: &str) -> Result<usize, String> {
    match usize::try_from(bytes::parse(text)?) {
        Ok(0) => Err("a block holds at least one byte".to_owned()),
        Ok(bytes) => Ok(bytes),
        Err(_) => Err("more than there can be memory for".to_owned()),
    }
}

/// One of a list of values, by name.
pub(super) fn named<T: Copy + Send + Sync + 'static>(
    all: &'static [T],
    name: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(all.iter().map(move |value| name(*value))).map(move |given| {
        let value = all.iter().find(|value| name(**value) == given);
        *value.expect("only names of the list are let through")
    })
}

/// The names of the registered formats; shells complete them, and the error for another lists them.
pub(super) fn formats() -> impl TypedValueParser<Value = Compressor> {
    let formats = Registry::global().formats();
    let names: Vec<_> = formats
        .iter()
        .map(|format| {
            let spec = format.spec();
            let aliases = spec.file_extensions().iter().filter_map(|e| e.strip_prefix('.'));
            PossibleValue::new(spec.name())
                .help(spec.summary())
                .aliases(aliases.filter(|alias| *alias != spec.name()))
        })
        .collect();
    PossibleValuesParser::new(names).try_map(|name| Compressor::by_name(&name))
}
