//! Where the terms of a document are kept: a few vectors, and nodes of sixteen bytes that point into them.
//!
//! No node owns memory of its own, so a pickle of a million strings costs a handful of allocations, and dropping it as
//! many. A node may be named by any number of others; what it points to is never changed, only added to.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use demijohn_arrays::{Array, Layout};

use super::{AbsentArray, AbsentBytes, DTypes, How};
use crate::known::Callable;
use crate::{Error, Result};

/// Number of a node in its arena.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Id(u32);

impl Id {
    pub(crate) const fn new(n: u32) -> Self {
        Self(n)
    }

    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A stretch of one of the arena's vectors, or, if `len` is [`LARGE`], a piece that has its own allocation.
#[derive(Debug, Clone, Copy)]
#[repr(Rust, packed(4))]
pub(crate) struct Span {
    start: u64,
    len: u32,
}

/// Marks a span that is the number of a separate allocation.
const LARGE: u32 = u32::MAX;

/// Pieces from this size on keep the allocation they came in.
const OWN: usize = 1 << 16;

/// One term.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Node {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(Span),
    Long(Span),
    Wtf8(Span),
    Str8(Span),
    Bytes(Span),
    ByteArray(Span),
    Tuple(Span),
    FrozenSet(Span),
    List(u32),
    Set(u32),
    Dict(u32),
    Global(u32),
    Object(u32),
    Array(u32),
    ObjectArray(u32),
    /// An array that was taken out by value.
    Taken,
    /// A byte string that was not read.
    AbsentBytes(u32),
    /// An array whose data was not read.
    AbsentArray(u32),
}

/// What a node is, with its content.
#[derive(Clone, Copy)]
pub(crate) enum View<'d> {
    None,
    Bool(bool),
    Int(i64),
    /// Beyond 64 bits: two's complement, little-endian, as short as possible.
    Long(&'d [u8]),
    Float(f64),
    Str(&'d str),
    /// UTF-8 but for lone surrogates.
    Wtf8(&'d [u8]),
    /// Python 2's `str`.
    Str8(&'d [u8]),
    Bytes(&'d [u8]),
    ByteArray(&'d [u8]),
    Tuple(&'d [Id]),
    FrozenSet(&'d [Id]),
    List(&'d [Id]),
    Set(&'d [Id]),
    /// As the stream had them: should a key occur twice, the later one counts.
    Dict(&'d [(Id, Id)]),
    Global(&'d Global),
    Object(&'d Term),
    Array(&'d Array),
    ObjectArray(&'d Objects),
    Taken,
    AbsentBytes(&'d AbsentBytes),
    AbsentArray(&'d AbsentArray),
}

/// Something importable.
#[derive(Debug)]
pub(crate) struct Global {
    pub(crate) module: Box<str>,
    pub(crate) name: Box<str>,
    /// Which entry of the list of well-known names it is.
    pub(crate) known: Option<Callable>,
}

/// What a stream would have Python make by calling something.
#[derive(Debug)]
pub(crate) struct Term {
    pub(crate) how: How,
    pub(crate) callable: Id,
    pub(crate) args: Id,
    pub(crate) kwargs: Option<Id>,
    /// Given to it by `BUILD`: the last one.
    pub(crate) state: Option<Id>,
    pub(crate) more: Option<Box<More>>,
}

/// What few objects have.
#[derive(Debug, Default)]
pub(crate) struct More {
    /// Appended to the object.
    pub(crate) items: Vec<Id>,
    /// Set as items of the object.
    pub(crate) pairs: Vec<(Id, Id)>,
    /// States it was given before the last one.
    pub(crate) earlier_states: Vec<Id>,
}

impl Term {
    pub(crate) fn more_mut(&mut self) -> &mut More {
        self.more.get_or_insert_default()
    }

    /// All that it is made of.
    fn ids_mut(&mut self) -> impl Iterator<Item = &mut Id> {
        let more = self.more.iter_mut().flat_map(|more| {
            let pairs = more.pairs.iter_mut().flat_map(|(key, value)| [key, value]);
            more.items.iter_mut().chain(&mut more.earlier_states).chain(pairs)
        });
        let parts = [&mut self.callable, &mut self.args].into_iter();
        parts.chain(&mut self.kwargs).chain(&mut self.state).chain(more)
    }

    pub(crate) fn items(&self) -> &[Id] {
        self.more.as_ref().map_or(&[], |more| &more.items)
    }

    pub(crate) fn pairs(&self) -> &[(Id, Id)] {
        self.more.as_ref().map_or(&[], |more| &more.pairs)
    }

    pub(crate) fn earlier_states(&self) -> &[Id] {
        self.more.as_ref().map_or(&[], |more| &more.earlier_states)
    }

    /// Whether nothing was done to the object after it was made.
    pub(crate) fn is_bare(&self) -> bool {
        self.state.is_none() && self.more.is_none()
    }
}

/// An array of Python objects.
#[derive(Debug)]
pub(crate) struct Objects {
    /// What numpy would lay out.
    pub(crate) layout: Layout,
    /// In C order, whatever the order in memory.
    pub(crate) items: Box<[Id]>,
    /// The dtype as the stream has it, unless it is simply `object`.
    pub(crate) dtype: Option<Id>,
}

/// A large piece of bytes.
#[derive(Debug)]
enum Large {
    Bytes(Box<[u8]>),
    /// Read into memory that can become that of an array: an array of bytes.
    Raw(Array),
    /// What has become the array of this number.
    Of(u32),
}

/// Memory that an array can take over.
pub(crate) struct Memory(usize);

/// See [`Arena::extent`].
pub(crate) struct Extent {
    ids: usize,
    large_ids: usize,
    lists: usize,
    dicts: usize,
    terms: usize,
    objects: usize,
}

/// All terms of one document.
#[derive(Debug, Default)]
pub(crate) struct Arena {
    nodes: Vec<Node>,
    text: String,
    bytes: Vec<u8>,
    ids: Vec<Id>,
    large_text: Vec<Box<str>>,
    large_bytes: Vec<Large>,
    large_ids: Vec<Box<[Id]>>,
    lists: Vec<Vec<Id>>,
    dicts: Vec<Vec<(Id, Id)>>,
    globals: Vec<Global>,
    global_ids: HashMap<Box<str>, Id>,
    terms: Vec<Term>,
    arrays: Vec<Array>,
    objects: Vec<Objects>,
    absent_bytes: Vec<AbsentBytes>,
    absent_arrays: Vec<AbsentArray>,
    /// The subclasses of `ndarray` that arrays are of, where they are of one.
    array_classes: HashMap<Id, Id>,
    /// Behind a lock since finished documents are shared between threads.
    dtypes: Mutex<DTypes>,
    /// The object that was dumped, once that is known.
    pub(crate) root: Option<Id>,
}

fn number(n: usize) -> Result<u32> {
    u32::try_from(n).map_err(|_| Error::limit("more than 2^32 objects"))
}

fn span(start: usize, len: usize) -> Span {
    Span {
        start: start as u64,
        len: u32::try_from(len).expect("larger pieces are kept apart"),
    }
}

fn large(index: usize) -> Span {
    Span {
        start: index as u64,
        len: LARGE,
    }
}

/// The piece a span stands for.
fn piece<T>(span: Span, small: impl FnOnce(usize, usize) -> T, large: impl FnOnce(usize) -> T) -> T {
    let start = usize::try_from(span.start).expect("made from a usize");
    match span.len {
        LARGE => large(start),
        len => small(start, start + len as usize),
    }
}

impl Arena {
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn raw(&self, id: Id) -> Node {
        self.nodes[id.index()]
    }

    pub(crate) fn view(&self, id: Id) -> View<'_> {
        match self.raw(id) {
            Node::None => View::None,
            Node::Bool(value) => View::Bool(value),
            Node::Int(value) => View::Int(value),
            Node::Float(value) => View::Float(value),
            Node::Str(span) => View::Str(self.text(span)),
            Node::Long(span) => View::Long(self.blob(span)),
            Node::Wtf8(span) => View::Wtf8(self.blob(span)),
            Node::Str8(span) => View::Str8(self.blob(span)),
            Node::Bytes(span) => View::Bytes(self.blob(span)),
            Node::ByteArray(span) => View::ByteArray(self.blob(span)),
            Node::Tuple(span) => View::Tuple(self.run(span)),
            Node::FrozenSet(span) => View::FrozenSet(self.run(span)),
            Node::List(i) => View::List(&self.lists[i as usize]),
            Node::Set(i) => View::Set(&self.lists[i as usize]),
            Node::Dict(i) => View::Dict(&self.dicts[i as usize]),
            Node::Global(i) => View::Global(&self.globals[i as usize]),
            Node::Object(i) => View::Object(&self.terms[i as usize]),
            Node::Array(i) => View::Array(&self.arrays[i as usize]),
            Node::ObjectArray(i) => View::ObjectArray(&self.objects[i as usize]),
            Node::Taken => View::Taken,
            Node::AbsentBytes(i) => View::AbsentBytes(&self.absent_bytes[i as usize]),
            Node::AbsentArray(i) => View::AbsentArray(&self.absent_arrays[i as usize]),
        }
    }

    /// The dtypes that were read.
    pub(crate) fn dtypes(&self) -> MutexGuard<'_, DTypes> {
        self.dtypes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a value is about to change.
    pub(crate) fn changes(&mut self, id: Id) {
        let dtypes = self.dtypes.get_mut();
        dtypes.unwrap_or_else(PoisonError::into_inner).changed(id);
    }

    fn text(&self, span: Span) -> &str {
        piece(span, |a, b| &self.text[a..b], |i| &self.large_text[i])
    }

    fn blob(&self, span: Span) -> &[u8] {
        piece(
            span,
            |a, b| &self.bytes[a..b],
            |i| match &self.large_bytes[i] {
                Large::Bytes(bytes) => bytes,
                Large::Raw(array) => array.as_bytes(),
                Large::Of(array) => self.arrays[*array as usize].as_bytes(),
            },
        )
    }

    fn run(&self, span: Span) -> &[Id] {
        piece(span, |a, b| &self.ids[a..b], |i| &self.large_ids[i])
    }

    // Adding.

    pub(crate) fn add(&mut self, node: Node) -> Result<Id> {
        let id = number(self.nodes.len())?;
        self.nodes.push(node);
        Ok(Id(id))
    }

    pub(crate) fn replace(&mut self, id: Id, node: Node) {
        self.nodes[id.index()] = node;
    }

    pub(crate) fn add_str(&mut self, text: std::borrow::Cow<'_, str>) -> Result<Id> {
        let span = if text.len() < OWN {
            let start = self.text.len();
            self.text.push_str(&text);
            span(start, text.len())
        } else {
            self.large_text.push(text.into());
            large(self.large_text.len() - 1)
        };
        self.add(Node::Str(span))
    }

    /// Keeps bytes; `node` says what they are.
    pub(crate) fn keep(&mut self, bytes: std::borrow::Cow<'_, [u8]>) -> Span {
        if bytes.len() < OWN {
            let start = self.bytes.len();
            self.bytes.extend_from_slice(&bytes);
            span(start, bytes.len())
        } else {
            self.large_bytes.push(Large::Bytes(bytes.into()));
            large(self.large_bytes.len() - 1)
        }
    }

    /// Keeps bytes that were read as an array of bytes.
    pub(crate) fn keep_raw(&mut self, bytes: Array) -> Span {
        self.large_bytes.push(Large::Raw(bytes));
        large(self.large_bytes.len() - 1)
    }

    /// The memory of a byte string that an array can take over, as [`keep_raw`](Self::keep_raw) keeps it.
    pub(crate) fn memory_of(&self, id: Id) -> Option<Memory> {
        let (Node::Bytes(span) | Node::ByteArray(span) | Node::Str8(span)) = self.raw(id) else {
            return None;
        };
        let index = piece(span, |_, _| None, Some)?;
        matches!(self.large_bytes[index], Large::Raw(_)).then_some(Memory(index))
    }

    /// Makes an array in the memory of a byte string: the two are one from now on.
    pub(crate) fn keep_array_in(&mut self, memory: Memory, layout: Layout) -> Result<Node> {
        let next = number(self.arrays.len())?;
        let Large::Raw(bytes) = std::mem::replace(&mut self.large_bytes[memory.0], Large::Of(next)) else {
            return Err(Error::parameter("the memory of a byte string was taken twice"));
        };
        self.keep_array(bytes.with_layout(layout)?)
    }

    pub(crate) fn add_absent_bytes(&mut self, bytes: AbsentBytes) -> Result<Id> {
        let index = number(self.absent_bytes.len())?;
        self.absent_bytes.push(bytes);
        self.add(Node::AbsentBytes(index))
    }

    pub(crate) fn keep_absent_array(&mut self, array: AbsentArray) -> Result<Node> {
        let index = number(self.absent_arrays.len())?;
        self.absent_arrays.push(array);
        Ok(Node::AbsentArray(index))
    }

    pub(crate) fn keep_ids(&mut self, ids: impl ExactSizeIterator<Item = Id>) -> Span {
        if ids.len() < OWN {
            let (start, len) = (self.ids.len(), ids.len());
            self.ids.extend(ids);
            span(start, len)
        } else {
            self.large_ids.push(ids.collect());
            large(self.large_ids.len() - 1)
        }
    }

    /// A place for the items of a list or set.
    pub(crate) fn add_list(&mut self, items: Vec<Id>) -> Result<u32> {
        let index = number(self.lists.len())?;
        self.lists.push(items);
        Ok(index)
    }

    pub(crate) fn list_mut(&mut self, index: u32) -> &mut Vec<Id> {
        &mut self.lists[index as usize]
    }

    pub(crate) fn add_dict(&mut self) -> Result<Id> {
        let index = number(self.dicts.len())?;
        self.dicts.push(Vec::new());
        self.add(Node::Dict(index))
    }

    pub(crate) fn dict_mut(&mut self, index: u32) -> &mut Vec<(Id, Id)> {
        &mut self.dicts[index as usize]
    }

    pub(crate) fn add_term(&mut self, term: Term) -> Result<Id> {
        let index = number(self.terms.len())?;
        self.terms.push(term);
        self.add(Node::Object(index))
    }

    pub(crate) fn term_mut(&mut self, index: u32) -> &mut Term {
        &mut self.terms[index as usize]
    }

    pub(crate) fn keep_array(&mut self, array: Array) -> Result<Node> {
        let index = number(self.arrays.len())?;
        self.arrays.push(array);
        Ok(Node::Array(index))
    }

    /// The subclass of `ndarray` that an array is of: a global.
    pub(crate) fn array_class(&self, array: Id) -> Option<Id> {
        self.array_classes.get(&array).copied()
    }

    pub(crate) fn set_array_class(&mut self, array: Id, class: Option<Id>) {
        if let Some(class) = class {
            self.array_classes.insert(array, class);
        }
    }

    pub(crate) fn keep_objects(&mut self, objects: Objects) -> Result<Node> {
        let index = number(self.objects.len())?;
        self.objects.push(objects);
        Ok(Node::ObjectArray(index))
    }

    /// The node of a global; each is there once, however often it is named.
    pub(crate) fn add_global(&mut self, module: &str, name: &str) -> Result<Id> {
        // The length keeps `a.b` and `c` apart from `a` and `b.c`, whatever characters they are made of.
        let key = format!("{} {module}{name}", module.len());
        if let Some(&id) = self.global_ids.get(key.as_str()) {
            return Ok(id);
        }
        let index = number(self.globals.len())?;
        self.globals.push(Global {
            module: module.into(),
            name: name.into(),
            known: Callable::of(module, name),
        });
        let id = self.add(Node::Global(index))?;
        self.global_ids.insert(key.into(), id);
        Ok(id)
    }

    pub(crate) fn global(&self, id: Id) -> Option<&Global> {
        match self.view(id) {
            View::Global(global) => Some(global),
            _ => None,
        }
    }

    /// Makes `bytes` of what is no ASCII among the strings of Python 2.
    pub(crate) fn str8_to_bytes(&mut self) {
        for index in 0..self.nodes.len() {
            if let Node::Str8(span) = self.nodes[index]
                && !self.blob(span).is_ascii()
            {
                self.nodes[index] = Node::Bytes(span);
            }
        }
    }

    /// How much there is of what refers to nodes.
    pub(crate) fn extent(&self) -> Extent {
        Extent {
            ids: self.ids.len(),
            large_ids: self.large_ids.len(),
            lists: self.lists.len(),
            dicts: self.dicts.len(),
            terms: self.terms.len(),
            objects: self.objects.len(),
        }
    }

    /// Makes all that was added since then refer to `to` where it refers to `from`.
    pub(crate) fn redirect(&mut self, from: Id, to: Id, since: &Extent) {
        let mut redirect = |id: &mut Id| {
            if *id == from {
                *id = to;
            }
        };
        self.ids[since.ids..].iter_mut().for_each(&mut redirect);
        let large = self.large_ids[since.large_ids..].iter_mut().flatten();
        large.for_each(&mut redirect);
        let lists = self.lists[since.lists..].iter_mut().flatten();
        lists.for_each(&mut redirect);
        let objects = self.objects[since.objects..].iter_mut();
        objects
            .flat_map(|objects| &mut objects.items)
            .for_each(&mut redirect);
        for (key, value) in self.dicts[since.dicts..].iter_mut().flatten() {
            redirect(key);
            redirect(value);
        }
        for term in &mut self.terms[since.terms..] {
            term.ids_mut().for_each(&mut redirect);
        }
    }

    /// Takes an array out by value.
    pub(crate) fn take_array(&mut self, id: Id) -> Option<Array> {
        let Node::Array(index) = self.raw(id) else {
            return None;
        };
        let empty = Layout::new(
            demijohn_arrays::DType::new(demijohn_arrays::Scalar::Uint8),
            &[0],
            demijohn_arrays::Order::C,
        );
        self.replace(id, Node::Taken);
        Some(std::mem::replace(
            &mut self.arrays[index as usize],
            Array::zeros(empty.ok()?).ok()?,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_small() {
        assert_eq!(size_of::<Node>(), 16);
    }

    #[test]
    fn pieces_of_all_sizes_come_back() {
        let mut arena = Arena::default();
        for len in [0, 1, OWN - 1, OWN, OWN + 1, 0, 7] {
            let text = "x".repeat(len);
            let id = arena.add_str(text.as_str().into()).unwrap();
            assert!(matches!(arena.view(id), View::Str(t) if t == text));
            let span = arena.keep(text.as_bytes().into());
            assert_eq!(arena.blob(span), text.as_bytes());
            let ids = arena.keep_ids(vec![id; len].into_iter());
            assert_eq!(arena.run(ids).len(), len);
        }
        assert_eq!(
            (
                arena.large_text.len(),
                arena.large_bytes.len(),
                arena.large_ids.len()
            ),
            (2, 2, 2)
        );
    }

    #[test]
    fn globals_are_there_once() {
        let mut arena = Arena::default();
        let ids: Vec<Id> = [("a", "b"), ("a", "c"), ("a", "b"), ("ab", ""), ("", "ab")]
            .iter()
            .map(|(module, name)| arena.add_global(module, name).unwrap())
            .collect();
        assert_eq!(ids[0], ids[2]);
        assert_eq!(arena.len(), 4);
    }
}
