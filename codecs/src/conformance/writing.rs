//! Writers: cuts, flushes, ends.

use std::cell::RefCell;
use std::io::{self, Cursor, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use crate::engine::late::HELD;
use crate::format::Hint;
use crate::spec::Flush;

use super::data::{Rng, Shape, mixed};
use super::faults::{Fault, FaultySink};
use super::subject::{Subject, drain, ensure};

pub(super) fn write_cuts(s: &Subject<'_>) {
    // Several slabs, so that a writer may hand its encoder one or several at a time.
    let plain = mixed(700_000);
    let whole = s.encode(&plain);
    s.same("the same data once more", &s.encode(&plain), &whole);
    let mut rng = Rng::new(2);
    for most in [100, 5_000, 150_000, 400_000] {
        let mut writer = s.writer(Vec::new());
        write_cut(s, &mut writer, &plain, || 1 + rng.length(most));
        let coded = s.ok("finishing", writer.finish()).0;
        s.same(format_args!("writes of up to {most} bytes"), &coded, &whole);
    }
    for len in [1, 300, 3000] {
        let mut writer = s.writer(Vec::new());
        write_cut(s, &mut writer, &plain[..len], || 1);
        let coded = s.ok("finishing", writer.finish()).0;
        s.same(
            format_args!("{len} bytes, one at a time"),
            &coded,
            &s.encode(&plain[..len]),
        );
    }
    // Threads and the block size: the second decides about the bytes, the first never does.
    for block in [None, Some(1 << 16)] {
        let options = |threads| {
            let options = s.options().threads(threads);
            match block {
                Some(size) => options.block_size(size),
                None => options,
            }
        };
        let one = s.encode_with(options(1), &plain);
        for threads in [0, 2, 5] {
            s.same(
                format_args!("{threads} threads, blocks of {block:?}"),
                &s.encode_with(options(threads), &plain),
                &one,
            );
        }
    }
}

pub(super) fn sinks(s: &Subject<'_>) {
    const BEFORE: &[u8] = b"what stood there before";
    let late = s.encoder().late_head().is_some();
    // A stream whose head is known late and that is too long to be kept in memory takes another way.
    let long = if late { 3 * HELD / 2 } else { 300_000 };
    for plain in [Vec::new(), mixed(3000), Shape::Random.bytes(long)] {
        let what = format!("{} bytes into a sink that seeks", plain.len());
        let whole = s.encode(&plain);
        let mut sink = Cursor::new(BEFORE.to_vec());
        sink.set_position(BEFORE.len() as u64);
        let mut writer = s.ok(&what, s.options().seekable_writer(sink, s.compressor));
        s.ok(&what, writer.write_all(&plain));
        let (sink, summary) = s.ok(&what, writer.finish());
        let (position, bytes) = (sink.position(), sink.into_inner());
        let (before, coded) = bytes.split_at(BEFORE.len());
        s.same(&what, coded, &whole);
        ensure!(s, before == BEFORE, "{what}: bytes before it changed");
        ensure!(
            s,
            position == bytes.len() as u64 && summary.compressed == whole.len() as u64,
            "{what}: the sink stands at {position}, the summary says {summary:?}, and there are {} bytes",
            bytes.len()
        );
        s.decodes_to(&what, &whole, &plain);
    }
}

pub(super) fn hints(s: &Subject<'_>) {
    let plain = mixed(300_000);
    for size in [0, 1, 2, 3, 8, 16, 255, 256, usize::MAX] {
        let mut writer = s.writer_with(s.options().element_size(size), Vec::new());
        for (part, size) in plain.chunks(70_001).zip([size, 4, 1, size, 8]) {
            writer.hint(Hint::ElementSize(size));
            s.ok("writing", writer.write_all(part));
        }
        let coded = s.ok("finishing", writer.finish()).0;
        let what = format!("elements of {size} bytes, and others");
        s.decodes_to(&what, &coded, &plain);
    }
}

fn write_cut(s: &Subject<'_>, writer: &mut impl Write, plain: &[u8], mut cut: impl FnMut() -> usize) {
    let mut rest = plain;
    while !rest.is_empty() {
        let n = s.ok("writing", writer.write(&rest[..cut().min(rest.len())]));
        ensure!(s, n > 0, "a write took nothing");
        rest = &rest[n..];
        ensure!(
            s,
            s.ok("an empty write", writer.write(&[])) == 0,
            "an empty write took something"
        );
    }
}

/// A sink that can be looked into while it is being written.
#[derive(Clone, Default)]
struct Shared(Rc<RefCell<Vec<u8>>>);

impl Shared {
    fn bytes(&self) -> Vec<u8> {
        self.0.borrow().clone()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) fn flushes(s: &Subject<'_>) {
    let plain = mixed(400_000);
    let mut rng = Rng::new(3);
    // Flushing an empty stream, then often and closely, then seldom.
    for most in [50, 3_000, 200_000] {
        let sink = Shared::default();
        let mut writer = s.writer(sink.clone());
        s.ok("flushing an empty stream", writer.flush());
        let mut at = 0;
        for _ in 0..12 {
            let n = rng.length(most).min(plain.len() - at);
            s.ok("writing", writer.write_all(&plain[at..at + n]));
            at += n;
            s.ok("flushing", writer.flush());
            let size = sink.bytes().len();
            if s.spec().flushing() != Flush::None {
                readable(s, &sink.bytes(), &plain[..at]);
            }
            s.ok("flushing again", writer.flush());
            ensure!(s, sink.bytes().len() == size, "flushing twice adds to the stream");
        }
        s.ok("finishing", writer.finish());
        s.decodes_to("a stream with flushes", &sink.bytes(), &plain[..at]);
    }
}

/// A reader that is given these bytes and finds the source empty behind them delivers at least `plain` first.
fn readable(s: &Subject<'_>, coded: &[u8], plain: &[u8]) {
    let source = Cursor::new(coded).chain(Blocked);
    let mut reader = s.ok("reading what is flushed", s.options().reader(source));
    let mut got = Vec::new();
    while got.len() < plain.len() {
        let mut buffer = vec![0; 300_000];
        match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => got.extend_from_slice(&buffer[..n]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) => s.fail(format_args!("reading what is flushed: {error}")),
        }
    }
    s.same("what is decodable after a flush", &got, plain);
}

/// A source that has nothing yet.
struct Blocked;

impl Read for Blocked {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }
}

pub(super) fn finish_and_drop(s: &Subject<'_>) {
    let plain = Shape::Text.bytes(200_000);
    let whole = s.encode(&plain);

    let mut writer = s.writer(Vec::new());
    s.ok("writing", writer.write_all(&plain));
    ensure!(
        s,
        writer.position() == plain.len() as u64,
        "position {} is wrong",
        writer.position()
    );
    let (sink, summary) = s.ok("finishing", writer.finish());
    ensure!(
        s,
        (summary.plain, summary.compressed) == (plain.len() as u64, sink.len() as u64),
        "finishing counts {summary:?}, the sink has {} bytes",
        sink.len()
    );
    s.same("finishing", &sink, &whole);

    // Dropped: whole. (An untouched writer too: its stream is that of no data.)
    for plain in [&plain[..], &[]] {
        let sink = Shared::default();
        let mut writer = s.writer(sink.clone());
        s.ok("writing", writer.write_all(plain));
        drop(writer);
        s.same("what a dropped writer leaves", &sink.bytes(), &s.encode(plain));
    }

    // Dropped after an error: nothing more is written, since what is missing would be papered over.
    let sink = FaultySink::new(Fault::Io(io::ErrorKind::StorageFull), whole.len() / 2);
    let log = sink.log();
    let mut writer = s.writer(sink);
    let failed = writer.write_all(&plain).and_then(|()| writer.flush());
    if failed.is_ok() {
        // Its bytes come at the end only.
        let failed = s.refused(
            "finishing into a full sink",
            writer.finish(),
            crate::ErrorKind::Io,
        );
        ensure!(
            s,
            failed.io_kind() == io::ErrorKind::StorageFull,
            "another error: {failed}"
        );
    } else {
        let calls = log.borrow().calls;
        drop(writer);
        ensure!(
            s,
            log.borrow().calls == calls,
            "a writer dropped after an error writes on"
        );
    }

    // Dropped by a panic: the stream stays cut, so that nobody takes it for whole.
    let sink = Shared::default();
    let writer = s.writer(sink.clone());
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let mut writer = writer;
        let _ = writer.write_all(&plain);
        // Without the panic hook, which would print.
        std::panic::resume_unwind(Box::new("a panic while a writer is open"));
    }));
    ensure!(s, panicked.is_err(), "the panic was lost");
    if s.spec().detects_truncation() {
        let (got, end) = s.decode_with(s.options(), &sink.bytes());
        // Where one stream ends and another begins within the data, what is there may be whole ones.
        let some = s.spec().flushing() == Flush::NewStream && got.len() < plain.len();
        ensure!(s, end.is_err() || some, "a panic completed the stream");
    }

    // The error of `finish` holds the writer, which can be finished once the sink takes bytes again.
    let sink = FaultySink::new(Fault::Once(io::ErrorKind::WouldBlock), 0);
    let mut writer = s.writer(sink);
    while let Err(error) = writer.write_all(&plain[..100]) {
        ensure!(s, error.kind() == io::ErrorKind::WouldBlock, "writing: {error}");
    }
    let sink = match writer.finish() {
        Ok((sink, _)) => sink,
        Err(error) => {
            ensure!(s, error.error().is_transient(), "finishing: {error}");
            let (_, writer) = error.into_parts();
            s.ok("finishing again", writer.finish()).0
        }
    };
    let (got, end) = drain(s.ok("reading", s.options().reader(sink.taken())));
    s.ok("a stream finished at the second try", end);
    s.same("a stream finished at the second try", &got, &plain[..100]);
}
