//! Plain tables: columns as wide as their widest cell, two spaces between them.

/// A table whose columns stand flush left, except those in `numbers`, which stand flush right.
pub(crate) fn table<const N: usize>(headings: &[&str; N], rows: &[[String; N]], numbers: &[usize]) -> String {
    let widths: [usize; N] = std::array::from_fn(|column| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([headings[column].chars().count()]).max().unwrap_or(0)
    });
    let line = |cells: [&str; N]| {
        let cells: Vec<_> = (0..N)
            .map(|column| {
                let (cell, width) = (cells[column], widths[column]);
                if numbers.contains(&column) {
                    format!("{cell:>width$}")
                } else {
                    format!("{cell:<width$}")
                }
            })
            .collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    let mut text = line(*headings);
    for row in rows {
        text.push_str(&line(std::array::from_fn(|column| row[column].as_str())));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_their_headings() {
        let rows = [["gzip", "12", "yes"], ["größer", "3", ""]].map(|row| row.map(str::to_owned));
        assert_eq!(
            table(&["name", "MB", "ok"], &rows, &[1]),
            "name    MB  ok\n\
             gzip    12  yes\n\
             größer   3\n"
        );
    }
}
