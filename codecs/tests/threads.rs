//! What threads must not break: a format whose coders fail, panic or take their time.

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use demijohn_codecs::adapters::Blocked;
use demijohn_codecs::{
    BlockEncode, Blocks, Compressor, Decode, DecodeOptions, Encode, EncodeOptions, Error, ErrorKind, Format,
    Framing, Head, Options, Piece, Probe, Result, Spec, Threads, Writer,
};

const BLOCK: usize = 1000;

/// What happens to the piece that it happens to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mishap {
    None,
    Error,
    Panic,
}

/// Pieces as they are, but for one.
struct Fragile {
    at: u64,
    mishap: Mishap,
    /// Pieces begun.
    begun: Arc<AtomicUsize>,
}

impl Fragile {
    fn format(mishap: Mishap, at: u64) -> (Compressor, Arc<AtomicUsize>) {
        let begun = Arc::new(AtomicUsize::new(0));
        let fragile = Fragile {
            at,
            mishap,
            begun: begun.clone(),
        };
        (Compressor::new(fragile), begun)
    }
}

impl Format for Fragile {
    fn spec(&self) -> &Spec {
        const SPEC: Spec = Spec::new("fragile", "what may break").threads(Threads::Write);
        &SPEC
    }
    fn probe(&self, _: &Head<'_>) -> Probe {
        Probe::No
    }
    fn encoder(&self, options: &EncodeOptions) -> Result<Box<dyn Encode>> {
        Ok(Box::new(Blocked::new(self, options)?))
    }
    fn decoder(&self, _: &DecodeOptions) -> Result<Box<dyn Decode>> {
        Err(Error::unsupported("for writing only"))
    }
    fn blocks(&self) -> Option<&dyn Blocks> {
        Some(self)
    }
}

impl Blocks for Fragile {
    fn block_size(&self, _: &EncodeOptions) -> usize {
        BLOCK
    }
    fn block_encoder(&self, _: &EncodeOptions) -> Result<Box<dyn BlockEncode>> {
        Ok(Box::new(Fragile {
            begun: self.begun.clone(),
            ..*self
        }))
    }
    fn framing(&self, _: &EncodeOptions) -> Result<Box<dyn Framing>> {
        Ok(Box::new(Bare))
    }
}

impl BlockEncode for Fragile {
    fn encode(&mut self, input: &[u8], piece: Piece, out: &mut Vec<u8>) -> Result<u32> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        match self.mishap {
            Mishap::Error if piece.index == self.at => return Err(Error::limit("no room for it")),
            Mishap::Panic if piece.index == self.at => panic!("it broke"),
            _ => {}
        }
        out.extend_from_slice(input);
        Ok(0)
    }
}

struct Bare;

impl Framing for Bare {
    fn begin(&mut self, _: &mut Vec<u8>) {}
    fn piece(&mut self, _: &[u8], _: usize, _: u32) {}
    fn end(&mut self, _: &mut Vec<u8>) {}
}

fn plain() -> Vec<u8> {
    (0..100 * BLOCK).map(|i| (i / 7 % 251).to_le_bytes()[0]).collect()
}

fn writer<W: Write>(format: Compressor, threads: usize, sink: W) -> Writer<W> {
    Options::new().threads(threads).writer(sink, format).unwrap()
}

#[test]
fn a_coder_that_fails_or_panics_is_an_error_that_stays() {
    for (mishap, kind) in [
        (Mishap::Error, ErrorKind::Limit),
        (Mishap::Panic, ErrorKind::Corrupt),
    ] {
        for threads in [2, 4] {
            for at in [0, 1, 7, 99] {
                let what = format!("{mishap:?} at piece {at} on {threads} threads");
                let (fragile, _) = Fragile::format(mishap, at);
                let mut writer = writer(fragile, threads, Vec::new());
                let written = writer.write_all(&plain()).map_err(Error::from);
                if let Err(error) = &written {
                    assert_eq!(error.kind(), kind, "{what}");
                    assert_eq!(Error::from(writer.flush().unwrap_err()).kind(), kind, "{what}");
                }
                let (error, writer) = writer.finish().unwrap_err().into_parts();
                assert_eq!(error.kind(), kind, "{what}");
                // All pieces in front of it have been written, and none behind it.
                let before = usize::try_from(at).unwrap() * BLOCK;
                assert!(writer.abandon() == plain()[..before], "{what}");
            }
        }
    }
}

/// A sink that has no room yet.
struct Blocking;

impl Write for Blocking {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn no_more_is_taken_than_two_blocks_a_thread() {
    for threads in [2, 5] {
        let (fragile, begun) = Fragile::format(Mishap::None, 0);
        let mut writer = writer(fragile, threads, Blocking);
        let error = writer.write_all(&plain()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        let begun = begun.load(Ordering::SeqCst);
        // The one that waits for the sink, and the one being gathered.
        let most = 2 * threads + 2;
        assert!(begun <= most, "{begun} pieces were begun");
        assert!(
            writer.position() <= (most * BLOCK) as u64,
            "{}",
            writer.position()
        );
        drop(writer.abandon());
    }
}

#[test]
fn a_stream_of_one_piece_is_coded_by_its_writer() {
    let (fragile, _) = Fragile::format(Mishap::Panic, 0);
    let mut writer = writer(fragile, 4, Vec::new());
    writer.write_all(&plain()[..BLOCK - 1]).unwrap();
    let panicked = catch_unwind(AssertUnwindSafe(|| writer.finish()));
    assert!(panicked.is_err(), "the panic came from another thread");
}
