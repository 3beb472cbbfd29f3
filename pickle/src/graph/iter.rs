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

type Entries<'d> = slice::Iter<'d, (Id, Id)>;

#[derive(Clone)]
enum Pairs<'d> {
    Set {
        pairs: iter::Chain<Entries<'d>, Entries<'d>>,
        len: usize,
    },
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
    pub(super) fn pairs(value: Value<'d>, first: &'d [(Id, Id)], then: &'d [(Id, Id)]) -> Self {
        let pairs = Pairs::Set {
            pairs: first.iter().chain(then),
            len: first.len() + then.len(),
        };
        Self { value, pairs }
    }

    pub(super) fn lists(value: Value<'d>, lists: &'d [Id]) -> Self {
        let pairs = Pairs::Lists(lists.iter());
        Self { value, pairs }
    }

    fn pair(&self, (key, value): (Id, Id)) -> (Value<'d>, Value<'d>) {
        (self.value.at(key), self.value.at(value))
    }

    /// The value of a text key: that of the last one, which counts.
    pub(super) fn last_named(self, key: &str) -> Option<Value<'d>> {
        let is_key = |name: Value<'_>| match name.node() {
            View::Str(text) => text == key,
            View::Str8(bytes) => bytes == key.as_bytes(),
            _ => false,
        };
        self.rev().find(|(name, _)| is_key(*name)).map(|(_, value)| value)
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
            Pairs::Set { pairs, len } => {
                let &pair = pairs.next()?;
                *len -= 1;
                pair
            }
            Pairs::Lists(lists) => {
                let &id = lists.next()?;
                self.list(id)?
            }
        };
        Some(self.pair(pair))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.pairs {
            Pairs::Set { len, .. } => (*len, Some(*len)),
            Pairs::Lists(lists) => lists.size_hint(),
        }
    }
}

impl DoubleEndedIterator for Items<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let pair = match &mut self.pairs {
            Pairs::Set { pairs, len } => {
                let &pair = pairs.next_back()?;
                *len -= 1;
                pair
            }
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

#[cfg(test)]
mod tests {
    use crate::read;

    /// However it is walked, it says how much is left.
    fn counts<T>(mut left: impl ExactSizeIterator<Item = T> + DoubleEndedIterator, len: usize) {
        for n in 0..len {
            assert_eq!(left.len(), len - n);
            let item = if n % 3 == 1 { left.next_back() } else { left.next() };
            assert!(item.is_some());
        }
        assert_eq!(left.len(), 0);
        assert!(left.next().is_none() && left.next_back().is_none());
    }

    #[test]
    fn iterators_know_how_much_is_left() {
        // [1, 2, 3, 4, 5], and {1: 2, 3: 4, 5: 6, 7: 8}
        let list = read(&mut &b"(lI1\naI2\naI3\naI4\naI5\na."[..]).unwrap();
        counts(list.root().iter(), 5);
        let dict = read(&mut &b"(I1\nI2\nI3\nI4\nI5\nI6\nI7\nI8\nd."[..]).unwrap();
        counts(dict.root().items(), 4);
    }
}
