//! Masked arrays.
//!
//! Specification: `__reduce__`, `__getstate__` and `__setstate__` of `MaskedArray` in numpy's `ma/core.py`, and
//! `make_mask_descr` there.

use std::fmt;

use demijohn_arrays::{Array, DType, Kind, Layout, Scalar, Struct, SubArray};

use super::array::{RawData, check_length, layout};
use crate::graph::{Id, View};
use crate::known::{Callable, Shape};
use crate::{Result, Value};

/// An array of plain data some of whose elements do not count; see [`Value::as_masked_array`].
///
/// It stays a call in the document, which holds data and mask as byte strings: both are copied out of it.
#[derive(Clone)]
pub struct MaskedArray<'d> {
    layout: Layout,
    mask_layout: Layout,
    data: Value<'d>,
    mask: Value<'d>,
    fill_value: Value<'d>,
}

impl<'d> MaskedArray<'d> {
    /// Element type, shape and order.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The elements, masked ones too.
    ///
    /// # Errors
    /// [`Parameter`](crate::ErrorKind::Parameter) if they were passed over, [`Limit`](crate::ErrorKind::Limit) if there
    /// is no memory.
    pub fn data(&self) -> Result<Array> {
        copy(&self.layout, self.data)
    }

    /// Which elements do not count: an array of booleans of the same shape. Of structs, it has a boolean for each field.
    ///
    /// # Errors
    /// As for [`data`](Self::data).
    pub fn mask(&self) -> Result<Array> {
        copy(&self.mask_layout, self.mask)
    }

    /// What is put in place of masked elements if they are to be filled: an array without axes. `None` if that is numpy's
    /// default for the type.
    #[must_use]
    pub fn fill_value(&self) -> Option<Value<'d>> {
        Some(self.fill_value).filter(|value| !value.is_none())
    }
}

impl fmt::Debug for MaskedArray<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MaskedArray({})", self.layout)
    }
}

fn copy(layout: &Layout, data: Value<'_>) -> Result<Array> {
    let raw = RawData {
        layout: layout.clone(),
        transposed: None,
        data,
    };
    raw.to_array()
}

/// The items of the state in `_mareconstruct(MaskedArray, ndarray, (0,), "b")` with the state `(1, shape, dtype,
/// is_fortran, data, mask, fill_value)`.
fn state(value: Value<'_>) -> Option<[Value<'_>; 7]> {
    let (args, state) = Shape::call(value, Callable::MaskedReconstruct)?.state_only()?;
    let [class, base, _, _] = args.exactly()?;
    let is =
        |value: Value<'_>, what| matches!(value.node(), View::Global(global) if global.known == Some(what));
    if !is(class, Callable::MaskedArray) || !is(base, Callable::NdArray) {
        return None;
    }
    let View::Tuple(items) = state.node() else {
        return None;
    };
    let items: [Id; 7] = items.try_into().ok()?;
    Some(items.map(|id| state.at(id)))
}

/// Whether a value is a call that makes a masked array, whatever comes of it.
pub(crate) fn is_masked_array(value: Value<'_>) -> bool {
    state(value).is_some()
}

/// The masked array that a call makes, if all of it fits together.
pub(crate) fn masked_array(value: Value<'_>) -> Option<MaskedArray<'_>> {
    let [version, shape, dtype, fortran, data, mask, fill_value] = state(value)?;
    let layout = layout(shape, dtype, fortran).ok()?;
    if version.as_i64() != Some(1) || layout.dtype().has_objects() {
        return None;
    }
    let mask_layout = Layout::new(mask_dtype(layout.dtype())?, layout.shape(), layout.order()).ok()?;
    check_length(&layout, data).ok()?;
    check_length(&mask_layout, mask).ok()?;
    Some(MaskedArray {
        layout,
        mask_layout,
        data,
        mask,
        fill_value,
    })
}

/// The type of the mask of elements of a type: a boolean for each part.
fn mask_dtype(dtype: &DType) -> Option<DType> {
    match dtype.kind() {
        Kind::Struct(s) => {
            let field =
                |field: &demijohn_arrays::Field| Some((field.name().to_owned(), mask_dtype(field.dtype())?));
            let fields: Option<Vec<_>> = s.fields().iter().map(field).collect();
            Some(Struct::packed(fields?).ok()?.into())
        }
        Kind::SubArray(s) => Some(SubArray::new(mask_dtype(s.base())?, s.shape()).ok()?.into()),
        _ => Some(DType::new(Scalar::Bool)),
    }
}
