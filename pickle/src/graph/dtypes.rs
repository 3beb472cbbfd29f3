//! The dtypes that were read from an arena.
//!
//! Two bytes of a stream can refer to a dtype of any size, and each array has one. So each is read once, and arrays share
//! what came of it.

use std::collections::{HashMap, HashSet};

use demijohn_arrays::DType;

use super::Id;
use crate::{Error, Result};

/// How much may be read in any document, and for each of its nodes: what comes with a dtype that nothing shares is less.
const FREE: u64 = 1 << 20;
const PER_NODE: u64 = 4;

/// What is known of the dtypes in an arena.
#[derive(Debug, Default)]
pub(crate) struct DTypes {
    known: HashMap<Id, DType>,
    /// The values of which those were made, as far as they may change.
    parts: HashSet<Id>,
    /// How many parts were read.
    read: u64,
}

impl DTypes {
    /// The dtype that was read from this value.
    pub(crate) fn get(&self, id: Id) -> Option<DType> {
        self.known.get(&id).cloned()
    }

    /// Notes what a value stands for.
    pub(crate) fn set(&mut self, id: Id, dtype: DType) {
        self.known.insert(id, dtype);
    }

    /// Notes that a value that may change is a part of one that is being read.
    pub(crate) fn depends_on(&mut self, id: Id) {
        self.parts.insert(id);
    }

    /// To be called when a value changes: dtypes that were made of it have to be read anew.
    pub(crate) fn changed(&mut self, id: Id) {
        if self.parts.contains(&id) {
            self.known.clear();
            self.parts.clear();
        }
    }

    /// Counts parts that are about to be read, of which a document of so many nodes has only so many.
    pub(crate) fn spend(&mut self, parts: usize, nodes: usize) -> Result<()> {
        self.read = self.read.saturating_add(parts as u64);
        if self.read <= FREE.saturating_add(PER_NODE.saturating_mul(nodes as u64)) {
            return Ok(());
        }
        Err(Error::limit(
            "the dtypes in the document are very much longer than what describes them",
        ))
    }
}
