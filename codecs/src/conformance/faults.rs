//! Sources and sinks that do not behave.

use std::cell::RefCell;
use std::io::{self, BufRead, Cursor, Read, Seek, SeekFrom, Write};
use std::rc::Rc;

use crate::error::{Error, ErrorKind};

use super::data::{Rng, Shape, mixed};
use super::seeking::walk;
use super::subject::{Subject, ensure};

/// A buffered source that has so many bytes at a time.
pub(super) struct Drip<'a> {
    rest: &'a [u8],
    most: usize,
}

impl<'a> Drip<'a> {
    pub(super) fn new(bytes: &'a [u8], most: usize) -> Self {
        Drip { rest: bytes, most }
    }

    /// What nobody has taken.
    pub(super) fn rest(self) -> &'a [u8] {
        self.rest
    }
}

impl Read for Drip<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.fill_buf()?.read(out)?;
        self.consume(n);
        Ok(n)
    }
}

impl BufRead for Drip<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(&self.rest[..self.most.min(self.rest.len())])
    }
    fn consume(&mut self, n: usize) {
        self.rest = &self.rest[n..];
    }
}

/// A source or sink that fails every other call, by turns with `Interrupted` and `WouldBlock`, and does a few
/// bytes at a time otherwise.
struct Hiccups<T> {
    inner: T,
    most: usize,
    calls: usize,
}

impl<T> Hiccups<T> {
    fn new(inner: T, most: usize) -> Self {
        Hiccups {
            inner,
            most,
            calls: 0,
        }
    }

    fn hiccup(&mut self) -> io::Result<()> {
        self.calls += 1;
        match self.calls % 4 {
            1 => Err(io::ErrorKind::Interrupted.into()),
            3 => Err(io::ErrorKind::WouldBlock.into()),
            _ => Ok(()),
        }
    }
}

impl<R: Read> Read for Hiccups<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.hiccup()?;
        let n = out.len().min(self.most);
        self.inner.read(&mut out[..n])
    }
}

impl<R: Seek> Seek for Hiccups<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

impl<W: Write> Write for Hiccups<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.hiccup()?;
        self.inner.write(&bytes[..bytes.len().min(self.most)])
    }
    fn flush(&mut self) -> io::Result<()> {
        self.hiccup()?;
        self.inner.flush()
    }
}

pub(super) fn interruptions(s: &Subject<'_>) {
    for (len, most) in [(0, 1), (3_000, 1), (300_000, 5_000)] {
        let plain = mixed(len);
        let coded = s.encode(&plain);
        let mut rng = Rng::new(12);

        let source = Hiccups::new(&coded[..], most);
        let mut reader = s.ok("making a reader", s.options().reader(source));
        let mut got = Vec::new();
        loop {
            let mut buffer = vec![0; 1 + rng.length(400_000)];
            match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => got.extend_from_slice(&buffer[..n]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => s.fail(format_args!("reading with interruptions: {error}")),
            }
        }
        s.same("reading with interruptions", &got, &plain);

        let sink = write_interrupted(s, &plain, most, false);
        s.same("writing with interruptions", &sink, &coded);
        let sink = write_interrupted(s, &plain, most, true);
        s.decodes_to("writing and flushing with interruptions", &sink, &plain);
    }
    // What a flush makes of this does not fit the engine's buffer, so it is interrupted in the middle.
    let plain = Shape::Random.bytes(800_000);
    let sink = write_interrupted(s, &plain, 5_000, true);
    s.decodes_to("writing and flushing much with interruptions", &sink, &plain);
    let plain = mixed(300_000);
    let source = Hiccups::new(Cursor::new(s.encode(&plain)), 20_000);
    let reader = s.options().seekable_reader(source);
    let mut reader = s.ok("making a reader", reader);
    walk(s, &mut reader, &plain, &mut Rng::new(13), 200);
}

/// Writes to a sink with hiccups; with flushes in between, of which some are not tried again.
fn write_interrupted(s: &Subject<'_>, plain: &[u8], most: usize, flushing: bool) -> Vec<u8> {
    let mut rng = Rng::new(15);
    let mut writer = s.writer(Hiccups::new(Vec::new(), most));
    let mut at = 0;
    while at < plain.len() {
        let n = (1 + rng.length(400_000)).min(plain.len() - at);
        let done = match writer.write(&plain[at..at + n]) {
            Ok(n) => {
                at += n;
                if flushing { writer.flush() } else { Ok(()) }
            }
            Err(error) => Err(error),
        };
        if let Err(error) = done {
            let blocked = error.kind() == io::ErrorKind::WouldBlock;
            ensure!(s, blocked, "writing with interruptions: {error}");
        }
    }
    loop {
        match writer.finish() {
            Ok((sink, _)) => return sink.inner,
            Err(error) if error.error().is_transient() => writer = error.into_parts().1,
            Err(error) => s.fail(format_args!("finishing with interruptions: {error}")),
        }
    }
}

/// How a [`FaultySink`] fails.
#[derive(Clone, Copy)]
pub(super) enum Fault {
    /// With this error, from then on.
    Io(io::ErrorKind),
    /// With this error, once.
    Once(io::ErrorKind),
    /// By taking nothing, which means the same.
    TakesNothing,
    /// With this error, when it is flushed.
    Flush(io::ErrorKind),
}

/// What happened to a [`FaultySink`].
#[derive(Default)]
pub(super) struct Log {
    pub(super) calls: usize,
    failures: usize,
}

/// A sink that takes so many bytes and then fails.
pub(super) struct FaultySink {
    taken: Vec<u8>,
    room: usize,
    fault: Fault,
    log: Rc<RefCell<Log>>,
}

impl FaultySink {
    pub(super) fn new(fault: Fault, room: usize) -> Self {
        FaultySink {
            taken: Vec::new(),
            room,
            fault,
            log: Rc::default(),
        }
    }

    /// To look at after the sink has been given away.
    pub(super) fn log(&self) -> Rc<RefCell<Log>> {
        self.log.clone()
    }

    pub(super) fn taken(&self) -> &[u8] {
        &self.taken
    }

    fn fail(&self, kind: io::ErrorKind) -> io::Error {
        self.log.borrow_mut().failures += 1;
        kind.into()
    }
}

impl Write for FaultySink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.log.borrow_mut().calls += 1;
        let n = bytes.len().min(self.room);
        if n == 0 && !bytes.is_empty() {
            match self.fault {
                Fault::Io(kind) => return Err(self.fail(kind)),
                Fault::Once(kind) => {
                    self.room = usize::MAX;
                    return Err(self.fail(kind));
                }
                Fault::TakesNothing => {
                    self.log.borrow_mut().failures += 1;
                    return Ok(0);
                }
                Fault::Flush(_) => {}
            }
        }
        self.taken.extend_from_slice(&bytes[..n]);
        self.room -= n;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.log.borrow_mut().calls += 1;
        match self.fault {
            Fault::Flush(kind) => Err(self.fail(kind)),
            _ => Ok(()),
        }
    }
}

pub(super) fn failing_sinks(s: &Subject<'_>) {
    let plain = mixed(200_000);
    let coded = s.encode(&plain);
    let mut rng = Rng::new(14);
    let some = (0..25).map(|_| rng.below(coded.len()));
    let rooms: Vec<_> = [0, 1, 2, coded.len() / 2, coded.len() - 1]
        .into_iter()
        .chain(some)
        .collect();
    let full = Fault::Io(io::ErrorKind::StorageFull);
    for &room in &rooms {
        fails(s, &plain, full, room, io::ErrorKind::StorageFull);
    }
    for &room in rooms.iter().take(8) {
        fails(s, &plain, Fault::TakesNothing, room, io::ErrorKind::WriteZero);
        // An error that the sink forgets is not forgotten: the bytes of the failed call may be lost.
        fails(
            s,
            &plain,
            Fault::Once(io::ErrorKind::BrokenPipe),
            room,
            io::ErrorKind::BrokenPipe,
        );
    }
    let at_flush = Fault::Flush(io::ErrorKind::StorageFull);
    fails(s, &plain, at_flush, usize::MAX, io::ErrorKind::StorageFull);
    given_up(s, &plain, coded.len() - 1);
}

/// Whoever keeps only the reason why a stream could not be finished has given it up: nothing more is written.
fn given_up(s: &Subject<'_>, plain: &[u8], room: usize) {
    let sink = FaultySink::new(Fault::Once(io::ErrorKind::WouldBlock), room);
    let log = sink.log();
    let mut writer = s.writer(sink);
    s.ok("writing", writer.write_all(plain));
    let Err(failure) = writer.finish() else {
        s.fail("finishing into a sink that would block: succeeds");
    };
    let calls = log.borrow().calls;
    let error = s.refused("finishing", Err::<(), _>(failure), ErrorKind::Io);
    ensure!(s, error.is_transient(), "finishing: {error}");
    ensure!(
        s,
        log.borrow().calls == calls,
        "the sink is written to after the stream was given up"
    );
}

/// Writes all of `plain` into a sink with a fault.
fn fails(s: &Subject<'_>, plain: &[u8], fault: Fault, room: usize, kind: io::ErrorKind) {
    let what = format!("a sink that fails with {kind:?} after {room} bytes");
    let sink = FaultySink::new(fault, room);
    let log = sink.log();
    let mut writer = s.writer(sink);
    let mut first = None;
    for part in plain.chunks(30_000) {
        if let Err(error) = writer.write_all(part) {
            first.get_or_insert(Error::from(error));
        }
        // A failure that the sink has reported must have come out of the call it was in.
        ensure!(
            s,
            (log.borrow().failures > 0) == first.is_some(),
            "{what}: a write hides the failure"
        );
    }
    if first.is_some() {
        let calls = log.borrow().calls;
        for again in [writer.write(b"more").map(drop), writer.flush()] {
            let error = s.refused(format_args!("{what}, used again"), again, ErrorKind::Io);
            ensure!(
                s,
                error.io_kind() == kind,
                "{what}: later it is {:?}",
                error.io_kind()
            );
        }
        ensure!(
            s,
            log.borrow().calls == calls,
            "{what}: it is written to after it has failed"
        );
    }
    let error = s.refused(format_args!("{what}, finished"), writer.finish(), ErrorKind::Io);
    ensure!(
        s,
        error.io_kind() == kind,
        "{what}: finish reports {:?}",
        error.io_kind()
    );
    if let Some(first) = first {
        ensure!(
            s,
            first.io_kind() == kind,
            "{what}: it is reported as {:?}",
            first.io_kind()
        );
    }
}
