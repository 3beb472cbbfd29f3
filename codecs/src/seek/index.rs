//! [`SeekIndex`]: the places of a gzip or zlib file, to keep beside it.

use std::fmt;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;

use super::{Entry, Point};
use crate::error::{Error, Result};
use crate::limits::Limits;

mod parse;
#[cfg(test)]
mod tests;

/// Bytes that a match can reach back, and so of a window.
const WINDOW: usize = 32 << 10;

/// Where a gzip or zlib file can be entered.
///
/// A deflate stream cannot be entered without the 32 KiB of data in front of the place, so nothing in such a file helps to
/// seek in it. An index has these windows. It is made by reading the file once
/// ([`Reader::seek_index`](crate::Reader::seek_index)), used by [`Options::seek_index`](crate::Options::seek_index), and kept in a file of
/// indexed_gzip's form (GZIDX), which other programs read too. Those of gztool and bgzip (`.gzi`) are read as well.
///
/// An index is not believed: before a reader begins at one of its places for the first time, it decodes from the place in front of
/// it and compares. One that is of another file, or damaged, is an error of kind `Corrupt` then, and no data.
#[derive(Clone, PartialEq, Eq)]
pub struct SeekIndex {
    pub(crate) points: Vec<Point>,
    pub(crate) compressed: Option<u64>,
    pub(crate) plain: Option<u64>,
    pub(crate) spacing: u64,
}

impl SeekIndex {
    /// Plain bytes from one place to the next if nothing else is asked for: 1 MiB.
    pub const SPACING: u64 = 1 << 20;

    /// How many places it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Has it no place but the beginning?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// Its places, in their order.
    #[must_use]
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// The size of the file that it is of, in bytes, if that is known.
    #[must_use]
    pub fn compressed_size(&self) -> Option<u64> {
        self.compressed
    }

    /// How many bytes that file decodes to, if that is known.
    #[must_use]
    pub fn plain_size(&self) -> Option<u64> {
        self.plain
    }

    /// Opens and reads an index file; see [`read`](Self::read).
    ///
    /// # Errors
    /// As [`read`](Self::read), with the path in the message.
    pub fn open(path: impl AsRef<Path>, limits: Limits) -> Result<Self> {
        let path = path.as_ref();
        let file = std::fs::File::open(path).map_err(|error| Error::at_path(error, path))?;
        Self::read(std::io::BufReader::new(file), limits)
    }

    /// Reads an index: of indexed_gzip (GZIDX), gztool or bgzip, whichever it is.
    ///
    /// # Errors
    /// `Io` for what the source reports; `UnknownFormat` for something else; `Truncated`, `Corrupt` or `Checksum` for what is
    /// damaged; `Limit` for what takes more memory than allowed.
    pub fn read(source: impl Read, limits: Limits) -> Result<Self> {
        let most = limits.max_memory().unwrap_or(u64::MAX);
        let mut bytes = Vec::new();
        source.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > most {
            return Err(Error::limit(format!(
                "the index takes more than the {most} bytes allowed"
            )));
        }
        let index = parse::any(&bytes, most)?;
        index.check()?;
        Ok(index)
    }

    /// Are all places in order? Several may be of the same plain byte: the end of a member and the beginning of the next.
    fn check(&self) -> Result<()> {
        let ordered = self
            .points
            .windows(2)
            .all(|pair| pair[0].plain <= pair[1].plain && pair[0].coded < pair[1].coded);
        let last = self.points.last();
        let within = last.is_none_or(|last| {
            self.plain.is_none_or(|plain| last.plain <= plain)
                && self.compressed.is_none_or(|compressed| last.coded <= compressed)
        });
        if ordered && within {
            Ok(())
        } else {
            Err(Error::corrupt("the places in the index are not in order"))
        }
    }

    /// Writes it in indexed_gzip's form, version 1, and behind that, where others do not look, its CRC-32.
    ///
    /// # Errors
    /// `Io` for what the sink reports; `Unsupported` for an index that does not know the sizes of its file, or has places without
    /// windows, which is bgzip's.
    pub fn write(&self, mut sink: impl Write) -> Result<()> {
        let (Some(compressed), Some(plain)) = (self.compressed, self.plain) else {
            return Err(Error::unsupported(
                "the index does not know the sizes of its file",
            ));
        };
        let too_many = |_| Error::unsupported("an index of more places than the form has room for");
        let mut out = Summed {
            sink: &mut sink,
            sum: crc32fast::Hasher::new(),
        };
        out.put(b"GZIDX\x01\x00")?;
        out.put(&compressed.to_le_bytes())?;
        out.put(&plain.to_le_bytes())?;
        out.put(&u32::try_from(self.spacing).unwrap_or(u32::MAX).to_le_bytes())?;
        out.put(&u32::try_from(WINDOW).expect("32 KiB").to_le_bytes())?;
        out.put(&u32::try_from(self.points.len()).map_err(too_many)?.to_le_bytes())?;
        for point in &self.points {
            let Entry::Inside { state, at } = &point.entry else {
                return Err(Error::unsupported(
                    "an index of members cannot be written in this form",
                ));
            };
            // There, the offset is that of the first whole byte.
            out.put(&(point.coded + u64::from(*at > 0)).to_le_bytes())?;
            out.put(&point.plain.to_le_bytes())?;
            out.put(&[u8::try_from(*at).unwrap_or_default(), u8::from(!state.is_empty())])?;
        }
        for point in &self.points {
            if let Entry::Inside { state, .. } = &point.entry
                && !state.is_empty()
            {
                out.put(&vec![0; WINDOW.saturating_sub(state.len())])?;
                out.put(state)?;
            }
        }
        let sum = out.sum.finalize();
        sink.write_all(&parse::TRAILER)?;
        sink.write_all(&sum.to_le_bytes())?;
        Ok(sink.flush()?)
    }
}

/// A sink and the checksum of what went into it.
struct Summed<W> {
    sink: W,
    sum: crc32fast::Hasher,
}

impl<W: Write> Summed<W> {
    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.sum.update(bytes);
        Ok(self.sink.write_all(bytes)?)
    }
}

/// A place in a deflate stream as indexes have it: `coded` is the offset of the first whole byte.
fn inside(coded: u64, plain: u64, bits: u64, window: Arc<[u8]>) -> Result<Point> {
    let coded = coded.checked_sub(u64::from(bits > 0)).filter(|_| bits < 8);
    Ok(Point {
        coded: coded
            .ok_or_else(|| Error::corrupt(format!("no place has {bits} bits in the byte before it")))?,
        plain,
        entry: Entry::Inside {
            state: window,
            at: bits,
        },
    })
}

impl fmt::Debug for SeekIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeekIndex")
            .field("points", &self.points.len())
            .field("compressed", &self.compressed)
            .field("plain", &self.plain)
            .finish_non_exhaustive()
    }
}
