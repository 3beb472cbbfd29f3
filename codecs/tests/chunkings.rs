//! Random data, cut at random on its way in and out: every format, level, block size, flush and read size.

#![allow(clippy::print_stdout, reason = "what was counted is worth seeing")]

mod common;
#[path = "../../testing/effort.rs"]
mod effort;

use std::io::{BufRead, Read, Write};

use demijohn_codecs::{Compressor, Flush, Options};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

/// Cases per format and round.
const CASES: u32 = 150;

/// What is done with a writer.
#[derive(Clone, Debug)]
enum Put {
    Bytes(Vec<u8>),
    /// A run of one byte: what makes large data out of small cases.
    Run(u8, usize),
    Flush,
}

/// What is done with a reader.
#[derive(Clone, Copy, Debug)]
enum Take {
    Read(usize),
    Buffered(usize),
}

#[derive(Clone, Debug)]
struct Case {
    puts: Vec<Put>,
    takes: Vec<Take>,
    level: i32,
    block_size: Option<usize>,
    threads: usize,
    /// Is the size announced?
    announced: bool,
    /// Coded bytes per read of the source.
    drip: usize,
}

/// A length: small ones as likely as large ones, and often a power of two or its neighbour, where buffers and blocks end.
fn length(most: u32) -> impl Strategy<Value = usize> {
    prop_oneof![
        2 => (0..=most).prop_flat_map(|bits| 0..=1usize << bits),
        1 => (0..=most, 0..=2usize).prop_map(|(bits, add)| (1 << bits) - 1 + add),
    ]
}

fn put() -> impl Strategy<Value = Put> {
    prop_oneof![
        4 => length(12).prop_flat_map(|len| vec(any::<u8>(), len)).prop_map(Put::Bytes),
        // Few symbols, so that there is something to compress.
        4 => length(14).prop_flat_map(|len| vec(0u8..4, len)).prop_map(Put::Bytes),
        2 => (any::<u8>(), length(19)).prop_map(|(byte, len)| Put::Run(byte, len)),
        1 => Just(Put::Flush),
    ]
}

fn take() -> impl Strategy<Value = Take> {
    prop_oneof![
        length(19).prop_map(|n| Take::Read(n.max(1))),
        length(12).prop_map(|n| Take::Buffered(n.max(1))),
    ]
}

fn case(format: &Compressor) -> impl Strategy<Value = Case> + use<> {
    // A wide range is tried near its middle and its upper end, where the levels differ; the slowest levels are
    // the conformance suite's, on data of a size that suits them.
    let range = format.spec().level_range().unwrap_or(0..=0);
    let levels = (*range.start()).max(-7)..=(*range.end()).min(9);
    (
        vec(put(), 0..12),
        vec(take(), 1..8),
        levels,
        prop::option::of(length(18).prop_map(|size| size.max(64))),
        1..4usize,
        any::<bool>(),
        length(16).prop_map(|n| n.max(1)),
    )
        .prop_map(
            |(puts, takes, level, block_size, threads, announced, drip)| Case {
                puts,
                takes,
                level,
                block_size,
                threads,
                announced,
                drip,
            },
        )
}

struct Drip<'a>(&'a [u8], usize);

impl Read for Drip<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let n = out.len().min(self.1);
        self.0.read(&mut out[..n])
    }
}

fn plain(case: &Case) -> Vec<u8> {
    let mut plain = Vec::new();
    for put in &case.puts {
        match put {
            Put::Bytes(bytes) => plain.extend_from_slice(bytes),
            Put::Run(byte, len) => plain.resize(plain.len() + len, *byte),
            Put::Flush => {}
        }
    }
    plain
}

fn options(case: &Case, threads: usize) -> Options {
    let mut options = Options::new().level(case.level).threads(threads);
    if let Some(size) = case.block_size {
        options = options.block_size(size);
    }
    if case.announced {
        options = options.size(plain(case).len() as u64);
    }
    options
}

/// Writes as the case says, flushes included if the format is to see them.
fn write(format: &Compressor, case: &Case, threads: usize, flushing: bool) -> Vec<u8> {
    let mut writer = options(case, threads).writer(Vec::new(), format).unwrap();
    for put in &case.puts {
        match put {
            Put::Bytes(bytes) => writer.write_all(bytes).unwrap(),
            Put::Run(byte, len) => writer.write_all(&vec![*byte; *len]).unwrap(),
            Put::Flush if flushing => writer.flush().unwrap(),
            Put::Flush => {}
        }
    }
    writer.finish().unwrap().0
}

fn read(format: &Compressor, case: &Case, coded: &[u8]) -> Vec<u8> {
    let mut reader = Options::new()
        .format(format)
        .reader(Drip(coded, case.drip))
        .unwrap();
    let mut got = Vec::new();
    for take in case.takes.iter().cycle() {
        let before = got.len();
        match *take {
            Take::Read(n) => {
                let mut buffer = vec![0; n];
                let n = reader.read(&mut buffer).unwrap();
                got.extend_from_slice(&buffer[..n]);
            }
            Take::Buffered(most) => {
                let available = reader.fill_buf().unwrap();
                let n = available.len().min(most);
                got.extend_from_slice(&available[..n]);
                reader.consume(n);
            }
        }
        if got.len() == before {
            return got;
        }
    }
    unreachable!("there is at least one take")
}

fn chunkings(name: &str) {
    let Some(format) = common::format(name) else {
        return;
    };
    let mut cases = 0;
    for round in effort::rounds(1, 1000) {
        let result = run(&format, round);
        if let Err(error) = result {
            panic!("{name}, round {round}: {error}");
        }
        cases += CASES;
    }
    println!("{name}: {cases} round trips");
}

/// A round of cases: the same every time.
fn run(format: &Compressor, round: usize) -> Result<(), TestError<Case>> {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&(round as u64).to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new_with_rng(config, rng).run(&case(format), |case| {
        let plain = plain(&case);
        let coded = write(format, &case, 1, true);
        prop_assert!(read(format, &case, &coded) == plain, "read as the case says");
        prop_assert!(format.decompress(&coded).unwrap() == plain, "read whole");

        // The bytes depend on data, options and flushes alone.
        prop_assert!(write(format, &case, case.threads, true) == coded, "threads show");
        let mut whole = options(&case, 1).writer(Vec::new(), format).unwrap();
        whole.write_all(&plain).unwrap();
        let whole = whole.finish().unwrap().0;
        prop_assert!(write(format, &case, 1, false) == whole, "cuts show");
        if format.spec().flushing() == Flush::None {
            prop_assert!(coded == whole, "flushes show, which this format does not have");
        }
        Ok(())
    })
}

macro_rules! chunkings {
    ($($name:ident),*) => {
        $(
            #[test]
            fn $name() {
                chunkings(stringify!($name));
            }
        )*
    };
}

chunkings!(none, zlib, gzip, bz2, lzma, xz, zstd, lz4, snappy, blosc, lzo);
