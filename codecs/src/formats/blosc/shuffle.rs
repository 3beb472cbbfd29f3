//! Undoing the shuffles of a block, a part of it at a time.
//!
//! A block shuffled by bytes has the first bytes of all its elements, then all second ones, and so on: one plane for
//! each byte of an element. Shuffled by bits, each plane is eight rows, the first of which has the lowest bits of
//! eight elements in each of its bytes. What is left over behind the last whole element is not shuffled.

use super::chunk::Filter;
use super::lanes::{Lanes, Native, TILE, WIDEST, WIDTH, transpose, zip};

/// Plain bytes by which parts of a block must be cut.
pub(super) fn granule(typesize: usize) -> usize {
    TILE * typesize
}

/// Writes the plain bytes of `block` from `at` on to `out`, as many as that holds. Both ends must be multiples of
/// [`granule`], unless it is the end of the block.
pub(super) fn undo(filter: Filter, typesize: usize, block: &[u8], at: usize, out: &mut [u8]) {
    undo_with::<Native>(filter, typesize, block, at, out);
}

fn undo_with<L: Lanes>(filter: Filter, typesize: usize, block: &[u8], at: usize, out: &mut [u8]) {
    let planes = Planes {
        bytes: block,
        len: block.len() / typesize,
        width: typesize,
    };
    let shuffled = match filter {
        Filter::None => 0,
        Filter::Bytes | Filter::Bits => planes.len * typesize,
    };
    let n = out.len().min(shuffled.saturating_sub(at));
    let (elements, rest) = out.split_at_mut(n);
    rest.copy_from_slice(&block[at + n..][..rest.len()]);
    match filter {
        Filter::None => {}
        Filter::Bytes => planes.join::<L>(at / typesize, elements),
        Filter::Bits => {
            let mut tile = [0; TILE * WIDEST];
            let tile = &mut tile[..TILE * typesize];
            for (i, elements) in elements.chunks_mut(TILE * typesize).enumerate() {
                planes.collect::<L>(at / typesize + i * TILE, elements.len() / typesize, tile);
                let planes = Planes {
                    bytes: tile,
                    len: TILE,
                    width: typesize,
                };
                planes.join::<L>(0, elements);
            }
        }
    }
}

/// The bytes of elements, plane by plane.
#[derive(Clone, Copy)]
struct Planes<'a> {
    bytes: &'a [u8],
    /// Elements, which is also the bytes in a plane.
    len: usize,
    /// Planes, which is also the bytes in an element.
    width: usize,
}

impl Planes<'_> {
    /// Puts elements together, from the one with number `first` on.
    fn join<L: Lanes>(self, first: usize, out: &mut [u8]) {
        let done = match self.width {
            1 => {
                out.copy_from_slice(&self.bytes[first..][..out.len()]);
                out.len()
            }
            2 => self.join_exactly::<L, 2>(first, out),
            4 => self.join_exactly::<L, 4>(first, out),
            8 => self.join_exactly::<L, 8>(first, out),
            16 => self.join_exactly::<L, 16>(first, out),
            17.. => self.join_wide::<L>(first, out),
            _ => 0,
        };
        let first = first + done / self.width;
        for (i, element) in out[done..].chunks_exact_mut(self.width).enumerate() {
            let column = self.bytes[first + i..].iter().step_by(self.len);
            for (to, from) in element.iter_mut().zip(column) {
                *to = *from;
            }
        }
    }

    /// For elements whose width is a power of two. Gives the number of bytes that are done.
    fn join_exactly<L: Lanes, const N: usize>(self, first: usize, out: &mut [u8]) -> usize {
        let n = out.len() / N;
        let planes: [_; N] = std::array::from_fn(|j| {
            let plane = &self.bytes[j * self.len + first..][..n];
            plane.as_chunks::<WIDTH>().0
        });
        let (vectors, _) = out.as_chunks_mut::<WIDTH>();
        let (groups, _) = vectors.as_chunks_mut::<N>();
        for (i, group) in groups.iter_mut().enumerate() {
            let joined = zip::<L, N>(N.ilog2(), std::array::from_fn(|j| L::load(&planes[j][i])));
            for (to, from) in group.iter_mut().zip(joined) {
                from.store(to);
            }
        }
        groups.len() * N * WIDTH
    }

    /// For elements wider than a vector, 16 planes at a time; the last 16 may overlap those before.
    fn join_wide<L: Lanes>(self, first: usize, out: &mut [u8]) -> usize {
        let mut groups = out.chunks_exact_mut(WIDTH * self.width);
        let mut done = 0;
        for (i, group) in groups.by_ref().enumerate() {
            let mut at = 0;
            loop {
                let vectors = std::array::from_fn(|j| {
                    let plane = &self.bytes[(at + j) * self.len + first + i * WIDTH..];
                    L::load(plane.first_chunk().expect("a vector of a plane"))
                });
                let joined = zip::<L, WIDTH>(WIDTH.ilog2(), vectors);
                for (element, part) in group.chunks_exact_mut(self.width).zip(joined) {
                    part.store(element[at..].first_chunk_mut().expect("16 planes"));
                }
                if at + WIDTH >= self.width {
                    break;
                }
                at = (at + WIDTH).min(self.width - WIDTH);
            }
            done += group.len();
        }
        done
    }

    /// Makes planes of bytes from rows of bits: `n` elements, a multiple of eight, from the one with number `first`
    /// on, which is one too. The planes of `out` have [`TILE`] bytes each.
    fn collect<L: Lanes>(self, first: usize, n: usize, out: &mut [u8]) {
        let row_len = self.len / 8;
        let from = first / 8;
        for (j, plane) in out.chunks_exact_mut(TILE).enumerate() {
            let rows: [&[u8]; 8] =
                std::array::from_fn(|k| &self.bytes[(8 * j + k) * row_len + from..][..n / 8]);
            if n == TILE {
                let vectors = rows.map(|row| L::load(row.first_chunk().expect("a row of a tile")));
                let (vectors_of_plane, _) = plane.as_chunks_mut::<WIDTH>();
                for (to, bits) in vectors_of_plane.iter_mut().zip(zip::<L, 8>(3, vectors)) {
                    bits.transpose().store(to);
                }
            } else {
                for (i, to) in plane.as_chunks_mut::<8>().0[..n / 8].iter_mut().enumerate() {
                    let bits = u64::from_le_bytes(rows.map(|row| row[i]));
                    *to = transpose(bits).to_le_bytes();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::lanes::Portable;
    use super::super::tests::shuffled;
    use super::*;

    /// In parts of several granules, of one, and whole.
    fn undone<L: Lanes>(filter: Filter, typesize: usize, block: &[u8], granules: usize) -> Vec<u8> {
        let mut out = vec![0; block.len()];
        let part = granule(typesize).saturating_mul(granules);
        for (i, out) in out.chunks_mut(part).enumerate() {
            undo_with::<L>(filter, typesize, block, i * part, out);
        }
        out
    }

    #[test]
    fn shuffles_are_undone_for_any_width_and_length() {
        let mut state = 1_u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        };
        let bytes: Vec<u8> = (0..100_000).map(|_| noise()).collect();
        for typesize in (1..=18).chain([24, 31, 32, 33, 100, 255]) {
            for elements in [1, 8, 15, 16, 17, 128, 136, 255, 384] {
                for rest in [0, 1, typesize - 1].into_iter().filter(|rest| *rest < typesize) {
                    let plain = &bytes[..elements * typesize + rest];
                    for filter in [Filter::None, Filter::Bytes, Filter::Bits] {
                        if filter == Filter::Bits && elements % 8 != 0 {
                            continue;
                        }
                        let block = shuffled(filter, typesize, plain);
                        for granules in [1, 1000] {
                            let what = format!("{filter:?}, {elements} elements of {typesize}, {rest} more");
                            let native = undone::<Native>(filter, typesize, &block, granules);
                            assert!(native == plain, "{what}");
                            let portable = undone::<Portable>(filter, typesize, &block, granules);
                            assert!(portable == plain, "{what}: on any processor");
                        }
                    }
                }
            }
        }
    }
}
