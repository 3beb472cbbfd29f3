//! Where blocks begin, by the lengths in front of them.

use std::sync::Arc;

use super::super::headers::{Headers, Next, Walk};
use super::super::runs;
use super::decoder::{Decoder, HEADER, point};
use super::scan::block;
use crate::error::{Error, Result};
use crate::seek::{Coded, Entry, Survey};

pub(super) fn survey() -> Box<dyn Survey> {
    Box::new(Walk::new(Blocks::default()))
}

#[derive(Default)]
struct Blocks {
    /// Those of the archive whose blocks these are; `None` in front of one.
    flags: Option<u32>,
    /// The same for the decoder.
    point: Arc<[u8]>,
}

impl Headers for Blocks {
    fn next(&mut self, coded: &mut dyn Coded, at: u64) -> Result<Next> {
        let Some(flags) = self.flags else {
            return self.header(coded, at);
        };
        let mut head = [0; 8];
        let n = coded.read_at(at, &mut head)?;
        match block(flags, &head[..n]) {
            runs::Next::Block { len, plain } => Ok(Next::Piece {
                coded: len as u64,
                plain: plain as u64,
            }),
            runs::Next::Other if head[..n].starts_with(&[0; 4]) => {
                self.flags = None;
                Ok(Next::Pass(4))
            }
            runs::Next::Other => Err(Error::corrupt("no block of an archive begins there")),
            runs::Next::More => Err(Error::truncated("the header of a block is cut")),
        }
    }

    fn may_end(&self) -> bool {
        self.flags.is_none()
    }

    fn entry(&self) -> Entry {
        Entry::inside(&self.point, 0)
    }
}

impl Blocks {
    fn header(&mut self, coded: &mut dyn Coded, at: u64) -> Result<Next> {
        let mut head = vec![0; HEADER];
        let n = coded.read_at(at, &mut head)?;
        match Decoder::header_of(&head[..n], None)? {
            Some((flags, len)) => {
                self.flags = Some(flags);
                self.point = point(flags);
                Ok(Next::Pass(len as u64))
            }
            None if n < HEADER => Err(Error::truncated("the header of an archive is cut")),
            None => Err(Error::unsupported(
                "the header of an archive is too long to look through",
            )),
        }
    }
}
