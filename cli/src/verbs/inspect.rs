//! `demijohn inspect`

use demijohn::pickle::numpy::{Located, MaskedPart};
use demijohn::pickle::path::Path;
use demijohn::pickle::{self, Kind};
use demijohn::{Content, Inspection, Value};
use serde_json::{Value as Json, json};

use crate::args::{Inspect, Wary};
use crate::bytes;
use crate::input::{self, Operand};
use crate::output;
use crate::report::{Exit, Failure, json_line, printable};
use crate::table::Layout;

/// The most rows of objects, how many objects are looked at for them, and the most names.
const ROWS: usize = 100;
const LOOK: usize = 100_000;
const NAMES: usize = 20;

/// The widest path that has a row of its own with what stands there, and the longest that is shown.
const PATH: usize = 40;
const LONGEST: usize = 400;

/// The longest that is shown of one value.
const CELL: usize = 34;

/// The name of the format of joblib before 0.10.
const ZFILE: &str = "zfile";

pub(crate) fn run(args: &Inspect) -> Result<Exit, Failure> {
    let mut first = true;
    super::each(
        &args.files.files,
        |_| Ok(()),
        |operand| {
            let gap = !std::mem::replace(&mut first, false) && !args.json;
            one(args, operand, if gap { "\n" } else { "" })
        },
    )
}

/// Inspects a file, and those beside it that have its arrays.
pub(super) fn look(file: std::fs::File, operand: &Operand, wary: &Wary) -> Inspection {
    let limits = wary.limits();
    let mut found = demijohn::inspect_file(file, &limits);
    if let Some(path) = operand.path() {
        found.look_beside(path, &limits);
    }
    found
}

/// `before` stands between this report and the one before.
fn one(args: &Inspect, operand: &Operand, before: &str) -> Result<(), Failure> {
    let (file, _) = input::open(operand).map_err(|error| Failure::new(operand, error))?;
    let mut found = look(file, operand, &args.wary);
    let failure = found.error.take().map(|error| Failure::of_object(operand, error));
    let text = if args.json {
        json_line(&object(operand, &found, failure.as_ref()))
    } else {
        format!("{before}{}", report(operand, &found))
    };
    output::print(&text)?;
    failure.map_or(Ok(()), Err)
}

fn object(operand: &Operand, found: &Inspection, failure: Option<&Failure>) -> Json {
    let array = |entry: &demijohn::ArrayEntry| {
        json!({
            "path": entry.path,
            "dtype": entry.layout.dtype().to_string(),
            "shape": entry.layout.shape(),
            "order": entry.layout.canonical_order().as_str(),
            "bytes": entry.layout.nbytes(),
            "offset": entry.offset,
        })
    };
    let companion = |entry: &demijohn::CompanionEntry| {
        let layout = entry.layout.as_ref();
        json!({
            "path": entry.path,
            "file": entry.file,
            "dtype": layout.map(|layout| layout.dtype().to_string()),
            "shape": layout.map(|layout| layout.shape().to_vec()),
            "order": layout.map(|layout| layout.canonical_order().as_str()),
            "bytes": layout.map(|layout| layout.nbytes()),
        })
    };
    json!({
        "file": operand.to_string(),
        "ok": failure.is_none(),
        "content": found.content.as_str(),
        "format": found.format,
        "compressed": found.compressed,
        "uncompressed": found.uncompressed,
        "protocol": found.protocol,
        "lead": found.lead,
        "tail": found.tail,
        "further": found.further,
        "globals": globals(found),
        "arrays": found.arrays.iter().map(array).collect::<Vec<_>>(),
        "arrays_omitted": found.arrays_omitted,
        "others": found.others,
        "companions": found.companions.iter().map(companion).collect::<Vec<_>>(),
        "error": failure.map(Failure::to_json),
    })
}

/// What is said of objects behind the first.
pub(super) fn further(found: &Inspection) -> String {
    match found.further {
        0 => String::new(),
        n => format!(", {} among them, whose names are listed", count(n, "object")),
    }
}

/// The names as `--json` prints them.
pub(super) fn globals(found: &Inspection) -> Json {
    let global = |global: &demijohn::GlobalEntry| {
        json!({
            "module": global.module,
            "name": global.name,
            "offset": global.offset,
            "count": global.count,
            "known_safe": global.known_safe,
        })
    };
    found.globals.iter().map(global).collect()
}

fn report(operand: &Operand, found: &Inspection) -> String {
    let mut text = format!("{operand}: {}\n", what(found));
    text.push_str(&sizes(found));
    if !found.companions.is_empty() {
        text.push_str(&format!(
            "  {} in files beside it; `demijohn convert` makes one file of them\n",
            count(found.companions.len() as u64, "array")
        ));
    }
    if !found.others.is_empty() {
        let more = found.others.len().saturating_sub(NAMES);
        let names: Vec<_> = found
            .others
            .iter()
            .take(NAMES)
            .map(|name| cut(&printable(name), PATH))
            .collect();
        let entries = if found.others.len() == 1 {
            "entry is no array"
        } else {
            "entries are no arrays"
        };
        let rest = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        text.push_str(&format!(
            "  {} {entries}: {}{rest}\n",
            found.others.len(),
            names.join(", ")
        ));
    }
    if found.lead > 0 {
        text.push_str(&format!(
            "  {} stand in front of the zip file\n",
            count(found.lead, "byte")
        ));
    }
    if found.tail > 0 {
        let what = match found.content {
            Content::Npz => "zip file, or a pickle in it,",
            _ => "object",
        };
        text.push_str(&format!(
            "  {} follow the {what} and are ignored{}\n",
            count(found.tail, "byte"),
            further(found)
        ));
    }
    text.push_str(&names(found));
    let (rows, more) = rows(found);
    if !rows.is_empty() {
        text.push('\n');
        text.push_str(&table(&rows));
    }
    if more {
        let all = if found.arrays.is_empty() {
            ""
        } else {
            "; --json lists every array"
        };
        text.push_str(&format!("… and more{all}\n"));
    }
    text
}

fn what(found: &Inspection) -> String {
    let protocol = match (found.content, found.protocol) {
        // A damaged one may end before it says more.
        (Content::Pickle, None) if found.document.is_some() => " of protocol 0 or 1".to_owned(),
        (_, Some(protocol)) => format!(" of protocol {protocol}"),
        (_, None) => String::new(),
    };
    let joblib = found.globals.iter().any(|g| g.name == "NumpyArrayWrapper");
    let companions = found.companions.len() as u64;
    match found.content {
        Content::Pickle if found.format == ZFILE => format!("joblib 0.9 z-file, pickle{protocol}"),
        Content::Data if found.format == ZFILE => "joblib 0.9 z-file, not of a pickle".to_owned(),
        Content::Pickle if companions > 0 => format!("joblib 0.9 file, pickle{protocol}"),
        Content::Pickle if joblib => format!("joblib file, pickle{protocol}"),
        Content::Pickle => format!("pickle{protocol}"),
        Content::Npy if found.protocol.is_some() => format!(".npy file of Python objects, pickle{protocol}"),
        Content::Npy => ".npy file".to_owned(),
        Content::Npz => {
            let arrays = found.arrays.len() + found.object_arrays.len();
            format!(".npz file of {}", count(arrays as u64, "array"))
        }
        Content::Data => "compressed data".to_owned(),
        _ => "not known".to_owned(),
    }
}

fn sizes(found: &Inspection) -> String {
    let plain = found.format == "none";
    match found.uncompressed {
        Some(size) if plain && found.content != Content::Npz => {
            format!("  {}, not compressed\n", bytes::shown(size))
        }
        Some(size) => {
            let format = if plain { "zip" } else { found.format };
            format!("  {}\n", bytes::change(format, size, found.compressed))
        }
        None if plain => format!("  {}\n", bytes::shown(found.compressed)),
        None => format!("  {}, {}\n", found.format, bytes::shown(found.compressed)),
    }
}

/// `1 byte`, `2 bytes`.
pub(super) fn count(n: u64, thing: &str) -> String {
    format!("{n} {thing}{}", if n == 1 { "" } else { "s" })
}

fn names(found: &Inspection) -> String {
    if found.globals.is_empty() {
        return String::new();
    }
    let unknown = found.globals.iter().filter(|g| !g.known_safe).count();
    let verdict = match unknown {
        0 => "all known to be harmless".to_owned(),
        n => format!("{n} not known to be harmless (!)"),
    };
    let n = count(found.globals.len() as u64, "global");
    let mut text = format!("  {n} named, {verdict}\n");
    // Those that matter first.
    let (safe, marked): (Vec<_>, Vec<_>) = found.globals.iter().partition(|g| g.known_safe);
    for global in marked.iter().chain(&safe).take(NAMES) {
        text.push_str(&name_line(global));
    }
    if found.globals.len() > NAMES {
        text.push_str(&format!(
            "    … and {} more; `demijohn scan` lists them\n",
            found.globals.len() - NAMES
        ));
    }
    text
}

/// One name, marked if it is not known to be harmless.
pub(super) fn name_line(global: &demijohn::GlobalEntry) -> String {
    let mark = if global.known_safe { ' ' } else { '!' };
    let name = cut(&printable(&format!("{}.{}", global.module, global.name)), LONGEST);
    let times = if global.count > 1 {
        format!(", {} times", global.count)
    } else {
        String::new()
    };
    format!("  {mark} {name} (at byte {}{times})\n", global.offset)
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

type Row = [String; 6];

const HEADINGS: [&str; 6] = ["path", "type", "what", "order", "bytes", "offset"];

/// How much of a value is shown.
enum Shown {
    /// A row, and rows below it.
    WithParts,
    /// A row alone: what it is made of says nothing more.
    Alone,
    /// Not even a row: numbers, texts and their like are too many. What they are made of is not shown either.
    Not,
}

fn shown(value: Value<'_>) -> Shown {
    match value.kind() {
        Kind::Dict
        | Kind::List
        | Kind::Tuple
        | Kind::Set
        | Kind::FrozenSet
        | Kind::OrderedDict
        | Kind::DefaultDict
        | Kind::Deque
        | Kind::ObjectArray
        | Kind::Object => Shown::WithParts,
        Kind::Array | Kind::MaskedArray => Shown::Alone,
        _ => Shown::Not,
    }
}

/// The rows, and whether there would be more.
fn rows(found: &Inspection) -> (Vec<Row>, bool) {
    let Some(document) = &found.document else {
        let plain = found.arrays.iter();
        let plain = plain.map(|entry| array_row(&entry.path, "array", &entry.layout, entry.offset));
        let objects = found.object_arrays.iter();
        let objects = objects.map(|entry| objects_row(&entry.path, &entry.layout));
        let mut rows: Vec<_> = plain.chain(objects).take(ROWS + 1).collect();
        let more = rows.len() > ROWS;
        rows.truncate(ROWS);
        return (rows, more);
    };
    let root = document.root();
    let (mut rows, mut walk) = (Vec::new(), document.walk());
    for _ in 0..LOOK {
        let Some(visit) = walk.next() else { break };
        let value = visit.value();
        let shown = shown(value);
        if matches!(shown, Shown::Not) && !value.is(root) {
            walk.skip_parts();
            continue;
        }
        if rows.len() >= ROWS {
            return (rows, true);
        }
        let (these, whole) = rows_of(found, value, &visit.path());
        rows.extend(these);
        if whole || !matches!(shown, Shown::WithParts) {
            walk.skip_parts();
        }
    }
    (rows, false)
}

/// The row of a value, or the two of a masked array, and whether its parts would say no more than that.
fn rows_of(found: &Inspection, value: Value<'_>, path: &Path) -> (Vec<Row>, bool) {
    if let Some(masked) = value.as_masked_array() {
        let [data, mask] = masked.parts();
        let row = |part: MaskedPart<'_>, kind| {
            let path = part.path(path).to_string();
            array_row(&path, kind, part.layout(), found.offset_of(&part))
        };
        return (vec![row(data, "masked array"), row(mask, "its mask")], true);
    }
    let (row, whole) = row_of(found, value, &path.to_string());
    (vec![row], whole)
}

fn row_of(found: &Inspection, value: Value<'_>, path: &str) -> (Row, bool) {
    if let Some(layout) = found.layout(value) {
        return (array_row(path, "array", layout, found.offset(value)), true);
    }
    if let Some(objects) = value.as_object_array() {
        return (objects_row(path, objects.layout()), false);
    }
    if let Some(file) = found.companion(value) {
        let entry = found.companions.iter().find(|entry| entry.path == path);
        let plain = entry.is_some_and(|entry| entry.layout.is_some());
        // One of Python objects, or one that was not read.
        let kind = if plain { "array" } else { "object array" };
        return (row(path, kind, format!("in {file}")), true);
    }
    match value.as_object().map(|_| pickle::numpy::locate(value)) {
        Some(Ok(Located::Here(array))) => (array_row(path, "array", array.layout(), None), true),
        Some(Ok(Located::Absent(absent))) => (array_row(path, "array", absent.layout(), None), true),
        _ => (row(path, value.type_name(), format!("{value:?}")), false),
    }
}

fn row(path: &str, kind: &str, what: String) -> Row {
    [
        path.to_owned(),
        kind.to_owned(),
        what,
        String::new(),
        String::new(),
        String::new(),
    ]
}

fn array_row(path: &str, kind: &str, layout: &demijohn::arrays::Layout, offset: Option<u64>) -> Row {
    // `<f8 (2, 3) C`: the order has a column of its own.
    let shown = layout.to_string();
    let what = shown.strip_suffix(layout.order().as_str()).unwrap_or(&shown);
    [
        path.to_owned(),
        kind.to_owned(),
        what.trim_end().to_owned(),
        layout.canonical_order().as_str().to_owned(),
        layout.nbytes().to_string(),
        offset.map_or("-".to_owned(), |offset| offset.to_string()),
    ]
}

fn objects_row(path: &str, layout: &demijohn::arrays::Layout) -> Row {
    let mut row = array_row(path, "object array", layout, None);
    // They are wherever they are.
    row[4] = "-".to_owned();
    row
}

/// Long paths stand on lines of their own.
fn table(rows: &[Row]) -> String {
    let split = |row: &Row| {
        let mut cells = row.each_ref().map(|cell| cut(&printable(cell), CELL));
        let path = cut(&printable(&row[0]), LONGEST);
        if path.chars().count() > PATH {
            cells[0] = String::new();
            return (Some(path), cells);
        }
        cells[0] = path;
        (None, cells)
    };
    let (long, cells): (Vec<_>, Vec<_>) = rows.iter().map(split).unzip();
    let layout = Layout::new(&HEADINGS, &cells, &[4, 5]);
    let mut text = layout.line(&HEADINGS);
    for (path, row) in long.iter().zip(&cells) {
        if let Some(path) = path {
            text.push_str(path);
            text.push('\n');
        }
        text.push_str(&layout.line(&row.each_ref().map(String::as_str)));
    }
    text
}
