//! The CRC-32 of bzip2, which takes the highest bit of a byte first.

/// Bytes whose bits are turned round at a time.
const TURNED: usize = 4096;

/// The CRC of a block's plain bytes.
pub(super) fn crc(bytes: &[u8]) -> u32 {
    // The usual CRC-32 is of the same polynomial and takes the lowest bit first.
    let mut hasher = crc32fast::Hasher::new();
    let mut turned = [0; TURNED];
    for piece in bytes.chunks(TURNED) {
        for (to, from) in turned.iter_mut().zip(piece) {
            *to = from.reverse_bits();
        }
        hasher.update(&turned[..piece.len()]);
    }
    hasher.finalize().reverse_bits()
}

/// The combined CRC of blocks and one more, as the footer of a stream has it.
pub(super) fn combine(before: u32, block: u32) -> u32 {
    before.rotate_left(1) ^ block
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crcs_are_those_of_the_format() {
        // The check value of CRC-32/BZIP2 in the catalogue of CRCs.
        assert_eq!(crc(b"123456789"), 0xfc89_1918);
        assert_eq!(crc(b""), 0);
        let long: Vec<u8> = (0..=255).cycle().take(2 * TURNED + 1).collect();
        let bit_by_bit = long.iter().fold(!0_u32, |r, &byte| {
            (0..8).fold(r ^ u32::from(byte) << 24, |r, _| {
                r << 1 ^ if r >> 31 == 1 { 0x04c1_1db7 } else { 0 }
            })
        });
        assert_eq!(crc(&long), !bit_by_bit);
    }
}
