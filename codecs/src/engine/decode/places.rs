//! Going to places in the stream from which decoding can go on, and taking note of them.

use super::{DecodeEngine, State};
use crate::engine::input::Input;
use crate::error::{Error, Result};
use crate::seek::{Entry, Marking, Places, Point, SeekIndex};
use crate::source::Source;

/// Seeking so far forward, in plain bytes, is not faster than decoding.
const NEAR: u64 = 128 << 10;
/// Who has read so many plain bytes in a row since the last jump goes on reading.
const IN_A_ROW: u64 = 1 << 20;
/// Bytes at a time of what is decoded to be compared.
const SCRATCH: usize = 64 << 10;

impl DecodeEngine {
    /// Goes as near to a plain offset as one can without decoding. Behind what has been delivered that is always in front of it;
    /// ahead of that, nothing may be known.
    pub(crate) fn approach<S: Source>(&mut self, input: &mut Input<S>, target: u64) -> Result<()> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let back = target < self.produced;
        if input.source().seekable() && (back || self.may_jump(target)) {
            self.look_around(input, target)?;
            match self.places.nearest(target) {
                Some(point) if back || point.plain > self.produced => {
                    let point = point.clone();
                    self.prove(input, &point)?;
                    self.together_from = target.saturating_add(IN_A_ROW);
                    return self.enter(input, &point);
                }
                _ => {}
            }
            // Who goes back once may do so again.
            if back {
                self.want_windows(SeekIndex::SPACING);
            }
        }
        if back { self.rewind(input) } else { Ok(()) }
    }

    fn may_jump(&self, target: u64) -> bool {
        target - self.produced >= NEAR && !self.last_member && self.state != State::End
    }

    /// Where the plain stream ends, if that is written in it.
    pub(crate) fn find_end<S: Source>(&mut self, input: &mut Input<S>) -> Result<Option<u64>> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if !self.last_member && self.state != State::End {
            self.look_around(input, u64::MAX)?;
        }
        let end = self.places.end();
        let size = input.source().size().unwrap_or_default();
        match end {
            Some(end) if end > self.limits.allowance(size) => {
                Err(self.remember(self.limit_error(end), input.consumed()))
            }
            end => Ok(end),
        }
    }

    fn look_around<S: Source>(&mut self, input: &mut Input<S>, target: u64) -> Result<()> {
        if input.source().size().is_none() {
            return Ok(());
        }
        self.places
            .survey(input, target)
            .map_err(|error| self.remember(error, input.consumed()))
    }

    /// From here on the decoder is to name places with windows too.
    pub(crate) fn want_windows(&mut self, spacing: u64) {
        if self.places.want_windows(spacing) && self.marking {
            self.mark(self.places.marking());
        }
    }

    /// Uses an index of the source.
    pub(crate) fn load_index(&mut self, index: SeekIndex, size: Option<u64>) -> Result<()> {
        if !self.compressor.spec().has_seek_index() {
            return Err(Error::parameter(format!(
                "the index is of a gzip or zlib file, and this is {}",
                self.compressor.name()
            )));
        }
        if let (Some(of), Some(size)) = (index.compressed_size(), size)
            && of != size
        {
            return Err(Error::parameter(format!(
                "the index is of a file of {of} bytes, and this has {size}"
            )));
        }
        self.places.load(index);
        Ok(())
    }

    /// Takes note of all places that an index has, from the beginning on, in as much memory as may be used.
    pub(crate) fn make_index(&mut self, spacing: u64) {
        self.places.allow(self.limits.max_memory());
        self.want_windows(spacing);
    }

    /// Has a part been jumped over?
    pub(crate) fn has_leapt(&self) -> bool {
        self.leapt
    }

    /// The places passed.
    pub(crate) fn places(&self) -> &Places {
        &self.places
    }

    /// Makes sure that a point of an index is one, by decoding from the point before it.
    fn prove<S: Source>(&mut self, input: &mut Input<S>, point: &Point) -> Result<()> {
        if self.places.is_proven(point) {
            return Ok(());
        }
        match self.places.nearest(point.plain - 1).cloned() {
            Some(before) => self.enter(input, &before)?,
            None => self.rewind(input)?,
        }
        self.proving = true;
        self.start_marking();
        self.mark(Marking {
            plain: None,
            window: Some(1),
        });
        let mut scratch = vec![0; SCRATCH];
        let mut result = Ok(1);
        while !self.places.is_proven(point) && self.produced <= point.plain {
            result = self.read(input, &mut scratch);
            if !matches!(result, Ok(1..)) {
                break;
            }
        }
        self.proving = false;
        self.mark(self.places.marking());
        result?;
        if self.places.is_proven(point) {
            return Ok(());
        }
        let error = Error::corrupt(format!(
            "the index has a place for plain byte {} that is none: it is damaged, or of another file",
            point.plain
        ));
        Err(self.remember(error, input.consumed()))
    }

    pub(super) fn start_marking(&mut self) {
        if !std::mem::replace(&mut self.marking, true) {
            self.mark(self.places.marking());
        }
    }

    /// Says which of the places that it passes the decoder is to name from here on.
    fn mark(&mut self, marking: Marking) {
        if let Some(marks) = self.decoder.marks() {
            marks.set(marking);
        }
    }

    fn enter<S: Source>(&mut self, input: &mut Input<S>, point: &Point) -> Result<()> {
        self.forget_ahead();
        let there = input.rewind_to(point.coded).map_err(Error::from);
        there.map_err(|error| self.remember(error, input.consumed()))?;
        self.start_marking();
        let ready = match &point.entry {
            Entry::Stream => self.decoder.reset(),
            Entry::Inside { state, at } => self.decoder.resume(state, *at),
        };
        ready.map_err(|error| self.remember(error, point.coded))?;
        self.state = match point.entry {
            Entry::Stream => State::Start { first: false },
            Entry::Inside { .. } => State::Member,
        };
        self.member_at = u64::MAX;
        self.leapt |= point.plain > self.produced;
        self.begin_at(point.coded, point.plain);
        Ok(())
    }

    /// Takes note of the places that the decoder has passed.
    pub(super) fn note(&mut self) -> Result<()> {
        let Some(marks) = self.decoder.marks() else {
            return Ok(());
        };
        marks.hand_over(&mut self.found);
        let (coded, plain) = self.entered;
        let mut fewer = false;
        for mut point in self.found.drain(..) {
            point.coded += coded;
            point.plain += plain;
            fewer |= self.places.add(point)?;
        }
        if fewer {
            self.mark(self.places.marking());
        }
        Ok(())
    }
}
