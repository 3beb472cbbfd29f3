//! The worker pool: threads that work on pieces of one stream.
//!
//! Tasks are given to whichever thread is free; their answers are taken in the order of the tasks. A task may have
//! several answers, of which few wait at a time, so that what a small piece decodes to is never in memory as a
//! whole. The threads are started when there is work for them, own what they work on, and end with the pool; all I/O
//! is the business of the thread that owns it.

use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, TryRecvError, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use crate::error::{Error, Result};

/// More threads than this are never started, whatever is asked for.
const MOST_THREADS: usize = 256;
/// Tasks begun or waiting for each thread: one that it works on, and one that it finds when it is done.
const TASKS_PER_THREAD: usize = 2;
/// Answers of a task that wait to be taken, at most.
const ANSWERS: usize = 2;

/// What a thread of the pool does.
pub(crate) trait Work<T, A>: Send {
    /// Works on a task, and gives its answers to `give`. If that says `false`, nobody wants them any longer.
    ///
    /// # Errors
    /// What the work reports: it comes behind the answers.
    fn work(&mut self, task: T, give: &mut dyn FnMut(A) -> bool) -> Result<()>;
}

/// Makes what a thread does; each has its own.
pub(crate) type NewWork<T, A> = Arc<dyn Fn() -> Result<Box<dyn Work<T, A>>> + Send + Sync>;

/// What comes of a task.
#[derive(Debug)]
pub(crate) enum Answer<A> {
    /// One of its answers.
    Part(A),
    /// There are no more, and all went well or not.
    End(Result<()>),
}

struct Job<T, A> {
    task: T,
    /// Of the pool, when the task was given.
    age: u64,
    answers: SyncSender<Answer<A>>,
}

/// What the threads share.
struct Shared<T, A> {
    new: NewWork<T, A>,
    queue: Mutex<Receiver<Job<T, A>>>,
    /// Grows when all tasks are forgotten.
    age: AtomicU64,
}

/// Threads that work on tasks.
pub(crate) struct Pool<T, A> {
    shared: Arc<Shared<T, A>>,
    /// Threads at most.
    limit: usize,
    threads: Vec<JoinHandle<()>>,
    /// `None` while the pool is being dropped.
    tasks: Option<Sender<Job<T, A>>>,
    /// The answers to come, in the order of the tasks.
    pending: VecDeque<Receiver<Answer<A>>>,
}

impl<T: Send + 'static, A: Send + 'static> Pool<T, A> {
    /// A pool of up to so many threads, none of which is started yet.
    pub(crate) fn new(threads: usize, new: NewWork<T, A>) -> Self {
        let (tasks, queue) = channel();
        Pool {
            shared: Arc::new(Shared {
                new,
                queue: Mutex::new(queue),
                age: AtomicU64::new(0),
            }),
            limit: threads.clamp(1, MOST_THREADS),
            threads: Vec::new(),
            tasks: Some(tasks),
            pending: VecDeque::new(),
        }
    }

    /// How many tasks there may be at a time.
    pub(crate) fn capacity(&self) -> usize {
        self.limit * TASKS_PER_THREAD
    }

    /// Tasks whose answers have not all been taken.
    pub(crate) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Gives the threads a task. It comes back if there is none to take it and none can be started.
    pub(crate) fn submit(&mut self, task: T) -> Result<(), T> {
        if self.threads.len() < self.limit && self.threads.len() <= self.pending.len() {
            // Where the system has no more threads to give, those that there are do the work.
            self.threads.extend(self.start());
        }
        let Some(tasks) = self.tasks.as_ref().filter(|_| !self.threads.is_empty()) else {
            return Err(task);
        };
        let (answers, pending) = sync_channel(ANSWERS);
        let age = self.shared.age.load(Ordering::Relaxed);
        match tasks.send(Job { task, age, answers }) {
            Ok(()) => self.pending.push_back(pending),
            Err(unsent) => return Err(unsent.0.task),
        }
        Ok(())
    }

    fn start(&self) -> Option<JoinHandle<()>> {
        let shared = self.shared.clone();
        let builder = Builder::new().name("demijohn".to_owned());
        builder.spawn(move || run(&shared)).ok()
    }

    /// The next answer of the oldest task, for which it waits; `None` if there is no task.
    pub(crate) fn wait(&mut self) -> Option<Answer<A>> {
        let answer = self.pending.front()?.recv();
        Some(self.taken(answer.unwrap_or_else(|_| lost())))
    }

    /// Have threads been started?
    pub(crate) fn is_running(&self) -> bool {
        !self.threads.is_empty()
    }

    /// The next answer of the oldest task, if it is there.
    pub(crate) fn poll(&mut self) -> Option<Answer<A>> {
        let answer = match self.pending.front()?.try_recv() {
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => lost(),
            Ok(answer) => answer,
        };
        Some(self.taken(answer))
    }

    fn taken(&mut self, answer: Answer<A>) -> Answer<A> {
        if let Answer::End(_) = answer {
            self.pending.pop_front();
        }
        answer
    }
}

impl<T, A> Pool<T, A> {
    /// Forgets all tasks: those that have not been begun are not, and nobody hears of the others.
    pub(crate) fn forget(&mut self) {
        self.shared.age.fetch_add(1, Ordering::Relaxed);
        self.pending.clear();
    }
}

impl<T, A> Drop for Pool<T, A> {
    fn drop(&mut self) {
        // Without takers for their answers and without a queue the threads end, at the latest behind the call of a
        // coder that they are in.
        self.forget();
        self.tasks = None;
        for thread in self.threads.drain(..) {
            // It does not panic: what it runs is caught.
            let _ = thread.join();
        }
    }
}

/// What a thread does from beginning to end.
fn run<T, A>(shared: &Shared<T, A>) {
    let mut worker = None;
    loop {
        // Nothing can panic while the queue is locked, so it is whole.
        let next = shared.queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { task, age, answers }) = next else {
            return;
        };
        let wanted = || shared.age.load(Ordering::Relaxed) == age;
        if !wanted() {
            continue;
        }
        let result = catch_unwind(AssertUnwindSafe(|| {
            let worker = match &mut worker {
                Some(worker) => worker,
                none => none.insert((shared.new)()?),
            };
            worker.work(task, &mut |part| {
                wanted() && answers.send(Answer::Part(part)).is_ok()
            })
        }));
        let result = result.unwrap_or_else(|panic| {
            // Whatever state it is in, nobody uses it again.
            worker = None;
            Err(panicked(&*panic))
        });
        // Nobody may be interested.
        let _ = answers.send(Answer::End(result));
    }
}

fn panicked(panic: &(dyn Any + Send)) -> Error {
    let message = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message");
    Error::corrupt(format!("a coder panicked: {message}"))
}

/// The thread went without a word. It cannot, short of a bug; an error is better than waiting.
fn lost<A>() -> Answer<A> {
    Answer::End(Err(Error::corrupt("a thread of the pool was lost")))
}

impl<T, A> fmt::Debug for Pool<T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("limit", &self.limit)
            .field("threads", &self.threads.len())
            .field("pending", &self.pending.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::time::Duration;

    use super::*;
    use crate::error::ErrorKind;

    /// Runs a function on each task.
    struct Each<F>(F);

    impl<T, A, F: FnMut(T, &mut dyn FnMut(A) -> bool) -> Result<()> + Send> Work<T, A> for Each<F> {
        fn work(&mut self, task: T, give: &mut dyn FnMut(A) -> bool) -> Result<()> {
            (self.0)(task, give)
        }
    }

    fn pool<T, A, F>(threads: usize, work: F) -> Pool<T, A>
    where
        T: Send + 'static,
        A: Send + 'static,
        F: Fn(T, &mut dyn FnMut(A) -> bool) -> Result<()> + Send + Sync + Clone + 'static,
    {
        Pool::new(threads, Arc::new(move || Ok(Box::new(Each(work.clone())))))
    }

    /// All answers to all tasks, and how they end.
    fn drain<T: Send + 'static, A: Send + 'static>(pool: &mut Pool<T, A>) -> (Vec<A>, Vec<Result<()>>) {
        let (mut parts, mut ends) = (Vec::new(), Vec::new());
        while let Some(answer) = pool.wait() {
            match answer {
                Answer::Part(part) => parts.push(part),
                Answer::End(end) => ends.push(end),
            }
        }
        (parts, ends)
    }

    #[test]
    fn answers_come_in_the_order_of_the_tasks() {
        let mut pool = pool(3, |n: u64, give| {
            // The first ones take longest.
            std::thread::sleep(Duration::from_millis(20 - 4 * n));
            // More than wait at a time.
            (0..5).all(|i| give(10 * n + i));
            Ok(())
        });
        for n in 0..5 {
            pool.submit(n).unwrap();
        }
        let (parts, ends) = drain(&mut pool);
        let expected: Vec<_> = (0..5).flat_map(|n| (0..5).map(move |i| 10 * n + i)).collect();
        assert_eq!(parts, expected);
        assert_eq!(ends.len(), 5);
        assert!(ends.iter().all(Result::is_ok));
    }

    #[test]
    fn threads_are_started_when_there_is_work_for_them() {
        let mut pool = pool(2, |n: u64, give| {
            give(n);
            Ok(())
        });
        assert_eq!(pool.threads.len(), 0);
        for (task, threads) in [(0, 1), (1, 2), (2, 2)] {
            pool.submit(task).unwrap();
            assert_eq!(pool.threads.len(), threads);
        }
        assert_eq!(drain(&mut pool).0, [0, 1, 2]);
    }

    #[test]
    fn errors_and_panics_stand_where_their_task_stood() {
        let mut pool = pool(2, |n: u64, give| match n {
            1 => Err(Error::truncated("one")),
            2 => panic!("two"),
            n => {
                give(n);
                Ok(())
            }
        });
        for n in 0..4 {
            pool.submit(n).unwrap();
        }
        let (parts, ends) = drain(&mut pool);
        assert_eq!(parts, [0, 3]);
        let kinds: Vec<_> = ends
            .iter()
            .map(|end| end.as_ref().err().map(Error::kind))
            .collect();
        assert_eq!(
            kinds,
            [None, Some(ErrorKind::Truncated), Some(ErrorKind::Corrupt), None]
        );
        assert_eq!(ends[2].as_ref().unwrap_err().message(), "a coder panicked: two");
    }

    #[test]
    fn what_cannot_be_made_is_an_error_of_each_task() {
        let mut pool: Pool<(), ()> = Pool::new(1, Arc::new(|| Err(Error::limit("no room"))));
        pool.submit(()).unwrap();
        pool.submit(()).unwrap();
        let (_, ends) = drain(&mut pool);
        assert!(
            ends.iter()
                .all(|end| end.as_ref().unwrap_err().kind() == ErrorKind::Limit)
        );
    }

    #[test]
    fn a_dropped_pool_begins_no_task_more_and_waits_for_those_begun() {
        static BEGUN: AtomicUsize = AtomicUsize::new(0);
        let (told, begun) = channel();
        let (hold, held) = channel::<()>();
        let held = Arc::new(Mutex::new(held));
        let mut pool = pool(1, move |(): (), give| {
            BEGUN.fetch_add(1, Ordering::SeqCst);
            told.send(()).unwrap();
            // Until the test lets go; then answers that nobody takes.
            let _ = held.lock().unwrap().recv();
            while give(()) {}
            Ok(())
        });
        for () in [(); 4] {
            pool.submit(()).unwrap();
        }
        begun.recv().unwrap();
        let dropping = std::thread::spawn(move || drop(pool));
        drop(hold);
        dropping.join().unwrap();
        assert_eq!(BEGUN.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn forgotten_tasks_give_no_answers_to_later_ones() {
        let mut pool = pool(2, |n: u64, give| {
            (0..4).all(|_| give(n));
            Ok(())
        });
        for n in 0..4 {
            pool.submit(n).unwrap();
        }
        pool.forget();
        assert_eq!(pool.pending(), 0);
        pool.submit(9).unwrap();
        assert_eq!(drain(&mut pool).0, [9; 4]);
    }
}
