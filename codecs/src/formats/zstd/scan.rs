//! Finding frames, which can all be decoded apart, by the lengths of their blocks.

use super::super::skippable;
use super::MAGIC;
use super::coder::{Decoder, Whole, window_log};
use crate::format::{Decode, DecodeOptions};
use crate::pieces::{CodedPiece, Found, Scan};

/// Coded bytes of a frame that does not say how much data it holds: longer ones are not waited for, since
/// most files are one long frame.
const MOST_UNKNOWN: usize = 6 << 20;
/// Plain bytes of one that does.
const MOST_KNOWN: u64 = 64 << 20;

pub(super) fn scanner(options: &DecodeOptions) -> Box<dyn Scan> {
    Box::new(Frames {
        options: options.clone(),
        behind: false,
    })
}

struct Frames {
    options: DecodeOptions,
    /// A frame has just ended.
    behind: bool,
}

impl Scan for Frames {
    fn next(&mut self, coded: &[u8], last: bool) -> Found {
        if std::mem::take(&mut self.behind) {
            return Found::End(0);
        }
        if let Some(found) = skippable::pass(coded) {
            return found;
        }
        let Some(header) = Header::parse(coded) else {
            return if last || coded.len() >= Header::MOST {
                Found::Lost
            } else {
                Found::More
            };
        };
        if header.content.is_some_and(|content| content > MOST_KNOWN) {
            return Found::Lost;
        }
        let Some(len) = header.frame(coded) else {
            let waits = header.content.is_some() || coded.len() < MOST_UNKNOWN;
            return if waits { Found::More } else { Found::Lost };
        };
        let Ok(decoder) = Decoder::new(&self.options) else {
            return Found::Lost;
        };
        self.behind = true;
        let content = header.content.and_then(|content| usize::try_from(content).ok());
        let plain = content.unwrap_or(PART);
        // A window that the stream's decoder refuses is for it to refuse.
        let allowed = header.window <= 1 << window_log(&self.options);
        let decoder: Box<dyn Decode> = match content {
            Some(content) if allowed => Box::new(Whole { decoder, content }),
            _ => Box::new(decoder),
        };
        Found::Piece(CodedPiece {
            bounded: header.content.is_some(),
            memory: header.window,
            ..CodedPiece::of_bytes(len, decoder, plain)
        })
    }
}

/// Plain bytes handed over at a time where it is not known how many there are.
const PART: usize = 1 << 20;

/// What the header of a frame says (RFC 8878 section 3.1.1.1).
struct Header {
    len: usize,
    has_checksum: bool,
    window: u64,
    content: Option<u64>,
}

impl Header {
    /// Bytes of the longest.
    const MOST: usize = 18;

    /// `None` if it is none, or not all there.
    fn parse(coded: &[u8]) -> Option<Self> {
        let (descriptor, fields) = coded.strip_prefix(&MAGIC)?.split_first()?;
        let single = descriptor & 0x20 != 0;
        let (window, fields) = fields.split_at_checked(usize::from(!single))?;
        let (_, fields) = fields.split_at_checked([0, 1, 2, 4][usize::from(descriptor & 3)])?;
        let size = match descriptor >> 6 {
            0 => usize::from(single),
            code => 1 << code,
        };
        let content = fields.get(..size)?;
        let content = (size > 0).then(|| {
            let value = content.iter().rev().fold(0, |n, &byte| n << 8 | u64::from(byte));
            // Two bytes count from 256.
            if size == 2 { value + 256 } else { value }
        });
        let window = match window {
            [window] => (8 + u64::from(window & 7)) << (7 + (window >> 3)),
            _ => content.unwrap_or(0),
        };
        Some(Header {
            len: coded.len() - fields.len() + size,
            has_checksum: descriptor & 4 != 0,
            window,
            content,
        })
    }

    /// Bytes of the frame that begins here, if it is all there (section 3.1.1.2).
    fn frame(&self, coded: &[u8]) -> Option<usize> {
        let mut at = self.len;
        loop {
            let [a, b, c] = *coded.get(at..)?.first_chunk::<3>()?;
            let header = u32::from_le_bytes([a, b, c, 0]);
            // A block of one byte, repeated, has no more of them.
            let len = if header >> 1 & 3 == 1 { 1 } else { header >> 3 };
            at += 3 + usize::try_from(len).ok()?;
            if header & 1 == 1 {
                let whole = at + if self.has_checksum { 4 } else { 0 };
                return (whole <= coded.len()).then_some(whole);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_as_long_as_their_blocks() {
        let zstd = crate::Compressor::by_name("zstd").unwrap();
        for len in [0, 1, 255, 256, 300, 70_000, 1_000_000] {
            let coded = zstd.compress(&vec![7; len]).unwrap();
            let behind = [&coded[..], b"behind"].concat();
            let header = Header::parse(&behind).unwrap();
            assert_eq!(header.content, Some(len as u64));
            assert_eq!(header.frame(&behind), Some(coded.len()));
            assert_eq!(header.frame(&coded[..coded.len() - 1]), None);
        }
    }
}
