//! The garbage collector, kept from running while nothing but the machine does.

use std::io::{self, BufRead, Read, Seek, SeekFrom};

use pyo3::ffi;
use pyo3::prelude::*;

/// Keeps the collector from running while it exists, and sets it free again afterwards.
///
/// Objects that are being built are no garbage. Before 3.12, Python looks for some all the same with every 700 containers
/// made, which takes longer than making them; later versions look between instructions of Python code only, so that
/// nothing is to be done. Whatever may run other code is to do so [with the collector on](Self::lifted): nobody can
/// notice then, nor turn it on or off in between.
pub(super) struct Pause {
    paused: bool,
}

impl Pause {
    pub(super) fn new(py: Python<'_>) -> Self {
        let wanted = py.version_info() < (3, 12);
        // SAFETY: attached, as `py` shows.
        let paused = wanted && unsafe { ffi::PyGC_Disable() } == 1;
        Self { paused }
    }

    /// Does something with the collector as it was.
    #[inline]
    pub(super) fn lifted<T>(&self, work: impl FnOnce() -> T) -> T {
        if !self.paused {
            return work();
        }
        // SAFETY: attached, as long as there is a pause.
        unsafe { ffi::PyGC_Enable() };
        let done = work();
        // SAFETY: as above.
        unsafe { ffi::PyGC_Disable() };
        done
    }
}

impl Drop for Pause {
    fn drop(&mut self) {
        if self.paused {
            // SAFETY: attached, as long as there is a pause.
            unsafe { ffi::PyGC_Enable() };
        }
    }
}

/// A stream that is read with the collector on: others have their turn meanwhile.
pub(super) struct Lifting<'a, S> {
    inner: S,
    pause: &'a Pause,
}

impl<'a, S> Lifting<'a, S> {
    pub(super) fn new(inner: S, pause: &'a Pause) -> Self {
        Self { inner, pause }
    }

    pub(super) fn into_inner(self) -> S {
        self.inner
    }
}

impl<S: Read> Read for Lifting<'_, S> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.pause.lifted(|| self.inner.read(out))
    }
}

impl<S: BufRead> BufRead for Lifting<'_, S> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.pause.lifted(|| self.inner.fill_buf())
    }

    fn consume(&mut self, n: usize) {
        self.inner.consume(n);
    }
}

impl<S: Seek> Seek for Lifting<'_, S> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.pause.lifted(|| self.inner.seek(to))
    }
}
