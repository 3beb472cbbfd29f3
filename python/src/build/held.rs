//! References that are counted without a call.

use std::convert::Infallible;
use std::mem::ManuallyDrop;
use std::ops::Deref;

use pyo3::ffi;
use pyo3::prelude::*;

/// A reference to a live object, as [`Bound`] is one, and as cheap to copy and drop as a reference in C.
///
/// The stable ABI has functions for the counts, and calling them is a tenth of the time of loading small objects. Where the
/// counts are is a part of it too: modules that were compiled with the headers of Python 3.11 change them in place.
pub(super) struct Held<'py>(ManuallyDrop<Bound<'py, PyAny>>);

impl<'py> Held<'py> {
    pub(super) fn into_bound(self) -> Bound<'py, PyAny> {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: the reference is taken once, as `this` is not dropped.
        unsafe { ManuallyDrop::take(&mut this.0) }
    }
}

impl<'py> From<Bound<'py, PyAny>> for Held<'py> {
    fn from(object: Bound<'py, PyAny>) -> Self {
        Self(ManuallyDrop::new(object))
    }
}

impl<'py> Deref for Held<'py> {
    type Target = Bound<'py, PyAny>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<'py> IntoPyObject<'py> for Held<'py> {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = Infallible;

    fn into_pyobject(self, _: Python<'py>) -> Result<Self::Output, Self::Error> {
        Ok(self.into_bound())
    }
}

impl Clone for Held<'_> {
    #[inline]
    fn clone(&self) -> Self {
        let object = self.0.as_ptr();
        // SAFETY: attached, and the object is alive; the new reference is counted here.
        unsafe {
            count_up(object);
            Self(ManuallyDrop::new(Bound::from_owned_ptr(self.0.py(), object)))
        }
    }
}

impl Drop for Held<'_> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: attached, and the reference that is given back is this one.
        unsafe { count_down(self.0.as_ptr()) }
    }
}

/// The part of a count in which Python looks for immortal objects, for which it is negative from Python 3.12 on. On 32
/// bits they are known in another way.
#[inline]
fn lower(count: ffi::Py_ssize_t) -> i32 {
    #[allow(
        clippy::cast_possible_truncation,
        reason = "the upper half has other uses since 3.14"
    )]
    let lower = count as i32;
    if cfg!(target_pointer_width = "64") {
        lower
    } else {
        -1
    }
}

/// # Safety
/// The thread is attached, and the object alive.
#[inline]
unsafe fn count_up(object: *mut ffi::PyObject) {
    // SAFETY: the count is the first field of every object, and who is attached may change it: the builds without a
    // global lock, which arrange it otherwise, do not load modules for the stable ABI.
    unsafe {
        let count = object.cast::<ffi::Py_ssize_t>();
        if lower(*count) > 0 {
            *count += 1;
        } else {
            ffi::Py_IncRef(object);
        }
    }
}

/// # Safety
/// As for [`count_up`], and the reference is the caller's to give away.
#[inline]
unsafe fn count_down(object: *mut ffi::PyObject) {
    // SAFETY: as in `count_up`. The last reference takes the object with it.
    unsafe {
        let count = object.cast::<ffi::Py_ssize_t>();
        if lower(*count) > 1 {
            *count -= 1;
        } else {
            ffi::Py_DecRef(object);
        }
    }
}
