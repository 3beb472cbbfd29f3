//! The filters: bytes, or bits, of the same significance brought together.

use super::super::lanes::{Lanes, Native, TILE, WIDEST, WIDTH, transpose, zip};

/// Byte shuffle: the first bytes of all elements, then their second ones, and so on. What is left behind the last whole
/// element stays where it is.
pub(super) fn bytes(plain: &[u8], out: &mut [u8], element_size: usize) {
    bytes_with::<Native>(plain, out, element_size);
}

fn bytes_with<L: Lanes>(plain: &[u8], out: &mut [u8], element_size: usize) {
    debug_assert_eq!(plain.len(), out.len());
    let n = plain.len() / element_size;
    let whole = n * element_size;
    out[whole..].copy_from_slice(&plain[whole..]);
    let (plain, out) = (&plain[..whole], &mut out[..whole]);
    if n == 0 {
        return;
    }
    let done = match element_size {
        1 => {
            out.copy_from_slice(plain);
            n
        }
        2 => part::<L, 2>(plain, out, n),
        4 => part::<L, 4>(plain, out, n),
        8 => part::<L, 8>(plain, out, n),
        16 => part::<L, 16>(plain, out, n),
        17.. => part_wide::<L>(plain, out, n, element_size),
        _ => 0,
    };
    if done == n {
        return;
    }
    for (column, out) in out.chunks_exact_mut(n).enumerate() {
        let elements = plain.chunks_exact(element_size).skip(done);
        for (element, out) in elements.zip(&mut out[done..]) {
            *out = element[column];
        }
    }
}

/// Takes elements apart whose size is a power of two, into planes of `n` bytes. Gives the number of those that are done.
fn part<L: Lanes, const N: usize>(plain: &[u8], out: &mut [u8], n: usize) -> usize {
    let mut planes = out.chunks_exact_mut(n);
    let mut planes: [_; N] = std::array::from_fn(|_| {
        let plane = planes.next().expect("as many planes as bytes in an element");
        plane.as_chunks_mut::<WIDTH>().0
    });
    let groups = plain.as_chunks::<WIDTH>().0.as_chunks::<N>().0;
    for (i, group) in groups.iter().enumerate() {
        let parted = zip::<L, N>(WIDTH.ilog2(), std::array::from_fn(|j| L::load(&group[j])));
        for (plane, part) in planes.iter_mut().zip(parted) {
            part.store(&mut plane[i]);
        }
    }
    groups.len() * WIDTH
}

/// The same for elements wider than a vector, 16 bytes of each at a time; the last 16 may overlap those before.
fn part_wide<L: Lanes>(plain: &[u8], out: &mut [u8], n: usize, element_size: usize) -> usize {
    let groups = plain.chunks_exact(WIDTH * element_size);
    let done = groups.len() * WIDTH;
    for (i, group) in groups.enumerate() {
        let mut at = 0;
        loop {
            let vectors = std::array::from_fn(|j| {
                let part = group[j * element_size + at..].first_chunk();
                L::load(part.expect("a vector of an element"))
            });
            for (j, plane) in zip::<L, WIDTH>(WIDTH.ilog2(), vectors).into_iter().enumerate() {
                let to = out[(at + j) * n + i * WIDTH..].first_chunk_mut();
                plane.store(to.expect("a vector of a plane"));
            }
            if at + WIDTH >= element_size {
                break;
            }
            at = (at + WIDTH).min(element_size - WIDTH);
        }
    }
    done
}

/// Bit shuffle: the lowest bits of the first bytes of all elements, then the next ones, and so on. Where the number of
/// elements is no multiple of eight, everything stays where it is.
pub(super) fn bits(plain: &[u8], out: &mut [u8], element_size: usize) {
    bits_with::<Native>(plain, out, element_size);
}

fn bits_with<L: Lanes>(plain: &[u8], out: &mut [u8], element_size: usize) {
    debug_assert_eq!(plain.len(), out.len());
    let n = plain.len() / element_size;
    if n == 0 || !n.is_multiple_of(8) {
        out.copy_from_slice(plain);
        return;
    }
    let whole = n * element_size;
    out[whole..].copy_from_slice(&plain[whole..]);
    let mut planes = [0; TILE * WIDEST];
    for (i, tile) in plain[..whole].chunks(TILE * element_size).enumerate() {
        let planes = &mut planes[..tile.len()];
        bytes_with::<L>(tile, planes, element_size);
        let len = tile.len() / element_size;
        for (j, plane) in planes.chunks_exact(len).enumerate() {
            let at = |bit: usize| (8 * j + bit) * (n / 8) + i * (TILE / 8);
            if let Some(plane) = plane.first_chunk::<TILE>() {
                let bits = plane.as_chunks::<WIDTH>().0;
                let rows = zip::<L, 8>(4, std::array::from_fn(|k| L::load(&bits[k]).transpose()));
                for (bit, row) in rows.into_iter().enumerate() {
                    row.store(out[at(bit)..].first_chunk_mut().expect("a row of a tile"));
                }
            } else {
                for (k, eight) in plane.as_chunks::<8>().0.iter().enumerate() {
                    let turned = transpose(u64::from_le_bytes(*eight)).to_le_bytes();
                    for (bit, byte) in turned.into_iter().enumerate() {
                        out[at(bit) + k] = byte;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::lanes::Portable;
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

    /// Miri is slow.
    const SIZES: &[usize] = if cfg!(miri) {
        &[1, 3, 8, 17]
    } else {
        &[1, 2, 3, 4, 7, 8, 12, 16, 17, 24, 32, 255]
    };

    #[test]
    fn bytes_go_where_the_definition_says() {
        for &size in SIZES {
            for n in [0, 1, 7, 8, 9, 64, 100, 144] {
                let plain = sample(n * size + size / 2);
                let mut out = vec![0; plain.len()];
                bytes_with::<Portable>(&plain, &mut out, size);
                let portable = out.clone();
                out.fill(0);
                bytes(&plain, &mut out, size);
                assert_eq!(out, portable, "on any processor");
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
        for &size in SIZES {
            for n in [0, 1, 7, 8, 16, 64, 104, 128, 264] {
                let plain = sample(n * size + size / 2);
                let mut out = vec![0; plain.len()];
                bits_with::<Portable>(&plain, &mut out, size);
                let portable = out.clone();
                out.fill(0);
                bits(&plain, &mut out, size);
                assert_eq!(out, portable, "on any processor");
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
