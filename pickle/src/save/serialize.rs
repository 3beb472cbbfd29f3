//! Writes what `serde` can see.

use std::io::Write;

use demijohn_arrays as arrays;
use serde::ser::{self, Serialize};

use super::array_token::ArrayToken;
use super::{ArrayWriter, Pickler};
use crate::{Batch, Error, Result};

/// Writes one value.
pub(super) struct Serializer<'p, W, A> {
    pickler: &'p mut Pickler<W, A>,
    /// Whether this is the key of a dict, and text is likely to come again.
    key: bool,
}

impl<'p, W: Write, A: ArrayWriter> Serializer<'p, W, A> {
    pub(super) fn new(pickler: &'p mut Pickler<W, A>) -> Self {
        Self { pickler, key: false }
    }

    /// Begins `{variant: …}`, the form of enum variants with content.
    fn variant(&mut self, variant: &'static str) -> Result<Batch> {
        let out = &mut self.pickler.out;
        out.dict()?;
        out.memoize()?;
        let mut batch = Batch::set_items(Some(1));
        batch.before(out)?;
        out.shared_str(variant)?;
        Ok(batch)
    }

    fn begin_list(self, len: Option<usize>) -> Result<List<'p, W, A>> {
        self.pickler.out.list()?;
        self.pickler.out.memoize()?;
        Ok(List {
            pickler: self.pickler,
            batch: Batch::append(len),
        })
    }

    fn begin_tuple(self, len: usize, variant: Option<Batch>) -> Result<Tuple<'p, W, A>> {
        self.pickler.out.begin()?;
        if len > 3 {
            self.pickler.out.mark()?;
        }
        Ok(Tuple {
            pickler: self.pickler,
            len,
            written: 0,
            variant,
        })
    }

    fn begin_dict(self, len: Option<usize>, variant: Option<Batch>) -> Result<Dict<'p, W, A>> {
        self.pickler.out.dict()?;
        self.pickler.out.memoize()?;
        Ok(Dict {
            pickler: self.pickler,
            batch: Batch::set_items(len),
            variant,
        })
    }
}

macro_rules! integers {
    ($($method:ident: $type:ty),*) => {$(
        fn $method(self, value: $type) -> Result<()> {
            self.pickler.out.int(value)
        }
    )*};
}

impl<'p, W: Write, A: ArrayWriter> ser::Serializer for Serializer<'p, W, A> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = List<'p, W, A>;
    type SerializeTuple = Tuple<'p, W, A>;
    type SerializeTupleStruct = Tuple<'p, W, A>;
    type SerializeTupleVariant = Tuple<'p, W, A>;
    type SerializeMap = Dict<'p, W, A>;
    type SerializeStruct = Dict<'p, W, A>;
    type SerializeStructVariant = Dict<'p, W, A>;

    integers! {
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64
    }

    fn serialize_u128(self, value: u128) -> Result<()> {
        match i128::try_from(value) {
            Ok(value) => self.pickler.out.int(value),
            Err(_) => {
                let mut bytes = [0; 17];
                bytes[..16].copy_from_slice(&value.to_le_bytes());
                self.pickler.out.long(&bytes)
            }
        }
    }

    fn serialize_bool(self, value: bool) -> Result<()> {
        self.pickler.out.bool(value)
    }

    fn serialize_f32(self, value: f32) -> Result<()> {
        self.pickler.out.float(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<()> {
        self.pickler.out.float(value)
    }

    fn serialize_char(self, value: char) -> Result<()> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<()> {
        let out = &mut self.pickler.out;
        if self.key {
            return out.shared_str(value);
        }
        out.str(value)?;
        out.memoize()?;
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<()> {
        self.pickler.out.bytes(value)?;
        self.pickler.out.memoize()?;
        Ok(())
    }

    fn serialize_none(self) -> Result<()> {
        self.pickler.out.none()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<()> {
        self.pickler.out.none()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<()> {
        self.pickler.out.none()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<()> {
        self.pickler.out.shared_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<()> {
        if name != arrays::TOKEN {
            return value.serialize(self);
        }
        let mut token = ArrayToken::new(self.pickler);
        value.serialize(&mut token)?;
        token.finish()
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        mut self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<()> {
        let mut batch = self.variant(variant)?;
        value.serialize(Serializer::new(&mut *self.pickler))?;
        batch.after(&mut self.pickler.out)
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<List<'p, W, A>> {
        self.begin_list(len)
    }

    fn serialize_tuple(self, len: usize) -> Result<Tuple<'p, W, A>> {
        self.begin_tuple(len, None)
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Tuple<'p, W, A>> {
        self.begin_tuple(len, None)
    }

    fn serialize_tuple_variant(
        mut self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Tuple<'p, W, A>> {
        let batch = self.variant(variant)?;
        self.begin_tuple(len, Some(batch))
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Dict<'p, W, A>> {
        self.begin_dict(len, None)
    }

    fn serialize_struct(self, _: &'static str, len: usize) -> Result<Dict<'p, W, A>> {
        self.begin_dict(Some(len), None)
    }

    fn serialize_struct_variant(
        mut self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Dict<'p, W, A>> {
        let batch = self.variant(variant)?;
        self.begin_dict(Some(len), Some(batch))
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// A list under way.
pub(super) struct List<'p, W, A> {
    pickler: &'p mut Pickler<W, A>,
    batch: Batch,
}

impl<W: Write, A: ArrayWriter> ser::SerializeSeq for List<'_, W, A> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.batch.before(&mut self.pickler.out)?;
        value.serialize(Serializer::new(self.pickler))?;
        self.batch.after(&mut self.pickler.out)
    }

    fn end(mut self) -> Result<()> {
        self.batch.end(&mut self.pickler.out)
    }
}

/// A tuple under way, perhaps the content of an enum variant.
pub(super) struct Tuple<'p, W, A> {
    pickler: &'p mut Pickler<W, A>,
    len: usize,
    written: usize,
    variant: Option<Batch>,
}

impl<W: Write, A: ArrayWriter> Tuple<'_, W, A> {
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.written += 1;
        value.serialize(Serializer::new(self.pickler))
    }

    fn close(self) -> Result<()> {
        let out = &mut self.pickler.out;
        if self.written != self.len {
            // The opcodes chosen by the number announced would make another object.
            let (len, written) = (self.len, self.written);
            return Err(Error::parameter(format!(
                "a tuple of {len} items was announced, {written} were given"
            )));
        }
        if self.len > 3 {
            out.tuple_from_mark()?;
        } else {
            out.tuple(self.len)?;
        }
        if self.len > 0 {
            out.memoize()?;
        }
        self.variant.map_or(Ok(()), |mut batch| batch.after(out))
    }
}

/// A dict under way, perhaps the content of an enum variant.
pub(super) struct Dict<'p, W, A> {
    pickler: &'p mut Pickler<W, A>,
    batch: Batch,
    variant: Option<Batch>,
}

impl<W: Write, A: ArrayWriter> Dict<'_, W, A> {
    fn field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<()> {
        self.batch.before(&mut self.pickler.out)?;
        self.pickler.out.shared_str(key)?;
        value.serialize(Serializer::new(self.pickler))?;
        self.batch.after(&mut self.pickler.out)
    }

    fn close(mut self) -> Result<()> {
        let out = &mut self.pickler.out;
        self.batch.end(out)?;
        self.variant.map_or(Ok(()), |mut batch| batch.after(out))
    }
}

impl<W: Write, A: ArrayWriter> ser::SerializeMap for Dict<'_, W, A> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        self.batch.before(&mut self.pickler.out)?;
        key.serialize(Serializer {
            pickler: self.pickler,
            key: true,
        })
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        value.serialize(Serializer::new(self.pickler))?;
        self.batch.after(&mut self.pickler.out)
    }

    fn end(self) -> Result<()> {
        self.close()
    }
}

macro_rules! same {
    ($($trait:ident for $type:ident: $method:ident($($key:ident)?) => $inner:ident;)*) => {$(
        impl<W: Write, A: ArrayWriter> ser::$trait for $type<'_, W, A> {
            type Ok = ();
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, $($key: &'static str,)? value: &T) -> Result<()> {
                self.$inner($($key,)? value)
            }

            fn end(self) -> Result<()> {
                self.close()
            }
        }
    )*};
}

same! {
    SerializeTuple for Tuple: serialize_element() => item;
    SerializeTupleStruct for Tuple: serialize_field() => item;
    SerializeTupleVariant for Tuple: serialize_field() => item;
    SerializeStruct for Dict: serialize_field(key) => field;
    SerializeStructVariant for Dict: serialize_field(key) => field;
}
