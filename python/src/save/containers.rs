//! The interpreter's own containers, and items by the thousand.

use demijohn_pickle::{Batch, Protocol};
use pyo3::exceptions::{PyRuntimeError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFrozenSet, PyIterator, PyList, PySet, PyTuple};
use pyo3::{Borrowed, ffi};

use super::failure::{Result, Within};
use super::pickler::Pickler;

/// How many items of an iterator are taken before the first of them is written, as `pickle.py` does.
const AHEAD: usize = 1000;

impl<'py> Pickler<'py, '_> {
    pub(super) fn save_tuple(&mut self, object: Borrowed<'_, 'py, PyAny>) -> Result<()> {
        let tuple = object.cast::<PyTuple>().map_err(PyErr::from)?;
        let len = tuple.len();
        if len == 0 {
            return Ok(self.out.tuple(0)?);
        }
        let marked = len > 3 || self.protocol < Protocol::V2;
        if marked {
            self.out.mark()?;
        }
        for i in 0..len {
            // A tuple keeps its items for as long as it lives.
            self.save(tuple.get_borrowed_item(i)?)
                .within(object, || format!("item {i}"))?;
        }
        // An item may have led back to the tuple, and written it.
        if let Some(id) = self.memo.get(object) {
            if marked && self.protocol >= Protocol::V1 {
                self.out.pop_mark()?;
            } else {
                // A mark is dropped as a value is.
                (0..len + usize::from(marked)).try_for_each(|_| self.out.pop())?;
            }
            return Ok(self.out.get_bare(id)?);
        }
        if marked {
            self.out.tuple_from_mark()?;
        } else {
            self.out.tuple(len)?;
        }
        self.memoize(object)
    }

    /// Writes a list that is in the memo already.
    pub(super) fn save_list(&mut self, object: Borrowed<'_, 'py, PyAny>) -> Result<()> {
        self.out.list()?;
        self.out.memoize()?;
        let list = object.cast::<PyList>().map_err(PyErr::from)?;
        let mut len = list.len();
        let mut batch = Batch::append(self.batched(len));
        let mut i = 0;
        // The list may become shorter or longer while its items are written.
        while i < len
            && let Some(item) = item_of(&list, i)
        {
            // This writes no more than a mark, so the list still has the item.
            batch.before(&mut self.out)?;
            self.save_item(item).within(object, || format!("item {i}"))?;
            batch.after(&mut self.out)?;
            i += 1;
            if i == len {
                len = list.len();
            }
        }
        Ok(batch.end(&mut self.out)?)
    }

    /// Writes an object that somebody else holds and may let go of meanwhile.
    #[inline(always)]
    fn save_item(&mut self, item: Borrowed<'_, 'py, PyAny>) -> Result<()> {
        if self.save_leaf(item)? {
            return Ok(());
        }
        let item = item.to_owned();
        self.save(item.as_borrowed())
    }

    /// Writes a dict that is in the memo already.
    pub(super) fn save_dict(&mut self, object: Borrowed<'_, 'py, PyAny>) -> Result<()> {
        self.out.dict()?;
        self.out.memoize()?;
        let dict = object.cast::<PyDict>().map_err(PyErr::from)?;
        let len = dict.len();
        let mut batch = Batch::set_items(self.batched(len));
        let mut position = 0;
        let mut count = 0;
        loop {
            let (mut key, mut value) = (std::ptr::null_mut(), std::ptr::null_mut());
            // SAFETY: the object is a dict. What this gives is taken hold of before anything else can happen.
            let (key, value) = unsafe {
                if ffi::PyDict_Next(object.as_ptr(), &raw mut position, &raw mut key, &raw mut value) == 0 {
                    break;
                }
                (
                    Bound::from_borrowed_ptr(self.py, key),
                    Bound::from_borrowed_ptr(self.py, value),
                )
            };
            batch.before(&mut self.out)?;
            self.save(key.as_borrowed()).within(object, || "key".to_owned())?;
            self.save(value.as_borrowed()).within(object, || at(&key))?;
            batch.after(&mut self.out)?;
            count += 1;
            if dict.len() != len {
                return Err(PyRuntimeError::new_err("dictionary changed size during iteration").into());
            }
            if count > len {
                return Err(PyRuntimeError::new_err("dictionary keys changed during iteration").into());
            }
        }
        self.end_of_c(&mut batch, count)?;
        Ok(batch.end(&mut self.out)?)
    }

    pub(super) fn save_set(&mut self, object: Borrowed<'_, 'py, PyAny>) -> Result<()> {
        if self.protocol < Protocol::V4 {
            return self.save_set_call(object);
        }
        self.out.set()?;
        self.memoize(object)?;
        let mut batch = Batch::add();
        let mut count = 0;
        for item in object.cast::<PySet>().map_err(PyErr::from)?.try_iter()? {
            batch.before(&mut self.out)?;
            self.save(item?.as_borrowed())
                .within(object, || "element".to_owned())?;
            batch.after(&mut self.out)?;
            count += 1;
        }
        self.end_of_c(&mut batch, count)?;
        Ok(batch.end(&mut self.out)?)
    }

    pub(super) fn save_frozenset(&mut self, object: Borrowed<'_, 'py, PyAny>) -> Result<()> {
        if self.protocol < Protocol::V4 {
            return self.save_set_call(object);
        }
        self.out.mark()?;
        for item in object.cast::<PyFrozenSet>().map_err(PyErr::from)?.try_iter()? {
            self.save(item?.as_borrowed())
                .within(object, || "element".to_owned())?;
        }
        if let Some(id) = self.memo.get(object) {
            self.out.pop_mark()?;
            return Ok(self.out.get_bare(id)?);
        }
        self.out.frozenset_from_mark()?;
        self.memoize(object)
    }

    /// The number of items as batches are to know it. Python's own pickler in C, whose bytes those of pickles in pickles
    /// are, has an opcode for single items only where they are the only ones.
    fn batched(&self, len: usize) -> Option<usize> {
        (self.arrays.is_some() || len == 1).then_some(len)
    }

    /// What the pickler in C writes after a last full batch: an empty one.
    fn end_of_c(&mut self, batch: &mut Batch, count: usize) -> Result<()> {
        if self.arrays.is_none() && count > 0 && count.is_multiple_of(AHEAD) {
            batch.before(&mut self.out)?;
        }
        Ok(())
    }

    /// Gives the items of any iterable to the list-like object written last.
    pub(super) fn append_all(
        &mut self,
        object: Borrowed<'_, 'py, PyAny>,
        items: &Bound<'py, PyAny>,
    ) -> Result<()> {
        let mut items = items.try_iter()?;
        let mut i = 0;
        loop {
            let ahead = take(&mut items)?;
            let mut batch = Batch::append(Some(ahead.len()));
            for item in &ahead {
                batch.before(&mut self.out)?;
                self.save(item.as_borrowed())
                    .within(object, || format!("item {i}"))?;
                batch.after(&mut self.out)?;
                i += 1;
            }
            batch.end(&mut self.out)?;
            if ahead.len() < AHEAD {
                return Ok(());
            }
        }
    }

    /// Gives the pairs of any iterable to the dict-like object written last.
    pub(super) fn set_all(
        &mut self,
        object: Borrowed<'_, 'py, PyAny>,
        pairs: &Bound<'py, PyAny>,
    ) -> Result<()> {
        let mut pairs = pairs.try_iter()?;
        loop {
            let ahead = take(&mut pairs)?;
            let mut batch = Batch::set_items(Some(ahead.len()));
            for pair in &ahead {
                batch.before(&mut self.out)?;
                let (key, value) = pair_of(pair)?;
                self.save(key.as_borrowed()).within(object, || "key".to_owned())?;
                self.save(value.as_borrowed()).within(object, || at(&key))?;
                batch.after(&mut self.out)?;
            }
            batch.end(&mut self.out)?;
            if ahead.len() < AHEAD {
                return Ok(());
            }
        }
    }
}

/// Which item of a dict it is.
fn at(key: &Bound<'_, PyAny>) -> String {
    match key.repr() {
        Ok(key) => format!("item {key}"),
        Err(_) => "item".to_owned(),
    }
}

/// An item of a list, which is the list's: valid until anything can happen to that.
#[inline]
fn item_of<'a, 'py>(list: &'a Bound<'py, PyList>, i: usize) -> Option<Borrowed<'a, 'py, PyAny>> {
    let py = list.py();
    let i = i.cast_signed();
    // SAFETY: the object is a list, and the function looks whether the index is in bounds.
    let item = unsafe { Borrowed::from_ptr_or_opt(py, ffi::PyList_GetItem(list.as_ptr(), i)) };
    if item.is_none() {
        drop(PyErr::take(py));
    }
    item
}

/// The next items of an iterator.
fn take<'py>(items: &mut Bound<'py, PyIterator>) -> PyResult<Vec<Bound<'py, PyAny>>> {
    items.take(AHEAD).collect()
}

/// What `key, value = pair` does.
fn pair_of<'py>(pair: &Bound<'py, PyAny>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    let Ok(items) = pair.try_iter() else {
        let message = format!("cannot unpack non-iterable {} object", pair.get_type().name()?);
        return Err(PyTypeError::new_err(message));
    };
    let items: Vec<_> = items.take(3).collect::<PyResult<_>>()?;
    match <[_; 2]>::try_from(items) {
        Ok([key, value]) => Ok((key, value)),
        Err(items) if items.len() > 2 => Err(PyValueError::new_err("too many values to unpack (expected 2)")),
        Err(items) => {
            let message = format!("not enough values to unpack (expected 2, got {})", items.len());
            Err(PyValueError::new_err(message))
        }
    }
}
