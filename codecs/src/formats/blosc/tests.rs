//! Chunks and files put together by hand.

use super::chunk::Filter;

/// A block as the filter leaves it, by the definition.
pub(super) fn shuffled(filter: Filter, typesize: usize, plain: &[u8]) -> Vec<u8> {
    let mut block = plain.to_vec();
    let n = plain.len() / typesize;
    for i in 0..n {
        for j in 0..typesize {
            let byte = plain[i * typesize + j];
            match filter {
                Filter::None => {}
                Filter::Bytes => block[j * n + i] = byte,
                Filter::Bits => {
                    for k in 0..8 {
                        let at = (8 * j + k) * (n / 8) + i / 8;
                        let bit = 1 << (i % 8);
                        if byte >> k & 1 == 0 {
                            block[at] &= !bit;
                        } else {
                            block[at] |= bit;
                        }
                    }
                }
            }
        }
    }
    block
}
