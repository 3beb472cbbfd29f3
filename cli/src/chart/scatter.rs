//! Speed against size: panels with the same axes, two by two.

use serde::Deserialize;

use super::labels::{Area, Labels, Spot};
use super::scale::Scale;
use super::svg::{Anchor, LABEL, SMALL, Svg, width};
use super::{Chart, Heading, MARGIN, Tone};

/// Points in panels, two side by side, which share their axes: across from 0 on, up by factors.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scatter {
    /// Words above.
    pub heading: Heading,
    /// What is written below each panel.
    pub across: String,
    /// What is written above each panel, behind its title if there is room: the unit.
    pub up: String,
    /// From left to right, and then down.
    pub panels: Vec<Panel>,
}

/// One of the pictures in a [`Scatter`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Panel {
    /// What is done here.
    pub title: String,
    /// Those behind come first.
    pub series: Vec<Series>,
}

/// Points that belong together.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Series {
    /// Their colour.
    pub tone: Tone,
    /// Whether a line goes from each to the next.
    #[serde(default)]
    pub joined: bool,
    /// Only those that are finite and above 0 are drawn.
    pub points: Vec<Point>,
}

/// What was measured.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// How far across.
    pub x: f64,
    /// How far up.
    pub y: f64,
    /// What is written beside it.
    pub label: String,
    /// Whether that may be left out where there is no room.
    #[serde(default)]
    pub minor: bool,
}

impl From<Scatter> for Chart {
    fn from(scatter: Scatter) -> Self {
        Chart::Scatter(scatter)
    }
}

/// Of the field of a panel, in pixels.
const WIDTH: f64 = 400.0;
const HEIGHT: f64 = 360.0;
/// Between the edge of the picture, or a panel, and the next field: room for the numbers of an axis.
const LEFT: f64 = 44.0;
/// From one panel to the next.
const PITCH: f64 = LEFT + WIDTH + MARGIN;
/// Between the field of a panel and the one below it: room for the numbers and words of one and the title of the other.
const BELOW: f64 = 92.0;
/// How many panels stand side by side.
const ACROSS: usize = 2;
const DOT: f64 = 4.0;
/// Points of one series that are closer than this share a label.
const SAME: f64 = 7.0;

impl Scatter {
    pub(super) fn svg(&self) -> String {
        let mut svg = Svg::new();
        let top = self.heading.draw(&mut svg) + 32.0;
        let drawn = || {
            self.panels
                .iter()
                .flat_map(|panel| &panel.series)
                .flat_map(Series::drawn)
        };
        let greatest = drawn().map(|point| point.x).fold(0.0, f64::max);
        let low = drawn().map(|point| point.y).reduce(f64::min).unwrap_or(1.0);
        let high = drawn().map(|point| point.y).reduce(f64::max).unwrap_or(10.0);
        let rows = self.panels.chunks(ACROSS).zip(0_u16..);
        for (panels, row) in rows {
            let top = top + f64::from(row) * (HEIGHT + BELOW);
            let up = Scale::logarithmic(low, high, (top + HEIGHT, top));
            for (panel, column) in panels.iter().zip(0_u16..) {
                let left = MARGIN + LEFT + f64::from(column) * PITCH;
                let across = Scale::linear(greatest, (left, left + WIDTH));
                let field = Area(left, top, left + WIDTH, top + HEIGHT);
                self.axes(&mut svg, panel, field, &across, &up);
                panel.draw(&mut svg, field, &across, &up);
            }
        }
        let (columns, rows) = (self.panels.len().min(ACROSS), self.panels.len().div_ceil(ACROSS));
        let times = |n: usize| f64::from(u16::try_from(n).unwrap_or(u16::MAX));
        let width = f64::max(MARGIN + times(columns) * PITCH, self.heading.width());
        svg.finish(
            width,
            top + times(rows) * (HEIGHT + BELOW) - 20.0,
            &self.heading.title,
        )
    }

    fn axes(&self, svg: &mut Svg, panel: &Panel, field: Area, across: &Scale, up: &Scale) {
        let Area(left, top, right, bottom) = field;
        let above = (left - LEFT + 8.0, top - 16.0);
        svg.text(above, Anchor::Start, "head", &panel.title);
        let beside = above.0 + 8.0 + width(&panel.title, 17.5);
        if beside + width(&self.up, LABEL) <= right {
            svg.text((beside, above.1), Anchor::Start, "note", &self.up);
        }
        for tick in up.ticks() {
            let y = up.place(tick);
            svg.line((left, y), (right, y), "grid");
            svg.text((left - 6.0, y + 4.0), Anchor::End, "tick", &tick.to_string());
        }
        for tick in across.ticks() {
            let x = across.place(tick);
            svg.line((x, top), (x, bottom), "grid");
            svg.text((x, bottom + 17.0), Anchor::Middle, "tick", &tick.to_string());
        }
        let middle = (left + right) / 2.0;
        svg.text((middle, bottom + 38.0), Anchor::Middle, "note", &self.across);
    }
}

impl Panel {
    fn draw(&self, svg: &mut Svg, field: Area, across: &Scale, up: &Scale) {
        let places: Vec<Vec<_>> = (self.series.iter())
            .map(|series| {
                series
                    .drawn()
                    .map(|point| (point, (across.place(point.x), up.place(point.y))))
                    .collect()
            })
            .collect();
        for (series, points) in self.series.iter().zip(&places) {
            let class = series.tone.class();
            if series.joined && points.len() > 1 {
                let points: Vec<_> = points.iter().map(|(_, place)| *place).collect();
                svg.path(&points, &class);
            }
            for (_, place) in points {
                svg.dot(*place, series.dot(), &class);
            }
        }
        let dots = places
            .iter()
            .flatten()
            .map(|(_, place)| Area::around(*place, DOT));
        let field = Area(field.0, field.1 - 4.0, field.2 + 12.0, field.3);
        let mut labels = Labels::new(field, dots.collect());
        // Those that must be there choose first, and of them those in front.
        for minor in [false, true] {
            for (series, points) in self.series.iter().zip(&places).rev() {
                for (label, place) in shared_labels(points, minor) {
                    let size = if minor { SMALL } else { LABEL };
                    let spot = labels.place(place, (width(&label, size), size), minor);
                    let Some(Spot { at, anchor }) = spot else { continue };
                    let class = series.tone.class() + if minor { " minor" } else { "" };
                    svg.text(at, anchor, &class, &label);
                }
            }
        }
    }
}

impl Series {
    /// Whoever is behind is larger, so that it is seen there.
    fn dot(&self) -> f64 {
        match self.tone {
            Tone::Peer | Tone::Other => DOT + 1.5,
            Tone::Ours | Tone::Nth(_) => DOT,
        }
    }

    fn drawn(&self) -> impl Iterator<Item = &Point> {
        let drawn = |number: f64| number.is_finite() && number > 0.0;
        self.points
            .iter()
            .filter(move |point| drawn(point.x) && drawn(point.y))
    }
}

/// The labels of a series, those of points in the same place joined.
fn shared_labels(points: &[(&Point, (f64, f64))], minor: bool) -> Vec<(String, (f64, f64))> {
    let mut labels: Vec<(String, (f64, f64))> = Vec::new();
    for (point, place) in points.iter().filter(|(point, _)| point.minor == minor) {
        let near = |other: (f64, f64)| (other.0 - place.0).hypot(other.1 - place.1) < SAME;
        match labels.iter_mut().find(|(_, other)| near(*other)) {
            Some((label, _)) => {
                label.push_str(", ");
                label.push_str(&point.label);
            }
            None => labels.push((point.label.clone(), *place)),
        }
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(x: f64, y: f64, label: &str) -> Point {
        Point {
            x,
            y,
            label: label.to_owned(),
            minor: false,
        }
    }

    fn chart(points: Vec<Point>) -> Scatter {
        let series = Series {
            tone: Tone::Ours,
            joined: true,
            points,
        };
        Scatter {
            heading: Heading {
                title: "<T>".to_owned(),
                notes: vec!["how".to_owned()],
                key: Vec::new(),
            },
            across: "size".to_owned(),
            up: "MB/s".to_owned(),
            panels: vec![Panel {
                title: "dump".to_owned(),
                series: vec![series],
            }],
        }
    }

    #[test]
    fn every_point_is_a_dot_with_its_label() {
        let svg = chart(vec![point(10.0, 5.0, "small"), point(90.0, 500.0, "fast")]).svg();
        assert_eq!(svg.matches("<circle").count(), 2, "{svg}");
        assert_eq!(svg.matches("<polyline").count(), 1, "{svg}");
        assert!(
            svg.contains(">small<") && svg.contains(">fast<") && svg.contains("&lt;T&gt;"),
            "{svg}"
        );
    }

    #[test]
    fn faster_is_further_up_and_smaller_further_left() {
        let svg = chart(vec![point(10.0, 5.0, "small"), point(90.0, 500.0, "fast")]).svg();
        let places: Vec<(f64, f64)> = svg
            .lines()
            .filter(|line| line.starts_with("<circle"))
            .map(|line| {
                let number = |name: &str| {
                    let rest = line.split_once(&format!(" {name}=\"")).unwrap().1;
                    rest.split_once('"').unwrap().0.parse().unwrap()
                };
                (number("cx"), number("cy"))
            })
            .collect();
        assert!(
            places[0].0 < places[1].0 && places[0].1 > places[1].1,
            "{places:?}"
        );
    }

    #[test]
    fn points_in_one_place_share_a_label() {
        let svg = chart(vec![
            point(10.0, 5.0, "gzip"),
            point(10.01, 5.0, "zlib"),
            point(50.0, 5.0, "lz4"),
        ])
        .svg();
        assert!(svg.contains(">gzip, zlib<") && svg.contains(">lz4<"), "{svg}");
    }

    #[test]
    fn what_cannot_be_drawn_is_left_out() {
        let svg = chart(vec![
            point(f64::NAN, 5.0, "a"),
            point(1.0, 0.0, "b"),
            point(1.0, f64::INFINITY, "c"),
        ])
        .svg();
        assert_eq!(svg.matches("<circle").count(), 0, "{svg}");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}
