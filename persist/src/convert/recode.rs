//! The same bytes in another compression.

use std::io::Read;

use super::Out;
use super::source::Stream;
use crate::codecs::{self, Hint, TakesHints};
use crate::inspect::Inspection;
use crate::{Error, Result};

/// How much is read at a time: large enough that codecs read straight into it.
const CHUNK: usize = 256 << 10;

/// A stream that is to be written again.
pub(super) struct Recoding {
    pub(super) stream: Stream,
    /// Where elements of another size begin, for formats that make use of it.
    pub(super) elements: Vec<(u64, usize)>,
}

impl Recoding {
    /// Says how much there will be, where that is known.
    pub(super) fn announce(&self, options: codecs::Options) -> codecs::Options {
        match self.stream.source_size() {
            Some(size) if self.stream.format() == "none" => options.size(size),
            _ => options,
        }
    }

    /// Copies to the end, where everything has been checked; answers how much of the source was read.
    pub(super) fn run<S: TakesHints>(&mut self, out: &mut Out<S>) -> Result<u64> {
        let mut at = 0;
        for &(place, size) in &self.elements {
            at += pass(&mut self.stream, place.saturating_sub(at), out)?;
            out.hint(Hint::ElementSize(size))?;
        }
        pass(&mut self.stream, u64::MAX, out)?;
        Ok(self.stream.position_in())
    }
}

/// Where the size of elements changes in a stream of which this was found.
pub(super) fn element_sizes(found: &Inspection) -> Vec<(u64, usize)> {
    let mut arrays: Vec<_> = found
        .arrays
        .iter()
        .filter_map(|entry| Some((entry.offset?, &entry.layout)))
        .collect();
    arrays.sort_by_key(|(offset, _)| *offset);
    let ends = |(offset, layout): (u64, &crate::arrays::Layout)| {
        let behind = offset + layout.nbytes() as u64;
        [(offset, layout.dtype().itemsize()), (behind, 1)]
    };
    arrays.into_iter().flat_map(ends).collect()
}

/// Copies up to `most` bytes, fewer if the source ends before; answers how many.
pub(super) fn pass(source: &mut dyn Read, most: u64, out: &mut dyn std::io::Write) -> Result<u64> {
    let mut chunk = vec![0; usize::try_from(most).map_or(CHUNK, |most| most.min(CHUNK))];
    let mut left = most;
    while left > 0 {
        let part = usize::try_from(left).map_or(CHUNK, |left| left.min(CHUNK));
        match source.read(&mut chunk[..part]) {
            Ok(0) => break,
            Ok(n) => {
                out.write_all(&chunk[..n])?;
                left -= n as u64;
            }
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(Error::from(e)),
        }
    }
    Ok(most - left)
}
