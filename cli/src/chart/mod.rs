//! Pictures of measurements, as SVG: what `bench --plot` draws, and what the project's own reports show.
//!
//! A chart is plain data, which can be read from JSON. There are two kinds: [`Scatter`], speed against size, and [`Bars`],
//! a few figures of a few contenders. Both label things where they are, have a ground of their own, and look for dark
//! colours where the reader's system asks for them.

mod bars;
mod labels;
mod scale;
mod scatter;
mod svg;

use serde::Deserialize;

pub use bars::{Bars, Column, Group, Row};
pub use scatter::{Panel, Point, Scatter, Series};

use svg::{Anchor, Svg};

/// A picture of measurements.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Chart {
    /// Points.
    Scatter(Scatter),
    /// Bars.
    Bars(Bars),
}

impl Chart {
    /// The picture, as the text of an SVG file.
    #[must_use]
    pub fn svg(&self) -> String {
        match self {
            Chart::Scatter(scatter) => scatter.svg(),
            Chart::Bars(bars) => bars.svg(),
        }
    }
}

/// What a chart says in words, above the picture.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heading {
    /// What one is to see.
    pub title: String,
    /// How it was measured; each a line.
    #[serde(default)]
    pub notes: Vec<String>,
    /// What the colours mean, if not what stands beside the points.
    #[serde(default)]
    pub key: Vec<Key>,
}

/// What a colour means.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// The colour.
    pub tone: Tone,
    /// Who has it.
    pub name: String,
}

/// A colour, by its part in the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    /// Whom the picture is about.
    Ours,
    /// Whom it is compared with.
    Peer,
    /// Everybody else.
    Other,
    /// One of many equals; there are [`Tone::MANY`] such colours, and they come again.
    Nth(u8),
}

impl Tone {
    /// How many colours there are for equals.
    pub const MANY: u8 = 10;

    fn class(self) -> String {
        match self {
            Tone::Ours => "ours".to_owned(),
            Tone::Peer => "peer".to_owned(),
            Tone::Other => "other".to_owned(),
            Tone::Nth(n) => format!("n{}", n % Tone::MANY),
        }
    }
}

/// Left and right of everything.
const MARGIN: f64 = 24.0;

impl Heading {
    /// How wide a picture has to be for it, in a wide font too.
    fn width(&self) -> f64 {
        let notes = self.notes.iter().map(|note| svg::width(note, 1.1 * svg::LABEL));
        MARGIN + notes.fold(svg::width(&self.title, 21.0), f64::max) + MARGIN
    }

    /// Draws it, and answers how far down it reaches.
    fn draw(&self, svg: &mut Svg) -> f64 {
        let mut y = 34.0;
        svg.text((MARGIN, y), Anchor::Start, "title", &self.title);
        for note in &self.notes {
            y += 20.0;
            svg.text((MARGIN, y), Anchor::Start, "note", note);
        }
        if !self.key.is_empty() {
            y += 26.0;
            let mut x = MARGIN;
            for Key { tone, name } in &self.key {
                svg.dot((x + 5.0, y - 4.5), 5.0, &tone.class());
                x += 16.0;
                svg.text((x, y), Anchor::Start, "label", name);
                x += svg::width(name, svg::LABEL) + 24.0;
            }
        }
        y + 12.0
    }
}

/// Two digits at least, of what is a thousandth or more, and no more behind the point than that takes.
fn digits(number: f64) -> String {
    let decimals = match number.abs() {
        n if n < 0.0005 => 0,
        n if n < 0.095 => 3,
        n if n < 0.95 => 2,
        n if n < 9.95 => 1,
        _ => 0,
    };
    format!("{number:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::{Chart, digits};

    #[test]
    fn numbers_have_two_digits() {
        let shown = [0.0, 0.012, 0.5, 0.999, 3.21, 9.96, 1234.5].map(digits);
        assert_eq!(shown, ["0", "0.012", "0.50", "1.0", "3.2", "10", "1234"]);
    }

    #[test]
    fn a_chart_that_is_misspelt_is_refused() {
        let bars = |word: &str| {
            format!(r#"{{"kind": "bars", "heading": {{"title": "T"}}, "columns": [], "{word}": []}}"#)
        };
        assert!(serde_json::from_str::<Chart>(&bars("groups")).is_ok());
        assert!(serde_json::from_str::<Chart>(&bars("group")).is_err());
    }
}
