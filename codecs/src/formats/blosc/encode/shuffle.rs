//! The filters: bytes, or bits, of the same significance brought together.

/// Byte shuffle: the first bytes of all elements, then their second ones, and so on. What is left behind the last whole
/// element stays where it is.
pub(super) fn bytes(plain: &[u8], out: &mut [u8], element_size: usize) {
    debug_assert_eq!(plain.len(), out.len());
    let n = plain.len() / element_size;
    let whole = n * element_size;
    out[whole..].copy_from_slice(&plain[whole..]);
    let (plain, out) = (&plain[..whole], &mut out[..whole]);
    if n == 0 {
        return;
    }
    match element_size {
        1 => out.copy_from_slice(plain),
        2 => columns::<2>(plain, out, n),
        4 => columns::<4>(plain, out, n),
        _ if element_size.is_multiple_of(8) => {
            for column in (0..element_size).step_by(8) {
                eight_columns(plain, out, n, element_size, column);
            }
        }
        _ => {
            for (column, out) in out.chunks_exact_mut(n).enumerate() {
                for (element, out) in plain.chunks_exact(element_size).zip(out) {
                    *out = element[column];
                }
            }
        }
    }
}

/// All columns of elements of `SIZE` bytes, in a loop that the compiler makes vector instructions of.
fn columns<const SIZE: usize>(plain: &[u8], out: &mut [u8], n: usize) {
    let mut columns = out.chunks_exact_mut(n);
    let mut columns: [&mut [u8]; SIZE] =
        std::array::from_fn(|_| columns.next().expect("SIZE columns of n bytes"));
    for (i, element) in plain.as_chunks::<SIZE>().0.iter().enumerate() {
        for (column, byte) in columns.iter_mut().zip(element) {
            column[i] = *byte;
        }
    }
}

/// Eight columns next to one another, by squares of eight by eight bytes.
fn eight_columns(plain: &[u8], out: &mut [u8], n: usize, element_size: usize, column: usize) {
    let at = |i: usize| i * element_size + column;
    let squares = n / 8 * 8;
    for i in (0..squares).step_by(8) {
        let rows: [u64; 8] = std::array::from_fn(|row| {
            let at = at(i + row);
            u64::from_le_bytes(plain[at..at + 8].try_into().expect("eight bytes"))
        });
        for (row, bytes) in transpose_bytes(rows).into_iter().enumerate() {
            let at = (column + row) * n + i;
            out[at..at + 8].copy_from_slice(&bytes.to_le_bytes());
        }
    }
    for i in squares..n {
        for row in 0..8 {
            out[(column + row) * n + i] = plain[at(i) + row];
        }
    }
}

/// Byte `j` of row `i` becomes byte `i` of row `j`.
fn transpose_bytes(mut rows: [u64; 8]) -> [u64; 8] {
    for (distance, mask) in [
        (4, 0x0000_0000_ffff_ffff),
        (2, 0x0000_ffff_0000_ffff),
        (1, 0x00ff_00ff_00ff_00ff),
    ] {
        for i in 0..8 {
            if i & distance == 0 {
                let shift = 8 * distance;
                let (low, high) = (rows[i], rows[i + distance]);
                rows[i] = low & mask | (high & mask) << shift;
                rows[i + distance] = low >> shift & mask | high & !mask;
            }
        }
    }
    rows
}

/// Bit shuffle: the lowest bits of the first bytes of all elements, then the next ones, and so on. Where the number of
/// elements is no multiple of eight, everything stays where it is.
pub(super) fn bits(plain: &[u8], out: &mut [u8], element_size: usize) {
    debug_assert_eq!(plain.len(), out.len());
    let n = plain.len() / element_size;
    if n == 0 || !n.is_multiple_of(8) {
        out.copy_from_slice(plain);
        return;
    }
    let whole = n * element_size;
    let mut planes = vec![0; whole];
    bytes(&plain[..whole], &mut planes, element_size);
    for (plane, out) in planes.chunks_exact(n).zip(out.chunks_exact_mut(n)) {
        for (i, eight) in plane.as_chunks::<8>().0.iter().enumerate() {
            let turned = transpose_bits(u64::from_le_bytes(*eight)).to_le_bytes();
            for (bit, byte) in turned.into_iter().enumerate() {
                out[bit * (n / 8) + i] = byte;
            }
        }
    }
    out[whole..].copy_from_slice(&plain[whole..]);
}

/// Bit `j` of byte `i` becomes bit `i` of byte `j`.
fn transpose_bits(mut x: u64) -> u64 {
    for (shift, mask) in [
        (7, 0x00aa_00aa_00aa_00aa),
        (14, 0x0000_cccc_0000_cccc),
        (28, 0x0000_0000_f0f0_f0f0),
    ] {
        let swapped = (x ^ x >> shift) & mask;
        x ^= swapped ^ swapped << shift;
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(len: usize) -> Vec<u8> {
        let mut x = 1u32;
        (0..len)
            .map(|_| {
                x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                x.to_le_bytes()[3]
            })
            .collect()
    }

    const SIZES: [usize; 10] = [1, 2, 3, 4, 7, 8, 12, 16, 24, 255];

    #[test]
    fn bytes_go_where_the_definition_says() {
        for size in SIZES {
            for n in [0, 1, 7, 8, 9, 64, 100] {
                let plain = sample(n * size + size / 2);
                let mut out = vec![0; plain.len()];
                bytes(&plain, &mut out, size);
                for i in 0..n {
                    for j in 0..size {
                        assert_eq!(out[j * n + i], plain[i * size + j], "{n} elements of {size}");
                    }
                }
                assert_eq!(out[n * size..], plain[n * size..]);
            }
        }
    }

    #[test]
    fn bits_go_where_the_definition_says() {
        for size in SIZES {
            for n in [0, 1, 7, 8, 16, 64, 104] {
                let plain = sample(n * size + size / 2);
                let mut out = vec![0; plain.len()];
                bits(&plain, &mut out, size);
                if n % 8 != 0 {
                    assert_eq!(out, plain);
                    continue;
                }
                for (i, j, k) in
                    (0..n).flat_map(|i| (0..size).flat_map(move |j| (0..8).map(move |k| (i, j, k))))
                {
                    let bit = plain[i * size + j] >> k & 1;
                    let to = out[(j * 8 + k) * (n / 8) + i / 8] >> (i % 8) & 1;
                    assert_eq!(to, bit, "bit {k} of byte {j} of element {i}");
                }
                assert_eq!(out[n * size..], plain[n * size..]);
            }
        }
    }
}
