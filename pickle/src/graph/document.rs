//! Whole documents, and reading them.

use std::fmt;
use std::io::BufRead;

use demijohn_arrays::Array;

use super::build::{Graph, NoPayload, Payload};
use super::{Arena, Id, Value, Walk};
use crate::path::Path;
use crate::{Error, Limits, Result, known, machine};

/// A pickle that has been read: all its objects, and which of them is the one that was dumped.
///
/// [`root`](Self::root) is where to begin, [`at`](Self::at) goes to a place by its [path](crate::path). Values borrow
/// from the document; dropping it takes time in proportion to its size and no stack.
pub struct Document {
    pub(super) arena: Arena,
    root: Id,
    uses: Vec<(Id, u64)>,
}

/// A class or function that a pickle names; see [`Document::globals`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GlobalName<'d> {
    /// The module, by its name in Python 3.
    pub module: &'d str,
    /// The name in the module, by which Python 3 knows it. Dots in it lead to attributes.
    pub name: &'d str,
    /// Where the opcode that names it stands, in bytes from the beginning of the pickle.
    pub offset: u64,
}

impl GlobalName<'_> {
    /// Whether it is on the list of well-known names: see [`known::is_known_safe`].
    #[must_use]
    pub fn is_known_safe(&self) -> bool {
        known::is_known_safe(self.module, self.name)
    }
}

impl fmt::Display for GlobalName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.module, self.name)
    }
}

fn names<'d>(arena: &'d Arena, uses: &'d [(Id, u64)]) -> impl ExactSizeIterator<Item = GlobalName<'d>> {
    uses.iter().map(|&(id, offset)| {
        let global = arena.global(id).expect("only ids of globals are noted");
        GlobalName {
            module: &global.module,
            name: &global.name,
            offset,
        }
    })
}

impl Document {
    pub(super) fn new(mut arena: Arena, root: Id, uses: Vec<(Id, u64)>) -> Self {
        arena.root = Some(root);
        Self { arena, root, uses }
    }

    /// The object that was dumped.
    #[must_use]
    pub fn root(&self) -> Value<'_> {
        Value {
            arena: &self.arena,
            id: self.root,
        }
    }

    /// The value at a [path](crate::path), such as `layers[3].weight`.
    ///
    /// # Errors
    /// [`Parameter`](crate::ErrorKind::Parameter) if that is no path, or if nothing is there; the error says how far
    /// the path leads, and what is there.
    pub fn at(&self, path: &str) -> Result<Value<'_>> {
        self.root().follow(&path.parse()?)
    }

    /// How many objects there are, counting small ones and those that only helped to build others.
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.arena.len()
    }

    /// Every class and function that the pickle names, in the order of the stream, as often as it names them, also
    /// those whose results it throws away.
    #[must_use]
    pub fn globals(&self) -> impl ExactSizeIterator<Item = GlobalName<'_>> {
        names(&self.arena, &self.uses)
    }

    /// All values that can be reached from the root, each once, with their paths: parents before children, children in
    /// the order of the stream.
    #[must_use]
    pub fn walk(&self) -> Walk<'_> {
        Walk::new(self.root())
    }

    /// Takes an array out without copying it. Afterwards, there is no array at that place, nor wherever else the
    /// document refers to the same one; a byte string that it was made of is empty.
    ///
    /// # Errors
    /// [`Parameter`](crate::ErrorKind::Parameter) if that is no path, or if no array is there.
    pub fn take_array(&mut self, path: &str) -> Result<Array> {
        let path: Path = path.parse()?;
        let value = self.root().follow(&path)?;
        value.array()?;
        let id = value.id();
        let taken = self.arena.take_array(id);
        taken.ok_or_else(|| Error::parameter(format!("no array at {path}")))
    }

    /// Turns strings of Python 2 that are no ASCII into `bytes`, for who wants to write them for Python 3: that takes
    /// such strings for ASCII, and refuses a pickle with others.
    pub fn str8_to_bytes(&mut self) {
        self.arena.str8_to_bytes();
    }

    /// The array that was dumped, if it was one by itself.
    ///
    /// # Errors
    /// [`Parameter`](crate::ErrorKind::Parameter) if it was something else.
    pub fn into_array(mut self) -> Result<Array> {
        self.take_array("")
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
    scan(source, options, payload).outcome
}

/// What was found in a stream, whether or not it is a whole pickle.
#[derive(Debug)]
pub struct Scan {
    /// The document, or why there is none.
    pub outcome: Result<Document>,
    /// What was named until the error, if there was one.
    partial: Option<(Arena, Vec<(Id, u64)>)>,
}

impl Scan {
    /// Every class and function that the stream names, as [`Document::globals`] has them; if reading failed, those that
    /// came before that.
    #[must_use]
    pub fn globals(&self) -> Vec<GlobalName<'_>> {
        match (&self.outcome, &self.partial) {
            (Ok(document), _) => document.globals().collect(),
            (Err(_), Some((arena, uses))) => names(arena, uses).collect(),
            (Err(_), None) => Vec::new(),
        }
    }
}

/// Reads one pickle as [`read_with`] does, but keeps what it names if it turns out to be damaged: a program that runs
/// pickles would have run those calls before it noticed.
pub fn scan(source: &mut impl BufRead, options: &ReadOptions, payload: &mut dyn Payload) -> Scan {
    let mut graph = Graph::new(payload);
    match machine::run(source, options.length, &options.limits, &mut graph) {
        Ok(root) => Scan {
            outcome: Ok(graph.finish(root)),
            partial: None,
        },
        Err(error) => Scan {
            outcome: Err(error),
            partial: Some(graph.into_parts()),
        },
    }
}
