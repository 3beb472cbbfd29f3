//! Codec x entropy x operation x threads, under criterion.
//!
//! A benchmark is named `codec/operation/entropy`, so that a filter picks a row or a column:
//! `cargo bench -p demijohn-benches --bench matrix -- gzip/read`. Throughput counts plain bytes. Levels are the defaults, and
//! everything stays in memory.
//!
//! | operation | what one iteration does |
//! |---|---|
//! | `write`, `read` | a whole stream through the file objects of `demijohn-codecs` |
//! | `dump`, `load` | an array through `demijohn` |
//! | `seek` | goes to a random offset of a stream and reads 64 KiB there |
//! | `detect` | says which format a file begins in |
//! | `inspect` | looks at what is in a dumped file |
//!
//! The first four are done on one thread and, as `write-all` and so on, on as many as there are cores, if the format has
//! use for them. With `--quick` there is less data.

#![allow(missing_docs, reason = "criterion's macros make the public items here")]

use std::cell::OnceCell;
use std::hint::black_box;
use std::io::{Cursor, Read as _, Seek as _, SeekFrom};
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use demijohn::arrays::{DType, Layout, Order};
use demijohn::{Array, DumpOptions, Limits, LoadOptions};
use demijohn_benches::{Entropy, SplitMix64, stream};
use demijohn_codecs::{Compressor, Options, Threads};

/// Bytes that are read at an offset.
const PIECE: usize = 64 << 10;

/// Plain bytes per iteration. The slow codecs get less, so that no iteration takes seconds.
fn size_for(codec: &str) -> usize {
    match (codec, quick()) {
        ("bz2" | "lzma" | "xz", false) => 1 << 20,
        ("bz2" | "lzma" | "xz", true) => 256 << 10,
        (_, false) => 8 << 20,
        (_, true) => 2 << 20,
    }
}

/// Is it criterion's quick mode?
fn quick() -> bool {
    std::env::args().any(|arg| arg == "--quick")
}

fn matrix(criterion: &mut Criterion) {
    for compressor in &stream::formats() {
        let mut group = criterion.benchmark_group(compressor.name());
        for entropy in Entropy::ALL {
            cell(&mut group, &Subject::new(compressor, entropy));
        }
    }
}

/// All operations on one class of data in one format.
fn cell(group: &mut BenchmarkGroup<'_, WallTime>, subject: &Subject<'_>) {
    let (size, name) = (subject.size, subject.entropy.name());
    let threading = subject.compressor.spec().threading();
    group.throughput(Throughput::Bytes(size as u64));
    for (threads, suffix) in [(1, ""), (0, "-all")] {
        let id = |operation: &str| BenchmarkId::new(format!("{operation}{suffix}"), name);
        if threads == 1 || threading != Threads::None {
            group.bench_function(id("write"), |bencher| {
                let mut sink = Vec::with_capacity(size + (size >> 3));
                bencher.iter(|| {
                    sink.clear();
                    subject.write(threads, &mut sink);
                });
            });
            group.bench_function(id("dump"), |bencher| {
                let mut sink = Vec::with_capacity(size + (size >> 3));
                bencher.iter(|| {
                    sink.clear();
                    subject.dump(threads, &mut sink);
                });
            });
        }
        if threads == 1 || threading == Threads::Both {
            group.bench_function(id("read"), |bencher| {
                let mut plain = vec![0; size];
                bencher.iter(|| subject.read(threads, &mut plain));
            });
            group.bench_function(id("load"), |bencher| {
                let options = LoadOptions::new().threads(threads);
                let dumped = subject.dumped();
                bencher.iter(|| demijohn::load_from_with(black_box(dumped), options.clone()));
            });
        }
    }
    group.throughput(Throughput::Bytes(PIECE as u64));
    group.bench_function(BenchmarkId::new("seek", name), |bencher| {
        let options = Options::new().threads(1).format(subject.compressor);
        let coded = Cursor::new(subject.coded());
        let mut reader = options.seekable_reader(coded).expect("a stream just written");
        let mut random = SplitMix64::new(1);
        let mut piece = vec![0; PIECE];
        let last = u32::try_from(size - PIECE).expect("some MiB");
        bencher.iter(|| {
            let offset = SeekFrom::Start(random.below(last).into());
            reader.seek(offset).expect("within the stream");
            reader.read_exact(&mut piece).expect("a stream just written");
        });
    });
    // How much data there is says nothing of these.
    group.throughput(Throughput::Elements(1));
    group.bench_function(BenchmarkId::new("detect", name), |bencher| {
        let coded = subject.coded();
        bencher.iter(|| Compressor::detect(black_box(coded)));
    });
    group.bench_function(BenchmarkId::new("inspect", name), |bencher| {
        let dumped = subject.dumped();
        bencher.iter(|| demijohn::inspect_file(Cursor::new(black_box(dumped)), &Limits::default()));
    });
}

/// One class of data, plain and in one format; what nobody asks for is not made.
struct Subject<'a> {
    compressor: &'a Compressor,
    entropy: Entropy,
    size: usize,
    plain: OnceCell<Vec<u8>>,
    coded: OnceCell<Vec<u8>>,
    array: OnceCell<Array>,
    dumped: OnceCell<Vec<u8>>,
}

impl<'a> Subject<'a> {
    fn new(compressor: &'a Compressor, entropy: Entropy) -> Self {
        Self {
            compressor,
            entropy,
            size: size_for(compressor.name()),
            plain: OnceCell::new(),
            coded: OnceCell::new(),
            array: OnceCell::new(),
            dumped: OnceCell::new(),
        }
    }

    fn plain(&self) -> &[u8] {
        self.plain.get_or_init(|| self.entropy.bytes(self.size))
    }

    /// The plain bytes as a stream.
    fn coded(&self) -> &[u8] {
        self.coded.get_or_init(|| {
            let mut coded = Vec::new();
            self.write(1, &mut coded);
            coded
        })
    }

    /// All the data as one array of the type that it stands for.
    fn array(&self) -> &Array {
        self.array.get_or_init(|| {
            let dtype = match self.entropy {
                Entropy::Zeros | Entropy::Text => DType::of::<u8>(),
                Entropy::Categorical => DType::of::<i64>(),
                Entropy::Images => DType::of::<f32>(),
                Entropy::Smooth | Entropy::Random => DType::of::<f64>(),
            };
            let len = self.size / dtype.itemsize();
            let layout = Layout::new(dtype, &[len], Order::C).expect("a few MiB");
            Array::from_bytes(layout, self.plain()).expect("as many bytes as the layout has")
        })
    }

    /// The array as a file.
    fn dumped(&self) -> &[u8] {
        self.dumped.get_or_init(|| {
            let mut dumped = Vec::new();
            self.dump(1, &mut dumped);
            dumped
        })
    }

    fn write(&self, threads: usize, sink: &mut Vec<u8>) {
        let options = self.options(threads);
        stream::write(
            options,
            self.compressor.name(),
            black_box(self.plain()),
            self.size,
            sink,
        );
    }

    fn read(&self, threads: usize, plain: &mut [u8]) {
        let options = self.options(threads);
        stream::read(
            options,
            self.compressor.name(),
            black_box(self.coded()),
            self.size,
            plain,
        );
    }

    fn dump(&self, threads: usize, sink: &mut Vec<u8>) {
        let options = DumpOptions::new().compression(self.compressor).threads(threads);
        demijohn::dump_to(black_box(self.array()), sink, options).expect("memory takes everything");
    }

    fn options(&self, threads: usize) -> Options {
        Options::new()
            .threads(threads)
            .element_size(self.entropy.element_size())
    }
}

fn config() -> Criterion {
    let (warm_up, measurement) = if quick() { (50, 150) } else { (500, 3000) };
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(warm_up))
        .measurement_time(Duration::from_millis(measurement))
}

criterion_group! {
    name = benches;
    config = config();
    targets = matrix
}
criterion_main!(benches);
