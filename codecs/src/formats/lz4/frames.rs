//! Where frames begin, by their headers and the lengths of their blocks, as far as frames say how much they hold.

use super::super::skippable;
use super::coder::STORED;
use super::decoder::{Frame, HEADER, word};
use crate::error::{Error, Result};
use crate::format::{Head, Probe};
use crate::seek::{Coded, Entry, Extent, Point, Survey, bytes_at};

/// Goes from frame to frame. Headers have a checksum, so what they say is believed.
#[derive(Default)]
pub(super) struct Frames {
    at: u64,
    plain: u64,
}

impl Survey for Frames {
    fn extend(&mut self, coded: &mut dyn Coded, target: u64, found: &mut Vec<Point>) -> Result<Extent> {
        while self.plain <= target {
            let mut head = [0; HEADER];
            let n = coded.read_at(self.at, &mut head)?;
            if n == 0 && self.at > 0 {
                return Ok(Extent::End(self.plain));
            }
            let head = &head[..n];
            if let Probe::Skip(len) = skippable::probe(&Head::of(head)) {
                self.step_to(self.at + len, coded)?;
                continue;
            }
            let Some((frame, len)) = Frame::parse(head, None)? else {
                return Err(Error::truncated("the header of a frame is cut"));
            };
            if self.plain > 0 {
                found.push(Point {
                    coded: self.at,
                    plain: self.plain,
                    entry: Entry::Stream,
                });
            }
            let Some(size) = frame.size else {
                return Ok(Extent::Unknown);
            };
            let Some(behind) = self.plain.checked_add(size) else {
                return Err(Error::corrupt("frames cannot hold so much"));
            };
            if behind > target {
                // There is no need to know where it ends.
                return Ok(Extent::Partial);
            }
            let end = behind_blocks(frame, coded, self.at + len as u64)?;
            self.step_to(end, coded)?;
            self.plain = behind;
        }
        Ok(Extent::Partial)
    }
}

impl Frames {
    fn step_to(&mut self, at: u64, coded: &dyn Coded) -> Result<()> {
        self.at = at;
        if at > coded.size() {
            return Err(Error::truncated("a frame is cut"));
        }
        Ok(())
    }
}

/// Where the frame ends whose blocks begin at `at`.
fn behind_blocks(frame: Frame, coded: &mut dyn Coded, mut at: u64) -> Result<u64> {
    let checksum = |there: bool| if there { 4 } else { 0 };
    loop {
        let Some(header) = bytes_at::<4>(coded, at)? else {
            return Err(Error::truncated("a frame is cut"));
        };
        at += 4;
        let header = word(&header);
        if header == 0 {
            return Ok(at + checksum(frame.content_checksum));
        }
        let len = u64::from(header & !STORED);
        if len > frame.block_most as u64 {
            return Err(Error::corrupt("a block is larger than its frame allows"));
        }
        at += len + checksum(frame.block_checksums);
    }
}
