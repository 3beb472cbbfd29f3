//! Memory of the allocator, for what is small.

use super::ALIGN;

/// Bytes of which the first is aligned to [`ALIGN`].
///
/// It is a `Vec` with up to `ALIGN - 1` bytes of slack in front rather than an allocation of that alignment: so zeroed
/// memory need not be zeroed again, and there is nothing unsafe.
pub(crate) struct Heap {
    bytes: Vec<u8>,
    /// Where the data begins in `bytes`; everything after it is data.
    start: usize,
}

impl Heap {
    pub(super) fn zeroed(len: usize) -> Option<Self> {
        // Lengths are below LARGE here: no reason to fear for memory, as `vec!` does not report it.
        let mut bytes = vec![0; len.checked_add(ALIGN - 1)?];
        let start = bytes.as_ptr().align_offset(ALIGN);
        bytes.truncate(start + len);
        Some(Self { bytes, start })
    }

    /// The same bytes, and zeros behind them.
    pub(super) fn grow(self, len: usize) -> Option<Self> {
        let mut grown = Self::zeroed(len)?;
        grown.as_mut_slice()[..self.as_slice().len()].copy_from_slice(self.as_slice());
        Some(grown)
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    pub(super) fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..]
    }
}
