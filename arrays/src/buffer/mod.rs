//! The memory behind an array: bytes that start on a 64-byte boundary, or a part of a file.

mod heap;
mod mapped;
mod pages;

use std::fmt;
use std::fs::File;
use std::io::{self, Read};

use crate::{Error, Result};
use heap::Heap;
use mapped::Mapped;
use pages::Pages;

pub use mapped::MapMode;

/// Where owned data begins: a cache line, and the widest vector register in use.
const ALIGN: usize = 64;

/// From this size on memory comes from the system in whole pages, huge ones where it has them: smaller arrays would
/// waste most of a huge page, and large ones spend more time on page faults than on being read.
const LARGE: usize = 2 << 20;

/// What a claim about the length of the input costs before any input has come.
const STEP: usize = 256 << 10;

/// The bytes of an array.
pub(crate) enum Buffer {
    Heap(Heap),
    Pages(Pages),
    Mapped(Mapped),
}

impl Buffer {
    /// Zeros, which cost nothing before they are touched.
    pub(crate) fn zeroed(len: usize) -> Result<Self> {
        if len < LARGE {
            Heap::zeroed(len).map(Self::Heap)
        } else {
            Pages::new(len).map(Self::Pages)
        }
        .ok_or_else(|| no_memory(len))
    }

    pub(crate) fn from_slice(data: &[u8]) -> Result<Self> {
        let mut buffer = Self::zeroed(data.len())?;
        buffer.owned().copy_from_slice(data);
        Ok(buffer)
    }

    /// Reads exactly `len` bytes, straight into their place.
    ///
    /// With `known`, the caller vouches that there are as many and they are set aside at once; otherwise memory grows
    /// with what has arrived, never beyond twice that and one [`STEP`].
    pub(crate) fn read(len: usize, reader: &mut (impl Read + ?Sized), known: bool) -> Result<Self> {
        let mut room = if known { len } else { len.min(STEP) };
        let mut buffer = Self::zeroed(room)?;
        let mut filled = 0;
        loop {
            filled += read_full(reader, &mut buffer.owned()[filled..])?;
            if filled < room {
                return Err(Error::truncated(format!(
                    "array data ends after {filled} of {len} bytes"
                )));
            }
            if filled == len {
                return Ok(buffer);
            }
            room = len.min(filled.saturating_mul(2));
            buffer = buffer.grow(room)?;
        }
    }

    /// The same bytes, and zeros behind them.
    fn grow(self, len: usize) -> Result<Self> {
        let grown = match self {
            Self::Heap(heap) if len < LARGE => heap.grow(len).map(Self::Heap),
            Self::Pages(pages) => pages.grow(len).map(Self::Pages),
            small => Pages::new(len).map(|mut pages| {
                let data = small.as_slice();
                pages.as_mut_slice()[..data.len()].copy_from_slice(data);
                Self::Pages(pages)
            }),
        };
        grown.ok_or_else(|| no_memory(len))
    }

    /// A part of a file.
    ///
    /// # Safety
    /// The file must not change, other than through this buffer, while the buffer exists.
    pub(crate) unsafe fn map(file: &File, offset: u64, len: usize, mode: MapMode) -> Result<Self> {
        if len == 0 {
            // There are no mappings of nothing; the offset is checked all the same.
            mapped::check(file, offset, 0)?;
            return Self::zeroed(0);
        }
        // SAFETY: the caller's contract is passed on.
        unsafe { Mapped::new(file, offset, len, mode) }.map(Self::Mapped)
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        match self {
            Self::Heap(heap) => heap.as_slice(),
            Self::Pages(pages) => pages.as_slice(),
            Self::Mapped(mapped) => mapped.as_slice(),
        }
    }

    /// For writing, unless it is a part of a file that is only to be read.
    pub(crate) fn as_mut_slice(&mut self) -> Option<&mut [u8]> {
        match self {
            Self::Heap(heap) => Some(heap.as_mut_slice()),
            Self::Pages(pages) => Some(pages.as_mut_slice()),
            Self::Mapped(mapped) => mapped.as_mut_slice(),
        }
    }

    /// For writing into what [`zeroed`](Self::zeroed) or [`grow`](Self::grow) gave.
    fn owned(&mut self) -> &mut [u8] {
        self.as_mut_slice()
            .expect("memory of one's own can be written to")
    }

    /// How it is mapped, if it is a part of a file.
    pub(crate) fn mode(&self) -> Option<MapMode> {
        match self {
            Self::Mapped(mapped) => Some(mapped.mode()),
            _ => None,
        }
    }

    /// Waits until the file has what was written.
    pub(crate) fn flush(&self) -> Result<()> {
        match self {
            Self::Mapped(mapped) => Ok(mapped.flush()?),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Heap(_) => "Heap",
            Self::Pages(_) => "Pages",
            Self::Mapped(_) => "Mapped",
        };
        write!(f, "{kind}({} bytes)", self.as_slice().len())
    }
}

fn no_memory(len: usize) -> Error {
    Error::limit(format!("no memory for an array of {len} bytes"))
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

    fn sample(len: usize) -> Vec<u8> {
        (0..len).map(|i| u8::try_from(i % 253).unwrap()).collect()
    }

    fn assert_aligned(buffer: &Buffer) {
        assert_eq!(buffer.as_slice().as_ptr().align_offset(ALIGN), 0);
    }

    #[test]
    fn is_aligned_however_it_was_made() {
        for len in [0, 1, 63, 64, 65, 1000, LARGE - 1, LARGE, LARGE + 1] {
            let data = sample(len);
            let buffer = Buffer::from_slice(&data).unwrap();
            assert_aligned(&buffer);
            assert!(buffer.as_slice() == data, "{len}");
            assert_eq!(matches!(buffer, Buffer::Pages(_)), len >= LARGE);
            let buffer = Buffer::zeroed(len).unwrap();
            assert_aligned(&buffer);
            assert!(buffer.as_slice() == vec![0; len], "{len}");
        }
    }

    #[test]
    fn grows_while_reading_and_stays_aligned_and_right() {
        for len in [0, 1, STEP, STEP + 1, LARGE - 1, LARGE, LARGE + 1, 5 * LARGE + 17] {
            let data = sample(len);
            for known in [false, true] {
                let mut source = data.iter().copied().chain([7]).collect::<Vec<u8>>();
                source.push(8);
                let mut source = source.as_slice();
                let buffer = Buffer::read(len, &mut source, known).unwrap();
                assert_aligned(&buffer);
                assert!(buffer.as_slice() == data, "{len}, {known}");
                assert_eq!(source, [7, 8], "nothing is read beyond it");
            }
        }
    }

    #[test]
    fn short_input_is_truncated_wherever_it_ends() {
        for (len, arrived) in [
            (1 << 46, 10),
            (1 << 46, 0),
            (3 << 20, STEP),
            (3 << 20, (3 << 20) - 1),
        ] {
            let error = Buffer::read(len, &mut sample(arrived).as_slice(), false).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Truncated);
            assert!(
                error.to_string().contains(&format!("after {arrived} of")),
                "{error}"
            );
        }
    }

    #[test]
    fn memory_is_asked_for_as_it_fills() {
        /// Gives so many bytes and remembers how much room there was for each.
        struct Watch(usize, Vec<usize>);
        impl Read for Watch {
            fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
                self.1.push(out.len());
                let n = self.0.min(out.len());
                self.0 -= n;
                Ok(n)
            }
        }
        let mut source = Watch(3 << 20, Vec::new());
        assert!(Buffer::read(1 << 46, &mut source, false).is_err());
        assert_eq!(source.1, [256, 256, 512, 1024, 2048, 1024].map(|kib| kib << 10));
        let mut source = Watch(3 << 20, Vec::new());
        assert!(Buffer::read(3 << 20, &mut source, true).is_ok());
        assert_eq!(source.1, [3 << 20], "in one piece where the length is known");
    }

    #[test]
    fn an_impossible_length_is_an_error() {
        let error = Buffer::read(isize::MAX as usize - 100, &mut io::empty(), true).unwrap_err();
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
        assert_eq!(Buffer::read(2, &mut source, false).unwrap().as_slice(), [9, 9]);
        let mut source = Fails(vec![Some(io::ErrorKind::BrokenPipe), None]);
        let error = Buffer::read(2, &mut source, false).unwrap_err();
        assert_eq!(error.io().unwrap().kind(), io::ErrorKind::BrokenPipe);
    }
}
