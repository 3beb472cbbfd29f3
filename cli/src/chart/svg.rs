//! Writing SVG: shapes, text, and the colours in which both appear by day and by night.

use std::fmt::Write as _;

/// Where a text is in relation to its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// Heights of letters, in pixels.
pub(super) const LABEL: f64 = 13.0;
pub(super) const SMALL: f64 = 11.0;

/// By day, then by night: ground, ink, soft ink, grid, ours, peer, other.
const SCHEMES: [[&str; 7]; 2] = [
    [
        "#ffffff", "#1f2328", "#59636e", "#dfe4ea", "#0b62c4", "#c2410c", "#8b949e",
    ],
    [
        "#0d1117", "#e6edf3", "#9198a1", "#2a313a", "#58a6ff", "#ff8f4d", "#7d8590",
    ],
];

/// For equals: to be told from one another, and to be read on both grounds.
const MANY: [&str; super::Tone::MANY as usize] = [
    "#3b82f6", "#e0572e", "#1a9d5a", "#a855f7", "#c48a00", "#0d9bb0", "#e0458b", "#7a8a1f", "#6b76d9",
    "#a0694b",
];

/// A picture in the making.
#[derive(Debug)]
pub(super) struct Svg {
    body: String,
}

type At = (f64, f64);

impl Svg {
    pub(super) fn new() -> Self {
        Svg { body: String::new() }
    }

    pub(super) fn text(&mut self, (x, y): At, anchor: Anchor, class: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let text = escaped(text);
        self.push(format_args!(
            "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\"{anchor}>{text}</text>"
        ));
    }

    pub(super) fn line(&mut self, (x1, y1): At, (x2, y2): At, class: &str) {
        self.push(format_args!(
            "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
        ));
    }

    pub(super) fn path(&mut self, points: &[At], class: &str) {
        let points: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        self.push(format_args!(
            "<polyline class=\"{class}\" points=\"{}\"/>",
            points.join(" ")
        ));
    }

    pub(super) fn dot(&mut self, (x, y): At, radius: f64, class: &str) {
        self.push(format_args!(
            "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\"/>"
        ));
    }

    pub(super) fn bar(&mut self, (x, y): At, width: f64, height: f64, class: &str) {
        self.push(format_args!(
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"2\"/>"
        ));
    }

    /// The text of a file of that size.
    pub(super) fn finish(self, width: f64, height: f64, title: &str) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} \
             {height:.0}\" role=\"img\">\n<title>{}</title>\n<style>\n{}</style>\n<rect class=\"ground\" width=\"100%\" \
             height=\"100%\" rx=\"8\"/>\n{}</svg>\n",
            escaped(title),
            style(),
            self.body
        )
    }

    fn push(&mut self, element: std::fmt::Arguments<'_>) {
        // A `String` takes everything.
        let _ = writeln!(self.body, "{element}");
    }
}

fn style() -> String {
    let of = |[ground, ink, soft, grid, ours, peer, other]: [&str; 7]| {
        let tones: String = [("ours", ours), ("peer", peer), ("other", other)]
            .map(tone)
            .concat();
        format!(
            ".ground {{ fill: {ground} }}\ncircle {{ stroke: {ground} }}\n.title, .label, .head {{ fill: {ink} }}\n\
             .note, .tick, .value {{ fill: {soft} }}\n.grid {{ stroke: {grid} }}\n{tones}"
        )
    };
    let [day, night] = SCHEMES.map(of);
    let many: String = (MANY.iter().enumerate())
        .map(|(n, colour)| tone((&format!("n{n}"), colour)))
        .collect();
    format!(
        "text {{ font-family: system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif; font-size: {LABEL}px }}\n\
         .title {{ font-size: 19px; font-weight: 600 }}\n.head {{ font-size: 14px; font-weight: 600 }}\n\
         .tick, .value, .minor {{ font-size: {SMALL}px }}\npolyline {{ stroke-width: 1.5; stroke-opacity: 0.55 }}\n\
         {day}{many}@media (prefers-color-scheme: dark) {{\n{night}}}\n"
    )
}

/// What has a colour: the inside of shapes and letters, and lines, which have no inside.
fn tone((class, colour): (&str, &str)) -> String {
    format!(".{class} {{ fill: {colour} }}\npolyline.{class} {{ fill: none; stroke: {colour} }}\n")
}

/// How wide a text is, roughly: what fonts there are is the reader's business.
pub(super) fn width(text: &str, size: f64) -> f64 {
    let share = |c| match c {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' => 0.27,
        ' ' | 'f' | 't' | 'r' | '(' | ')' | '-' | '/' => 0.36,
        'm' | 'w' | 'M' | 'W' | '%' => 0.85,
        'A'..='Z' => 0.68,
        _ => 0.57,
    };
    text.chars().map(share).sum::<f64>() * size
}

/// Without what means something in XML, or is not allowed in it.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(escaped("a<b>&\u{1}é"), "a&lt;b&gt;&amp;\u{fffd}é");
    }

    #[test]
    fn wide_letters_are_wider() {
        assert!(width("mmm", 10.0) > width("iii", 10.0) * 2.0);
        assert!((width("ab", 20.0) - 2.0 * width("ab", 10.0)).abs() < 1e-9);
    }
}
