//! Real files, good and bad, of other projects: every verdict of the corpus, and every format's files given to
//! the others.
//!
//! `ok` must decode to the bytes known; `reject` must be refused; `either` is policy, where the right bytes and
//! a clean error both will do. Where the references differ about what follows a stream, so do these.

#[path = "../common/mod.rs"]
mod common;
#[path = "../../../testing/effort.rs"]
mod effort;

mod cuts;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Cursor, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

#[cfg(feature = "zlib")]
use demijohn_codecs::Registry;
use demijohn_codecs::{Compressor, Error, ErrorKind, Limits, Options, Pipe, Seekable, Source};
use serde_json::Value;
use sha2::{Digest, Sha256};

use common::{Rng, compressed_formats, corpus, format};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Ok,
    Reject,
    Either,
}

#[derive(Clone, Debug)]
struct Sample {
    path: PathBuf,
    codec: String,
    /// What the bytes are, whatever the file is filed under.
    content: String,
    /// SHA-256 of the pickle in a compressed pickle.
    pickle: Option<String>,
    verdict: Verdict,
    /// SHA-256 of the decoded bytes, where known.
    sha256: Option<String>,
    is_bomb: bool,
}

impl Sample {
    fn bytes(&self) -> Vec<u8> {
        std::fs::read(&self.path).unwrap_or_else(|e| panic!("{}: {e}", self.path.display()))
    }
}

/// Files whose names lie.
const DISGUISED: [(&str, &str); 1] = [("lzma/bad/cramjam--plaintext.txt.lzma", "xz")];

/// The name of the format that reads what the corpus files under that name.
fn format_of(codec: &str) -> &str {
    match codec {
        "lzop" => "lzo",
        "bloscpack" => "blosc",
        codec => codec,
    }
}

fn samples(corpus: &Path) -> Vec<Sample> {
    let text = |record: &Value, key: &str| record[key].as_str().map(str::to_owned);
    common::manifest(corpus)
        .iter()
        .map(|record| Sample {
            path: corpus.join(text(record, "path").unwrap()),
            codec: text(record, "codec").unwrap(),
            content: DISGUISED
                .iter()
                .find(|(path, _)| record["path"] == *path)
                .map(|(_, content)| (*content).to_owned())
                .or_else(|| text(&record["stream"], "codec"))
                .or_else(|| text(record, "codec"))
                .map(|codec| format_of(&codec).to_owned())
                .unwrap(),
            pickle: text(&record["stream"], "sha256"),
            verdict: match record["verdict"].as_str() {
                Some("ok") => Verdict::Ok,
                Some("reject") => Verdict::Reject,
                Some("either") => Verdict::Either,
                other => panic!("an unknown verdict: {other:?}"),
            },
            sha256: text(record, "sha256"),
            is_bomb: record["kind"] == "bomb",
        })
        .collect()
}

/// How a stream is read.
#[derive(Clone, Copy, Debug)]
enum Pattern {
    /// In one call.
    Whole,
    /// So many bytes a call, or what a call gives of them.
    Upto(usize),
    /// Exactly as many bytes as asked for, which are others each time.
    Exactly,
}

/// On how many threads, too.
const PATTERNS: [(Pattern, usize); 8] = [
    (Pattern::Whole, 1),
    (Pattern::Upto(1), 1),
    (Pattern::Upto(7), 1),
    (Pattern::Upto(64 << 10), 1),
    (Pattern::Exactly, 1),
    (Pattern::Whole, 2),
    (Pattern::Upto(5000), 2),
    (Pattern::Exactly, 4),
];

/// SHA-256 of what the stream decodes to, and how many bytes that is.
fn decode(
    format: &Compressor,
    coded: &[u8],
    limits: Limits,
    (pattern, threads): (Pattern, usize),
) -> Result<(String, u64), Error> {
    let source: Box<dyn Source> = match threads {
        1 => Box::new(Pipe::new(coded)),
        _ => Box::new(Seekable::new(Cursor::new(coded))?),
    };
    let options = Options::new().format(format).limits(limits).threads(threads);
    let mut reader = options.source(source)?;
    let mut hash = Sha256::new();
    match pattern {
        Pattern::Whole => {
            let mut plain = Vec::new();
            reader.read_to_end(&mut plain)?;
            hash.update(&plain);
        }
        Pattern::Upto(most) => {
            let mut buffer = vec![0; most];
            loop {
                match reader.read(&mut buffer)? {
                    0 => break,
                    n => hash.update(&buffer[..n]),
                }
            }
        }
        Pattern::Exactly => {
            let mut rng = Rng(coded.len() as u64);
            let mut buffer = vec![0; 300_000];
            loop {
                let before = reader.position();
                // Few bytes at a time now and then, so that small buffers are crossed too.
                let most = if rng.below(2) == 0 { 100 } else { buffer.len() };
                let wanted = &mut buffer[..1 + rng.below(most)];
                match reader.read_exact(wanted).map_err(Error::from) {
                    Ok(()) => hash.update(wanted),
                    // The standard library's word for an end before the last byte wanted. What came up to it is there.
                    Err(error)
                        if error
                            .io()
                            .is_some_and(|e| e.kind() == io::ErrorKind::UnexpectedEof) =>
                    {
                        let n = usize::try_from(reader.position() - before).unwrap();
                        hash.update(&wanted[..n]);
                        break;
                    }
                    Err(error) => return Err(error),
                }
            }
        }
    }
    let hex = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((hex, reader.position()))
}

/// Long enough for any file on a busy machine; only a hang takes longer.
const HANG: Duration = Duration::from_secs(120);

/// Runs something on a thread of its own, so that a hang is a failure with a name.
fn unless_it_hangs<T: Send + 'static>(what: &Path, run: impl FnOnce() -> T + Send + 'static) -> T {
    let (send, receive) = channel();
    let worker = std::thread::spawn(move || drop(send.send(run())));
    match receive.recv_timeout(HANG) {
        Ok(value) => value,
        Err(RecvTimeoutError::Timeout) => panic!("{}: hangs", what.display()),
        Err(RecvTimeoutError::Disconnected) => {
            std::panic::resume_unwind(worker.join().expect_err("no answer without a panic"))
        }
    }
}

/// What is wrong with how a format treats a sample of its own, if something is.
fn judge(format: &Compressor, sample: &Sample) -> Vec<String> {
    let coded = sample.bytes();
    let mut wrong = Vec::new();
    // The bombs are a gigabyte each: once through is enough.
    let patterns = if sample.is_bomb {
        &[(Pattern::Upto(8 << 20), 1), (Pattern::Upto(8 << 20), 2)]
    } else {
        &PATTERNS[..]
    };
    for &(pattern, threads) in patterns {
        let result = decode(format, &coded, Limits::default(), (pattern, threads));
        let complaint = match (&result, sample.verdict) {
            (Ok((_, len)), Verdict::Reject) => Some(format!("should be refused, but gives {len} bytes")),
            (Ok((hash, len)), _) => match &sample.sha256 {
                Some(known) if known == hash => None,
                _ => Some(format!("decodes to {len} other bytes")),
            },
            (Err(error), Verdict::Ok) => Some(format!("should decode, but: {error}")),
            // The source does not fail, so nothing may be blamed on it.
            (Err(error), _) if error.kind() == ErrorKind::Io => Some(format!("refused as {error:?}")),
            (Err(_), _) => None,
        };
        if let Some(complaint) = complaint {
            let path = sample.path.display();
            wrong.push(format!(
                "{path}, read {pattern:?}, {threads} threads: {complaint}"
            ));
        }
    }
    wrong
}

fn corpus_of(codec: &str) {
    let (Some(corpus), Some(format)) = (corpus(), format(format_of(codec))) else {
        return;
    };
    let samples: Vec<_> = samples(&corpus)
        .into_iter()
        .filter(|s| s.codec == codec)
        .collect();
    assert!(!samples.is_empty(), "the corpus has no files of {codec}");
    let mut wrong = Vec::new();
    for sample in samples {
        let format = format.clone();
        wrong.extend(unless_it_hangs(&sample.path.clone(), move || {
            judge(&format, &sample)
        }));
    }
    assert!(
        wrong.is_empty(),
        "{} verdicts missed:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

macro_rules! corpora {
    ($($codec:ident),*) => {
        /// Names of folders with a test each.
        const TESTED: &[&str] = &[$(stringify!($codec)),*];

        $(
            #[test]
            fn $codec() {
                corpus_of(stringify!($codec));
            }
        )*
    };
}

corpora!(
    gzip, zlib, bz2, lzma, xz, zstd, lz4, snappy, blosc, bloscpack, lzop
);

/// What the corpus holds besides: bare blocks, which unit tests give to the decoders of blocks; other people's
/// formats, which detection must not know; plain files, which are compressed here; and what other crates read.
const OTHERS: [&str; 7] = [
    "deflate-raw",
    "foreign",
    "lz4-block",
    "npy",
    "pickle",
    "roundtrip",
    "snappy-raw",
];

#[test]
fn every_file_of_the_corpus_is_in_its_list_and_belongs_to_a_test() {
    let Some(corpus) = corpus() else { return };
    let mut listed = BTreeMap::<_, BTreeSet<_>>::new();
    for sample in samples(&corpus) {
        let tested = TESTED.contains(&&*sample.codec) || OTHERS.contains(&&*sample.codec);
        assert!(tested, "no test for {}", sample.codec);
        assert!(sample.path.is_file(), "{} is missing", sample.path.display());
        assert!(
            listed
                .entry(sample.codec)
                .or_default()
                .insert(sample.path.clone()),
            "{} is listed twice",
            sample.path.display()
        );
    }
    for codec in TESTED.iter().chain(&OTHERS) {
        let listed = listed.remove(*codec).unwrap_or_default();
        assert!(!listed.is_empty(), "the corpus has no files of {codec}");
        let stray: Vec<_> = files(&corpus.join(codec))
            .into_iter()
            .filter(|file| !listed.contains(file))
            .collect();
        assert!(stray.is_empty(), "not in the list: {stray:?}");
    }
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut found = Vec::new();
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

#[test]
fn plain_files_that_broke_compressors_come_back() {
    let Some(corpus) = corpus() else { return };
    for sample in samples(&corpus).iter().filter(|s| s.codec == "roundtrip") {
        let plain = sample.bytes();
        for format in compressed_formats() {
            let spec = format.spec();
            let levels = spec.level_range().map_or(vec![None], |range| {
                let ends = [*range.start(), *range.end()];
                ends.into_iter().chain(spec.default_level()).map(Some).collect()
            });
            for level in levels {
                let what = format!("{} by {}, level {level:?}", sample.path.display(), format.name());
                let mut options = Options::new();
                if let Some(level) = level {
                    options = options.level(level);
                }
                let mut writer = options.writer(Vec::new(), &format).unwrap();
                writer.write_all(&plain).unwrap();
                let coded = writer.finish().unwrap_or_else(|e| panic!("{what}: {e:?}")).0;
                let back = format.decompress(&coded);
                assert!(back.unwrap_or_else(|e| panic!("{what}: {e}")) == plain, "{what}");
            }
        }
    }
}

#[test]
fn compressed_pickles() {
    let Some(corpus) = corpus() else { return };
    for sample in samples(&corpus) {
        let Some(known) = &sample.pickle else { continue };
        let Some(format) = compressed_formats()
            .into_iter()
            .find(|f| f.name() == sample.content)
        else {
            continue;
        };
        let decoded = decode(
            &format,
            &sample.bytes(),
            Limits::default(),
            (Pattern::Upto(64 << 10), 2),
        );
        let (hash, _) = decoded.unwrap_or_else(|e| panic!("{}: {e}", sample.path.display()));
        assert_eq!(&hash, known, "{}", sample.path.display());
    }
}

#[test]
fn bombs_are_refused_where_input_is_not_trusted() {
    let Some(corpus) = corpus() else { return };
    for bomb in samples(&corpus).into_iter().filter(|sample| sample.is_bomb) {
        let Some(format) = format(format_of(&bomb.codec)) else {
            continue;
        };
        let coded = bomb.bytes();
        for limits in [Limits::untrusted(), Limits::default().output(1 << 20)] {
            let error = decode(&format, &coded, limits, (Pattern::Upto(1 << 20), 1)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Limit, "{}: {error}", bomb.path.display());
            let past = limits.max_output().unwrap_or(2 * Limits::RATIO_FLOOR);
            assert!(
                error.offset_out().is_some_and(|out| out <= past),
                "too late: {error}"
            );
        }
    }
}

// Without its decoder zlib is known by two bytes only, which text can have too.
#[cfg(feature = "zlib")]
#[test]
fn detection_names_the_format_of_every_file_or_none() {
    let Some(corpus) = corpus() else { return };
    // A build names the formats that it leaves out.
    let formats = Registry::global().formats();
    let ours: Vec<_> = formats.iter().map(Compressor::name).collect();
    let mut wrong = Vec::new();
    for sample in samples(&corpus) {
        // Bare blocks have no beginning to know them by, and plain data may be anything.
        if ["deflate-raw", "snappy-raw", "lz4-block", "roundtrip"].contains(&&*sample.codec) {
            continue;
        }
        let own = ours.contains(&&*sample.content).then_some(&*sample.content);
        let found = Compressor::detect(&sample.bytes()).map(|format| format.name());
        let right = match sample.verdict {
            Verdict::Ok => found == own,
            _ if sample.pickle.is_some() => found == own,
            // Its beginning may be what is wrong with it.
            Verdict::Reject | Verdict::Either => found.is_none() || found == own,
        };
        if !right {
            wrong.push(format!("{}: {found:?}", sample.path.display()));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} files are taken for others:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn decoders_refuse_the_files_of_other_formats() {
    let Some(corpus) = corpus() else { return };
    let formats = compressed_formats();
    let mut wrong = Vec::new();
    for sample in samples(&corpus) {
        let coded = sample.bytes();
        for format in formats.iter().filter(|format| format.name() != sample.content) {
            // No bytes are a stream of no data to Snappy, whose format says so.
            if coded.is_empty() && format.name() == "snappy" {
                continue;
            }
            if let Ok((_, len)) = decode(format, &coded, Limits::default(), (Pattern::Upto(64 << 10), 1)) {
                wrong.push(format!(
                    "{}: {len} bytes as {}",
                    sample.path.display(),
                    format.name()
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} files pass for others:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
