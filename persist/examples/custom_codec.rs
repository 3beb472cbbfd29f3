//! A format of one's own: written, registered, dumped to and loaded from by its extension, recognised by content, put
//! through the conformance suite; and a built-in format replaced by another. All of it on this process alone.
//!
//! `cargo run -p demijohn --example custom_codec`
//!
//! The format is good for arrays of sorted or slowly changing integers, such as timestamps, offsets and row numbers: each
//! 64-bit word gives way to its difference from the one before, and zstd packs what then repeats.

use demijohn::Array;
use demijohn::codecs::{self, Compressor, ErrorKind, Limits, Result, Spec, adapters::Framed};
use demijohn::codecs::{Blocks, Decode, DecodeOptions, Encode, EncodeOptions, Format, Head, Probe};

const STEPS: Spec = Spec::new("steps", "differences of 64-bit words, packed by zstd")
    .extensions(&[".steps"])
    .signatures(&[b"\x89STEPS\r\n"]);

// One block, 256 KiB unless the options say otherwise. An array's elements never lie across two.
fn pack(plain: &[u8], _level: i32) -> Result<Vec<u8>> {
    let (mut steps, mut last) = (plain.to_vec(), 0);
    for bytes in steps.as_chunks_mut().0 {
        let word = u64::from_le_bytes(*bytes);
        *bytes = word.wrapping_sub(last).to_le_bytes();
        last = word;
    }
    Compressor::by_name("zstd")?.compress(&steps)
}

// `len` is what the block's header says: it bounds the work, and is not believed.
fn unpack(coded: &[u8], len: usize) -> Result<Vec<u8>> {
    let limits = Limits::default().output(len as u64);
    let mut plain = Compressor::by_name("zstd")?.decompress_within(coded, limits)?;
    let mut last = 0_u64;
    for bytes in plain.as_chunks_mut().0 {
        last = last.wrapping_add(u64::from_le_bytes(*bytes));
        *bytes = last.to_le_bytes();
    }
    Ok(plain)
}

/// A built-in format as somebody else wants it: gzip, at its best unless a level is given.
struct BestGzip {
    gzip: Compressor,
    spec: Spec,
}

impl BestGzip {
    fn new() -> Result<Self> {
        let gzip = Compressor::by_name("gzip")?;
        let spec = gzip.spec().levels(0, 9, 9);
        Ok(BestGzip { gzip, spec })
    }
}

impl Format for BestGzip {
    fn spec(&self) -> &Spec {
        &self.spec
    }
    fn probe(&self, head: &Head<'_>) -> Probe {
        self.gzip.probe(head)
    }
    fn encoder(&self, options: &EncodeOptions) -> Result<Box<dyn Encode>> {
        self.gzip.format().encoder(options)
    }
    fn decoder(&self, options: &DecodeOptions) -> Result<Box<dyn Decode>> {
        self.gzip.format().decoder(options)
    }
    fn blocks(&self) -> Option<&dyn Blocks> {
        self.gzip.format().blocks()
    }
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);

    // What a clock ticked, in microseconds, never quite evenly.
    let ticks = (0..200_000_i64).map(|i| 1_700_000_000_000_000 + 250_000 * i + i % 7 * 3);
    let ticks = Array::from_vec(ticks.collect(), &[200_000])?;

    let steps = Compressor::register(Framed::new(STEPS, pack, unpack))?;

    // From here on it is a format like any other: the extension decides when dumping, …
    let path = at("ticks.pkl.steps");
    let summary = demijohn::dump(&ticks, &path)?;
    let zstd = demijohn::dump(&ticks, at("ticks.pkl.zst"))?;
    eprintln!(
        "{} bytes of stream: {} as .steps, {} as .zst",
        summary.plain, summary.compressed, zstd.compressed
    );
    assert!(summary.compressed < zstd.compressed / 10);

    // … the content when loading, whatever the file is called, …
    let misnamed = at("ticks.pkl.gz");
    std::fs::rename(&path, &misnamed)?;
    assert_eq!(codecs::open(&misnamed)?.format(), "steps");
    assert_eq!(demijohn::load(&misnamed)?.root().array()?, &ticks);

    // … and a name does in either place.
    demijohn::dump_with(&ticks, at("ticks.joblib"), "steps")?;
    assert_eq!(codecs::open(at("ticks.joblib"))?.format(), "steps");

    // Names and extensions are taken once, …
    let taken = Compressor::register(Framed::new(STEPS, pack, unpack)).unwrap_err();
    eprintln!("a second time: {taken}");
    assert_eq!(taken.kind(), ErrorKind::Parameter);
    let greedy = Spec::new("greedy", "wants the extension of gzip")
        .extensions(&[".greedy", ".gz"])
        .signatures(&[b"GREEDY"]);
    let taken = Compressor::register(Framed::new(greedy, pack, unpack)).unwrap_err();
    eprintln!("the extension of another: {taken}");
    assert_eq!(taken.kind(), ErrorKind::Parameter);

    // … unless the new format is to stand in for the old one.
    let before = demijohn::dump(&ticks, at("before.pkl.gz"))?;
    let gzip = Compressor::replace(BestGzip::new()?)?;
    let after = demijohn::dump(&ticks, at("after.pkl.gz"))?;
    eprintln!(
        "gzip: {} bytes at level 3, {} at level 9",
        before.compressed, after.compressed
    );
    assert!(after.compressed < before.compressed);
    assert_eq!(demijohn::load(at("before.pkl.gz"))?.root().array()?, &ticks);

    // Round trips, cuts, flipped bits, tails, seeking, limits: all that every built-in format has passed.
    for format in [steps, gzip] {
        codecs::conformance::run(&format);
        eprintln!("{} conforms", format.name());
    }
    Ok(())
}

#[test]
fn all_that_is_asserted_here_holds() {
    main().unwrap();
}
