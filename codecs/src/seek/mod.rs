//! Random access: the places in a coded stream from which decoding can go on, and where they are known from.
//!
//! A [`Point`] is such a place. Readers know of them in two ways: a decoder names those that it passes
//! ([`Decode::marks`](crate::Decode::marks)), and a [`Survey`] finds those that are written in the stream itself, in a table at
//! its end or in the headers of its parts, without decoding anything. The engine keeps both together, bounded in memory,
//! and goes to the nearest one in front of where a seek leads.

// With all formats there is nothing that nobody uses.
#![cfg_attr(
    not(all(
        feature = "gzip",
        feature = "bz2",
        feature = "xz",
        feature = "zstd",
        feature = "lz4",
        feature = "snappy",
        feature = "blosc",
        feature = "lzo"
    )),
    allow(
        dead_code,
        unused_imports,
        reason = "each decoder uses a part of it, and which there are is up to the features"
    )
)]

mod index;
mod marks;
mod places;

use std::sync::Arc;

use crate::error::Result;

pub use index::SeekIndex;
pub use marks::Marks;

pub(crate) use places::Places;

/// A place in a coded stream from which decoding can go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// Offset of the next coded byte, from where the stream began.
    pub coded: u64,
    /// Offset of the plain byte that it stands for.
    pub plain: u64,
    /// What the decoder must know of what came before.
    pub entry: Entry,
}

/// What a decoder must know to go on at a [`Point`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Nothing: a stream begins there.
    Stream,
    /// The place is inside a stream.
    Inside {
        /// What the format's decoder wants to know, in its own form; points of a stream may share it.
        state: Arc<[u8]>,
        /// The rest of that, where it differs from point to point: a number of the decoder's.
        at: u64,
    },
}

impl Entry {
    pub(crate) fn inside(state: &Arc<[u8]>, at: u64) -> Self {
        Entry::Inside {
            state: state.clone(),
            at,
        }
    }
}

/// Which of the places that a decoder passes it is to name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marking {
    /// Plain bytes from one place to the next, at least, where remembering costs next to nothing. `None`: name none.
    pub plain: Option<u64>,
    /// The same for places at which the decoder needs the plain bytes before them, up to 32 KiB of these.
    pub window: Option<u64>,
}

/// Finds the points that are written in a stream.
pub trait Survey: Send {
    /// Appends points in their order, until one lies behind the plain offset `target` or no more can be found.
    ///
    /// # Errors
    /// Of kind `Io`, what reading `coded` reports. All others mean that what is written there is not to be relied on: the
    /// points so far are forgotten, and seeking goes by decoding.
    fn extend(&mut self, coded: &mut dyn Coded, target: u64, found: &mut Vec<Point>) -> Result<Extent>;
}

/// How far a [`Survey`] has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// As far as it was asked to; there may be more.
    Partial,
    /// To the end of all streams; the plain bytes end at this offset.
    End(u64),
    /// To where nothing more is written.
    Unknown,
}

/// The bytes of a coded stream, from where it began to the end of the source.
pub trait Coded {
    /// How many there are.
    fn size(&self) -> u64;

    /// Reads from that offset on, as many bytes as there are and `out` has room for.
    ///
    /// # Errors
    /// What the source reports.
    fn read_at(&mut self, at: u64, out: &mut [u8]) -> Result<usize>;
}

/// Exactly `N` bytes; `None` if the source ends before.
pub(crate) fn bytes_at<const N: usize>(coded: &mut dyn Coded, at: u64) -> Result<Option<[u8; N]>> {
    let mut bytes = [0; N];
    let n = coded.read_at(at, &mut bytes)?;
    Ok((n == N).then_some(bytes))
}
