//! All that a reader knows of where its stream can be entered.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use super::{Coded, Entry, Extent, Marking, Point, SeekIndex, Survey};
use crate::error::{Error, ErrorKind, Result};

/// Bytes that points may take, if the limits allow as much. A point takes fewer than 100 bytes, with a window 32 KiB more.
const BUDGET: usize = 16 << 20;
/// Plain bytes between points, to begin with; those with a window have their own.
const SPACING: u64 = 16 << 10;
/// A state of so many bytes is a window.
const LARGE: usize = 1 << 10;
/// Bytes that a point takes beside its state: itself and its share of the tree.
const POINT: usize = size_of::<Point>() + 32;

/// Points in the order of the stream, both ways: of two, the one with the larger plain offset has the larger coded one.
pub(crate) struct Places {
    points: BTreeMap<u64, Point>,
    survey: Option<Box<dyn Survey>>,
    /// Nothing in front of this plain offset is left to survey.
    surveyed: u64,
    end: Option<u64>,
    bytes: usize,
    budget: usize,
    /// How often the points have been made fewer.
    thinned: u32,
    /// Plain bytes between points with windows, to begin with, if such are wanted.
    windows: Option<u64>,
    /// Points that somebody else has named and decoding has not come to.
    unproven: BTreeSet<u64>,
}

impl Places {
    pub(crate) fn new(survey: Option<Box<dyn Survey>>, memory: Option<u64>) -> Self {
        let allowed = memory.and_then(|memory| usize::try_from(memory).ok());
        Places {
            points: BTreeMap::new(),
            survey,
            surveyed: 0,
            end: None,
            bytes: 0,
            budget: allowed.unwrap_or(usize::MAX).min(BUDGET),
            thinned: 0,
            windows: None,
            unproven: BTreeSet::new(),
        }
    }

    /// From now on points with windows are wanted too, at least so far apart; says whether that is news.
    pub(crate) fn want_windows(&mut self, spacing: u64) -> bool {
        self.windows.replace(spacing).is_none()
    }

    /// Points may take as much as that, which is a budget of the user's.
    pub(crate) fn allow(&mut self, bytes: Option<u64>) {
        let bytes = bytes.and_then(|bytes| usize::try_from(bytes).ok());
        self.budget = bytes.unwrap_or(usize::MAX);
    }

    /// Takes the points of an index, none of which is believed.
    pub(crate) fn load(&mut self, index: SeekIndex) {
        let end = index.plain.unwrap_or(u64::MAX);
        // Of those for the same byte the last one counts; at the end is nothing to read.
        for point in index.points {
            if (1..end).contains(&point.plain) {
                self.bytes += weight(&point, None);
                self.unproven.insert(point.plain);
                self.points.insert(point.plain, point);
            }
        }
        self.budget = self.budget.max(self.bytes);
    }

    /// Has decoding come to this point?
    pub(crate) fn is_proven(&self, point: &Point) -> bool {
        !self.unproven.contains(&point.plain)
    }

    /// The points with and without windows that an index has.
    pub(crate) fn inside(&self) -> impl Iterator<Item = &Point> + '_ {
        let inside = |point: &&Point| matches!(point.entry, Entry::Inside { .. }) && self.is_proven(point);
        self.points.values().filter(inside)
    }

    /// Which places decoders are to name.
    pub(crate) fn marking(&self) -> Marking {
        Marking {
            plain: Some(self.wide(SPACING)),
            window: self.windows.map(|spacing| self.wide(spacing)),
        }
    }

    fn wide(&self, spacing: u64) -> u64 {
        spacing.saturating_mul(1 << self.thinned.min(32))
    }

    /// How far a point must be from the one before it.
    fn spacing(&self, point: &Point) -> u64 {
        match (&point.entry, self.windows) {
            // Where the first stream begins behind its header: not a place to seek to, but one that indexes have.
            (Entry::Inside { .. }, Some(_)) if point.plain == 0 => 0,
            (Entry::Inside { state, .. }, Some(spacing)) if state.len() >= LARGE => self.wide(spacing),
            _ => self.wide(SPACING),
        }
    }

    /// Where the plain stream ends, if that is written in it.
    pub(crate) fn end(&self) -> Option<u64> {
        self.end
    }

    /// The last point in front of a plain offset.
    pub(crate) fn nearest(&self, target: u64) -> Option<&Point> {
        let behind = (Bound::Excluded(0), Bound::Included(target.max(1)));
        let nearest = self.points.range(behind).next_back();
        nearest
            .map(|(_, point)| point)
            .filter(|point| point.plain <= target)
    }

    /// Takes a point that decoding has passed. Says whether there are now fewer, so that [`marking`](Self::marking) has
    /// changed.
    ///
    /// # Errors
    /// `Corrupt` if it cannot be with the others: then what was written about places is wrong.
    pub(crate) fn add(&mut self, point: Point) -> Result<bool> {
        let before = self
            .points
            .range(..=point.plain)
            .next_back()
            .map(|(_, before)| before);
        let after = self
            .points
            .range((Bound::Excluded(point.plain), Bound::Unbounded))
            .next()
            .map(|(_, after)| after);
        let fits = before.is_none_or(|b| b.plain == point.plain || b.coded < point.coded)
            && after.is_none_or(|a| a.coded > point.coded);
        if !fits {
            return Err(Error::corrupt(format!(
                "plain byte {} is at {}, which is not where the file's own table, or the index, has it",
                point.plain, point.coded
            )));
        }
        if let Some(known) = before.filter(|known| agrees(known, &point)) {
            self.unproven.remove(&known.plain);
        }
        let known = before.is_some_and(|before| before.plain == point.plain);
        if !known && point.plain - before.map_or(0, |before| before.plain) >= self.spacing(&point) {
            self.bytes += weight(&point, before);
            self.points.insert(point.plain, point);
        }
        Ok(self.thin())
    }

    /// Keeps every other point while they take more than they may.
    fn thin(&mut self) -> bool {
        let before = self.thinned;
        while self.bytes > self.budget && self.points.len() > 1 {
            let mut keep = false;
            self.points.retain(|_, _| {
                keep = !keep;
                keep
            });
            let mut previous = None;
            self.bytes = 0;
            for point in self.points.values() {
                self.bytes += weight(point, previous);
                previous = Some(point);
            }
            self.thinned += 1;
        }
        self.thinned != before
    }

    /// Learns what is written about the stream up to a plain offset.
    ///
    /// # Errors
    /// What reading reports.
    pub(crate) fn survey(&mut self, coded: &mut dyn Coded, target: u64) -> Result<()> {
        if target < self.surveyed {
            return Ok(());
        }
        let Some(mut survey) = self.survey.take() else {
            return Ok(());
        };
        let mut found = Vec::new();
        let extent = survey.extend(coded, target, &mut found);
        let mut fit = true;
        for point in found {
            self.surveyed = point.plain;
            fit &= self.add(point).is_ok();
        }
        match extent {
            // A source that would block may do so before every part of a table: decoding gets on with it.
            Err(error) if error.is_transient() => {}
            Err(error) if error.kind() == ErrorKind::Io => return Err(error),
            Ok(Extent::Partial) if fit => self.survey = Some(survey),
            Ok(Extent::End(end)) if fit => self.end = Some(end),
            Ok(Extent::Unknown) if fit => {}
            _ => {
                self.points.clear();
                self.bytes = 0;
            }
        }
        Ok(())
    }
}

/// Does a point say what decoding has found? There may be more in front of its window.
fn agrees(point: &Point, found: &Point) -> bool {
    let entries = match (&point.entry, &found.entry) {
        (
            Entry::Inside { state, at },
            Entry::Inside {
                state: window,
                at: other,
            },
        ) => at == other && state.ends_with(window),
        (entry, found) => entry == found,
    };
    (point.coded, point.plain) == (found.coded, found.plain) && entries
}

/// Bytes that a point takes; neighbours may share their state.
fn weight(point: &Point, before: Option<&Point>) -> usize {
    let state = |point: &Point| match &point.entry {
        Entry::Stream => None,
        Entry::Inside { state, .. } => Some(state.clone()),
    };
    let Some(own) = state(point) else {
        return POINT;
    };
    let shared = before
        .and_then(state)
        .is_some_and(|state| Arc::ptr_eq(&state, &own));
    POINT + if shared { 0 } else { own.len() }
}

impl std::fmt::Debug for Places {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Places")
            .field("points", &self.points.len())
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(coded: u64, plain: u64) -> Point {
        Point {
            coded,
            plain,
            entry: Entry::Stream,
        }
    }

    #[test]
    fn the_nearest_point_is_the_last_one_in_front() {
        let mut places = Places::new(None, None);
        for at in [3, 1, 2, 7] {
            places.add(point(at * 10, at * SPACING)).unwrap();
        }
        let nearest = |target| places.nearest(target).map(|point| point.coded);
        assert_eq!(nearest(SPACING - 1), None);
        assert_eq!(nearest(SPACING), Some(10));
        assert_eq!(nearest(3 * SPACING - 1), Some(20));
        assert_eq!(nearest(u64::MAX), Some(70));
    }

    #[test]
    fn points_that_contradict_one_another_are_an_error() {
        let mut places = Places::new(None, None);
        places.add(point(100, 2 * SPACING)).unwrap();
        for (coded, plain) in [(100, 3 * SPACING), (99, 4 * SPACING), (100, SPACING), (101, 1)] {
            let error = places.add(point(coded, plain)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{coded}, {plain}");
        }
        places.add(point(100, 2 * SPACING)).unwrap();
    }

    #[test]
    fn points_become_fewer_before_they_take_more_than_they_may() {
        let budget = 100 * POINT as u64;
        let mut places = Places::new(None, Some(budget));
        for at in 1..10_000 {
            places.add(point(at, at * SPACING)).unwrap();
            assert!(places.bytes <= places.budget);
        }
        assert!(places.points.len() > 20 && places.marking().plain > Some(SPACING));
    }
}
