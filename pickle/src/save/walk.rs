//! Writes documents back, in the order in which `pickle.py` would visit the objects, with a stack of its own.

use std::collections::HashMap;
use std::io::Write;

use demijohn_arrays::{Array, Layout, Order};

use super::{ArrayWriter, Pickler};
use crate::graph::{How, Id, Objects, Term, View};
use crate::{Batch, Emitter, Error, MemoId, Protocol, Result, Value, numpy};

pub(super) fn write<W: Write, A: ArrayWriter>(root: Value<'_>, pickler: &mut Pickler<W, A>) -> Result<()> {
    write_with(root, pickler, Memo::Dense(vec![None; root.arena_len()]))
}

fn write_with<W: Write, A: ArrayWriter>(
    root: Value<'_>,
    pickler: &mut Pickler<W, A>,
    memo: Memo,
) -> Result<()> {
    let mut walk = Walk {
        root,
        pickler,
        memo,
        stack: Vec::new(),
        open_sets: HashMap::new(),
    };
    walk.save(root.id())?;
    while let Some(mut frame) = walk.stack.pop() {
        if let Some(child) = walk.advance(&mut frame)? {
            walk.stack.push(frame);
            walk.save(child)?;
        }
    }
    Ok(())
}

/// Where each node is in the memo of the pickle being written.
enum Memo {
    Dense(Vec<Option<MemoId>>),
    /// For a pickle of which there may be many in a document, each of a small part of it.
    Sparse(HashMap<Id, MemoId>),
}

impl Memo {
    fn get(&self, id: Id) -> Option<MemoId> {
        match self {
            Self::Dense(memo) => memo[id.index()],
            Self::Sparse(memo) => memo.get(&id).copied(),
        }
    }

    fn set(&mut self, id: Id, memo_id: MemoId) {
        match self {
            Self::Dense(memo) => memo[id.index()] = Some(memo_id),
            Self::Sparse(memo) => {
                memo.insert(id, memo_id);
            }
        }
    }
}

struct Walk<'w, 'd, W, A> {
    root: Value<'d>,
    pickler: &'w mut Pickler<W, A>,
    memo: Memo,
    stack: Vec<Frame<'d>>,
    /// How often each set is being written, in protocols that have no opcode for one.
    open_sets: HashMap<Id, u8>,
}

/// A container whose items are being written.
struct Frame<'d> {
    id: Id,
    /// How many of its parts have been written, or are on the stack above.
    next: usize,
    parts: Parts<'d>,
}

enum Parts<'d> {
    /// A list or set, which was memoized before its items.
    Items(&'d [Id], Batch),
    /// A dict, which was memoized before its pairs.
    Pairs(&'d [(Id, Id)], Batch),
    /// A tuple or frozenset, which exists only after its items.
    Whole(&'d [Id], Close),
    /// A set or frozenset as a call on a list, which exists only after its items.
    SetCall(&'d [Id], Batch),
    /// The callable and arguments of an object.
    Call(&'d Term),
    /// The same with keyword arguments, where there is no opcode for that.
    PartialCall(&'d Term, Option<MemoId>),
    States(Vec<Id>),
    /// The dtype of an array of objects, if it has to be written as a part, and the list in its state.
    Objects(&'d Objects, Batch),
}

#[derive(Clone, Copy, PartialEq)]
enum Close {
    Tuple,
    FrozenSet,
}

impl<'d, W: Write, A: ArrayWriter> Walk<'_, 'd, W, A> {
    fn out(&mut self) -> &mut Emitter<W> {
        &mut self.pickler.out
    }

    fn memoize(&mut self, id: Id) -> Result<()> {
        let memo_id = self.out().memoize()?;
        self.memo.set(id, memo_id);
        Ok(())
    }

    fn push(&mut self, id: Id, parts: Parts<'d>) {
        self.stack.push(Frame { id, next: 0, parts });
    }

    /// Writes a value, or begins to.
    fn save(&mut self, id: Id) -> Result<()> {
        if let Some(memo) = self.memo.get(id) {
            return self.out().get(memo);
        }
        let has_sets = self.out().protocol() >= Protocol::V4;
        match self.root.at(id).node() {
            View::None => return self.out().none(),
            View::Bool(value) => return self.out().bool(value),
            View::Int(value) => return self.out().int(value),
            View::Long(bytes) => return self.out().long(bytes),
            View::Float(value) => return self.out().float(value),
            View::Tuple([]) => return self.out().tuple(0),
            View::Array(array) => {
                let Pickler { out, arrays } = &mut *self.pickler;
                // As a call whatever the format: joblib's wrapper names the subclass, but since numpy 2 joblib does not
                // make one of it.
                let memo_id = match self.root.at(id).array_class() {
                    Some(class) => write_array(array, &mut numpy::Inline::of_class(class), out)?,
                    None => write_array(array, arrays, out)?,
                };
                if let Some(memo_id) = memo_id {
                    self.memo.set(id, memo_id);
                }
                return Ok(());
            }
            View::Taken => {
                return Err(Error::parameter(
                    "an array that was taken out of the document cannot be written",
                ));
            }

            View::AbsentBytes(_) | View::AbsentArray(_) => {
                return Err(Error::parameter(
                    "arrays and byte strings that were not read cannot be written",
                ));
            }

            View::Str(text) => self.out().str(text)?,
            View::Wtf8(text) => self.out().wtf8(text)?,
            View::Str8(bytes) => self.out().str8(bytes)?,
            View::Bytes(bytes) => self.out().bytes(bytes)?,
            View::ByteArray(bytes) => self.out().bytearray(bytes)?,
            View::Global(global) => self.out().global(&global.module, &global.name)?,

            View::List(items) => {
                self.out().list()?;
                self.push(id, Parts::Items(items, Batch::append(Some(items.len()))));
            }
            View::Set(items) if has_sets => {
                self.out().set()?;
                self.push(id, Parts::Items(items, Batch::add()));
            }
            View::Dict(pairs) => {
                self.out().dict()?;
                self.push(id, Parts::Pairs(pairs, Batch::set_items(Some(pairs.len()))));
            }
            View::Tuple(items) => {
                self.out().begin()?;
                if items.len() > 3 {
                    self.out().mark()?;
                }
                self.push(id, Parts::Whole(items, Close::Tuple));
                return Ok(());
            }
            View::FrozenSet(items) if has_sets => {
                self.out().begin()?;
                self.out().mark()?;
                self.push(id, Parts::Whole(items, Close::FrozenSet));
                return Ok(());
            }
            View::Set(items) => return self.begin_set_call(id, "set", items),
            View::FrozenSet(items) => return self.begin_set_call(id, "frozenset", items),
            View::Object(term) => {
                self.out().begin()?;
                match term.how {
                    How::NewObjEx if !has_sets => self.push(id, Parts::PartialCall(term, None)),
                    How::Instance => {
                        self.out().mark()?;
                        self.push(id, Parts::Call(term));
                    }
                    _ => self.push(id, Parts::Call(term)),
                }
                return Ok(());
            }
            View::ObjectArray(objects) => return self.begin_objects(id, objects),
        }
        self.memoize(id)
    }

    /// Begins `set([…])`.
    fn begin_set_call(&mut self, id: Id, name: &str, items: &'d [Id]) -> Result<()> {
        let open = self.open_sets.entry(id).or_default();
        *open += 1;
        // Once more is what happens where an object in the set refers back to it; that object is in the memo then.
        if *open > 2 {
            let protocol = self.out().protocol().number();
            let message = format!("a set that contains itself cannot be written in protocol {protocol}");
            return Err(Error::unsupported(message));
        }
        let out = self.out();
        out.begin()?;
        out.shared_global("builtins", name)?;
        out.begin()?;
        out.list()?;
        out.memoize()?;
        self.push(id, Parts::SetCall(items, Batch::append(Some(items.len()))));
        Ok(())
    }

    /// Writes an array of objects as a pickle of its own if that is how it is done, or begins to write it in the form
    /// of plain pickles.
    fn begin_objects(&mut self, id: Id, objects: &'d Objects) -> Result<()> {
        let layout = &objects.layout;
        let Pickler { out, arrays } = &mut *self.pickler;
        if let Some(protocol) = arrays.begin_objects(out, layout)? {
            // Arrays in it stand in the plain form, so this goes no deeper.
            let dialect = out.dialect();
            let mut inner = Pickler {
                out: Emitter::new(out.outside()? as &mut dyn Write, protocol)?,
                arrays: numpy::Inline::default(),
            };
            inner.out.set_dialect(dialect);
            write_with(self.root.at(id), &mut inner, Memo::Sparse(HashMap::new()))?;
            inner.out.finish()?;
            return Ok(());
        }
        out.begin()?;
        numpy::emit_reconstruct(out, numpy::NDARRAY)?;
        self.memo.set(id, out.memoize()?);
        out.begin()?;
        out.mark()?;
        out.int(1)?;
        numpy::emit_shape(out, layout.shape())?;
        if objects.dtype.is_none() {
            numpy::emit_dtype(out, layout.dtype())?;
            begin_items(out, layout)?;
        }
        let batch = Batch::append(Some(objects.items.len()));
        self.push(id, Parts::Objects(objects, batch));
        Ok(())
    }

    /// Writes what stands between two parts of a container; answers the next part.
    fn advance(&mut self, frame: &mut Frame<'d>) -> Result<Option<Id>> {
        let (id, next) = (frame.id, frame.next);
        frame.next += 1;
        let out = &mut self.pickler.out;
        match &mut frame.parts {
            Parts::Items(items, batch) => batched(out, items, batch, next),
            Parts::Pairs(pairs, batch) => {
                let pair = pairs.get(next / 2);
                if next % 2 == 1 {
                    return Ok(pair.map(|pair| pair.1));
                }
                if next > 0 {
                    batch.after(out)?;
                }
                match pair {
                    Some(_) => batch.before(out)?,
                    None => batch.end(out)?,
                }
                Ok(pair.map(|pair| pair.0))
            }
            Parts::Whole(items, close) => match items.get(next) {
                Some(item) => Ok(Some(*item)),
                None => {
                    let (items, close) = (*items, *close);
                    self.close_whole(id, items, close)?;
                    Ok(None)
                }
            },
            Parts::SetCall(items, batch) => {
                let item = batched(out, items, batch, next)?;
                if item.is_none() {
                    out.tuple(1)?;
                    out.memoize()?;
                    out.reduce()?;
                    self.open_sets.remove(&id);
                    self.close_made(id)?;
                }
                Ok(item)
            }
            Parts::Objects(objects, batch) => {
                let next = match objects.dtype {
                    None => next,
                    Some(dtype) if next == 0 => return Ok(Some(dtype)),
                    Some(_) => {
                        if next == 1 {
                            begin_items(out, &objects.layout)?;
                        }
                        next - 1
                    }
                };
                let item = batched(out, &objects.items, batch, next)?;
                if item.is_none() {
                    out.tuple_from_mark()?;
                    out.memoize()?;
                    out.build()?;
                }
                Ok(item)
            }
            Parts::Call(term) => {
                let term = *term;
                let part = match (term.how, next) {
                    (_, 0) => Some(term.callable),
                    (How::NewObjEx, 2) => term.kwargs,
                    // The arguments of an instance stand by themselves, not in a tuple.
                    (How::Instance, i) => self.root.at(term.args).iter().nth(i - 1).map(Value::id),
                    (_, 1) => Some(term.args),
                    _ => None,
                };
                if part.is_none() {
                    match term.how {
                        How::Reduce => out.reduce()?,
                        How::NewObj => out.newobj()?,
                        How::NewObjEx => out.newobj_ex()?,
                        How::Instance => out.obj()?,
                    }
                    self.close_call(id, term)?;
                }
                Ok(part)
            }
            Parts::PartialCall(term, new) => {
                let term = *term;
                let part = partial_call(out, self.root, term, new, next)?;
                if part.is_none() {
                    self.close_call(id, term)?;
                }
                Ok(part)
            }
            Parts::States(states) => {
                if next > 0 {
                    out.build()?;
                }
                Ok(states.get(next).copied())
            }
        }
    }

    /// Makes the tuple or frozenset of the items written, unless one of them has led back to it: then it exists
    /// already, and the items are dropped.
    fn close_whole(&mut self, id: Id, items: &[Id], close: Close) -> Result<()> {
        let marked = close == Close::FrozenSet || items.len() > 3;
        if let Some(memo) = self.memo.get(id) {
            if marked {
                self.out().pop_mark()?;
            } else {
                items.iter().try_for_each(|_| self.out().pop())?;
            }
            return self.out().get_bare(memo);
        }
        match close {
            Close::FrozenSet => self.out().frozenset_from_mark()?,
            Close::Tuple if marked => self.out().tuple_from_mark()?,
            Close::Tuple => self.out().tuple(items.len())?,
        }
        self.memoize(id)
    }

    /// Memoizes what a call has made; if its arguments have led back to it, it was written there, and this is dropped.
    /// Answers whether it is new.
    fn close_made(&mut self, id: Id) -> Result<bool> {
        if let Some(memo) = self.memo.get(id) {
            self.out().pop()?;
            self.out().get_bare(memo)?;
            return Ok(false);
        }
        self.memoize(id)?;
        Ok(true)
    }

    /// Goes on to what an object is given after it was made.
    fn close_call(&mut self, id: Id, term: &'d Term) -> Result<()> {
        if !self.close_made(id)? {
            return Ok(());
        }
        // The stack gives them back in the opposite order: items, pairs, states.
        if let Some(state) = term.state {
            let states = [term.earlier_states(), &[state]].concat();
            self.push(id, Parts::States(states));
        }
        let (items, pairs) = (term.items(), term.pairs());
        if !pairs.is_empty() {
            self.push(id, Parts::Pairs(pairs, Batch::set_items(Some(pairs.len()))));
        }
        if !items.is_empty() {
            self.push(id, Parts::Items(items, Batch::append(Some(items.len()))));
        }
        Ok(())
    }
}

fn write_array<W: Write>(
    array: &Array,
    writer: &mut impl ArrayWriter,
    out: &mut Emitter<W>,
) -> Result<Option<MemoId>> {
    writer.begin(out, array.layout())?;
    writer.data(out, array.as_bytes())?;
    writer.end(out)
}

/// Writes what stands in the state of an array between its dtype and its items.
fn begin_items<W: Write>(out: &mut Emitter<W>, layout: &Layout) -> Result<()> {
    out.bool(layout.order() == Order::F)?;
    out.list()?;
    out.memoize()?;
    Ok(())
}

/// Writes what stands before item `next`, or after the last; answers the item.
fn batched<W: Write>(
    out: &mut Emitter<W>,
    items: &[Id],
    batch: &mut Batch,
    next: usize,
) -> Result<Option<Id>> {
    if next > 0 {
        batch.after(out)?;
    }
    match items.get(next) {
        Some(_) => batch.before(out)?,
        None => batch.end(out)?,
    }
    Ok(items.get(next).copied())
}

/// `partial(class.__new__, class, *args, **kwargs)()`, piece by piece: what `pickle.py` writes for `NEWOBJ_EX` below
/// protocol 4. `new` is where the memo has `class.__new__`.
fn partial_call<W: Write>(
    out: &mut Emitter<W>,
    root: Value<'_>,
    term: &Term,
    new: &mut Option<MemoId>,
    next: usize,
) -> Result<Option<Id>> {
    let View::Tuple(args) = root.at(term.args).node() else {
        let message = "an object whose arguments are no tuple takes protocol 4 or later";
        return Err(Error::unsupported(message));
    };
    let kwargs = term.kwargs.filter(|_| next <= args.len() + 2);
    match next {
        0 => {
            out.shared_global("functools", "partial")?;
            out.shared_global("builtins", "getattr")?;
            return Ok(Some(term.callable));
        }
        1 => {
            out.shared_str("__new__")?;
            out.tuple(2)?;
            out.memoize()?;
            out.reduce()?;
            let memo = out.memoize()?;
            *new = Some(memo);
            out.tuple(1)?;
            out.memoize()?;
            out.reduce()?;
            out.memoize()?;
            // The state: function, arguments, keyword arguments, dict.
            out.mark()?;
            out.get(memo)?;
            if args.len() >= 3 {
                out.mark()?;
            }
            return Ok(Some(term.callable));
        }
        _ => {}
    }
    if let Some(&arg) = args.get(next - 2) {
        return Ok(Some(arg));
    }
    if next == args.len() + 2 {
        if args.len() >= 3 {
            out.tuple_from_mark()?;
        } else {
            out.tuple(args.len() + 1)?;
        }
        out.memoize()?;
        if kwargs.is_some() {
            return Ok(kwargs);
        }
        out.none()?;
    }
    out.none()?;
    out.tuple_from_mark()?;
    out.memoize()?;
    out.build()?;
    out.tuple(0)?;
    out.reduce()?;
    Ok(None)
}
