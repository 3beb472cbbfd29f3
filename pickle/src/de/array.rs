//! Arrays as `serde` asks for them: as themselves, or as sequences of numbers.

use demijohn_arrays::{Array, Kind, Order, Scalar, f16};
use serde::de::value::{BorrowedBytesDeserializer, MapAccessDeserializer, SeqDeserializer};
use serde::de::{Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

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

    fn next_key_seed<K: serde::de::DeserializeSeed<'d>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        let Some(&key) = ["dtype", "shape", "order", "data"].get(self.next) else {
            return Ok(None);
        };
        self.next += 1;
        let key: serde::de::value::StrDeserializer<'_, Error> = key.into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: serde::de::DeserializeSeed<'d>>(&mut self, seed: V) -> Result<V::Value> {
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

/// How many empty sequences may stand for an array without elements.
const EMPTY_ROWS: usize = 1 << 20;

/// An array of numbers in this machine's byte order, about to be visited.
pub(super) struct Grid<'a> {
    array: &'a Array,
    scalar: Scalar,
    /// In elements, for each axis.
    strides: Vec<usize>,
}

impl<'a> Grid<'a> {
    pub(super) fn new(array: &'a Array) -> Result<Self> {
        let &Kind::Number(scalar) = array.dtype().kind() else {
            let message = format!(
                "an array of {} is no sequence of numbers; ask for an Array",
                array.dtype()
            );
            return Err(Error::unsupported(message));
        };
        let shape = array.shape();
        let mut strides = vec![1; shape.len()];
        if array.is_empty() {
            // It has no elements to go to, but may claim any number of empty rows.
            let rows = shape.iter().take_while(|&&n| n > 0);
            if rows.fold(1_usize, |rows, &n| rows.saturating_mul(n)) > EMPTY_ROWS {
                return Err(Error::limit(format!(
                    "an array of shape {shape:?} has too many empty rows"
                )));
            }
        } else {
            match array.order() {
                Order::C => (1..shape.len())
                    .rev()
                    .for_each(|i| strides[i - 1] = strides[i] * shape[i]),
                Order::F => (1..shape.len()).for_each(|i| strides[i] = strides[i - 1] * shape[i - 1]),
            }
        }
        Ok(Self {
            array,
            scalar,
            strides,
        })
    }

    /// Visits a number, or a sequence for each axis.
    pub(super) fn visit<'d, V: Visitor<'d>>(&self, visitor: V) -> Result<V::Value> {
        Part {
            grid: self,
            axis: 0,
            at: 0,
        }
        .deserialize_any(visitor)
    }
}

/// The part of an array that is left when the first axes are fixed.
#[derive(Clone, Copy)]
struct Part<'a> {
    grid: &'a Grid<'a>,
    axis: usize,
    /// In elements.
    at: usize,
}

impl<'d> Deserializer<'d> for Part<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value> {
        macro_rules! element {
            ($type:ty) => {
                self.grid.array.as_slice::<$type>()?[self.at]
            };
        }
        if self.axis < self.grid.strides.len() {
            return visitor.visit_seq(Line { part: self, next: 0 });
        }
        match self.grid.scalar {
            Scalar::Bool => visitor.visit_bool(self.grid.array.as_bytes()[self.at] != 0),
            Scalar::Int8 => visitor.visit_i8(element!(i8)),
            Scalar::Int16 => visitor.visit_i16(element!(i16)),
            Scalar::Int32 => visitor.visit_i32(element!(i32)),
            Scalar::Int64 => visitor.visit_i64(element!(i64)),
            Scalar::Uint8 => visitor.visit_u8(element!(u8)),
            Scalar::Uint16 => visitor.visit_u16(element!(u16)),
            Scalar::Uint32 => visitor.visit_u32(element!(u32)),
            Scalar::Uint64 => visitor.visit_u64(element!(u64)),
            Scalar::Float16 => visitor.visit_f32(element!(f16).to_f32()),
            Scalar::Float32 => visitor.visit_f32(element!(f32)),
            Scalar::Float64 => visitor.visit_f64(element!(f64)),
            Scalar::Complex64 => visitor.visit_seq(SeqDeserializer::new(element!([f32; 2]).into_iter())),
            Scalar::Complex128 => visitor.visit_seq(SeqDeserializer::new(element!([f64; 2]).into_iter())),
            other => Err(Error::unsupported(format!("an array of {other:?}"))),
        }
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

/// The parts along one axis.
struct Line<'a> {
    part: Part<'a>,
    next: usize,
}

impl<'d> SeqAccess<'d> for Line<'_> {
    type Error = Error;

    fn next_element_seed<T: serde::de::DeserializeSeed<'d>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        let Part { grid, axis, at } = self.part;
        if self.next == grid.array.shape()[axis] {
            return Ok(None);
        }
        let part = Part {
            grid,
            axis: axis + 1,
            at: at + self.next * grid.strides[axis],
        };
        self.next += 1;
        seed.deserialize(part).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.part.grid.array.shape()[self.part.axis] - self.next)
    }
}
