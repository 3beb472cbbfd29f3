//! What xz and LZMA alone share: liblzma behind the traits.

use xz2::stream::{Action, Error as Backend, Status as Reached, Stream};

use crate::error::{Error, Result};
use crate::format::{Decode, Encode, Op, Status, Step};
use crate::spec::Flush;

/// Drives a liblzma encoder.
pub(super) struct Encoder {
    stream: Stream,
    flush: Flush,
}

impl Encoder {
    pub(super) fn new(stream: Stream, flush: Flush) -> Self {
        Encoder { stream, flush }
    }
}

impl Encode for Encoder {
    fn step(&mut self, input: &[u8], out: &mut [u8], op: Op) -> Result<Step> {
        let action = match op {
            Op::Run => Action::Run,
            Op::Flush if self.flush == Flush::None => Action::Run,
            // Ends the block: the encoder for several threads knows no other flush.
            Op::Flush => Action::FullFlush,
            Op::Finish => Action::Finish,
        };
        let (step, reached) = process(&mut self.stream, input, out, action);
        let status = match reached.map_err(|e| explain(&e))? {
            Reached::StreamEnd => Status::Done,
            _ => Status::More,
        };
        Ok(Step { status, ..step })
    }
}

/// Drives a liblzma decoder of one stream.
pub(super) struct Decoder<F> {
    stream: Stream,
    new: F,
    failed: Option<Error>,
}

impl<F: Fn() -> Result<Stream> + Send> Decoder<F> {
    /// A decoder of what `new` makes.
    pub(super) fn new(new: F) -> Result<Self> {
        Ok(Decoder {
            stream: new()?,
            new,
            failed: None,
        })
    }
}

impl<F: Fn() -> Result<Stream> + Send> Decode for Decoder<F> {
    fn step(&mut self, input: &[u8], out: &mut [u8], eof: bool) -> Result<Step> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let action = if eof { Action::Finish } else { Action::Run };
        let (step, reached) = process(&mut self.stream, input, out, action);
        match reached {
            Ok(Reached::StreamEnd) => Ok(Step {
                status: Status::Done,
                ..step
            }),
            Ok(_) => Ok(step),
            Err(error) if step.consumed == 0 && step.produced == 0 => Err(explain(&error)),
            Err(error) => {
                self.failed = Some(explain(&error));
                Ok(step)
            }
        }
    }

    fn reset(&mut self) -> Result<()> {
        self.stream = (self.new)()?;
        self.failed = None;
        Ok(())
    }
}

fn process(
    stream: &mut Stream,
    input: &[u8],
    out: &mut [u8],
    action: Action,
) -> (Step, Result<Reached, Backend>) {
    let before = (stream.total_in(), stream.total_out());
    let reached = stream.process(input, out, action);
    let moved = |now: u64, before: u64| usize::try_from(now - before).expect("within the slices");
    let consumed = moved(stream.total_in(), before.0);
    let produced = moved(stream.total_out(), before.1);
    (
        Step {
            consumed,
            produced,
            status: Status::More,
        },
        reached,
    )
}

/// The decoder's memory limit in liblzma's terms, where 0 stands for 1 byte.
pub(super) fn memory_limit(memory: Option<u64>) -> u64 {
    memory.unwrap_or(u64::MAX)
}

pub(super) fn explain(error: &Backend) -> Error {
    match error {
        Backend::Data => Error::corrupt("the compressed data or a check value is damaged"),
        Backend::Format => Error::corrupt("not a stream of this format: the header is not one"),
        Backend::Options => Error::unsupported("the stream uses options that the decoder does not know"),
        Backend::Mem => Error::limit("not enough memory"),
        Backend::MemLimit => Error::limit("the dictionary needs more memory than is allowed"),
        Backend::UnsupportedCheck => Error::unsupported("the stream uses an unknown kind of check"),
        other => Error::corrupt(format!("liblzma: {other}")),
    }
}
