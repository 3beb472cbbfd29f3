//! Pickles.

use std::io::BufReader;

use demijohn_pickle::numpy::Inline;
use demijohn_pickle::{self as pickle, Document, ErrorKind, Limits, NoPayload, Protocol, ReadOptions, save};
use serde::de::IgnoredAny;

/// The most pairs of values to compare.
const BUDGET: u64 = 1 << 20;

fn read(source: &mut impl std::io::BufRead) -> pickle::Result<Document> {
    let options = ReadOptions {
        limits: Limits::untrusted(),
        length: None,
    };
    pickle::read_with(source, &options, &mut NoPayload)
}

/// Reads `data` as a pickle, and walks the document in every way there is.
///
/// # Panics
/// Where an answer depends on how the bytes arrive, or a path does not lead to what it is the path of.
pub fn pickle_read(data: &[u8]) {
    let _ = pickle::looks_like(data);
    let mut rest = data;
    let whole = read(&mut rest);
    let dripped = read(&mut BufReader::with_capacity(1, data));
    let (document, dripped) = match (whole, dripped) {
        (Ok(whole), Ok(dripped)) => (whole, dripped),
        (Err(whole), Err(dripped)) => {
            let facts = |e: &pickle::Error| (e.kind(), e.offset(), e.opcode());
            assert_eq!(
                facts(&whole),
                facts(&dripped),
                "reading depends on how the bytes arrive"
            );
            return;
        }
        (whole, dripped) => panic!("{whole:?} at once, {dripped:?} by the byte"),
    };
    assert!(
        rest.is_empty() || data[data.len() - rest.len() - 1] == b'.',
        "stops at STOP"
    );
    let root = document.root();
    if let Ok(same) = root.deep_eq(dripped.root(), BUDGET) {
        assert!(same, "reading depends on how the bytes arrive");
    }
    for global in document.globals() {
        assert!(global.offset < data.len() as u64);
        let _ = global.is_known_safe();
    }
    let mut visited = 0;
    for visit in document.walk() {
        let value = visit.value();
        visited += 1;
        let _ = (
            format!("{value:?}"),
            value.len(),
            value.known(),
            value.as_dtype(),
            value.as_scalar(),
        );
        let _ = (
            value.iter().count(),
            value.items().count(),
            value.to_text(),
            value.find("a"),
        );
        if visited < 1000 {
            let path = visit.path().to_string();
            assert!(document.at(&path).is_ok_and(|found| found.is(value)), "{path}");
            let _ = value.array();
        }
    }
    assert!(visited <= document.node_count());
    assert!(root.summary().to_string().len() < 1 << 20);
    let _ = root.to::<Vec<IgnoredAny>>();
    let _ = root.to::<Vec<Vec<f64>>>();
    let _ = root.to::<std::collections::BTreeMap<String, (Option<i64>, IgnoredAny)>>();
}

/// Reads `data` as a pickle, writes it back in every protocol, and reads that.
///
/// # Panics
/// Where the second document is not the first.
pub fn pickle_round_trip(data: &[u8]) {
    let Ok(document) = read(&mut &data[..]) else {
        return;
    };
    for protocol in Protocol::ALL {
        let bytes = match save::write(&document, Vec::new(), protocol, Inline::default()) {
            Ok(bytes) => bytes,
            // A set in itself, and the like.
            Err(e) if e.kind() == ErrorKind::Unsupported => continue,
            Err(e) => panic!("{protocol:?}: {e}"),
        };
        let again = pickle::read(&mut bytes.as_slice());
        let again = again.unwrap_or_else(|e| panic!("{protocol:?}: {e}: {}", bytes.escape_ascii()));
        // Sets as calls, and keyword arguments as such, come back in another form below protocol 4.
        if protocol >= Protocol::V4
            && let Ok(same) = again.root().deep_eq(document.root(), BUDGET)
        {
            assert!(same, "{protocol:?}: {}", bytes.escape_ascii());
        }
    }
}
