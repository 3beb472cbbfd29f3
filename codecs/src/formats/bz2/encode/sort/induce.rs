//! The order of all rotations, from that of the valleys.

use super::shape::{Shape, before};

/// Sorts all rotations if valleys are sorted, and puts the valleys into the order that they have then.
///
/// Among those with the same first byte, what falls is before what rises. A rotation that falls comes behind the one that
/// begins one byte later: gone through from the front, each one met puts the one in front of it into the first free place of its
/// byte. One that rises comes before it, so that those are placed in the same way from the back.
///
/// If valleys are sorted by their first bytes only, then all are by the bytes up to the next valley.
pub(super) fn induce(shape: &Shape, rotations: &mut [u32], valleys: &mut [u32]) {
    let (falling, rising) = rotations.split_at_mut(shape.falling.total());
    let mut peak_ends = [0; 256];
    let mut peaks = Vec::with_capacity(valleys.len());
    let begins = shape.falling.begins();
    let mut heads = begins;
    for first in 0..=255_u8 {
        let bucket = usize::from(first);
        let mut at = begins[bucket];
        while at < heads[bucket] {
            let rotation = falling[at as usize];
            at += 1;
            if before(rotation) < first {
                peaks.push(rotation);
            } else {
                let head = &mut heads[usize::from(before(rotation))];
                falling[*head as usize] = shape.in_front(rotation);
                *head += 1;
            }
        }
        peak_ends[bucket] = peaks.len();
        for &valley in &valleys[shape.valleys.range(bucket)] {
            let head = &mut heads[usize::from(before(valley))];
            falling[*head as usize] = shape.in_front(valley);
            *head += 1;
        }
    }

    let ends = shape.rising.ends();
    let mut tails = ends;
    let mut sorted = valleys.iter_mut().rev();
    for first in (0..=255_u8).rev() {
        let bucket = usize::from(first);
        let mut at = ends[bucket];
        while at > tails[bucket] {
            at -= 1;
            let rotation = rising[at as usize];
            if before(rotation) > first {
                if let Some(valley) = sorted.next() {
                    *valley = rotation;
                }
            } else {
                let tail = &mut tails[usize::from(before(rotation))];
                *tail -= 1;
                rising[*tail as usize] = shape.in_front(rotation);
            }
        }
        while peaks.len() > bucket.checked_sub(1).map_or(0, |lower| peak_ends[lower]) {
            let Some(peak) = peaks.pop() else { break };
            let tail = &mut tails[usize::from(before(peak))];
            *tail -= 1;
            rising[*tail as usize] = shape.in_front(peak);
        }
    }
}
