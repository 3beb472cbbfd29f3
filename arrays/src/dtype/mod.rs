//! What one element is, in numpy's words.

mod compound;
mod scalar;
mod text;
mod time;

use std::fmt;

pub use compound::{Field, MAX_DEPTH, Struct, SubArray};
pub use scalar::{ByteOrder, Scalar};
pub use time::{TimeBase, TimeUnit};

pub(crate) use text::{Form, from_literal};

use crate::pyliteral::cut;
use crate::{Element, Error, Result};
use compound::{Traits, check_itemsize};

/// The largest element in bytes: numpy has item sizes in C's `int`.
pub const MAX_ITEMSIZE: usize = i32::MAX as usize;

/// What an element is, byte order apart: see [`DType::kind`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A number that Rust has too.
    Number(Scalar),
    /// C's `long double`, of 12 or 16 bytes. Machines differ in what the bytes mean, so they stay bytes here.
    LongDouble(usize),
    /// Two of C's `long double`, of 24 or 32 bytes together.
    ComplexLongDouble(usize),
    /// A string of at most so many bytes, filled up with NULs: `S`.
    Bytes(usize),
    /// A text of at most so many characters in UTF-32, filled up with NULs: `U`.
    Text(usize),
    /// So many bytes without meaning: `V`.
    Void(usize),
    /// A date, in 64 bits: `M8`.
    Datetime(TimeUnit),
    /// A time difference, in 64 bits: `m8`.
    Timedelta(TimeUnit),
    /// Named fields.
    Struct(Struct),
    /// A small array; only fields of structs are such.
    SubArray(SubArray),
    /// A Python object: `O`. Arrays of them have no raw data.
    Object,
    /// A text of any length: numpy's `StringDType`. Arrays of them have no raw data.
    String,
}

/// The type of an array's elements: numpy's `dtype`.
///
/// It is cheap to clone, and whoever holds one may trust it: sizes and offsets have been checked.
///
/// It prints as numpy does: as its
/// [type string](https://numpy.org/doc/stable/reference/arrays.interface.html), which is byte order, kind letter and
/// size; structs, as numpy's `str` shows them, which is a list of fields where these stand one behind the other and a
/// dict with offsets otherwise (unlike `str`, this says of inner structs too that they are aligned). What it prints it
/// parses, and `numpy.dtype` takes both (the latter after `ast.literal_eval`), but for a struct inside of an aligned one
/// that is not aligned itself: numpy has no text for that.
///
/// ```
/// use demijohn_arrays::{ByteOrder, DType, Kind, Scalar};
///
/// let dtype: DType = ">i4".parse()?;
/// assert_eq!((dtype.kind(), dtype.byte_order()), (&Kind::Number(Scalar::Int32), ByteOrder::Big));
/// assert_eq!(dtype.to_string(), ">i4");
///
/// let point: DType = "[('name', 'S4'), ('at', '<f8', (3,))]".parse()?;
/// assert_eq!(point.itemsize(), 28);
/// assert_eq!(point.field("at").unwrap().offset(), 4);
/// # Ok::<(), demijohn_arrays::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DType {
    kind: Kind,
    order: ByteOrder,
}

impl DType {
    /// A number in this machine's byte order.
    #[must_use]
    pub const fn new(scalar: Scalar) -> Self {
        Self::with_order(scalar, ByteOrder::NATIVE)
    }

    /// A number in the given byte order.
    ///
    /// Single bytes have no order: whatever is given for them becomes [`ByteOrder::NotApplicable`], and where that
    /// is given for a wider number, this machine's order is taken, as numpy does.
    #[must_use]
    pub const fn with_order(scalar: Scalar, order: ByteOrder) -> Self {
        let order = match (scalar.size(), order) {
            (1, _) => ByteOrder::NotApplicable,
            (_, ByteOrder::NotApplicable) => ByteOrder::NATIVE,
            (_, order) => order,
        };
        Self {
            kind: Kind::Number(scalar),
            order,
        }
    }

    /// Anything, in the given byte order where it has one.
    ///
    /// # Errors
    /// [`Corrupt`](crate::ErrorKind::Corrupt) for sizes that no long double has, and for elements of more than
    /// [`MAX_ITEMSIZE`] bytes.
    pub fn from_kind(kind: Kind, order: ByteOrder) -> Result<Self> {
        let possible = match kind {
            Kind::LongDouble(size) => matches!(size, 12 | 16),
            Kind::ComplexLongDouble(size) => matches!(size, 24 | 32),
            Kind::Text(length) => check_itemsize(length as u128 * 4).map(|_| true)?,
            Kind::Bytes(size) | Kind::Void(size) => check_itemsize(size as u128).map(|_| true)?,
            _ => true,
        };
        if !possible {
            return Err(Error::corrupt(format!("invalid dtype: no machine has {kind:?}")));
        }
        let plain = Self {
            kind,
            order: ByteOrder::NotApplicable,
        };
        Ok(plain.with_byte_order(order))
    }

    /// The same type in another byte order, if it has one; a struct and its fields stay as they are.
    ///
    /// [`ByteOrder::NotApplicable`] means this machine's order.
    #[must_use]
    pub fn with_byte_order(mut self, order: ByteOrder) -> Self {
        self.order = match (self.unit(), order) {
            (None, _) => ByteOrder::NotApplicable,
            (Some(_), ByteOrder::NotApplicable) => ByteOrder::NATIVE,
            (Some(_), order) => order,
        };
        self
    }

    /// The dtype of a Rust type.
    #[must_use]
    pub fn of<T: Element>() -> Self {
        Self::new(T::SCALAR)
    }

    /// Python objects.
    #[must_use]
    pub const fn object() -> Self {
        Self {
            kind: Kind::Object,
            order: ByteOrder::NotApplicable,
        }
    }

    /// What the elements are, byte order apart.
    #[must_use]
    pub const fn kind(&self) -> &Kind {
        &self.kind
    }

    /// Which number the elements are, if they are plain numbers.
    #[must_use]
    pub const fn scalar(&self) -> Option<Scalar> {
        match self.kind {
            Kind::Number(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The struct that the elements are, if they are structs.
    #[must_use]
    pub const fn as_struct(&self) -> Option<&Struct> {
        match &self.kind {
            Kind::Struct(s) => Some(s),
            _ => None,
        }
    }

    /// The field of this name or title, if the elements are structs that have it.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.as_struct()?.field(name)
    }

    /// In which order the bytes of an element stand; [`ByteOrder::NotApplicable`] for structs, whatever their fields.
    #[must_use]
    pub const fn byte_order(&self) -> ByteOrder {
        self.order
    }

    /// Size of one element in bytes.
    ///
    /// For Python objects and strings of any length this is what numpy reports for its own memory.
    #[must_use]
    pub fn itemsize(&self) -> usize {
        match &self.kind {
            Kind::Number(scalar) => scalar.size(),
            Kind::Datetime(_) | Kind::Timedelta(_) | Kind::Object => 8,
            Kind::LongDouble(size) | Kind::ComplexLongDouble(size) => *size,
            Kind::Bytes(size) | Kind::Void(size) => *size,
            Kind::Text(length) => length * 4,
            Kind::Struct(s) => s.itemsize(),
            Kind::SubArray(s) => s.itemsize(),
            Kind::String => 16,
        }
    }

    /// What C aligns such an element to, in bytes: numpy's `alignment`. Structs have it only if made to it, else 1.
    #[must_use]
    pub fn alignment(&self) -> usize {
        match &self.kind {
            Kind::Struct(s) => s.alignment(),
            Kind::SubArray(s) => s.base().alignment(),
            Kind::Object | Kind::String => 8,
            // Long doubles of 12 bytes are 32-bit x86's, which aligns them to 4.
            _ => match self.unit() {
                Some(12) => 4,
                unit => unit.unwrap_or(1),
            },
        }
    }

    /// Whether there are Python objects or strings of any length in it, so that arrays have no raw data.
    #[must_use]
    pub fn has_objects(&self) -> bool {
        self.traits().objects
    }

    /// Whether this machine computes with these bytes as they are, down to the last field.
    #[must_use]
    pub fn is_native(&self) -> bool {
        self.traits().native
    }

    fn traits(&self) -> Traits {
        match &self.kind {
            Kind::Struct(s) => s.traits(),
            Kind::SubArray(s) => s.traits(),
            kind => Traits::leaf(
                matches!(kind, Kind::Object | Kind::String),
                matches!(self.order, ByteOrder::NATIVE | ByteOrder::NotApplicable),
            ),
        }
    }

    /// The same type in this machine's byte order, down to the last field.
    #[must_use]
    pub fn to_native(&self) -> Self {
        if self.is_native() {
            return self.clone();
        }
        match &self.kind {
            Kind::Struct(s) => s.map(Self::to_native).into(),
            Kind::SubArray(s) => s.map(Self::to_native).into(),
            _ => self.clone().with_byte_order(ByteOrder::NATIVE),
        }
    }

    /// Size in bytes of the piece that byte order applies to, if it does to any.
    fn unit(&self) -> Option<usize> {
        let unit = match self.kind {
            Kind::Number(scalar) => scalar.unit(),
            Kind::LongDouble(size) => size,
            Kind::ComplexLongDouble(size) => size / 2,
            Kind::Text(_) => 4,
            Kind::Datetime(_) | Kind::Timedelta(_) => 8,
            _ => 1,
        };
        (unit > 1).then_some(unit)
    }

    /// Reverses the bytes of every number in `bytes` that is in foreign order; `bytes` holds whole elements.
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported) if fields overlap, as their bytes cannot be turned for both.
    pub(crate) fn swap_to_native(&self, bytes: &mut [u8]) -> Result<()> {
        // One arm per width lets the compiler turn each into vector shuffles.
        fn reverse<const N: usize>(bytes: &mut [u8]) {
            bytes
                .as_chunks_mut::<N>()
                .0
                .iter_mut()
                .for_each(|unit| unit.reverse());
        }
        if self.is_native() || self.itemsize() == 0 {
            return Ok(());
        }
        match &self.kind {
            Kind::Struct(s) if s.is_overlapping() => {
                return Err(Error::unsupported(format!(
                    "the fields of {} overlap, so they cannot be put in this machine's byte order; \
                     read them one at a time",
                    Brief(self)
                )));
            }
            Kind::Struct(s) => {
                for element in bytes.chunks_exact_mut(s.itemsize()) {
                    for field in s.fields() {
                        field
                            .dtype()
                            .swap_to_native(&mut element[field.offset()..field.end()])?;
                    }
                }
            }
            Kind::SubArray(s) => s.base().swap_to_native(bytes)?,
            _ => match self.unit() {
                Some(2) => reverse::<2>(bytes),
                Some(4) => reverse::<4>(bytes),
                Some(8) => reverse::<8>(bytes),
                Some(12) => reverse::<12>(bytes),
                Some(16) => reverse::<16>(bytes),
                _ => {}
            },
        }
        Ok(())
    }
}

impl From<Scalar> for DType {
    fn from(scalar: Scalar) -> Self {
        Self::new(scalar)
    }
}

impl From<Struct> for DType {
    fn from(s: Struct) -> Self {
        Self {
            kind: Kind::Struct(s),
            order: ByteOrder::NotApplicable,
        }
    }
}

impl From<SubArray> for DType {
    fn from(s: SubArray) -> Self {
        Self {
            kind: Kind::SubArray(s),
            order: ByteOrder::NotApplicable,
        }
    }
}

impl fmt::Debug for DType {
    /// As it prints, in at most a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DType(")?;
        cut(f, format_args!("{self}"))?;
        f.write_str(")")
    }
}

/// A type in a message: as it prints, in at most a line.
pub(crate) struct Brief<'a>(pub(crate) &'a DType);

impl fmt::Display for Brief<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        cut(f, format_args!("{}", self.0))
    }
}

#[cfg(test)]
mod tests;
