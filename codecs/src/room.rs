//! Memory whose size is a file's doing: where there is none, that is an error and not the end of the process.

use crate::error::{Error, Result};

/// Room for so many items more; vectors that grow with what arrives stay amortised.
///
/// # Errors
/// `Limit` if the allocator has no memory, as for all here.
pub(crate) fn reserve<T>(items: &mut Vec<T>, more: usize) -> Result<()> {
    items
        .try_reserve(more)
        .map_err(|_| none_for(items.len().saturating_add(more).saturating_mul(size_of::<T>())))
}

/// As [`reserve`], for vectors that are as long as they get.
pub(crate) fn reserve_exact<T>(items: &mut Vec<T>, more: usize) -> Result<()> {
    items
        .try_reserve_exact(more)
        .map_err(|_| none_for(items.len().saturating_add(more).saturating_mul(size_of::<T>())))
}

/// Appends bytes.
pub(crate) fn append(bytes: &mut Vec<u8>, more: &[u8]) -> Result<()> {
    reserve(bytes, more.len())?;
    bytes.extend_from_slice(more);
    Ok(())
}

/// Makes a buffer at least so long, with zeros.
pub(crate) fn lengthen(bytes: &mut Vec<u8>, len: usize) -> Result<()> {
    if bytes.len() < len {
        reserve_exact(bytes, len - bytes.len())?;
        bytes.resize(len, 0);
    }
    Ok(())
}

fn none_for(bytes: usize) -> Error {
    Error::limit(format!("no memory for {bytes} bytes"))
}
