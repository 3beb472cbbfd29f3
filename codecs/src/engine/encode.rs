//! Writing: fixed slabs in, whatever the encoder gives out.

use std::io::Write;
use std::ops::ControlFlow;

use crate::compressor::Compressor;
use crate::error::{Error, Result};
use crate::format::{Encode, Hint, Op, Status};
use crate::progress::Meter;
use crate::spec::Flush;

use super::late::Late;
use super::sink::Sink;

/// Encoders get their input in pieces that end at multiples of this many plain bytes (or at a flush), however
/// writes were cut, unless they gather it themselves. A power of two, so that it divides the formats' own blocks or is divided by them.
const SLAB: usize = 128 << 10;
/// Plain bytes given to the encoder at one call, at most: a whole block of the formats that have such.
const BITE: usize = 1 << 20;
/// Room given to the encoder at each call.
const ROOM: usize = 128 << 10;

/// Drives one format's encoder over a sink.
pub(crate) struct EncodeEngine {
    compressor: Compressor,
    encoder: Box<dyn Encode>,
    declared: Option<u64>,
    meter: Meter,
    /// Plain bytes taken from writes that do not fill a slab: `slab[slab_at..]` is still to be encoded.
    slab: Vec<u8>,
    slab_at: usize,
    /// Coded bytes not yet written: `out[out_at..out_len]`.
    out: Vec<u8>,
    out_at: usize,
    out_len: usize,
    /// Plain bytes that the encoder has taken.
    encoded: u64,
    /// Coded bytes that the sink has taken.
    written: u64,
    /// The encoder has its coded bytes in a buffer of its own.
    lends: bool,
    /// Where the coded bytes go while the head of the stream is not known.
    late: Option<Late>,
    /// Is there anything a flush would make decodable?
    dirty: bool,
    state: State,
    failed: Option<Error>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// The encoder has been told to flush or finish and has not yet said that it is done.
    Ending(Op),
    /// The encoder is done; coded bytes may still wait for the sink.
    Finished,
}

impl EncodeEngine {
    pub(crate) fn new(
        compressor: Compressor,
        mut encoder: Box<dyn Encode>,
        declared: Option<u64>,
        meter: Meter,
    ) -> Self {
        let late = encoder.late_head().is_some().then(|| Late::Held(Vec::new()));
        let lends = encoder.ready().is_some();
        EncodeEngine {
            lends,
            late,
            compressor,
            encoder,
            declared,
            meter,
            slab: Vec::new(),
            slab_at: 0,
            out: if lends { Vec::new() } else { vec![0; ROOM] },
            out_at: 0,
            out_len: 0,
            encoded: 0,
            written: 0,
            dirty: false,
            state: State::Open,
            failed: None,
        }
    }

    pub(crate) fn compressor(&self) -> &Compressor {
        &self.compressor
    }

    /// Plain bytes accepted.
    pub(crate) fn accepted(&self) -> u64 {
        self.encoded + (self.slab.len() - self.slab_at) as u64
    }

    /// Coded bytes that the sink has taken.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    /// Tells the encoder what the data to come is made of.
    pub(crate) fn hint(&mut self, hint: Hint) {
        self.encoder.hint(self.accepted(), hint);
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    /// Takes bytes: some of them at least, unless it fails.
    pub(crate) fn write<W: Write>(&mut self, sink: &mut Sink<W>, plain: &[u8]) -> Result<usize> {
        self.guarded(|engine| engine.accept(sink, plain))
    }

    /// Makes everything so far decodable, where the format can, and flushes the sink.
    pub(crate) fn flush<W: Write>(&mut self, sink: &mut Sink<W>) -> Result<()> {
        self.guarded(|engine| {
            if engine.compressor.spec().flushing() != Flush::None {
                engine.encode_slab(sink)?;
                if engine.dirty || engine.state != State::Open {
                    engine.end(sink, Op::Flush)?;
                }
            }
            engine.drain(sink)?;
            sink.flush()
        })
    }

    /// Ends the stream and flushes the sink.
    pub(crate) fn finish<W: Write>(&mut self, sink: &mut Sink<W>) -> Result<()> {
        self.guarded(|engine| {
            engine.encode_slab(sink)?;
            match engine.declared {
                Some(declared) if declared != engine.encoded => {
                    return Err(Error::parameter(format!(
                        "{declared} bytes were announced and {} written",
                        engine.encoded
                    )));
                }
                _ => {}
            }
            engine.end(sink, Op::Finish)?;
            engine.drain(sink)?;
            if let (Some(late), Some(head)) = (&mut engine.late, engine.encoder.late_head()) {
                late.close(sink, head, &mut engine.written)?;
            }
            sink.flush()
        })
    }

    /// Runs something that can fail, and remembers a failure that does not pass.
    fn guarded<T>(&mut self, run: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        run(self).map_err(|error| {
            if error.is_transient() {
                return error;
            }
            let error = error
                .with_format(self.compressor.name())
                .with_offsets(self.written, self.encoded);
            self.failed = Some(error.clone());
            error
        })
    }

    fn accept<W: Write>(&mut self, sink: &mut Sink<W>, plain: &[u8]) -> Result<usize> {
        match self.state {
            State::Open => {}
            // A flush was interrupted by `WouldBlock`; it must be completed before the stream goes on.
            State::Ending(Op::Flush) => self.end(sink, Op::Flush)?,
            _ => return Err(Error::unsupported("the stream has been finished")),
        }
        if plain.is_empty() {
            return Ok(0);
        }
        if let Some(declared) = self.declared
            && self.accepted() + plain.len() as u64 > declared
        {
            return Err(Error::parameter(format!(
                "more than the {declared} bytes announced"
            )));
        }
        if self.lends {
            // It gathers blocks by itself.
            return self.pump_some(sink, plain);
        }
        // To the next multiple of SLAB, counted from the beginning of the stream.
        let ahead = self.encoded + (self.slab.len() - self.slab_at) as u64;
        let to_edge = SLAB - usize::try_from(ahead % SLAB as u64).expect("less than SLAB");
        if self.slab_at > 0 || (!self.slab.is_empty() && to_edge == SLAB) {
            self.encode_slab(sink)?;
        }
        if self.slab.is_empty() && plain.len() >= to_edge {
            let whole = to_edge + (plain.len() - to_edge) / SLAB * SLAB;
            return self.pump_some(sink, &plain[..whole]);
        }
        let n = plain.len().min(to_edge);
        if self.slab.capacity() < SLAB {
            self.slab.reserve_exact(SLAB);
        }
        self.slab.extend_from_slice(&plain[..n]);
        if n == to_edge {
            match self.encode_slab(sink) {
                // The bytes are in the slab, so they are taken all the same.
                Err(error) if !error.is_transient() => return Err(error),
                _ => {}
            }
        }
        Ok(n)
    }

    /// Encodes bytes from where they lie, up to where the sink would block.
    fn pump_some<W: Write>(&mut self, sink: &mut Sink<W>, plain: &[u8]) -> Result<usize> {
        let before = self.encoded;
        let result = self.pump(sink, plain, Op::Run);
        let taken = usize::try_from(self.encoded - before).expect("no more than was given");
        match result {
            Err(error) if !(error.is_transient() && taken > 0) => Err(error),
            _ => Ok(taken),
        }
    }

    /// Encodes what the slab holds.
    fn encode_slab<W: Write>(&mut self, sink: &mut Sink<W>) -> Result<()> {
        if self.slab_at < self.slab.len() {
            let slab = std::mem::take(&mut self.slab);
            let before = self.encoded;
            let result = self.pump(sink, &slab[self.slab_at..], Op::Run);
            self.slab = slab;
            self.slab_at += usize::try_from(self.encoded - before).expect("no more than the slab held");
            result?;
        }
        self.slab.clear();
        self.slab_at = 0;
        Ok(())
    }

    /// Flushes or finishes, after completing what an earlier call had to leave.
    fn end<W: Write>(&mut self, sink: &mut Sink<W>, op: Op) -> Result<()> {
        if let State::Ending(pending) = self.state {
            self.pump(sink, &[], pending)?;
            self.ended(pending);
            if pending == op {
                return Ok(());
            }
        }
        if self.state != State::Finished {
            self.state = State::Ending(op);
            self.pump(sink, &[], op)?;
            self.ended(op);
        }
        Ok(())
    }

    fn ended(&mut self, op: Op) {
        self.state = if op == Op::Finish {
            State::Finished
        } else {
            State::Open
        };
        self.dirty = false;
    }

    /// Calls the encoder until it has taken everything or, at an end, is done.
    fn pump<W: Write>(&mut self, sink: &mut Sink<W>, mut plain: &[u8], op: Op) -> Result<()> {
        loop {
            self.drain(sink)?;
            if op == Op::Run && plain.is_empty() {
                return Ok(());
            }
            // A bite at a time, so that progress is reported and cancelling is heard during one long write.
            let bite = &plain[..plain.len().min(BITE)];
            if op == Op::Run && self.compressor.spec().is_transparent() {
                let n = sink.write(bite)?;
                plain = &plain[n..];
                self.encoded += n as u64;
                self.written += n as u64;
                self.report()?;
                continue;
            }
            let step = self.encoder.step(bite, &mut self.out, op)?;
            if step.consumed > bite.len() || step.produced > self.out.len() {
                return Err(Error::corrupt("the encoder claims more bytes than it was given"));
            }
            plain = &plain[step.consumed..];
            self.encoded += step.consumed as u64;
            (self.out_at, self.out_len) = (0, step.produced);
            self.dirty |= step.consumed > 0;
            self.report()?;
            if op != Op::Run && step.status == Status::Done {
                return Ok(());
            }
            let stuck = step.consumed == 0 && step.produced == 0;
            if stuck && self.encoder.ready().is_none_or(<[u8]>::is_empty) {
                return Err(Error::corrupt(
                    "the encoder takes no more input and gives no output",
                ));
            }
        }
    }

    /// Writes the coded bytes at hand.
    fn drain<W: Write>(&mut self, sink: &mut Sink<W>) -> Result<()> {
        loop {
            let coded = match self.encoder.ready() {
                Some(ready) if self.lends => ready,
                _ => &self.out[self.out_at..self.out_len],
            };
            if coded.is_empty() {
                return Ok(());
            }
            let n = match &mut self.late {
                None => {
                    let n = sink.write(coded)?;
                    self.written += n as u64;
                    n
                }
                Some(late) if late.overflows(coded.len()) => {
                    if let Some(head) = self.encoder.late_head() {
                        late.unload(sink, head)?;
                    }
                    continue;
                }
                Some(late) => late.write(sink, coded, &mut self.written)?,
            };
            if self.lends {
                self.encoder.taken(n);
            } else {
                self.out_at += n;
            }
        }
    }

    fn report(&mut self) -> Result<()> {
        let waiting = self.late.as_ref().map_or(0, Late::waiting);
        match self.meter.advance(self.written + waiting, self.encoded) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Meter::cancelled()),
        }
    }
}

impl std::fmt::Debug for EncodeEngine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EncodeEngine")
            .field("format", &self.compressor.name())
            .field("state", &self.state)
            .field("encoded", &self.encoded)
            .field("written", &self.written)
            .finish_non_exhaustive()
    }
}
