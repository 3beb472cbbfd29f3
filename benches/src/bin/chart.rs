//! Draws a chart: JSON as `demijohn_cli::chart::Chart` reads it on standard input, SVG on standard output.

#![forbid(unsafe_code)]

use std::io::{self, Write as _};

use demijohn_cli::chart::Chart;

fn main() -> io::Result<()> {
    let chart: Chart = serde_json::from_reader(io::stdin().lock())?;
    io::stdout().write_all(chart.svg().as_bytes())
}
