//! Rust types that can be elements, and the two casts between their slices and bytes: all of this crate's `unsafe`.

use half::f16;

use crate::Scalar;

mod sealed {
    /// Closed, because the casts below rely on what the implementors are.
    pub trait Sealed {}
}

/// A Rust type with the memory layout of a numpy scalar in native byte order.
///
/// Implemented for `bool`, the integers of 8 to 64 bits, [`struct@f16`](crate::f16), `f32`, `f64`, and for complex
/// numbers as `[f32; 2]` and `[f64; 2]` (real part first), with the feature `ndarray` also as
/// [`num_complex::Complex`](https://docs.rs/num-complex). The trait is sealed.
pub trait Element: sealed::Sealed + Copy + Send + Sync + 'static {
    /// The scalar type with this layout.
    const SCALAR: Scalar;

    /// Whether bytes could hold something that is not a value of this type.
    #[doc(hidden)]
    const MUST_CHECK: bool = false;
}

macro_rules! elements {
    ($($rust:ty => $scalar:ident),* $(,)?) => {$(
        impl sealed::Sealed for $rust {}
        impl Element for $rust { const SCALAR: Scalar = Scalar::$scalar; }
    )*};
}

elements! {
    i8 => Int8, i16 => Int16, i32 => Int32, i64 => Int64,
    u8 => Uint8, u16 => Uint16, u32 => Uint32, u64 => Uint64,
    f16 => Float16, f32 => Float32, f64 => Float64,
    [f32; 2] => Complex64, [f64; 2] => Complex128,
}

#[cfg(feature = "ndarray")]
elements! {
    // Both are `repr(C)`, the real part first.
    num_complex::Complex<f32> => Complex64, num_complex::Complex<f64> => Complex128,
}

impl sealed::Sealed for bool {}
impl Element for bool {
    const SCALAR: Scalar = Scalar::Bool;
    const MUST_CHECK: bool = true;
}

/// The bytes of a slice of elements.
pub(crate) fn as_bytes<T: Element>(elements: &[T]) -> &[u8] {
    // SAFETY: implementors of the sealed trait have no padding and no uninitialised bytes, `u8` has alignment 1,
    // and the length in bytes is that of the very slice borrowed from.
    unsafe { std::slice::from_raw_parts(elements.as_ptr().cast(), size_of_val(elements)) }
}

/// The elements that `bytes` hold, or `None` if the slice is not aligned for them, not whole elements, or holds
/// bytes that are no value of the type (a boolean that is neither 0 nor 1).
pub(crate) fn from_bytes<T: Element>(bytes: &[u8]) -> Option<&[T]> {
    if !fits::<T>(bytes) {
        return None;
    }
    // SAFETY: `fits` has checked alignment, that the length is a whole number of elements, and validity of the bytes
    // for `bool`; for all other implementors of the sealed trait every bit pattern is a value.
    Some(unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len() / size_of::<T>()) })
}

/// Like [`from_bytes`], for writing.
pub(crate) fn from_bytes_mut<T: Element>(bytes: &mut [u8]) -> Option<&mut [T]> {
    if !fits::<T>(bytes) {
        return None;
    }
    // SAFETY: as in `from_bytes`; the borrow is exclusive, and any value of `T` leaves initialised bytes behind.
    Some(unsafe { std::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), bytes.len() / size_of::<T>()) })
}

fn fits<T: Element>(bytes: &[u8]) -> bool {
    bytes.as_ptr().cast::<T>().is_aligned()
        && bytes.len().is_multiple_of(size_of::<T>())
        && (!T::MUST_CHECK || bytes.iter().all(|&b| b <= 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_agree_with_the_scalars() {
        fn check<T: Element>() {
            assert_eq!(size_of::<T>(), T::SCALAR.size());
        }
        check::<bool>();
        check::<i8>();
        check::<i16>();
        check::<i32>();
        check::<i64>();
        check::<u8>();
        check::<u16>();
        check::<u32>();
        check::<u64>();
        check::<f16>();
        check::<f32>();
        check::<f64>();
        check::<[f32; 2]>();
        check::<[f64; 2]>();
        #[cfg(feature = "ndarray")]
        {
            check::<num_complex::Complex<f32>>();
            check::<num_complex::Complex<f64>>();
        }
    }

    #[test]
    fn casts_refuse_what_does_not_fit() {
        let numbers = [1_u32, 2, 3];
        let bytes = as_bytes(&numbers);
        assert_eq!(from_bytes::<u32>(bytes), Some(&numbers[..]));
        assert!(from_bytes::<u32>(&bytes[1..9]).is_none(), "unaligned");
        assert!(from_bytes::<u32>(&bytes[..7]).is_none(), "not whole");
        assert_eq!(from_bytes::<bool>(&[0, 1]), Some(&[false, true][..]));
        assert!(from_bytes::<bool>(&[0, 2]).is_none(), "no boolean");
        assert_eq!(from_bytes::<u8>(&[]), Some(&[][..]));
    }
}
