//! A format in which one sees what becomes of the pieces of a stream.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use demijohn_codecs::seek::Survey;
use demijohn_codecs::{
    Adopt, Compressor, Decode, DecodeOptions, Encode, EncodeOptions, Format, Found, Head, Place, Probe,
    Result, Scan, Spec, Step,
};

/// What is seen of the pieces of a stream.
#[derive(Clone, Default)]
pub(crate) struct Watch {
    /// Those that are found.
    found: Arc<AtomicUsize>,
    /// Those that decoders adopt.
    adopted: Arc<AtomicUsize>,
    /// Where in memory what decoders took of them was.
    pub(crate) taken: Arc<Mutex<Vec<usize>>>,
}

impl Watch {
    pub(crate) fn found(&self) -> usize {
        self.found.load(Ordering::SeqCst)
    }
    pub(crate) fn adopted(&self) -> usize {
        self.adopted.load(Ordering::SeqCst)
    }
}

/// A format whose pieces are watched.
pub(crate) struct Watched {
    format: Compressor,
    watch: Watch,
}

impl Watched {
    pub(crate) fn format(format: &Compressor) -> (Compressor, Watch) {
        let watch = Watch::default();
        let watched = Watched {
            format: format.clone(),
            watch: watch.clone(),
        };
        (Compressor::new(watched), watch)
    }
}

impl Format for Watched {
    fn spec(&self) -> &Spec {
        self.format.spec()
    }
    fn probe(&self, head: &Head<'_>) -> Probe {
        self.format.probe(head)
    }
    fn encoder(&self, options: &EncodeOptions) -> Result<Box<dyn Encode>> {
        self.format.format().encoder(options)
    }
    fn decoder(&self, options: &DecodeOptions) -> Result<Box<dyn Decode>> {
        Ok(Box::new(Adopting {
            decoder: self.format.format().decoder(options)?,
            watch: self.watch.clone(),
        }))
    }
    fn scanner(&self, options: &DecodeOptions) -> Option<Box<dyn Scan>> {
        Some(Box::new(Finding {
            scan: self.format.format().scanner(options)?,
            watch: self.watch.clone(),
        }))
    }
    fn survey(&self, options: &DecodeOptions) -> Option<Box<dyn Survey>> {
        self.format.format().survey(options)
    }
}

struct Finding {
    scan: Box<dyn Scan>,
    watch: Watch,
}

impl Scan for Finding {
    fn next(&mut self, coded: &[u8], last: bool) -> Found {
        let found = self.scan.next(coded, last);
        if matches!(found, Found::Piece(_)) {
            self.watch.found.fetch_add(1, Ordering::SeqCst);
        }
        found
    }
}

struct Adopting {
    decoder: Box<dyn Decode>,
    watch: Watch,
}

impl Decode for Adopting {
    fn step(&mut self, input: &[u8], out: &mut [u8], eof: bool) -> Result<Step> {
        self.decoder.step(input, out, eof)
    }
    fn reset(&mut self) -> Result<()> {
        self.decoder.reset()
    }
    fn adopt(&mut self) -> Option<&mut dyn Adopt> {
        Some(self)
    }
}

impl Adopting {
    fn inner(&mut self) -> &mut dyn Adopt {
        self.decoder.adopt().unwrap()
    }
}

impl Adopt for Adopting {
    fn place(&mut self) -> Option<Place> {
        self.inner().place()
    }
    fn take(&mut self, plain: &[u8]) -> Result<()> {
        self.watch.taken.lock().unwrap().push(plain.as_ptr().addr());
        self.inner().take(plain)
    }
    fn done(&mut self, coded: u64, note: u64) {
        self.watch.adopted.fetch_add(1, Ordering::SeqCst);
        self.inner().done(coded, note);
    }
    fn undo(&mut self) {
        self.inner().undo();
    }
}
