//! Vectors of 16 bytes, by which blocks are shuffled and put together again.

/// Bytes in a vector.
pub(super) const WIDTH: usize = 16;
/// Elements that are dealt with at a time: a bit of each makes a vector.
pub(super) const TILE: usize = 8 * WIDTH;
/// The widest element.
pub(super) const WIDEST: usize = 255;

/// A perfect shuffle of the bytes of all vectors, so many times over: each turns the number of a byte, in binary, to the left
/// by one digit.
///
/// Planes, of which each vector has one, become whole elements by as many rounds as the number of a plane has digits.
/// Elements become planes by as many as the number of a byte in a vector has, four.
#[inline(always)]
pub(super) fn zip<L: Lanes, const N: usize>(rounds: u32, mut vectors: [L; N]) -> [L; N] {
    for _ in 0..rounds {
        let mut zipped = vectors;
        for j in 0..N / 2 {
            (zipped[2 * j], zipped[2 * j + 1]) = vectors[j].zip(vectors[j + N / 2]);
        }
        vectors = zipped;
    }
    vectors
}

/// Transposes eight bytes as a matrix of bits (Hacker's Delight, 7-3).
pub(super) fn transpose(mut bits: u64) -> u64 {
    for (shift, mask) in TRANSPOSE {
        let swap = (bits ^ (bits >> shift)) & mask;
        bits ^= swap ^ (swap << shift);
    }
    bits
}

const TRANSPOSE: [(u32, u64); 3] = [
    (7, 0x00aa_00aa_00aa_00aa),
    (14, 0x0000_cccc_0000_cccc),
    (28, 0x0000_0000_f0f0_f0f0),
];

/// A vector of 16 bytes.
pub(super) trait Lanes: Copy {
    fn load(bytes: &[u8; WIDTH]) -> Self;
    fn store(self, bytes: &mut [u8; WIDTH]);
    /// The bytes of both by turns: the lower halves, and the upper ones.
    fn zip(self, other: Self) -> (Self, Self);
    /// Transposes either half as a matrix of bits.
    fn transpose(self) -> Self;
}

#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
pub(super) use sse2::Vector as Native;

#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
pub(super) use Portable as Native;

/// With SSE2, which is part of x86-64. The compiler makes bytes one by one of the portable `zip`.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
mod sse2 {
    use std::arch::x86_64::{
        __m128i, _mm_and_si128, _mm_cvtsi32_si128, _mm_loadu_si128, _mm_set1_epi64x, _mm_sll_epi64,
        _mm_srl_epi64, _mm_storeu_si128, _mm_unpackhi_epi8, _mm_unpacklo_epi8, _mm_xor_si128,
    };

    use super::{Lanes, TRANSPOSE, WIDTH};

    #[derive(Clone, Copy)]
    pub(in super::super) struct Vector(__m128i);

    impl Lanes for Vector {
        fn load(bytes: &[u8; WIDTH]) -> Self {
            // SAFETY: the build's target has SSE2; the pointer is good for the 16 bytes that are read, aligned or not.
            Vector(unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) })
        }

        fn store(self, bytes: &mut [u8; WIDTH]) {
            // SAFETY: the build's target has SSE2; the pointer is good for the 16 bytes that are written.
            unsafe { _mm_storeu_si128(bytes.as_mut_ptr().cast(), self.0) }
        }

        fn zip(self, other: Self) -> (Self, Self) {
            // SAFETY: the build's target has SSE2.
            let (lower, upper) = unsafe {
                (
                    _mm_unpacklo_epi8(self.0, other.0),
                    _mm_unpackhi_epi8(self.0, other.0),
                )
            };
            (Vector(lower), Vector(upper))
        }

        fn transpose(self) -> Self {
            let mut bits = self.0;
            for (shift, mask) in TRANSPOSE {
                // SAFETY: the build's target has SSE2.
                bits = unsafe {
                    let shift = _mm_cvtsi32_si128(shift.cast_signed());
                    let mask = _mm_set1_epi64x(mask.cast_signed());
                    let swap = _mm_and_si128(_mm_xor_si128(bits, _mm_srl_epi64(bits, shift)), mask);
                    _mm_xor_si128(bits, _mm_xor_si128(swap, _mm_sll_epi64(swap, shift)))
                };
            }
            Vector(bits)
        }
    }
}

/// The same for any processor.
#[cfg(any(test, not(all(target_arch = "x86_64", target_feature = "sse2"))))]
#[derive(Clone, Copy)]
pub(super) struct Portable([u8; WIDTH]);

#[cfg(any(test, not(all(target_arch = "x86_64", target_feature = "sse2"))))]
impl Lanes for Portable {
    fn load(bytes: &[u8; WIDTH]) -> Self {
        Portable(*bytes)
    }

    fn store(self, bytes: &mut [u8; WIDTH]) {
        *bytes = self.0;
    }

    fn zip(self, other: Self) -> (Self, Self) {
        let zipped = |from: usize| {
            std::array::from_fn(|i| {
                let half = if i % 2 == 0 { self.0 } else { other.0 };
                half[from + i / 2]
            })
        };
        (Portable(zipped(0)), Portable(zipped(WIDTH / 2)))
    }

    fn transpose(self) -> Self {
        let mut bytes = self.0;
        for half in bytes.as_chunks_mut::<8>().0 {
            *half = transpose(u64::from_le_bytes(*half)).to_le_bytes();
        }
        Portable(bytes)
    }
}
