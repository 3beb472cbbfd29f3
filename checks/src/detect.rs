//! Recognising a format by its first bytes.

use demijohn_codecs::{Head, Limits, Options, Probe, Registry};

use crate::drip::Drip;

/// Asks every format about `data`, and the door that users open.
///
/// # Panics
/// Where an answer depends on more than the head, or on how the bytes arrive.
pub fn detect(data: &[u8]) {
    let head = Head::of(data);
    for format in Registry::global().formats().iter() {
        let answer = format.probe(&head);
        let _ = format.probe(&Head {
            bytes: head.bytes,
            total: None,
        });
        if answer == Probe::Strong {
            assert!(!data.is_empty(), "{} recognises nothing at all", format.name());
        }
    }

    let expected = Registry::global()
        .detect(data)
        .map_or("none", |format| format.name());
    let limits = Limits::untrusted().memory(64 << 20);
    let whole = Options::new()
        .limits(limits)
        .reader(data)
        .map(|reader| reader.format());
    let dripped = Options::new()
        .limits(limits)
        .reader(Drip::new(data))
        .map(|reader| reader.format());
    match (whole, dripped) {
        (Ok(whole), Ok(dripped)) => {
            assert_eq!(whole, dripped, "the format depends on how the bytes arrive");
            // The size of a pipe is not known, so a probe may have to do with less than `detect` has.
            assert!(
                whole == expected || whole == "none",
                "detected as {expected}, read as {whole}"
            );
        }
        (whole, dripped) => {
            let kinds = [whole, dripped].map(|result| result.err().map(|error| error.kind()));
            assert_eq!(kinds[0], kinds[1], "opening depends on how the bytes arrive");
        }
    }
}
