//! The builder of documents.

use std::borrow::Cow;
use std::vec::Drain;

use demijohn_arrays::Array;

use super::{Document, Global, How, Id, Node, Term, Value};
use crate::{Builder, Error, Raw, Result};

/// Data that stands in the stream behind a `BUILD`, outside of the pickle.
pub trait Payload {
    /// Called after each `BUILD`, with the object that has just got its state. If this is the kind of object that data
    /// follows, reads the data from `raw` and answers the array that stands for the object from now on, wherever the
    /// object is referred to. Otherwise answers `None` and leaves `raw` alone.
    ///
    /// # Errors
    /// Whatever is wrong with the data.
    fn read(&mut self, object: Value<'_>, raw: &mut Raw<'_>) -> Result<Option<Array>>;
}

/// No data between opcodes: a plain pickle.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoPayload;

impl Payload for NoPayload {
    fn read(&mut self, _: Value<'_>, _: &mut Raw<'_>) -> Result<Option<Array>> {
        Ok(None)
    }
}

// Nodes that every graph begins with, so that the commonest values cost nothing each.
const NONE: Id = Id(0);
const FALSE: Id = Id(1);
const TRUE: Id = Id(2);
const EMPTY_TUPLE: Id = Id(3);

pub(super) struct Graph<'p> {
    nodes: Vec<Node>,
    payload: &'p mut dyn Payload,
}

impl<'p> Graph<'p> {
    pub(super) fn new(payload: &'p mut dyn Payload) -> Self {
        let nodes = vec![
            Node::None,
            Node::Bool(false),
            Node::Bool(true),
            Node::Tuple(Box::new([])),
        ];
        Self { nodes, payload }
    }

    pub(super) fn finish(self, root: Id) -> Document {
        Document {
            nodes: self.nodes,
            root,
        }
    }

    fn add(&mut self, node: Node) -> Result<Id> {
        let id = u32::try_from(self.nodes.len()).map_err(|_| Error::limit("more than 2^32 objects"))?;
        self.nodes.push(node);
        Ok(Id(id))
    }

    fn term(&mut self, how: How, callable: Id, args: Id, kwargs: Option<Id>) -> Result<Id> {
        let (items, pairs, states) = (Vec::new(), Vec::new(), Vec::new());
        self.add(Node::Object(Box::new(Term {
            how,
            callable,
            args,
            kwargs,
            items,
            pairs,
            states,
        })))
    }

    /// The content of a `bytearray`, which protocols 3 and 4 write as a call, for want of an opcode.
    fn bytearray_of(&self, callable: Id, args: Id) -> Option<Box<[u8]>> {
        let value = |id| Value {
            nodes: &self.nodes,
            id,
        };
        if value(callable).as_global() != Some(("builtins", "bytearray")) {
            return None;
        }
        let Node::Tuple(args) = value(args).node() else {
            return None;
        };
        match **args {
            [] => Some(Box::default()),
            [only] => match value(only).node() {
                Node::Bytes(bytes) => Some(bytes.clone()),
                _ => None,
            },
            _ => None,
        }
    }

    fn refuse<T>(&self, what: &str, target: Id) -> Result<T> {
        let target = Value {
            nodes: &self.nodes,
            id: target,
        }
        .kind();
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
        self.add(Node::Int(value))
    }

    fn long(&mut self, bytes: Cow<'_, [u8]>) -> Result<Id> {
        self.add(Node::Long(bytes.into()))
    }

    fn float(&mut self, value: f64) -> Result<Id> {
        self.add(Node::Float(value))
    }

    fn str(&mut self, text: Cow<'_, str>) -> Result<Id> {
        self.add(Node::Str(text.into()))
    }

    fn wtf8(&mut self, text: Cow<'_, [u8]>) -> Result<Id> {
        self.add(Node::Wtf8(text.into()))
    }

    fn str8(&mut self, bytes: Cow<'_, [u8]>) -> Result<Id> {
        self.add(Node::Str8(bytes.into()))
    }

    fn bytes(&mut self, bytes: Cow<'_, [u8]>) -> Result<Id> {
        self.add(Node::Bytes(bytes.into()))
    }

    fn bytearray(&mut self, bytes: Cow<'_, [u8]>) -> Result<Id> {
        self.add(Node::ByteArray(bytes.into()))
    }

    fn tuple(&mut self, items: Drain<'_, Id>) -> Result<Id> {
        if items.len() == 0 {
            Ok(EMPTY_TUPLE)
        } else {
            self.add(Node::Tuple(items.collect()))
        }
    }

    fn list(&mut self, items: Drain<'_, Id>) -> Result<Id> {
        self.add(Node::List(items.collect()))
    }

    fn dict(&mut self) -> Result<Id> {
        self.add(Node::Dict(Vec::new()))
    }

    fn set(&mut self) -> Result<Id> {
        self.add(Node::Set(Vec::new()))
    }

    fn frozenset(&mut self, items: Drain<'_, Id>) -> Result<Id> {
        self.add(Node::FrozenSet(items.collect()))
    }

    fn append(&mut self, target: &Id, items: Drain<'_, Id>) -> Result<()> {
        match &mut self.nodes[target.index()] {
            Node::List(list) => list.extend(items),
            Node::Object(term) => term.items.extend(items),
            _ => return self.refuse("cannot append to", *target),
        }
        Ok(())
    }

    fn set_items(&mut self, target: &Id, pairs: Drain<'_, Id>) -> Result<()> {
        match &mut self.nodes[target.index()] {
            Node::Dict(dict) => dict.extend(paired(pairs)),
            Node::Object(term) => term.pairs.extend(paired(pairs)),
            _ => return self.refuse("cannot set items of", *target),
        }
        Ok(())
    }

    fn add_items(&mut self, target: &Id, items: Drain<'_, Id>) -> Result<()> {
        match &mut self.nodes[target.index()] {
            Node::Set(set) => set.extend(items),
            Node::Object(term) => term.items.extend(items),
            _ => return self.refuse("cannot add to", *target),
        }
        Ok(())
    }

    fn text<'a>(&'a self, node: &'a Id) -> Option<&'a str> {
        Value {
            nodes: &self.nodes,
            id: *node,
        }
        .as_str()
    }

    fn global(&mut self, module: &str, name: &str) -> Result<Id> {
        self.add(Node::Global(Box::new(Global {
            module: module.into(),
            name: name.into(),
        })))
    }

    fn reduce(&mut self, callable: Id, args: Id) -> Result<Id> {
        match self.bytearray_of(callable, args) {
            Some(bytes) => self.add(Node::ByteArray(bytes)),
            None => self.term(How::Reduce, callable, args, None),
        }
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
        let Node::Object(term) = &mut self.nodes[object.index()] else {
            return self.refuse("BUILD of", object);
        };
        term.states.push(state);
        if let Some(array) = self.payload.read(
            Value {
                nodes: &self.nodes,
                id: object,
            },
            raw,
        )? {
            // In place, so that the memo and every container hold the array too.
            self.nodes[object.index()] = Node::Array(Box::new(array));
        }
        Ok(object)
    }

    fn readonly_buffer(&mut self, buffer: Id) -> Result<Id> {
        match self.nodes[buffer.index()] {
            Node::Bytes(_) => Ok(buffer),
            _ => Err(Error::unsupported("read-only views of buffers are not supported")),
        }
    }
}
