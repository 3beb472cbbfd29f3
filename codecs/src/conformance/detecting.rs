//! Probes, signatures, and detection in the company of the built-in formats.

use std::io::Cursor;
use std::sync::Arc;

use crate::compressor::Compressor;
use crate::error::Result;
use crate::format::{Blocks, Decode, DecodeOptions, Encode, EncodeOptions, Format, Head, Probe};
use crate::options::Options;
use crate::registry::Registry;
use crate::spec::Spec;

use super::data::{Rng, SHAPES, Shape};
use super::faults::Drip;
use super::subject::{Subject, drain, ensure};

/// A handle as a format, so that what is under test can be registered.
struct Handle(Compressor);

impl Format for Handle {
    fn spec(&self) -> &Spec {
        self.0.spec()
    }
    fn probe(&self, head: &Head<'_>) -> Probe {
        self.0.probe(head)
    }
    fn encoder(&self, options: &EncodeOptions) -> Result<Box<dyn Encode>> {
        self.0.format().encoder(options)
    }
    fn decoder(&self, options: &DecodeOptions) -> Result<Box<dyn Decode>> {
        self.0.format().decoder(options)
    }
    fn blocks(&self) -> Option<&dyn Blocks> {
        self.0.format().blocks()
    }
}

/// The built-in formats and the one under test, in the place of its namesake if there is one.
fn registry(s: &Subject<'_>) -> Arc<Registry> {
    let registry = Registry::builtin();
    let known = registry
        .formats()
        .iter()
        .any(|format| format.name() == s.compressor.name());
    let handle = Handle(s.compressor.clone());
    let added = if known {
        registry.replace(handle)
    } else {
        registry.register(handle)
    };
    s.ok("registering", added);
    Arc::new(registry)
}

pub(super) fn detection(s: &Subject<'_>) {
    let (name, spec) = (s.compressor.name(), s.spec());
    ensure!(
        s,
        spec.file_extensions()
            .iter()
            .all(|e| e.starts_with('.') && e.len() > 1),
        "an extension is a dot and more: {:?}",
        spec.file_extensions()
    );
    ensure!(
        s,
        !spec.joins_streams() || spec.magic().iter().any(|magic| !magic.is_empty()),
        "a format that joins streams needs a signature, to know the next one by"
    );
    claims_nothing_else(s);
    let registry = registry(s);
    for extension in spec.file_extensions() {
        let found = registry.by_extension(format!("file{extension}"));
        ensure!(
            s,
            found.is_some_and(|format| format.name() == name),
            "the extension {extension} leads to another format"
        );
    }
    if spec.is_transparent() {
        return;
    }
    let streams = SHAPES
        .into_iter()
        .flat_map(|shape| [0, 1, 30, 5000].map(|size| shape.bytes(size)));
    for plain in streams {
        let coded = s.encode(&plain);
        let what = format!("its own stream of {} bytes", plain.len());
        let magic = spec.magic();
        ensure!(
            s,
            magic.is_empty() || magic.iter().any(|magic| coded.starts_with(magic)),
            "{what} begins with none of the spec's signatures"
        );
        let probe = s.compressor.probe(&Head::of(&coded));
        ensure!(
            s,
            matches!(probe, Probe::Strong | Probe::Weak),
            "{what}: the probe says {probe:?}"
        );
        let found = registry.detect(&coded);
        ensure!(
            s,
            found.as_ref().is_some_and(|format| format.name() == name),
            "{what} is taken for {found:?}"
        );
        // A pipe delivers what it has, so a beginning is not yet something else.
        for len in 1..coded.len().min(Head::LEN) {
            let bytes = &coded[..len];
            let probe = s.compressor.probe(&Head { bytes, total: None });
            ensure!(
                s,
                probe != Probe::No,
                "{what}: the probe says {probe:?} to its first {len} bytes"
            );
            let probe = s.compressor.probe(&Head::of(bytes));
            ensure!(
                s,
                probe != Probe::More,
                "{what}, cut at byte {len}: the probe wants more than there is"
            );
        }

        let detecting = || Options::new().registry(registry.clone());
        let reader = s.ok(&what, detecting().seekable_reader(Cursor::new(&coded)));
        ensure!(
            s,
            reader.format() == name,
            "{what} is read as {}",
            reader.format()
        );
        let (back, end) = drain(reader);
        s.ok(&what, end);
        s.same(format_args!("{what}, detected"), &back, &plain);

        let reader = s.ok(&what, detecting().reader(Drip::new(&coded, 1)));
        ensure!(
            s,
            reader.format() == name,
            "{what}, a byte at a time, is read as {}",
            reader.format()
        );
        let (back, end) = drain(reader);
        s.ok(&what, end);
        s.same(format_args!("{what}, a byte at a time, detected"), &back, &plain);
    }
}

/// The probe is not `Strong` about what is surely something else.
fn claims_nothing_else(s: &Subject<'_>) {
    let mut rng = Rng::new(1);
    let random = (0..500).map(|_| Shape::Random.bytes(64 + rng.below(1000)));
    let others = [Vec::new(), vec![0; 4096], Shape::Text.bytes(4096), vec![0xff; 64]];
    for other in others.into_iter().chain(random) {
        let own = s.spec().magic().iter().any(|magic| other.starts_with(magic));
        let probe = s.compressor.probe(&Head::of(&other));
        ensure!(
            s,
            probe != Probe::Strong || own,
            "the probe claims {} bytes that are not of the format",
            other.len()
        );
        ensure!(
            s,
            !s.spec().is_transparent() || probe == Probe::No,
            "a format without a form of its own must not claim anything"
        );
    }
}
