//! The array itself.

use std::borrow::Cow;
use std::fmt;
use std::io::Read;

use crate::buffer::AlignedBuf;
use crate::{DType, Element, Error, Layout, Order, Result, element};

/// How many bytes a source is known to hold still; decides how memory for an array is set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Available {
    /// Not known: memory grows with what arrives.
    #[default]
    Unknown,
    /// This many, as the size of a plain file tells: arrays that need more are refused at once, others get their
    /// memory in one piece.
    Bytes(u64),
}

/// An n-dimensional array of numbers: a [`Layout`] and the bytes, which start on a 64-byte boundary.
///
/// Elements stand one after the other without gaps, in the order and byte order the layout names.
///
/// Two arrays are equal if they have the same dtype (byte order included), the same shape, and the same bytes in each
/// element, whatever their memory order. Floats are compared as bytes: NaN equals itself, and 0.0 is not −0.0.
#[derive(Clone)]
pub struct Array {
    layout: Layout,
    data: AlignedBuf,
}

impl Array {
    /// An array of zeros.
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported) for Python objects.
    pub fn zeros(layout: Layout) -> Result<Self> {
        layout.require_raw()?;
        let data = AlignedBuf::zeroed(layout.nbytes());
        Ok(Self { layout, data })
    }

    /// An array of the elements of `data` in C order (last axis fastest).
    ///
    /// The elements are copied once, to aligned memory. To fill large arrays without that, make one with
    /// [`zeros`](Self::zeros) and write through [`as_mut_slice`](Self::as_mut_slice).
    ///
    /// # Errors
    /// [`Parameter`](crate::ErrorKind::Parameter) if the shape does not have as many elements.
    #[allow(clippy::needless_pass_by_value)] // So that callers need not spell out the borrow.
    pub fn from_vec<T: Element>(data: Vec<T>, shape: &[usize]) -> Result<Self> {
        Self::from_slice(&data, shape)
    }

    /// An array of a copy of `data` in C order (last axis fastest).
    ///
    /// # Errors
    /// [`Parameter`](crate::ErrorKind::Parameter) if the shape does not have as many elements.
    pub fn from_slice<T: Element>(data: &[T], shape: &[usize]) -> Result<Self> {
        Self::from_slice_in(Order::C, data, shape)
    }

    /// An array of a copy of `data`, whose elements stand in the given order.
    ///
    /// # Errors
    /// [`Parameter`](crate::ErrorKind::Parameter) if the shape does not have as many elements.
    pub fn from_slice_in<T: Element>(order: Order, data: &[T], shape: &[usize]) -> Result<Self> {
        Self::from_bytes(
            Layout::new(DType::of::<T>(), shape, order)?,
            element::as_bytes(data),
        )
    }

    /// An array of a copy of raw bytes, which are laid out as `layout` says.
    ///
    /// # Errors
    /// [`Parameter`](crate::ErrorKind::Parameter) if there are more or fewer bytes than [`Layout::nbytes`].
    pub fn from_bytes(layout: Layout, bytes: &[u8]) -> Result<Self> {
        layout.require_raw()?;
        if bytes.len() != layout.nbytes() {
            let (given, needed) = (bytes.len(), layout.nbytes());
            return Err(Error::parameter(format!(
                "{given} bytes given, but {layout} has {needed}"
            )));
        }
        Ok(Self {
            data: AlignedBuf::from_slice(bytes),
            layout,
        })
    }

    /// Reads the bytes of an array, laid out as `layout` says, straight into its memory. Nothing is read beyond them.
    ///
    /// # Errors
    /// [`Truncated`](crate::ErrorKind::Truncated) if the source ends early or has fewer bytes to begin with,
    /// [`Limit`](crate::ErrorKind::Limit) if there is no memory, [`Io`](crate::ErrorKind::Io) if reading fails.
    pub fn read(layout: Layout, source: &mut (impl Read + ?Sized), available: Available) -> Result<Self> {
        layout.require_raw()?;
        let known = match available {
            Available::Unknown => false,
            Available::Bytes(n) if n < layout.nbytes() as u64 => {
                let needed = layout.nbytes();
                return Err(Error::truncated(format!(
                    "array {layout} needs {needed} bytes, {n} are left"
                )));
            }
            Available::Bytes(_) => true,
        };
        let data = AlignedBuf::read(layout.nbytes(), source, known)?;
        Ok(Self { layout, data })
    }

    /// Element type, shape and order.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The type of the elements.
    #[must_use]
    pub fn dtype(&self) -> &DType {
        self.layout.dtype()
    }

    /// Number of elements along each axis.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        self.layout.shape()
    }

    /// Which axis runs fastest through memory.
    #[must_use]
    pub fn order(&self) -> Order {
        self.layout.order()
    }

    /// Number of axes.
    #[must_use]
    pub fn ndim(&self) -> usize {
        self.layout.ndim()
    }

    /// Number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.layout.len()
    }

    /// Whether there are no elements.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.layout.is_empty()
    }

    /// Size of the data in bytes.
    #[must_use]
    pub fn nbytes(&self) -> usize {
        self.layout.nbytes()
    }

    /// The data as it stands in memory.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.data.as_slice()
    }

    /// The data as it stands in memory, for writing.
    #[must_use]
    pub fn as_mut_bytes(&mut self) -> &mut [u8] {
        self.data.as_mut_slice()
    }

    /// The elements in memory order, without copying.
    ///
    /// # Errors
    /// [`Parameter`](crate::ErrorKind::Parameter) if the elements are of another type than `T`, or in foreign byte
    /// order ([`to_native`](Self::to_native) helps); [`Corrupt`](crate::ErrorKind::Corrupt) if an array of booleans
    /// holds bytes other than 0 and 1.
    pub fn as_slice<T: Element>(&self) -> Result<&[T]> {
        self.check_element::<T>()?;
        element::from_bytes(self.data.as_slice()).ok_or_else(not_booleans)
    }

    /// Like [`as_slice`](Self::as_slice), for writing.
    ///
    /// # Errors
    /// As for [`as_slice`](Self::as_slice).
    pub fn as_mut_slice<T: Element>(&mut self) -> Result<&mut [T]> {
        self.check_element::<T>()?;
        element::from_bytes_mut(self.data.as_mut_slice()).ok_or_else(not_booleans)
    }

    fn check_element<T: Element>(&self) -> Result<()> {
        let (wanted, dtype) = (DType::of::<T>(), self.dtype());
        if dtype.kind() != wanted.kind() {
            Err(Error::parameter(format!("the array holds {dtype}, not {wanted}")))
        } else if !dtype.is_native() {
            Err(Error::parameter(format!(
                "the array holds {dtype}, in foreign byte order: use to_native()"
            )))
        } else {
            Ok(())
        }
    }

    /// This array in the machine's own byte order: itself if it is already, otherwise a converted copy.
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported) for structs with fields that overlap.
    pub fn to_native(&self) -> Result<Cow<'_, Self>> {
        if self.dtype().is_native() {
            Ok(Cow::Borrowed(self))
        } else {
            self.clone().into_native().map(Cow::Owned)
        }
    }

    /// Converts the array to the machine's own byte order, in place.
    ///
    /// # Errors
    /// As for [`to_native`](Self::to_native).
    pub fn into_native(mut self) -> Result<Self> {
        if !self.dtype().is_native() {
            self.layout.dtype().swap_to_native(self.data.as_mut_slice())?;
            self.layout = self.layout.with_dtype(self.dtype().to_native());
        }
        Ok(self)
    }

    /// Whether each element has the same bytes, for arrays of equal shape that stand in different orders.
    fn same_elements_across_orders(&self, fortran: &Self) -> bool {
        let (shape, size) = (self.shape(), self.dtype().itemsize());
        let mut index = vec![0; shape.len()];
        let mut at = 0;
        for element in self.as_bytes().chunks_exact(size) {
            if fortran.as_bytes()[at..at + size] != *element {
                return false;
            }
            // Count up like an odometer, last axis first, and follow in the other array, whose strides grow from the
            // first axis on.
            let mut stride: usize = fortran.nbytes();
            for (axis, i) in index.iter_mut().enumerate().rev() {
                stride /= shape[axis];
                *i += 1;
                if *i < shape[axis] {
                    at += stride;
                    break;
                }
                at -= stride * (shape[axis] - 1);
                *i = 0;
            }
        }
        true
    }
}

fn not_booleans() -> Error {
    // The data is aligned and whole by construction, which leaves the bytes themselves.
    Error::corrupt("the array of booleans holds bytes other than 0 and 1")
}

impl PartialEq for Array {
    fn eq(&self, other: &Self) -> bool {
        if self.dtype() != other.dtype() || self.shape() != other.shape() {
            return false;
        }
        match (self.layout.canonical_order(), other.layout.canonical_order()) {
            (Order::C, Order::F) => self.same_elements_across_orders(other),
            (Order::F, Order::C) => other.same_elements_across_orders(self),
            _ => self.as_bytes() == other.as_bytes(),
        }
    }
}

impl Eq for Array {}

impl fmt::Debug for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Array({}, {} bytes)", self.layout, self.nbytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ByteOrder, ErrorKind, Scalar, f16};

    const FOREIGN: ByteOrder = match ByteOrder::NATIVE {
        ByteOrder::Big => ByteOrder::Little,
        _ => ByteOrder::Big,
    };

    #[test]
    fn gives_back_the_slice_it_was_made_of() {
        fn check<T: Element + PartialEq + fmt::Debug>(data: &[T]) {
            let array = Array::from_slice(data, &[data.len()]).unwrap();
            assert_eq!(array.as_slice::<T>().unwrap(), data);
            assert_eq!(array.dtype().scalar(), Some(T::SCALAR));
            assert_eq!(array.nbytes(), size_of_val(data));
        }
        check(&[true, false]);
        check(&[-1_i8, 2]);
        check(&[1_u64, u64::MAX, 3]);
        check(&[f16::from_f32(0.5), f16::INFINITY]);
        check(&[1.5_f32, -2.0]);
        check(&[[1.0_f64, -1.0], [0.0, 2.0]]);
    }

    #[test]
    fn a_shape_must_have_as_many_elements() {
        let error = Array::from_vec(vec![1_i32; 5], &[2, 3]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Parameter);
        assert!(error.to_string().contains("20 bytes"), "{error}");
        assert_eq!(Array::from_vec(vec![7_i32], &[]).unwrap().ndim(), 0);
        assert!(Array::from_vec(Vec::<i32>::new(), &[4, 0]).unwrap().is_empty());
    }

    #[test]
    fn views_of_another_type_are_refused() {
        let array = Array::from_vec(vec![1.0_f64], &[1]).unwrap();
        assert_eq!(array.as_slice::<i64>().unwrap_err().kind(), ErrorKind::Parameter);
        assert_eq!(array.as_slice::<f32>().unwrap_err().kind(), ErrorKind::Parameter);
    }

    #[test]
    fn foreign_byte_order_is_refused_until_converted() {
        let layout = Layout::new(DType::with_order(Scalar::Uint16, FOREIGN), &[2], Order::C).unwrap();
        let bytes: Vec<u8> = [1_u16, 0x0203]
            .iter()
            .flat_map(|n| n.swap_bytes().to_ne_bytes())
            .collect();
        let array = Array::from_bytes(layout, &bytes).unwrap();
        assert!(
            array
                .as_slice::<u16>()
                .unwrap_err()
                .to_string()
                .contains("byte order")
        );
        let native = array.to_native().unwrap();
        assert_eq!(native.as_slice::<u16>().unwrap(), [1, 0x0203]);
        assert!(matches!(native.to_native().unwrap(), Cow::Borrowed(_)));
        assert_ne!(array, *native);
    }

    #[test]
    fn booleans_are_checked_before_they_are_shown() {
        let layout = Layout::new(DType::new(Scalar::Bool), &[2], Order::C).unwrap();
        let mut array = Array::from_bytes(layout, &[1, 2]).unwrap();
        assert_eq!(array.as_slice::<bool>().unwrap_err().kind(), ErrorKind::Corrupt);
        assert_eq!(
            array.as_mut_slice::<bool>().unwrap_err().kind(),
            ErrorKind::Corrupt
        );
        array.as_mut_bytes()[1] = 0;
        assert_eq!(array.as_slice::<bool>().unwrap(), [true, false]);
    }

    #[test]
    fn equality_is_by_element_not_by_memory_order() {
        let c = Array::from_slice(&[1_i16, 2, 3, 4, 5, 6], &[2, 3]).unwrap();
        let f = Array::from_slice_in(Order::F, &[1_i16, 4, 2, 5, 3, 6], &[2, 3]).unwrap();
        assert_eq!(c, f);
        assert_eq!(f, c);
        let other = Array::from_slice_in(Order::F, &[1_i16, 4, 2, 5, 3, 7], &[2, 3]).unwrap();
        assert_ne!(c, other);
        assert_ne!(f, other);
        let cube: Vec<u8> = (0..24).collect();
        let mut turned = Vec::new();
        for k in 0..4 {
            for j in 0..3 {
                turned.extend((0..2).map(|i| cube[i * 12 + j * 4 + k]));
            }
        }
        let c = Array::from_vec(cube, &[2, 3, 4]).unwrap();
        assert_eq!(c, Array::from_slice_in(Order::F, &turned, &[2, 3, 4]).unwrap());
        assert_ne!(c, Array::from_slice_in(Order::F, &turned, &[4, 3, 2]).unwrap());
        let row = Array::from_slice_in(Order::F, &[1_u8, 2], &[1, 2]).unwrap();
        assert_eq!(row, Array::from_slice(&[1_u8, 2], &[1, 2]).unwrap());
    }

    #[test]
    fn floats_are_equal_by_their_bytes() {
        let of = |x: f64| Array::from_vec(vec![x], &[1]).unwrap();
        assert_eq!(of(f64::NAN), of(f64::NAN));
        assert_ne!(of(0.0), of(-0.0));
    }

    #[test]
    fn zeros_can_be_filled_in_place() {
        let mut array = Array::zeros(Layout::new(DType::of::<f32>(), &[3], Order::C).unwrap()).unwrap();
        array.as_mut_slice::<f32>().unwrap()[1] = 2.5;
        assert_eq!(array.as_slice::<f32>().unwrap(), [0.0, 2.5, 0.0]);
    }

    #[test]
    fn reading_takes_what_it_needs_and_says_what_is_missing() {
        let layout = Layout::new(DType::of::<u8>(), &[2, 2], Order::C).unwrap();
        let mut source = &[1_u8, 2, 3, 4, 5][..];
        for available in [Available::Unknown, Available::Bytes(5)] {
            let mut source = source;
            let array = Array::read(layout.clone(), &mut source, available).unwrap();
            assert_eq!((array.as_bytes(), source), (&[1, 2, 3, 4][..], &[5][..]));
        }
        let error = Array::read(layout.clone(), &mut source, Available::Bytes(3)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Truncated);
        assert_eq!(source.len(), 5, "refused before reading");
        let error = Array::read(layout, &mut &source[..3], Available::Unknown).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Truncated);
    }
}
