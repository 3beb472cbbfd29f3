//! How long tests go on that could go on for ever. Included by `#[path]`.

#![allow(dead_code, reason = "no test needs everything")]

use std::time::{Duration, Instant};

/// Numbers of rounds: as many as `usual`; if `cargo xtask torture` runs the test, as many as `much`, or for as many seconds
/// as it was told.
pub(crate) fn rounds(usual: usize, much: usize) -> impl Iterator<Item = usize> {
    let asked = std::env::var("DEMIJOHN_TORTURE").ok();
    let seconds = asked.as_ref().and_then(|text| text.parse().ok());
    let most = match (&asked, seconds) {
        (None, _) => usual,
        (Some(_), None) => much,
        (Some(_), Some(_)) => usize::MAX,
    };
    let end = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    (0..most).take_while(move |_| end.is_none_or(|end| Instant::now() < end))
}

/// Whether `cargo xtask torture` runs the test.
pub(crate) fn tortured() -> bool {
    std::env::var_os("DEMIJOHN_TORTURE").is_some()
}
