//! Real files, good and bad, of other projects: every verdict of the corpus, and every format's files given to
//! the others.
//!
//! `ok` must decode to the bytes known; `reject` must be refused; `either` is policy, where the right bytes and
//! a clean error both will do. Where the references differ about what follows a stream, so do these.

mod common;

use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

#[cfg(feature = "zlib")]
use demijohn_codecs::Registry;
use demijohn_codecs::{Compressor, Error, ErrorKind, Limits, Options};
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

fn samples(corpus: &Path) -> Vec<Sample> {
    let manifest = std::fs::read(corpus.join("MANIFEST.json")).unwrap();
    let manifest: Vec<Value> = serde_json::from_slice(&manifest).unwrap();
    let text = |record: &Value, key: &str| record[key].as_str().map(str::to_owned);
    manifest
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
                .map(|codec| {
                    if codec == "bloscpack" {
                        "blosc".to_owned()
                    } else {
                        codec
                    }
                })
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

/// Bytes per read; `None` for a different number each time.
const PATTERNS: [Option<usize>; 5] = [Some(8 << 20), Some(1), Some(7), Some(64 << 10), None];

/// SHA-256 of what the stream decodes to, and how many bytes that is.
fn decode(
    format: &Compressor,
    coded: &[u8],
    limits: Limits,
    pattern: Option<usize>,
) -> Result<(String, u64), Error> {
    use std::io::Read;
    let mut reader = Options::new().format(format).limits(limits).reader(coded)?;
    let mut rng = Rng(coded.len() as u64);
    let mut hash = Sha256::new();
    let mut buffer = vec![0; pattern.unwrap_or(300_000)];
    loop {
        let n = pattern.unwrap_or_else(|| 1 + rng.below(buffer.len()));
        match reader.read(&mut buffer[..n])? {
            0 => break,
            n => hash.update(&buffer[..n]),
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
        &PATTERNS[..1]
    } else {
        &PATTERNS[..]
    };
    for &pattern in patterns {
        let result = decode(format, &coded, Limits::default(), pattern);
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
            wrong.push(format!("{path}, {pattern:?} bytes per read: {complaint}"));
        }
    }
    wrong
}

fn corpus_of(codec: &str, format_name: &str) {
    let (Some(corpus), Some(format)) = (corpus(), format(format_name)) else {
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
        $(
            #[test]
            fn $codec() {
                corpus_of(stringify!($codec), stringify!($codec));
            }
        )*
    };
}

corpora!(gzip, zlib, bz2, lzma, xz, zstd, lz4, snappy, blosc);

#[test]
fn bloscpack() {
    corpus_of("bloscpack", "blosc");
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
        let decoded = decode(&format, &sample.bytes(), Limits::default(), Some(64 << 10));
        let (hash, _) = decoded.unwrap_or_else(|e| panic!("{}: {e}", sample.path.display()));
        assert_eq!(&hash, known, "{}", sample.path.display());
    }
}

#[test]
fn bombs_are_refused_where_input_is_not_trusted() {
    let Some(corpus) = corpus() else { return };
    for bomb in samples(&corpus).into_iter().filter(|sample| sample.is_bomb) {
        let Some(format) = format(&bomb.codec) else {
            continue;
        };
        let coded = bomb.bytes();
        for limits in [Limits::untrusted(), Limits::default().output(1 << 20)] {
            let error = decode(&format, &coded, limits, Some(1 << 20)).unwrap_err();
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
            if let Ok((_, len)) = decode(format, &coded, Limits::default(), Some(64 << 10)) {
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
