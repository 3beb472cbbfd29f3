//! What a thread of the pool does with a piece: it decodes it part by part, and hands the parts over.

use std::collections::VecDeque;

use super::pool::Work;
use crate::error::{Error, Result};
use crate::format::{Decode, Status};
use crate::room;

/// Parts of a piece that are in memory at most: two that wait, and the one being decoded.
pub(super) const IN_MEMORY: usize = 3;

/// A piece for the pool, and buffers for its plain form.
pub(super) struct Task {
    pub(super) coded: Vec<u8>,
    pub(super) decoder: Box<dyn Decode>,
    pub(super) part: usize,
    pub(super) unsure: bool,
    pub(super) room: Vec<Vec<u8>>,
}

/// Plain bytes of a piece: the first `len` of these.
#[derive(Default)]
pub(super) struct Part {
    pub(super) bytes: Vec<u8>,
    pub(super) len: usize,
    /// With the last part the coded bytes come back, so that their buffer can be used again.
    pub(super) coded: Vec<u8>,
}

/// What the threads do.
pub(super) struct Worker;

impl Work<Task, Part> for Worker {
    fn work(&mut self, mut task: Task, give: &mut dyn FnMut(Part) -> bool) -> Result<()> {
        let mut run = Run::default();
        let mut first = VecDeque::new();
        if task.unsure {
            while !run.ended && first.len() < IN_MEMORY {
                first.push_back(run.part(&mut task)?);
            }
            if !run.ended {
                let mut part = first.pop_back().unwrap_or_default();
                task.room.extend(first.drain(..).map(|part| part.bytes));
                while !run.ended {
                    run.fill(&mut *task.decoder, &task.coded, &mut part.bytes)?;
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
pub(super) struct Run {
    at: usize,
    ended: bool,
}

impl Run {
    fn part(&mut self, task: &mut Task) -> Result<Part> {
        let mut bytes = task.room.pop().unwrap_or_default();
        bytes.truncate(task.part);
        room::lengthen(&mut bytes, task.part)?;
        let len = self.fill(&mut *task.decoder, &task.coded, &mut bytes)?;
        Ok(Part {
            bytes,
            len,
            ..Part::default()
        })
    }

    /// Decodes until the buffer is full or the piece has ended, as it must.
    pub(super) fn fill(&mut self, decoder: &mut dyn Decode, coded: &[u8], out: &mut [u8]) -> Result<usize> {
        let mut filled = 0;
        while !self.ended && filled < out.len() {
            let step = decoder.step(&coded[self.at..], &mut out[filled..], true)?;
            self.at += step.consumed;
            filled += step.produced;
            self.ended = step.status == Status::Done;
            let stuck = step.consumed == 0 && step.produced == 0;
            if !self.ended && stuck || self.ended && self.at < coded.len() {
                return Err(Error::corrupt("a piece does not end where it should"));
            }
        }
        Ok(filled)
    }
}
