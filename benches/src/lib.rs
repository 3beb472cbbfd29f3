//! Data for the benchmarks: deterministic, of rising entropy, like what people keep in compressed files.
//!
//! The benchmarks themselves are in `benches/`: `matrix` is criterion over codec x entropy x operation, `overhead`
//! compares streaming through a file object with the bare backend.

#![forbid(unsafe_code)]

mod entropy;
mod rng;

pub use entropy::Entropy;
pub use rng::SplitMix64;
