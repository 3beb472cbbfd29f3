//! Data for the benchmarks: deterministic, of rising entropy, like what people keep in compressed files.
//!
//! The benchmarks themselves are in `benches/`: `matrix` is criterion over codec x entropy x operation, `overhead`
//! compares streaming through a file object with the bare backend, `summary` prints the table of the README.

#![forbid(unsafe_code)]

mod entropy;
mod rng;
pub mod stream;
pub mod summary;

use std::time::{Duration, Instant};

pub use entropy::Entropy;
pub use rng::SplitMix64;

/// How long something takes once.
pub fn time(run: &mut impl FnMut()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}
