//! Memory in whole pages from the system, for what is large.

use memmap2::MmapMut;

/// Fresh pages, which read as zeros and cost nothing before they are touched. They are not zeroed by us: reading
/// straight into them is the first time they are written to.
///
/// On Linux they are asked to be huge ones, which spares most of the page faults of a first pass.
pub(crate) struct Pages(MmapMut);

impl Pages {
    pub(super) fn new(len: usize) -> Option<Self> {
        let map = MmapMut::map_anon(len).ok()?;
        #[cfg(target_os = "linux")]
        {
            // A wish: a kernel without huge pages gives small ones.
            let _ = map.advise(memmap2::Advice::HugePage);
        }
        Some(Self(map))
    }

    /// The same bytes, and zeros behind them. The pages move, the bytes in them are not copied.
    #[cfg(target_os = "linux")]
    pub(super) fn grow(mut self, len: usize) -> Option<Self> {
        let options = memmap2::RemapOptions::new().may_move(true);
        // SAFETY: no reference into the mapping lives, as `self` is owned; it is anonymous, so there is no file that
        // might be shorter than the new length.
        unsafe { self.0.remap(len, options) }.ok()?;
        Some(self)
    }

    /// The same bytes, and zeros behind them.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn grow(self, len: usize) -> Option<Self> {
        let mut grown = Self::new(len)?;
        grown.0[..self.0.len()].copy_from_slice(&self.0);
        Some(grown)
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut self.0
    }
}
