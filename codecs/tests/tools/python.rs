//! Python's modules: a process for each test, which `peer.py` lets code any number of streams.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use super::common::{Rng, format, python, sample, skip, workspace};
use super::{LARGE, SIZES, SOUGHT, Streams, levels, ours_decodes};
use demijohn_codecs::{Compressor, Options};

/// A running `peer.py`.
pub(super) struct Peer {
    child: Child,
    /// Gone once it is to end.
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Peer {
    /// One that has all these modules.
    pub(super) fn with(modules: &[&str]) -> Option<Self> {
        let python = python("sys")?;
        let mut peer = Peer::start(&python);
        match peer.call(json!({"has": modules}), &[]) {
            Ok(_) => Some(peer),
            Err(error) => {
                skip(&format!("{}: {error}", python.display()));
                None
            }
        }
    }

    fn start(python: &PathBuf) -> Self {
        let mut child = Command::new(python)
            .arg("-B")
            .arg(workspace().join("codecs/tests/peer.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("{}: {e}", python.display()));
        Peer {
            requests: child.stdin.take(),
            answers: BufReader::new(child.stdout.take().expect("a pipe")),
            child,
        }
    }

    /// Sends a request with data; what is made of the data, or what went wrong with it.
    fn call(&mut self, mut request: Value, data: &[u8]) -> Result<Vec<u8>, String> {
        request["len"] = data.len().into();
        let requests = self.requests.as_mut().expect("still open");
        // All of it is read before any of the answer is written, so neither side waits for the other.
        writeln!(requests, "{request}")
            .and_then(|()| requests.write_all(data))
            .and_then(|()| requests.flush())
            .unwrap_or_else(|e| panic!("peer.py, asked for {request}: {e}"));
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        let answer: Value =
            serde_json::from_str(&line).unwrap_or_else(|e| panic!("peer.py, asked for {request}: {e}"));
        if let Some(error) = answer["error"].as_str() {
            return Err(error.to_owned());
        }
        let len = answer["len"].as_u64().expect("a length");
        let mut made = vec![0; usize::try_from(len).unwrap()];
        self.answers.read_exact(&mut made).unwrap();
        Ok(made)
    }

    fn ask(&mut self, to: &str, request: &Value, data: &[u8]) -> Result<Vec<u8>, String> {
        let mut request = request.clone();
        request["do"] = to.into();
        self.call(request, data)
    }

    pub(super) fn encode(&mut self, request: &Value, plain: &[u8]) -> Result<Vec<u8>, String> {
        self.ask("encode", request, plain)
    }

    pub(super) fn decode(&mut self, request: &Value, coded: &[u8]) -> Result<Vec<u8>, String> {
        self.ask("decode", request, coded)
    }

    /// It decodes everything we write.
    pub(super) fn reads_ours(&mut self, format: &Compressor, request: &Value, large: bool) {
        for stream in Streams::of(format).all(large) {
            // Its Zstd takes a frame that holds nothing for a damaged one, its own as well.
            if stream.plain.is_empty() && request["id"] == "zstd" {
                continue;
            }
            // Its function, unlike its file object, takes the first frame only.
            let first_only = request["peer"] == "functions" && request["module_name"] == "lz4.frame";
            if first_only && stream.what == SOUGHT {
                continue;
            }
            let got = self.decode(request, &stream.coded);
            stream.was_read(&format!("{} by {request}", format.name()), got);
        }
    }

    /// We decode what it makes of data of those sizes.
    pub(super) fn ours_reads(&mut self, format: &Compressor, request: &Value, sizes: &[usize]) {
        for &size in sizes {
            let plain = sample(size);
            let what = format!("{}: {size} bytes of {request}", format.name());
            let coded = self.encode(request, &plain);
            ours_decodes(format, &what, coded, &plain);
        }
    }

    /// The same at the levels that we have for so much data, `level` being the option's name.
    fn ours_reads_levels(&mut self, format: &Compressor, request: &Value, level: &str, large: bool) {
        for size in SIZES.into_iter().chain(large.then_some(LARGE)) {
            for number in levels(format, size) {
                let mut request = request.clone();
                request[level] = number.into();
                self.ours_reads(format, &request, &[size]);
            }
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // The end of its input ends it.
        self.requests = None;
        drop(self.child.wait());
    }
}

/// A request with more options.
fn and(request: &Value, options: &Value) -> Value {
    let mut request = request.clone();
    let all = request.as_object_mut().expect("an object");
    all.extend(options.as_object().expect("an object").clone());
    request
}

/// FORMAT_XZ and FORMAT_ALONE of the module lzma.
const XZ: u8 = 1;
const ALONE: u8 = 2;

#[test]
fn functions_of_the_standard_library_and_ours() {
    let none = json!({});
    for (name, module, level, encode, decode) in [
        ("zlib", "zlib", "level", none.clone(), none.clone()),
        ("gzip", "gzip", "compresslevel", none.clone(), none.clone()),
        ("bz2", "bz2", "compresslevel", none.clone(), none.clone()),
        (
            "xz",
            "lzma",
            "preset",
            json!({"format": XZ}),
            json!({"format": XZ}),
        ),
        (
            "lzma",
            "lzma",
            "preset",
            json!({"format": ALONE}),
            json!({"format": ALONE}),
        ),
        // With Python 3.14.
        ("zstd", "compression.zstd", "level", none.clone(), none.clone()),
    ] {
        let (Some(format), Some(mut peer)) = (format(name), Peer::with(&[module])) else {
            continue;
        };
        let request = json!({"peer": "functions", "module_name": module});
        peer.reads_ours(&format, &and(&request, &decode), true);
        peer.ours_reads_levels(&format, &and(&request, &encode), level, true);
    }
}

#[test]
fn levels_of_zlib_mean_what_they_mean_to_zlib() {
    let (Some(format), Some(mut peer)) = (format("zlib"), Peer::with(&["zlib"])) else {
        return;
    };
    let kinds = [
        ("text", sample(2_000_000)),
        ("numbers", numbers(2_000_000)),
        ("images", images(2_000_000)),
        ("categories", categories(2_000_000)),
        ("measurements", measurements(2_000_000)),
    ];
    for (kind, plain) in &kinds {
        for level in 0..=9 {
            let request = json!({"peer": "functions", "module_name": "zlib", "level": level});
            let theirs = peer.encode(&request, plain).unwrap().len();
            let mut writer = Options::new().level(level).writer(Vec::new(), &format).unwrap();
            writer.write_all(plain).unwrap();
            let ours = writer.finish().unwrap().0.len();
            // Two percent, and a little for the ends of segments.
            assert!(
                ours <= theirs + theirs / 50 + 100,
                "{kind} at level {level}: {ours} bytes, zlib makes {theirs}"
            );
        }
    }
}

/// Pixels that were bytes once: soft shapes with a little noise.
fn images(len: usize) -> Vec<u8> {
    let mut rng = Rng(2);
    let turn = |n: usize, period: f32| f32::from(u16::try_from(n % 64).unwrap()) / period;
    let pixel = |i| {
        let noise: usize = (0..4).map(|_| rng.below(5)).sum();
        let shade = 110.0 + 100.0 * turn(i, 21.0).sin() * turn(i / 64, 17.0).cos();
        ((shade + turn(noise, 1.0)).round() / 255.0).to_le_bytes()
    };
    (0..len / 4).flat_map(pixel).collect()
}

/// Labels of which some are frequent.
fn categories(len: usize) -> Vec<u8> {
    let mut rng = Rng(3);
    let label = |_| (rng.below(64) * rng.below(64) / 64).to_le_bytes();
    (0..len / 8).flat_map(label).collect()
}

/// A running sum of small steps.
fn measurements(len: usize) -> Vec<u8> {
    let mut rng = Rng(4);
    let mut sum = 0.0;
    let value = |_| {
        sum += f64::from(u32::try_from(rng.below(1 << 30)).unwrap()) / f64::from(1 << 30) - 0.5;
        f64::to_le_bytes(sum)
    };
    (0..len / 8).flat_map(value).collect()
}

/// Amounts with two digits behind the point.
fn numbers(len: usize) -> Vec<u8> {
    let mut rng = Rng(1);
    let draw = |_| {
        let sum: usize = (0..4).map(|_| rng.below(2000)).sum();
        (f64::from(u32::try_from(sum).unwrap()) / 100.0).to_le_bytes()
    };
    (0..len / 8).flat_map(draw).collect()
}

#[test]
fn file_objects_of_the_standard_library_and_ours() {
    for (name, module, level, encode) in [
        ("gzip", "gzip", "compresslevel", json!({})),
        ("bz2", "bz2", "compresslevel", json!({})),
        ("xz", "lzma", "preset", json!({"format": XZ})),
        ("lzma", "lzma", "preset", json!({"format": ALONE})),
    ] {
        let (Some(format), Some(mut peer)) = (format(name), Peer::with(&[module])) else {
            continue;
        };
        let request = json!({"peer": "files", "module_name": module});
        peer.reads_ours(&format, &request, false);
        peer.ours_reads_levels(&format, &and(&request, &encode), level, false);
    }
}

#[test]
fn lz4_of_python_and_ours() {
    let (Some(format), Some(mut peer)) = (format("lz4"), Peer::with(&["lz4.frame"])) else {
        return;
    };
    let functions = json!({"peer": "functions", "module_name": "lz4.frame"});
    let files = json!({"peer": "files", "module_name": "lz4.frame"});
    peer.reads_ours(&format, &functions, true);
    peer.reads_ours(&format, &files, true);
    for options in [
        json!({}),
        json!({"block_linked": false, "content_checksum": true}),
        // Blocks of 4 MiB.
        json!({"block_checksum": true, "store_size": false, "block_size": 7}),
    ] {
        peer.ours_reads_levels(&format, &and(&functions, &options), "compression_level", true);
    }
    // What joblib writes: linked blocks of 64 KiB, no checksum, no size.
    peer.ours_reads_levels(&format, &files, "compression_level", true);
}

#[test]
fn snappy_of_python_and_ours() {
    let (Some(format), Some(mut peer)) = (format("snappy"), Peer::with(&["snappy"])) else {
        return;
    };
    for piece in [10_000, 65_536, LARGE] {
        let request = json!({"peer": "snappy", "piece": piece});
        peer.reads_ours(&format, &request, true);
        peer.ours_reads(&format, &request, &SIZES);
        peer.ours_reads(&format, &request, &[LARGE]);
    }
}

#[test]
fn zstd_of_python_and_ours() {
    let (Some(format), Some(mut peer)) = (format("zstd"), Peer::with(&["zstandard"])) else {
        return;
    };
    let request = json!({"peer": "zstandard"});
    peer.reads_ours(&format, &request, true);
    for options in [
        json!({}),
        json!({"stream": true}),
        json!({"write_checksum": true, "write_content_size": false}),
    ] {
        peer.ours_reads_levels(&format, &and(&request, &options), "level", true);
    }
}

#[test]
fn numcodecs_and_ours() {
    let Some(mut peer) = Peer::with(&["numcodecs"]) else {
        return;
    };
    for (name, id, level, options) in [
        ("zlib", "zlib", "level", json!({})),
        ("gzip", "gzip", "level", json!({})),
        ("bz2", "bz2", "level", json!({})),
        ("xz", "lzma", "preset", json!({"format": XZ})),
        ("lzma", "lzma", "preset", json!({"format": ALONE})),
        ("zstd", "zstd", "level", json!({"checksum": true})),
        ("zstd", "zstd", "level", json!({"checksum": false})),
    ] {
        let Some(format) = format(name) else { continue };
        let request = and(&json!({"peer": "numcodecs", "id": id}), &options);
        // What is not its own are the modules that are tested above.
        let large = id == "zstd";
        peer.reads_ours(&format, &request, large);
        peer.ours_reads_levels(&format, &request, level, large);
    }
}
