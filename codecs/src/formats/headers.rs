//! Where pieces begin in formats whose pieces say how large they are in headers that no checksum covers.

use crate::error::{Error, Result};
use crate::seek::{Coded, Entry, Extent, Point, Survey};

/// What stands at a place.
pub(super) enum Next {
    /// A piece: all its coded bytes, and its plain ones.
    Piece { coded: u64, plain: u64 },
    /// So many bytes that stand for nothing.
    Pass(u64),
}

/// Reads the headers of a format.
pub(super) trait Headers: Send {
    /// What stands at `at`, which is where the stream begins or behind what was told of before.
    ///
    /// # Errors
    /// What reading reports, and what says that headers are not to be relied on.
    fn next(&mut self, coded: &mut dyn Coded, at: u64) -> Result<Next>;

    /// May the stream end here?
    fn may_end(&self) -> bool;

    /// How a decoder begins at a piece.
    fn entry(&self) -> Entry;
}

/// Goes from piece to piece as long as they are all of a size.
///
/// Sizes are plain in their headers, so that a flipped bit would move all that follows. But writers fill their pieces: one
/// that is not like the others is damaged or the last, and nothing behind it is told.
pub(super) struct Walk<H> {
    headers: H,
    at: u64,
    plain: u64,
    /// Plain bytes in each piece so far, and how many there are.
    size: u64,
    pieces: u64,
    /// A piece of another size has come.
    odd: bool,
}

impl<H: Headers> Walk<H> {
    pub(super) fn new(headers: H) -> Self {
        Walk {
            headers,
            at: 0,
            plain: 0,
            size: 0,
            pieces: 0,
            odd: false,
        }
    }
}

impl<H: Headers> Survey for Walk<H> {
    fn extend(&mut self, coded: &mut dyn Coded, target: u64, found: &mut Vec<Point>) -> Result<Extent> {
        while self.plain <= target {
            if self.at == coded.size() && self.at > 0 && self.headers.may_end() {
                return Ok(Extent::End(self.plain));
            }
            let (len, plain) = match self.headers.next(coded, self.at)? {
                Next::Piece { .. } if self.odd => return Ok(Extent::Unknown),
                Next::Piece { coded, plain } => {
                    if self.pieces == 0 {
                        self.size = plain;
                    }
                    self.odd = plain != self.size;
                    // Of two that differ the first may be the wrong one.
                    if self.pieces > 1 || self.pieces == 1 && !self.odd {
                        found.push(Point {
                            coded: self.at,
                            plain: self.plain,
                            entry: self.headers.entry(),
                        });
                    }
                    self.pieces += 1;
                    (coded, plain)
                }
                Next::Pass(len) => (len, 0),
            };
            self.at += len;
            self.plain += plain;
            if self.at > coded.size() {
                return Err(Error::truncated("a piece is cut"));
            }
        }
        Ok(Extent::Partial)
    }
}
