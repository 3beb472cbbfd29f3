//! Pieces that are decoded straight into the slice of who reads, where copying them there would take about as long.

use std::ops::Range;

use super::super::side_by_side::{self, Job};
use super::{Ahead, Piece, Span, more_after};
use crate::format::{Decode, Step};

/// The smallest slice of the caller's into which pieces are decoded straight, side by side, and how much of one is filled
/// in one go for each thread.
const SLICE: [usize; 2] = [4 << 20, 8 << 20];
/// Less than these bytes are not so decoded, and no more than these pieces are gathered.
const LEAST: usize = 1 << 20;
const MOST_PIECES: usize = 128;

/// Pieces that go straight into the caller's slice.
#[derive(Default)]
pub(super) struct Straight {
    pub(super) pieces: usize,
    /// Bytes of that which they take.
    plain: usize,
    /// There can be no more of them.
    pub(super) full: bool,
}

impl Straight {
    pub(super) fn is_worth_it(&self) -> bool {
        self.pieces > 1 && self.plain >= LEAST
    }
}

impl Ahead {
    /// The pieces that can go straight into the caller's slice, as far as they have been found.
    pub(super) fn straight(&self) -> Straight {
        let most = self.room.min(SLICE[1].saturating_mul(self.threads));
        let mut straight = Straight::default();
        if self.room < SLICE[0] {
            straight.full = true;
        }
        for found in self.pieces.iter().filter_map(|piece| piece.found.as_ref()) {
            let fits = found.bounded && found.plain <= most - straight.plain;
            straight.full |= !fits || straight.pieces == MOST_PIECES;
            if straight.full {
                break;
            }
            straight.pieces += 1;
            straight.plain += found.plain;
        }
        straight
    }

    /// Decodes the first pieces straight into `out`, which has room for them, and takes over those that begin where the
    /// decoder stands. Those of streams that follow stay lying in `out` until it has come there. The first one that
    /// fails ends that.
    pub(super) fn decode_straight(
        &mut self,
        decoder: &mut dyn Decode,
        at: u64,
        count: usize,
        input: &[u8],
        out: &mut [u8],
    ) -> Step {
        let mut pieces: Vec<Piece> = self.pieces.drain(..count).collect();
        let mut jobs = Vec::with_capacity(count);
        let mut rooms = Vec::with_capacity(count);
        let (mut rest, mut begin) = (&mut *out, 0);
        for Piece { span, found, .. } in &mut pieces {
            let Some(found) = found else { break };
            let room = rest.split_at_mut_checked(found.plain);
            let coded = found.coded.as_deref().or_else(|| input.get(span.within(at)?));
            let Some((coded, (out, behind))) = coded.zip(room) else {
                break;
            };
            rooms.push((*span, begin));
            begin += found.plain;
            rest = behind;
            jobs.push(Job {
                decoder: &mut *found.decoder,
                coded,
                out,
            });
        }
        let mut lying = Vec::with_capacity(count);
        let (mut adopted, mut used) = (0, 0);
        side_by_side::run(jobs, self.threads, |plain| {
            let index = lying.len();
            let (Some(plain), (span, begin)) = (plain, rooms[index]) else {
                return false;
            };
            if adopted == index && begins_at(decoder, at + used, &span) {
                if !adopt(decoder, at + used, &span, plain) {
                    return false;
                }
                used = span.end / 8 - at;
                adopted += 1;
            }
            lying.push((span, begin..begin + plain.len()));
            true
        });
        if lying.len() < count {
            // Whatever it is, the decoder will find it.
            self.abandon();
        }
        // Some may have been smaller than their room.
        let mut produced = 0;
        for (_, place) in lying.drain(..adopted) {
            produced += moved_to(out, place, produced);
        }
        for piece in &pieces {
            self.taken = self.taken.saturating_sub(piece.span.memory);
        }
        for (span, place) in lying.into_iter().rev() {
            self.pieces.push_front(Piece {
                span: Span { memory: 0, ..span },
                found: None,
                lying: Some(place.start - produced..place.end - produced),
            });
        }
        more_after(usize::try_from(used).expect("bytes that lie in memory"), produced)
    }

    /// Takes over the first piece, whose data lies in `out`, and moves it to the front of that.
    pub(super) fn hand_over(&mut self, decoder: &mut dyn Decode, at: u64, out: &mut [u8]) -> Option<Step> {
        let piece = self.pieces.pop_front()?;
        let taken = piece
            .lying
            .filter(|place| place.end <= out.len())
            .and_then(|place| {
                let plain = &out[place.clone()];
                adopt(decoder, at, &piece.span, plain).then(|| moved_to(out, place, 0))
            });
        let Some(produced) = taken else {
            // Whatever it is, the decoder will find it.
            self.abandon();
            return None;
        };
        self.delivered(produced);
        let used = piece.span.end / 8 - at;
        Some(more_after(
            usize::try_from(used).expect("bytes that lie in memory"),
            produced,
        ))
    }

    /// So many bytes of the caller's slice have been filled: what lies there is nearer to its front now.
    pub(super) fn delivered(&mut self, produced: usize) {
        for lying in self.pieces.iter_mut().filter_map(|piece| piece.lying.as_mut()) {
            lying.start -= produced;
            lying.end -= produced;
        }
    }

    /// Does data lie in the caller's slice that has not been delivered yet? Then it is to be asked for with the rest of the
    /// same slice.
    pub(crate) fn is_lying(&self) -> bool {
        self.pieces.front().is_some_and(|piece| piece.lying.is_some())
    }

    /// The caller comes with another slice.
    pub(crate) fn slice_ends(&mut self) {
        if self.is_lying() {
            self.abandon();
        }
    }
}

/// Does the decoder stand, at this offset, where the piece begins?
pub(super) fn begins_at(decoder: &mut dyn Decode, at: u64, span: &Span) -> bool {
    let place = decoder.adopt().and_then(|adopt| adopt.place());
    place.is_some_and(|place| span.begin == 8 * at + u64::from(place.bit) && span.context == place.context)
}

/// Has the decoder take over a whole piece; `false` if it does not.
fn adopt(decoder: &mut dyn Decode, at: u64, span: &Span, plain: &[u8]) -> bool {
    let Some(adopt) = decoder.adopt() else {
        return false;
    };
    if adopt.take(plain).is_err() {
        adopt.undo();
        return false;
    }
    adopt.done(span.end / 8 - at, span.note);
    true
}

/// Moves bytes to another place; says how many.
fn moved_to(out: &mut [u8], place: Range<usize>, to: usize) -> usize {
    let len = place.len();
    if place.start != to {
        out.copy_within(place, to);
    }
    len
}
