//! What was measured, as a picture.

use std::time::Duration;

use super::data::Data;
use super::measure::Outcome;
use super::report::{Ranked, megabytes_per_second};
use crate::chart::{Chart, Heading, Panel, Point, Scatter, Series, Tone};
use crate::report::printable;

/// Two panels for each file, one for each direction.
#[derive(Debug, Default)]
pub(super) struct Plot {
    panels: Vec<Panel>,
    names: Vec<String>,
}

impl Plot {
    /// Adds what came of one file. What failed is not in the picture.
    pub(super) fn add(&mut self, data: &Data, ranked: &[Ranked]) {
        let name = printable(&data.name);
        for (direction, time) in DIRECTIONS {
            self.panels.push(Panel {
                title: format!("{name}: {direction}"),
                series: series(data, ranked, time),
            });
        }
        self.names.push(name);
    }

    /// The picture, which says on how many threads it was measured.
    pub(super) fn chart(mut self, threads: &str) -> Chart {
        let title = match &self.names[..] {
            [name] => {
                // Once is enough.
                for (panel, (direction, _)) in self.panels.iter_mut().zip(DIRECTIONS) {
                    direction.clone_into(&mut panel.title);
                }
                format!("{name}, compressed")
            }
            _ => "Size and speed of formats".to_owned(),
        };
        let notes = vec![format!(
            "In memory, on {threads}. Up is faster, left is smaller; numbers are levels."
        )];
        let scatter = Scatter {
            heading: Heading {
                title,
                notes,
                key: Vec::new(),
            },
            across: "compressed size, % of the data".to_owned(),
            up: "MB of data a second".to_owned(),
            panels: self.panels,
        };
        scatter.into()
    }
}

/// Which of the times.
type Of = fn(&Outcome) -> Duration;

const DIRECTIONS: [(&str, Of); 2] = [
    ("compress", |outcome| outcome.compress.time),
    ("decompress", |outcome| outcome.decompress.time),
];

/// One for each format, from the lowest level to the highest. The middle one bears the format's name.
fn series(data: &Data, ranked: &[Ranked], time: Of) -> Vec<Series> {
    let plain = data.bytes.len() as u64;
    let mut formats: Vec<&str> = ranked.iter().map(|ranked| ranked.row.format.name()).collect();
    formats.sort_unstable();
    formats.dedup();
    let of = |(nth, name): (usize, &str)| {
        let mut rows: Vec<_> = ranked
            .iter()
            .filter(|ranked| ranked.row.format.name() == name)
            .filter_map(|ranked| Some((ranked.row.level, ranked.outcome.as_ref().ok()?)))
            .collect();
        rows.sort_unstable_by_key(|(level, _)| *level);
        let middle = rows.len() / 2;
        let point = |(n, (level, outcome)): (usize, &(Option<i32>, &Outcome))| Point {
            x: percent(outcome.compressed, plain),
            y: megabytes_per_second(plain, time(outcome)),
            label: match level {
                Some(level) if n == middle => format!("{name} {level}"),
                Some(level) => level.to_string(),
                None => name.to_owned(),
            },
            minor: n != middle,
        };
        Series {
            tone: Tone::Nth(u8::try_from(nth % usize::from(Tone::MANY)).unwrap_or(0)),
            joined: true,
            points: rows.iter().enumerate().map(point).collect(),
        }
    };
    formats.into_iter().enumerate().map(of).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a place in a picture")]
fn percent(part: u64, whole: u64) -> f64 {
    100.0 * part as f64 / whole as f64
}
