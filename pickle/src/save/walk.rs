//! Writes documents back, in the order in which `pickle.py` would visit the objects, with a stack of its own.

use std::io::Write;

use super::{ArrayWriter, Pickler};
use crate::graph::{How, Id, Node, Term};
use crate::{Batch, Emitter, MemoId, Result, Value};

pub(super) fn write<W: Write, A: ArrayWriter>(root: Value<'_>, pickler: &mut Pickler<W, A>) -> Result<()> {
    let memo = vec![None; root.arena_len()];
    let mut walk = Walk {
        root,
        pickler,
        memo,
        stack: Vec::new(),
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

struct Walk<'w, 'd, W, A> {
    root: Value<'d>,
    pickler: &'w mut Pickler<W, A>,
    /// Where each node is in the memo of the pickle being written.
    memo: Vec<Option<MemoId>>,
    stack: Vec<Frame<'d>>,
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
    /// The callable and arguments of an object.
    Call(&'d Term),
    States(&'d [Id]),
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
        self.memo[id.index()] = Some(self.out().memoize()?);
        Ok(())
    }

    fn push(&mut self, id: Id, parts: Parts<'d>) {
        self.stack.push(Frame { id, next: 0, parts });
    }

    /// Writes a value, or begins to.
    fn save(&mut self, id: Id) -> Result<()> {
        if let Some(memo) = self.memo[id.index()] {
            return self.out().get(memo);
        }
        match self.root.at(id).node() {
            Node::None => return self.out().none(),
            Node::Bool(value) => return self.out().bool(*value),
            Node::Int(value) => return self.out().int(*value),
            Node::Long(bytes) => return self.out().long(bytes),
            Node::Float(value) => return self.out().float(*value),
            Node::Tuple(items) if items.is_empty() => return self.out().tuple(0),
            // Arrays are not memoized: what the stream holds is written for each of them.
            Node::Array(array) => {
                self.pickler.arrays.begin(&mut self.pickler.out, array.layout())?;
                self.pickler.out.raw(array.as_bytes())?;
                return self.pickler.arrays.end(&mut self.pickler.out);
            }

            Node::Str(text) => self.out().str(text)?,
            Node::Wtf8(text) => self.out().wtf8(text)?,
            Node::Str8(bytes) => self.out().str8(bytes)?,
            Node::Bytes(bytes) => self.out().bytes(bytes)?,
            Node::ByteArray(bytes) => {
                // Protocol 4 has no opcode for it.
                self.out().begin()?;
                self.out().shared_global("builtins", "bytearray")?;
                if bytes.is_empty() {
                    self.out().tuple(0)?;
                } else {
                    self.out().begin()?;
                    self.out().bytes(bytes)?;
                    self.out().memoize()?;
                    self.out().tuple(1)?;
                    self.out().memoize()?;
                }
                self.out().reduce()?;
            }
            Node::Global(global) => {
                self.out().begin()?;
                self.out().shared_str(&global.module)?;
                self.out().str(&global.name)?;
                self.out().memoize()?;
                self.out().stack_global()?;
            }

            Node::List(items) => {
                self.out().list()?;
                self.push(id, Parts::Items(items, Batch::append(Some(items.len()))));
            }
            Node::Set(items) => {
                self.out().set()?;
                self.push(id, Parts::Items(items, Batch::add()));
            }
            Node::Dict(pairs) => {
                self.out().dict()?;
                self.push(id, Parts::Pairs(pairs, Batch::set_items(Some(pairs.len()))));
            }
            Node::Tuple(items) => {
                self.out().begin()?;
                if items.len() > 3 {
                    self.out().mark()?;
                }
                self.push(id, Parts::Whole(items, Close::Tuple));
                return Ok(());
            }
            Node::FrozenSet(items) => {
                self.out().begin()?;
                self.out().mark()?;
                self.push(id, Parts::Whole(items, Close::FrozenSet));
                return Ok(());
            }
            Node::Object(term) => {
                self.out().begin()?;
                if term.how == How::Instance {
                    self.out().mark()?;
                }
                self.push(id, Parts::Call(term));
                return Ok(());
            }
        }
        self.memoize(id)
    }

    /// Writes what stands between two parts of a container; answers the next part.
    fn advance(&mut self, frame: &mut Frame<'d>) -> Result<Option<Id>> {
        let (id, next) = (frame.id, frame.next);
        frame.next += 1;
        let out = &mut self.pickler.out;
        match &mut frame.parts {
            Parts::Items(items, batch) => {
                if next > 0 {
                    batch.after(out)?;
                }
                match items.get(next) {
                    Some(_) => batch.before(out)?,
                    None => batch.end(out)?,
                }
                Ok(items.get(next).copied())
            }
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
        if let Some(memo) = self.memo[id.index()] {
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

    /// Makes the object out of callable and arguments, and goes on to what it is given afterwards.
    fn close_call(&mut self, id: Id, term: &'d Term) -> Result<()> {
        match term.how {
            How::Reduce => self.out().reduce()?,
            How::NewObj => self.out().newobj()?,
            How::NewObjEx => self.out().newobj_ex()?,
            How::Instance => self.out().obj()?,
        }
        if let Some(memo) = self.memo[id.index()] {
            // The arguments have led back to it, and it was written there.
            self.out().pop()?;
            return self.out().get_bare(memo);
        }
        self.memoize(id)?;
        // The stack gives them back in the opposite order: items, pairs, states.
        if !term.states.is_empty() {
            self.push(id, Parts::States(&term.states));
        }
        if !term.pairs.is_empty() {
            self.push(
                id,
                Parts::Pairs(&term.pairs, Batch::set_items(Some(term.pairs.len()))),
            );
        }
        if !term.items.is_empty() {
            self.push(
                id,
                Parts::Items(&term.items, Batch::append(Some(term.items.len()))),
            );
        }
        Ok(())
    }
}
