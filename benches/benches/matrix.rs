//! Codec x entropy x operation, under criterion.
//!
//! A benchmark is named `codec/operation/entropy`, so that a filter picks a row or a column:
//! `cargo bench -p demijohn-benches --bench matrix -- gzip/read`. Throughput counts plain bytes.
//! Levels are the defaults, coding is on one thread, and everything stays in memory.
//!
//! `write` and `read` are the file objects of `demijohn-codecs`; `dump` and `load` put one array through `demijohn`.

#![allow(missing_docs, reason = "criterion's macros make the public items here")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use demijohn::Array;
use demijohn::arrays::{DType, Layout, Order};
use demijohn_benches::{Entropy, stream};
use demijohn_codecs::Compressor;

/// Plain bytes per iteration. The slow codecs get less, so that no iteration takes seconds.
fn size_for(codec: &str) -> usize {
    match codec {
        "bz2" | "lzma" | "xz" => 1 << 20,
        _ => 8 << 20,
    }
}

fn matrix(criterion: &mut Criterion) {
    for compressor in &stream::formats() {
        let name = compressor.name();
        let mut group = criterion.benchmark_group(name);
        let size = size_for(name);
        group.throughput(Throughput::Bytes(size as u64));
        for entropy in Entropy::ALL {
            group.bench_function(BenchmarkId::new("write", entropy.name()), |bencher| {
                let plain = entropy.bytes(size);
                let mut sink = Vec::with_capacity(size + (size >> 3));
                bencher.iter(|| {
                    sink.clear();
                    stream::write(name, black_box(&plain), entropy.element_size(), size, &mut sink);
                });
            });
            group.bench_function(BenchmarkId::new("read", entropy.name()), |bencher| {
                let mut coded = Vec::new();
                stream::write(
                    name,
                    &entropy.bytes(size),
                    entropy.element_size(),
                    size,
                    &mut coded,
                );
                let mut plain = vec![0; size];
                bencher.iter(|| stream::read(name, black_box(&coded), size, &mut plain));
            });
            group.bench_function(BenchmarkId::new("dump", entropy.name()), |bencher| {
                let array = array(entropy, size);
                let mut sink = Vec::with_capacity(size + (size >> 3));
                bencher.iter(|| {
                    sink.clear();
                    dump(compressor, black_box(&array), &mut sink);
                });
            });
            group.bench_function(BenchmarkId::new("load", entropy.name()), |bencher| {
                let mut coded = Vec::new();
                dump(compressor, &array(entropy, size), &mut coded);
                bencher.iter(|| demijohn::load_from(black_box(&coded[..])).expect("a file just dumped"));
            });
        }
    }
}

/// All the data as one array of the type that it stands for.
fn array(entropy: Entropy, size: usize) -> Array {
    let dtype = match entropy {
        Entropy::Zeros | Entropy::Text => DType::of::<u8>(),
        Entropy::Categorical => DType::of::<i64>(),
        Entropy::Images => DType::of::<f32>(),
        Entropy::Smooth | Entropy::Random => DType::of::<f64>(),
    };
    let len = size / dtype.itemsize();
    let layout = Layout::new(dtype, &[len], Order::C).expect("a few MiB");
    Array::from_bytes(layout, &entropy.bytes(size)).expect("as many bytes as the layout has")
}

fn dump(compressor: &Compressor, array: &Array, sink: &mut Vec<u8>) {
    demijohn::dump_to(array, sink, compressor.name()).expect("memory takes everything");
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3));
    targets = matrix
}
criterion_main!(benches);
