//! Random sequences of reads, seeks and questions where one stands, each on a stream of its own that is made at random too;
//! a cursor over the plain bytes is the model. `cargo xtask torture seeks` runs 10,000 of them for each format.

#![allow(clippy::print_stdout, reason = "what was counted is worth seeing")]

mod common;
#[path = "../../testing/effort.rs"]
mod effort;

use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};

use common::{Rng, sample};
use demijohn_codecs::{Compressor, Options, Registry};

/// Steps in a sequence.
const STEPS: usize = 20;

/// A length: small ones as likely as large ones, and often a power of two or its neighbour.
fn length(rng: &mut Rng, most: usize) -> usize {
    let power = 1 << rng.below(most.ilog2() as usize + 1);
    match rng.below(3) {
        0 => power - 1 + rng.below(3),
        _ => rng.below(power + 1),
    }
}

/// A stream of several streams, where the format joins them, and of blocks that may be sought where it has such.
fn stream(format: &Compressor, plain: &[u8], rng: &mut Rng) -> Vec<u8> {
    let spec = format.spec();
    let streams = if spec.joins_streams() { 1 + rng.below(4) } else { 1 };
    let mut options = || {
        let level = spec.level_range().map(|range| (*range.start()).max(1));
        let options = Options::new().level(level);
        if spec.writes_seekable() && rng.below(2) == 0 {
            options.seekable(1000 + rng.below(20_000))
        } else {
            options
        }
    };
    let mut coded = Vec::new();
    for part in plain.chunks(plain.len() / streams + 1) {
        let mut writer = options().writer(Vec::new(), format).unwrap();
        writer.write_all(part).unwrap();
        coded.extend(writer.finish().unwrap().0);
    }
    if plain.is_empty() {
        coded = format.compress(plain).unwrap();
    }
    coded
}

fn destination(rng: &mut Rng, len: usize) -> SeekFrom {
    let signed = |n: usize| i64::try_from(n).unwrap();
    match rng.below(8) {
        0 => SeekFrom::End(-signed(rng.below(len + 10))),
        1 => SeekFrom::End(signed(rng.below(10))),
        2 => SeekFrom::Current(signed(rng.below(len + 1)) - signed(len / 2)),
        3 | 4 => SeekFrom::Current(signed(length(rng, 5000)) - 2000),
        _ => SeekFrom::Start(rng.below(len + len / 8 + 2) as u64),
    }
}

fn read(source: &mut impl Read, n: usize) -> io::Result<Vec<u8>> {
    let mut got = Vec::new();
    source.take(n as u64).read_to_end(&mut got)?;
    Ok(got)
}

fn sequence(format: &Compressor, number: usize) {
    let mut rng = Rng(number as u64);
    let plain = sample(length(&mut rng, 100_000));
    let coded = stream(format, &plain, &mut rng);
    let threads = 1 + rng.below(3);
    let options = Options::new().format(format).threads(threads);
    let mut reader = options.seekable_reader(Cursor::new(&coded)).unwrap();
    let mut model = Cursor::new(&plain);
    for step in 0..STEPS {
        let what = || format!("{}, sequence {number}, step {step}", format.name());
        match rng.below(5) {
            0 | 1 => {
                let to = destination(&mut rng, plain.len());
                let (got, want) = (reader.seek(to), model.seek(to));
                let kinds = (
                    got.as_ref().map_err(io::Error::kind),
                    want.as_ref().map_err(io::Error::kind),
                );
                assert_eq!(kinds.0, kinds.1, "{}: {to:?}", what());
            }
            2 => assert_eq!(reader.stream_position().unwrap(), model.position(), "{}", what()),
            _ => {
                let n = length(&mut rng, 1 << 16);
                let got = read(&mut reader, n).unwrap_or_else(|e| panic!("{}: {e}", what()));
                assert!(got == read(&mut model, n).unwrap(), "{}: {n} bytes", what());
            }
        }
    }
}

#[test]
fn every_answer_is_a_cursors() {
    for format in Registry::builtin()
        .formats()
        .iter()
        .filter(|format| format.is_available())
    {
        let mut sequences = 0;
        for number in effort::rounds(40, 10_000) {
            sequence(format, number);
            sequences += 1;
        }
        println!("{}: {sequences} sequences of {STEPS} steps", format.name());
    }
}
