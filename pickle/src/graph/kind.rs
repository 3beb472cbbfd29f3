//! What values can be.

use std::fmt;

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
    /// What Python would make by calling something, and not one of the well-known values below.
    Object,
    /// An array of plain data.
    Array,
    /// An array of Python objects; see [`Value::as_object_array`](crate::Value::as_object_array).
    ObjectArray,
    Complex,
    Fraction,
    Decimal,
    Range,
    Slice,
    OrderedDict,
    DefaultDict,
    Counter,
    Deque,
    Date,
    Time,
    DateTime,
    TimeDelta,
    TimeZone,
    Uuid,
    /// A path of `pathlib`.
    Path,
    /// A `numpy.dtype`.
    DType,
    /// A single element of an array.
    Scalar,
    /// An array some of whose elements do not count.
    MaskedArray,
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
            Self::Array | Self::ObjectArray => "ndarray",
            Self::Complex => "complex",
            Self::Fraction => "Fraction",
            Self::Decimal => "Decimal",
            Self::Range => "range",
            Self::Slice => "slice",
            Self::OrderedDict => "OrderedDict",
            Self::DefaultDict => "defaultdict",
            Self::Counter => "Counter",
            Self::Deque => "deque",
            Self::Date => "date",
            Self::Time => "time",
            Self::DateTime => "datetime",
            Self::TimeDelta => "timedelta",
            Self::TimeZone => "timezone",
            Self::Uuid => "UUID",
            Self::Path => "Path",
            Self::DType => "dtype",
            Self::Scalar => "numpy scalar",
            Self::MaskedArray => "MaskedArray",
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
