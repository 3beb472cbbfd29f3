//! Whether two values are alike all the way down.

use std::collections::HashSet;

use super::{Id, Value, View};
use crate::{Error, Result, names};

impl Value<'_> {
    /// Whether two values, of one document or two, say the same: equal leaves in the same structure.
    ///
    /// Order counts, in dicts and sets too, as it stands in the stream. Floats are compared as bits, arrays by class, dtype,
    /// shape and the bytes of each element; modules of numpy that version 2 renamed are the same. Shared objects and cycles are followed, not counted: a list that holds one
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
            (View::None, View::None) => true,
            (View::Bool(x), View::Bool(y)) => x == y,
            (View::Int(x), View::Int(y)) => x == y,
            (View::Float(x), View::Float(y)) => x.to_bits() == y.to_bits(),
            (View::Str(x), View::Str(y)) => x == y,
            (View::Long(x), View::Long(y))
            | (View::Wtf8(x), View::Wtf8(y))
            | (View::Str8(x), View::Str8(y))
            | (View::Bytes(x), View::Bytes(y))
            | (View::ByteArray(x), View::ByteArray(y)) => x == y,
            (View::Array(x), View::Array(y)) => a.array_class() == b.array_class() && x == y,
            (View::Taken, View::Taken) => true,
            (View::AbsentBytes(x), View::AbsentBytes(y)) => x == y,
            (View::AbsentArray(x), View::AbsentArray(y)) => a.array_class() == b.array_class() && x == y,
            (View::Global(x), View::Global(y)) => {
                names::numpy_1(&x.module, &x.name) == names::numpy_1(&y.module, &y.name)
            }
            _ if !self.seen.insert((a.id, b.id)) => true,
            (View::Tuple(x), View::Tuple(y)) | (View::FrozenSet(x), View::FrozenSet(y)) => self.all(x, y),
            (View::List(x), View::List(y)) | (View::Set(x), View::Set(y)) => self.all(x, y),
            (View::Dict(x), View::Dict(y)) => self.all_pairs(x, y),
            (View::ObjectArray(x), View::ObjectArray(y)) => {
                (x.layout.dtype(), x.layout.shape()) == (y.layout.dtype(), y.layout.shape())
                    && self.all(x.dtype.as_slice(), y.dtype.as_slice())
                    && self.all(&x.items, &y.items)
            }
            (View::Object(x), View::Object(y)) => {
                self.todo.push((x.callable, y.callable));
                self.todo.push((x.args, y.args));
                self.todo.extend(x.kwargs.zip(y.kwargs));
                x.how == y.how
                    && x.kwargs.is_some() == y.kwargs.is_some()
                    && self.all(x.items(), y.items())
                    && self.all_pairs(x.pairs(), y.pairs())
                    && self.all(x.earlier_states(), y.earlier_states())
                    && self.all(x.state.as_slice(), y.state.as_slice())
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
