//! A header on its own, by the decoder that reads it in a stream.

use crate::error::Result;
use crate::format::Decode;

/// What a decoder makes of the header that `coded` begins with, and how long that is; `None` if it is not all there, or longer
/// than `most`.
///
/// # Errors
/// Whatever the decoder makes of it.
pub(super) fn header_of<D: Decode, T>(
    mut decoder: D,
    coded: &[u8],
    most: usize,
    known: impl Fn(&D) -> Option<T>,
) -> Result<Option<(T, usize)>> {
    for (i, byte) in coded.iter().take(most).enumerate() {
        decoder.step(&[*byte], &mut [], false)?;
        if let Some(header) = known(&decoder) {
            return Ok(Some((header, i + 1)));
        }
    }
    Ok(None)
}
