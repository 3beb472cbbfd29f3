//! Sources and sinks of which one call goes wrong: at the first, at the second, until nothing is left to go wrong. The
//! streams themselves are tried in the conformance suite of the codecs; this is about what becomes of objects.

use std::io::{self, BufReader, Cursor, Read};

use demijohn::codecs::conformance::faulty::{Calls, Fault, Faulty};
use demijohn::{Array, Content, Conversion, Document, DumpOptions, Error, ErrorKind, codecs};

/// Must nobody notice? Whoever loads or dumps has no way to go on later.
fn passes(fault: Fault) -> bool {
    fault.passes() && fault != Fault::Fails(io::ErrorKind::WouldBlock)
}

/// Holds an error to being about this.
fn is_reported(error: Error, fault: Fault, what: &str) {
    assert_eq!(error.kind(), ErrorKind::Io, "{what}: {error}");
    assert_eq!(io::Error::from(error).kind(), fault.kind(), "{what}");
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

/// Runs something for every fault at every call, until a run in which there was no such call.
fn at_every_call(run: impl Fn(&Calls, usize)) {
    for fault in Fault::all() {
        for at in 0.. {
            let calls = Calls::new(fault);
            calls.arm(at);
            run(&calls, at);
            if !calls.struck() {
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
        at_every_call(|calls, at| {
            let fault = calls.fault();
            let what = format!("{format}, {fault:?} at call {at}");
            let source = Faulty::new(&bytes[..], bytes.len() / 10 + 1, calls);
            let loaded = demijohn::load_from(BufReader::new(source));
            if !calls.struck() || passes(fault) {
                check(&loaded.unwrap_or_else(|e| panic!("{what}: {e}")), &what);
            } else if fault == Fault::Nothing {
                // The end of the source: too early, unless the object has been read.
                match loaded {
                    Ok(document) => check(&document, &what),
                    Err(error) => assert_eq!(error.kind(), ErrorKind::Truncated, "{what}: {error}"),
                }
            } else {
                is_reported(loaded.expect_err(&what), fault, &what);
            }
        });
    }
}

/// A way to write a format.
struct Way {
    name: String,
    options: DumpOptions,
    /// In blocks so small that the sink is written to while data is still taken.
    in_blocks: bool,
}

impl Way {
    /// Holds a run with a fault in its sink to what the sink has taken.
    fn ends(
        &self,
        result: demijohn::Result<()>,
        taken: &[u8],
        whole: &[u8],
        (calls, at): (&Calls, usize),
        what: &str,
    ) {
        let fault = calls.fault();
        // What blocks once while data is taken may be tried again before anybody is told.
        let waited = self.in_blocks && fault == Fault::Fails(io::ErrorKind::WouldBlock) && result.is_ok();
        if !calls.struck() || passes(fault) || waited {
            result.unwrap_or_else(|e| panic!("{what}: {e}"));
            assert!(taken == whole, "{what}: other bytes");
        } else {
            is_reported(result.expect_err(what), fault, what);
            assert!(whole.starts_with(taken), "{what}: other bytes");
            assert_eq!(calls.count(), at + 1, "{what}: the sink is used after it failed");
        }
    }
}

/// All of them: on one thread and on two, and in blocks that can be sought where it has such.
fn ways(format: &'static str) -> Vec<Way> {
    let on = |threads| DumpOptions::new().compression(format).threads(threads);
    let mut ways: Vec<_> = [1, 2]
        .into_iter()
        .map(|threads| Way {
            name: format!("{format} on {threads} threads"),
            options: on(threads),
            in_blocks: false,
        })
        .collect();
    let compressor = codecs::Compressor::by_name(format).unwrap();
    if compressor.spec().writes_seekable() {
        ways.push(Way {
            name: format!("{format} to be sought in, on 2 threads"),
            options: on(2).seekable(10_000),
            in_blocks: true,
        });
    }
    ways
}

#[test]
fn an_object_is_dumped_whole_or_the_fault_is_reported() {
    for way in formats().flat_map(ways) {
        let options = &way.options;
        let (whole, _) = demijohn::dump_to(&value(), Vec::new(), options.clone()).unwrap();
        at_every_call(|calls, at| {
            let fault = calls.fault();
            let what = format!("{}, {fault:?} at call {at}", way.name);
            let mut taken = Vec::new();
            let sink = Faulty::new(&mut taken, whole.len() / 10 + 1, calls);
            let dumped = demijohn::dump_to(&value(), sink, options.clone()).map(drop);
            way.ends(dumped, &taken, &whole, (calls, at), &what);
        });
    }
}

#[test]
fn a_stream_is_recoded_whole_or_the_fault_is_reported() {
    for format in formats() {
        let way = ways(format).pop().unwrap();
        let options = &way.options;
        let (from, _) = demijohn::dump_to(&value(), Vec::new(), options.clone()).unwrap();
        let conversion = |source| {
            Conversion::of_reader(source)
                .content(Content::Pickle)
                .dump(options.clone())
        };
        let reader = Box::new(Cursor::new(from.clone()));
        let (whole, _) = conversion(reader as Box<dyn Read>).write_to(Vec::new()).unwrap();
        at_every_call(|calls, at| {
            let what = format!("{}, {:?} at call {at} of the sink", way.name, calls.fault());
            let mut taken = Vec::new();
            let sink = Faulty::new(&mut taken, whole.len() / 10 + 1, calls);
            let source = Box::new(Cursor::new(from.clone()));
            let converted = conversion(source as Box<dyn Read>).write_to(sink).map(drop);
            way.ends(converted, &taken, &whole, (calls, at), &what);
        });
        at_every_call(|calls, at| {
            let fault = calls.fault();
            let what = format!("{}, {fault:?} at call {at} of the source", way.name);
            let source = Faulty::new(Cursor::new(from.clone()), from.len() / 10 + 1, calls);
            let converted = conversion(Box::new(source)).write_to(Vec::new());
            if !calls.struck() || passes(fault) {
                let (taken, _) = converted.unwrap_or_else(|e| panic!("{what}: {e}"));
                assert!(taken == whole, "{what}: other bytes");
            } else if fault == Fault::Nothing {
                // The end of the source. Streams are recoded without a look at the object in them, so that plain bytes and
                // snappy, which may end anywhere, are shorter then.
                let format = codecs::Compressor::by_name(format).unwrap();
                match converted {
                    Ok((taken, _)) => {
                        assert!(
                            taken == whole || !format.spec().detects_truncation(),
                            "{what}: other bytes"
                        );
                    }
                    Err(error) => assert_eq!(error.kind(), ErrorKind::Truncated, "{what}: {error}"),
                }
            } else {
                is_reported(converted.map(drop).expect_err(&what), fault, &what);
            }
        });
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
