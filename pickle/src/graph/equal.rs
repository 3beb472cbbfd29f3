//! Whether two values are alike all the way down.

use std::collections::HashSet;

use super::{Id, Node, Value};
use crate::{Error, Result};

impl Value<'_> {
    /// Whether two values, of one document or two, say the same: equal leaves in the same structure.
    ///
    /// Order counts, in dicts and sets too, as it stands in the stream. Floats are compared as bits, arrays by dtype,
    /// shape and the bytes of each element. Shared objects and cycles are followed, not counted: a list that holds one
    /// object twice equals one that holds two equal objects.
    ///
    /// # Errors
    /// [`Limit`](crate::ErrorKind::Limit) after comparing `budget` pairs of values: shared objects can make a small
    /// document stand for an enormous one.
    pub fn deep_eq(self, other: Value<'_>, budget: u64) -> Result<bool> {
        let mut comparison = Comparison {
            todo: vec![(self.id, other.id)],
            seen: HashSet::new(),
        };
        let mut left = budget;
        while let Some((a, b)) = comparison.todo.pop() {
            left = left.checked_sub(1).ok_or_else(|| {
                Error::limit(format!("the values take more than {budget} steps to compare"))
            })?;
            if !comparison.step(self.at(a), other.at(b)) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

struct Comparison {
    todo: Vec<(Id, Id)>,
    /// Pairs of containers that were compared, or are being compared: meeting them again proves nothing new.
    seen: HashSet<(Id, Id)>,
}

impl Comparison {
    /// Compares two nodes and notes which pairs below them have to be equal for that.
    fn step(&mut self, a: Value<'_>, b: Value<'_>) -> bool {
        match (a.node(), b.node()) {
            (Node::None, Node::None) => true,
            (Node::Bool(x), Node::Bool(y)) => x == y,
            (Node::Int(x), Node::Int(y)) => x == y,
            (Node::Float(x), Node::Float(y)) => x.to_bits() == y.to_bits(),
            (Node::Str(x), Node::Str(y)) => x == y,
            (Node::Long(x), Node::Long(y))
            | (Node::Wtf8(x), Node::Wtf8(y))
            | (Node::Str8(x), Node::Str8(y))
            | (Node::Bytes(x), Node::Bytes(y))
            | (Node::ByteArray(x), Node::ByteArray(y)) => x == y,
            (Node::Array(x), Node::Array(y)) => x == y,
            (Node::Global(x), Node::Global(y)) => (&x.module, &x.name) == (&y.module, &y.name),
            _ if !self.seen.insert((a.id, b.id)) => true,
            (Node::Tuple(x), Node::Tuple(y)) | (Node::FrozenSet(x), Node::FrozenSet(y)) => self.all(x, y),
            (Node::List(x), Node::List(y)) | (Node::Set(x), Node::Set(y)) => self.all(x, y),
            (Node::Dict(x), Node::Dict(y)) => self.all_pairs(x, y),
            (Node::Object(x), Node::Object(y)) => {
                self.todo.push((x.callable, y.callable));
                self.todo.push((x.args, y.args));
                self.todo.extend(x.kwargs.zip(y.kwargs));
                x.how == y.how
                    && x.kwargs.is_some() == y.kwargs.is_some()
                    && self.all(&x.items, &y.items)
                    && self.all_pairs(&x.pairs, &y.pairs)
                    && self.all(&x.states, &y.states)
            }
            _ => false,
        }
    }

    fn all(&mut self, a: &[Id], b: &[Id]) -> bool {
        self.todo.extend(a.iter().copied().zip(b.iter().copied()));
        a.len() == b.len()
    }

    fn all_pairs(&mut self, a: &[(Id, Id)], b: &[(Id, Id)]) -> bool {
        self.todo
            .extend(a.iter().zip(b).flat_map(|(x, y)| [(x.0, y.0), (x.1, y.1)]));
        a.len() == b.len()
    }
}
