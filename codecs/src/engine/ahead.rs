//! Decoding on several threads: pieces of the stream that lie ahead of its decoder are decoded by the pool.
//!
//! [`Ahead`] stands in the place of the decoder. It sees the coded bytes that have been read ahead, gives the pieces that
//! a [`Scan`] finds in them to the pool, and hands out what comes of them where the decoder would have come to them.
//! Coded bytes are used up when the data is delivered, not before: a piece that fails, for whatever reason, is decoded
//! again by the decoder itself, which so finds the same data and the same error as it would have alone.

mod straight;

use std::collections::VecDeque;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use self::straight::begins_at;
use super::pool::{Answer, Pool};
use super::worker::{self, Part, Task, Worker};
use crate::compressor::Compressor;
use crate::error::{Error, Result};
use crate::format::{Decode, DecodeOptions, Status, Step};
use crate::pieces::{CodedPiece, Found, Scan};
use crate::room;

/// Parts in which the plain bytes of a piece are handed over: the smallest, and the largest.
const PARTS: [usize; 2] = [16 << 10, 4 << 20];
/// Coded bytes that are looked at beyond what has been looked through, to begin with and at most: a piece that is
/// longer is none.
const REACH: [usize; 2] = [1 << 20, 32 << 20];
/// Bytes at a time of what is decoded once more because a piece has failed.
const AGAIN: usize = 64 << 10;

/// Drives a decoder, and the pool that works ahead of it.
pub(crate) struct Ahead {
    format: Compressor,
    options: DecodeOptions,
    threads: usize,
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
    /// Bytes of the caller's slice, as it was seen last.
    room: usize,
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
    span: Span,
    /// As it was found, until the pool has it or its data lies there.
    found: Option<CodedPiece>,
    /// Where its data lies in the caller's slice, counted from what is to be filled next.
    lying: Option<Range<usize>>,
}

/// What is to be known of a piece that somebody decodes.
#[derive(Clone, Copy)]
struct Span {
    /// In bits from the beginning of the source.
    begin: u64,
    end: u64,
    context: u64,
    note: u64,
    memory: u64,
}

impl Span {
    /// Where it lies in what begins at this offset, if that is not in front of it.
    fn within(&self, at: u64) -> Option<Range<usize>> {
        let from_there = |bit: u64| usize::try_from((bit / 8).checked_sub(at)?).ok();
        Some(from_there(self.begin)?..from_there(self.end)?)
    }
}

/// Bytes in the parts in which the pool hands a piece over. With room for a byte more, a decoder that has filled a part with
/// all of a piece says so at once.
fn part(found: &CodedPiece) -> usize {
    found.plain.clamp(PARTS[0], PARTS[1]) + 1
}

/// What can be done where the decoder stands.
enum Next {
    /// A piece begins there, and the pool has it.
    Piece,
    /// So many pieces begin there, one behind the other, that all go straight into the caller's slice.
    Straight(usize),
    /// A piece begins there whose data lies in the caller's slice.
    Lying,
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
            threads,
            pool: Pool::new(threads, Arc::new(|| Ok(Box::new(Worker)))),
            scan: None,
            scanned: 0,
            reach: REACH[0],
            joins,
            pieces: VecDeque::new(),
            taken: 0,
            room: 0,
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
        let found = self.pieces.back().map_or(at, |piece| piece.span.end.div_ceil(8));
        let end = match self.scan {
            Some(_) if !self.is_lying() && self.has_room() => self.scanned.saturating_add(self.reach as u64),
            _ => found,
        };
        usize::try_from(end.saturating_sub(at)).unwrap_or(usize::MAX)
    }

    /// The offset behind the coded bytes of what is being delivered; they count as used where what has been used
    /// is compared with what has been delivered.
    pub(crate) fn reached(&self, at: u64) -> u64 {
        match (self.begun, self.pieces.front()) {
            (Some(_), Some(piece)) => piece.span.end.div_ceil(8),
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
        self.room = out.len();
        if !self.is_lying() {
            self.look_ahead(at, input, (last, more));
        }
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
                Next::Straight(n) => {
                    let step = self.decode_straight(decoder, at, n, input, out);
                    if step.consumed > 0 {
                        return Ok(step);
                    }
                    // Not even the first one.
                    self.abandon();
                }
                Next::Lying => {
                    if let Some(step) = self.hand_over(decoder, at, out) {
                        return Ok(step);
                    }
                }
                Next::Alone(n) => {
                    // What lies there is not to be written over.
                    let lying = self.pieces.front().and_then(|piece| piece.lying.as_ref());
                    let room = lying.map_or(out.len(), |lying| lying.start.min(out.len()));
                    let step = decoder.step(&input[..n], &mut out[..room], last && n == input.len())?;
                    let moved = step.consumed > 0 || step.produced > 0 || step.status == Status::Done;
                    if moved || n == input.len() && lying.is_none() {
                        self.delivered(step.produced);
                        return Ok(step);
                    }
                    // It wants more than it should: the scan is not right.
                    self.abandon();
                }
            }
        }
    }

    /// Looks for pieces in what has been read ahead, as many as may be under way.
    fn look_ahead(&mut self, at: u64, input: &[u8], (last, more): (bool, bool)) {
        while self.has_room()
            && let Some(scan) = &mut self.scan
        {
            let behind = usize::try_from(self.scanned.saturating_sub(at)).unwrap_or(usize::MAX);
            let Some(coded) = input.get(behind..) else { break };
            let (found, passed) = match scan.next(coded, last) {
                Found::Piece(piece) => {
                    let passed = piece.end / 8;
                    let fits = piece.begin < piece.end && piece.end <= 8 * coded.len() as u64;
                    (fits && self.enqueue(piece), passed)
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
        self.submit(at, input, more);
    }

    fn has_room(&self) -> bool {
        let more = self.pieces.len() < self.pool.capacity() || !self.straight().full;
        more && self.pieces.back().is_none_or(|last| self.fits(last))
    }

    /// May this one be under way beside those before it?
    fn fits(&self, piece: &Piece) -> bool {
        piece.found.is_none() || self.options.memory.is_none_or(|memory| self.taken <= memory)
    }

    /// Takes note of a piece; `false` if it cannot be decoded with the memory allowed.
    fn enqueue(&mut self, found: CodedPiece) -> bool {
        let coded = match &found.coded {
            Some(coded) => coded.len() as u64,
            None => (found.end - found.begin).div_ceil(8),
        };
        let memory = 2 * coded + (worker::IN_MEMORY * part(&found)) as u64 + found.memory;
        if self.options.memory.is_some_and(|allowed| memory > allowed) {
            return false;
        }
        let origin = 8 * self.scanned;
        self.taken += memory;
        self.pieces.push_back(Piece {
            span: Span {
                begin: origin + found.begin,
                end: origin + found.end,
                context: found.context,
                note: found.note,
                memory,
            },
            found: Some(found),
            lying: None,
        });
        true
    }

    /// Are there to be more of them, which can be had without waiting if `more`?
    fn gathers(&self, more: bool) -> bool {
        more && self.scan.is_some() && self.has_room() && !self.straight().full
    }

    /// Gives the pool what it may have.
    fn submit(&mut self, at: u64, input: &[u8], more: bool) {
        // A stream of one piece is no work for threads.
        let one = self.pieces.len() < 2 && !self.pool.is_running();
        if one || self.straight().is_worth_it() || self.gathers(more) {
            return;
        }
        let mut memory = 0;
        for piece in &mut self.pieces {
            memory += piece.span.memory;
            if self.options.memory.is_some_and(|allowed| memory > allowed) {
                return;
            }
            let free = self.pool.pending() < self.pool.capacity();
            let within = piece.span.within(at);
            let Some(found) = piece.found.take() else { continue };
            let coded = found.coded.as_deref().or_else(|| input.get(within?));
            let Some(coded) = coded.filter(|_| free) else {
                piece.found = Some(found);
                return;
            };
            let mut bytes = self.spare_coded.pop().unwrap_or_default();
            bytes.clear();
            if room::append(&mut bytes, coded).is_err() {
                // The decoder needs less.
                piece.found = Some(found);
                return;
            }
            let task = Task {
                coded: bytes,
                part: part(&found),
                decoder: found.decoder,
                unsure: found.unsure,
                room: self.spare.split_off(self.spare.len().saturating_sub(1)),
            };
            if let Err(Task { decoder, .. }) = self.pool.submit(task) {
                // There are no threads.
                piece.found = Some(CodedPiece { decoder, ..found });
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
                // What the decoder still has comes before anything that has to be waited for.
                0 if available == 0 => Next::Alone(0),
                0 => {
                    self.scan = None;
                    Next::Alone(available)
                }
                n => Next::Alone(n),
            };
        };
        if piece.span.begin / 8 > at {
            return Next::Alone(within(piece.span.begin / 8));
        }
        let here = begins_at(decoder, at, &piece.span);
        if here && piece.found.is_none() {
            return if piece.lying.is_some() {
                Next::Lying
            } else {
                Next::Piece
            };
        }
        if here && self.gathers(more) {
            return Next::Wait;
        }
        if !here && piece.span.begin / 8 == at {
            // It may have ended there, and have to say so, before another stream begins with this piece.
            return Next::Alone(0);
        }
        let straight = self.straight();
        if here && straight.is_worth_it() {
            return Next::Straight(straight.pieces);
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
                self.taken -= piece.span.memory;
                self.begun = None;
                let used = piece.span.end / 8 - at;
                adopt.done(used, piece.span.note);
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

impl fmt::Debug for Ahead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ahead")
            .field("scanned", &self.scanned)
            .field("pieces", &self.pieces.len())
            .field("pool", &self.pool)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
