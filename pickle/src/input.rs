//! The stream of opcodes: bytes, lines, frames, and the raw data behind a `BUILD`.

use std::borrow::Cow;
use std::io::{self, BufRead, Read};

use demijohn_arrays::Available;

use crate::budget::Budget;
use crate::{Apart, Builder, Error, Result, machine};

/// Operands up to this size are gathered in a buffer that is used again; larger ones become the owner of theirs.
const SMALL: usize = 1 << 16;

/// The most that is set aside for an operand before its bytes have arrived.
const STEP: usize = 1 << 19;

/// A reader that counts, keeps to frames, and takes no length's word.
pub(crate) struct Input<R> {
    reader: R,
    position: u64,
    /// Where the current frame ends. `None` outside of frames.
    frame_end: Option<u64>,
    /// How long the input is in all, if that is known.
    length: Option<u64>,
    scratch: Vec<u8>,
}

impl<R: BufRead> Input<R> {
    /// `position` is what the first byte is counted as, `length` where the source ends in the same count.
    pub(crate) fn new(reader: R, position: u64, length: Option<u64>) -> Self {
        Self {
            reader,
            position,
            frame_end: None,
            length,
            scratch: Vec::new(),
        }
    }

    /// Bytes read so far.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// Makes sure that `n` bytes may be read as one: within the frame, or after its end.
    fn claim(&mut self, n: u64) -> Result<()> {
        let Some(end) = self.frame_end else { return Ok(()) };
        if self.position == end {
            self.frame_end = None;
        } else if n > end - self.position {
            return Err(Error::corrupt("pickle exhausted before end of frame"));
        }
        Ok(())
    }

    /// Opens a frame of `n` bytes.
    pub(crate) fn begin_frame(&mut self, n: u64) -> Result<()> {
        self.claim(0)?;
        if self.frame_end.is_some() {
            return Err(Error::corrupt(
                "a frame begins before the end of the current frame",
            ));
        }
        let end = self.position.checked_add(n).filter(|_| i64::try_from(n).is_ok());
        self.frame_end = Some(end.ok_or_else(|| Error::corrupt(format!("impossible frame of {n} bytes")))?);
        Ok(())
    }

    pub(crate) fn byte(&mut self) -> Result<u8> {
        self.claim(1)?;
        let byte = *fill(&mut self.reader)?.first().ok_or_else(cut)?;
        self.reader.consume(1);
        self.position += 1;
        Ok(byte)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        self.claim(N as u64)?;
        let mut out = [0; N];
        if let Some((head, _)) = fill(&mut self.reader)?.split_first_chunk::<N>() {
            out = *head;
            self.reader.consume(N);
        } else {
            let mut filled = 0;
            while filled < N {
                let available = fill(&mut self.reader)?;
                let n = available.len().min(N - filled);
                if n == 0 {
                    return Err(cut());
                }
                out[filled..filled + n].copy_from_slice(&available[..n]);
                self.reader.consume(n);
                filled += n;
            }
        }
        self.position += N as u64;
        Ok(out)
    }

    /// Makes sure that an operand of `n` bytes may stand here.
    fn claim_operand(&mut self, n: u64) -> Result<()> {
        self.claim(n)?;
        if self
            .length
            .is_some_and(|length| n > length.saturating_sub(self.position))
        {
            return Err(Error::truncated(format!(
                "the pickle ends within an operand of {n} bytes"
            )));
        }
        Ok(())
    }

    /// The stream where an operand of `n` bytes begins, which may be read from it.
    pub(crate) fn at_operand<'a>(&'a mut self, n: u64, budget: &'a mut Budget) -> Result<Raw<'a>> {
        self.claim_operand(n)?;
        Ok(Raw {
            reader: &mut self.reader,
            position: &mut self.position,
            length: self.length,
            unread: 0,
            budget,
        })
    }

    /// Exactly `n` bytes.
    pub(crate) fn operand(&mut self, n: u64) -> Result<Cow<'_, [u8]>> {
        self.claim_operand(n)?;
        let too_big = || Error::limit(format!("no memory for an operand of {n} bytes"));
        let n = usize::try_from(n).map_err(|_| too_big())?;
        let mut own = Vec::new();
        let out = if n <= SMALL { &mut self.scratch } else { &mut own };
        out.clear();
        while out.len() < n {
            let available = fill(&mut self.reader)?;
            let part = available.len().min(n - out.len());
            if part == 0 {
                let got = out.len();
                return Err(Error::truncated(format!(
                    "the pickle ends after {got} of an operand's {n} bytes"
                )));
            }
            if out.capacity() - out.len() < part {
                let room = n.min(out.len().saturating_mul(2).max(out.len() + part).max(n.min(STEP)));
                out.try_reserve_exact(room - out.len()).map_err(|_| too_big())?;
            }
            out.extend_from_slice(&available[..part]);
            self.reader.consume(part);
            self.position += part as u64;
        }
        Ok(if n <= SMALL {
            Cow::Borrowed(&self.scratch)
        } else {
            Cow::Owned(own)
        })
    }

    /// A line without its `\n`, of at most `limit` bytes.
    pub(crate) fn line(&mut self, limit: u64) -> Result<&[u8]> {
        self.claim(1)?;
        self.scratch.clear();
        loop {
            let available = fill(&mut self.reader)?;
            if available.is_empty() {
                return Err(cut());
            }
            let in_frame = self.frame_end.map_or(u64::MAX, |end| end - self.position);
            let available = &available[..available
                .len()
                .min(usize::try_from(in_frame).unwrap_or(usize::MAX))];
            if available.is_empty() {
                return Err(Error::corrupt("pickle exhausted before end of frame"));
            }
            let end = available.iter().position(|&b| b == b'\n');
            let part = &available[..end.unwrap_or(available.len())];
            if (self.scratch.len() + part.len()) as u64 > limit {
                return Err(Error::limit(format!("a line of over {limit} bytes")));
            }
            self.scratch.extend_from_slice(part);
            let used = part.len() + usize::from(end.is_some());
            self.reader.consume(used);
            self.position += used as u64;
            if end.is_some() {
                return Ok(&self.scratch);
            }
        }
    }

    /// The stream behind the opcode just read.
    pub(crate) fn raw<'a>(&'a mut self, budget: &'a mut Budget) -> Raw<'a> {
        let unread = self.frame_end.map_or(0, |end| end - self.position);
        if unread == 0 {
            self.frame_end = None;
        }
        Raw {
            reader: &mut self.reader,
            position: &mut self.position,
            length: self.length,
            unread,
            budget,
        }
    }
}

/// The stream right behind a `BUILD` opcode, for data that is not pickled; or at a long byte string, for who reads that
/// himself.
///
/// Behind `BUILD`, reading is allowed only where a frame ends or outside of frames: that is where writers put such data,
/// and where Python's unpickler would look for it.
pub struct Raw<'a> {
    reader: &'a mut dyn BufRead,
    position: &'a mut u64,
    length: Option<u64>,
    /// Bytes of the frame that have not been read.
    unread: u64,
    budget: &'a mut Budget,
}

impl Raw<'_> {
    /// Offset of the next byte from the beginning of the pickle.
    #[must_use]
    pub fn position(&self) -> u64 {
        *self.position
    }

    /// How many bytes are known to be left.
    #[must_use]
    pub fn available(&self) -> Available {
        match self.length {
            Some(length) => Available::Bytes(length.saturating_sub(*self.position)),
            None => Available::Unknown,
        }
    }
}

impl Raw<'_> {
    /// Counts bytes as read that were not: that the source itself stands `bytes` further on, or will when it is next
    /// asked, is up to whoever has it.
    ///
    /// # Errors
    /// [`Corrupt`](crate::ErrorKind::Corrupt) within a frame, and beyond what can be counted.
    pub fn skipped(&mut self, bytes: u64) -> Result<()> {
        self.check_frame()?;
        let position = self.position.checked_add(bytes);
        *self.position = position.ok_or_else(|| Error::corrupt("data of impossible size"))?;
        Ok(())
    }

    /// Takes bytes that are about to be read off the budget for [text](crate::Limits::text). Data of arrays does not count.
    ///
    /// # Errors
    /// [`Limit`](crate::ErrorKind::Limit) beyond it.
    pub fn spend(&mut self, bytes: u64) -> Result<()> {
        self.budget.spend(bytes)
    }

    /// Runs a pickle that stands here in the stream: one with its own memo, up to and including its own `STOP`, and on
    /// what is left of the same limits.
    ///
    /// # Errors
    /// As for [`machine::run`](crate::machine::run).
    pub fn nested<B: Builder>(&mut self, builder: &mut B) -> Result<B::Node> {
        self.check_frame()?;
        let input = Input::new(&mut *self.reader, *self.position, self.length);
        let (node, end) = machine::execute(input, self.budget, builder)?;
        *self.position = end;
        Ok(node)
    }

    /// Runs a pickle that stands elsewhere, on what is left of the same limits.
    pub(crate) fn nested_in<B: Builder>(&mut self, apart: Apart, builder: &mut B) -> Result<B::Node> {
        let input = Input::new(apart.source, apart.position, apart.length);
        machine::execute(input, self.budget, builder).map(|(node, _)| node)
    }

    fn check_frame(&self) -> Result<()> {
        if self.unread == 0 {
            return Ok(());
        }
        let message = format!("{} unread bytes of a frame stand before raw data", self.unread);
        Err(Error::corrupt(message))
    }
}

impl Read for Raw<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.check_frame()?;
        let n = self.reader.read(out)?;
        *self.position += n as u64;
        Ok(n)
    }
}

impl std::fmt::Debug for Raw<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Raw")
            .field("position", self.position)
            .finish_non_exhaustive()
    }
}

/// `fill_buf` that does not give up on interruptions.
fn fill<R: BufRead>(reader: &mut R) -> Result<&[u8]> {
    loop {
        match reader.fill_buf() {
            // Asked again, as the borrow checker cannot see that this one's result is returned at once.
            Ok(_) => break,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e.into()),
        }
    }
    Ok(reader.fill_buf()?)
}

fn cut() -> Error {
    Error::truncated("the pickle ends without STOP")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorKind, Limits};

    fn budget() -> Budget {
        Budget::new(Limits::none())
    }

    fn input(bytes: &[u8], chunk: usize) -> Input<io::BufReader<&[u8]>> {
        Input::new(io::BufReader::with_capacity(chunk, bytes), 0, None)
    }

    #[test]
    fn reads_the_same_however_the_source_is_cut() {
        for chunk in 1..12 {
            let mut input = input(b"\x01\x02\x03\x04\x05line\n\nabcdefrest", chunk);
            assert_eq!(input.byte().unwrap(), 1);
            assert_eq!(input.array::<4>().unwrap(), [2, 3, 4, 5]);
            assert_eq!(input.line(4).unwrap(), b"line");
            assert_eq!(input.line(4).unwrap(), b"");
            assert_eq!(*input.operand(6).unwrap(), *b"abcdef");
            assert_eq!(input.position(), 17);
            let mut rest = Vec::new();
            input.raw(&mut budget()).read_to_end(&mut rest).unwrap();
            assert_eq!((rest.as_slice(), input.position()), (&b"rest"[..], 21));
            assert_eq!(input.byte().unwrap_err().kind(), ErrorKind::Truncated);
        }
    }

    #[test]
    fn nothing_crosses_the_end_of_a_frame() {
        let framed = |n| {
            let mut input = input(b"abcdef\nghi", 64);
            input.begin_frame(n).unwrap();
            input.byte().unwrap();
            input
        };
        assert_eq!(framed(3).array::<3>().unwrap_err().kind(), ErrorKind::Corrupt);
        assert_eq!(framed(3).operand(3).unwrap_err().kind(), ErrorKind::Corrupt);
        assert_eq!(framed(3).line(100).unwrap_err().kind(), ErrorKind::Corrupt);
        assert_eq!(framed(3).begin_frame(1).unwrap_err().kind(), ErrorKind::Corrupt);
        assert_eq!(
            framed(3).raw(&mut budget()).read(&mut [0]).unwrap_err().kind(),
            io::ErrorKind::InvalidData
        );
        // What ends with the frame is fine, and so is what begins after it.
        assert_eq!(framed(3).array::<2>().unwrap(), *b"bc");
        assert_eq!(framed(7).line(100).unwrap(), b"bcdef");
        assert_eq!(framed(1).array::<2>().unwrap(), *b"bc");
        let mut behind = framed(1);
        behind.raw(&mut budget()).read_exact(&mut [0; 2]).unwrap();
        assert_eq!(behind.byte().unwrap(), b'd', "the frame is over");
        assert!(framed(1).begin_frame(2).is_ok());
        assert_eq!(framed(1).raw(&mut budget()).read(&mut [0]).unwrap(), 1);
        assert_eq!(
            framed(1).begin_frame(1 << 63).unwrap_err().kind(),
            ErrorKind::Corrupt
        );
    }

    #[test]
    fn large_operands_are_owned_and_lying_ones_cost_little() {
        let bytes = vec![7; 3 * STEP + 5];
        let mut long = input(&bytes, 4096);
        let operand = long.operand(bytes.len() as u64).unwrap();
        assert!(matches!(&operand, Cow::Owned(v) if *v == bytes && v.capacity() == v.len()));
        let mut short = input(&bytes[..10], 4096);
        assert_eq!(short.operand(1 << 62).unwrap_err().kind(), ErrorKind::Truncated);
        let mut known = Input::new(&bytes[..10], 0, Some(10));
        let error = known.operand(11).unwrap_err();
        assert_eq!(
            (error.kind(), known.position()),
            (ErrorKind::Truncated, 0),
            "refused before reading"
        );
    }

    #[test]
    fn lines_have_a_limit() {
        let mut input = input(b"12345678\n", 3);
        assert_eq!(input.line(7).unwrap_err().kind(), ErrorKind::Limit);
    }
}
