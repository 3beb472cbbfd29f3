//! Which formats are measured at which levels.

use std::ops::RangeInclusive;

use demijohn_codecs::{Compressor, Registry, Spec};

use crate::args::{Bench, Levels};
use crate::report::Failure;

/// Levels above this are not measured unless asked for by number: zstd's higher ones want memory that few have to
/// spare, and time that fewer have.
const SENSIBLE: i32 = 19;

/// A row of the table to be.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) format: Compressor,
    pub(super) level: Option<i32>,
}

/// How many levels of a format, if the command line does not name them.
#[derive(Clone, Copy)]
pub(super) enum Default {
    /// The lowest, the default, and the highest sensible one.
    Few,
    /// The format's default.
    One,
}

/// What the command line asks for.
pub(super) fn rows(args: &Bench, default: Default) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    for format in formats(args)? {
        let spec = format.spec();
        let levels = match (spec.level_range(), &args.levels) {
            (None, _) => vec![None],
            (Some(range), Some(wanted)) => wanted.within(&range).into_iter().map(Some).collect(),
            (Some(_), None) if args.all_levels => sensible(spec).map(Some).collect(),
            (Some(_), None) => few(spec, default).into_iter().map(Some).collect(),
        };
        rows.extend(levels.into_iter().map(|level| Row {
            format: format.clone(),
            level,
        }));
    }
    if rows.is_empty() {
        return Err(Failure::Usage(
            "none of the formats has such a level; `demijohn codecs` shows the ranges".to_owned(),
        ));
    }
    Ok(rows)
}

/// Those that were named, or all that compress and are there.
fn formats(args: &Bench) -> Result<Vec<Compressor>, Failure> {
    if args.formats.is_empty() {
        let all = Registry::global().formats();
        let there = all
            .iter()
            .filter(|f| f.is_available() && !f.spec().is_transparent());
        let there: Vec<_> = there.cloned().collect();
        if there.is_empty() {
            return Err(Failure::Usage(
                "this build of the program leaves out every format that compresses".to_owned(),
            ));
        }
        return Ok(there);
    }
    let mut formats: Vec<Compressor> = Vec::new();
    for format in &args.formats {
        if !format.is_available() {
            return Err(Failure::Usage(format!(
                "{}: this build of the program leaves the format out",
                format.name()
            )));
        }
        if !formats.iter().any(|f| f.name() == format.name()) {
            formats.push(format.clone());
        }
    }
    Ok(formats)
}

/// All levels from 1, or from the default if that is lower, to the highest sensible one.
fn sensible(spec: &Spec) -> RangeInclusive<i32> {
    let range = spec.level_range().unwrap_or(0..=0);
    let default = spec.default_level().unwrap_or_default();
    let lowest = default.min(1).max(*range.start());
    lowest..=default.max(*range.end().min(&SENSIBLE))
}

fn few(spec: &Spec, default: Default) -> Vec<i32> {
    let middle = spec.default_level().unwrap_or_default();
    match default {
        Default::One => vec![middle],
        Default::Few => {
            let all = sensible(spec);
            let mut levels = vec![*all.start(), middle, *all.end()];
            levels.dedup();
            levels
        }
    }
}

impl Levels {
    /// Those of a format with this range, each once, from the lowest on.
    fn within(&self, range: &RangeInclusive<i32>) -> Vec<i32> {
        let mut levels: Vec<_> = self
            .0
            .iter()
            .copied()
            .filter(|level| range.contains(level))
            .collect();
        levels.sort_unstable();
        levels.dedup();
        levels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDE: Spec = Spec::new("wide", "").levels(-100, 22, 3);

    #[test]
    fn three_levels_stand_for_a_format() {
        assert_eq!(few(&WIDE, Default::Few), [1, 3, 19]);
        assert_eq!(few(&WIDE, Default::One), [3]);
        assert_eq!(few(&Spec::new("", "").levels(0, 12, 0), Default::Few), [0, 12]);
        assert_eq!(few(&Spec::new("", "").levels(1, 9, 9), Default::Few), [1, 9]);
        assert_eq!(few(&Spec::new("", "").levels(2, 9, 5), Default::Few), [2, 5, 9]);
        assert_eq!(few(&Spec::new("", "").levels(1, 30, 25), Default::Few), [1, 25]);
        assert_eq!(few(&Spec::new("", "").levels(-9, -1, -5), Default::Few), [-5, -1]);
    }

    #[test]
    fn all_levels_are_the_sensible_ones() {
        assert_eq!(sensible(&WIDE), 1..=19);
        assert_eq!(sensible(&Spec::new("", "").levels(0, 9, 6)), 1..=9);
    }

    #[test]
    fn levels_by_number_are_those_that_a_format_has() {
        let wanted: Levels = "9,-2..2,30,9".parse().unwrap();
        assert_eq!(wanted.within(&(0..=12)), [0, 1, 2, 9]);
        assert_eq!(wanted.within(&(-1..=8)), [-1, 0, 1, 2]);
    }
}
