//! What we write the formats' own tools read, and the other way round: command-line programs and Python's
//! modules, as far as they are installed.

#[path = "../common/mod.rs"]
mod common;

mod blosc;
mod programs;
mod python;

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock};

use demijohn_codecs::{Compressor, Options};

use common::sample;

/// Sizes of plain data. The last crosses segments and blocks of every format.
const SIZES: [usize; 4] = [0, 1, LEVELLED, 3_000_000];
/// The size that is written at every level.
const LEVELLED: usize = 70_000;
/// For tools and levels that are fast enough.
const LARGE: usize = 20_000_000;

/// Levels for that much data: all of them, or the ends of the range and the default; `None` alone for formats without levels.
/// Those that would take seconds get less data, unless `DEMIJOHN_ALL_LEVELS` is set.
fn levels(format: &Compressor, size: usize) -> Vec<Option<i32>> {
    let spec = format.spec();
    let (Some(range), Some(default)) = (spec.level_range(), spec.default_level()) else {
        return vec![None];
    };
    if size == LEVELLED {
        // zstd has a hundred thousand that hardly differ.
        let lowest = *range.start();
        let levels = lowest.max(-7)..=*range.end();
        return [lowest].into_iter().chain(levels).map(Some).collect();
    }
    let (most_by_default, most_at_highest) = match format.name() {
        _ if std::env::var_os("DEMIJOHN_ALL_LEVELS").is_some() => (LARGE, LARGE),
        "gzip" | "zlib" => (LARGE, LARGE),
        "lz4" => (LARGE, 3_000_000),
        "bz2" => (3_000_000, 3_000_000),
        "lzma" | "xz" => (70_000, 70_000),
        // For formats to come, too.
        _ => (LARGE, 70_000),
    };
    let mut levels = vec![*range.start()];
    if size <= most_by_default {
        levels.push(default);
    }
    if size <= most_at_highest {
        levels.push(*range.end());
    }
    levels.sort_unstable();
    levels.dedup();
    levels.into_iter().map(Some).collect()
}

/// Something of ours for others to read.
struct Stream {
    what: String,
    coded: Vec<u8>,
    plain: Vec<u8>,
}

impl Stream {
    fn new(format: &Compressor, options: Options, what: String, plain: Vec<u8>) -> Self {
        let mut writer = options.writer(Vec::new(), format).unwrap();
        writer.write_all(&plain).unwrap();
        let coded = writer.finish().unwrap().0;
        Stream { what, coded, plain }
    }

    /// Compares what somebody else made of it.
    fn was_read(&self, by: &str, got: Result<Vec<u8>, String>) {
        let what = &self.what;
        let got = got.unwrap_or_else(|e| panic!("{by}, {what}: {e}"));
        assert!(got == self.plain, "{by}, {what}: other bytes");
    }
}

/// Our streams of that format, the large ones apart. They are made once for all tests.
struct Streams {
    usual: Vec<Stream>,
    large: Vec<Stream>,
}

impl Streams {
    fn of(format: &Compressor) -> Arc<Streams> {
        type Made = Arc<OnceLock<Arc<Streams>>>;
        static MADE: Mutex<BTreeMap<&str, Made>> = Mutex::new(BTreeMap::new());
        let made = MADE.lock().unwrap().entry(format.name()).or_default().clone();
        // Not under the lock, so that two formats are made at the same time.
        made.get_or_init(|| Arc::new(Streams::make(format))).clone()
    }

    fn make(format: &Compressor) -> Self {
        let at_levels = |size: usize, options: fn(usize) -> Options| {
            let plain = sample(size);
            let streams = levels(format, size).into_iter().map(move |level| {
                let (options, what) = match level {
                    Some(level) => (options(size).level(level), format!(" at level {level}")),
                    None => (options(size), String::new()),
                };
                Stream::new(format, options, format!("{size} bytes{what}"), plain.clone())
            });
            streams.collect::<Vec<_>>()
        };
        let mut usual: Vec<_> = SIZES
            .into_iter()
            .flat_map(|size| at_levels(size, |_| Options::new()))
            .collect();
        usual.push(flushed(format));
        usual.extend(sought(format));
        Streams {
            usual,
            large: at_levels(LARGE, |size| Options::new().size(size as u64).threads(2)),
        }
    }

    fn all(&self, large: bool) -> impl Iterator<Item = &Stream> {
        self.usual.iter().chain(self.large.iter().filter(move |_| large))
    }
}

/// In small blocks, its size unknown, and flushed where no block ends.
fn flushed(format: &Compressor) -> Stream {
    let plain = sample(1_000_000);
    let mut writer = Options::new()
        .block_size(65_536)
        .writer(Vec::new(), format)
        .unwrap();
    for part in plain.chunks(150_000) {
        writer.write_all(part).unwrap();
        writer.flush().unwrap();
    }
    Stream {
        what: "flushed, in small blocks".to_owned(),
        coded: writer.finish().unwrap().0,
        plain,
    }
}

const SOUGHT: &str = "to be sought in";

/// Written so, if the format can be.
fn sought(format: &Compressor) -> Option<Stream> {
    let options = || Options::new().seekable(100_000);
    let can = options().writer(Vec::new(), format).is_ok();
    can.then(|| Stream::new(format, options(), SOUGHT.to_owned(), sample(1_000_000)))
}

/// We decode what somebody else wrote, and know it for what it is.
fn ours_decodes(format: &Compressor, what: &str, coded: Result<Vec<u8>, String>, plain: &[u8]) {
    let coded = coded.unwrap_or_else(|e| panic!("{what}: {e}"));
    // Snappy has streams of no bytes at all, which nothing can be known by.
    if !coded.is_empty() {
        let detected = Compressor::detect(&coded).map(|format| format.name());
        assert_eq!(detected, Some(format.name()), "{what}");
    }
    let got = format
        .decompress(&coded)
        .unwrap_or_else(|e| panic!("{what}: {e}"));
    assert!(got == plain, "{what}: other bytes");
}
