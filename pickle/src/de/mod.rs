//! Rust values out of a document, by `serde`.
//!
//! The value model of `serde` is a tree, and deserializing goes through it by recursion; a document is a graph of any
//! depth. So there are two bounds: on depth, and on the number of values visited, as shared values are visited each
//! time they are met.

mod array;
mod tree;

use std::cell::Cell;

use demijohn_arrays as arrays;
use serde::de::value::{SeqDeserializer, StrDeserializer};
use serde::de::{Deserialize, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use crate::graph::View;
use crate::known::Known;
use crate::path::{PARTS, Step};
use crate::{Document, Error, How, Int, Kind, Result, Value, numpy};
use tree::{Entries, Enum, Items};

/// How deep values may be nested that are turned into Rust values.
pub const DEPTH: usize = 128;

/// How many values may be visited, for each node of the document and at least.
const VISITS_PER_NODE: u64 = 16;
const VISITS: u64 = 1 << 20;

impl<'d> Value<'d> {
    /// The value as a Rust type. Texts and bytes may be borrowed from the document. How Python's types map to Rust's is
    /// told [here](crate#how-do-pythons-types-map-to-rusts).
    ///
    /// ```
    /// use serde::Deserialize;
    ///
    /// #[derive(Deserialize)]
    /// struct Point<'d> {
    ///     name: &'d str,
    ///     at: (f64, f64),
    /// }
    ///
    /// // pickle.dumps({"name": "a", "at": (1.0, 2)}, 2)
    /// let bytes = b"\x80\x02}(X\x04\0\0\0nameX\x01\0\0\0aX\x02\0\0\0atG?\xf0\0\0\0\0\0\0K\x02\x86u.";
    /// let document = demijohn_pickle::read(&mut bytes.as_slice())?;
    /// let point: Point<'_> = document.root().to()?;
    /// assert_eq!((point.name, point.at), ("a", (1.0, 2.0)));
    /// # Ok::<(), demijohn_pickle::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Parameter`](crate::ErrorKind::Parameter), with the path to what is wrong, if the value has another shape than
    /// the type; [`Unsupported`](crate::ErrorKind::Unsupported) for objects that no Rust type stands for;
    /// [`Limit`](crate::ErrorKind::Limit) for what nests deeper than [`DEPTH`], or expands into very much more than the
    /// document.
    pub fn to<T: Deserialize<'d>>(self) -> Result<T> {
        deserialize(self).map_err(|wrong| wrong.in_value(self))
    }
}

impl Document {
    /// The value at a [path](crate::path) as a Rust type: [`at`](Self::at) and [`Value::to`] in one, with errors that
    /// name the path.
    ///
    /// ```
    /// // pickle.dumps({"layers": [{"size": 3, "name": "a"}]}, 2)
    /// let bytes = b"\x80\x02}X\x06\0\0\0layers]}(X\x04\0\0\0sizeK\x03X\x04\0\0\0nameX\x01\0\0\0auas.";
    /// let document = demijohn_pickle::read(&mut bytes.as_slice())?;
    /// assert_eq!(document.get::<u32>("layers[0].size")?, 3);
    /// let wrong = document.get::<u32>("layers[0].name").unwrap_err();
    /// assert_eq!(wrong.to_string(), "at layers[0].name: invalid type: string \"a\", expected u32");
    /// # Ok::<(), demijohn_pickle::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`at`](Self::at) and [`Value::to`].
    pub fn get<'d, T: Deserialize<'d>>(&'d self, path: &str) -> Result<T> {
        let path = path.parse()?;
        deserialize(self.root().follow(&path)?).map_err(|wrong| wrong.at_path(path))
    }
}

/// A value as a Rust type; errors have the path from there.
fn deserialize<'d, T: Deserialize<'d>>(value: Value<'d>) -> Result<T> {
    let left = Cell::new((value.arena_len() as u64 * VISITS_PER_NODE).max(VISITS));
    T::deserialize(Deserializer {
        value,
        depth: DEPTH,
        left: &left,
    })
}

/// Turns a value into what a type asks for; see [`Value::to`].
#[derive(Debug, Clone, Copy)]
pub struct Deserializer<'a, 'd> {
    value: Value<'d>,
    /// How much deeper it may go.
    depth: usize,
    /// How many more values may be visited.
    left: &'a Cell<u64>,
}

impl<'a, 'd> Deserializer<'a, 'd> {
    /// Takes a value off the budget.
    fn visit(self) -> Result<()> {
        let left = self.left.get().checked_sub(1);
        let left = left.ok_or_else(|| {
            Error::limit(
                "the value expands into very much more than the document, as it is full of shared parts",
            )
        })?;
        self.left.set(left);
        Ok(())
    }

    fn below(self, value: Value<'d>) -> Result<Self> {
        let depth = self.depth.checked_sub(1);
        let depth = depth.ok_or_else(|| Error::limit(format!("values nested more than {DEPTH} deep")))?;
        Ok(Self { value, depth, ..self })
    }

    fn seq<V: Visitor<'d>>(
        self,
        values: impl ExactSizeIterator<Item = Value<'d>>,
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_seq(Items::new(self, values))
    }

    fn map<V: Visitor<'d>>(
        self,
        pairs: impl ExactSizeIterator<Item = (Value<'d>, Value<'d>)>,
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_map(Entries::new(self, pairs))
    }

    fn int<V: Visitor<'d>>(n: Int<'_>, visitor: V) -> Result<V::Value> {
        match (n.as_i64(), n.as_u64(), n.as_i128(), n.as_u128()) {
            (Some(n), ..) => visitor.visit_i64(n),
            (_, Some(n), ..) => visitor.visit_u64(n),
            (.., Some(n), _) => visitor.visit_i128(n),
            (.., Some(n)) => visitor.visit_u128(n),
            _ => Err(Error::unsupported("an integer of more than 128 bits")),
        }
    }

    fn known<V: Visitor<'d>>(self, known: Known<'d>, visitor: V) -> Result<V::Value> {
        match known {
            Known::Complex(c) => visitor.visit_seq(SeqDeserializer::new([c.re, c.im].into_iter())),
            Known::Decimal(text) => visitor.visit_borrowed_str(text),
            Known::Fraction(_) | Known::Range { .. } | Known::Slice { .. } => {
                let args = self.value.as_object().map(|object| object.args());
                match args {
                    // The oldest fractions are a text.
                    Some(args) if args.len() != Some(1) => self.seq(args.iter(), visitor),
                    _ => Err(self.no_type()),
                }
            }
            Known::Set | Known::FrozenSet | Known::Deque { .. } => self.seq(self.value.iter(), visitor),
            Known::OrderedDict | Known::Counter | Known::DefaultDict { .. } => {
                self.map(self.value.items(), visitor)
            }
            Known::Date(date) => visitor.visit_string(date.to_string()),
            Known::Time(time, zone) => visitor.visit_string(format!("{time}{}", self.zone(zone)?)),
            Known::DateTime(time, zone) => visitor.visit_string(format!("{time}{}", self.zone(zone)?)),
            #[allow(clippy::cast_precision_loss)]
            // A quarter of a thousand years pass before microseconds do.
            Known::TimeDelta(delta) => visitor.visit_f64(delta.total_microseconds() as f64 / 1e6),
            Known::TimeZone(zone) => visitor.visit_string(zone.to_string()),
            Known::Uuid(n) => {
                let hex = format!("{n:032x}");
                let [a, b, c, d, e] = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| &hex[part]);
                visitor.visit_string(format!("{a}-{b}-{c}-{d}-{e}"))
            }
            Known::Path { parts, .. } => visitor.visit_string(parts.to_string()),
            Known::DType => visitor.visit_string(numpy::dtype(self.value)?.to_string()),
            Known::Scalar => {
                let scalar = numpy::scalar(self.value)?;
                array::element(scalar.dtype(), scalar.bytes(), visitor)
            }
            // Its mask would be lost.
            Known::MaskedArray => Err(self.no_type()),
        }
    }

    /// A time zone as the end of a text in ISO 8601.
    fn zone(self, zone: Option<Value<'d>>) -> Result<String> {
        match zone.map(|zone| zone.as_timezone().ok_or(zone)) {
            None => Ok(String::new()),
            Some(Ok(zone)) => Ok(zone.to_string()),
            Some(Err(zone)) => Err(Error::unsupported(format!("a time zone that is {zone:?}"))),
        }
    }

    /// An instance of a class: its attributes, or its items if it is a kind of dict, list or tuple.
    fn object<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value> {
        let object = self.value.as_object().ok_or_else(|| self.no_type())?;
        let called = object.how() == How::Reduce && object.class().is(object.callable());
        if called && self.value.attrs().len() == 0 {
            // It may make anything.
            return Err(self.no_type());
        }
        if self.value.items().len() > 0 {
            return self.map(self.value.items(), visitor);
        }
        if object.appended().len() > 0 {
            return self.seq(object.appended(), visitor);
        }
        match object.state() {
            Some(state) if state.kind() == Kind::Dict => {
                let below = self.below(state)?;
                below
                    .map(state.items(), visitor)
                    .map_err(|e| e.below(Step::Name(PARTS[3].into())))
            }
            Some(_) if self.value.attrs().len() > 0 => self.map(self.value.attrs(), visitor),
            None if object.how() == How::NewObj && object.args().len() != Some(0) => {
                self.seq(object.args().iter(), visitor)
            }
            None => self.map(self.value.items(), visitor),
            Some(_) => Err(self.no_type()),
        }
    }

    fn no_type(self) -> Error {
        Error::unsupported(format!("no Rust type stands for {:?}", self.value))
    }
}

impl<'d> serde::Deserializer<'d> for Deserializer<'_, 'd> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value> {
        self.visit()?;
        match self.value.node() {
            View::None => visitor.visit_unit(),
            View::Bool(value) => visitor.visit_bool(value),
            View::Int(n) => visitor.visit_i64(n),
            View::Long(bytes) => Self::int(Int::big(bytes), visitor),
            View::Float(value) => visitor.visit_f64(value),
            View::Str(text) => visitor.visit_borrowed_str(text),
            View::Str8(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => visitor.visit_borrowed_str(text),
                Err(_) => visitor.visit_borrowed_bytes(bytes),
            },
            View::Wtf8(_) => Err(Error::unsupported("a text with lone surrogates")),
            View::Bytes(bytes) | View::ByteArray(bytes) => visitor.visit_borrowed_bytes(bytes),
            View::Tuple(_) | View::List(_) | View::Set(_) | View::FrozenSet(_) => {
                self.seq(self.value.iter(), visitor)
            }
            View::Dict(_) => self.map(self.value.items(), visitor),
            View::Global(global) => visitor.visit_string(format!("{}.{}", global.module, global.name)),
            View::Array(array) => array::elements(array, visitor),
            View::ObjectArray(objects) if objects.layout.ndim() == 1 => self.seq(self.value.iter(), visitor),
            View::ObjectArray(_) => Err(self.no_type()),
            View::Taken => Err(Error::parameter("the array was taken out of the document")),
            View::AbsentBytes(_) => Err(Error::parameter("the bytes were not read")),
            View::AbsentArray(_) => Err(numpy::not_read()),
            View::Object(_) => match self.value.known() {
                Some(known) => self.known(known, visitor),
                None => self.object(visitor),
            },
        }
    }

    fn deserialize_option<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value> {
        if self.value.is_none() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'d>>(self, name: &'static str, visitor: V) -> Result<V::Value> {
        if name == arrays::TOKEN {
            self.visit()?;
            return array::token(self.value.bare_array()?, visitor);
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'d>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.visit()?;
        if let Some(name) = self.value.as_str() {
            let name: StrDeserializer<'_, Error> = name.into_deserializer();
            return visitor.visit_enum(name);
        }
        let mut items = self.value.items();
        match (items.next(), items.next()) {
            (Some((variant, content)), None) => visitor.visit_enum(Enum::new(self, variant, content)),
            _ => Err(Error::parameter(format!(
                "an enum is a text or a dict of one item, not {:?}",
                self.value
            ))),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    forward_to_deserialize_any! {
        <V: Visitor<'d>>
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier
    }
}
