//! What decoders use to name the places that they pass.

use super::{Entry, Marking, Point};

/// The points that a decoder has passed and not yet handed over; offsets count from where it was reset or resumed.
///
/// A decoder has one, answers it to [`Decode::marks`](crate::Decode::marks), and tells it of every step and every place. The
/// beginning of a stream need not be named. Which places are wanted stays across resets; none are until the engine has said so.
#[derive(Debug, Default)]
pub struct Marks {
    marking: Marking,
    coded: u64,
    plain: u64,
    /// Plain offset of the last point.
    last: u64,
    /// Plain bytes of a piece that is being adopted.
    adopting: u64,
    found: Vec<Point>,
}

impl Marks {
    pub(crate) fn set(&mut self, marking: Marking) {
        self.marking = marking;
    }

    /// The decoder stands at the beginning of a stream, or at a point.
    pub fn restart(&mut self) {
        (self.coded, self.plain, self.last, self.adopting) = (0, 0, 0, 0);
        self.found.clear();
    }

    /// Takes note of a place `consumed` and `produced` bytes behind what [`advance`](Self::advance) was told.
    pub fn place(&mut self, consumed: usize, produced: usize, entry: impl FnOnce() -> Entry) {
        self.place_at(self.coded(consumed), produced, entry);
    }

    /// The same for a place whose coded bytes begin elsewhere.
    pub fn place_at(&mut self, coded: u64, produced: usize, entry: impl FnOnce() -> Entry) {
        let plain = self.plain + produced as u64;
        let due = self
            .marking
            .plain
            .is_some_and(|every| plain - self.last >= every.max(1));
        if due {
            self.last = plain;
            let entry = entry();
            self.found.push(Point { coded, plain, entry });
        }
    }

    /// Are places wanted at which the plain bytes before them must be known?
    #[must_use]
    pub fn wants_windows(&self) -> bool {
        self.marking.window.is_some()
    }

    /// The same for a place that needs a window. The beginning is named too.
    pub fn place_with_window(&mut self, coded: u64, produced: usize, entry: impl FnOnce() -> Entry) {
        let plain = self.plain + produced as u64;
        let due = |every: u64| plain == 0 || plain - self.last >= every;
        if self.marking.window.is_some_and(due) {
            self.last = plain;
            let entry = entry();
            self.found.push(Point { coded, plain, entry });
        }
    }

    /// Offset of a place so many bytes behind what [`advance`](Self::advance) was told.
    #[must_use]
    pub fn coded(&self, consumed: usize) -> u64 {
        self.coded + consumed as u64
    }

    /// At the end of a step.
    pub fn advance(&mut self, consumed: usize, produced: usize) {
        self.coded += consumed as u64;
        self.plain += produced as u64;
    }

    /// So many plain bytes of a piece that others have decoded have been taken over.
    pub fn adopt(&mut self, plain: usize) {
        self.adopting += plain as u64;
    }

    /// That was all of it.
    pub fn adopted(&mut self, coded: u64) {
        self.coded += coded;
        self.plain += std::mem::take(&mut self.adopting);
    }

    /// The same, and behind it is a place.
    pub fn adopted_up_to(&mut self, coded: u64, entry: impl FnOnce() -> Entry) {
        self.adopted(coded);
        self.place(0, 0, entry);
    }

    /// It will be decoded after all.
    pub fn undo(&mut self) {
        self.adopting = 0;
    }

    pub(crate) fn hand_over(&mut self, found: &mut Vec<Point>) {
        found.append(&mut self.found);
    }
}
