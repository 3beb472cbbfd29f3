//! The table of codecs and classes of data, as Markdown.

use crate::Entropy;

/// What one codec makes of one class of data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// Plain bytes by coded bytes.
    pub ratio: f64,
    /// Plain MB (10^6 bytes) per second.
    pub write: f64,
    /// The same in the other direction.
    pub read: f64,
}

/// A codec at one level, with a cell for each class, in the order of [`Entropy::ALL`].
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The name of the codec.
    pub codec: &'static str,
    /// Its default level, if it has levels.
    pub level: Option<i32>,
    /// What it makes of the data.
    pub cells: [Cell; Entropy::ALL.len()],
}

/// A Markdown table with a line for each row.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let headings = Entropy::ALL.map(Entropy::title).join(" | ");
    let mut table = format!(
        "| codec | {headings} |\n|---|{}\n",
        "---|".repeat(Entropy::ALL.len())
    );
    for row in rows {
        let level = row.level.map(|level| format!(" {level}")).unwrap_or_default();
        let cells = row.cells.each_ref().map(Cell::shown).join(" | ");
        table.push_str(&format!("| {}{level} | {cells} |\n", row.codec));
    }
    table
}

impl Cell {
    fn shown(&self) -> String {
        format!(
            "{}× {} / {}",
            three(self.ratio),
            three(self.write),
            three(self.read)
        )
    }
}

/// Three digits at least, and no more behind the point than that takes.
fn three(number: f64) -> String {
    let decimals = match number {
        n if n < 9.995 => 2,
        n if n < 99.95 => 1,
        _ => 0,
    };
    format!("{number:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::{Cell, Row, table, three};
    use crate::Entropy;

    #[test]
    fn numbers_have_three_digits() {
        let shown = [0.994_9, 1.0, 9.994, 9.996, 12.345, 99.96, 812.4, 12_345.6].map(three);
        assert_eq!(
            shown,
            ["0.99", "1.00", "9.99", "10.0", "12.3", "100", "812", "12346"]
        );
    }

    #[test]
    fn a_row_has_a_cell_for_each_class() {
        let cell = Cell {
            ratio: 3.08,
            write: 92.4,
            read: 446.0,
        };
        let row = |codec, level| Row {
            codec,
            level,
            cells: [cell; Entropy::ALL.len()],
        };
        let table = table(&[row("gzip", Some(3)), row("snappy", None)]);
        let lines: Vec<_> = table.lines().collect();
        assert_eq!(lines.len(), 4);
        assert!(
            lines[2].starts_with("| gzip 3 | 3.08× 92.4 / 446 | 3.08×"),
            "{table}"
        );
        assert!(lines[3].starts_with("| snappy | 3.08×"), "{table}");
        let columns = |line: &str| line.matches('|').count();
        assert!(
            lines.iter().all(|line| columns(line) == columns(lines[0])),
            "{table}"
        );
    }
}
