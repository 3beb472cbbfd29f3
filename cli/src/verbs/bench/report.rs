//! What was measured, for people and for scripts.

use std::time::Duration;

use demijohn_codecs::Result;
use serde_json::{Value, json};

use super::data::Data;
use super::measure::Outcome;
use super::plan::Row;
use crate::args::Bench;
use crate::bytes;
use crate::report::printable;
use crate::table::Layout;

/// A row and what came of it.
#[derive(Debug)]
pub(super) struct Ranked {
    pub(super) row: Row,
    pub(super) outcome: Result<Outcome>,
    /// Is no other row both smaller and faster?
    best_compress: bool,
    best_decompress: bool,
}

/// The smallest first, and those that failed last; the best are marked.
pub(super) fn ranked(results: Vec<(Row, Result<Outcome>)>) -> Vec<Ranked> {
    let best = |time: fn(&Outcome) -> Duration| {
        let point = |outcome: &Result<Outcome>| outcome.as_ref().ok().map(|o| (o.compressed, time(o)));
        let points: Vec<_> = results.iter().map(|(_, outcome)| point(outcome)).collect();
        let beats = |a: (u64, Duration), b: (u64, Duration)| a.0 <= b.0 && a.1 <= b.1 && a != b;
        let unbeaten = |of: &Option<(u64, Duration)>| {
            of.is_some_and(|of| !points.iter().flatten().any(|&a| beats(a, of)))
        };
        points.iter().map(unbeaten).collect::<Vec<_>>()
    };
    let (compress, decompress) = (best(|o| o.compress.time), best(|o| o.decompress.time));
    let mut ranked: Vec<_> = results
        .into_iter()
        .zip(compress.into_iter().zip(decompress))
        .map(|((row, outcome), (best_compress, best_decompress))| Ranked {
            row,
            outcome,
            best_compress,
            best_decompress,
        })
        .collect();
    ranked.sort_by_key(|ranked| ranked.outcome.as_ref().map_or(u64::MAX, |o| o.compressed));
    ranked
}

/// `zstd 19`
pub(super) fn title(row: &Row) -> String {
    match row.level {
        Some(level) => format!("{} {level}", row.format.name()),
        None => row.format.name().to_owned(),
    }
}

const HEADINGS: [&str; 6] = [
    "format",
    "level",
    "size",
    "ratio",
    "compress MB/s ",
    "decompress MB/s ",
];

pub(super) fn table(args: &Bench, data: &Data, ranked: &[Ranked]) -> String {
    let plain = data.bytes.len() as u64;
    let speed = |time: Duration, best: bool| {
        let star = if best { '*' } else { ' ' };
        format!("{:.1}{star}", megabytes_per_second(plain, time))
    };
    let cells = |ranked: &Ranked| {
        let outcome = ranked.outcome.as_ref().ok()?;
        let ratio = bytes::ratio(plain, outcome.compressed);
        Some([
            ranked.row.format.name().to_owned(),
            ranked.row.level.map_or("-".to_owned(), |level| level.to_string()),
            bytes::shown(outcome.compressed),
            ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.2}")),
            speed(outcome.compress.time, ranked.best_compress),
            speed(outcome.decompress.time, ranked.best_decompress),
        ])
    };
    let rows: Vec<_> = ranked.iter().filter_map(cells).collect();
    let layout = Layout::new(&HEADINGS, &rows, &[1, 2, 3, 4, 5]);
    let mut text = format!("{}\n\n{}", introduction(args, data), layout.line(&HEADINGS));
    for row in &rows {
        text.push_str(&layout.line(&row.each_ref().map(String::as_str)));
    }
    for Ranked { row, outcome, .. } in ranked {
        if let Err(error) = outcome {
            text.push_str(&format!(
                "{}: FAILED: {}\n",
                title(row),
                printable(&error.to_string())
            ));
        }
    }
    text
}

/// What is measured, and what to know of it.
fn introduction(args: &Bench, data: &Data) -> String {
    let measured = bytes::shown(data.bytes.len() as u64);
    let of = if args.decode && data.compressed_with.is_some() {
        " decoded"
    } else {
        ""
    };
    let mut text = match (data.cut, data.total) {
        (false, _) => format!("{}: {measured}{of}", data.name),
        (true, Some(total)) => format!(
            "{}: the first {measured} of {}; --sample takes more",
            data.name,
            bytes::shown(total)
        ),
        (true, None) => format!("{}: the first {measured}{of}; --sample takes more", data.name),
    };
    if data.element_size > 1 {
        text.push_str(&format!(" (an array of {}-byte elements)", data.element_size));
    }
    match data.compressed_with {
        Some(format) if !args.decode => text.push_str(&format!(
            "\nIt is compressed already ({format}); --decode measures what is in it."
        )),
        _ => {}
    }
    text
}

/// How the tables are to be read.
pub(super) fn legend(args: &Bench) -> String {
    let threads = threads(args);
    format!(
        "\n\
         * nothing else in the table is as small and as fast in this direction\n\
         Ratio is plain by compressed size, speed is 10^6 plain bytes a second in memory\n\
         on {threads}:\n\
         the median of the runs in {} s, or one longer run.\n\
         What was decompressed is what had been compressed, or it says FAILED.\n",
        args.min_time.as_secs_f64(),
    )
}

/// On how many it is measured.
pub(super) fn threads(args: &Bench) -> String {
    match args.threads.count() {
        1 => "one thread".to_owned(),
        n => format!("{n} threads where the format has use for them"),
    }
}

pub(super) fn object(args: &Bench, data: &Data, ranked: &[Ranked]) -> Value {
    let plain = data.bytes.len() as u64;
    let row = |ranked: &Ranked| {
        let outcome = ranked.outcome.as_ref().ok();
        json!({
            "format": ranked.row.format.name(),
            "level": ranked.row.level,
            "compressed": outcome.map(|o| o.compressed),
            "ratio": outcome.and_then(|o| bytes::ratio(plain, o.compressed)),
            "compress_seconds": outcome.map(|o| o.compress.time.as_secs_f64()),
            "compress_runs": outcome.map(|o| o.compress.runs),
            "decompress_seconds": outcome.map(|o| o.decompress.time.as_secs_f64()),
            "decompress_runs": outcome.map(|o| o.decompress.runs),
            "best_compress": ranked.best_compress,
            "best_decompress": ranked.best_decompress,
            "error": ranked.outcome.as_ref().err().map(ToString::to_string),
        })
    };
    json!({
        "file": data.name,
        "measured": plain,
        "total": data.total,
        "compressed_with": data.compressed_with,
        "element_size": data.element_size,
        "decoded": args.decode && data.compressed_with.is_some(),
        "threads": args.threads.count(),
        "results": ranked.iter().map(row).collect::<Vec<_>>(),
    })
}

#[expect(clippy::cast_precision_loss, reason = "a few digits are shown")]
pub(super) fn megabytes_per_second(bytes: u64, time: Duration) -> f64 {
    bytes as f64 / 1e6 / time.as_secs_f64().max(1e-9)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verbs::bench::measure::Timing;
    use clap::Parser as _;
    use demijohn_codecs::{Compressor, Error, ErrorKind};

    fn result(level: i32, sizes: Option<(u64, u64, u64)>) -> (Row, Result<Outcome>) {
        let timing = |milliseconds| Timing {
            time: Duration::from_millis(milliseconds),
            runs: 1,
        };
        let row = Row {
            format: Compressor::by_name("none").unwrap(),
            level: Some(level),
        };
        let failed = Error::new(ErrorKind::Corrupt, "bad");
        let outcome = sizes.map(|(compressed, compress, decompress)| Outcome {
            compressed,
            compress: timing(compress),
            decompress: timing(decompress),
        });
        (row, outcome.ok_or(failed))
    }

    #[test]
    fn a_row_that_failed_is_shown_and_is_no_object_without_an_error() {
        let args = crate::args::Args::parse_from(["demijohn", "bench", "x"]);
        let crate::args::Verb::Bench(args) = args.verb else {
            panic!("asked for bench")
        };
        let data = Data {
            name: "x".to_owned(),
            bytes: vec![0; 100],
            element_size: 1,
            cut: false,
            total: Some(100),
            compressed_with: None,
        };
        let ranked = ranked(vec![result(7, None), result(1, Some((50, 10, 5)))]);
        let table = table(&args, &data, &ranked);
        let lines: Vec<_> = table.lines().skip(3).collect();
        assert_eq!(lines.len(), 2, "{table}");
        assert!(lines[0].starts_with("none        1  50 B   2.00"), "{table}");
        assert_eq!(lines[1], "none 7: FAILED: corrupt: bad");
        let object = object(&args, &data, &ranked);
        assert_eq!(object["results"][0]["error"], Value::Null);
        assert_eq!(object["results"][1]["error"], "corrupt: bad");
        assert_eq!(object["results"][1]["compressed"], Value::Null);
    }

    #[test]
    fn rows_are_ranked_and_the_unbeaten_marked() {
        let ranked = ranked(vec![
            result(0, None),
            result(1, Some((50, 10, 10))),
            result(2, Some((40, 20, 10))),
            // Beaten: as large as the one before, and slower in both directions.
            result(3, Some((40, 21, 11))),
            // Beaten in one direction.
            result(4, Some((45, 15, 12))),
            // A tie beats nobody.
            result(5, Some((50, 10, 9))),
        ]);
        let marks: Vec<_> = ranked
            .iter()
            .map(|r| (r.row.level.unwrap(), r.best_compress, r.best_decompress))
            .collect();
        assert_eq!(
            marks,
            [
                (2, true, true),
                (3, false, false),
                (4, true, false),
                (1, true, false),
                (5, true, true),
                (0, false, false)
            ]
        );
    }
}
