//! Arrays as `serde` asks for them: as themselves, or as sequences of what their elements are.

use demijohn_arrays::{Array, ByteOrder, DType, Field, Kind, Layout, Order, Scalar, Strings, f16};
use serde::de::value::{BorrowedBytesDeserializer, MapAccessDeserializer, SeqDeserializer, StrDeserializer};
use serde::de::{DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use crate::path::Step;
use crate::{Error, Result};

/// An array in the form in which arrays pass through `serde`: see `demijohn_arrays`, module `ser`.
pub(super) fn token<'d, V: Visitor<'d>>(array: &'d Array, visitor: V) -> Result<V::Value> {
    visitor.visit_newtype_struct(MapAccessDeserializer::new(Token { array, next: 0 }))
}

struct Token<'d> {
    array: &'d Array,
    next: usize,
}

impl<'d> MapAccess<'d> for Token<'d> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'d>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        let Some(&key) = ["dtype", "shape", "order", "data"].get(self.next) else {
            return Ok(None);
        };
        self.next += 1;
        let key: StrDeserializer<'_, Error> = key.into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'d>>(&mut self, seed: V) -> Result<V::Value> {
        match self.next {
            1 => seed.deserialize(self.array.dtype().to_string().into_deserializer()),
            2 => {
                let shape = self.array.shape().iter().map(|&n| n as u64);
                seed.deserialize(SeqDeserializer::new(shape))
            }
            3 => seed.deserialize(self.array.order().as_str().into_deserializer()),
            // A sequence of chunks, of which there is one.
            _ => seed.deserialize(SeqDeserializer::new(std::iter::once(Chunk(
                self.array.as_bytes(),
            )))),
        }
    }
}

/// Bytes that stay borrowed.
struct Chunk<'d>(&'d [u8]);

impl<'d> IntoDeserializer<'d, Error> for Chunk<'d> {
    type Deserializer = BorrowedBytesDeserializer<'d, Error>;

    fn into_deserializer(self) -> Self::Deserializer {
        BorrowedBytesDeserializer::new(self.0)
    }
}

/// How many empty rows, elements without bytes and fields that share theirs may be visited.
const EMPTY: usize = 1 << 20;

/// Visits the elements of an array: a sequence for each axis, or the only one if there is no axis.
pub(super) fn elements<'d, V: Visitor<'d>>(array: &'d Array, visitor: V) -> Result<V::Value> {
    check(array.dtype(), array.shape(), array.nbytes())?;
    grid(array.layout(), array.as_bytes(), visitor)
}

/// Visits a single element.
pub(super) fn element<'d, V: Visitor<'d>>(dtype: &DType, bytes: &'d [u8], visitor: V) -> Result<V::Value> {
    check(dtype, &[], bytes.len())?;
    Element { dtype, bytes }.deserialize_any(visitor)
}

fn grid<'d, V: Visitor<'d>>(layout: &Layout, bytes: &'d [u8], visitor: V) -> Result<V::Value> {
    let dtype = layout.dtype();
    if layout.ndim() == 0 {
        return Element { dtype, bytes }.deserialize_any(visitor);
    }
    visitor.visit_seq(Line {
        dtype,
        shape: layout.shape(),
        strides: &layout.strides(),
        bytes,
        next: 0,
    })
}

/// Refuses what is visited far more often than it has bytes.
fn check(dtype: &DType, shape: &[usize], nbytes: usize) -> Result<()> {
    if visits(shape, dtype) <= nbytes.saturating_add(EMPTY) {
        return Ok(());
    }
    Err(Error::limit(format!(
        "an array of shape {shape:?} has too many parts for its {nbytes} bytes"
    )))
}

/// What is visited in an array: its elements, or the rows if these are empty.
fn visits(shape: &[usize], dtype: &DType) -> usize {
    let long = shape.iter().take_while(|&&n| n > 0);
    let rows = long.fold(1_usize, |rows, &n| rows.saturating_mul(n));
    if shape.contains(&0) {
        rows
    } else {
        rows.saturating_mul(parts(dtype))
    }
}

/// What is visited in an element. Types are not nested deep: see [`demijohn_arrays::MAX_DEPTH`].
fn parts(dtype: &DType) -> usize {
    match dtype.kind() {
        Kind::Struct(s) => {
            let fields = s.fields().iter().map(|field| parts(field.dtype()));
            fields.fold(1, usize::saturating_add)
        }
        Kind::SubArray(s) => visits(s.shape(), s.base()),
        _ => 1,
    }
}

/// What stands along one axis, the axes before it being fixed.
struct Line<'a, 'd> {
    dtype: &'a DType,
    /// Of this axis and those behind it.
    shape: &'a [usize],
    /// In bytes.
    strides: &'a [usize],
    /// From the first element on.
    bytes: &'d [u8],
    next: usize,
}

impl<'d> SeqAccess<'d> for Line<'_, 'd> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'d>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        if self.next == self.shape[0] {
            return Ok(None);
        }
        let step = Step::Index(i64::try_from(self.next).unwrap_or(i64::MAX));
        // In an array without elements there is nothing to go to.
        let at = self.next.saturating_mul(self.strides[0]);
        let bytes = self.bytes.get(at..).unwrap_or(&[]);
        self.next += 1;
        let item = match &self.shape[1..] {
            [] => seed.deserialize(Element {
                dtype: self.dtype,
                bytes: &bytes[..self.dtype.itemsize()],
            }),
            shape => seed.deserialize(Row(Line {
                shape,
                strides: &self.strides[1..],
                bytes,
                next: 0,
                ..*self
            })),
        };
        item.map(Some).map_err(|e| e.below(step))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.shape[0] - self.next)
    }
}

/// A line that is asked for as an item of another one.
struct Row<'a, 'd>(Line<'a, 'd>);

impl<'d> Deserializer<'d> for Row<'_, 'd> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_seq(self.0)
    }

    fn deserialize_option<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'d>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        <V: Visitor<'d>>
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// One element, or a field of one.
#[derive(Clone, Copy)]
struct Element<'a, 'd> {
    dtype: &'a DType,
    bytes: &'d [u8],
}

impl<'a, 'd> Element<'a, 'd> {
    /// The bytes of a number, in this machine's order.
    fn number<const N: usize>(self, at: usize) -> [u8; N] {
        let mut bytes = [0; N];
        bytes.copy_from_slice(&self.bytes[at..at + N]);
        if !matches!(
            self.dtype.byte_order(),
            ByteOrder::NATIVE | ByteOrder::NotApplicable
        ) {
            bytes.reverse();
        }
        bytes
    }

    fn scalar<V: Visitor<'d>>(self, scalar: Scalar, visitor: V) -> Result<V::Value> {
        macro_rules! number {
            ($type:ty, $at:expr) => {
                <$type>::from_ne_bytes(self.number($at))
            };
        }
        match scalar {
            Scalar::Bool => visitor.visit_bool(self.bytes[0] != 0),
            Scalar::Int8 => visitor.visit_i8(number!(i8, 0)),
            Scalar::Int16 => visitor.visit_i16(number!(i16, 0)),
            Scalar::Int32 => visitor.visit_i32(number!(i32, 0)),
            Scalar::Int64 => visitor.visit_i64(number!(i64, 0)),
            Scalar::Uint8 => visitor.visit_u8(number!(u8, 0)),
            Scalar::Uint16 => visitor.visit_u16(number!(u16, 0)),
            Scalar::Uint32 => visitor.visit_u32(number!(u32, 0)),
            Scalar::Uint64 => visitor.visit_u64(number!(u64, 0)),
            Scalar::Float16 => visitor.visit_f32(number!(f16, 0).to_f32()),
            Scalar::Float32 => visitor.visit_f32(number!(f32, 0)),
            Scalar::Float64 => visitor.visit_f64(number!(f64, 0)),
            Scalar::Complex64 => {
                let parts = [number!(f32, 0), number!(f32, 4)];
                visitor.visit_seq(SeqDeserializer::new(parts.into_iter()))
            }
            Scalar::Complex128 => {
                let parts = [number!(f64, 0), number!(f64, 8)];
                visitor.visit_seq(SeqDeserializer::new(parts.into_iter()))
            }
            other => Err(Error::unsupported(format!("an array of {other:?}"))),
        }
    }

    fn fields(self) -> Option<Fields<'a, 'd>> {
        let fields = self.dtype.as_struct()?.fields();
        let bytes = self.bytes;
        Some(Fields { fields, bytes })
    }
}

impl<'d> Deserializer<'d> for Element<'_, 'd> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value> {
        let string = || Strings::of_element(self.dtype, self.bytes);
        match self.dtype.kind() {
            &Kind::Number(scalar) => self.scalar(scalar, visitor),
            Kind::Text(_) => {
                let text = string()?.iter().next().transpose()?;
                visitor.visit_string(text.unwrap_or_default())
            }
            Kind::Bytes(_) => visitor.visit_borrowed_bytes(string()?.bytes().next().unwrap_or_default()),
            Kind::Void(_) => visitor.visit_borrowed_bytes(self.bytes),
            Kind::Struct(s) => visitor.visit_map(Fields {
                fields: s.fields(),
                bytes: self.bytes,
            }),
            Kind::SubArray(s) => {
                let layout = Layout::new(s.base().clone(), s.shape(), Order::C)?;
                grid(&layout, self.bytes, visitor)
            }
            _ => Err(Error::unsupported(format!(
                "no Rust type stands for {}; ask for an Array",
                self.dtype
            ))),
        }
    }

    /// A struct may be asked for as a tuple of its fields.
    fn deserialize_seq<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value> {
        match self.fields() {
            Some(fields) => visitor.visit_seq(fields),
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'d>>(self, _: usize, visitor: V) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'d>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_option<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'d>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_ignored_any<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        <V: Visitor<'d>>
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        map struct enum identifier
    }
}

/// The fields of a struct that are still to come.
struct Fields<'a, 'd> {
    fields: &'a [Field],
    bytes: &'d [u8],
}

impl<'d> Fields<'_, 'd> {
    fn next<T: DeserializeSeed<'d>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        let Some((field, rest)) = self.fields.split_first() else {
            return Ok(None);
        };
        self.fields = rest;
        let dtype = field.dtype();
        let bytes = &self.bytes[field.offset()..field.offset() + dtype.itemsize()];
        let value = seed.deserialize(Element { dtype, bytes });
        value.map(Some).map_err(|e| e.below(Step::entry(field.name())))
    }
}

impl<'d> MapAccess<'d> for Fields<'_, 'd> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'d>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        let Some(field) = self.fields.first() else {
            return Ok(None);
        };
        let key: StrDeserializer<'_, Error> = field.name().into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'d>>(&mut self, seed: V) -> Result<V::Value> {
        let value = self.next(seed)?;
        value.ok_or_else(|| Error::parameter("a value was asked for before its key"))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.fields.len())
    }
}

impl<'d> SeqAccess<'d> for Fields<'_, 'd> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'d>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        self.next(seed)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.fields.len())
    }
}
