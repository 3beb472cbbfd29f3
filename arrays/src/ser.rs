//! Arrays as serde values.
//!
//! An array is a newtype struct with a name that no other type has. demijohn's serializer knows the name and writes
//! the bytes straight from the array; to every other serializer it is a struct of four plain fields. The data is a
//! sequence of byte chunks, so that types which are not one block of memory can use the same form.

use serde::ser::{Serialize, SerializeSeq, SerializeStruct, Serializer};

use crate::Array;

/// Name of the newtype struct by which a serializer recognises an array.
pub const TOKEN: &str = "$demijohn::Array";

impl Serialize for Array {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(TOKEN, &Fields(self))
    }
}

struct Fields<'a>(&'a Array);

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let array = self.0;
        let mut fields = serializer.serialize_struct("Array", 4)?;
        fields.serialize_field("dtype", &array.dtype().to_string())?;
        fields.serialize_field("shape", array.shape())?;
        fields.serialize_field("order", array.order().as_str())?;
        fields.serialize_field("data", &Chunks([array.as_bytes()]))?;
        fields.end()
    }
}

struct Chunks<'a, const N: usize>([&'a [u8]; N]);

impl<const N: usize> Serialize for Chunks<'_, N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut chunks = serializer.serialize_seq(Some(N))?;
        self.0
            .iter()
            .try_for_each(|chunk| chunks.serialize_element(&Bytes(chunk)))?;
        chunks.end()
    }
}

struct Bytes<'a>(&'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_serializers_see_four_plain_fields() {
        let array = Array::from_vec(vec![1_u8, 2], &[2, 1]).unwrap();
        let json = serde_json::to_string(&array).unwrap();
        assert_eq!(
            json,
            r#"{"dtype":"|u1","shape":[2,1],"order":"C","data":[[1,2]]}"#
        );
    }
}
