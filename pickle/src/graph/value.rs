//! Cursors into a document.

use std::fmt;
use std::slice;

use demijohn_arrays::Array;

use super::{Id, Int, Node, Term};
use crate::{Error, Result};

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs)] // Most are named after Python's types.
pub enum Kind {
    None,
    Bool,
    Int,
    Float,
    Str,
    /// A `str` of Python 2: bytes that may be text.
    Str8,
    Bytes,
    ByteArray,
    Tuple,
    List,
    Dict,
    Set,
    FrozenSet,
    /// A class or function, by name.
    Global,
    /// What Python would make by calling something.
    Object,
    Array,
}

impl Kind {
    /// Python's name of the type; `global` and `object` for what has no type without running code.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "NoneType",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Float => "float",
            Self::Str | Self::Str8 => "str",
            Self::Bytes => "bytes",
            Self::ByteArray => "bytearray",
            Self::Tuple => "tuple",
            Self::List => "list",
            Self::Dict => "dict",
            Self::Set => "set",
            Self::FrozenSet => "frozenset",
            Self::Global => "global",
            Self::Object => "object",
            Self::Array => "ndarray",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How Python would make an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum How {
    /// `callable(*args)`.
    Reduce,
    /// `class.__new__(class, *args)`.
    NewObj,
    /// `class.__new__(class, *args, **kwargs)`.
    NewObjEx,
    /// An instance as protocols 0 and 1 make it: `class(*args)`, or without calling anything if there are none.
    Instance,
}

/// A value in a document: cheap to copy, borrows from the document only.
///
/// Accessors named `as_…` answer `None` for values of another type. Those that follow a path ([`get`](Self::get),
/// [`index`](Self::index), [`array`](Self::array)) answer an error that says what is there instead, for use with `?`.
#[derive(Clone, Copy)]
pub struct Value<'d> {
    pub(super) nodes: &'d [Node],
    pub(super) id: Id,
}

impl<'d> Value<'d> {
    pub(crate) fn id(self) -> Id {
        self.id
    }

    pub(crate) fn node(self) -> &'d Node {
        &self.nodes[self.id.index()]
    }

    pub(crate) fn at(self, id: Id) -> Self {
        Self { id, ..self }
    }

    pub(crate) fn arena_len(self) -> usize {
        self.nodes.len()
    }

    /// What it is.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self.node() {
            Node::None => Kind::None,
            Node::Bool(_) => Kind::Bool,
            Node::Int(_) | Node::Long(_) => Kind::Int,
            Node::Float(_) => Kind::Float,
            Node::Str(_) | Node::Wtf8(_) => Kind::Str,
            Node::Str8(_) => Kind::Str8,
            Node::Bytes(_) => Kind::Bytes,
            Node::ByteArray(_) => Kind::ByteArray,
            Node::Tuple(_) => Kind::Tuple,
            Node::List(_) => Kind::List,
            Node::Dict(_) => Kind::Dict,
            Node::Set(_) => Kind::Set,
            Node::FrozenSet(_) => Kind::FrozenSet,
            Node::Global(_) => Kind::Global,
            Node::Object(_) => Kind::Object,
            Node::Array(_) => Kind::Array,
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
        std::ptr::eq(self.nodes, other.nodes) && self.id == other.id
    }

    /// Whether it is `None`.
    #[must_use]
    pub fn is_none(self) -> bool {
        matches!(self.node(), Node::None)
    }

    /// A `bool`.
    #[must_use]
    pub fn as_bool(self) -> Option<bool> {
        match self.node() {
            Node::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// An `int` of any size.
    #[must_use]
    pub fn as_int(self) -> Option<Int<'d>> {
        match self.node() {
            Node::Int(n) => Some(Int::small(*n)),
            Node::Long(bytes) => Some(Int::big(bytes)),
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
            Node::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// A `str` that is valid text; of Python 2's, one that is UTF-8.
    #[must_use]
    pub fn as_str(self) -> Option<&'d str> {
        match self.node() {
            Node::Str(text) => Some(text),
            Node::Str8(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// The content of a `bytes`, a `bytearray`, or a `str` of Python 2.
    #[must_use]
    pub fn as_bytes(self) -> Option<&'d [u8]> {
        match self.node() {
            Node::Bytes(bytes) | Node::ByteArray(bytes) | Node::Str8(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// An array.
    #[must_use]
    pub fn as_array(self) -> Option<&'d Array> {
        match self.node() {
            Node::Array(array) => Some(array),
            _ => None,
        }
    }

    /// Module and name of a class or function.
    #[must_use]
    pub fn as_global(self) -> Option<(&'d str, &'d str)> {
        match self.node() {
            Node::Global(global) => Some((&global.module, &global.name)),
            _ => None,
        }
    }

    /// What Python would make by calling something.
    #[must_use]
    pub fn as_object(self) -> Option<Object<'d>> {
        match self.node() {
            Node::Object(term) => Some(Object { value: self, term }),
            _ => None,
        }
    }

    /// An array, or an error that names what is there instead.
    ///
    /// # Errors
    /// [`Parameter`](crate::ErrorKind::Parameter) if it is something else.
    pub fn array(self) -> Result<&'d Array> {
        self.as_array()
            .ok_or_else(|| Error::parameter(format!("not an array but {self:?}")))
    }

    /// Number of items of a container, bytes of a byte string, or elements along the first axis of an array; `None`
    /// for what Python's `len` would refuse, and for texts.
    #[must_use]
    pub fn len(self) -> Option<usize> {
        match self.node() {
            Node::Bytes(bytes) | Node::ByteArray(bytes) => Some(bytes.len()),
            Node::Tuple(items) | Node::FrozenSet(items) => Some(items.len()),
            Node::List(items) | Node::Set(items) => Some(items.len()),
            Node::Dict(pairs) => Some(pairs.len()),
            Node::Array(array) => array.shape().first().copied(),
            _ => None,
        }
    }

    /// Whether it has a length, and that is zero.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == Some(0)
    }

    /// The items of a tuple, list, set or frozenset, in the order of the stream; nothing for other values.
    #[must_use]
    pub fn iter(self) -> Iter<'d> {
        let ids = match self.node() {
            Node::Tuple(items) | Node::FrozenSet(items) => items,
            Node::List(items) | Node::Set(items) => items.as_slice(),
            _ => &[],
        };
        Iter {
            value: self,
            ids: ids.iter(),
        }
    }

    /// The keys and values of a dict in the order of the stream, or those set on an object such as an `OrderedDict`;
    /// nothing for other values.
    ///
    /// No writer does so, but a stream may set a key twice: then both are here, and the later one counts.
    #[must_use]
    pub fn items(self) -> Items<'d> {
        let pairs = match self.node() {
            Node::Dict(pairs) => pairs.as_slice(),
            Node::Object(term) => term.pairs.as_slice(),
            _ => &[],
        };
        Items {
            value: self,
            pairs: pairs.iter(),
        }
    }

    /// The value of a text key of a dict, or of an object with items such as an `OrderedDict`.
    #[must_use]
    pub fn find(self, key: &str) -> Option<Self> {
        self.items()
            .rev()
            .find(|(k, _)| k.as_str() == Some(key))
            .map(|(_, value)| value)
    }

    /// The value of a text key of a dict, or an error that names what is there instead.
    ///
    /// # Errors
    /// [`Parameter`](crate::ErrorKind::Parameter) if there is no such key, or if it is no dict.
    pub fn get(self, key: &str) -> Result<Self> {
        self.find(key)
            .ok_or_else(|| Error::parameter(format!("no key {key:?} in {self:?}")))
    }

    /// Item `i` of a tuple or list, counted from zero.
    ///
    /// # Errors
    /// [`Parameter`](crate::ErrorKind::Parameter) if there are fewer, or if it is neither.
    pub fn index(self, i: usize) -> Result<Self> {
        let id = match self.node() {
            Node::Tuple(items) => items.get(i),
            Node::List(items) => items.get(i),
            _ => None,
        };
        id.map(|&id| self.at(id))
            .ok_or_else(|| Error::parameter(format!("no item {i} in {self:?}")))
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
            Node::None => f.write_str("None"),
            Node::Bool(value) => write!(f, "{value}"),
            Node::Int(n) => write!(f, "{n}"),
            Node::Long(bytes) if bytes.len() > 64 => write!(f, "int of {} bytes", bytes.len()),
            Node::Long(bytes) => write!(f, "{}", Int::big(bytes)),
            Node::Float(value) => write!(f, "{value:?}"),
            Node::Str(text) if text.chars().nth(40).is_some() => {
                write!(f, "{:?}…", text.chars().take(40).collect::<String>())
            }
            Node::Str(text) => write!(f, "{text:?}"),
            Node::Wtf8(bytes) | Node::Str8(bytes) => {
                let (start, more) = start(bytes);
                write!(f, "\"{start}\"{more}")
            }
            Node::Bytes(bytes) | Node::ByteArray(bytes) => {
                let (start, more) = start(bytes);
                write!(f, "b\"{start}\"{more}")
            }
            Node::Global(global) => write!(f, "{}.{}", global.module, global.name),
            Node::Object(term) => match self.at(term.callable).as_global() {
                Some((module, name)) => write!(f, "object made by {module}.{name}"),
                None => f.write_str("object"),
            },
            Node::Array(array) => write!(f, "{array:?}"),
            _ => {
                let n = self.len().unwrap_or(0);
                write!(f, "{} of {n} item{}", self.kind(), if n == 1 { "" } else { "s" })
            }
        }
    }
}

/// What Python would make by calling something, and how it would go on from there.
#[derive(Clone, Copy)]
pub struct Object<'d> {
    value: Value<'d>,
    term: &'d Term,
}

impl<'d> Object<'d> {
    /// What kind of call it is.
    #[must_use]
    pub fn how(self) -> How {
        self.term.how
    }

    /// What is called: usually a [global](Value::as_global).
    #[must_use]
    pub fn callable(self) -> Value<'d> {
        self.value.at(self.term.callable)
    }

    /// The arguments: usually a tuple.
    #[must_use]
    pub fn args(self) -> Value<'d> {
        self.value.at(self.term.args)
    }

    /// The keyword arguments, a dict, if it is that kind of call.
    #[must_use]
    pub fn kwargs(self) -> Option<Value<'d>> {
        self.term.kwargs.map(|id| self.value.at(id))
    }

    /// Items appended to the result (or added, if it is a kind of set).
    #[must_use]
    pub fn appended(self) -> Iter<'d> {
        Iter {
            value: self.value,
            ids: self.term.items.iter(),
        }
    }

    /// The state it was given: the last one, should there be several.
    #[must_use]
    pub fn state(self) -> Option<Value<'d>> {
        self.states().next_back()
    }

    /// All states it was given, in the order of the stream.
    #[must_use]
    pub fn states(self) -> Iter<'d> {
        Iter {
            value: self.value,
            ids: self.term.states.iter(),
        }
    }

    /// Whether what is called is the global of this name.
    #[must_use]
    pub fn calls(self, module: &str, name: &str) -> bool {
        self.callable().as_global() == Some((module, name))
    }
}

impl fmt::Debug for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object")
            .field("how", &self.how())
            .field("callable", &self.callable())
            .field("args", &self.args())
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}

/// The items of a container; see [`Value::iter`].
#[derive(Clone)]
pub struct Iter<'d> {
    value: Value<'d>,
    ids: slice::Iter<'d, Id>,
}

/// The keys and values of a dict; see [`Value::items`].
#[derive(Clone)]
pub struct Items<'d> {
    value: Value<'d>,
    pairs: slice::Iter<'d, (Id, Id)>,
}

impl<'d> Iterator for Iter<'d> {
    type Item = Value<'d>;

    fn next(&mut self) -> Option<Self::Item> {
        self.ids.next().map(|&id| self.value.at(id))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.ids.size_hint()
    }
}

impl DoubleEndedIterator for Iter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.ids.next_back().map(|&id| self.value.at(id))
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl<'d> Iterator for Items<'d> {
    type Item = (Value<'d>, Value<'d>);

    fn next(&mut self) -> Option<Self::Item> {
        self.pairs
            .next()
            .map(|&(key, value)| (self.value.at(key), self.value.at(value)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.pairs.size_hint()
    }
}

impl DoubleEndedIterator for Items<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.pairs
            .next_back()
            .map(|&(key, value)| (self.value.at(key), self.value.at(value)))
    }
}

impl ExactSizeIterator for Items<'_> {}

impl fmt::Debug for Iter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Iter({} left)", self.len())
    }
}

impl fmt::Debug for Items<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Items({} left)", self.len())
    }
}
