//! A part of a file as memory.

use std::fs::File;
use std::io;

use memmap2::{Mmap, MmapMut, MmapOptions};

use crate::{Error, Result};

/// What may be done to a mapped array, and what becomes of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MapMode {
    /// Reading only: numpy's `r`.
    Read,
    /// Writing changes the array and not the file: numpy's `c`.
    CopyOnWrite,
    /// Writing changes the file, which must be open for reading and writing: numpy's `r+`.
    ReadWrite,
}

pub(crate) enum Mapped {
    Read(Mmap),
    CopyOnWrite(MmapMut),
    ReadWrite(MmapMut),
}

impl Mapped {
    /// # Safety
    /// The file must not change, other than through this mapping, while the mapping exists.
    pub(super) unsafe fn new(file: &File, offset: u64, len: usize, mode: MapMode) -> Result<Self> {
        check(file, offset, len)?;
        // The offset need not be that of a page: memmap2 maps from the page's beginning.
        let mut options = MmapOptions::new();
        options.offset(offset).len(len);
        Ok(match mode {
            // SAFETY: the file has been seen to be long enough, and stays so by the caller's contract.
            MapMode::Read => Self::Read(unsafe { options.map(file) }?),
            // SAFETY: as above.
            MapMode::CopyOnWrite => Self::CopyOnWrite(unsafe { options.map_copy(file) }?),
            // SAFETY: as above; what is written through this mapping is written through this buffer.
            MapMode::ReadWrite => Self::ReadWrite(unsafe { options.map_mut(file) }?),
        })
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        match self {
            Self::Read(map) => map,
            Self::CopyOnWrite(map) | Self::ReadWrite(map) => map,
        }
    }

    pub(super) fn as_mut_slice(&mut self) -> Option<&mut [u8]> {
        match self {
            Self::Read(_) => None,
            Self::CopyOnWrite(map) | Self::ReadWrite(map) => Some(map),
        }
    }

    pub(super) fn mode(&self) -> MapMode {
        match self {
            Self::Read(_) => MapMode::Read,
            Self::CopyOnWrite(_) => MapMode::CopyOnWrite,
            Self::ReadWrite(_) => MapMode::ReadWrite,
        }
    }

    pub(super) fn flush(&self) -> io::Result<()> {
        match self {
            Self::ReadWrite(map) => map.flush(),
            _ => Ok(()),
        }
    }
}

/// Whether the file is a plain one that has these bytes. Touching pages behind its end would end the process.
pub(super) fn check(file: &File, offset: u64, len: usize) -> Result<()> {
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(Error::parameter(
            "only plain files can be mapped, not pipes, devices or folders: read it instead",
        ));
    }
    let size = metadata.len();
    match offset.checked_add(len as u64) {
        Some(end) if end <= size => Ok(()),
        _ => Err(Error::truncated(format!(
            "an array of {len} bytes is to begin at byte {offset} of a file that has {size}"
        ))),
    }
}
