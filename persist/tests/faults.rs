//! Sources and sinks of which one call goes wrong: at the first, at the second, until nothing is left to go wrong. The
//! streams themselves are tried in the conformance suite of the codecs; this is about what becomes of objects.

use std::cell::Cell;
use std::io::{self, BufReader, Read, Write};

use demijohn::{Array, Document, DumpOptions, Error, ErrorKind, codecs};

/// What one call does instead of what it was called for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Fails(io::ErrorKind),
    /// `EIO`, which has no kind of its own.
    Device,
    /// A single byte.
    Short,
    /// Nothing, which is the end of a source, and an error of a sink.
    Nothing,
}

const FAULTS: [Fault; 8] = [
    Fault::Fails(io::ErrorKind::Interrupted),
    Fault::Short,
    Fault::Fails(io::ErrorKind::WouldBlock),
    Fault::Fails(io::ErrorKind::UnexpectedEof),
    Fault::Fails(io::ErrorKind::StorageFull),
    Fault::Fails(io::ErrorKind::BrokenPipe),
    Fault::Device,
    Fault::Nothing,
];

impl Fault {
    fn error(self) -> Option<io::Error> {
        match self {
            Fault::Fails(kind) => Some(kind.into()),
            Fault::Device => Some(io::Error::from_raw_os_error(5)),
            Fault::Short | Fault::Nothing => None,
        }
    }

    /// Must nobody notice?
    fn passes(self) -> bool {
        matches!(self, Fault::Short | Fault::Fails(io::ErrorKind::Interrupted))
    }

    /// Holds an error to being about this.
    fn check(self, error: Error, what: &str) {
        assert_eq!(error.kind(), ErrorKind::Io, "{what}: {error}");
        let kind = self
            .error()
            .map_or(io::ErrorKind::WriteZero, |error| error.kind());
        assert_eq!(io::Error::from(error).kind(), kind, "{what}");
    }
}

/// A source or sink that does so many bytes at a time, and whose call number `at` goes wrong.
struct Faulty<'a, T> {
    inner: T,
    most: usize,
    fault: Fault,
    at: usize,
    calls: &'a Cell<usize>,
}

impl<T> Faulty<'_, T> {
    /// Of so many bytes, how many are done.
    fn most(&self, len: usize) -> io::Result<usize> {
        let call = self.calls.replace(self.calls.get() + 1);
        match (call == self.at, self.fault) {
            (false, _) => Ok(len.min(self.most)),
            (true, Fault::Short) => Ok(len.min(1)),
            (true, Fault::Nothing) => Ok(0),
            (true, fault) => fault.error().map_or(Ok(len), Err),
        }
    }
}

impl<R: Read> Read for Faulty<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.most(out.len())?;
        self.inner.read(&mut out[..n])
    }
}

impl<W: Write> Write for Faulty<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.most(bytes.len())?;
        self.inner.write(&bytes[..n])
    }

    fn flush(&mut self) -> io::Result<()> {
        if matches!(self.fault, Fault::Short | Fault::Nothing) {
            return Ok(());
        }
        self.most(1).map(drop)
    }
}

fn formats() -> impl Iterator<Item = &'static str> {
    let registry = codecs::Registry::global();
    let names = registry
        .formats()
        .iter()
        .map(|format| format.name())
        .collect::<Vec<_>>();
    names
        .into_iter()
        .filter(move |name| registry.by_name(name).is_ok_and(|format| format.is_available()))
}

fn value() -> (String, Array, Vec<u16>) {
    let numbers = (0..8_000_u32).map(|n| n.wrapping_mul(n) / 1000).collect();
    let array = Array::from_vec(numbers, &[80, 100]).unwrap();
    ("before".into(), array, (0..300).collect())
}

fn check(document: &Document, what: &str) {
    let (before, array, after) = value();
    let root = document.root();
    assert_eq!(root.index(0).unwrap().as_str(), Some(&*before), "{what}");
    assert_eq!(root.index(1).unwrap().array().unwrap(), &array, "{what}");
    let last = root.index(2).unwrap().index(299).unwrap().as_i64();
    assert_eq!(last, after.last().copied().map(i64::from), "{what}");
}

/// Runs something for every fault at every call; `run` says how many calls there were, and is over when they were fewer.
fn at_every_call(mut run: impl FnMut(Fault, usize, &Cell<usize>)) {
    for fault in FAULTS {
        for at in 0.. {
            let calls = Cell::new(0);
            run(fault, at, &calls);
            if calls.get() <= at {
                assert!(at > 0, "{fault:?}: nothing is ever called");
                break;
            }
        }
    }
}

#[test]
fn an_object_is_loaded_whole_or_the_fault_is_reported() {
    for format in formats() {
        let (bytes, _) = demijohn::dump_to(&value(), Vec::new(), format).unwrap();
        at_every_call(|fault, at, calls| {
            let what = format!("{format}, {fault:?} at call {at}");
            let source = Faulty {
                inner: &bytes[..],
                most: bytes.len() / 10 + 1,
                fault,
                at,
                calls,
            };
            let loaded = demijohn::load_from(BufReader::new(source));
            if calls.get() <= at || fault.passes() {
                check(&loaded.unwrap_or_else(|e| panic!("{what}: {e}")), &what);
            } else if fault == Fault::Nothing {
                // The end of the source: too early, unless the object has been read.
                match loaded {
                    Ok(document) => check(&document, &what),
                    Err(error) => assert_eq!(error.kind(), ErrorKind::Truncated, "{what}: {error}"),
                }
            } else {
                fault.check(loaded.expect_err(&what), &what);
            }
        });
    }
}

#[test]
fn an_object_is_dumped_whole_or_the_fault_is_reported() {
    for format in formats() {
        for threads in [1, 2] {
            let options = DumpOptions::new().compression(format).threads(threads);
            let (whole, _) = demijohn::dump_to(&value(), Vec::new(), options.clone()).unwrap();
            at_every_call(|fault, at, calls| {
                let what = format!("{format} on {threads} threads, {fault:?} at call {at}");
                let mut taken = Vec::new();
                let sink = Faulty {
                    inner: &mut taken,
                    most: whole.len() / 10 + 1,
                    fault,
                    at,
                    calls,
                };
                let dumped = demijohn::dump_to(&value(), sink, options.clone()).map(drop);
                if calls.get() <= at || fault.passes() {
                    dumped.unwrap_or_else(|e| panic!("{what}: {e}"));
                    assert!(taken == whole, "{what}: other bytes");
                } else {
                    fault.check(dumped.expect_err(&what), &what);
                    assert!(whole.starts_with(&taken), "{what}: other bytes");
                    assert_eq!(calls.get(), at + 1, "{what}: the sink is used after it failed");
                }
            });
        }
    }
}

#[test]
fn a_value_that_cannot_be_written_leaves_no_whole_stream() {
    struct Refuses;
    impl serde::Serialize for Refuses {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("no"))
        }
    }
    // bz2 and snappy end wherever a block ends.
    for format in formats().filter(|name| !matches!(*name, "none" | "bz2" | "snappy")) {
        let mut taken = Vec::new();
        let error = demijohn::dump_to(&("text", Refuses), &mut taken, format).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Parameter, "{format}: {error}");
        let format = codecs::Compressor::by_name(format).unwrap();
        let error = format.decompress(&taken).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Truncated, "{error}");
    }
}
