//! Reading: the one routine that fills buffers.

mod places;

use std::ops::ControlFlow;

use crate::compressor::Compressor;
use crate::error::{Error, ErrorKind, Result};
use crate::format::{Decode, DecodeOptions, Head, Probe, Status};
use crate::limits::Limits;
use crate::options::{Members, Tail};
use crate::progress::Meter;
use crate::seek::{Entry, Places, Point};
use crate::source::Source;
use crate::spec::NulPadding;

use super::ahead::Ahead;
use super::input::Input;

/// Drives one format's decoder over a source.
///
/// All bytes that any public method delivers, skips or drops come out of [`read`](Self::read), so the limits
/// and the tail policy hold for all of them.
pub(crate) struct DecodeEngine {
    compressor: Compressor,
    decoder: Box<dyn Decode>,
    /// Has pieces decoded by other threads, where there are several and the format has pieces.
    ahead: Option<Ahead>,
    limits: Limits,
    members: Members,
    tail: Tail,
    meter: Meter,
    state: State,
    produced: u64,
    /// Set when the decoder's last call did something: it may hold output, or know of an error, without more input.
    holds: bool,
    /// What follows the member at hand is not to be looked at.
    last_member: bool,
    /// Where the member at hand begins in the source.
    member_at: u64,
    /// Where the decoder was last reset or resumed, coded and plain: what its points count from.
    entered: (u64, u64),
    places: Places,
    /// The decoder has been told which places to name.
    marking: bool,
    found: Vec<Point>,
    /// Decoding only to see whether a point of an index is right.
    proving: bool,
    /// Plain offset from which on other threads have work. Who has jumped may do so again, and what they have decoded by then
    /// is in vain.
    together_from: u64,
    /// A part has been jumped over, since the beginning, and may never have been seen.
    leapt: bool,
    failed: Option<Error>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before the first byte of a member; `first` until a member or a skippable frame has been seen.
    Start { first: bool },
    /// Inside a skippable frame, with so many bytes of it to go.
    Skipping(u64),
    /// Inside a member.
    Member,
    /// Behind a member, and behind so many NUL bytes after it.
    Between { nuls: u64 },
    /// At the end: of the source, or of what the options allow to be read.
    End,
}

impl DecodeEngine {
    /// `first` is false if detection has stepped over skippable frames already.
    pub(crate) fn new(
        compressor: Compressor,
        threads: usize,
        limits: Limits,
        members: Members,
        tail: Tail,
        meter: Meter,
        first: bool,
    ) -> Result<Self> {
        let options = DecodeOptions {
            memory: limits.max_memory(),
            threads,
        };
        let decoder = compressor.decoder(&options)?;
        let ahead = (threads > 1)
            .then(|| Ahead::new(&compressor, &options, threads, members != Members::One))
            .flatten();
        // Its points may be in streams that are not to be read.
        let survey = match members {
            Members::One => None,
            _ => compressor.survey(&options),
        };
        let state = State::Start { first };
        Ok(DecodeEngine {
            compressor,
            decoder,
            ahead,
            limits,
            members,
            tail,
            meter,
            state,
            produced: 0,
            holds: false,
            last_member: false,
            member_at: 0,
            entered: (0, 0),
            places: Places::new(survey, limits.max_memory()),
            marking: false,
            found: Vec::new(),
            proving: false,
            together_from: 0,
            leapt: false,
            failed: None,
        })
    }

    pub(crate) fn compressor(&self) -> &Compressor {
        &self.compressor
    }

    /// Plain bytes delivered since the beginning.
    pub(crate) fn produced(&self) -> u64 {
        self.produced
    }

    /// Is the position inside a member, its end not yet seen?
    pub(crate) fn in_member(&self) -> bool {
        matches!(
            self.state,
            State::Start { .. } | State::Member | State::Skipping(_)
        )
    }

    /// Nothing more is to be read: what follows the current member stays unread.
    pub(crate) fn stop(&mut self) {
        self.state = State::End;
        self.forget_ahead();
    }

    /// What lies ahead is not to be decoded, or not by this way.
    fn forget_ahead(&mut self) {
        if let Some(ahead) = &mut self.ahead {
            ahead.forget();
        }
    }

    /// From here to the next rewind, the end of a member is the end of the stream.
    pub(crate) fn stop_at_member_end(&mut self) {
        self.last_member = true;
    }

    /// Back to the beginning of the stream.
    pub(crate) fn rewind<S: Source>(&mut self, input: &mut Input<S>) -> Result<()> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        self.forget_ahead();
        let back = input.rewind_to(0).map_err(Error::from);
        back.and_then(|()| self.decoder.reset())
            .map_err(|error| self.remember(error, input.consumed()))?;
        self.state = State::Start { first: true };
        self.together_from = 0;
        self.begin_at(0, 0);
        Ok(())
    }

    /// Counts from another place in the stream, at which the decoder is ready to go on.
    fn begin_at(&mut self, coded: u64, plain: u64) {
        self.produced = plain;
        self.entered = (coded, plain);
        self.holds = false;
        self.last_member = false;
        self.meter.restart(coded, plain);
    }

    /// Moves a transparent stream to an offset.
    pub(crate) fn jump<S: Source>(&mut self, input: &mut Input<S>, at: u64) -> Result<()> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let there = input.rewind_to(at).map_err(Error::from);
        there.map_err(|error| self.remember(error, input.consumed()))?;
        self.state = State::Member;
        self.produced = at;
        self.meter.restart(at, at);
        Ok(())
    }

    /// Fills `out` from the front; 0 means the end (for an `out` that is not empty).
    ///
    /// Returns what is there rather than wait for the source once something has been decoded. Errors are
    /// sticky, except those that pass (`WouldBlock`); bytes decoded before an error are delivered first.
    pub(crate) fn read<S: Source>(&mut self, input: &mut Input<S>, out: &mut [u8]) -> Result<usize> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if out.is_empty() {
            return Ok(0);
        }
        if let Some(ahead) = &mut self.ahead {
            ahead.slice_ends();
        }
        let mut filled = 0;
        let result = self.fill(input, out, &mut filled);
        self.produced += filled as u64;
        let result = result.and_then(|()| match self.meter.advance(input.consumed(), self.produced) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Meter::cancelled()),
        });
        match result.map_err(|error| self.remember(error, input.consumed())) {
            // What was decoded before an error goes out first.
            Err(error) if filled == 0 => Err(error),
            _ => Ok(filled),
        }
    }

    /// The bytes that lie in the source's own buffer, where coded and plain bytes are the same; none at the end.
    pub(crate) fn lend<'a, S: Source>(&mut self, input: &'a mut Input<S>) -> Result<&'a [u8]> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if self.state == State::End {
            return Ok(&[]);
        }
        let left = self
            .limits
            .max_output()
            .map_or(u64::MAX, |limit| limit.saturating_sub(self.produced));
        let consumed = input.consumed();
        let error = match input.fill() {
            Ok([]) => {
                self.state = State::End;
                return Ok(&[]);
            }
            Ok(bytes) if left > 0 => {
                let n = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                return Ok(&bytes[..n]);
            }
            Ok(_) => self.limit_error(self.produced),
            Err(error) => Error::from(error),
        };
        Err(self.remember(error, consumed))
    }

    /// Counts bytes of the last [`lend`](Self::lend) as delivered.
    pub(crate) fn take_lent<S: Source>(&mut self, input: &mut Input<S>, n: usize) {
        input.consume(n);
        self.produced += n as u64;
        if self.meter.advance(input.consumed(), self.produced).is_break() {
            self.remember(Meter::cancelled(), input.consumed());
        }
    }

    /// Makes an error the answer to all later calls, unless it is one that passes.
    fn remember(&mut self, error: Error, consumed: u64) -> Error {
        if error.is_transient() {
            return error;
        }
        // A jump may have gone beyond what may be read.
        let produced = self.produced.min(self.limits.max_output().unwrap_or(u64::MAX));
        let error = error
            .with_format(self.compressor.name())
            .with_offsets(consumed, produced);
        self.forget_ahead();
        self.failed = Some(error.clone());
        error
    }

    fn fill<S: Source>(&mut self, input: &mut Input<S>, out: &mut [u8], filled: &mut usize) -> Result<()> {
        loop {
            match self.state {
                State::Start { first } => self.start(input, first)?,
                State::Skipping(left) => self.skip(input, left)?,
                State::Member if self.compressor.spec().is_transparent() => {
                    return self.pass_through(input, out, filled);
                }
                State::Member => {
                    self.step(input, out, filled)?;
                    let lying = self.ahead.as_ref().is_some_and(Ahead::is_lying);
                    if !lying
                        && *filled > 0
                        && (*filled == out.len() || self.state != State::Member || !self.holds)
                    {
                        return Ok(());
                    }
                }
                State::Between { nuls } => self.between(input, nuls, self.produced + *filled as u64)?,
                State::End => return Ok(()),
            }
        }
    }

    /// At the first byte of a member: are there skippable frames in front of it?
    fn start<S: Source>(&mut self, input: &mut Input<S>, first: bool) -> Result<()> {
        let mut next = State::Member;
        if self.compressor.spec().has_skippable_frames() {
            let head = input.peek(SKIP_HEADER)?;
            if head.is_empty() && !first {
                next = State::End;
            } else if let Probe::Skip(n) = self.compressor.probe(&at_start(head)) {
                next = State::Skipping(n);
            }
        }
        self.state = next;
        self.member_at = input.consumed();
        let alone = self.proving || self.produced < self.together_from;
        if let (State::Member, Some(ahead), false) = (next, &mut self.ahead, alone) {
            ahead.stream_begins(input.consumed());
        }
        if input.source().seekable() {
            self.start_marking();
        }
        Ok(())
    }

    fn skip<S: Source>(&mut self, input: &mut Input<S>, left: u64) -> Result<()> {
        if left == 0 {
            self.state = State::Start { first: false };
            return Ok(());
        }
        let available = input.fill()?.len();
        if available == 0 {
            return Err(Error::truncated(format!(
                "a skippable frame lacks its last {left} bytes"
            )));
        }
        let n = usize::try_from(left).unwrap_or(usize::MAX).min(available);
        input.consume(n);
        self.state = State::Skipping(left - n as u64);
        Ok(())
    }

    /// One call of the decoder, and what follows from its answer.
    fn step<S: Source>(&mut self, input: &mut Input<S>, out: &mut [u8], filled: &mut usize) -> Result<()> {
        let mut past_limit = [0];
        let room = &mut out[*filled..];
        let produced = self.produced + *filled as u64;
        let at = input.consumed();
        let ahead = self.ahead.as_mut().filter(|ahead| ahead.is_active());
        let reached = ahead.as_ref().map_or(at, |ahead| ahead.reached(at));
        let left = self.limits.allowance(reached).saturating_sub(produced);
        let at_limit = left == 0;
        let target = if at_limit {
            // Whether the stream ends exactly here shows only when it is given room for one byte more.
            &mut past_limit[..]
        } else {
            let n = usize::try_from(left).unwrap_or(usize::MAX).min(room.len());
            &mut room[..n]
        };
        // What can be had without input is asked for before a source that could block is.
        let waits = self.decoder.waits() && input.source().seekable();
        let held = self.holds && !waits && ahead.is_none();
        let target_len = target.len();
        let reading_ahead = ahead.is_some();
        let (available, eof, step) = if let Some(ahead) = ahead {
            let more = input.read_ahead(ahead.wanted(at));
            let (source, eof) = (input.lying(), input.ends());
            let step = ahead.step(&mut *self.decoder, at, (source, eof, more), target)?;
            (source.len(), eof, step)
        } else {
            let source = if held { &[][..] } else { input.fill()? };
            let eof = !held && source.is_empty();
            (source.len(), eof, self.decoder.step(source, target, eof)?)
        };
        if step.consumed > available || step.produced > target_len {
            return Err(Error::corrupt("the decoder claims more bytes than it was given"));
        }
        if !held {
            input.consume(step.consumed);
        }
        if at_limit && step.produced > 0 {
            return Err(self.limit_error(produced));
        }
        *filled += step.produced;
        self.note()?;
        self.holds = !held && step.consumed > 0 || step.produced > 0;
        if step.status == Status::Done {
            self.holds = false;
            self.state = match self.members {
                Members::All | Members::Joined if !self.last_member => State::Between { nuls: 0 },
                _ => State::End,
            };
        } else if step.consumed == 0 && step.produced == 0 && !held {
            if reading_ahead && !eof {
                // More input is needed; what has been decoded goes out before it is waited for.
                return if *filled > 0 { Ok(()) } else { Ok(input.read_on()?) };
            }
            if eof {
                return Err(if input.consumed() == 0 {
                    Error::truncated("empty input")
                } else {
                    Error::truncated("the input ends before the stream does")
                });
            }
            // Not a state a correct decoder can be in; without this it would be asked for ever.
            return Err(Error::corrupt(
                "the decoder takes no more input and gives no output",
            ));
        }
        Ok(())
    }

    fn limit_error(&self, produced: u64) -> Error {
        match self.limits.max_output() {
            Some(limit) if produced >= limit => {
                Error::limit(format!("the data is larger than the {limit} bytes allowed"))
            }
            _ => Error::limit(format!(
                "the data is more than {} times as large as its compressed form",
                self.limits.max_ratio().unwrap_or_default()
            )),
        }
    }

    fn pass_through<S: Source>(
        &mut self,
        input: &mut Input<S>,
        out: &mut [u8],
        filled: &mut usize,
    ) -> Result<()> {
        let left = self
            .limits
            .max_output()
            .map_or(u64::MAX, |limit| limit.saturating_sub(self.produced));
        if left == 0 {
            return if input.fill()?.is_empty() {
                self.state = State::End;
                Ok(())
            } else {
                Err(self.limit_error(self.produced))
            };
        }
        let n = usize::try_from(left).unwrap_or(usize::MAX).min(out.len());
        *filled = input.read(&mut out[..n])?;
        if *filled == 0 {
            self.state = State::End;
        }
        Ok(())
    }

    /// Behind a member: another one, padding, trailing data, or the end.
    fn between<S: Source>(&mut self, input: &mut Input<S>, mut nuls: u64, produced: u64) -> Result<()> {
        let spec = self.compressor.spec();
        let head = input.peek(spec.signature_len().max(SKIP_HEADER))?;
        let joins = spec.joins_streams() || self.members == Members::Joined;
        if joins && nuls_fit(spec.padding(), nuls) && spec.begins(head) {
            if input.consumed() == self.member_at {
                // Not what a correct decoder does; without this, members without end would be found here.
                return Err(Error::corrupt(
                    "the decoder ends a stream without taking a byte of it",
                ));
            }
            self.decoder.reset()?;
            self.state = State::Start { first: false };
            self.entered = (input.consumed(), produced);
            if input.source().seekable() {
                self.places.add(Point {
                    coded: input.consumed(),
                    plain: produced,
                    entry: Entry::Stream,
                })?;
            }
            return Ok(());
        }
        if spec.padding() != NulPadding::Refused {
            let zeros = head.iter().take_while(|&&byte| byte == 0).count();
            if zeros > 0 {
                input.consume(zeros);
                nuls += zeros as u64;
                self.state = State::Between { nuls };
                return Ok(());
            }
        }
        let clean = head.is_empty() && nuls_fit(spec.padding(), nuls);
        if clean || self.tail == Tail::Ignore {
            self.state = State::End;
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::TrailingData,
            if head.is_empty() {
                format!("{nuls} NUL bytes follow the stream, not a multiple of four")
            } else {
                format!(
                    "the stream ended, and what follows ({}) does not belong to it",
                    shown(head)
                )
            },
        ))
    }
}

/// The longest header of a skippable frame. No stream of a format that has such frames is shorter.
const SKIP_HEADER: usize = 8;

fn at_start(head: &[u8]) -> Head<'_> {
    // Less than was asked for means that the source ends here.
    let total = (head.len() < SKIP_HEADER).then_some(head.len() as u64);
    Head {
        bytes: &head[..head.len().min(Head::LEN)],
        total,
    }
}

fn nuls_fit(padding: NulPadding, nuls: u64) -> bool {
    padding != NulPadding::MultipleOfFour || nuls.is_multiple_of(4)
}

/// The first bytes of something, in hexadecimal.
fn shown(bytes: &[u8]) -> String {
    let hex: Vec<_> = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{}{}", hex.join(" "), if bytes.len() > 8 { " …" } else { "" })
}

impl std::fmt::Debug for DecodeEngine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DecodeEngine")
            .field("format", &self.compressor.name())
            .field("state", &self.state)
            .field("produced", &self.produced)
            .finish_non_exhaustive()
    }
}
