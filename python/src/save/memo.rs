//! Which objects have been written, and where the pickle's memo has them.

use pyo3::prelude::*;
use pyo3::{Borrowed, ffi};

use demijohn_pickle::MemoId;

/// How many neighbours are looked at before the search jumps about.
const NEIGHBOURS: usize = 6;

const FIRST_CAPACITY: usize = 64;

/// As long as the table has no more slots than this, growing it often costs more than their memory.
const QUICKLY: usize = 1 << 16;

/// A hash table from objects, by identity, to their places in the memo. It keeps what is in it alive, so that no
/// address means two objects in one pickle.
///
/// Objects made one after another lie one behind the other, so an address without its low bits is a good first slot:
/// neighbours share cache lines. On heaps where that crowds, probing goes on by double hashing, for which no layout of
/// addresses is worse than another.
pub(super) struct Memo<'py> {
    py: Python<'py>,
    /// Null where a slot is free.
    objects: Vec<*mut ffi::PyObject>,
    /// Of the object in the same slot.
    ids: Vec<Option<MemoId>>,
    len: usize,
}

/// The outcome of a search.
enum Slot {
    Taken(usize),
    Free(usize),
}

impl<'py> Memo<'py> {
    pub(super) fn new(py: Python<'py>) -> Self {
        Self {
            py,
            objects: vec![std::ptr::null_mut(); FIRST_CAPACITY],
            ids: vec![None; FIRST_CAPACITY],
            len: 0,
        }
    }

    /// Where the pickle has an object, if it has been written.
    pub(super) fn get(&self, object: Borrowed<'_, 'py, PyAny>) -> Option<MemoId> {
        match self.find(object.as_ptr()) {
            Slot::Taken(slot) => self.ids[slot],
            Slot::Free(_) => None,
        }
    }

    /// Where the pickle has an object; if it has not been written, it is held and noted under `next`.
    pub(super) fn get_or_put(&mut self, object: Borrowed<'_, 'py, PyAny>, next: MemoId) -> Option<MemoId> {
        if (self.len + 1) * 3 > self.objects.len() * 2 {
            self.grow();
        }
        match self.find(object.as_ptr()) {
            Slot::Taken(slot) => self.ids[slot],
            Slot::Free(slot) => {
                self.objects[slot] = object.to_owned().into_ptr();
                self.ids[slot] = Some(next);
                self.len += 1;
                None
            }
        }
    }

    fn find(&self, object: *mut ffi::PyObject) -> Slot {
        let mask = self.objects.len() - 1;
        let address = object as usize;
        let mut slot = address >> 4;
        for _ in 0..NEIGHBOURS {
            slot &= mask;
            if let Some(found) = self.look(slot, object) {
                return found;
            }
            slot += 1;
        }
        // The high bits of a Fibonacci hash are the good ones. An odd step visits every slot.
        let hash = (address as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let step = (hash >> 40) as usize | 1;
        slot = (hash >> 20) as usize;
        loop {
            slot &= mask;
            if let Some(found) = self.look(slot, object) {
                return found;
            }
            slot = slot.wrapping_add(step);
        }
    }

    fn look(&self, slot: usize, object: *mut ffi::PyObject) -> Option<Slot> {
        let there = self.objects[slot];
        if there == object {
            return Some(Slot::Taken(slot));
        }
        there.is_null().then_some(Slot::Free(slot))
    }

    #[cold]
    fn grow(&mut self) {
        let capacity = self.objects.len();
        let capacity = capacity * if capacity <= QUICKLY { 4 } else { 2 };
        let objects = std::mem::replace(&mut self.objects, vec![std::ptr::null_mut(); capacity]);
        let ids = std::mem::replace(&mut self.ids, vec![None; capacity]);
        for (object, id) in objects.into_iter().zip(ids) {
            if object.is_null() {
                continue;
            }
            if let Slot::Free(slot) = self.find(object) {
                self.objects[slot] = object;
                self.ids[slot] = id;
            }
        }
    }
}

impl Drop for Memo<'_> {
    fn drop(&mut self) {
        let py = self.py;
        for object in self.objects.drain(..).filter(|object| !object.is_null()) {
            // SAFETY: `get_or_put` took this reference, and nobody gave it back.
            drop(unsafe { Bound::from_owned_ptr(py, object) });
        }
    }
}
