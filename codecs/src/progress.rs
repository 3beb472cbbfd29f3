//! Progress reports, and cancellation through them.

use std::fmt;
use std::ops::ControlFlow;

use crate::error::{Error, ErrorKind};

/// How far a stream has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Bytes on the compressed side: consumed by a reader, produced by a writer.
    pub compressed: u64,
    /// Bytes on the plain side: produced by a reader, consumed by a writer.
    pub plain: u64,
    /// Bytes on the input side, all in all, where that is known: compressed ones for a reader, plain ones
    /// for a writer.
    pub total: Option<u64>,
}

/// A progress callback; [`ControlFlow::Break`] cancels.
pub(crate) type OnProgress = Box<dyn FnMut(Progress) -> ControlFlow<()> + Send>;

/// Calls the callback, if there is one, every [`Meter::STRIDE`] bytes on either side.
#[derive(Default)]
pub(crate) struct Meter {
    callback: Option<OnProgress>,
    total: Option<u64>,
    reported: u64,
}

impl Meter {
    /// Bytes, compressed and plain together, between two reports.
    const STRIDE: u64 = 1 << 20;

    pub(crate) fn new(callback: Option<OnProgress>, total: Option<u64>) -> Self {
        Meter {
            callback,
            total,
            reported: 0,
        }
    }

    /// Counts on from another place in the stream.
    pub(crate) fn restart(&mut self, compressed: u64, plain: u64) {
        self.reported = compressed.saturating_add(plain);
    }

    pub(crate) fn advance(&mut self, compressed: u64, plain: u64) -> ControlFlow<()> {
        let Some(callback) = &mut self.callback else {
            return ControlFlow::Continue(());
        };
        let sum = compressed.saturating_add(plain);
        if sum < self.reported.saturating_add(Self::STRIDE) {
            return ControlFlow::Continue(());
        }
        self.reported = sum;
        callback(Progress {
            compressed,
            plain,
            total: self.total,
        })
    }

    pub(crate) fn cancelled() -> Error {
        Error::new(ErrorKind::Cancelled, "the progress callback asked to stop")
    }
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meter")
            .field("total", &self.total)
            .field("reported", &self.reported)
            .finish()
    }
}
