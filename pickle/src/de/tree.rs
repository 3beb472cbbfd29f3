//! Containers as `serde` asks for them.

use serde::de::{DeserializeSeed, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor};

use super::Deserializer;
use crate::path::Step;
use crate::{Error, Result, Value};

/// The items of a sequence.
pub(super) struct Items<'a, 'd, I> {
    from: Deserializer<'a, 'd>,
    values: I,
    next: i64,
}

impl<'a, 'd, I> Items<'a, 'd, I> {
    pub(super) fn new(from: Deserializer<'a, 'd>, values: I) -> Self {
        Self {
            from,
            values,
            next: 0,
        }
    }
}

impl<'d, I: ExactSizeIterator<Item = Value<'d>>> SeqAccess<'d> for Items<'_, 'd, I> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'d>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        let Some(value) = self.values.next() else {
            return Ok(None);
        };
        let step = Step::Index(self.next);
        self.next += 1;
        let item = self.from.below(value).and_then(|below| seed.deserialize(below));
        item.map(Some).map_err(|e| e.below(step))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.values.len())
    }
}

/// The entries of a dict.
pub(super) struct Entries<'a, 'd, I> {
    from: Deserializer<'a, 'd>,
    pairs: I,
    /// The value whose key was asked for last, and the step that leads to it.
    value: Option<(Value<'d>, Step)>,
    next: usize,
}

impl<'a, 'd, I> Entries<'a, 'd, I> {
    pub(super) fn new(from: Deserializer<'a, 'd>, pairs: I) -> Self {
        Self {
            from,
            pairs,
            value: None,
            next: 0,
        }
    }
}

fn step(key: Value<'_>, n: usize) -> Step {
    key.as_str().map_or(Step::NthValue(n), Step::entry)
}

impl<'d, I: ExactSizeIterator<Item = (Value<'d>, Value<'d>)>> MapAccess<'d> for Entries<'_, 'd, I> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'d>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        let Some((key, value)) = self.pairs.next() else {
            return Ok(None);
        };
        let n = self.next;
        self.next += 1;
        self.value = Some((value, step(key, n)));
        let key = self.from.below(key).and_then(|below| seed.deserialize(below));
        key.map(Some).map_err(|e| e.below(Step::NthKey(n)))
    }

    fn next_value_seed<V: DeserializeSeed<'d>>(&mut self, seed: V) -> Result<V::Value> {
        let (value, step) = self
            .value
            .take()
            .ok_or_else(|| Error::parameter("a value was asked for before its key"))?;
        let value = self.from.below(value).and_then(|below| seed.deserialize(below));
        value.map_err(|e| e.below(step))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.pairs.len())
    }
}

/// `{variant: content}`.
pub(super) struct Enum<'a, 'd> {
    from: Deserializer<'a, 'd>,
    variant: Value<'d>,
    content: Value<'d>,
}

impl<'a, 'd> Enum<'a, 'd> {
    pub(super) fn new(from: Deserializer<'a, 'd>, variant: Value<'d>, content: Value<'d>) -> Self {
        Self {
            from,
            variant,
            content,
        }
    }

    fn with<T>(self, read: impl FnOnce(Deserializer<'a, 'd>) -> Result<T>) -> Result<T> {
        let content = self.from.below(self.content).and_then(read);
        content.map_err(|e| e.below(step(self.variant, 0)))
    }
}

impl<'d> EnumAccess<'d> for Enum<'_, 'd> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'d>>(self, seed: V) -> Result<(V::Value, Self)> {
        let variant = seed.deserialize(self.from.below(self.variant)?)?;
        Ok((variant, self))
    }
}

impl<'d> VariantAccess<'d> for Enum<'_, 'd> {
    type Error = Error;

    fn unit_variant(self) -> Result<()> {
        self.with(serde::Deserialize::deserialize)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'d>>(self, seed: T) -> Result<T::Value> {
        self.with(|content| seed.deserialize(content))
    }

    fn tuple_variant<V: Visitor<'d>>(self, len: usize, visitor: V) -> Result<V::Value> {
        self.with(|content| serde::Deserializer::deserialize_tuple(content, len, visitor))
    }

    fn struct_variant<V: Visitor<'d>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value> {
        self.with(|content| serde::Deserializer::deserialize_struct(content, "", fields, visitor))
    }
}
