//! `demijohn demo`: one object through every codec, there and back.

mod sample;
mod subject;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use demijohn::Summary;
use demijohn_codecs::{Compressor, Registry};
use serde_json::{Value, json};

use self::subject::Subject;
use crate::args::Demo;
use crate::bytes;
use crate::interrupt::{self, Scratch};
use crate::output;
use crate::report::{Exit, Failure, printable, shown};
use crate::table::Layout;

/// Levels of codecs whose default takes too long for a demonstration.
const FAST: &[(&str, i32)] = &[("xz", 1), ("lzma", 1), ("bz2", 1)];

/// The codecs whose files Python's `joblib.load` opens.
const JOBLIB: &[&str] = &["none", "zlib", "gzip", "bz2", "lzma", "xz"];

/// Those whose files it opens if a further package of the same name is installed.
const JOBLIB_WITH_PACKAGE: &[&str] = &["lz4"];

/// A codec, its level, and the file it is tried with.
struct Trial {
    format: Compressor,
    level: Option<i32>,
    path: PathBuf,
}

/// What came of a trial.
struct Outcome {
    summary: Summary,
    dump: Duration,
    load: Duration,
    same: bool,
}

pub(crate) fn run(args: &Demo) -> Result<Exit, Failure> {
    let subject = match &args.file {
        Some(operand) => Subject::open(operand)?,
        None => Subject::Sample(Box::new(sample::Sample::new(args.size))),
    };
    let scratch;
    let dir = match &args.keep {
        Some(dir) => {
            fs::create_dir_all(dir).map_err(|error| Failure::new(shown(dir), error))?;
            dir.as_path()
        }
        None => {
            scratch = Scratch::new().map_err(|error| Failure::new("a temporary directory", error))?;
            scratch.path()
        }
    };
    let trials = trials(dir, &stem(args));
    if let Some(old) = trials.iter().find(|trial| trial.path.exists() && !args.force) {
        return Err(Failure::refused(
            shown(&old.path),
            "exists already; -f overwrites it",
        ));
    }
    let show = |text: &str| if args.json { Ok(()) } else { output::print(text) };

    let layout = layout(&trials);
    show(&format!(
        "{}\n\n{}",
        introduction(&subject),
        layout.line(&HEADINGS)
    ))?;
    let mut rows = Vec::new();
    let mut all_same = true;
    for trial in &trials {
        let outcome = run_trial(trial, &subject);
        if interrupt::requested() {
            return Err(Failure::Interrupted);
        }
        show(&line(&layout, trial, &outcome))?;
        all_same &= outcome.as_ref().is_ok_and(|outcome| outcome.same);
        rows.push(object(trial, &outcome, args.keep.is_some()));
        if args.keep.is_none() {
            // The next codec may need the room. Whether this works is told by that one.
            let _ = fs::remove_file(&trial.path);
        }
    }
    if args.json {
        let all = json!({ "object": subject.description(), "ok": all_same, "codecs": rows });
        output::print(&format!("{all:#}\n"))?;
    } else {
        output::print(&conclusion(args, &trials, all_same))?;
    }
    Ok(if all_same { Exit::Ok } else { Exit::Failed })
}

/// The name of the files without the codec's extension: `demo.pkl`, or after the user's file.
fn stem(args: &Demo) -> String {
    let name = args.file.as_deref().and_then(Path::file_name);
    let Some(name) = name.filter(|name| *name != "-") else {
        return "demo.pkl".to_owned();
    };
    let name = name.to_string_lossy();
    let extensions = Compressor::by_extension(&*name).map_or(&[][..], |f| f.spec().file_extensions());
    let plain = extensions
        .iter()
        .filter_map(|extension| name.strip_suffix(extension))
        .min_by_key(|plain| plain.len())
        .unwrap_or(&name);
    let stem = [".npy", ".pkl", ".joblib", ".pickle"]
        .iter()
        .find_map(|extension| plain.strip_suffix(extension))
        .unwrap_or(plain);
    format!("{stem}.demo.pkl")
}

fn trials(dir: &Path, stem: &str) -> Vec<Trial> {
    let formats = Registry::global().formats();
    let available = formats.iter().filter(|format| format.is_available());
    available
        .map(|format| {
            let fast = FAST.iter().find(|(name, _)| *name == format.name());
            let extension = format.spec().file_extensions().first().copied();
            Trial {
                format: format.clone(),
                level: fast.map(|(_, level)| *level).or(format.spec().default_level()),
                path: dir.join(format!("{stem}{}", extension.unwrap_or_default())),
            }
        })
        .collect()
}

fn run_trial(trial: &Trial, subject: &Subject) -> demijohn::Result<Outcome> {
    let mut compression = demijohn::Compression::from(&trial.format);
    if let Some(level) = trial.level {
        compression = compression.at_level(level);
    }
    let started = Instant::now();
    let summary = subject.dump(&trial.path, compression)?;
    let dump = started.elapsed();
    let started = Instant::now();
    let document = demijohn::load(&trial.path)?;
    let load = started.elapsed();
    Ok(Outcome {
        summary,
        dump,
        load,
        same: subject.is_same(&document)?,
    })
}

const HEADINGS: [&str; 7] = ["codec", "level", "MB", "ratio", "dump MB/s", "load MB/s", "same"];

/// Wide enough for what will be in the table, before it is known.
fn layout(trials: &[Trial]) -> Layout<7> {
    let rows = trials.iter().map(|trial| {
        [
            trial.format.name(),
            "-10",
            "9999.99",
            "99.99",
            "99999",
            "99999",
            "yes",
        ]
        .map(str::to_owned)
    });
    Layout::new(&HEADINGS, &rows.collect::<Vec<_>>(), &[1, 2, 3, 4, 5])
}

fn line(layout: &Layout<7>, trial: &Trial, outcome: &demijohn::Result<Outcome>) -> String {
    let name = trial.format.name();
    let level = trial.level.map_or("-".to_owned(), |level| level.to_string());
    match outcome {
        Err(error) => format!("{name} {level}: FAILED: {}\n", printable(&error.to_string())),
        Ok(Outcome {
            summary,
            dump,
            load,
            same,
        }) => layout.line(&[
            name,
            &level,
            &format!("{:.2}", megabytes(summary.compressed)),
            &bytes::ratio(summary.plain, summary.compressed).map_or(String::new(), |r| format!("{r:.2}")),
            &format!("{:.0}", speed(summary.plain, *dump)),
            &format!("{:.0}", speed(summary.plain, *load)),
            if *same { "yes" } else { "NO" },
        ]),
    }
}

fn object(trial: &Trial, outcome: &demijohn::Result<Outcome>, kept: bool) -> Value {
    let mut row = json!({
        "codec": trial.format.name(),
        "level": trial.level,
        "file": kept.then(|| trial.path.to_string_lossy()),
        "ok": false,
        "error": null,
    });
    match outcome {
        Err(error) => row["error"] = error.to_string().into(),
        Ok(outcome) => {
            let Summary {
                plain, compressed, ..
            } = outcome.summary;
            row["ok"] = outcome.same.into();
            row["plain"] = plain.into();
            row["compressed"] = compressed.into();
            row["ratio"] = bytes::ratio(plain, compressed).into();
            row["dump_seconds"] = outcome.dump.as_secs_f64().into();
            row["load_seconds"] = outcome.load.as_secs_f64().into();
        }
    }
    row
}

fn introduction(subject: &Subject) -> String {
    format!(
        "The object: {}.\n\
         Each codec in turn dumps it to a file as joblib does, loads that file, and the two are compared.",
        subject.description()
    )
}

fn conclusion(args: &Demo, trials: &[Trial], all_same: bool) -> String {
    let verdict = if all_same {
        format!(
            "All {} files gave back the object they were made from",
            trials.len()
        )
    } else {
        "NOT every file gave back the object it was made from".to_owned()
    };
    let mut text = format!(
        "\n{verdict}. MB is 10^6 bytes, ratio is plain size\n\
         by file size, and speed is plain MB per second, reading or writing the file included.\n"
    );
    text.push_str(&readers(trials));
    let example = trials.iter().rfind(|trial| JOBLIB.contains(&trial.format.name()));
    match (&args.keep, example) {
        (Some(dir), Some(example)) => text.push_str(&format!(
            "The files are in {}; in Python: joblib.load({:?})\n",
            shown(dir),
            example.path.to_string_lossy()
        )),
        (Some(dir), None) => text.push_str(&format!("The files are in {}.\n", shown(dir))),
        (None, _) => text.push_str("--keep DIR leaves the files.\n"),
    }
    text
}

/// Which files Python's joblib opens.
fn readers(trials: &[Trial]) -> String {
    let names = |wanted: &dyn Fn(&str) -> bool| {
        let names = trials.iter().map(|trial| trial.format.name());
        names.filter(|name| wanted(name)).collect::<Vec<_>>().join(", ")
    };
    let plainly = names(&|name| JOBLIB.contains(&name));
    let with_package = names(&|name| JOBLIB_WITH_PACKAGE.contains(&name));
    let never = names(&|name| !JOBLIB.contains(&name) && !JOBLIB_WITH_PACKAGE.contains(&name));
    let mut text = String::new();
    for (what, names) in [
        ("Python's joblib opens what these wrote:   ", plainly),
        ("  with a package of that name installed:  ", with_package),
        ("  and not at all:                         ", never),
    ] {
        if !names.is_empty() {
            text.push_str(&format!("{what}{names}\n"));
        }
    }
    text
}

#[expect(clippy::cast_precision_loss, reason = "a few digits are shown")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn speed(bytes: u64, time: Duration) -> f64 {
    megabytes(bytes) / time.as_secs_f64().max(1e-9)
}
