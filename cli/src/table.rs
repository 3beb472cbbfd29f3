//! Plain tables: columns as wide as their widest cell, two spaces between them.

/// How wide the columns of a table are, and on which side their cells stand.
pub(crate) struct Layout<const N: usize> {
    widths: [usize; N],
    numbers: [bool; N],
}

impl<const N: usize> Layout<N> {
    /// Fits these headings and rows. Columns stand flush left, except those in `numbers`.
    pub(crate) fn new(headings: &[&str; N], rows: &[[String; N]], numbers: &[usize]) -> Self {
        let width = |column: usize| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.chain([headings[column].chars().count()]).max().unwrap_or(0)
        };
        Layout {
            widths: std::array::from_fn(width),
            numbers: std::array::from_fn(|column| numbers.contains(&column)),
        }
    }

    /// One line of the table, its end included.
    pub(crate) fn line(&self, cells: &[&str; N]) -> String {
        let padded: [String; N] = std::array::from_fn(|column| {
            let (cell, width) = (cells[column], self.widths[column]);
            if self.numbers[column] {
                format!("{cell:>width$}")
            } else {
                format!("{cell:<width$}")
            }
        });
        format!("{}\n", padded.join("  ").trim_end())
    }
}

/// A whole table of text.
pub(crate) fn table<const N: usize>(headings: &[&str; N], rows: &[[String; N]]) -> String {
    let layout = Layout::new(headings, rows, &[]);
    let lines = rows
        .iter()
        .map(|row| layout.line(&row.each_ref().map(String::as_str)));
    [layout.line(headings)].into_iter().chain(lines).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_their_headings() {
        let rows = [["gzip", "yes"], ["größer", ""]].map(|row| row.map(str::to_owned));
        assert_eq!(
            table(&["name", "ok"], &rows),
            "name    ok\n\
             gzip    yes\n\
             größer\n"
        );
    }

    #[test]
    fn numbers_stand_flush_right() {
        let layout = Layout::new(&["name", "MB"], &[["a", "12.5"].map(str::to_owned)], &[1]);
        assert_eq!(layout.line(&["name", "MB"]), "name    MB\n");
        assert_eq!(layout.line(&["a", "3"]), "a        3\n");
    }
}
