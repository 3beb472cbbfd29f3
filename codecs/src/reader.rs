//! [`Reader`]: the plain side of a compressed stream, to read and to seek in.

use std::io::{self, BufRead, Read, Seek, SeekFrom};

use crate::compressor::Compressor;
use crate::engine::decode::DecodeEngine;
use crate::engine::input::Input;
use crate::error::{Error, Result};
use crate::file::Summary;
use crate::seek::SeekIndex;
use crate::source::{Exact, Pipe, Seekable, Source};

/// Plain bytes kept for small reads and for [`BufRead`].
const BUFFER: usize = 256 << 10;
/// Reads of at least this size go straight into the caller's slice. The copy through the buffer costs a fast format
/// more than a decoder loses by slices that are smaller than the buffer.
const STRAIGHT: usize = 64 << 10;

/// Reads the plain bytes of a compressed stream.
///
/// * Truncation, a wrong checksum and trailing data are errors, raised after the bytes before them have been
///   delivered. A checksum is verified when the end is reached: by a read that returns 0, by
///   [`finish`](Self::finish), or by [`end_member`](Self::end_member).
/// * Errors are sticky: every later call fails the same way. Only `WouldBlock` passes, and nothing is lost
///   with it.
/// * Seeking answers exactly as [`std::io::Cursor`] does, any offset included. It is free by itself: the next
///   read decodes forward to the place, from the nearest block in front of it that is known ([`seek`](crate::seek)), or
///   from the beginning of the stream. After a jump, checksums of blocks are verified and those over the whole stream are not:
///   what was jumped over has not been seen. Reading from offset 0 verifies all.
#[derive(Debug)]
pub struct Reader<S> {
    input: Input<S>,
    engine: DecodeEngine,
    /// Plain bytes decoded but not delivered: `buffer[at..len]`. Its storage comes with the first need.
    buffer: Vec<u8>,
    at: usize,
    len: usize,
    /// Bytes of the source's own buffer that the last [`BufRead::fill_buf`] showed, where they are plain bytes.
    lent: usize,
    /// The position users see, where it is not the one that decoding has reached.
    target: Option<u64>,
    /// Where the plain stream ends, once that has been seen.
    end: Option<u64>,
    /// Places for an index are taken note of since the beginning, so far apart.
    indexes: Option<u64>,
}

impl<S: Source> Reader<S> {
    pub(crate) fn new(input: Input<S>, engine: DecodeEngine) -> Self {
        Reader {
            input,
            engine,
            buffer: Vec::new(),
            at: 0,
            len: 0,
            lent: 0,
            target: None,
            end: None,
            indexes: None,
        }
    }

    /// From the beginning on, takes note of places for an index.
    pub(crate) fn make_index(&mut self, spacing: u64) {
        self.indexes = Some(spacing);
        self.engine.make_index(spacing);
    }

    /// Seeks by this index.
    pub(crate) fn load_index(&mut self, index: SeekIndex) -> Result<()> {
        let size = self.source_size();
        self.engine.load_index(index, size)
    }

    /// The name of the format being read; `"none"` for plain bytes.
    #[must_use]
    pub fn format(&self) -> &'static str {
        self.engine.compressor().name()
    }

    /// The format being read.
    #[must_use]
    pub fn compressor(&self) -> &Compressor {
        self.engine.compressor()
    }

    /// Offset in the plain stream, in bytes.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.target.unwrap_or_else(|| self.reached())
    }

    /// Bytes of the compressed stream consumed so far.
    #[must_use]
    pub fn position_in(&self) -> u64 {
        self.input.consumed()
    }

    /// Can it seek backward? Forward it always can.
    #[must_use]
    pub fn seekable(&self) -> bool {
        self.input.source().seekable()
    }

    /// Decodes what is left, so that everything there is to check is checked, and says how much it was.
    ///
    /// # Errors
    /// What reading to the end reports.
    pub fn finish(mut self) -> Result<Summary> {
        self.target = None;
        while self.refill()? > 0 {}
        Ok(Summary {
            plain: self.engine.produced(),
            compressed: self.input.consumed(),
        })
    }

    /// Decodes to the end of the member at hand, so that its checksum is checked, and ends the stream there:
    /// what follows is not looked at.
    ///
    /// # Errors
    /// What reading to the end of the member reports.
    pub fn end_member(&mut self) -> Result<()> {
        self.catch_up()?;
        self.engine.stop_at_member_end();
        while self.engine.in_member() && self.refill()? > 0 {}
        self.engine.stop();
        self.at = self.len;
        Ok(())
    }

    /// An index of the places of a gzip or zlib stream, for others to seek by. What is left is decoded for it; all of it, unless
    /// [`Options::index_spacing`](crate::Options::index_spacing) was given. The position stays what it is.
    ///
    /// # Errors
    /// `Unsupported` for other formats, and for a source that cannot seek; what reading to the end reports.
    pub fn seek_index(&mut self) -> Result<SeekIndex> {
        while !self.settle_index(u64::MAX)? {}
        Ok(SeekIndex {
            points: self.engine.places().inside().cloned().collect(),
            compressed: self.source_size(),
            plain: self.end,
            spacing: self.indexes.unwrap_or(SeekIndex::SPACING),
        })
    }

    /// Does a part of the work of [`seek_index`](Self::seek_index): decodes about `most` bytes for it. Says whether all is done.
    ///
    /// This is for who wants to do something else in between, or to give up, as after [`settle`](Self::settle).
    ///
    /// # Errors
    /// Those of [`seek_index`](Self::seek_index).
    pub fn settle_index(&mut self, most: u64) -> Result<bool> {
        if !self.compressor().spec().has_seek_index() {
            return Err(Error::unsupported(format!(
                "indexes are of gzip and zlib; {} is sought in without, as far as it can be",
                self.format()
            )));
        }
        if !self.seekable() {
            return Err(Error::unsupported(
                "the source cannot seek, so nothing can use an index of it",
            ));
        }
        let position = self.position();
        let spacing = self.indexes.unwrap_or(SeekIndex::SPACING);
        if self.indexes.replace(spacing).is_none() || self.engine.has_leapt() {
            self.engine.make_index(spacing);
            self.engine.rewind(&mut self.input)?;
        }
        self.target = Some(position);
        (self.at, self.len) = (0, 0);
        let until = self.engine.produced().saturating_add(most);
        while self.engine.produced() < until {
            if self.refill()? == 0 {
                self.end = Some(self.engine.produced());
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The source, wherever decoding has left it.
    #[must_use]
    pub fn into_source(self) -> S {
        self.input.into_source()
    }

    /// The offset of the next byte that decoding will deliver.
    fn reached(&self) -> u64 {
        self.engine.produced() - (self.len - self.at) as u64
    }

    /// Does a part of the work that a seek has put off: decodes about `most` bytes on the way to the position. Says
    /// whether it is there, which it also is if the stream ends before it.
    ///
    /// Reading does all of it. This is for who wants to do something else in between, or to give up: until it is there,
    /// another seek costs nothing.
    ///
    /// # Errors
    /// What reading reports.
    pub fn settle(&mut self, most: u64) -> Result<bool> {
        self.lent = 0;
        let Some(target) = self.target else {
            return Ok(true);
        };
        if self.end.is_some_and(|end| target >= end) {
            return Ok(true);
        }
        let window = self.engine.produced() - self.len as u64;
        if target < window {
            self.at = 0;
            self.len = 0;
            if self.is_transparent() {
                self.engine.jump(&mut self.input, target)?;
            } else {
                self.engine.approach(&mut self.input, target)?;
            }
        } else if target < self.reached() {
            self.at = index(target - window);
        } else if !self.is_transparent() && target > self.engine.produced() {
            let before = self.engine.produced();
            let there = self.engine.approach(&mut self.input, target);
            // What lies in the buffer is no longer where decoding stands, or is in front of an error now reported.
            if there.is_err() || self.engine.produced() != before {
                (self.at, self.len) = (0, 0);
            }
            there?;
        }
        let pause = self.engine.produced().saturating_add(most);
        while self.reached() < target {
            let buffered = (self.len - self.at) as u64;
            if buffered > 0 {
                self.at += index(buffered.min(target - self.reached()));
            } else if self.transparent_jump(target)? {
            } else if self.engine.produced() >= pause {
                return Ok(false);
            } else if self.refill()? == 0 {
                self.end = Some(self.reached());
                return Ok(true);
            }
        }
        self.target = None;
        Ok(true)
    }

    /// Brings decoding to the position that users see. Afterwards the next byte is theirs, or the end is
    /// before it.
    fn catch_up(&mut self) -> Result<()> {
        self.settle(u64::MAX).map(drop)
    }

    fn is_transparent(&self) -> bool {
        self.engine.compressor().spec().is_transparent()
    }

    /// Where the plain stream ends, if that is known: once it has been reached, or if the bytes are plain in a source
    /// that knows its size.
    #[must_use]
    pub fn end(&self) -> Option<u64> {
        let transparent = || self.source_size().filter(|_| self.is_transparent());
        self.end.or_else(transparent)
    }

    /// The size of the source in bytes, from where the stream began, where it is known.
    #[must_use]
    pub fn source_size(&self) -> Option<u64> {
        self.input.source().size()
    }

    /// Skips forward without reading, where coded and plain bytes are the same and the source seeks.
    fn transparent_jump(&mut self, target: u64) -> Result<bool> {
        let within = self.input.source().size().is_some_and(|size| target <= size);
        let can = self.is_transparent() && self.seekable() && within;
        if can {
            self.engine.jump(&mut self.input, target)?;
        }
        Ok(can)
    }

    /// Decodes into the own buffer; what was in it is gone.
    fn refill(&mut self) -> Result<usize> {
        if self.buffer.is_empty() {
            self.buffer = vec![0; BUFFER];
        }
        (self.at, self.len) = (0, 0);
        self.len = self.engine.read(&mut self.input, &mut self.buffer)?;
        Ok(self.len)
    }

    fn offset(&mut self, to: SeekFrom) -> io::Result<u64> {
        let (base, by) = match to {
            SeekFrom::Start(at) => return Ok(at),
            SeekFrom::Current(by) => (self.position(), by),
            SeekFrom::End(by) => (self.size()?, by),
        };
        base.checked_add_signed(by).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                "a seek to a negative or overflowing offset",
            )
        })
    }

    /// The plain size, decoding to the end if it has not been there yet.
    fn size(&mut self) -> Result<u64> {
        if let Some(end) = self.end() {
            return Ok(end);
        }
        let position = self.position();
        if !self.seekable() {
            return Err(Error::unsupported(
                "the source cannot seek, so its end cannot be found without losing the way back",
            ));
        }
        if !self.is_transparent()
            && let Some(end) = self.engine.find_end(&mut self.input)?
        {
            self.end = Some(end);
            return Ok(end);
        }
        // Before decoding: a source that would block on the way must not move the position.
        self.target = Some(position);
        while self.refill()? > 0 {}
        let end = self.engine.produced();
        self.end = Some(end);
        Ok(end)
    }
}

impl<S: Source> Read for Reader<S> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        self.catch_up()?;
        if self.target.is_some() {
            return Ok(0);
        }
        if self.at == self.len && (out.len() >= STRAIGHT || self.is_transparent()) {
            // The window for seeking back moves along: it is empty and stands behind what is delivered.
            (self.at, self.len) = (0, 0);
            return Ok(self.engine.read(&mut self.input, out)?);
        }
        let mut available = self.fill_buf()?;
        let n = available.read(out)?;
        self.consume(n);
        Ok(n)
    }
}

impl<S: Source> BufRead for Reader<S> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.catch_up()?;
        if self.target.is_some() {
            return Ok(&[]);
        }
        if self.at == self.len && self.is_transparent() {
            (self.at, self.len) = (0, 0);
            let bytes = self.engine.lend(&mut self.input)?;
            self.lent = bytes.len();
            return Ok(bytes);
        }
        if self.at == self.len {
            self.refill()?;
        }
        Ok(&self.buffer[self.at..self.len])
    }

    fn consume(&mut self, n: usize) {
        if self.lent > 0 {
            let n = n.min(self.lent);
            self.lent -= n;
            self.engine.take_lent(&mut self.input, n);
        } else {
            self.at = (self.at + n).min(self.len);
        }
    }
}

impl<S: Source> Seek for Reader<S> {
    /// Any offset, as [`std::io::Cursor`] answers; the work is done by the next read.
    ///
    /// # Errors
    /// `InvalidInput` for an offset below 0; `Unsupported` for going back, or for [`SeekFrom::End`], in a
    /// source that does not seek.
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = self.offset(to)?;
        if to == self.position() {
            return Ok(to);
        }
        let window = self.engine.produced() - self.len as u64;
        if to < window && !self.seekable() {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "the source cannot seek, so the stream cannot be read again from its beginning",
            ));
        }
        self.target = Some(to);
        Ok(to)
    }

    fn stream_position(&mut self) -> io::Result<u64> {
        Ok(self.position())
    }
}

fn index(n: u64) -> usize {
    usize::try_from(n).expect("an offset within a buffer fits")
}

impl<R: Read> Reader<Pipe<R>> {
    /// The inner reader; bytes read ahead are lost.
    #[must_use]
    pub fn into_inner(self) -> R {
        self.into_source().into_inner()
    }
}

impl<R: Read + Seek> Reader<Seekable<R>> {
    /// The inner reader, wherever decoding has left it.
    #[must_use]
    pub fn into_inner(self) -> R {
        self.into_source().into_inner()
    }
}

impl<R: BufRead> Reader<Exact<R>> {
    /// The inner reader, right behind the last byte consumed.
    #[must_use]
    pub fn into_inner(self) -> R {
        self.into_source().into_inner()
    }
}
