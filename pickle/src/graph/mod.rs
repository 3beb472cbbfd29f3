//! Pickles as inert data: an arena of terms that refer to one another by number.
//!
//! Shared objects stay shared and cycles stay cycles, as both are just a number that occurs twice. Nothing recurses,
//! dropping least of all: the arena is one vector.

mod build;
mod equal;
mod int;
mod value;

use std::fmt;
use std::io::BufRead;

use demijohn_arrays::Array;

pub use build::{NoPayload, Payload};
pub use int::Int;
pub use value::{How, Items, Iter, Kind, Object, Value};

use crate::{Limits, Result, machine};

/// Number of a node in its arena.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Id(u32);

impl Id {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// One term.
#[derive(Debug)]
pub(crate) enum Node {
    None,
    Bool(bool),
    Int(i64),
    /// Beyond 64 bits: two's complement, little-endian, as short as possible.
    Long(Box<[u8]>),
    Float(f64),
    Str(Box<str>),
    /// UTF-8 but for lone surrogates.
    Wtf8(Box<[u8]>),
    /// Python 2's `str`.
    Str8(Box<[u8]>),
    Bytes(Box<[u8]>),
    ByteArray(Box<[u8]>),
    Tuple(Box<[Id]>),
    List(Vec<Id>),
    /// As the stream had them: should a key occur twice, the later one counts.
    Dict(Vec<(Id, Id)>),
    Set(Vec<Id>),
    FrozenSet(Box<[Id]>),
    Global(Box<Global>),
    Object(Box<Term>),
    Array(Box<Array>),
}

#[derive(Debug)]
pub(crate) struct Global {
    pub(crate) module: Box<str>,
    pub(crate) name: Box<str>,
}

/// What a stream would have Python make by calling something.
#[derive(Debug)]
pub(crate) struct Term {
    pub(crate) how: How,
    pub(crate) callable: Id,
    pub(crate) args: Id,
    pub(crate) kwargs: Option<Id>,
    /// Appended to the result.
    pub(crate) items: Vec<Id>,
    /// Set as items of the result.
    pub(crate) pairs: Vec<(Id, Id)>,
    /// Given to it by `BUILD`, in this order.
    pub(crate) states: Vec<Id>,
}

/// A pickle that has been read: all its objects, and which of them is the one that was dumped.
///
/// [`root`](Self::root) is where to begin. Values borrow from the document; dropping it takes time in proportion to
/// its size and no stack.
pub struct Document {
    nodes: Vec<Node>,
    root: Id,
}

impl Document {
    /// The object that was dumped.
    #[must_use]
    pub fn root(&self) -> Value<'_> {
        Value {
            nodes: &self.nodes,
            id: self.root,
        }
    }

    /// How many objects there are, counting small ones and those that only helped to build others.
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document")
            .field("root", &self.root())
            .field("node_count", &self.node_count())
            .finish()
    }
}

/// Reads one pickle, up to and including its `STOP`.
///
/// # Errors
/// See [`machine::run`].
pub fn read(source: &mut impl BufRead) -> Result<Document> {
    read_with(source, &ReadOptions::default(), &mut NoPayload)
}

/// What is known and allowed when reading a pickle.
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// Budgets. Default: none but the input.
    pub limits: Limits,
    /// How many bytes the source holds, if that is known; memory for large pieces is then taken in one go, and what
    /// claims to be longer is refused at once.
    pub length: Option<u64>,
}

/// Reads one pickle that has other data between its opcodes, which `payload` understands.
///
/// # Errors
/// See [`machine::run`].
pub fn read_with(
    source: &mut impl BufRead,
    options: &ReadOptions,
    payload: &mut dyn Payload,
) -> Result<Document> {
    let mut graph = build::Graph::new(payload);
    let root = machine::run(source, options.length, &options.limits, &mut graph)?;
    Ok(graph.finish(root))
}
