//! Iterators over what is in containers.

use std::fmt;
use std::{iter, slice};

use super::{Id, Value, View};

/// The items of a container; see [`Value::iter`].
#[derive(Clone)]
pub struct Iter<'d> {
    value: Value<'d>,
    ids: iter::Chain<slice::Iter<'d, Id>, slice::Iter<'d, Id>>,
    len: usize,
}

/// The keys and values of a dict; see [`Value::items`].
#[derive(Clone)]
pub struct Items<'d> {
    value: Value<'d>,
    pairs: Pairs<'d>,
}

#[derive(Clone)]
enum Pairs<'d> {
    Set(slice::Iter<'d, (Id, Id)>),
    /// Lists or tuples of two.
    Lists(slice::Iter<'d, Id>),
}

impl<'d> Iter<'d> {
    pub(super) fn new(value: Value<'d>, first: &'d [Id], then: &'d [Id]) -> Self {
        Self {
            value,
            ids: first.iter().chain(then),
            len: first.len() + then.len(),
        }
    }
}

impl<'d> Items<'d> {
    pub(super) fn pairs(value: Value<'d>, pairs: &'d [(Id, Id)]) -> Self {
        let pairs = Pairs::Set(pairs.iter());
        Self { value, pairs }
    }

    pub(super) fn lists(value: Value<'d>, lists: &'d [Id]) -> Self {
        let pairs = Pairs::Lists(lists.iter());
        Self { value, pairs }
    }

    fn pair(&self, (key, value): (Id, Id)) -> (Value<'d>, Value<'d>) {
        (self.value.at(key), self.value.at(value))
    }

    fn list(&self, id: Id) -> Option<(Id, Id)> {
        match self.value.at(id).node() {
            View::List(&[key, value]) | View::Tuple(&[key, value]) => Some((key, value)),
            _ => None,
        }
    }
}

impl<'d> Iterator for Iter<'d> {
    type Item = Value<'d>;

    fn next(&mut self) -> Option<Self::Item> {
        let &id = self.ids.next()?;
        self.len -= 1;
        Some(self.value.at(id))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len, Some(self.len))
    }
}

impl DoubleEndedIterator for Iter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let &id = self.ids.next_back()?;
        self.len -= 1;
        Some(self.value.at(id))
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl<'d> Iterator for Items<'d> {
    type Item = (Value<'d>, Value<'d>);

    fn next(&mut self) -> Option<Self::Item> {
        let pair = match &mut self.pairs {
            Pairs::Set(pairs) => *pairs.next()?,
            Pairs::Lists(lists) => {
                let &id = lists.next()?;
                self.list(id)?
            }
        };
        Some(self.pair(pair))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.pairs {
            Pairs::Set(pairs) => pairs.size_hint(),
            Pairs::Lists(lists) => lists.size_hint(),
        }
    }
}

impl DoubleEndedIterator for Items<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let pair = match &mut self.pairs {
            Pairs::Set(pairs) => *pairs.next_back()?,
            Pairs::Lists(lists) => {
                let &id = lists.next_back()?;
                self.list(id)?
            }
        };
        Some(self.pair(pair))
    }
}

impl ExactSizeIterator for Items<'_> {}

impl fmt::Debug for Iter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Iter({} left)", self.len())
    }
}

impl fmt::Debug for Items<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Items({} left)", self.len())
    }
}
