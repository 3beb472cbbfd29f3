//! The table of the README: what each codec makes of each class of data, and how fast.
//!
//! Quick and rough where the criterion matrix is slow and careful: the fastest of a few runs a cell. Other
//! programs only ever add time, so that the fastest is the one to compare.
//!
//! ```text
//! cargo xtask matrix [--readme]
//! ```

#![allow(clippy::print_stdout, reason = "a program whose job is to print a table")]
#![allow(clippy::cast_precision_loss, reason = "sizes far below 2^53")]

use std::hint::black_box;
use std::time::Duration;

use demijohn_benches::summary::{Cell, Row, table};
use demijohn_benches::{Entropy, stream, time};
use demijohn_codecs::{Compressor, Options};

/// Plain bytes a cell.
const SIZE: usize = 8 << 20;
/// Plain bytes a call.
const CHUNK: usize = 1 << 20;
/// Runs go on until they have taken so long.
const BUDGET: Duration = Duration::from_millis(300);

fn main() {
    let formats = stream::formats();
    let rows: Vec<_> = formats
        .iter()
        .map(|format| {
            // Standard output is for the table.
            eprintln!("{}", format.name());
            row(format)
        })
        .collect();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!(
        "Each cell: ratio, then MB of plain data written and read per second. Default levels, one thread, in memory, {} \
         MiB of made-up\ndata a cell; {cores} {} cores.\n",
        SIZE >> 20,
        std::env::consts::ARCH.replace('_', "-")
    );
    print!("{}", table(&rows));
}

fn row(format: &Compressor) -> Row {
    Row {
        codec: format.name(),
        level: format.spec().default_level(),
        cells: Entropy::ALL.map(|entropy| cell(format.name(), entropy)),
    }
}

fn cell(format: &'static str, entropy: Entropy) -> Cell {
    let plain = entropy.bytes(SIZE);
    let options = || Options::new().threads(1).element_size(entropy.element_size());
    let mut coded = Vec::with_capacity(SIZE + (SIZE >> 3));
    let write = fastest(|| {
        coded.clear();
        stream::write(options(), format, black_box(&plain), CHUNK, &mut coded);
    });
    let mut back = vec![0; SIZE];
    let read = fastest(|| stream::read(options(), format, black_box(&coded), CHUNK, &mut back));
    assert!(back == plain, "{format}: what was read is not what was written");
    let speed = |time: Duration| SIZE as f64 / 1e6 / time.as_secs_f64();
    Cell {
        ratio: SIZE as f64 / coded.len() as f64,
        write: speed(write),
        read: speed(read),
    }
}

fn fastest(mut run: impl FnMut()) -> Duration {
    let (mut fastest, mut spent) = (Duration::MAX, Duration::ZERO);
    while spent < BUDGET {
        let taken = time(&mut run);
        fastest = fastest.min(taken);
        spent += taken;
    }
    fastest
}
