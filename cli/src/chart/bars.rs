//! A few figures of a few contenders, as bars.

use serde::Deserialize;

use super::scale::Scale;
use super::svg::{Anchor, LABEL, Svg, width};
use super::{Chart, Heading, MARGIN, Tone, digits};

/// Contenders from top to bottom, what was measured of each from left to right.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bars {
    /// Words above.
    pub heading: Heading,
    /// What was measured.
    pub columns: Vec<Column>,
    /// The contenders.
    pub groups: Vec<Group>,
}

/// Something that was measured.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// What it is.
    pub title: String,
    /// In what it is counted.
    pub unit: String,
}

/// Contenders that do the same.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// What that is.
    pub title: String,
    /// From top to bottom.
    pub rows: Vec<Row>,
}

/// A contender.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Who it is.
    pub name: String,
    /// The colour of its bars.
    pub tone: Tone,
    /// For each column, if it is known.
    pub values: Vec<Option<f64>>,
}

impl From<Bars> for Chart {
    fn from(bars: Bars) -> Self {
        Chart::Bars(bars)
    }
}

/// Of the longest bar of a column.
const LONGEST: f64 = 150.0;
/// Behind it, for its number.
const NUMBER: f64 = 56.0;
const ROW: f64 = 21.0;
const BAR: f64 = 13.0;

impl Bars {
    pub(super) fn svg(&self) -> String {
        let mut svg = Svg::new();
        let top = self.heading.draw(&mut svg) + 22.0;
        let names = self.rows().map(|row| width(&row.name, LABEL)).fold(0.0, f64::max);
        let first = MARGIN + names + 14.0;
        let left = |column: usize| first + (LONGEST + NUMBER) * f64::from(u16::try_from(column).unwrap_or(0));
        let scales: Vec<_> = (0..self.columns.len())
            .map(|column| {
                let known = self.rows().filter_map(|row| row.value(column));
                let greatest = known.fold(0.0, f64::max);
                Scale::exact(greatest, (left(column), left(column) + LONGEST))
            })
            .collect();
        for (n, Column { title, unit }) in self.columns.iter().enumerate() {
            svg.text((left(n), top), Anchor::Start, "head", title);
            svg.text(
                (left(n) + width(title, 17.5) + 4.0, top),
                Anchor::Start,
                "note",
                unit,
            );
        }
        let mut y = top + 12.0;
        for group in &self.groups {
            y += 18.0;
            svg.text((MARGIN, y), Anchor::Start, "note", &group.title);
            y += 8.0;
            for row in &group.rows {
                let foot = y + (ROW + BAR) / 2.0 - 2.0;
                svg.text((first - 10.0, foot), Anchor::End, "label", &row.name);
                for (n, scale) in scales.iter().enumerate() {
                    let Some(value) = row.value(n) else { continue };
                    let end = scale.place(value);
                    let bar = (end - left(n)).max(1.0);
                    svg.bar((left(n), y + (ROW - BAR) / 2.0), bar, BAR, &row.tone.class());
                    svg.text((end + 5.0, foot - 1.0), Anchor::Start, "value", &digits(value));
                }
                y += ROW;
            }
        }
        let right = left(self.columns.len()) + MARGIN / 2.0;
        svg.finish(right.max(self.heading.width()), y + 20.0, &self.heading.title)
    }

    fn rows(&self) -> impl Iterator<Item = &Row> {
        self.groups.iter().flat_map(|group| &group.rows)
    }
}

impl Row {
    fn value(&self, column: usize) -> Option<f64> {
        let value = self.values.get(column).copied().flatten()?;
        (value.is_finite() && value >= 0.0).then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, values: &[Option<f64>]) -> Row {
        Row {
            name: name.to_owned(),
            tone: Tone::Ours,
            values: values.to_vec(),
        }
    }

    #[test]
    fn bars_are_as_long_as_their_numbers_say_and_what_is_unknown_has_none() {
        let column = |title: &str| Column {
            title: title.to_owned(),
            unit: "s".to_owned(),
        };
        let rows = vec![
            row("a", &[Some(4.0), None]),
            row("b", &[Some(1.0), Some(f64::NAN)]),
        ];
        let bars = Bars {
            heading: Heading {
                title: "T".to_owned(),
                notes: Vec::new(),
                key: Vec::new(),
            },
            columns: vec![column("dump"), column("load")],
            groups: vec![Group {
                title: "g".to_owned(),
                rows,
            }],
        };
        let svg = bars.svg();
        let widths: Vec<f64> = svg
            .lines()
            .filter(|line| line.contains("class=\"ours\""))
            .map(|line| {
                line.split("width=\"")
                    .nth(1)
                    .unwrap()
                    .split('"')
                    .next()
                    .unwrap()
                    .parse()
                    .unwrap()
            })
            .collect();
        assert_eq!(widths, [LONGEST, LONGEST / 4.0], "{svg}");
        assert!(!svg.contains("NaN"), "{svg}");
    }
}
