//! Arrays from serde values: the way back from the form that the module `ser` describes.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use crate::ser::TOKEN;
use crate::{Array, DType, Layout, Order};

impl<'de> Deserialize<'de> for Array {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(TOKEN, Form)
    }
}

const FIELDS: [&str; 4] = ["dtype", "shape", "order", "data"];

/// The struct of four fields, with or without the newtype around it.
struct Form;

impl<'de> Visitor<'de> for Form {
    type Value = Array;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Array, D::Error> {
        deserializer.deserialize_struct("Array", &FIELDS, self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Array, A::Error> {
        let (mut dtype, mut shape, mut order, mut data) = (None, None, None, None);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "dtype" => dtype = Some(map.next_value::<String>()?),
                "shape" => shape = Some(map.next_value::<Vec<u64>>()?),
                "order" => order = Some(map.next_value::<String>()?),
                "data" => data = Some(map.next_value::<Chunks>()?),
                other => return Err(A::Error::unknown_field(other, &FIELDS)),
            }
        }
        let missing = A::Error::missing_field;
        array(
            &dtype.ok_or_else(|| missing("dtype"))?,
            &shape.ok_or_else(|| missing("shape"))?,
            &order.ok_or_else(|| missing("order"))?,
            &data.ok_or_else(|| missing("data"))?.0,
        )
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Array, A::Error> {
        let too_short = |n| A::Error::invalid_length(n, &"an array's four fields");
        let dtype: String = seq.next_element()?.ok_or_else(|| too_short(0))?;
        let shape: Vec<u64> = seq.next_element()?.ok_or_else(|| too_short(1))?;
        let order: String = seq.next_element()?.ok_or_else(|| too_short(2))?;
        let data: Chunks = seq.next_element()?.ok_or_else(|| too_short(3))?;
        array(&dtype, &shape, &order, &data.0)
    }
}

fn array<E: serde::de::Error>(dtype: &str, shape: &[u64], order: &str, data: &[u8]) -> Result<Array, E> {
    let dtype: DType = dtype.parse().map_err(E::custom)?;
    let order = match order {
        "C" => Order::C,
        "F" => Order::F,
        other => return Err(E::unknown_variant(other, &["C", "F"])),
    };
    let extents = shape.iter().map(|&n| n.into());
    let layout = Layout::from_extents(dtype, extents, order).map_err(E::custom)?;
    Array::from_bytes(layout, data).map_err(E::custom)
}

/// The bytes of a sequence of chunks, which are byte strings or sequences of numbers.
struct Chunks(Vec<u8>);

impl<'de> Deserialize<'de> for Chunks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(All)
    }
}

struct All;

impl<'de> Visitor<'de> for All {
    type Value = Chunks;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sequence of byte strings")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Chunks, A::Error> {
        let mut data = Vec::new();
        while let Some(()) = seq.next_element_seed(One(&mut data))? {}
        Ok(Chunks(data))
    }
}

/// Appends one chunk.
struct One<'a>(&'a mut Vec<u8>);

impl<'de> serde::de::DeserializeSeed<'de> for One<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_bytes(self)
    }
}

impl<'de> Visitor<'de> for One<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a byte string")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<(), E> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(byte) = seq.next_element::<u8>()? {
            self.0.push(byte);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_from_other_formats() {
        let array = Array::from_slice_in(Order::F, &[1.5_f32, -2.0, 0.25, 8.0, 9.0, 1.0], &[2, 3]).unwrap();
        let json = serde_json::to_string(&array).unwrap();
        let back: Array = serde_json::from_str(&json).unwrap();
        assert_eq!(back, array);
        assert_eq!(back.order(), Order::F);
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        for json in [
            r#"{"dtype":"|u1","shape":[3],"order":"C","data":[[1,2]]}"#,
            r#"{"dtype":"|u1","shape":[2],"order":"K","data":[[1,2]]}"#,
            r#"{"dtype":"nonsense","shape":[2],"order":"C","data":[[1,2]]}"#,
            r#"{"dtype":"|u1","shape":[2],"order":"C"}"#,
            r#"{"dtype":"|u1","shape":[18446744073709551615,2],"order":"C","data":[]}"#,
            r#"{"dtype":"|O","shape":[0],"order":"C","data":[]}"#,
            r#"{"dtype":"|u1","shape":[2],"order":"C","data":[[1,2]],"more":1}"#,
            "[1]",
        ] {
            assert!(serde_json::from_str::<Array>(json).is_err(), "{json}");
        }
    }
}
