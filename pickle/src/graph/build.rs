//! The builder of documents.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::io::BufRead;
use std::vec::Drain;

use demijohn_arrays::{Array, DType, Layout, Order, Scalar};

use super::arena::{Arena, Node, Term, View};
use super::{AbsentArray, AbsentBytes, Document, How, Id, Kind, Value};
use crate::known::Callable;
use crate::numpy::{self, Described};
use crate::{Builder, Error, Raw, Result};

/// Data that stands in the stream behind a `BUILD`, outside of the pickle.
pub trait Payload {
    /// Called after each `BUILD`, with the object that has just got its state. If this is the kind of object that data
    /// follows, reads the data from `raw`, or leaves it to the caller if it is a pickle. What is found stands for the
    /// object from now on, wherever the object is referred to.
    ///
    /// # Errors
    /// Whatever is wrong with the data.
    fn read(&mut self, object: Value<'_>, raw: &mut Raw<'_>) -> Result<Found>;

    /// Called for an object that an array was found for: the class that the object names for it. Of those,
    /// `numpy.matrix` is kept; arrays of all others are plain ones, as they are by default.
    fn subclass<'d>(&self, object: Value<'d>) -> Option<Value<'d>> {
        let _ = object;
        None
    }

    /// Called for each long byte string ([`LONG`](crate::machine::LONG)), with the stream where its `len` bytes begin.
    /// Who wants none of them goes past exactly these bytes and answers `true`: of the string, only its length is known
    /// then, and an array that is made of it is an [`AbsentArray`]. By default they are read.
    ///
    /// Pickles that stand in the same stream are asked about too.
    ///
    /// # Errors
    /// What reading reports.
    fn pass_over(&mut self, len: u64, raw: &mut Raw<'_>) -> Result<bool> {
        let _ = (len, raw);
        Ok(false)
    }
}

/// What a [`Payload`] found behind an object.
#[derive(Debug)]
pub enum Found {
    /// Nothing: `raw` was left alone.
    Nothing,
    /// An array, which was read.
    Array(Array),
    /// An array whose data is not wanted. The source goes on behind the data, which [`Raw::skipped`] was told.
    Absent(AbsentArray),
    /// A pickle with a memo of its own, which is still to be read. In it, nothing is asked of the payload.
    Pickle,
    /// The same, but not in this stream.
    PickleIn(Apart),
}

/// A pickle outside of the stream.
pub struct Apart {
    /// Where to read it.
    pub source: Box<dyn BufRead>,
    /// What the first byte is counted as, in errors.
    pub position: u64,
    /// Where the source ends in the same count, if that is known; see [`ReadOptions::length`](crate::ReadOptions::length).
    pub length: Option<u64>,
    /// What errors call it.
    pub name: String,
}

impl fmt::Debug for Apart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Apart")
            .field("position", &self.position)
            .field("length", &self.length)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// No data between opcodes: a plain pickle.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoPayload;

impl Payload for NoPayload {
    fn read(&mut self, _: Value<'_>, _: &mut Raw<'_>) -> Result<Found> {
        Ok(Found::Nothing)
    }
}

// Nodes that every graph begins with, so that the commonest values cost nothing each.
const NONE: Id = Id::new(0);
const FALSE: Id = Id::new(1);
const TRUE: Id = Id::new(2);
const EMPTY_TUPLE: Id = Id::new(3);

impl Value<'_> {
    /// Whether it is one of these, which stand in many places at once.
    pub(super) fn is_common(self) -> bool {
        self.id <= EMPTY_TUPLE
    }
}

/// Texts and containers from this size on are turned into other values once only: see [`Graph::first_use`].
const LONG: usize = 64;

/// Byte strings from this size on are read into memory that an array may have.
const OWN: u64 = 1 << 16;

pub(super) struct Graph<'p> {
    arena: Arena,
    payload: &'p mut dyn Payload,
    /// Whether a nested pickle is being read.
    nested: bool,
    /// Whether it is in another stream.
    apart: bool,
    /// Every naming of a global, with its offset.
    uses: Vec<(Id, u64)>,
    /// Long values that another one was made of.
    used: HashSet<Id>,
}

impl<'p> Graph<'p> {
    pub(super) fn new(payload: &'p mut dyn Payload) -> Self {
        let mut arena = Arena::default();
        let empty = Node::Tuple(arena.keep_ids([].into_iter()));
        for node in [Node::None, Node::Bool(false), Node::Bool(true), empty] {
            arena.add(node).expect("there is room for four");
        }
        Self {
            arena,
            payload,
            nested: false,
            apart: false,
            uses: Vec::new(),
            used: HashSet::new(),
        }
    }

    pub(super) fn finish(self, root: Id) -> Document {
        Document::new(self.arena, root, self.uses)
    }

    pub(super) fn into_parts(self) -> (Arena, Vec<(Id, u64)>) {
        (self.arena, self.uses)
    }

    fn value(&self, id: Id) -> Value<'_> {
        Value {
            arena: &self.arena,
            id,
        }
    }

    fn term(&mut self, how: How, callable: Id, args: Id, kwargs: Option<Id>) -> Result<Id> {
        self.arena.add_term(Term {
            how,
            callable,
            args,
            kwargs,
            state: None,
            more: None,
        })
    }

    /// Whether a value of `len` parts may be copied into another one. Two bytes of a stream can refer to a value of any
    /// size, so long ones are copied once; no writer asks for more.
    fn first_use(&mut self, id: Id, len: usize) -> bool {
        len < LONG || self.used.insert(id)
    }

    /// The value of a call that stands in for an opcode which the protocol did not have yet.
    fn without_opcode(&mut self, callable: Id, args: Id) -> Result<Option<Node>> {
        let Some(known) = self.arena.global(callable).and_then(|global| global.known) else {
            return Ok(None);
        };
        let View::Tuple(args) = self.arena.view(args) else {
            return Ok(None);
        };
        let node = match (known, args) {
            (Callable::Bytes, []) => Node::Bytes(self.arena.keep(Cow::Borrowed(&[]))),
            (Callable::ByteArray, []) => Node::ByteArray(self.arena.keep(Cow::Borrowed(&[]))),
            (Callable::ByteArray, &[bytes]) => match self.arena.raw(bytes) {
                // What a span points to never changes, so both may point there.
                Node::Bytes(span) => Node::ByteArray(span),
                Node::AbsentBytes(_) => return self.absent_bytearray(bytes),
                _ => return Ok(None),
            },
            (Callable::Encode, &[text, encoding]) => {
                let Some(bytes) = self.latin1(text, encoding) else {
                    return Ok(None);
                };
                if !self.first_use(text, bytes.len()) {
                    return Ok(None);
                }
                Node::Bytes(self.arena.keep(bytes.into()))
            }
            (Callable::Set | Callable::FrozenSet, &[list]) => {
                let View::List(items) = self.arena.view(list) else {
                    return Ok(None);
                };
                let items = items.to_vec();
                if !self.first_use(list, items.len()) {
                    return Ok(None);
                }
                if known == Callable::Set {
                    Node::Set(self.arena.add_list(items)?)
                } else {
                    Node::FrozenSet(self.arena.keep_ids(items.into_iter()))
                }
            }
            _ => return Ok(None),
        };
        Ok(Some(node))
    }

    /// The bytes that a text stands for in `_codecs.encode(text, "latin1")`.
    fn latin1(&self, text: Id, encoding: Id) -> Option<Vec<u8>> {
        let encoding = self.value(encoding).as_str()?;
        if !matches!(encoding, "latin1" | "latin-1") {
            return None;
        }
        let View::Str(text) = self.arena.view(text) else {
            return None;
        };
        text.chars().map(|c| u8::try_from(c).ok()).collect()
    }

    /// Turns a call into the array it makes, if it does.
    fn make_array(&mut self, id: Id, data: Option<Id>) -> Result<()> {
        let Some(data) = data else { return Ok(()) };
        let len = self.value(data).len().unwrap_or(usize::MAX);
        if !self.first_use(data, len) {
            return Ok(());
        }
        let class = numpy::subclass_of(self.value(id));
        let node = match numpy::describe(self.value(id)) {
            // What does not fit together stays the call it is; `Value::array` says why.
            Err(_) => return Ok(()),
            Ok(Described::Objects(_)) if class.is_some() => return Ok(()),
            Ok(Described::Objects(objects)) => self.arena.keep_objects(objects)?,
            Ok(Described::Raw(raw)) => {
                let memory = self.arena.memory_of(data).filter(|_| raw.transposed.is_none());
                if let Some(absent) = raw.absent() {
                    self.arena.keep_absent_array(absent)?
                } else if let Some(memory) = memory {
                    let layout = raw.layout;
                    self.arena.keep_array_in(memory, layout)?
                } else if let Ok(array) = raw.to_array() {
                    self.arena.keep_array(array)?
                } else {
                    return Ok(());
                }
            }
        };
        self.arena.replace(id, node);
        self.arena.set_array_class(id, class);
        Ok(())
    }

    /// A `bytearray` of bytes that were passed over.
    fn absent_bytearray(&mut self, bytes: Id) -> Result<Option<Node>> {
        let View::AbsentBytes(absent) = self.arena.view(bytes) else {
            return Ok(None);
        };
        let kind = Kind::ByteArray;
        let id = self.arena.add_absent_bytes(AbsentBytes { kind, ..*absent })?;
        Ok(Some(self.arena.raw(id)))
    }

    /// Puts the object of another pickle in the place of `object`.
    fn nest(&mut self, object: Id, run: impl FnOnce(&mut Self) -> Result<Id>) -> Result<()> {
        let before = self.arena.extent();
        self.nested = true;
        let inner = run(self)?;
        self.nested = false;
        let node = self.arena.raw(inner);
        self.arena.replace(object, node);
        let class = self.arena.array_class(inner);
        self.arena.set_array_class(object, class);
        // It may hold itself.
        self.arena.redirect(inner, object, &before);
        Ok(())
    }

    fn refuse<T>(&self, what: &str, target: Id) -> Result<T> {
        let target = self.value(target).kind();
        Err(Error::corrupt(format!("malformed pickle: {what} a {target}")))
    }
}

/// Pairs out of key, value, key, value, …
fn paired(mut pairs: Drain<'_, Id>) -> impl Iterator<Item = (Id, Id)> {
    std::iter::from_fn(move || Some((pairs.next()?, pairs.next()?)))
}

impl Builder for Graph<'_> {
    type Node = Id;

    fn dup(&mut self, node: &Id) -> Id {
        *node
    }

    fn none(&mut self) -> Result<Id> {
        Ok(NONE)
    }

    fn bool(&mut self, value: bool) -> Result<Id> {
        Ok(if value { TRUE } else { FALSE })
    }

    fn int(&mut self, value: i64) -> Result<Id> {
        self.arena.add(Node::Int(value))
    }

    fn long(&mut self, bytes: Cow<'_, [u8]>) -> Result<Id> {
        let span = self.arena.keep(bytes);
        self.arena.add(Node::Long(span))
    }

    fn float(&mut self, value: f64) -> Result<Id> {
        self.arena.add(Node::Float(value))
    }

    fn str(&mut self, text: Cow<'_, str>) -> Result<Id> {
        self.arena.add_str(text)
    }

    fn wtf8(&mut self, text: Cow<'_, [u8]>) -> Result<Id> {
        let span = self.arena.keep(text);
        self.arena.add(Node::Wtf8(span))
    }

    fn str8(&mut self, bytes: Cow<'_, [u8]>) -> Result<Id> {
        let span = self.arena.keep(bytes);
        self.arena.add(Node::Str8(span))
    }

    fn long_bytes(&mut self, kind: Kind, len: u64, raw: &mut Raw<'_>) -> Result<Option<Id>> {
        let offset = raw.position();
        if !self.apart && self.payload.pass_over(len, raw)? {
            let absent = AbsentBytes { kind, offset, len };
            return self.arena.add_absent_bytes(absent).map(Some);
        }
        if len < OWN {
            return Ok(None);
        }
        // Into memory that an array can take over.
        raw.spend(len)?;
        let bytes = DType::new(Scalar::Uint8);
        let layout = Layout::from_extents(bytes, [len.into()], Order::C)?;
        let available = raw.available();
        let span = self.arena.keep_raw(Array::read(layout, raw, available)?);
        let node = match kind {
            Kind::Str8 => Node::Str8(span),
            Kind::ByteArray => Node::ByteArray(span),
            _ => Node::Bytes(span),
        };
        self.arena.add(node).map(Some)
    }

    fn bytes(&mut self, bytes: Cow<'_, [u8]>) -> Result<Id> {
        let span = self.arena.keep(bytes);
        self.arena.add(Node::Bytes(span))
    }

    fn bytearray(&mut self, bytes: Cow<'_, [u8]>) -> Result<Id> {
        let span = self.arena.keep(bytes);
        self.arena.add(Node::ByteArray(span))
    }

    fn tuple(&mut self, items: Drain<'_, Id>) -> Result<Id> {
        if items.len() == 0 {
            Ok(EMPTY_TUPLE)
        } else {
            let span = self.arena.keep_ids(items);
            self.arena.add(Node::Tuple(span))
        }
    }

    fn list(&mut self, items: Drain<'_, Id>) -> Result<Id> {
        let index = self.arena.add_list(items.collect())?;
        self.arena.add(Node::List(index))
    }

    fn dict(&mut self) -> Result<Id> {
        self.arena.add_dict()
    }

    fn set(&mut self) -> Result<Id> {
        let index = self.arena.add_list(Vec::new())?;
        self.arena.add(Node::Set(index))
    }

    fn frozenset(&mut self, items: Drain<'_, Id>) -> Result<Id> {
        let span = self.arena.keep_ids(items);
        self.arena.add(Node::FrozenSet(span))
    }

    fn append(&mut self, target: &Id, items: Drain<'_, Id>) -> Result<()> {
        self.arena.changes(*target);
        match self.arena.raw(*target) {
            Node::List(list) => self.arena.list_mut(list).extend(items),
            Node::Object(term) => self.arena.term_mut(term).more_mut().items.extend(items),
            _ => return self.refuse("cannot append to", *target),
        }
        Ok(())
    }

    fn set_items(&mut self, target: &Id, pairs: Drain<'_, Id>) -> Result<()> {
        self.arena.changes(*target);
        match self.arena.raw(*target) {
            Node::Dict(dict) => self.arena.dict_mut(dict).extend(paired(pairs)),
            Node::Object(term) => self.arena.term_mut(term).more_mut().pairs.extend(paired(pairs)),
            _ => return self.refuse("cannot set items of", *target),
        }
        Ok(())
    }

    fn add_items(&mut self, target: &Id, items: Drain<'_, Id>) -> Result<()> {
        self.arena.changes(*target);
        match self.arena.raw(*target) {
            Node::Set(set) => self.arena.list_mut(set).extend(items),
            Node::Object(term) => self.arena.term_mut(term).more_mut().items.extend(items),
            _ => return self.refuse("cannot add to", *target),
        }
        Ok(())
    }

    fn text<'a>(&'a self, node: &'a Id) -> Option<&'a str> {
        match self.arena.view(*node) {
            View::Str(text) => Some(text),
            View::Str8(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    fn global(&mut self, module: &str, name: &str, at: u64) -> Result<Id> {
        let id = self.arena.add_global(module, name)?;
        self.uses.push((id, at));
        Ok(id)
    }

    fn reduce(&mut self, callable: Id, args: Id) -> Result<Id> {
        if let Some(node) = self.without_opcode(callable, args)? {
            return self.arena.add(node);
        }
        let id = self.term(How::Reduce, callable, args, None)?;
        let data = numpy::buffer_of(self.value(id));
        self.make_array(id, data)?;
        Ok(id)
    }

    fn newobj(&mut self, class: Id, args: Id) -> Result<Id> {
        self.term(How::NewObj, class, args, None)
    }

    fn newobj_ex(&mut self, class: Id, args: Id, kwargs: Id) -> Result<Id> {
        self.term(How::NewObjEx, class, args, Some(kwargs))
    }

    fn instance(&mut self, class: Id, args: Drain<'_, Id>) -> Result<Id> {
        let args = self.tuple(args)?;
        self.term(How::Instance, class, args, None)
    }

    fn build(&mut self, object: Id, state: Id, raw: &mut Raw<'_>) -> Result<Id> {
        let Node::Object(index) = self.arena.raw(object) else {
            return self.refuse("BUILD of", object);
        };
        self.arena.changes(object);
        let term = self.arena.term_mut(index);
        if let Some(earlier) = term.state.replace(state) {
            term.more_mut().earlier_states.push(earlier);
        }
        let found = if self.nested {
            Found::Nothing
        } else {
            let value = Value {
                arena: &self.arena,
                id: object,
            };
            self.payload.read(value, raw)?
        };
        if let Found::Array(_) | Found::Absent(_) = found {
            let class = self.payload.subclass(self.value(object));
            let class = class.map(|class| class.id).filter(|&class| {
                let global = self.arena.global(class);
                global.is_some_and(|global| global.known == Some(Callable::Matrix))
            });
            self.arena.set_array_class(object, class);
        }
        // In place, so that the memo and every container hold the array too.
        match found {
            Found::Nothing => {
                let data = numpy::data_of(self.value(object));
                self.make_array(object, data)?;
            }
            Found::Array(array) => {
                let node = self.arena.keep_array(array)?;
                self.arena.replace(object, node);
            }
            Found::Absent(absent) => {
                let node = self.arena.keep_absent_array(absent)?;
                self.arena.replace(object, node);
            }
            Found::Pickle => self.nest(object, |graph| raw.nested(graph))?,
            Found::PickleIn(apart) => {
                self.apart = true;
                self.nest(object, |graph| raw.nested_in(apart, graph))?;
                self.apart = false;
            }
        }
        Ok(object)
    }

    fn readonly_buffer(&mut self, buffer: Id) -> Result<Id> {
        match self.arena.raw(buffer) {
            Node::Bytes(_) => Ok(buffer),
            _ => Err(Error::unsupported(
                "read-only views of buffers other than bytes are not supported",
            )),
        }
    }
}
