//! `demijohn codecs`

use demijohn_codecs::{Compressor, Registry, Spec};
use serde_json::{Value, json};

use crate::args::Codecs;
use crate::output;
use crate::report::{Exit, Failure};
use crate::table::table;

pub(crate) fn run(args: &Codecs) -> Result<Exit, Failure> {
    let formats = Registry::global().formats();
    let text = if args.json {
        let all: Vec<Value> = formats.iter().map(object).collect();
        format!("{:#}\n", Value::from(all))
    } else {
        listing(&formats)
    };
    output::print(&text)?;
    Ok(Exit::Ok)
}

fn object(format: &Compressor) -> Value {
    let spec = format.spec();
    let levels = spec
        .level_range()
        .map(|range| json!({ "min": range.start(), "max": range.end(), "default": spec.default_level() }));
    json!({
        "name": spec.name(),
        "summary": spec.summary(),
        "extensions": spec.file_extensions(),
        "magic": spec.magic().iter().map(|magic| hex(magic)).collect::<Vec<_>>(),
        "levels": levels,
        "joins_streams": spec.joins_streams(),
        "nul_padding": spec.padding().as_str(),
        "checksum": spec.data_checksum(),
        "detects_truncation": spec.detects_truncation(),
        "flush": spec.flushing().as_str(),
        "seek": spec.seek_kind().as_str(),
        "writes_seekable": spec.writes_seekable(),
        "threads": spec.threading().as_str(),
        "available": format.is_available(),
    })
}

const HEADINGS: [&str; 12] = [
    "name",
    "extensions",
    "levels",
    "checksum",
    "joins",
    "cuts",
    "flush",
    "seek",
    "seekable",
    "threads",
    "built in",
    "begins with",
];

const LEGEND: &str = "\
levels       lowest to highest, the default in brackets
checksum     over the data, verified when reading
joins        streams one behind the other are read as one
cuts         every truncated stream is noticed
flush        what flushing while writing does
seek         how a reader goes to an offset
seekable     can be written to be sought in (compress --seekable)
threads      which directions can use several (-T)
begins with  in hexadecimal; more than these bytes is looked at
";

fn listing(formats: &[Compressor]) -> String {
    let rows: Vec<_> = formats.iter().map(row).collect();
    let mut text = table(&HEADINGS, &rows);
    text.push('\n');
    text.push_str(LEGEND);
    text
}

fn row(format: &Compressor) -> [String; HEADINGS.len()] {
    let spec = format.spec();
    let yes = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    [
        spec.name().to_owned(),
        or_dash(spec.file_extensions().join(" ")),
        levels(spec),
        spec.data_checksum().unwrap_or("-").to_owned(),
        yes(spec.joins_streams()),
        yes(spec.detects_truncation()),
        spec.flushing().to_string(),
        spec.seek_kind().to_string(),
        yes(spec.writes_seekable()),
        spec.threading().to_string(),
        yes(format.is_available()),
        or_dash(magics(spec)),
    ]
}

fn levels(spec: &Spec) -> String {
    match (spec.level_range(), spec.default_level()) {
        (Some(range), Some(default)) => format!("{}..{} [{default}]", range.start(), range.end()),
        _ => "-".to_owned(),
    }
}

/// All signatures, or the first ones where there are many (zstd's skippable frames have sixteen).
fn magics(spec: &Spec) -> String {
    const SHOWN: usize = 2;
    let all = spec.magic();
    let mut text: Vec<_> = all.iter().take(SHOWN).map(|magic| hex(magic)).collect();
    if all.len() > SHOWN {
        text.push(format!("and {} more", all.len() - SHOWN));
    }
    text.join(", ")
}

fn or_dash(text: String) -> String {
    if text.is_empty() { "-".to_owned() } else { text }
}

fn hex(bytes: &[u8]) -> String {
    let bytes: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    bytes.join(" ")
}
