//! What a pickle is turned into.

use std::borrow::Cow;
use std::vec::Drain;

use crate::text::{self, Text};
use crate::{Error, ErrorKind, Kind, Raw, Result};

/// Receives what a pickle says, one method per construct, and makes something of it.
///
/// The [machine](crate::machine) knows the opcodes, the stack and the memo; a builder knows what objects are. The
/// inert [`Document`](crate::Document) is one, live Python objects would be another. Nothing here runs code: `reduce`
/// and its like are told the *name* of a callable that the stream wants called.
///
/// Targets of [`append`](Self::append) and the other methods that change a node must check what they are given: the
/// stream may name anything. Errors are made with [`Error::new`]; the machine adds offset and opcode.
#[allow(missing_docs)] // The one-line methods are named after Python's types.
pub trait Builder {
    /// A handle to something built: cheap to copy, and a copy means the same object.
    type Node;

    /// Another handle to the same object.
    fn dup(&mut self, node: &Self::Node) -> Self::Node;

    /// The pickle states its protocol, which is 0 unless it does.
    fn protocol(&mut self, protocol: u8) {
        let _ = protocol;
    }

    fn none(&mut self) -> Result<Self::Node>;
    fn bool(&mut self, value: bool) -> Result<Self::Node>;
    fn int(&mut self, value: i64) -> Result<Self::Node>;
    /// An integer beyond 64 bits: two's complement, little-endian, the last byte's top bit is the sign.
    fn long(&mut self, bytes: Cow<'_, [u8]>) -> Result<Self::Node>;
    fn float(&mut self, value: f64) -> Result<Self::Node>;
    fn str(&mut self, text: Cow<'_, str>) -> Result<Self::Node>;
    /// A `str` that holds lone surrogates, and therefore is no UTF-8: each stands as the three bytes that UTF-8 would
    /// use if it allowed them ([WTF-8](https://simonsapin.github.io/wtf-8/), but pairs are not joined).
    fn wtf8(&mut self, text: Cow<'_, [u8]>) -> Result<Self::Node>;
    /// A `str` in bytes that have not been looked at: UTF-8, but for lone surrogates. Unless overridden, they are looked at,
    /// and given to [`str`](Self::str) or [`wtf8`](Self::wtf8).
    fn unicode(&mut self, bytes: Cow<'_, [u8]>) -> Result<Self::Node> {
        match text::decode(bytes)? {
            Text::Utf8(text) => self.str(text),
            Text::Wtf8(text) => self.wtf8(text),
        }
    }
    /// A `str` of Python 2: bytes that may be text.
    fn str8(&mut self, bytes: Cow<'_, [u8]>) -> Result<Self::Node>;
    /// A byte string of at least [`LONG`](crate::machine::LONG) bytes, none of which has been read: `raw` stands where
    /// they begin. A builder that reads exactly these bytes itself, having taken them [off the budget](Raw::spend), or
    /// goes past them, answers the node. By default they are read and given to the method for their kind, which is one
    /// of [`Kind::Str8`], [`Kind::Bytes`] and [`Kind::ByteArray`].
    fn long_bytes(&mut self, kind: Kind, len: u64, raw: &mut Raw<'_>) -> Result<Option<Self::Node>> {
        let _ = (kind, len, raw);
        Ok(None)
    }
    fn bytes(&mut self, bytes: Cow<'_, [u8]>) -> Result<Self::Node>;
    fn bytearray(&mut self, bytes: Cow<'_, [u8]>) -> Result<Self::Node>;
    fn tuple(&mut self, items: Drain<'_, Self::Node>) -> Result<Self::Node>;
    fn list(&mut self, items: Drain<'_, Self::Node>) -> Result<Self::Node>;
    /// An empty dict.
    fn dict(&mut self) -> Result<Self::Node>;
    /// An empty set.
    fn set(&mut self) -> Result<Self::Node>;
    fn frozenset(&mut self, items: Drain<'_, Self::Node>) -> Result<Self::Node>;

    /// Appends to a list, or to an object that is told to `extend` itself.
    fn append(&mut self, target: &Self::Node, items: Drain<'_, Self::Node>) -> Result<()>;
    /// Sets items of a dict, or of an object; `pairs` holds key, value, key, value, …, an even number.
    fn set_items(&mut self, target: &Self::Node, pairs: Drain<'_, Self::Node>) -> Result<()>;
    /// Adds to a set, or to an object.
    fn add_items(&mut self, target: &Self::Node, items: Drain<'_, Self::Node>) -> Result<()>;

    /// The text of a node that is a string, of which `STACK_GLOBAL` makes a name.
    fn text<'a>(&'a self, node: &'a Self::Node) -> Option<&'a str>;
    /// Something importable, by its Python 3 name; `at` is where the opcode that names it stands, in bytes from the
    /// beginning of the pickle.
    fn global(&mut self, module: &str, name: &str, at: u64) -> Result<Self::Node>;
    /// The result of `callable(*args)`.
    fn reduce(&mut self, callable: Self::Node, args: Self::Node) -> Result<Self::Node>;
    /// The result of `class.__new__(class, *args)`.
    fn newobj(&mut self, class: Self::Node, args: Self::Node) -> Result<Self::Node>;
    /// The result of `class.__new__(class, *args, **kwargs)`.
    fn newobj_ex(&mut self, class: Self::Node, args: Self::Node, kwargs: Self::Node) -> Result<Self::Node>;
    /// An instance of a class as the oldest protocols make it, usually `class(*args)`.
    fn instance(&mut self, class: Self::Node, args: Drain<'_, Self::Node>) -> Result<Self::Node>;
    /// Gives `object` its state, and answers what from now on stands for it.
    ///
    /// `raw` is the stream right behind the opcode: a format that puts data there, outside the pickle, reads it here.
    fn build(&mut self, object: Self::Node, state: Self::Node, raw: &mut Raw<'_>) -> Result<Self::Node>;

    /// An object that the application keeps elsewhere under `id`. Refused unless overridden.
    fn persistent(&mut self, id: Self::Node) -> Result<Self::Node> {
        let _ = id;
        Err(Error::new(
            ErrorKind::Unsupported,
            "the pickle refers to an object outside of it (persistent id); only the program that wrote it can read it",
        ))
    }
    /// An entry of Python's extension registry. Refused unless overridden.
    fn extension(&mut self, code: u32) -> Result<Self::Node> {
        Err(Error::new(
            ErrorKind::Unsupported,
            format!(
                "the pickle refers to entry {code} of an extension registry, which only the program that wrote it has"
            ),
        ))
    }
    /// The next out-of-band buffer. Refused unless overridden.
    fn next_buffer(&mut self) -> Result<Self::Node> {
        Err(Error::new(
            ErrorKind::Unsupported,
            "the pickle refers to data outside of it (out-of-band buffer); it has to be written without `buffer_callback`",
        ))
    }
    /// A read-only view of a buffer. Refused unless overridden.
    fn readonly_buffer(&mut self, buffer: Self::Node) -> Result<Self::Node> {
        let _ = buffer;
        Err(Error::new(
            ErrorKind::Unsupported,
            "read-only buffers are not supported",
        ))
    }
}
