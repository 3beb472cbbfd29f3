//! Decoding pieces straight into the caller's slice, side by side.
//!
//! The caller lends its slice for the length of one call, so the threads are started for that call and end with it. That
//! costs less than to copy what a thread of the pool hands over, where decoding is about as fast as copying.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, Builder};

use super::worker::Run;
use crate::error::{Error, Result};
use crate::format::Decode;

/// A piece, and the room that it has.
pub(super) struct Job<'a> {
    pub(super) decoder: &'a mut dyn Decode,
    pub(super) coded: &'a [u8],
    pub(super) out: &'a mut [u8],
    /// How much of that it has filled, if all went well.
    pub(super) filled: Option<usize>,
}

/// Does all of them, on so many threads at most, of which the caller's is one.
pub(super) fn run(jobs: &mut [Job<'_>], threads: usize) {
    let others = threads.min(jobs.len()).saturating_sub(1);
    let queue = Mutex::new(jobs.iter_mut());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        while let Some(job) = next() {
            // A panic is a failure of this piece, as in the pool.
            let filled = catch_unwind(AssertUnwindSafe(|| job.decode()));
            job.filled = filled.ok().and_then(Result::ok);
        }
    };
    thread::scope(|scope| {
        for _ in 0..others {
            // Where the system has no more threads to give, those that there are do the work.
            let _ = Builder::new()
                .name("demijohn".to_owned())
                .spawn_scoped(scope, work);
        }
        work();
    });
}

impl Job<'_> {
    fn decode(&mut self) -> Result<usize> {
        let mut run = Run::default();
        let filled = run.fill(self.decoder, self.coded, self.out)?;
        // A decoder that has filled its room may not know yet that this was all.
        if run.fill(self.decoder, self.coded, &mut [0])? > 0 {
            return Err(Error::corrupt("a piece is larger than it was said to be"));
        }
        Ok(filled)
    }
}
