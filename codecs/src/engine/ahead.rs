//! Decoding on several threads: pieces of the stream that lie ahead of its decoder are decoded by the pool.
//!
//! [`Ahead`] stands in the place of the decoder. It sees the coded bytes that have been read ahead, gives the pieces that
//! a [`Scan`] finds in them to the pool, and hands out what comes of them where the decoder would have come to them.
//! Coded bytes are used up when the data is delivered, not before: a piece that fails, for whatever reason, is decoded
//! again by the decoder itself, which so finds the same data and the same error as it would have alone.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use super::pool::{Answer, Pool, Work};
use crate::compressor::Compressor;
use crate::error::{Error, Result};
use crate::format::{Decode, DecodeOptions, Status, Step};
use crate::pieces::{CodedPiece, Found, Scan};
use crate::room;

/// Parts in which the plain bytes of a piece are handed over: the smallest, and the largest.
const PARTS: [usize; 2] = [16 << 10, 4 << 20];
/// Parts of a piece that are in memory at most: two that wait, and the one being decoded.
const PARTS_IN_MEMORY: usize = 3;
/// Coded bytes that are looked at beyond what has been looked through, to begin with and at most: a piece that is
/// longer is none.
const REACH: [usize; 2] = [1 << 20, 32 << 20];
/// Bytes at a time of what is decoded once more because a piece has failed.
const AGAIN: usize = 64 << 10;

/// Drives a decoder, and the pool that works ahead of it.
pub(crate) struct Ahead {
    format: Compressor,
    options: DecodeOptions,
    pool: Pool<Task, Part>,
    scan: Option<Box<dyn Scan>>,
    /// How far the scan has come.
    scanned: u64,
    /// Coded bytes behind that which are wanted.
    reach: usize,
    /// What follows the stream is to be read too.
    joins: bool,
    /// Pieces found and not used, in the order of the stream. The pool has those in front.
    pieces: VecDeque<Piece>,
    /// Memory that all of them take.
    taken: u64,
    /// Plain bytes delivered of the piece in front, once its first answer has been taken.
    begun: Option<u64>,
    /// What the pool has given, and how much of it has been delivered.
    part: Part,
    part_at: usize,
    /// Plain bytes that the decoder is going to give once more.
    again: u64,
    /// Buffers to use again: for plain bytes, and for coded ones.
    spare: Vec<Vec<u8>>,
    spare_coded: Vec<Vec<u8>>,
}

/// A piece that has been found.
struct Piece {
    /// In bits from the beginning of the source.
    begin: u64,
    end: u64,
    context: u64,
    note: u64,
    memory: u64,
    /// Until the pool has it.
    task: Option<Task>,
}

/// A piece for the pool, and buffers for its plain form.
struct Task {
    coded: Vec<u8>,
    decoder: Box<dyn Decode>,
    part: usize,
    unsure: bool,
    room: Vec<Vec<u8>>,
}

/// Plain bytes of a piece: the first `len` of these.
#[derive(Default)]
struct Part {
    bytes: Vec<u8>,
    len: usize,
    /// With the last part the coded bytes come back, so that their buffer can be used again.
    coded: Vec<u8>,
}

/// What can be done where the decoder stands.
enum Next {
    /// A piece begins there, and the pool has it.
    Piece,
    /// The decoder goes on by itself, with so many bytes at most.
    Alone(usize),
    /// What is there cannot be told yet.
    Wait,
}

impl Ahead {
    /// `None` if the format has no pieces.
    pub(crate) fn new(
        format: &Compressor,
        options: &DecodeOptions,
        threads: usize,
        joins: bool,
    ) -> Option<Self> {
        format.format().scanner(options)?;
        Some(Ahead {
            format: format.clone(),
            options: options.clone(),
            pool: Pool::new(threads, Arc::new(|| Ok(Box::new(Worker)))),
            scan: None,
            scanned: 0,
            reach: REACH[0],
            joins,
            pieces: VecDeque::new(),
            taken: 0,
            begun: None,
            part: Part::default(),
            part_at: 0,
            again: 0,
            spare: Vec::new(),
            spare_coded: Vec::new(),
        })
    }

    /// The decoder stands at the beginning of a stream, at this offset.
    pub(crate) fn stream_begins(&mut self, at: u64) {
        if self.scan.is_none() && self.pieces.is_empty() {
            self.scan = self.format.format().scanner(&self.options);
            self.scanned = at;
            self.reach = REACH[0];
        }
    }

    /// Forgets everything: the decoder stands elsewhere, or will not be asked any more.
    pub(crate) fn forget(&mut self) {
        self.abandon();
        self.part_at = self.part.len;
        self.begun = None;
        self.again = 0;
    }

    /// Is there anything that the decoder does not do by itself?
    pub(crate) fn is_active(&self) -> bool {
        self.scan.is_some() || !self.pieces.is_empty() || self.part_at < self.part.len || self.again > 0
    }

    /// How many coded bytes from `at` on should lie ready: those of the pieces that have been found too, even if they
    /// have been there before and were given up to look elsewhere.
    pub(crate) fn wanted(&self, at: u64) -> usize {
        let found = self.pieces.back().map_or(at, |piece| piece.end.div_ceil(8));
        let end = match self.scan {
            Some(_) if self.has_room() => self.scanned.saturating_add(self.reach as u64),
            _ => found,
        };
        usize::try_from(end.saturating_sub(at)).unwrap_or(usize::MAX)
    }

    /// The offset behind the coded bytes of what is being delivered; they count as used where what has been used
    /// is compared with what has been delivered.
    pub(crate) fn reached(&self, at: u64) -> u64 {
        match (self.begun, self.pieces.front()) {
            (Some(_), Some(piece)) => piece.end.div_ceil(8),
            _ => at,
        }
    }

    /// As [`Decode::step`], with the decoder standing at offset `at`. Here no progress means that more input is needed,
    /// of which more can be had without waiting if `more`.
    pub(crate) fn step(
        &mut self,
        decoder: &mut dyn Decode,
        at: u64,
        (input, last, more): (&[u8], bool, bool),
        out: &mut [u8],
    ) -> Result<Step> {
        self.look_ahead(at, input, last);
        loop {
            if self.part_at < self.part.len {
                return Ok(self.hand_out(out));
            }
            if self.again > 0 {
                if let Some(step) = self.once_more(decoder, input, last)? {
                    return Ok(step);
                }
                continue;
            }
            match self.next(decoder, at, input.len(), more) {
                Next::Wait => return Ok(more_after(0, 0)),
                Next::Piece => {
                    if let Some(used) = self.take(decoder, at, input.len()) {
                        return Ok(more_after(used, 0));
                    }
                }
                Next::Alone(n) => {
                    let step = decoder.step(&input[..n], out, last && n == input.len())?;
                    let moved = step.consumed > 0 || step.produced > 0 || step.status == Status::Done;
                    if moved || n == input.len() {
                        return Ok(step);
                    }
                    // It wants more than it should: the scan is not right.
                    self.abandon();
                }
            }
        }
    }

    /// Looks for pieces in what has been read ahead, as many as may be under way.
    fn look_ahead(&mut self, at: u64, input: &[u8], last: bool) {
        while self.has_room()
            && let Some(scan) = &mut self.scan
        {
            let behind = usize::try_from(self.scanned.saturating_sub(at)).unwrap_or(usize::MAX);
            let Some(coded) = input.get(behind..) else { break };
            let (found, passed) = match scan.next(coded, last) {
                Found::Piece(piece) => {
                    let passed = piece.end / 8;
                    let fits = piece.begin < piece.end && piece.end <= 8 * coded.len() as u64;
                    (fits && self.enqueue(piece, coded), passed)
                }
                Found::Pass(n) => (n > 0 && n <= coded.len(), n as u64),
                Found::End(n) => (self.joins && n <= coded.len(), n as u64),
                Found::More if last || self.reach >= REACH[1] => (false, 0),
                Found::More => {
                    if coded.len() >= self.reach {
                        self.reach *= 2;
                    }
                    break;
                }
                Found::Lost => (false, 0),
            };
            self.scanned += passed;
            self.reach = REACH[0];
            if !found {
                self.scan = None;
            }
        }
        self.submit();
    }

    fn has_room(&self) -> bool {
        self.pieces.len() < self.pool.capacity() && self.pieces.back().is_none_or(|last| self.fits(last))
    }

    /// May this one be under way beside those before it?
    fn fits(&self, piece: &Piece) -> bool {
        piece.task.is_none() || self.options.memory.is_none_or(|memory| self.taken <= memory)
    }

    /// Takes note of a piece; `false` if it cannot be decoded with the memory allowed, or that there is.
    fn enqueue(&mut self, found: CodedPiece, bytes: &[u8]) -> bool {
        let coded = match found.coded {
            Some(coded) => coded,
            None => {
                let mut coded = self.spare_coded.pop().unwrap_or_default();
                let within = |bit: u64| usize::try_from(bit / 8).expect("bytes that lie in memory");
                coded.clear();
                let bytes = &bytes[within(found.begin)..within(found.end)];
                if room::append(&mut coded, bytes).is_err() {
                    return false;
                }
                coded
            }
        };
        // With room for a byte more, a decoder that has filled a part with all of a piece says so at once.
        let part = found.plain.clamp(PARTS[0], PARTS[1]) + 1;
        let memory = 2 * coded.len() as u64 + (PARTS_IN_MEMORY * part) as u64 + found.memory;
        if self.options.memory.is_some_and(|allowed| memory > allowed) {
            return false;
        }
        let origin = 8 * self.scanned;
        self.taken += memory;
        self.pieces.push_back(Piece {
            begin: origin + found.begin,
            end: origin + found.end,
            context: found.context,
            note: found.note,
            memory,
            task: Some(Task {
                coded,
                decoder: found.decoder,
                part,
                unsure: found.unsure,
                room: Vec::new(),
            }),
        });
        true
    }

    /// Gives the pool what it may have.
    fn submit(&mut self) {
        // A stream of one piece is no work for threads.
        if self.pieces.len() < 2 && !self.pool.is_running() {
            return;
        }
        let mut memory = 0;
        for piece in &mut self.pieces {
            memory += piece.memory;
            if self.options.memory.is_some_and(|allowed| memory > allowed) {
                return;
            }
            let Some(mut task) = piece.task.take() else {
                continue;
            };
            task.room = self.spare.split_off(self.spare.len().saturating_sub(1));
            if let Err(task) = self.pool.submit(task) {
                // There are no threads.
                piece.task = Some(task);
                return;
            }
        }
    }

    fn next(&mut self, decoder: &mut dyn Decode, at: u64, available: usize, more: bool) -> Next {
        let within = |offset: u64| usize::try_from(offset - at).map_or(available, |n| n.min(available));
        if self.begun.is_some() {
            return Next::Piece;
        }
        let Some(piece) = self.pieces.front() else {
            if self.scan.is_none() || self.scanned < at {
                self.scan = None;
                return Next::Alone(available);
            }
            return match within(self.scanned) {
                0 if more => Next::Wait,
                0 => {
                    self.scan = None;
                    Next::Alone(available)
                }
                n => Next::Alone(n),
            };
        };
        if piece.begin / 8 > at {
            return Next::Alone(within(piece.begin / 8));
        }
        let place = decoder.adopt().and_then(|adopt| adopt.place());
        let here = place.is_some_and(|place| {
            piece.begin == 8 * at + u64::from(place.bit) && piece.context == place.context
        });
        if here && piece.task.is_none() {
            return Next::Piece;
        }
        if here && self.pieces.len() == 1 && self.scan.is_some() && more {
            // Another one may follow.
            return Next::Wait;
        }
        // Alone, or of a stream that the decoder sees otherwise.
        self.abandon();
        Next::Alone(available)
    }

    /// Takes an answer of the pool; says how many coded bytes are used up if that was the end of a piece.
    fn take(&mut self, decoder: &mut dyn Decode, at: u64, available: usize) -> Option<usize> {
        let answer = self.pool.wait();
        let begun = *self.begun.get_or_insert(0);
        let adopt = decoder.adopt()?;
        let taken = match answer {
            Some(Answer::Part(part)) => {
                let taken = adopt.take(&part.bytes[..part.len]);
                let old = std::mem::replace(&mut self.part, part);
                if self.spare.len() < self.pool.capacity() {
                    self.spare.push(old.bytes);
                }
                if old.coded.capacity() > 0 && self.spare_coded.len() < self.pool.capacity() {
                    self.spare_coded.push(old.coded);
                }
                self.part_at = 0;
                taken.map(|()| None)
            }
            Some(Answer::End(Ok(()))) if self.reached(at) - at > available as u64 => {
                // It was there before, and has been read again in vain.
                Err(Error::truncated("the coded bytes of a piece are gone"))
            }
            Some(Answer::End(Ok(()))) => Ok(self.pieces.pop_front()),
            Some(Answer::End(Err(error))) => Err(error),
            None => Err(Error::corrupt("the pool has no answer")),
        };
        match taken {
            Ok(None) => {
                self.begun = Some(begun + self.part.len as u64);
                None
            }
            Ok(Some(piece)) => {
                self.taken -= piece.memory;
                self.begun = None;
                let used = piece.end / 8 - at;
                adopt.done(used, piece.note);
                Some(usize::try_from(used).expect("bytes that lie in memory"))
            }
            Err(_) => {
                // Whatever it is, the decoder will find it.
                adopt.undo();
                self.part_at = self.part.len;
                self.begun = None;
                self.again = begun;
                self.abandon();
                None
            }
        }
    }

    fn hand_out(&mut self, out: &mut [u8]) -> Step {
        let plain = &self.part.bytes[self.part_at..self.part.len];
        let n = plain.len().min(out.len());
        out[..n].copy_from_slice(&plain[..n]);
        self.part_at += n;
        more_after(0, n)
    }

    /// The decoder goes over a piece that has failed, as far as that has been delivered. `None` if it is there and has
    /// used no bytes.
    fn once_more(&mut self, decoder: &mut dyn Decode, input: &[u8], last: bool) -> Result<Option<Step>> {
        let mut scratch = vec![0; AGAIN];
        let mut consumed = 0;
        while self.again > 0 {
            let n = usize::try_from(self.again).map_or(AGAIN, |n| n.min(AGAIN));
            let step = decoder.step(&input[consumed..], &mut scratch[..n], last)?;
            consumed += step.consumed;
            self.again -= step.produced as u64;
            if step.status == Status::Done || (step.consumed == 0 && step.produced == 0) {
                return Ok(Some(Step {
                    consumed,
                    produced: 0,
                    ..step
                }));
            }
        }
        Ok((consumed > 0).then(|| more_after(consumed, 0)))
    }

    /// Gives up what has been found, until another stream begins.
    fn abandon(&mut self) {
        self.pool.forget();
        self.pieces.clear();
        self.taken = 0;
        self.scan = None;
    }
}

fn more_after(consumed: usize, produced: usize) -> Step {
    Step {
        consumed,
        produced,
        status: Status::More,
    }
}

/// What the threads do.
struct Worker;

impl Work<Task, Part> for Worker {
    fn work(&mut self, mut task: Task, give: &mut dyn FnMut(Part) -> bool) -> Result<()> {
        let mut run = Run::default();
        let mut first = VecDeque::new();
        if task.unsure {
            while !run.ended && first.len() < PARTS_IN_MEMORY {
                first.push_back(run.part(&mut task)?);
            }
            if !run.ended {
                let mut part = first.pop_back().unwrap_or_default();
                task.room.extend(first.drain(..).map(|part| part.bytes));
                while !run.ended {
                    run.fill(&mut task, &mut part.bytes)?;
                }
                task.room.push(part.bytes);
                task.decoder.reset()?;
                run = Run::default();
            }
        }
        loop {
            let mut part = match first.pop_front() {
                Some(part) => part,
                None if run.ended => return Ok(()),
                None => run.part(&mut task)?,
            };
            if run.ended && first.is_empty() {
                part.coded = std::mem::take(&mut task.coded);
            }
            if part.len > 0 && !give(part) {
                return Ok(());
            }
        }
    }
}

/// How far a piece has been decoded.
#[derive(Default)]
struct Run {
    at: usize,
    ended: bool,
}

impl Run {
    fn part(&mut self, task: &mut Task) -> Result<Part> {
        let mut bytes = task.room.pop().unwrap_or_default();
        bytes.truncate(task.part);
        room::lengthen(&mut bytes, task.part)?;
        let len = self.fill(task, &mut bytes)?;
        Ok(Part {
            bytes,
            len,
            ..Part::default()
        })
    }

    /// Decodes until the buffer is full or the piece has ended, as it must.
    fn fill(&mut self, task: &mut Task, out: &mut [u8]) -> Result<usize> {
        let mut filled = 0;
        while !self.ended && filled < out.len() {
            let rest = &task.coded[self.at..];
            let step = task.decoder.step(rest, &mut out[filled..], true)?;
            self.at += step.consumed;
            filled += step.produced;
            self.ended = step.status == Status::Done;
            let stuck = step.consumed == 0 && step.produced == 0;
            if !self.ended && stuck || self.ended && self.at < task.coded.len() {
                return Err(Error::corrupt("a piece does not end where it should"));
            }
        }
        Ok(filled)
    }
}

impl fmt::Debug for Ahead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ahead")
            .field("scanned", &self.scanned)
            .field("pieces", &self.pieces.len())
            .field("pool", &self.pool)
            .finish_non_exhaustive()
    }
}
