//! Skippable frames, which zstd (RFC 8878 section 3.1.2) took over from lz4: a magic number of sixteen, a length,
//! and bytes that are nobody's data.

use crate::format::{Head, Probe};
#[cfg(any(feature = "lz4", feature = "zstd"))]
use crate::pieces::Found;

/// The signatures of a format, and behind them those of skippable frames.
macro_rules! with_skippable {
    ($($signature:expr),*) => {
        [
            $($signature,)*
            b"\x50\x2a\x4d\x18",
            b"\x51\x2a\x4d\x18",
            b"\x52\x2a\x4d\x18",
            b"\x53\x2a\x4d\x18",
            b"\x54\x2a\x4d\x18",
            b"\x55\x2a\x4d\x18",
            b"\x56\x2a\x4d\x18",
            b"\x57\x2a\x4d\x18",
            b"\x58\x2a\x4d\x18",
            b"\x59\x2a\x4d\x18",
            b"\x5a\x2a\x4d\x18",
            b"\x5b\x2a\x4d\x18",
            b"\x5c\x2a\x4d\x18",
            b"\x5d\x2a\x4d\x18",
            b"\x5e\x2a\x4d\x18",
            b"\x5f\x2a\x4d\x18",
        ]
    };
}
pub(super) use with_skippable;

/// What a probe says to a skippable frame; `No` to anything else.
pub(super) fn probe(head: &Head<'_>) -> Probe {
    match head.bytes {
        [0x50..=0x5f, 0x2a, 0x4d, 0x18, a, b, c, d, ..] => {
            Probe::Skip(8 + u64::from(u32::from_le_bytes([*a, *b, *c, *d])))
        }
        // Cut in its header.
        [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] if head.is_complete() => Probe::Skip(8),
        [0x50..=0x5f, rest @ ..] => {
            let n = rest.len().min(3);
            if rest[..n] == b"\x2a\x4d\x18"[..n] && !head.is_complete() {
                Probe::More
            } else {
                Probe::No
            }
        }
        _ => Probe::No,
    }
}

/// What a scan says to a skippable frame; `None` to anything else.
#[cfg(any(feature = "lz4", feature = "zstd"))]
pub(super) fn pass(coded: &[u8]) -> Option<Found> {
    match probe(&Head {
        bytes: &coded[..coded.len().min(Head::LEN)],
        total: None,
    }) {
        Probe::Skip(len) => Some(match usize::try_from(len) {
            Ok(len) if len <= coded.len() => Found::Pass(len),
            // The engine steps over it; there will be another scan behind.
            _ => Found::Lost,
        }),
        _ => None,
    }
}
