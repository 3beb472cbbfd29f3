//! Element types made of others: structs and sub-arrays.
//!
//! Both are behind an `Arc`, so that a dtype is cheap to clone; and both can only be made through checks, so that
//! whoever holds one may trust offsets and sizes. Since parts can be shared, a small description may unfold to an
//! enormous type: depth and unfolded length are bounded when a type is made, which bounds every walk over it.

use std::collections::HashSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::{DType, MAX_ITEMSIZE};
use crate::layout::{MAX_NDIM, Shape};
use crate::{Error, Result};

/// How deep structs and sub-arrays may be nested in one another.
pub const MAX_DEPTH: usize = 32;

/// How long the description of a type may be, unfolded, in bytes of names and 32 bytes for each part: room for some
/// 100,000 columns.
const MAX_WEIGHT: usize = 4 << 20;
const PART_WEIGHT: usize = 32;

/// One field of a [`Struct`].
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Field {
    name: String,
    title: Option<String>,
    offset: usize,
    dtype: DType,
}

impl Field {
    /// A field that begins `offset` bytes into the struct.
    #[must_use]
    pub fn new(name: impl Into<String>, offset: usize, dtype: DType) -> Self {
        Self {
            name: name.into(),
            title: None,
            offset,
            dtype,
        }
    }

    /// The field with a title: a second name under which numpy finds it too.
    #[must_use]
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The title, if it has one.
    #[must_use]
    pub fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// Where it begins, in bytes from the beginning of the struct.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// What it holds.
    #[must_use]
    pub fn dtype(&self) -> &DType {
        &self.dtype
    }

    /// Where it ends; a struct has checked that this does not overflow.
    pub(super) fn end(&self) -> usize {
        self.offset + self.dtype.itemsize()
    }
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Field({:?} at {}: {})", self.name, self.offset, self.dtype)
    }
}

/// An element of named fields, each at its offset: numpy's structured types.
///
/// There may be gaps between fields and behind the last, and fields may overlap. Whether a struct was made with C's
/// alignment in mind is remembered but, as in numpy, makes no difference to equality.
#[derive(Clone)]
pub struct Struct(Arc<StructInner>);

struct StructInner {
    fields: Box<[Field]>,
    itemsize: usize,
    aligned: bool,
    alignment: usize,
    overlapping: bool,
    traits: Traits,
}

/// What is known of a whole type without walking it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Traits {
    depth: usize,
    weight: usize,
    pub(super) objects: bool,
    pub(super) native: bool,
}

impl Traits {
    pub(super) const fn leaf(objects: bool, native: bool) -> Self {
        Self {
            depth: 0,
            weight: PART_WEIGHT,
            objects,
            native,
        }
    }

    fn around(parts: impl IntoIterator<Item = (Self, usize)>) -> Result<Self> {
        let mut whole = Self::leaf(false, true);
        for (part, text) in parts {
            whole.depth = whole.depth.max(part.depth + 1);
            whole.objects |= part.objects;
            whole.native &= part.native;
            whole.weight = whole.weight.saturating_add(part.weight).saturating_add(text);
            if whole.weight > MAX_WEIGHT {
                return Err(Error::limit(format!(
                    "the description of a dtype is longer than {MAX_WEIGHT} bytes"
                )));
            }
        }
        if whole.depth > MAX_DEPTH {
            return Err(Error::limit(format!(
                "a dtype is nested more than {MAX_DEPTH} levels deep"
            )));
        }
        Ok(whole)
    }
}

impl Struct {
    /// A struct of `itemsize` bytes with these fields.
    ///
    /// `aligned` says that the fields stand where a C compiler would put them; it is checked.
    ///
    /// # Errors
    /// [`Corrupt`](crate::ErrorKind::Corrupt) if a field ends behind the struct, a name or title occurs twice,
    /// fields with Python objects overlap others, alignment is claimed but not there, or the size is over
    /// [`MAX_ITEMSIZE`]; [`Limit`](crate::ErrorKind::Limit) if the description nests too deep or gets too long.
    pub fn new(fields: Vec<Field>, itemsize: usize, aligned: bool) -> Result<Self> {
        check_itemsize(itemsize as u128)?;
        let text = |field: &Field| field.name.len() + field.title.as_ref().map_or(0, String::len);
        let traits = Traits::around(fields.iter().map(|field| (field.dtype.traits(), text(field))))?;
        let mut names = HashSet::new();
        for field in &fields {
            for name in [Some(&field.name), field.title.as_ref()].into_iter().flatten() {
                if !names.insert(name.as_str()) {
                    return Err(invalid(format!("the name or title {name:?} occurs twice")));
                }
            }
            let end = field.offset as u128 + field.dtype.itemsize() as u128;
            if end > itemsize as u128 {
                let name = &field.name;
                return Err(invalid(format!(
                    "field {name:?} ends at byte {end}, but the struct has {itemsize}"
                )));
            }
        }
        let alignment = if aligned {
            check_alignment(&fields, itemsize)?
        } else {
            1
        };
        let overlapping = check_overlap(&fields)?;
        Ok(Self(Arc::new(StructInner {
            fields: fields.into(),
            itemsize,
            aligned,
            alignment,
            overlapping,
            traits,
        })))
    }

    /// A struct of fields that stand one right behind the other, as numpy makes it from a list.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn packed<N: Into<String>>(fields: impl IntoIterator<Item = (N, DType)>) -> Result<Self> {
        Self::lay_out(fields, false)
    }

    /// A struct of fields that stand where a C compiler would put them, as numpy makes it with `align=True`.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn aligned<N: Into<String>>(fields: impl IntoIterator<Item = (N, DType)>) -> Result<Self> {
        Self::lay_out(fields, true)
    }

    fn lay_out<N: Into<String>>(fields: impl IntoIterator<Item = (N, DType)>, aligned: bool) -> Result<Self> {
        let (mut end, mut widest) = (0_usize, 1);
        let mut placed = Vec::new();
        for (name, dtype) in fields {
            let alignment = if aligned { dtype.alignment() } else { 1 };
            widest = widest.max(alignment);
            let offset = end.next_multiple_of(alignment);
            // Neither sum overflows: both parts are at most MAX_ITEMSIZE.
            end = offset + dtype.itemsize();
            check_itemsize(end as u128)?;
            placed.push(Field::new(name, offset, dtype));
        }
        Self::new(placed, end.next_multiple_of(widest), aligned)
    }

    /// The fields, in numpy's order of names, which need not be that of offsets.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.0.fields
    }

    /// The field of this name or title.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        let fields = self.0.fields.iter();
        fields
            .into_iter()
            .find(|field| field.name == name || field.title.as_deref() == Some(name))
    }

    /// Size of the whole in bytes, with what is behind the last field.
    #[must_use]
    pub fn itemsize(&self) -> usize {
        self.0.itemsize
    }

    /// Whether it was made to C's alignment.
    #[must_use]
    pub fn is_aligned(&self) -> bool {
        self.0.aligned
    }

    /// Whether some bytes belong to more than one field.
    #[must_use]
    pub fn is_overlapping(&self) -> bool {
        self.0.overlapping
    }

    /// Whether the fields follow one another without gaps, in order, up to the end.
    pub(super) fn is_packed(&self) -> bool {
        let end = self
            .0
            .fields
            .iter()
            .try_fold(0, |end, field| (field.offset == end).then(|| field.end()));
        end == Some(self.0.itemsize)
    }

    pub(super) fn alignment(&self) -> usize {
        self.0.alignment
    }

    pub(super) fn traits(&self) -> Traits {
        self.0.traits
    }

    /// The same struct with other types of the same size in its fields.
    pub(super) fn map(&self, change: impl Fn(&DType) -> DType) -> Self {
        let change_field = |field: &Field| Field {
            dtype: change(&field.dtype),
            ..field.clone()
        };
        let fields: Vec<Field> = self.0.fields.iter().map(change_field).collect();
        Self::new(fields, self.0.itemsize, self.0.aligned).expect("sizes, names and depth are as they were")
    }
}

impl PartialEq for Struct {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || (self.0.itemsize == other.0.itemsize && self.0.fields == other.0.fields)
    }
}

impl Eq for Struct {}

impl Hash for Struct {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.itemsize.hash(state);
        self.0.fields.hash(state);
    }
}

impl fmt::Debug for Struct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(inner) = self;
        write!(f, "Struct({:?}, {} bytes)", inner.fields, inner.itemsize)
    }
}

fn invalid(what: String) -> Error {
    Error::corrupt(format!("invalid dtype: {what}"))
}

/// The size as a `usize`, if an element may be as large.
pub(super) fn check_itemsize(size: u128) -> Result<usize> {
    match usize::try_from(size) {
        Ok(size) if size <= MAX_ITEMSIZE => Ok(size),
        _ => Err(invalid(format!(
            "an element of {size} bytes; numpy allows {MAX_ITEMSIZE}"
        ))),
    }
}

/// The alignment of a struct whose fields stand where C would put them.
fn check_alignment(fields: &[Field], itemsize: usize) -> Result<usize> {
    let mut widest = 1;
    for Field {
        name, offset, dtype, ..
    } in fields
    {
        let alignment = dtype.alignment();
        widest = widest.max(alignment);
        if !offset.is_multiple_of(alignment) {
            return Err(invalid(format!(
                "field {name:?} of an aligned struct is at byte {offset}, which is no multiple of {alignment}"
            )));
        }
    }
    if itemsize.is_multiple_of(widest) {
        Ok(widest)
    } else {
        Err(invalid(format!(
            "an aligned struct has {itemsize} bytes, which is no multiple of {widest}"
        )))
    }
}

/// Whether fields overlap. If those with objects do, the struct is refused as numpy refuses it.
fn check_overlap(fields: &[Field]) -> Result<bool> {
    let mut sorted: Vec<&Field> = fields.iter().filter(|field| field.dtype.itemsize() > 0).collect();
    sorted.sort_by_key(|field| field.offset);
    let (mut end, mut objects_end) = (0, 0);
    let mut overlapping = false;
    for field in sorted {
        let objects = field.dtype.has_objects();
        if field.offset < objects_end || (objects && field.offset < end) {
            let name = &field.name;
            return Err(invalid(format!(
                "field {name:?} overlaps another, and one of them holds objects"
            )));
        }
        overlapping |= field.offset < end;
        end = end.max(field.end());
        if objects {
            objects_end = objects_end.max(field.end());
        }
    }
    Ok(overlapping)
}

/// An element that is a small array itself, of fixed shape, in C order: only structs have such fields.
#[derive(Clone)]
pub struct SubArray(Arc<SubArrayInner>);

struct SubArrayInner {
    base: DType,
    shape: Box<[usize]>,
    itemsize: usize,
    traits: Traits,
}

impl SubArray {
    /// `shape` elements of type `base` along each axis.
    ///
    /// # Errors
    /// [`Corrupt`](crate::ErrorKind::Corrupt) for no axis, more than [`MAX_NDIM`] of them, and a size over
    /// [`MAX_ITEMSIZE`]; [`Limit`](crate::ErrorKind::Limit) if the description nests too deep or gets too long.
    pub fn new(base: DType, shape: &[usize]) -> Result<Self> {
        if shape.is_empty() || shape.len() > MAX_NDIM {
            let axes = shape.len();
            return Err(invalid(format!(
                "a sub-array has 1 to {MAX_NDIM} axes, not {axes}"
            )));
        }
        // numpy has the extents in C's `int`, those of arrays without elements too.
        let too_long = shape.iter().any(|&n| i32::try_from(n).is_err());
        let size = if shape.contains(&0) {
            Some(0)
        } else {
            shape
                .iter()
                .try_fold(base.itemsize() as u128, |size, &n| size.checked_mul(n as u128))
        };
        let size = size
            .filter(|_| !too_long)
            .ok_or_else(|| invalid(format!("the shape {} of a sub-array is too big", Shape(shape))))?;
        let itemsize = check_itemsize(size)?;
        let traits = Traits::around([(base.traits(), size_of_val(shape))])?;
        Ok(Self(Arc::new(SubArrayInner {
            base,
            shape: shape.into(),
            itemsize,
            traits,
        })))
    }

    /// The type of its elements.
    #[must_use]
    pub fn base(&self) -> &DType {
        &self.0.base
    }

    /// Number of elements along each axis.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.0.shape
    }

    /// Size of the whole in bytes.
    #[must_use]
    pub fn itemsize(&self) -> usize {
        self.0.itemsize
    }

    pub(super) fn traits(&self) -> Traits {
        self.0.traits
    }

    pub(super) fn map(&self, change: impl Fn(&DType) -> DType) -> Self {
        Self::new(change(&self.0.base), &self.0.shape).expect("sizes and depth are as they were")
    }
}

impl PartialEq for SubArray {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || (self.0.shape == other.0.shape && self.0.base == other.0.base)
    }
}

impl Eq for SubArray {}

impl Hash for SubArray {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.shape.hash(state);
        self.0.base.hash(state);
    }
}

impl fmt::Debug for SubArray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SubArray({}, {})", self.0.base, Shape(&self.0.shape))
    }
}
