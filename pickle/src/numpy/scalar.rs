//! Single elements of arrays: `numpy.float64` and its like.

use std::fmt;

use demijohn_arrays::{Array, DType, Layout, Order, Scalar as Number, f16};

use super::{Brief, dtype};
use crate::known::Callable;
use crate::known::Shape;
use crate::{Error, Result, Value};

/// A single element of an array.
#[derive(Clone, PartialEq)]
pub struct Scalar<'d> {
    dtype: DType,
    bytes: &'d [u8],
}

impl<'d> Scalar<'d> {
    /// What it is.
    #[must_use]
    pub fn dtype(&self) -> &DType {
        &self.dtype
    }

    /// Its bytes, in the byte order of the dtype.
    #[must_use]
    pub fn bytes(&self) -> &'d [u8] {
        self.bytes
    }

    /// It as an array without axes.
    ///
    /// # Errors
    /// None that can be met: the bytes were counted.
    pub fn to_array(&self) -> Result<Array> {
        let layout = Layout::new(self.dtype.clone(), &[], Order::C)?;
        Ok(Array::from_bytes(layout, self.bytes)?)
    }

    /// Its value as a float, if it is a real number. Integers beyond 2⁵³ are rounded.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // As documented.
    pub fn as_f64(&self) -> Option<f64> {
        let array = self.to_array().ok()?.into_native().ok()?;
        Some(match self.number()? {
            Number::Float16 => array.as_slice::<f16>().ok()?[0].to_f64(),
            Number::Float32 => array.as_slice::<f32>().ok()?[0].into(),
            Number::Float64 => array.as_slice::<f64>().ok()?[0],
            Number::Complex64 | Number::Complex128 => return None,
            _ => self.as_i128()? as f64,
        })
    }

    /// Its value as an integer, if it is one or a boolean.
    #[must_use]
    pub fn as_i128(&self) -> Option<i128> {
        let array = self.to_array().ok()?.into_native().ok()?;
        Some(match self.number()? {
            Number::Bool => i128::from(self.bytes != [0]),
            Number::Int8 => array.as_slice::<i8>().ok()?[0].into(),
            Number::Int16 => array.as_slice::<i16>().ok()?[0].into(),
            Number::Int32 => array.as_slice::<i32>().ok()?[0].into(),
            Number::Int64 => array.as_slice::<i64>().ok()?[0].into(),
            Number::Uint8 => array.as_slice::<u8>().ok()?[0].into(),
            Number::Uint16 => array.as_slice::<u16>().ok()?[0].into(),
            Number::Uint32 => array.as_slice::<u32>().ok()?[0].into(),
            Number::Uint64 => array.as_slice::<u64>().ok()?[0].into(),
            _ => return None,
        })
    }

    pub(crate) fn number(&self) -> Option<Number> {
        self.dtype.scalar()
    }
}

impl fmt::Debug for Scalar<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(n) = self.as_i128() {
            return write!(f, "{}({n})", self.dtype);
        }
        match self.as_f64() {
            Some(x) => write!(f, "{}({x:?})", self.dtype),
            None => write!(f, "{}({} bytes)", self.dtype, self.bytes.len()),
        }
    }
}

/// Whether a value is a call of `scalar` on a dtype and bytes, whatever comes of it.
pub(crate) fn is_scalar(value: Value<'_>) -> bool {
    Shape::call(value, Callable::Scalar)
        .and_then(|shape| shape.bare()?.exactly())
        .is_some_and(|[dtype, bytes]| dtype::is_dtype(dtype) && crate::known::bytes_of(bytes).is_some())
}

/// `scalar(dtype, bytes)`.
pub(crate) fn scalar(value: Value<'_>) -> Result<Scalar<'_>> {
    let none = || Error::parameter(format!("not a numpy scalar but {}", Brief(value)));
    let [dtype, bytes] = Shape::call(value, Callable::Scalar)
        .and_then(|shape| shape.bare()?.exactly())
        .ok_or_else(none)?;
    let dtype = dtype::dtype(dtype)?;
    if dtype.has_objects() {
        return Err(none());
    }
    let bytes = crate::known::bytes_of(bytes).ok_or_else(none)?;
    if bytes.len() != dtype.itemsize() {
        return Err(Error::corrupt(format!(
            "a scalar of {} bytes where {dtype} has {}",
            bytes.len(),
            dtype.itemsize()
        )));
    }
    Ok(Scalar { dtype, bytes })
}
