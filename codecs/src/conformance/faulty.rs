//! Sources and sinks of which one call goes wrong.

use std::cell::Cell;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::rc::Rc;

/// What a source or a sink does once, instead of what it was called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It fails.
    Fails(io::ErrorKind),
    /// It fails with an error of the system that has no kind of its own (`EIO`).
    Device,
    /// It does a single byte.
    Short,
    /// It does nothing: to a reader this is the end, to a writer an error.
    Nothing,
}

impl Fault {
    /// Those that must change nothing.
    pub const PASSING: [Fault; 3] = [
        Fault::Fails(io::ErrorKind::Interrupted),
        Fault::Fails(io::ErrorKind::WouldBlock),
        Fault::Short,
    ];
    /// Those that end everything.
    pub const LASTING: [Fault; 4] = [
        Fault::Fails(io::ErrorKind::UnexpectedEof),
        Fault::Fails(io::ErrorKind::StorageFull),
        Fault::Fails(io::ErrorKind::BrokenPipe),
        Fault::Device,
    ];

    /// These and [`Nothing`](Fault::Nothing).
    pub fn all() -> impl Iterator<Item = Fault> {
        let known = Fault::PASSING.into_iter().chain(Fault::LASTING);
        known.chain([Fault::Nothing])
    }

    fn error(self) -> Option<io::Error> {
        match self {
            Fault::Fails(kind) => Some(kind.into()),
            Fault::Device => Some(io::Error::from_raw_os_error(5)),
            Fault::Short | Fault::Nothing => None,
        }
    }

    /// Must it change nothing?
    #[must_use]
    pub fn passes(self) -> bool {
        Fault::PASSING.contains(&self)
    }

    /// The kind that a writer reports.
    #[must_use]
    pub fn kind(self) -> io::ErrorKind {
        self.error()
            .map_or(io::ErrorKind::WriteZero, |error| error.kind())
    }
}

/// The calls that a [`Faulty`] has had and what is to happen, to look at after it has been given away.
#[derive(Clone, Debug)]
pub struct Calls {
    fault: Fault,
    /// Calls before the one that goes wrong; `None` while none is to.
    left: Rc<Cell<Option<usize>>>,
    struck: Rc<Cell<bool>>,
    count: Rc<Cell<usize>>,
}

impl Calls {
    /// No call goes wrong until [`arm`](Self::arm) has said which.
    #[must_use]
    pub fn new(fault: Fault) -> Self {
        Calls {
            fault,
            left: Rc::default(),
            struck: Rc::default(),
            count: Rc::default(),
        }
    }

    /// From now on, it is the call number `at` that goes wrong.
    pub fn arm(&self, at: usize) {
        self.left.set(Some(at));
    }

    /// Has the call come that goes wrong?
    #[must_use]
    pub fn struck(&self) -> bool {
        self.struck.get()
    }

    /// How many there have been.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count.get()
    }

    /// What goes wrong.
    #[must_use]
    pub fn fault(&self) -> Fault {
        self.fault
    }

    /// Whether this call is the one.
    fn strikes(&self) -> bool {
        self.count.set(self.count.get() + 1);
        let strikes = self.left.get() == Some(0);
        self.left
            .set(self.left.get().and_then(|left| left.checked_sub(1)));
        if strikes {
            self.struck.set(true);
        }
        strikes
    }

    /// For what moves no bytes: only errors can happen to it.
    fn fail(&self) -> io::Result<()> {
        match self.fault.error() {
            Some(error) if self.strikes() => Err(error),
            _ => Ok(()),
        }
    }

    /// How many of `len` bytes are done.
    fn most(&self, len: usize) -> io::Result<usize> {
        if len == 0 || !self.strikes() {
            return Ok(len);
        }
        match (self.fault.error(), self.fault) {
            (Some(error), _) => Err(error),
            (None, Fault::Nothing) => Ok(0),
            (None, _) => Ok(1),
        }
    }
}

/// A source or sink that does so many bytes at a time, and one of whose calls goes wrong.
#[derive(Debug)]
pub struct Faulty<T> {
    inner: T,
    most: usize,
    calls: Calls,
}

impl<T> Faulty<T> {
    /// Does `most` bytes at a time; `calls` tells what happens.
    pub fn new(inner: T, most: usize, calls: &Calls) -> Self {
        Faulty {
            inner,
            most,
            calls: calls.clone(),
        }
    }

    /// The calls it has had.
    pub fn calls(&self) -> &Calls {
        &self.calls
    }

    /// What it was made of.
    pub fn into_inner(self) -> T {
        self.inner
    }
}

impl<R: Read> Read for Faulty<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.calls.most(out.len().min(self.most))?;
        self.inner.read(&mut out[..n])
    }
}

impl<S: Seek> Seek for Faulty<S> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.calls.fail()?;
        self.inner.seek(to)
    }
}

impl<W: Write> Write for Faulty<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.calls.most(bytes.len().min(self.most))?;
        self.inner.write(&bytes[..n])
    }
    fn flush(&mut self) -> io::Result<()> {
        self.calls.fail()?;
        self.inner.flush()
    }
}
