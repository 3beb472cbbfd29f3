//! The numbered slots through which a pickle refers back to what it has built.

use std::collections::HashMap;

use crate::budget::Budget;
use crate::{Error, Result};

/// A map from memo number to node.
///
/// Writers number densely from zero, which a vector holds best; but numbers come from the stream and may be anything,
/// so only the number that is next goes into the vector and all others into a map.
pub(crate) struct Memo<N> {
    dense: Vec<N>,
    sparse: HashMap<u64, N>,
}

impl<N> Memo<N> {
    pub(crate) fn new() -> Self {
        Self {
            dense: Vec::new(),
            sparse: HashMap::new(),
        }
    }

    /// How many numbers are taken.
    pub(crate) fn len(&self) -> u64 {
        self.dense.len() as u64 + self.sparse.len() as u64
    }

    #[inline]
    pub(crate) fn get(&self, key: u64) -> Result<&N> {
        let dense = usize::try_from(key).ok().and_then(|key| self.dense.get(key));
        match dense {
            Some(node) => Ok(node),
            None => self.get_sparse(key),
        }
    }

    #[cold]
    fn get_sparse(&self, key: u64) -> Result<&N> {
        let node = self.sparse.get(&key);
        node.ok_or_else(|| Error::corrupt(format!("the memo has no entry {key}")))
    }

    #[inline(always)]
    pub(crate) fn put(&mut self, key: u64, node: N, budget: &mut Budget) -> Result<()> {
        if key == self.dense.len() as u64 && self.sparse.is_empty() {
            budget.memoize()?;
            self.dense.push(node);
            return Ok(());
        }
        self.put_elsewhere(key, node, budget)
    }

    #[cold]
    fn put_elsewhere(&mut self, key: u64, node: N, budget: &mut Budget) -> Result<()> {
        if let Some(slot) = usize::try_from(key).ok().and_then(|key| self.dense.get_mut(key)) {
            *slot = node;
        } else if let Some(slot) = self.sparse.get_mut(&key) {
            *slot = node;
        } else {
            budget.memoize()?;
            if key == self.dense.len() as u64 {
                self.dense.push(node);
            } else {
                self.sparse.insert(key, node);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorKind, Limits};

    fn budget(memo: u64) -> Budget {
        Budget::new(Limits {
            memo,
            ..Limits::none()
        })
    }

    #[test]
    fn takes_any_number_and_the_last_entry_wins() {
        let (mut memo, mut budget) = (Memo::new(), budget(u64::MAX));
        for (key, node) in [
            (0, 'a'),
            (u64::MAX, 'b'),
            (2, 'c'),
            (1, 'd'),
            (2, 'e'),
            (0, 'f'),
            (3, 'g'),
        ] {
            memo.put(key, node, &mut budget).unwrap();
        }
        let found: Vec<char> = [0, 1, 2, 3, u64::MAX]
            .iter()
            .map(|&key| *memo.get(key).unwrap())
            .collect();
        assert_eq!((found, memo.len()), (vec!['f', 'd', 'e', 'g', 'b'], 5));
        assert_eq!(memo.get(4).unwrap_err().kind(), ErrorKind::Corrupt);
    }

    #[test]
    fn counts_only_new_entries_against_the_limit() {
        let (mut memo, mut budget) = (Memo::new(), budget(2));
        for key in [0, 9, 9, 0] {
            memo.put(key, (), &mut budget).unwrap();
        }
        assert_eq!(memo.put(1, (), &mut budget).unwrap_err().kind(), ErrorKind::Limit);
    }
}
