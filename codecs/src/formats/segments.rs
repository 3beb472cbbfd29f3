//! Finding what of a gzip or zlib stream can be decoded apart: the segments of a member, by the marks between them, and
//! whole members that say how long they are.
//!
//! A mark is an empty stored block: its length, 0, and the complement of that (RFC 1951 section 3.2.4), which ends a
//! byte. The same four bytes can be part of anything else, and what follows a true mark may refer to what is in front of it. So a segment
//! counts only if it decodes with nothing in front, up to exactly where the mark ends.

use flate2::{Decompress, FlushDecompress, Status as Backend};

use super::deflate::{Container, Member, SEGMENT};
use crate::error::{Error, Result};
use crate::format::{Decode, Status, Step};
use crate::pieces::{CodedPiece, Found, Scan};

const MARK: [u8; 4] = [0, 0, 0xff, 0xff];
/// The last block of a stream, empty and stored: it can stand wherever another block can begin.
const LAST: [u8; 5] = [1, 0, 0, 0xff, 0xff];
/// Marks closer to the beginning of a segment are passed over: there would be less to do than to hand over.
const FEWEST: usize = 16 << 10;
/// Bytes among which there must be a mark. A stream without it is not made of segments.
const MOST: usize = 2 << 20;

/// Places looked at in one go.
const STRIDE: usize = 4 << 10;

/// The context of a place at the beginning of a member; that of one inside is 0.
pub(super) const WHOLE: u64 = 1;

/// Bytes of the member that begins here, if that is one of those that can be decoded apart.
pub(super) type Whole = fn(&[u8]) -> Option<usize>;

pub(super) fn scanner<C: Container + Default + Clone + 'static>(whole: Whole) -> Box<dyn Scan> {
    Box::new(Segments {
        container: C::default(),
        whole,
        at: At::Start,
    })
}

struct Segments<C> {
    /// Of no member yet.
    container: C,
    whole: Whole,
    at: At,
}

/// Where the next byte is.
enum At {
    Start,
    /// Behind a member that was a piece.
    End,
    /// In a member. Among so many bytes there is no mark.
    Segment(usize),
}

impl<C: Container + Default + Clone + 'static> Scan for Segments<C> {
    fn next(&mut self, coded: &[u8], last: bool) -> Found {
        match self.at {
            At::Start => match (self.whole)(coded) {
                Some(len) => self.member(coded, len),
                None => self.header(coded, last),
            },
            At::End => {
                self.at = At::Start;
                Found::End(0)
            }
            At::Segment(looked) => self.segment(coded, looked),
        }
    }
}

impl<C: Container + Default + Clone + 'static> Segments<C> {
    fn member(&mut self, coded: &[u8], len: usize) -> Found {
        if coded.len() < len {
            return Found::More;
        }
        let Ok(decoder) = Member::new(self.container.clone()) else {
            return Found::Lost;
        };
        self.at = At::End;
        Found::Piece(CodedPiece {
            context: WHOLE,
            note: WHOLE,
            ..CodedPiece::of_bytes(len, Box::new(decoder), 64 << 10)
        })
    }

    fn header(&mut self, coded: &[u8], last: bool) -> Found {
        let mut container = self.container.clone();
        for (i, byte) in coded.iter().enumerate() {
            match container.header(*byte) {
                Ok(None) => {}
                Ok(Some(())) => {
                    self.at = At::Segment(0);
                    return Found::Pass(i + 1);
                }
                Err(_) => return Found::Lost,
            }
        }
        if last || coded.len() > MOST {
            Found::Lost
        } else {
            Found::More
        }
    }

    fn segment(&mut self, coded: &[u8], looked: usize) -> Found {
        let Some(end) = mark(coded, looked.max(FEWEST)) else {
            self.at = At::Segment(coded.len().saturating_sub(MARK.len()));
            return if coded.len() < MOST {
                Found::More
            } else {
                Found::Lost
            };
        };
        self.at = At::Segment(0);
        Found::Piece(CodedPiece::of_bytes(end, Box::new(Segment::new()), SEGMENT))
    }
}

/// Where the first mark ends that begins at `from` or behind it.
fn mark(coded: &[u8], from: usize) -> Option<usize> {
    let last = coded.len().checked_sub(MARK.len())?;
    for start in (from..=last).step_by(STRIDE) {
        let end = (start + STRIDE).min(last + 1);
        let [a, b, c, d] = [0, 1, 2, 3].map(|i| coded[start + i..end + i].iter());
        // Without a branch, so that many places are looked at at once.
        let any = a.zip(b).zip(c.zip(d)).fold(0, |any, ((a, b), (c, d))| {
            any | u8::from(*a == MARK[0])
                & u8::from(*b == MARK[1])
                & u8::from(*c == MARK[2])
                & u8::from(*d == MARK[3])
        });
        if any != 0 {
            let at = (start..end).find(|at| coded[*at..].starts_with(&MARK))?;
            return Some(at + MARK.len());
        }
    }
    None
}

/// Decodes a segment that ends in front of another block.
struct Segment {
    inflate: Decompress,
}

impl Segment {
    fn new() -> Self {
        Segment {
            inflate: Decompress::new(false),
        }
    }

    fn call(&mut self, input: &[u8], out: &mut [u8]) -> Result<(usize, usize, bool)> {
        let before = (self.inflate.total_in(), self.inflate.total_out());
        let status = self
            .inflate
            .decompress(input, out, FlushDecompress::None)
            .map_err(|_| Error::corrupt("no independent segment"))?;
        let moved = |now: u64, before: u64| usize::try_from(now - before).expect("within the slices");
        Ok((
            moved(self.inflate.total_in(), before.0),
            moved(self.inflate.total_out(), before.1),
            status == Backend::StreamEnd,
        ))
    }
}

impl Decode for Segment {
    fn step(&mut self, input: &[u8], out: &mut [u8], eof: bool) -> Result<Step> {
        let (consumed, produced, ended) = self.call(input, out)?;
        if ended {
            return Err(Error::corrupt("the member ends within the segment"));
        }
        let mut status = Status::More;
        if eof && consumed == input.len() && produced < out.len() {
            // Nothing but another block may begin here.
            if self.call(&LAST, &mut [0])? != (LAST.len(), 0, true) {
                return Err(Error::corrupt("the segment does not end between two blocks"));
            }
            status = Status::Done;
        }
        Ok(Step {
            consumed,
            produced,
            status,
        })
    }

    fn reset(&mut self) -> Result<()> {
        self.inflate.reset(false);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_mark_is_found_wherever_it_is() {
        for before in 0..12 {
            for filler in [0, 0xff, 7] {
                let mut bytes = vec![filler; before];
                bytes.extend_from_slice(&MARK);
                bytes.extend_from_slice(&MARK);
                let first = bytes.windows(4).position(|four| four == MARK).unwrap();
                assert_eq!(mark(&bytes, 0), Some(first + 4), "{bytes:x?}");
                assert_eq!(mark(&bytes, first + 1), Some(before + 8), "{bytes:x?}");
                assert_eq!(mark(&bytes[..first + 3], 0), None, "{bytes:x?}");
            }
        }
    }

    /// What a segment decodes to, if it is one.
    fn decode(coded: &[u8]) -> Option<Vec<u8>> {
        let mut out = vec![0; 1000];
        let step = Segment::new().step(coded, &mut out, true).ok()?;
        (step.status == Status::Done && step.consumed == coded.len()).then(|| out[..step.produced].to_vec())
    }

    #[test]
    fn a_mark_in_a_stored_block_ends_no_segment() {
        // A stored block, not the last one: its length, the complement, "ab".
        let block = b"\x00\x02\x00\xfd\xffab";
        assert_eq!(decode(&[&block[..], &[0], &MARK].concat()).unwrap(), b"ab");
        // A mark that is data of the last block. What is put behind it to find out would complete that.
        for last in [0, 1] {
            let data = [&[last, 9, 0, 0xf6, 0xff], &MARK[..]].concat();
            assert_eq!(decode(&data), None);
        }
    }
}
