//! One fault at one call: at the first, at the second, and so on, until nothing is left to fail.

use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};

use crate::error::{Error, ErrorKind};

use super::data::mixed;
use super::faulty::{Calls, Fault, Faulty};
use super::subject::{Subject, ensure};

/// Plain bytes in a stream: two blocks and a bit where several threads are tested.
const PLAIN: usize = 70_000;

/// A source or sink that does so many bytes at a time has some ten calls for a stream of such a length.
fn part(coded: usize) -> usize {
    coded / 8 + 1
}

/// Runs something for every fault at every call, until a run in which there was no such call; `run` says whether
/// there was.
fn at_every_call(
    s: &Subject<'_>,
    faults: impl IntoIterator<Item = Fault>,
    mut run: impl FnMut(Fault, usize, &str) -> bool,
) {
    for fault in faults {
        let mut call = 0;
        while run(fault, call, &format!("{fault:?} at call {call}")) {
            call += 1;
        }
        ensure!(s, call > 0, "{fault:?}: nothing is ever called");
    }
}

/// Again, for as long as it would block.
fn retry<T>(mut act: impl FnMut() -> io::Result<T>) -> Result<T, Error> {
    loop {
        match act() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            other => return other.map_err(Error::from),
        }
    }
}

/// An error that is the fault's.
fn is_reported<T>(s: &Subject<'_>, what: &str, result: Result<T, impl Into<Error>>, fault: Fault) {
    let error = s.refused(what, result, ErrorKind::Io);
    ensure!(
        s,
        error.io_kind() == fault.kind(),
        "{what}: it is reported as {:?}",
        error.io_kind()
    );
}

pub(super) fn faulty_reads(s: &Subject<'_>) {
    let plain = mixed(PLAIN);
    let coded = s.encode(&plain);
    let faults = Fault::all();
    at_every_call(s, faults, |fault, call, what| {
        let calls = Calls::new(fault);
        calls.arm(call);
        let source = Faulty::new(&coded[..], part(coded.len()), &calls);
        let mut reader = s.ok(what, s.options().reader(source));
        let (mut got, mut out) = (Vec::new(), vec![0; 10_000]);
        let end = loop {
            match retry(|| reader.read(&mut out)) {
                Ok(0) => break Ok(()),
                Ok(n) => got.extend_from_slice(&out[..n]),
                Err(error) => break Err(error),
            }
        };
        ensure!(s, plain.starts_with(&got), "{what}: wrong data");
        if !calls.struck() || fault.passes() {
            s.ok(what, end);
            s.same(what, &got, &plain);
        } else if fault == Fault::Nothing {
            // A source that ends early; if that is where the stream ends, or may, it is no fault.
            match end {
                Ok(()) => ensure!(
                    s,
                    got == plain || !s.spec().detects_truncation(),
                    "{what}: {} bytes and no error",
                    got.len()
                ),
                Err(error) => ensure!(s, error.kind() == ErrorKind::Truncated, "{what}: {error}"),
            }
        } else {
            is_reported(s, what, end, fault);
            // The source would go on now; the reader must not, since bytes may have been lost.
            let before = calls.count();
            is_reported(s, &format!("{what}, read again"), reader.read(&mut out), fault);
            ensure!(s, calls.count() == before, "{what}: the source is read again");
        }
        calls.struck()
    });
}

pub(super) fn faulty_seeks(s: &Subject<'_>) {
    let plain = mixed(PLAIN);
    let coded = s.encode(&plain);
    let places = [0, 60_000, 500, 69_990, 30_000, 30_100, 0];
    at_every_call(
        s,
        Fault::PASSING.into_iter().chain(Fault::LASTING),
        |fault, call, what| {
            let calls = Calls::new(fault);
            let source = Faulty::new(Cursor::new(&coded[..]), part(coded.len()), &calls);
            let mut reader = s.ok(what, s.options().seekable_reader(source));
            // How large a source is, is asked for before it is a reader's.
            calls.arm(call);
            let (mut failed, mut out) = (false, [0; 10]);
            for at in places {
                let mut filled = 0;
                let mut read = || {
                    if filled == 0 {
                        reader.seek(SeekFrom::Start(at as u64))?;
                    }
                    while filled < out.len() {
                        match reader.read(&mut out[filled..])? {
                            0 => return Err(io::ErrorKind::WriteZero.into()),
                            n => filled += n,
                        }
                    }
                    Ok(())
                };
                let result = retry(&mut read);
                failed |= calls.struck() && !fault.passes() && result.is_err();
                if failed {
                    is_reported(s, &format!("{what}, at {at}"), result, fault);
                } else {
                    s.ok(format_args!("{what}, at {at}"), result);
                    s.same(format_args!("{what}, at {at}"), &out, &plain[at..at + 10]);
                }
            }
            // Several threads read ahead, and what they have not come to need is not the reader's failure.
            ensure!(
                s,
                fault.passes() || failed == calls.struck() || s.threads > 1,
                "{what}: the failure of a call is hidden"
            );
            calls.struck()
        },
    );
}

pub(super) fn faulty_writes(s: &Subject<'_>) {
    let plain = mixed(PLAIN);
    // What comes of the same writes and flushes without a fault.
    let write = |sink: Faulty<Vec<u8>>| -> Result<Vec<u8>, Error> {
        let calls = sink.calls().clone();
        let mut writer = s.writer(sink);
        let mut first: Option<Error> = None;
        let mut at = 0;
        while at < plain.len() && first.is_none() {
            let end = plain.len().min(at + 9_000);
            let step = retry(|| writer.write(&plain[at..end])).and_then(|n| {
                at += n;
                if at / 27_000 == (at - n) / 27_000 {
                    return Ok(());
                }
                retry(|| writer.flush())
            });
            first = step.err();
            ensure!(
                s,
                first.is_some() || !calls.struck() || calls.fault().passes(),
                "{:?}: a call hides it",
                calls.fault()
            );
        }
        let used = calls.count();
        if first.is_some() {
            for again in [writer.write(b"more").map(drop), writer.flush()] {
                is_reported(s, "used again", again, calls.fault());
            }
        }
        let finished = loop {
            match writer.finish() {
                Ok((sink, _)) => break Ok(sink.into_inner()),
                Err(error) if error.error().is_transient() => writer = error.into_parts().1,
                Err(error) => {
                    let (error, writer) = error.into_parts();
                    let at_finish = calls.count();
                    // Nor is anything written when it is dropped.
                    drop(writer);
                    ensure!(
                        s,
                        calls.count() == at_finish,
                        "{:?}: the sink is used after it failed",
                        calls.fault()
                    );
                    break Err(error);
                }
            }
        };
        ensure!(
            s,
            first.is_none() || calls.count() == used,
            "{:?}: the sink is used after it failed",
            calls.fault()
        );
        match first {
            Some(first) if finished.is_ok() => Err(first),
            _ => finished,
        }
    };
    let sink = |most: usize, calls: &Calls| Faulty::new(Vec::new(), most, calls);
    let whole = write(sink(usize::MAX, &Calls::new(Fault::Short)));
    let whole = s.ok("writing", whole);
    let faults = Fault::all();
    at_every_call(s, faults, |fault, call, what| {
        let calls = Calls::new(fault);
        calls.arm(call);
        let written = write(sink(part(whole.len()), &calls));
        if !calls.struck() || fault.passes() {
            let written = s.ok(what, written);
            s.same(format_args!("{what}: writing"), &written, &whole);
        } else {
            is_reported(s, what, written, fault);
        }
        calls.struck()
    });
    s.decodes_to("what was written", &whole, &plain);
}
