//! The memory behind an array: bytes that start on a 64-byte boundary.

use std::fmt;
use std::io::{self, Read};

use crate::{Error, Result};

/// Where data begins: a cache line, and the widest vector register in use.
pub(crate) const ALIGN: usize = 64;

/// How much is set aside and read at a time. Small enough to still be in the cache when the reader overwrites the
/// zeros it is made of, and the most that a lying header can cost.
const STEP: usize = 1 << 20;

/// A growable buffer whose first byte is aligned to [`ALIGN`].
///
/// It is a `Vec` with up to `ALIGN - 1` bytes of slack in front rather than an allocation of that alignment: so it
/// grows through `realloc`, which moves large blocks by remapping pages, not by copying them.
pub(crate) struct AlignedBuf {
    bytes: Vec<u8>,
    /// Where the data begins in `bytes`; everything after it is data.
    start: usize,
}

impl AlignedBuf {
    pub(crate) fn zeroed(len: usize) -> Self {
        // `vec![0; _]` takes zeroed pages from the system instead of writing them.
        let mut bytes = vec![0; len + ALIGN - 1];
        let start = bytes.as_ptr().align_offset(ALIGN);
        bytes.truncate(start + len);
        Self { bytes, start }
    }

    pub(crate) fn from_slice(data: &[u8]) -> Self {
        let mut bytes: Vec<u8> = Vec::with_capacity(data.len() + ALIGN - 1);
        let start = bytes.as_ptr().align_offset(ALIGN);
        bytes.resize(start, 0);
        bytes.extend_from_slice(data);
        Self { bytes, start }
    }

    /// Reads exactly `len` bytes.
    ///
    /// With `known`, the caller vouches that there are as many and they are set aside at once; otherwise memory grows
    /// with what has arrived, never beyond twice that and one [`STEP`].
    pub(crate) fn read(len: usize, reader: &mut (impl Read + ?Sized), known: bool) -> Result<Self> {
        let mut buf = Self {
            bytes: Vec::new(),
            start: 0,
        };
        buf.reserve(if known { len } else { len.min(STEP) })?;
        while buf.len() < len {
            let filled = buf.len();
            let step = STEP.min(len - filled);
            if filled + step > buf.capacity() {
                buf.reserve(len.min(filled.saturating_mul(2).max(filled + step)))?;
            }
            buf.bytes.resize(buf.start + filled + step, 0);
            let got = read_full(reader, &mut buf.bytes[buf.start + filled..])?;
            if got < step {
                let filled = filled + got;
                return Err(Error::truncated(format!(
                    "array data ends after {filled} of {len} bytes"
                )));
            }
        }
        Ok(buf)
    }

    fn len(&self) -> usize {
        self.bytes.len() - self.start
    }

    fn capacity(&self) -> usize {
        self.bytes.capacity() - self.start
    }

    /// Makes room for `len` bytes of data altogether.
    fn reserve(&mut self, len: usize) -> Result<()> {
        let failed = |_| Error::limit(format!("no memory for an array of {len} bytes"));
        let filled = self.len();
        self.bytes
            .try_reserve_exact((len + ALIGN - 1).saturating_sub(self.bytes.len()))
            .map_err(failed)?;
        let start = self.bytes.as_ptr().align_offset(ALIGN);
        if start != self.start {
            // The block moved to an address with another remainder (or is new).
            let old = self.start..self.start + filled;
            self.bytes.resize(start.max(self.start) + filled, 0);
            self.bytes.copy_within(old, start);
            self.bytes.truncate(start + filled);
            self.start = start;
        }
        Ok(())
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..]
    }
}

impl Clone for AlignedBuf {
    fn clone(&self) -> Self {
        Self::from_slice(self.as_slice())
    }
}

impl fmt::Debug for AlignedBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AlignedBuf({} bytes)", self.len())
    }
}

/// Reads until `out` is full or the input ends; returns how much was read.
pub(crate) fn read_full(reader: &mut (impl Read + ?Sized), out: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < out.len() {
        match reader.read(&mut out[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn assert_aligned(buf: &AlignedBuf) {
        assert_eq!(buf.as_slice().as_ptr().align_offset(ALIGN), 0);
    }

    #[test]
    fn is_aligned_however_it_was_made() {
        for len in [0, 1, 63, 64, 65, 1000] {
            let data: Vec<u8> = (0..len).map(|i| u8::try_from(i % 251).unwrap()).collect();
            for buf in [
                AlignedBuf::from_slice(&data),
                AlignedBuf::from_slice(&data).clone(),
            ] {
                assert_aligned(&buf);
                assert_eq!(buf.as_slice(), data);
            }
            let buf = AlignedBuf::zeroed(len);
            assert_aligned(&buf);
            assert_eq!(buf.as_slice(), vec![0; len]);
        }
    }

    #[test]
    fn grows_while_reading_and_stays_aligned_and_right() {
        let data: Vec<u8> = (0..5 * STEP + 17)
            .map(|i| u8::try_from(i % 253).unwrap())
            .collect();
        for known in [false, true] {
            let buf = AlignedBuf::read(data.len(), &mut data.as_slice(), known).unwrap();
            assert_aligned(&buf);
            assert!(buf.as_slice() == data);
            assert!(
                buf.bytes.capacity() < data.len() + 2 * ALIGN,
                "no slack is left behind"
            );
        }
    }

    #[test]
    fn keeps_its_data_when_the_block_moves_to_another_remainder() {
        // Whether `realloc` changes the remainder is up to the allocator; both directions are forced here.
        for (from, data) in [(0, 40..140), (63, 0..100)] {
            let mut buf = AlignedBuf {
                bytes: vec![0; from],
                start: from,
            };
            buf.bytes.extend(data.clone());
            buf.reserve(4096).unwrap();
            assert_aligned(&buf);
            assert!(buf.as_slice().iter().copied().eq(data));
        }
    }

    #[test]
    fn a_lying_length_costs_one_step() {
        let error = AlignedBuf::read(1 << 46, &mut [7_u8; 10].as_slice(), false).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Truncated);
        assert!(error.to_string().contains("after 10 of"), "{error}");
    }

    #[test]
    fn an_impossible_length_is_an_error() {
        let error = AlignedBuf::read(isize::MAX as usize - 100, &mut io::empty(), true).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit);
    }

    #[test]
    fn interruptions_are_retried_and_failures_passed_on() {
        struct Fails(Vec<Option<io::ErrorKind>>);
        impl Read for Fails {
            fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
                match self.0.pop() {
                    Some(Some(kind)) => Err(kind.into()),
                    Some(None) => {
                        out[0] = 9;
                        Ok(1)
                    }
                    None => Ok(0),
                }
            }
        }
        let interrupted = || Some(io::ErrorKind::Interrupted);
        let mut source = Fails(vec![None, interrupted(), None, interrupted()]);
        assert_eq!(
            AlignedBuf::read(2, &mut source, false).unwrap().as_slice(),
            [9, 9]
        );
        let mut source = Fails(vec![Some(io::ErrorKind::BrokenPipe), None]);
        let error = AlignedBuf::read(2, &mut source, false).unwrap_err();
        assert_eq!(error.io().unwrap().kind(), io::ErrorKind::BrokenPipe);
    }
}
