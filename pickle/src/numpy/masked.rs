//! Masked arrays.
//!
//! Specification: `__reduce__`, `__getstate__` and `__setstate__` of `MaskedArray` in numpy's `ma/core.py`, and
//! `make_mask_descr` there.

use std::fmt;

use demijohn_arrays::{Array, DType, Kind, Layout, Scalar, Struct, SubArray};

use super::array::{Located, RawData, check_length, layout};
use crate::graph::{AbsentArray, Id, View};
use crate::known::{Callable, Shape};
use crate::path::{DATA, MASK, Path};
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
        raw(&self.layout, self.data).to_array()
    }

    /// Which elements do not count: an array of booleans of the same shape. Of structs, it has a boolean for each field.
    ///
    /// # Errors
    /// As for [`data`](Self::data).
    pub fn mask(&self) -> Result<Array> {
        raw(&self.mask_layout, self.mask).to_array()
    }

    /// The two arrays that it consists of: [data](Self::data) and [mask](Self::mask).
    #[must_use]
    pub fn parts(&self) -> [MaskedPart<'d>; 2] {
        [
            MaskedPart {
                name: DATA,
                raw: raw(&self.layout, self.data),
            },
            MaskedPart {
                name: MASK,
                raw: raw(&self.mask_layout, self.mask),
            },
        ]
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

/// One of the arrays that a [masked array](MaskedArray::parts) consists of. A document has no value for it.
pub struct MaskedPart<'d> {
    pub(super) name: &'static str,
    raw: RawData<'d>,
}

impl<'d> MaskedPart<'d> {
    /// The path to it, if that leads to the masked array; see [`locate_at`](super::locate_at).
    #[must_use]
    pub fn path(&self, whole: &Path) -> Path {
        whole.join(&Path::named(self.name))
    }

    /// Element type, shape and order.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.raw.layout
    }

    /// The array without its elements, if they were passed over.
    #[must_use]
    pub fn absent(&self) -> Option<AbsentArray> {
        self.raw.absent()
    }

    pub(super) fn locate(&self) -> Result<Located<'d>> {
        self.raw.locate()
    }
}

impl fmt::Debug for MaskedPart<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MaskedPart(.{}, {})", self.name, self.layout())
    }
}

fn raw<'d>(layout: &Layout, data: Value<'d>) -> RawData<'d> {
    RawData {
        layout: layout.clone(),
        transposed: None,
        data,
    }
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
