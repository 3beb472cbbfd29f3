//! Understands the form in which arrays pass through `serde`, and writes their bytes without collecting them.
//!
//! It is a struct of `dtype`, `shape`, `order` and `data`, in this order, the last being a sequence of byte chunks: see
//! `demijohn_arrays`, module `ser`. Only code of ours uses the name that leads here, so whatever deviates is refused.

use std::io::Write;

use demijohn_arrays::{DType, Layout, Order};
use serde::ser::{self, Impossible, Serialize};

use super::{ArrayWriter, Pickler};
use crate::{Error, Result};

/// The whole form, and how far it has been filled in. One serializer serves all its parts.
pub(super) struct ArrayToken<'p, W, A> {
    pickler: &'p mut Pickler<W, A>,
    expected: Expected,
    dtype: Option<DType>,
    extents: Vec<u128>,
    /// Bytes of data still to come.
    left: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Expected {
    Form,
    DType,
    Shape,
    Order,
    Data,
    Nothing,
}

impl<'p, W: Write, A: ArrayWriter> ArrayToken<'p, W, A> {
    pub(super) fn new(pickler: &'p mut Pickler<W, A>) -> Self {
        Self {
            pickler,
            expected: Expected::Form,
            dtype: None,
            extents: Vec::new(),
            left: 0,
        }
    }

    pub(super) fn finish(self) -> Result<()> {
        if self.expected != Expected::Nothing || self.left > 0 {
            return Err(unexpected());
        }
        self.pickler.arrays.end(&mut self.pickler.out).map(|_| ())
    }

    /// All is known but the data.
    fn begin(&mut self, order: Order) -> Result<()> {
        let dtype = self.dtype.take().ok_or_else(unexpected)?;
        let layout = Layout::from_extents(dtype, self.extents.drain(..), order)?;
        self.left = layout.nbytes();
        self.pickler.arrays.begin(&mut self.pickler.out, &layout)
    }

    fn expect(&self, expected: Expected) -> Result<()> {
        if self.expected == expected {
            Ok(())
        } else {
            Err(unexpected())
        }
    }
}

fn unexpected() -> Error {
    Error::parameter("not an array in the form that demijohn's own types have")
}

/// Methods that answer with an error whatever they are given.
macro_rules! refuse {
    ($($method:ident($($type:ty),*) -> $answer:ty;)*) => {$(
        fn $method(self, $(_: $type),*) -> Result<$answer> {
            Err(unexpected())
        }
    )*};
}

impl<W: Write, A: ArrayWriter> ser::Serializer for &mut ArrayToken<'_, W, A> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Self;
    type SerializeStruct = Self;
    type SerializeTuple = Impossible<(), Error>;
    type SerializeTupleStruct = Impossible<(), Error>;
    type SerializeTupleVariant = Impossible<(), Error>;
    type SerializeMap = Impossible<(), Error>;
    type SerializeStructVariant = Impossible<(), Error>;

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self> {
        self.expect(Expected::Form)?;
        Ok(self)
    }

    fn serialize_str(self, value: &str) -> Result<()> {
        match (self.expected, value) {
            (Expected::DType, _) => {
                self.dtype = Some(value.parse()?);
                Ok(())
            }
            (Expected::Order, "C") => self.begin(Order::C),
            (Expected::Order, "F") => self.begin(Order::F),
            _ => Err(unexpected()),
        }
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self> {
        Ok(self)
    }

    fn serialize_u64(self, value: u64) -> Result<()> {
        self.expect(Expected::Shape)?;
        self.extents.push(value.into());
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<()> {
        self.expect(Expected::Data)?;
        self.left = self.left.checked_sub(value.len()).ok_or_else(unexpected)?;
        self.pickler.arrays.data(&mut self.pickler.out, value)
    }

    refuse! {
        serialize_bool(bool) -> ();
        serialize_i8(i8) -> ();
        serialize_i16(i16) -> ();
        serialize_i32(i32) -> ();
        serialize_i64(i64) -> ();
        serialize_u8(u8) -> ();
        serialize_u16(u16) -> ();
        serialize_u32(u32) -> ();
        serialize_f32(f32) -> ();
        serialize_f64(f64) -> ();
        serialize_char(char) -> ();
        serialize_none() -> ();
        serialize_unit() -> ();
        serialize_unit_struct(&'static str) -> ();
        serialize_unit_variant(&'static str, u32, &'static str) -> ();
        serialize_tuple(usize) -> Self::SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Self::SerializeTupleVariant;
        serialize_map(Option<usize>) -> Self::SerializeMap;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Self::SerializeStructVariant;
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<()> {
        Err(unexpected())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, _: &T) -> Result<()> {
        Err(unexpected())
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<()> {
        Err(unexpected())
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

impl<W: Write, A: ArrayWriter> ser::SerializeSeq for &mut ArrayToken<'_, W, A> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        value.serialize(&mut **self)
    }

    fn end(self) -> Result<()> {
        Ok(())
    }
}

impl<W: Write, A: ArrayWriter> ser::SerializeStruct for &mut ArrayToken<'_, W, A> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<()> {
        self.expected = match (self.expected, key) {
            (Expected::Form, "dtype") => Expected::DType,
            (Expected::DType, "shape") => Expected::Shape,
            (Expected::Shape, "order") => Expected::Order,
            (Expected::Order, "data") => Expected::Data,
            _ => return Err(unexpected()),
        };
        value.serialize(&mut **self)
    }

    fn end(self) -> Result<()> {
        self.expect(Expected::Data)?;
        self.expected = Expected::Nothing;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::{Emitter, ErrorKind, MemoId, Protocol, save};

    /// Writes arrays as a line of text and their bytes, within no pickle that could be read.
    struct Plain;

    impl ArrayWriter for Plain {
        fn begin<W: Write>(&mut self, out: &mut Emitter<W>, layout: &Layout) -> Result<()> {
            out.raw(format!("[{layout}:").as_bytes())
        }

        fn end<W: Write>(&mut self, out: &mut Emitter<W>) -> Result<Option<MemoId>> {
            out.raw(b"]").map(|()| None)
        }
    }

    struct Form(&'static [(&'static str, Part)]);

    enum Part {
        Text(&'static str),
        Numbers(&'static [u64]),
        Chunks(&'static [&'static [u8]]),
    }

    struct Bytes(&'static [u8]);

    impl Serialize for Bytes {
        fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bytes(self.0)
        }
    }

    impl Serialize for Part {
        fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            match self {
                Self::Text(text) => text.serialize(serializer),
                Self::Numbers(numbers) => numbers.serialize(serializer),
                Self::Chunks(chunks) => serializer.collect_seq(chunks.iter().map(|chunk| Bytes(chunk))),
            }
        }
    }

    struct Fields(&'static [(&'static str, Part)]);

    impl Serialize for Form {
        fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_newtype_struct(demijohn_arrays::TOKEN, &Fields(self.0))
        }
    }

    impl Serialize for Fields {
        fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            use ser::SerializeStruct;
            let mut fields = serializer.serialize_struct("Array", self.0.len())?;
            self.0
                .iter()
                .try_for_each(|(key, part)| fields.serialize_field(key, part))?;
            fields.end()
        }
    }

    fn write(form: Form) -> Result<Vec<u8>> {
        save::write(&form, Vec::new(), Protocol::V4, Plain)
    }

    #[test]
    fn chunks_become_one_array() {
        let form = Form(&[
            ("dtype", Part::Text("<u2")),
            ("shape", Part::Numbers(&[3, 1])),
            ("order", Part::Text("F")),
            ("data", Part::Chunks(&[b"ab", b"", b"cdef"])),
        ]);
        assert_eq!(write(form).unwrap(), b"\x80\x04[<u2 (3, 1) F:abcdef].");
    }

    #[test]
    fn other_forms_are_refused() {
        const DTYPE: (&str, Part) = ("dtype", Part::Text("|u1"));
        const SHAPE: (&str, Part) = ("shape", Part::Numbers(&[2]));
        const ORDER: (&str, Part) = ("order", Part::Text("C"));
        let forms: [&'static [(&'static str, Part)]; 8] = [
            &[DTYPE, SHAPE, ORDER, ("data", Part::Chunks(&[b"abc"]))],
            &[DTYPE, SHAPE, ORDER, ("data", Part::Chunks(&[b"a"]))],
            &[DTYPE, SHAPE, ORDER, ("data", Part::Numbers(&[1, 2]))],
            &[DTYPE, SHAPE, ORDER],
            &[SHAPE, DTYPE, ORDER, ("data", Part::Chunks(&[b"ab"]))],
            &[
                DTYPE,
                SHAPE,
                ("order", Part::Text("K")),
                ("data", Part::Chunks(&[b"ab"])),
            ],
            &[
                DTYPE,
                ("shape", Part::Text("2")),
                ORDER,
                ("data", Part::Chunks(&[b"ab"])),
            ],
            &[],
        ];
        for (i, form) in forms.into_iter().enumerate() {
            assert_eq!(
                write(Form(form)).unwrap_err().kind(),
                ErrorKind::Parameter,
                "form {i}"
            );
        }
    }

    #[test]
    fn errors_of_the_sink_come_through() {
        #[derive(Debug)]
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let error = save::write(&1, Full, Protocol::V4, Plain).unwrap_err();
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::StorageFull);
    }
}
