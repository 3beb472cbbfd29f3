//! What stands around the chunks of a bloscpack file: its header, the metadata, the offsets.

use super::MAGIC;
use super::chunk::Header as Chunk;
use super::digest::Kind;
use crate::error::{Error, Result};

/// The version of the file format.
const VERSION: u8 = 3;

/// Bits of the options.
const OFFSETS: u8 = 0x01;
const METADATA: u8 = 0x02;

/// Bytes of the header behind the magic.
pub(super) const HEADER: usize = 28;
/// Bytes of the header of the metadata.
pub(super) const METADATA_HEADER: usize = 32;

/// What the header of a file says, and how far its chunks have been read.
#[derive(Clone)]
pub(super) struct Pack {
    pub(super) has_offsets: bool,
    pub(super) has_metadata: bool,
    pub(super) checksum: Kind,
    /// Plain bytes in each chunk but the last.
    chunk_size: Option<u64>,
    /// Plain bytes in the last one.
    last_chunk: Option<u64>,
    chunks: Option<u64>,
    /// Unused offsets that follow those of the chunks.
    spare: u64,
    /// Where chunks begin, as far as there are offsets. As many as have been read, never as many as were promised.
    offsets: Vec<u64>,
    /// How many chunks have been begun, and the plain bytes in the last of them.
    begun: u64,
    last: u64,
}

impl Pack {
    /// Reads the header behind its magic.
    pub(super) fn parse(raw: &[u8; HEADER]) -> Result<Self> {
        let [version, options, checksum, _typesize, rest @ ..] = raw;
        if *version != VERSION {
            return Err(Error::unsupported(format!(
                "a bloscpack file of version {version}; version {VERSION} can be read"
            )));
        }
        if options & !(OFFSETS | METADATA) != 0 {
            return Err(Error::corrupt(format!(
                "reserved options of the file are set ({options:#04x})"
            )));
        }
        let checksum = Kind::new(*checksum)?;
        let (sizes, counts) = rest.split_at(8);
        let size = |i: usize| i32::from_le_bytes(*sizes[4 * i..].first_chunk().expect("four bytes"));
        let count = |i: usize| i64::from_le_bytes(*counts[8 * i..].first_chunk().expect("eight bytes"));
        let chunk_size = known("the size of chunks", size(0).into())?;
        let last_chunk = known("the size of the last chunk", size(1).into())?;
        let chunks = known("the number of chunks", count(0))?;
        let spare = known("the number of spare offsets", count(1))?.unwrap_or(u64::MAX);
        if let (Some(last), Some(size)) = (last_chunk, chunk_size)
            && last > size
        {
            return Err(Error::corrupt(format!(
                "the last chunk has {last} bytes, more than the {size} of a chunk"
            )));
        }
        let has_offsets = options & OFFSETS != 0;
        // Each of them takes eight bytes in front of the first chunk, whose own offset has a sign.
        let most = u64::try_from(i64::MAX / 16).expect("positive");
        if spare > most
            || chunks.is_some_and(|n| n > most)
            || (chunks.is_none() && (has_offsets || spare > 0))
        {
            return Err(Error::corrupt(format!(
                "offsets for {} chunks and {} more cannot be",
                count(0),
                count(1)
            )));
        }
        Ok(Pack {
            has_offsets,
            has_metadata: options & METADATA != 0,
            checksum,
            chunk_size,
            last_chunk,
            chunks,
            spare,
            offsets: Vec::new(),
            begun: 0,
            last: 0,
        })
    }

    /// The header as it would be without offsets: what the points of a file need to know.
    pub(super) fn without_offsets(raw: &[u8; HEADER]) -> [u8; HEADER] {
        let mut header = *raw;
        header[1] &= !OFFSETS;
        header
    }

    /// As if so many chunks had been begun, all of them of full size.
    pub(super) fn skip_to(&mut self, chunk: u64) {
        self.begun = chunk;
        self.last = self.chunk_size.unwrap_or_default();
    }

    /// How many chunks have been begun.
    pub(super) fn begun(&self) -> u64 {
        self.begun
    }

    /// How many chunks there are, at least one, and how many plain bytes are in each but the last, if that is known.
    pub(super) fn geometry(&self) -> Option<(u64, u64)> {
        self.chunks.filter(|&chunks| chunks > 0).zip(self.chunk_size)
    }

    /// Where the last chunk begins, once all offsets have been taken.
    pub(super) fn last_offset(&self) -> Option<u64> {
        self.offsets.last().copied()
    }

    /// How many offsets stand in front of the chunks.
    pub(super) fn offsets(&self) -> u64 {
        if self.has_offsets {
            self.chunks.unwrap_or_default() + self.spare
        } else {
            0
        }
    }

    /// Takes the next of the offsets; `chunks_at` is where the last of them ends.
    pub(super) fn offset(&mut self, index: u64, raw: [u8; 8], chunks_at: u64) -> Result<()> {
        let offset = i64::from_le_bytes(raw);
        if index >= self.chunks.unwrap_or_default() {
            if offset == -1 {
                return Ok(());
            }
            return Err(Error::corrupt(format!("a spare offset says {offset} and not -1")));
        }
        let before = self.offsets.last().copied();
        let plausible = match (u64::try_from(offset), before) {
            (Ok(at), None) => at == chunks_at,
            (Ok(at), Some(before)) => before < at,
            (Err(_), _) => false,
        };
        if !plausible {
            return Err(Error::corrupt(format!("chunk {index} cannot begin at {offset}")));
        }
        self.offsets.push(u64::try_from(offset).expect("not negative"));
        Ok(())
    }

    /// Bytes that the offsets take.
    pub(super) fn memory(&self) -> usize {
        size_of_val(self.offsets.as_slice())
    }

    /// Does the file not say how many chunks there are?
    pub(super) fn is_open(&self) -> bool {
        self.chunks.is_none()
    }

    /// Is there another chunk? `at_end` says that the input ends here.
    pub(super) fn another(&self, at_end: bool) -> Result<bool> {
        if let Some(chunks) = self.chunks {
            return Ok(self.begun < chunks);
        }
        if at_end
            && let Some(last) = self.last_chunk
            && last != self.last
        {
            // That there are more shows, though not how many.
            return Err(Error::truncated(format!(
                "the input ends behind a chunk of {} bytes, the last one has {last}",
                self.last
            )));
        }
        Ok(!at_end)
    }

    /// Takes note of a chunk that begins at `at`.
    pub(super) fn chunk(&mut self, chunk: &Chunk, at: u64) -> Result<()> {
        let index = self.begun;
        let wrong = |why: String| Err(Error::corrupt(format!("chunk {index} {why}")));
        if let Some(&offset) = usize::try_from(index).ok().and_then(|i| self.offsets.get(i))
            && offset != at
        {
            return wrong(format!("begins at {at}, its offset says {offset}"));
        }
        let len = chunk.nbytes as u64;
        let is_last = self.chunks.map(|chunks| index + 1 == chunks);
        let (least, most) = match is_last {
            Some(false) => (self.chunk_size, self.chunk_size),
            Some(true) => (self.last_chunk, self.last_chunk.or(self.chunk_size)),
            None => (None, self.chunk_size),
        };
        if least.is_some_and(|least| len < least) || most.is_some_and(|most| len > most) {
            return wrong(format!(
                "has {len} bytes, the file's header says {}",
                most.or(least).unwrap_or_default()
            ));
        }
        if is_last.is_none() && index > 0 && self.chunk_size.is_some_and(|size| self.last < size) {
            return wrong("follows one that is shorter than all but the last may be".to_owned());
        }
        self.passed(len);
        Ok(())
    }

    /// Counts a chunk of so many plain bytes.
    pub(super) fn passed(&mut self, plain: u64) {
        self.begun += 1;
        self.last = plain;
    }
}

/// A field in which −1 says that the writer did not know.
fn known(what: &str, value: i64) -> Result<Option<u64>> {
    match u64::try_from(value) {
        Ok(value) => Ok(Some(value)),
        Err(_) if value == -1 => Ok(None),
        Err(_) => Err(Error::corrupt(format!("{what} is {value}"))),
    }
}

/// What the header of the metadata says.
#[derive(Clone, Copy)]
pub(super) struct Metadata {
    pub(super) checksum: Kind,
    /// Bytes of the metadata, and of the NUL bytes behind it.
    pub(super) len: usize,
    pub(super) spare: usize,
}

impl Metadata {
    pub(super) fn parse(raw: &[u8; METADATA_HEADER]) -> Result<Self> {
        let [options, checksum, codec] = [raw[8], raw[9], raw[10]];
        if options != 0 {
            return Err(Error::corrupt(format!(
                "reserved options of the metadata are set ({options:#04x})"
            )));
        }
        let word = |at: usize| u32::from_le_bytes(*raw[at..].first_chunk().expect("four bytes"));
        let (size, most, len) = (word(12), word(16), word(20));
        if len > most || (codec == 0 && len != size) {
            return Err(Error::corrupt(format!(
                "metadata of {size} bytes takes {len} of {most}"
            )));
        }
        Ok(Metadata {
            checksum: Kind::new(checksum)?,
            len: usize::try_from(len).unwrap_or(usize::MAX),
            spare: usize::try_from(most - len).unwrap_or(usize::MAX),
        })
    }
}

/// Is this how a file begins, or, by its first four bytes, a chunk?
pub(super) fn begins_file(first: [u8; 4]) -> Result<bool> {
    match first {
        MAGIC => Ok(true),
        [_, 0xa8, b'b', b'2'] => Err(Error::unsupported("a Blosc 2 frame; Blosc 1 can be read")),
        // The versions of chunks so far, of which Blosc 2 writes those above 2.
        [1..=5, ..] => Ok(false),
        [a, b, c, d] => Err(Error::corrupt(format!(
            "{a:02x} {b:02x} {c:02x} {d:02x} begins neither a bloscpack file nor a chunk"
        ))),
    }
}
