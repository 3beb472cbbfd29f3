//! Decoding pieces straight into the caller's slice, side by side.
//!
//! The caller lends its slice for the length of one call, so the threads are started for that call and end with it. That
//! costs less than to copy what a thread of the pool hands over, where decoding is about as fast as copying.

use std::iter::{Enumerate, Peekable};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, Builder};
use std::vec;

use super::worker::Run;
use crate::error::{Error, Result};
use crate::format::Decode;

/// Bytes of a huge page, where there are such.
const HUGE_PAGE: usize = 2 << 20;

/// A piece, and the room that it has.
pub(super) struct Job<'a> {
    pub(super) decoder: &'a mut dyn Decode,
    pub(super) coded: &'a [u8],
    pub(super) out: &'a mut [u8],
}

/// The data of a piece; `None` if it has failed.
type Outcome<'a> = Option<&'a [u8]>;

/// Does all of them, on so many threads at most, of which the caller's is one.
///
/// `take` gets the data of one after the other as soon as it is there, while others are still decoded: from the thread that
/// has just decoded it, wherever that is the next one, since that has it in its cache. Once it says `false` it is not called
/// again, and no more are begun.
pub(super) fn run<'a>(jobs: Vec<Job<'a>>, threads: usize, take: impl FnMut(Outcome<'a>) -> bool + Send) {
    let others = threads.min(jobs.len()).saturating_sub(1);
    let crew = Crew::new(jobs, take);
    thread::scope(|scope| {
        let spawn = |_| {
            let builder = Builder::new().name("demijohn".to_owned());
            // Where the system has no more threads to give, those that there are do the work.
            builder.spawn_scoped(scope, || crew.work()).ok()
        };
        let others: Vec<_> = (0..others).map_while(spawn).collect();
        crew.work();
        for other in others {
            // The scope would wait for the end of its work, but not for its own.
            if let Err(panic) = other.join() {
                resume_unwind(panic);
            }
        }
    });
}

/// What the threads share.
struct Crew<'a, F> {
    /// Jobs that nobody has begun, counted.
    queue: Mutex<Peekable<Enumerate<vec::IntoIter<Job<'a>>>>>,
    /// What has come of the others, until it is taken.
    outcomes: Mutex<Vec<Option<Outcome<'a>>>>,
    taking: Mutex<Taking<F>>,
}

struct Taking<F> {
    /// Whose turn it is.
    next: usize,
    over: bool,
    take: F,
}

impl<'a, F: FnMut(Outcome<'a>) -> bool> Crew<'a, F> {
    fn new(jobs: Vec<Job<'a>>, take: F) -> Self {
        Crew {
            outcomes: Mutex::new(jobs.iter().map(|_| None).collect()),
            queue: Mutex::new(jobs.into_iter().enumerate().peekable()),
            taking: Mutex::new(Taking {
                next: 0,
                over: false,
                take,
            }),
        }
    }

    /// What a thread does.
    fn work(&self) {
        loop {
            let jobs = self.next();
            if jobs.is_empty() {
                break;
            }
            for (at, job) in jobs {
                let outcome = job.run();
                lock(&self.outcomes)[at] = Some(outcome);
                self.take();
            }
        }
    }

    /// The next jobs for one thread: those whose data begins in the same huge page. If two threads came to write to a fresh one at
    /// once, the kernel would clear one for each.
    fn next(&self) -> Vec<(usize, Job<'a>)> {
        let mut queue = lock(&self.queue);
        let Some(first) = queue.next() else {
            return Vec::new();
        };
        let page = first.1.page();
        let mut jobs = vec![first];
        while let Some(job) = queue.next_if(|(_, job)| job.page() == page) {
            jobs.push(job);
        }
        jobs
    }

    /// Has all taken whose turn has come, unless another thread is about that.
    fn take(&self) {
        loop {
            let Ok(mut taking) = self.taking.try_lock() else {
                return;
            };
            while !taking.over
                && let Some(outcome) = self.outcome(taking.next)
            {
                taking.next += 1;
                taking.over = !(taking.take)(outcome);
            }
            if taking.over {
                lock(&self.queue).by_ref().for_each(drop);
                return;
            }
            let next = taking.next;
            drop(taking);
            // One may have come that found this thread about to leave.
            if lock(&self.outcomes).get(next).is_none_or(Option::is_none) {
                return;
            }
        }
    }

    fn outcome(&self, at: usize) -> Option<Outcome<'a>> {
        lock(&self.outcomes).get_mut(at)?.take()
    }
}

/// Nobody panics in the few lines that hold these.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a> Job<'a> {
    /// In which huge page of memory its data begins.
    fn page(&self) -> usize {
        self.out.as_ptr().addr() / HUGE_PAGE
    }

    fn run(self) -> Outcome<'a> {
        let Job { decoder, coded, out } = self;
        // A panic is a failure of this piece, as in the pool.
        let filled = catch_unwind(AssertUnwindSafe(|| decode(decoder, coded, out)));
        filled.ok().and_then(Result::ok).map(|len| &out[..len])
    }
}

fn decode(decoder: &mut dyn Decode, coded: &[u8], out: &mut [u8]) -> Result<usize> {
    let mut run = Run::default();
    let filled = run.fill(decoder, coded, out)?;
    // A decoder that has filled its room may not know yet that this was all.
    if run.fill(decoder, coded, &mut [0])? > 0 {
        return Err(Error::corrupt("a piece is larger than it was said to be"));
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Compressor;
    use crate::format::{DecodeOptions, Step};

    /// A decoder of plain bytes that is slow where there is a `~`, and for which `!` is damage.
    struct Marked(Box<dyn Decode>);

    impl Decode for Marked {
        fn step(&mut self, input: &[u8], out: &mut [u8], eof: bool) -> Result<Step> {
            if input.contains(&b'~') {
                thread::sleep(std::time::Duration::from_millis(20));
            }
            if input.contains(&b'!') {
                return Err(Error::corrupt("damage"));
            }
            self.0.step(input, out, eof)
        }
        fn reset(&mut self) -> Result<()> {
            self.0.reset()
        }
    }

    /// What is taken of these pieces, each with room for eight bytes, until one is not wanted.
    fn taken(pieces: &[&str], threads: usize, unwanted: &str) -> Vec<Option<String>> {
        let plain = Compressor::by_name("none").unwrap();
        let decoder = || Marked(plain.decoder(&DecodeOptions::default()).unwrap());
        let mut decoders: Vec<_> = pieces.iter().map(|_| decoder()).collect();
        let mut room = vec![0; 8 * pieces.len()];
        let jobs = pieces.iter().zip(&mut decoders).zip(room.chunks_mut(8));
        let jobs = jobs.map(|((coded, decoder), out)| Job {
            decoder,
            coded: coded.as_bytes(),
            out,
        });
        let mut taken = Vec::new();
        run(jobs.collect(), threads, |plain| {
            let plain = plain.map(|plain| String::from_utf8(plain.to_vec()).unwrap());
            let go_on = plain.as_deref() != Some(unwanted);
            taken.push(plain);
            go_on
        });
        taken
    }

    #[test]
    fn all_are_taken_in_their_order_whichever_is_done_first() {
        let pieces = ["~slow", "a", "b", "~late", "c", "d"];
        let all: Vec<_> = pieces.iter().map(|piece| Some((*piece).to_owned())).collect();
        for threads in [1, 2, 4, 9] {
            assert_eq!(taken(&pieces, threads, ""), all, "{threads} threads");
        }
        assert_eq!(taken(&[], 2, ""), []);
    }

    #[test]
    fn pieces_that_begin_in_one_huge_page_go_to_one_thread() {
        let mut room = vec![0; 5 * HUGE_PAGE];
        let begin = room.as_ptr().align_offset(HUGE_PAGE);
        let mut room = &mut room[begin..];
        let plain = Compressor::by_name("none").unwrap();
        let mut decoders: Vec<_> = (0..5)
            .map(|_| plain.decoder(&DecodeOptions::default()).unwrap())
            .collect();
        // Three begin in the first page, the last of them ends in the second.
        let lengths = [HUGE_PAGE / 4, HUGE_PAGE / 2, HUGE_PAGE, HUGE_PAGE / 8, HUGE_PAGE];
        let jobs = decoders.iter_mut().zip(lengths).map(|(decoder, len)| Job {
            decoder: &mut **decoder,
            coded: &[],
            out: room.split_off_mut(..len).unwrap(),
        });
        let crew = Crew::new(jobs.collect(), |_| true);
        let together = std::iter::repeat_with(|| crew.next().len());
        assert_eq!(together.take(3).collect::<Vec<_>>(), [3, 2, 0]);
    }

    #[test]
    fn what_fails_or_has_too_much_data_is_none_and_the_others_are_taken() {
        for threads in [1, 3] {
            let taken = taken(&["a", "!", "much too long", "b"], threads, "");
            assert_eq!(taken, [Some("a".to_owned()), None, None, Some("b".to_owned())]);
        }
    }

    #[test]
    fn nothing_is_taken_behind_one_that_is_not_wanted() {
        for threads in [1, 2, 4] {
            let taken = taken(&["~a", "b", "c", "d"], threads, "b");
            assert_eq!(taken, [Some("~a".to_owned()), Some("b".to_owned())]);
        }
    }
}
