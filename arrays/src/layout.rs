//! What an array looks like, apart from its data.

use std::fmt;

use crate::dtype::Brief;
use crate::{DType, Error, Kind, Result};

/// The largest number of axes: numpy 2's limit (numpy 1 stopped at 32).
pub const MAX_NDIM: usize = 64;

/// How many elements of no bytes at all an array may have. Elsewhere the bytes that a file has bound the elements; here
/// only this keeps a loop over them from running for ages.
const MAX_EMPTY_ELEMENTS: u128 = 1 << 20;

/// Which axis runs fastest through memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Order {
    /// The last axis: rows stand together, as in C.
    #[default]
    C,
    /// The first axis: columns stand together, as in Fortran.
    F,
}

impl Order {
    /// `"C"` or `"F"`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::C => "C",
            Self::F => "F",
        }
    }
}

/// Element type, shape and order of an array, known to make sense: at most [`MAX_NDIM`] axes and a size in bytes
/// that this machine can address.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Layout {
    dtype: DType,
    shape: Box<[usize]>,
    order: Order,
    count: usize,
    nbytes: usize,
}

impl Layout {
    /// A layout of `shape` elements along each axis; no axes at all means a single element.
    ///
    /// # Errors
    /// [`Corrupt`](crate::ErrorKind::Corrupt) for more than [`MAX_NDIM`] axes, and for a product of shape and item
    /// size that does not fit the address space (empty axes left out, as numpy does), for sub-arrays as elements (their
    /// axes belong to the shape), and for more than a million elements of no size.
    pub fn new(dtype: DType, shape: &[usize], order: Order) -> Result<Self> {
        Self::from_extents(dtype, shape.iter().map(|&n| n as u128), order)
    }

    /// The same from numbers of any size, as an untrusted header gives them.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn from_extents(dtype: DType, extents: impl IntoIterator<Item = u128>, order: Order) -> Result<Self> {
        let extents: Vec<u128> = extents.into_iter().take(MAX_NDIM + 1).collect();
        if extents.len() > MAX_NDIM {
            return Err(Error::corrupt(format!(
                "invalid shape: more than {MAX_NDIM} axes"
            )));
        }
        if let Kind::SubArray(_) = dtype.kind() {
            return Err(Error::corrupt(format!(
                "invalid dtype {}: only fields of structs are sub-arrays",
                Brief(&dtype)
            )));
        }
        let too_big = || Error::corrupt(format!("invalid shape {}: too big", Shape(&extents)));
        // An empty axis makes the whole array empty, but numpy wants the others to fit even so.
        let product = |start: u128| {
            let mut axes = extents.iter().filter(|&&n| n > 0);
            axes.try_fold(start, |product, &n| product.checked_mul(n))
                .ok_or_else(too_big)
        };
        let spanned = product(dtype.itemsize() as u128)?;
        let spanned = isize::try_from(spanned).map_err(|_| too_big())?.unsigned_abs();
        let (count, nbytes) = if extents.contains(&0) {
            (0, 0)
        } else {
            (product(1)?, spanned)
        };
        if dtype.itemsize() == 0 && count > MAX_EMPTY_ELEMENTS {
            return Err(too_big());
        }
        let count = usize::try_from(count).map_err(|_| too_big())?;
        let shape = extents
            .iter()
            .map(|&n| usize::try_from(n))
            .collect::<Result<_, _>>();
        let shape = shape.map_err(|_| too_big())?;
        Ok(Self {
            dtype,
            shape,
            order,
            count,
            nbytes,
        })
    }

    /// The type of the elements.
    #[must_use]
    pub fn dtype(&self) -> &DType {
        &self.dtype
    }

    /// Number of elements along each axis.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Which axis runs fastest, as it was stated.
    #[must_use]
    pub fn order(&self) -> Order {
        self.order
    }

    /// The order as numpy's formats name it: [`Order::F`] only if the memory could not be called C order as well.
    ///
    /// An array with no elements, or with at most one axis longer than one, is in both orders at once.
    #[must_use]
    pub fn canonical_order(&self) -> Order {
        if self.is_both_orders() {
            Order::C
        } else {
            self.order
        }
    }

    /// Whether the elements stand in C order and in Fortran order at once.
    pub(crate) fn is_both_orders(&self) -> bool {
        self.count == 0 || self.shape.iter().filter(|&&n| n > 1).count() <= 1
    }

    /// How many bytes further the next element along each axis stands: numpy's `strides`.
    #[must_use]
    pub fn strides(&self) -> Vec<usize> {
        let mut strides = vec![0; self.ndim()];
        let mut stride = self.dtype.itemsize();
        let mut fill = |axis: usize| {
            strides[axis] = stride;
            stride *= self.shape[axis];
        };
        match self.order {
            Order::C => (0..self.ndim()).rev().for_each(&mut fill),
            Order::F => (0..self.ndim()).for_each(&mut fill),
        }
        strides
    }

    /// Number of axes.
    #[must_use]
    pub fn ndim(&self) -> usize {
        self.shape.len()
    }

    /// Number of elements: the product of the shape.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are no elements.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Size of the data in bytes.
    #[must_use]
    pub fn nbytes(&self) -> usize {
        self.nbytes
    }

    /// Whether the bytes of the elements are all there is.
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported) if there are objects.
    pub(crate) fn require_raw(&self) -> Result<()> {
        if !self.dtype.has_objects() {
            return Ok(());
        }
        Err(Error::unsupported(format!(
            "arrays of {} hold Python objects, which are pickled instead of raw data: the crate demijohn-pickle reads \
             pickles",
            Brief(&self.dtype)
        )))
    }

    pub(crate) fn with_dtype(&self, dtype: DType) -> Self {
        debug_assert_eq!(dtype.itemsize(), self.dtype.itemsize());
        Self {
            dtype,
            ..self.clone()
        }
    }
}

impl fmt::Debug for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Layout({self})")
    }
}

impl fmt::Display for Layout {
    /// For example `<f8 (2, 3) C`; long types are cut.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} {}",
            Brief(&self.dtype),
            Shape(&self.shape),
            self.order.as_str()
        )
    }
}

/// Prints a shape as Python prints a tuple.
pub(crate) struct Shape<'a, N>(pub(crate) &'a [N]);

impl<N: fmt::Display> fmt::Display for Shape<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        for (i, n) in self.0.iter().enumerate() {
            let separator = if i == 0 { "" } else { ", " };
            write!(f, "{separator}{n}")?;
        }
        f.write_str(if self.0.len() == 1 { ",)" } else { ")" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorKind, Scalar};

    fn f8(extents: &[u128], order: Order) -> Result<Layout> {
        Layout::from_extents(DType::new(Scalar::Float64), extents.iter().copied(), order)
    }

    #[test]
    fn counts_elements_and_bytes() {
        for (shape, count) in [
            (&[][..], 1),
            (&[0], 0),
            (&[5], 5),
            (&[2, 3, 4], 24),
            (&[3, 0, 1 << 58], 0),
            (&[(1 << 60) - 1, 0, 0], 0),
        ] {
            let layout = f8(shape, Order::C).unwrap();
            assert_eq!((layout.len(), layout.nbytes()), (count, count * 8), "{shape:?}");
        }
    }

    #[test]
    fn refuses_shapes_that_wrap_around() {
        for shape in [
            &[1 << 32, 1 << 32][..],
            &[1 << 60],
            &[u128::MAX],
            &[u128::MAX, u128::MAX],
            &[0, 1 << 64],
            &[1 << 62, 0],
            &[1 << 31, 0, 1 << 31],
        ] {
            let error = f8(shape, Order::C).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{shape:?}");
        }
        assert!(f8(&[1; 64], Order::C).is_ok());
        assert!(f8(&[1; 65], Order::C).unwrap_err().to_string().contains("axes"));
    }

    #[test]
    fn calls_an_array_fortran_only_if_it_is_not_c_as_well() {
        for (shape, canonical) in [
            (&[][..], Order::C),
            (&[7], Order::C),
            (&[1, 7, 1], Order::C),
            (&[0, 4], Order::C),
            (&[2, 7], Order::F),
            (&[1, 2, 7], Order::F),
        ] {
            assert_eq!(
                f8(shape, Order::F).unwrap().canonical_order(),
                canonical,
                "{shape:?}"
            );
            assert_eq!(
                f8(shape, Order::C).unwrap().canonical_order(),
                Order::C,
                "{shape:?}"
            );
        }
    }

    #[test]
    fn prints_as_numpy_would() {
        assert_eq!(f8(&[], Order::C).unwrap().to_string(), "<f8 () C");
        assert_eq!(f8(&[3], Order::C).unwrap().to_string(), "<f8 (3,) C");
        assert_eq!(f8(&[2, 3], Order::F).unwrap().to_string(), "<f8 (2, 3) F");
    }
}
