//! The conformance suite, tested: a small format passes it, and each of its flawed twins is caught by the
//! parts that are there to catch it. Every part catches something.

use std::panic::catch_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};

use demijohn_codecs::adapters::Blocked;
use demijohn_codecs::conformance::{self, PARTS};
use demijohn_codecs::{
    BlockEncode, Blocks, Compressor, Decode, DecodeOptions, Encode, EncodeOptions, Error, Flush, Format,
    Framing, Head, Hint, LateHead, Op, Piece, Probe, Result, Spec, Status, Step,
};

/// What is wrong with a [`Toy`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bug {
    /// Nothing.
    None,
    LosesTheFirstByteOfLargeData,
    RefusesItsHighestLevel,
    WrapsLargeBlocks,
    NeedsRoomToEncode,
    ForgetsToReset,
    BlocksDependOnHistory,
    NeverRecognised,
    ClaimsEverything,
    WritesAnotherSignature,
    DropsWhatDoesNotFit,
    TakesOneByteTooMany,
    FailsPastAMegabyte,
    DependsOnCalls,
    DependsOnThreads,
    DependsOnTheTimeOfDay,
    IgnoresFlushes,
    IgnoresTruncation,
    SwallowsTails,
    IgnoresTheChecksum,
    WantsItsHeaderInOneCall,
    EndsEarly,
    Stalls,
    CallsTooLittleMemoryCorrupt,
    ReservesTooMuch,
    TakesHintsForOrders,
}

/// What must catch what.
const CAUGHT: &[(Bug, &[&str])] = &[
    (Bug::LosesTheFirstByteOfLargeData, &["round_trips"]),
    (Bug::RefusesItsHighestLevel, &["levels"]),
    (Bug::WrapsLargeBlocks, &["options"]),
    (Bug::NeedsRoomToEncode, &["byte_by_byte"]),
    (Bug::ForgetsToReset, &["resets", "seeks", "faulty_seeks", "tails"]),
    (Bug::BlocksDependOnHistory, &["blocks"]),
    (Bug::NeverRecognised, &["detection"]),
    (Bug::ClaimsEverything, &["detection"]),
    (Bug::WritesAnotherSignature, &["detection"]),
    (Bug::DropsWhatDoesNotFit, &["reads", "output_limit"]),
    (Bug::TakesOneByteTooMany, &["resets", "members", "tails"]),
    (Bug::FailsPastAMegabyte, &["round_trips", "progress"]),
    (Bug::DependsOnCalls, &["byte_by_byte", "write_cuts"]),
    (Bug::DependsOnThreads, &["write_cuts"]),
    (
        Bug::DependsOnTheTimeOfDay,
        &["write_cuts", "failing_sinks", "faulty_writes"],
    ),
    (Bug::IgnoresFlushes, &["flushes", "truncation"]),
    (Bug::IgnoresTruncation, &["truncation", "finish_and_drop"]),
    (Bug::SwallowsTails, &["tails", "resets"]),
    (Bug::IgnoresTheChecksum, &["damage"]),
    (Bug::WantsItsHeaderInOneCall, &["byte_by_byte", "interruptions"]),
    (Bug::EndsEarly, &["faulty_reads", "seeks_on_a_pipe"]),
    (Bug::Stalls, &["round_trips", "byte_by_byte"]),
    (Bug::CallsTooLittleMemoryCorrupt, &["memory_limit"]),
    (Bug::ReservesTooMuch, &["sinks"]),
    (Bug::TakesHintsForOrders, &["hints"]),
];

#[test]
fn a_sound_format_passes() {
    for threads in [1, 3] {
        conformance::run_on(&Compressor::new(Toy(Bug::None)), threads);
    }
}

#[test]
fn flawed_formats_are_caught() {
    let mut escaped = Vec::new();
    for (bug, parts) in CAUGHT {
        for name in *parts {
            let part = PARTS
                .iter()
                .find(|part| part.name == *name)
                .expect("a part of that name");
            let caught = catch_unwind(|| part.run(&Compressor::new(Toy(*bug)), 1));
            let message = match &caught {
                Ok(()) => "nothing",
                Err(panic) => panic
                    .downcast_ref::<String>()
                    .map_or("a panic without a text", String::as_str),
            };
            if !message.starts_with(&format!("toy: conformance::{name}: ")) {
                escaped.push(format!("{bug:?} in {name}: {message}"));
            }
        }
    }
    assert!(escaped.is_empty(), "not caught:\n{}", escaped.join("\n"));
}

#[test]
fn every_part_is_shown_to_catch_something() {
    let idle: Vec<_> = PARTS
        .iter()
        .filter(|part| !CAUGHT.iter().any(|(_, parts)| parts.contains(&part.name)))
        .map(|part| part.name)
        .collect();
    assert!(
        idle.is_empty(),
        "no flawed format shows that these can fail: {idle:?}"
    );
}

/// Stored blocks, each behind its length in two bytes; 0 ends the stream, and the FNV-1a of the data follows.
#[derive(Clone, Copy)]
struct Toy(Bug);

const MAGIC: &[u8] = b"TOY1";
const SPEC: Spec = Spec::new("toy", "stored blocks with a checksum")
    .extensions(&[".toy"])
    .signatures(&[MAGIC])
    .levels(1, 4, 2)
    .concat()
    .checksum("FNV-1a")
    .flush(Flush::Sync);

fn fnv(sum: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(sum, |sum, &byte| {
        (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

const FNV_START: u32 = 0x811c_9dc5;

impl Format for Toy {
    fn spec(&self) -> &Spec {
        &SPEC
    }

    fn probe(&self, head: &Head<'_>) -> Probe {
        match self.0 {
            Bug::NeverRecognised => Probe::No,
            Bug::ClaimsEverything => Probe::Strong,
            _ => head.begins_with(MAGIC),
        }
    }

    fn encoder(&self, options: &EncodeOptions) -> Result<Box<dyn Encode>> {
        if self.0 == Bug::RefusesItsHighestLevel && options.level() == 4 {
            return Err(Error::unsupported("so high"));
        }
        Ok(Box::new(ToyEncode {
            bug: self.0,
            blocked: Blocked::new(self, options)?,
            taken: 0,
        }))
    }

    fn decoder(&self, options: &DecodeOptions) -> Result<Box<dyn Decode>> {
        if self.0 == Bug::CallsTooLittleMemoryCorrupt && options.memory.is_some_and(|memory| memory < 1 << 20)
        {
            return Err(Error::corrupt("no room to work in"));
        }
        Ok(Box::new(ToyDecode {
            bug: self.0,
            state: State::Magic,
            gathered: Vec::new(),
            sum: FNV_START,
            produced: 0,
        }))
    }

    fn blocks(&self) -> Option<&dyn Blocks> {
        Some(self)
    }
}

impl Blocks for Toy {
    fn block_size(&self, options: &EncodeOptions) -> usize {
        static STREAMS: AtomicUsize = AtomicUsize::new(0);
        let most = match self.0 {
            Bug::WrapsLargeBlocks => usize::MAX,
            Bug::DependsOnThreads => 500 * options.threads.clamp(1, 9),
            Bug::DependsOnTheTimeOfDay if STREAMS.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) => 1,
            _ => 0xffff,
        };
        options.block_size.unwrap_or(1000).min(most)
    }

    fn block_encoder(&self, _: &EncodeOptions) -> Result<Box<dyn BlockEncode>> {
        Ok(Box::new(ToyBlock {
            bug: self.0,
            blocks: 0,
        }))
    }

    fn framing(&self, _: &EncodeOptions) -> Result<Box<dyn Framing>> {
        Ok(Box::new(ToyFrame {
            bug: self.0,
            sum: FNV_START,
        }))
    }
}

struct ToyBlock {
    bug: Bug,
    blocks: usize,
}

impl BlockEncode for ToyBlock {
    fn encode(&mut self, input: &[u8], piece: Piece, out: &mut Vec<u8>) -> Result<u32> {
        let input = match piece.element_size {
            8 if self.bug == Bug::TakesHintsForOrders => &input[..input.len().saturating_sub(1)],
            _ => input,
        };
        self.blocks += 1;
        let split = self.bug == Bug::BlocksDependOnHistory && self.blocks == 2;
        let (first, second) = input.split_at(if split { input.len() / 2 } else { 0 });
        for part in [first, second] {
            if !part.is_empty() {
                // The low two bytes, which is all of it unless blocks are too large.
                out.extend_from_slice(&part.len().to_le_bytes()[..2]);
                out.extend_from_slice(part);
            }
        }
        Ok(0)
    }
}

struct ToyFrame {
    bug: Bug,
    sum: u32,
}

impl Framing for ToyFrame {
    fn begin(&mut self, out: &mut Vec<u8>) {
        if self.bug == Bug::ReservesTooMuch {
            return;
        }
        out.extend_from_slice(if self.bug == Bug::WritesAnotherSignature {
            b"TOY2"
        } else {
            MAGIC
        });
    }
    fn piece(&mut self, input: &[u8], _: usize, _: u32) {
        self.sum = fnv(self.sum, input);
    }
    fn end(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&self.sum.to_le_bytes());
    }
    fn late_head(&mut self) -> Option<&mut dyn LateHead> {
        (self.bug == Bug::ReservesTooMuch).then_some(self)
    }
}

impl LateHead for ToyFrame {
    fn reserve(&mut self) -> Result<usize> {
        Ok(MAGIC.len() + 1)
    }
    fn write(&mut self, out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(MAGIC);
        Ok(())
    }
}

struct ToyEncode {
    bug: Bug,
    blocked: Blocked,
    taken: usize,
}

impl Encode for ToyEncode {
    fn step(&mut self, input: &[u8], out: &mut [u8], op: Op) -> Result<Step> {
        let op = match (self.bug, op) {
            (Bug::IgnoresFlushes, Op::Flush) if input.is_empty() => {
                return Ok(Step {
                    consumed: 0,
                    produced: 0,
                    status: Status::Done,
                });
            }
            (Bug::IgnoresFlushes, Op::Flush) => Op::Run,
            (Bug::DependsOnCalls, Op::Run) => Op::Flush,
            (_, op) => op,
        };
        if self.bug == Bug::NeedsRoomToEncode && out.len() < 16 {
            return Ok(Step {
                consumed: 0,
                produced: 0,
                status: Status::More,
            });
        }
        let skip = usize::from(
            self.bug == Bug::LosesTheFirstByteOfLargeData && self.taken == 0 && input.len() > 100_000,
        );
        let step = self.blocked.step(&input[skip..], out, op)?;
        self.taken += step.consumed + skip;
        Ok(Step {
            consumed: step.consumed + skip,
            ..step
        })
    }

    fn hint(&mut self, at: u64, hint: Hint) {
        self.blocked.hint(at, hint);
    }

    fn late_head(&mut self) -> Option<&mut dyn LateHead> {
        self.blocked.late_head()
    }
}

struct ToyDecode {
    bug: Bug,
    state: State,
    gathered: Vec<u8>,
    sum: u32,
    produced: usize,
}

#[derive(Clone, Copy)]
enum State {
    Magic,
    Length,
    Body(usize),
    Sum,
    End,
}

impl ToyDecode {
    /// What to do with a whole magic, length or checksum.
    fn gathered(&mut self) -> Result<State> {
        Ok(match (self.state, &self.gathered[..]) {
            (State::Magic, MAGIC) => State::Length,
            (State::Magic, b"TOY2") if self.bug == Bug::WritesAnotherSignature => State::Length,
            (State::Magic, _) => return Err(Error::corrupt("not a toy")),
            (State::Length, [0, 0]) => State::Sum,
            (State::Length, [low, high]) => State::Body(usize::from(u16::from_le_bytes([*low, *high]))),
            (_, sum) => {
                if sum != self.sum.to_le_bytes() && self.bug != Bug::IgnoresTheChecksum {
                    return Err(Error::checksum("FNV-1a", 0, self.sum.into()));
                }
                State::End
            }
        })
    }

    fn run(&mut self, input: &[u8], out: &mut [u8], eof: bool) -> Result<Step> {
        let (mut consumed, mut produced) = (0, 0);
        loop {
            let need = match self.state {
                State::Magic | State::Sum => 4,
                State::Length => 2,
                State::Body(left) => {
                    let have = left.min(input.len() - consumed);
                    let n = have.min(out.len() - produced);
                    out[produced..produced + n].copy_from_slice(&input[consumed..consumed + n]);
                    self.sum = fnv(self.sum, &input[consumed..consumed + n]);
                    let taken = if self.bug == Bug::DropsWhatDoesNotFit && n > 0 {
                        have
                    } else {
                        n
                    };
                    (consumed, produced) = (consumed + taken, produced + n);
                    if taken < left {
                        self.state = State::Body(left - taken);
                        return Ok(self.more(consumed, produced, eof));
                    }
                    self.state = State::Length;
                    continue;
                }
                State::End => {
                    match self.bug {
                        Bug::SwallowsTails => consumed = input.len(),
                        Bug::TakesOneByteTooMany => consumed = input.len().min(consumed + 1),
                        _ => {}
                    }
                    return Ok(Step {
                        consumed,
                        produced,
                        status: Status::Done,
                    });
                }
            };
            let n = (need - self.gathered.len()).min(input.len() - consumed);
            self.gathered.extend_from_slice(&input[consumed..consumed + n]);
            consumed += n;
            if self.gathered.len() < need {
                if self.bug == Bug::WantsItsHeaderInOneCall && matches!(self.state, State::Magic) {
                    self.gathered.clear();
                }
                return Ok(self.more(consumed, produced, eof));
            }
            self.state = self.gathered()?;
            self.gathered.clear();
        }
    }

    fn more(&self, consumed: usize, produced: usize, eof: bool) -> Step {
        let ended = self.bug == Bug::IgnoresTruncation && eof && consumed == 0 && produced == 0;
        Step {
            consumed,
            produced,
            status: if ended { Status::Done } else { Status::More },
        }
    }
}

impl Decode for ToyDecode {
    fn step(&mut self, input: &[u8], out: &mut [u8], eof: bool) -> Result<Step> {
        if self.bug == Bug::Stalls && matches!(self.state, State::Body(_)) {
            return Ok(Step {
                consumed: 0,
                produced: 0,
                status: Status::More,
            });
        }
        let mut step = self.run(input, out, eof)?;
        self.produced += step.produced;
        if self.bug == Bug::FailsPastAMegabyte && self.produced > 1 << 20 {
            return Err(Error::corrupt("so much"));
        }
        if self.bug == Bug::EndsEarly && self.produced > 10_000 {
            step.status = Status::Done;
        }
        Ok(step)
    }

    fn reset(&mut self) -> Result<()> {
        if self.bug != Bug::ForgetsToReset {
            self.state = State::Magic;
            self.gathered.clear();
            self.sum = FNV_START;
            self.produced = 0;
        }
        Ok(())
    }
}
