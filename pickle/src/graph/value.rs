//! Cursors into a document.

use std::fmt;
use std::slice;
use std::sync::MutexGuard;

use demijohn_arrays::Array;

use super::{AbsentArray, Arena, DTypes, Id, Int, Items, Iter, Kind, Object, ObjectArray, View};
use crate::{Error, Result, known, numpy};

/// A value in a document: cheap to copy, borrows from the document only.
///
/// Accessors named `as_…` and `find…` answer `None` for values of another type. Those that follow a path
/// ([`get`](Self::get), [`attr`](Self::attr), [`index`](Self::index), [`at_path`](Self::at_path),
/// [`array`](Self::array)) answer an error that says where this value is and what is there instead, for use with `?`.
#[derive(Clone, Copy)]
pub struct Value<'d> {
    pub(super) arena: &'d Arena,
    pub(super) id: Id,
}

impl<'d> Value<'d> {
    pub(crate) fn id(self) -> Id {
        self.id
    }

    pub(crate) fn node(self) -> View<'d> {
        self.arena.view(self.id)
    }

    pub(crate) fn at(self, id: Id) -> Self {
        Self { id, ..self }
    }

    /// The dtypes that were read from its document.
    pub(crate) fn dtypes(self) -> MutexGuard<'d, DTypes> {
        self.arena.dtypes()
    }

    pub(crate) fn arena_len(self) -> usize {
        self.arena.len()
    }

    /// The object that was dumped with this one in it, if that is known already.
    pub(crate) fn root(self) -> Option<Self> {
        self.arena.root.map(|id| self.at(id))
    }

    /// What it is.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self.node() {
            View::None => Kind::None,
            View::Bool(_) => Kind::Bool,
            View::Int(_) | View::Long(_) => Kind::Int,
            View::Float(_) => Kind::Float,
            View::Str(_) | View::Wtf8(_) => Kind::Str,
            View::Str8(_) => Kind::Str8,
            View::Bytes(_) => Kind::Bytes,
            View::ByteArray(_) => Kind::ByteArray,
            View::Tuple(_) => Kind::Tuple,
            View::List(_) => Kind::List,
            View::Dict(_) => Kind::Dict,
            View::Set(_) => Kind::Set,
            View::FrozenSet(_) => Kind::FrozenSet,
            View::Global(_) => Kind::Global,
            View::Object(_) => known::kind(self).unwrap_or(Kind::Object),
            View::Array(_) | View::Taken | View::AbsentArray(_) => Kind::Array,
            View::AbsentBytes(bytes) => bytes.kind,
            View::ObjectArray(_) => Kind::ObjectArray,
        }
    }

    /// Python's name of its type; see [`Kind::name`].
    #[must_use]
    pub fn type_name(self) -> &'static str {
        self.kind().name()
    }

    /// Whether the two are one and the same object of one document, as Python's `is` tells.
    #[must_use]
    pub fn is(self, other: Value<'_>) -> bool {
        std::ptr::eq(self.arena, other.arena) && self.id == other.id
    }

    /// Whether it is `None`.
    #[must_use]
    pub fn is_none(self) -> bool {
        matches!(self.node(), View::None)
    }

    /// A `bool`.
    #[must_use]
    pub fn as_bool(self) -> Option<bool> {
        match self.node() {
            View::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// An `int` of any size.
    #[must_use]
    pub fn as_int(self) -> Option<Int<'d>> {
        match self.node() {
            View::Int(n) => Some(Int::small(n)),
            View::Long(bytes) => Some(Int::big(bytes)),
            _ => None,
        }
    }

    /// An `int` that fits in 64 bits.
    #[must_use]
    pub fn as_i64(self) -> Option<i64> {
        self.as_int()?.as_i64()
    }

    /// An `int` that fits in 128 bits.
    #[must_use]
    pub fn as_i128(self) -> Option<i128> {
        self.as_int()?.as_i128()
    }

    /// A `float`.
    #[must_use]
    pub fn as_f64(self) -> Option<f64> {
        match self.node() {
            View::Float(value) => Some(value),
            _ => None,
        }
    }

    /// A `str` that is valid text; of Python 2's, one that is UTF-8.
    #[must_use]
    pub fn as_str(self) -> Option<&'d str> {
        match self.node() {
            View::Str(text) => Some(text),
            View::Str8(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// A `str` as text in any case: lone surrogates are replaced by U+FFFD, and bytes of Python 2 that are no UTF-8 are
    /// taken for Latin-1.
    #[must_use]
    pub fn to_text(self) -> Option<std::borrow::Cow<'d, str>> {
        match self.node() {
            View::Str(text) => Some(text.into()),
            View::Str8(bytes) => Some(match std::str::from_utf8(bytes) {
                Ok(text) => text.into(),
                Err(_) => bytes.iter().map(|&b| char::from(b)).collect::<String>().into(),
            }),
            View::Wtf8(bytes) => Some(String::from_utf8_lossy(bytes)),
            _ => None,
        }
    }

    /// The content of a `bytes`, a `bytearray`, or a `str` of Python 2; `None` too if it was passed over.
    #[must_use]
    pub fn as_bytes(self) -> Option<&'d [u8]> {
        match self.node() {
            View::Bytes(bytes) | View::ByteArray(bytes) | View::Str8(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// An array of plain data.
    #[must_use]
    pub fn as_array(self) -> Option<&'d Array> {
        match self.node() {
            View::Array(array) => Some(array),
            _ => None,
        }
    }

    /// Module and name of the class of an [array](Self::as_array), be its elements here or passed over, if that is
    /// `numpy.matrix`; `None` for plain arrays. Other subclasses of `ndarray` are [objects](Self::as_object).
    #[must_use]
    pub fn array_class(self) -> Option<(&'d str, &'d str)> {
        self.at(self.arena.array_class(self.id)?).as_global()
    }

    /// What an array is called where its class is shown by its name alone.
    fn array_name(self) -> &'d str {
        self.array_class().map_or("array", |(_, name)| name)
    }

    /// An array whose elements were passed over: by the [`Payload`](crate::Payload), or in a byte string that was.
    #[must_use]
    pub fn as_absent_array(self) -> Option<&'d AbsentArray> {
        match self.node() {
            View::AbsentArray(absent) => Some(absent),
            _ => None,
        }
    }

    /// An array of Python objects, of structs with Python objects in them, or of texts of any length.
    #[must_use]
    pub fn as_object_array(self) -> Option<ObjectArray<'d>> {
        match self.node() {
            View::ObjectArray(objects) => Some(ObjectArray { value: self, objects }),
            _ => None,
        }
    }

    /// Module and name of a class or function.
    #[must_use]
    pub fn as_global(self) -> Option<(&'d str, &'d str)> {
        match self.node() {
            View::Global(global) => Some((&global.module, &global.name)),
            _ => None,
        }
    }

    /// What Python would make by calling something, well-known values among them.
    #[must_use]
    pub fn as_object(self) -> Option<Object<'d>> {
        match self.node() {
            View::Object(term) => Some(Object { value: self, term }),
            _ => None,
        }
    }

    /// An array of plain data, or an error that names what is there instead.
    ///
    /// # Errors
    /// [`Parameter`](crate::ErrorKind::Parameter) if it is something else; for an array that does not fit together or
    /// is of a type that is not handled, what is wrong with it.
    pub fn array(self) -> Result<&'d Array> {
        self.bare_array().map_err(|wrong| wrong.in_value(self))
    }

    /// The same, the error not saying where.
    pub(crate) fn bare_array(self) -> Result<&'d Array> {
        Err(match self.node() {
            View::Array(array) => return Ok(array),
            View::Taken => Error::parameter("the array was taken out of the document"),
            View::AbsentArray(_) => numpy::not_read(),
            View::Object(_) if numpy::data_of(self).or(numpy::buffer_of(self)).is_some() => {
                match numpy::describe(self) {
                    Err(e) => e,
                    Ok(_) => Error::unsupported("an array that shares its data with another one"),
                }
            }
            _ => Error::parameter(format!("not an array but {self:?}")),
        })
    }

    /// Number of items of a container, bytes of a byte string, or elements along the first axis of an array; `None`
    /// for what Python's `len` would refuse, and for texts.
    #[must_use]
    pub fn len(self) -> Option<usize> {
        match self.node() {
            View::Bytes(bytes) | View::ByteArray(bytes) => Some(bytes.len()),
            View::AbsentBytes(bytes) if bytes.kind != Kind::Str8 => usize::try_from(bytes.len).ok(),
            View::Tuple(items) | View::FrozenSet(items) | View::List(items) | View::Set(items) => {
                Some(items.len())
            }
            View::Dict(pairs) => Some(pairs.len()),
            View::Array(array) => array.shape().first().copied(),
            View::AbsentArray(absent) => absent.layout().shape().first().copied(),
            View::ObjectArray(objects) => objects.layout.shape().first().copied(),
            View::Object(_) => match self.kind() {
                Kind::OrderedDict | Kind::DefaultDict | Kind::Counter => Some(self.items().len()),
                Kind::Deque | Kind::Set | Kind::FrozenSet => Some(self.iter().len()),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether it has a length, and that is zero.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == Some(0)
    }

    /// The items of a tuple, list, set, frozenset or deque, in the order of the stream, or those of an array of Python
    /// objects, in C order; nothing for other values.
    #[must_use]
    pub fn iter(self) -> Iter<'d> {
        let (first, then): (&[Id], &[Id]) = match self.node() {
            View::Tuple(items) | View::FrozenSet(items) | View::List(items) | View::Set(items) => {
                (items, &[])
            }
            View::ObjectArray(objects) => (&objects.items, &[]),
            View::Object(term) => match self.kind() {
                Kind::Deque => (known::deque(self).map_or(&[], |(front, _)| front), term.items()),
                Kind::Set | Kind::FrozenSet => match self.at(term.args).iter().next() {
                    Some(list) => return list.iter(),
                    None => (&[], &[]),
                },
                _ => (&[], &[]),
            },
            _ => (&[], &[]),
        };
        Iter::new(self, first, then)
    }

    /// The keys and values of a dict in the order of the stream (an `OrderedDict`, `defaultdict` or `Counter` too), or
    /// those set on any other object; nothing for other values.
    ///
    /// No writer does so, but a stream may set a key twice: then both are here, and the later one counts.
    #[must_use]
    pub fn items(self) -> Items<'d> {
        match self.node() {
            View::Dict(pairs) => Items::pairs(self, pairs, &[]),
            View::Object(term) if term.more.is_none() => {
                if let Some(counts) = known::counter(self) {
                    return counts.items();
                }
                let pairs = known::ordered_dict(self).and_then(|list| known::pair_list(list?));
                match pairs {
                    Some(pairs) => Items::lists(self, pairs),
                    None => Items::pairs(self, &[], &[]),
                }
            }
            View::Object(term) => Items::pairs(self, term.pairs(), &[]),
            _ => Items::pairs(self, &[], &[]),
        }
    }

    /// The attributes of an instance that the stream sets, in its order; nothing for other values.
    ///
    /// They are the state that the object was given, if that is a dict, or the pair of dicts that Python makes for
    /// classes with `__slots__`. A class that understands its state in its own way (`__setstate__`) may make something
    /// else of it.
    #[must_use]
    pub fn attrs(self) -> Items<'d> {
        let dict = |value: Self| match value.node() {
            View::Dict(pairs) => Some(pairs),
            View::None => Some(&[][..]),
            _ => None,
        };
        let state = self.as_object().and_then(Object::state);
        let (first, then) = match state.map(Self::node) {
            Some(View::Dict(pairs)) => (pairs, &[][..]),
            Some(View::Tuple(&[attributes, slots])) => {
                match (dict(self.at(attributes)), dict(self.at(slots))) {
                    (Some(attributes), Some(slots)) => (attributes, slots),
                    _ => (&[][..], &[][..]),
                }
            }
            _ => (&[][..], &[][..]),
        };
        Items::pairs(self, first, then)
    }

    /// The value of a text key of a dict, or of an object with items such as an `OrderedDict`.
    #[must_use]
    pub fn find(self, key: &str) -> Option<Self> {
        self.items().last_named(key)
    }

    /// An [attribute](Self::attrs) of an instance.
    #[must_use]
    pub fn find_attr(self, name: &str) -> Option<Self> {
        self.attrs().last_named(name)
    }

    /// The value of a text key of a dict, or an error that names what is there instead.
    ///
    /// # Errors
    /// [`Parameter`](crate::ErrorKind::Parameter) if there is no such key, or if it is no dict.
    pub fn get(self, key: &str) -> Result<Self> {
        self.find(key).ok_or_else(|| {
            let hint = match self.find_attr(key) {
                Some(_) => ", but an attribute of this name",
                None => "",
            };
            Error::parameter(format!("no key {key:?} in {self:?}{hint}")).in_value(self)
        })
    }

    /// An [attribute](Self::attrs) of an instance, or an error that names what is there instead.
    ///
    /// # Errors
    /// [`Parameter`](crate::ErrorKind::Parameter) if there is no such attribute, or if it is no instance.
    pub fn attr(self, name: &str) -> Result<Self> {
        self.find_attr(name)
            .ok_or_else(|| Error::parameter(format!("no attribute {name:?} of {self:?}")).in_value(self))
    }

    /// Item `i` of a tuple, list, deque or other [iterable](Self::iter), counted from zero.
    ///
    /// # Errors
    /// [`Parameter`](crate::ErrorKind::Parameter) if there are fewer, or if it is none of these.
    pub fn index(self, i: usize) -> Result<Self> {
        let id = match self.node() {
            View::Tuple(items) | View::List(items) => items.get(i).map(|&id| self.at(id)),
            _ => self.iter().nth(i),
        };
        id.ok_or_else(|| Error::parameter(format!("no item {i} in {self:?}")).in_value(self))
    }
}

impl fmt::Debug for Value<'_> {
    /// One line, whatever hangs below.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// The beginning of a text or byte string, and whether that is not all of it.
        fn start(bytes: &[u8]) -> (slice::EscapeAscii<'_>, &'static str) {
            (
                bytes[..bytes.len().min(40)].escape_ascii(),
                if bytes.len() > 40 { "…" } else { "" },
            )
        }
        match self.node() {
            View::None => f.write_str("None"),
            View::Bool(value) => f.write_str(if value { "True" } else { "False" }),
            View::Int(n) => write!(f, "{n}"),
            View::Long(bytes) if bytes.len() > 64 => write!(f, "int of {} bytes", bytes.len()),
            View::Long(bytes) => write!(f, "{}", Int::big(bytes)),
            View::Float(value) => write!(f, "{value:?}"),
            View::Str(text) if text.chars().nth(40).is_some() => {
                write!(f, "{:?}…", text.chars().take(40).collect::<String>())
            }
            View::Str(text) => write!(f, "{text:?}"),
            View::Wtf8(bytes) | View::Str8(bytes) => {
                let (start, more) = start(bytes);
                write!(f, "\"{start}\"{more}")
            }
            View::Bytes(bytes) | View::ByteArray(bytes) => {
                let (start, more) = start(bytes);
                write!(f, "b\"{start}\"{more}")
            }
            View::Global(global) => write!(f, "{}.{}", global.module, global.name),
            View::Object(term) => match (self.kind(), self.at(term.callable).as_global()) {
                (Kind::Object, Some((module, name))) => write!(f, "object made by {module}.{name}"),
                (Kind::Object, None) => f.write_str("object"),
                (Kind::DType, _) => match self.as_dtype() {
                    Some(dtype) => write!(f, "{dtype:?}"),
                    None => f.write_str("an invalid dtype"),
                },
                (Kind::Scalar, _) => match self.as_scalar() {
                    Some(scalar) => write!(f, "{scalar:?}"),
                    None => f.write_str("an invalid numpy scalar"),
                },
                (Kind::MaskedArray, _) => match self.as_masked_array() {
                    Some(masked) => write!(f, "masked array {}", masked.layout()),
                    None => f.write_str("an invalid masked array"),
                },
                (kind, _) => match (self.len(), self.known()) {
                    (Some(n), _) => items(f, kind, n),
                    (None, Some(known)) => write!(f, "{known:?}"),
                    (None, None) => write!(f, "{kind}"),
                },
            },
            View::Array(array) => write!(f, "{}({})", self.array_name(), array.layout()),
            View::ObjectArray(objects) => write!(f, "array of objects {}", objects.layout),
            View::Taken => f.write_str("an array that was taken out"),
            View::AbsentBytes(bytes) => write!(f, "{} of {} bytes, not read", bytes.kind, bytes.len),
            View::AbsentArray(absent) => write!(f, "{} {}, not read", self.array_name(), absent.layout()),
            _ => items(f, self.kind(), self.len().unwrap_or(0)),
        }
    }
}

fn items(f: &mut fmt::Formatter<'_>, kind: Kind, n: usize) -> fmt::Result {
    write!(f, "{kind} of {n} item{}", if n == 1 { "" } else { "s" })
}
