//! The stream of opcodes: bytes, operands and lines, within frames.

use std::borrow::Cow;

use crate::budget::Budget;
use crate::source::{Source, Window};
use crate::{Error, Raw, Result};

/// Operands up to this size are gathered in a buffer that is used again; larger ones become the owner of theirs.
const SMALL: usize = 1 << 16;

/// The most that is set aside for an operand before its bytes have arrived.
const STEP: usize = 1 << 19;

/// A reader that counts, keeps to frames, and takes no length's word.
pub(crate) struct Input<S> {
    source: S,
    window: Window,
    /// How long the input is in all, if that is known.
    length: Option<u64>,
    scratch: Vec<u8>,
}

impl<S: Source> Input<S> {
    /// `position` is what the first byte is counted as, `length` where the source ends in the same count.
    pub(crate) fn new(source: S, position: u64, length: Option<u64>) -> Self {
        Self {
            source,
            window: Window::new(position),
            length,
            scratch: Vec::new(),
        }
    }

    /// Bytes read so far.
    pub(crate) fn position(&self) -> u64 {
        self.window.position()
    }

    /// Opens a frame of `n` bytes.
    pub(crate) fn begin_frame(&mut self, n: u64) -> Result<()> {
        self.window.begin_frame(n)
    }

    /// Leaves everything that was not read in the source; answers the position.
    pub(crate) fn finish(mut self) -> u64 {
        self.window.leave(&mut self.source);
        self.window.position()
    }

    #[inline]
    pub(crate) fn byte(&mut self) -> Result<u8> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    #[inline]
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        if let Some(array) = self.window.take_array() {
            return Ok(array);
        }
        self.window.claim(N as u64)?;
        let mut out = [0; N];
        self.gather(&mut out)?;
        Ok(out)
    }

    /// Fills `out`, to which no end of a frame comes.
    #[cold]
    fn gather(&mut self, out: &mut [u8]) -> Result<()> {
        let mut filled = 0;
        while filled < out.len() {
            let left = &mut out[filled..];
            if !self.window.refill(&mut self.source, left.len())? {
                return Err(cut());
            }
            let part = self.window.take(left.len());
            left[..part.len()].copy_from_slice(part);
            filled += part.len();
        }
        Ok(())
    }

    /// Makes sure that an operand of `n` bytes may stand here.
    fn claim_operand(&mut self, n: u64) -> Result<()> {
        self.window.claim(n)?;
        let left = self.length.map(|length| length.saturating_sub(self.position()));
        if left.is_some_and(|left| n > left) {
            return Err(Error::truncated(format!(
                "the pickle ends within an operand of {n} bytes"
            )));
        }
        Ok(())
    }

    /// The stream where an operand of `n` bytes begins, which may be read from it.
    pub(crate) fn at_operand<'a>(&'a mut self, n: u64, budget: &'a mut Budget) -> Result<Raw<'a>> {
        self.claim_operand(n)?;
        Ok(Raw::new(
            &mut self.source,
            &mut self.window,
            self.length,
            0,
            budget,
        ))
    }

    /// Exactly `n` bytes.
    #[inline]
    pub(crate) fn operand(&mut self, n: u64) -> Result<Cow<'_, [u8]>> {
        if n <= self.window.available() as u64 {
            // The cast loses nothing, as there are as many.
            #[allow(clippy::cast_possible_truncation)]
            return Ok(Cow::Borrowed(self.window.take(n as usize)));
        }
        self.distant_operand(n)
    }

    /// The same, if not all of them are in the window.
    fn distant_operand(&mut self, n: u64) -> Result<Cow<'_, [u8]>> {
        self.claim_operand(n)?;
        let n = usize::try_from(n).map_err(|_| no_memory(n))?;
        if n > SMALL {
            return self.large(n).map(Cow::Owned);
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.resize(n, 0);
        let gathered = self.gather(&mut scratch);
        self.scratch = scratch;
        gathered.map(|()| Cow::Borrowed(&self.scratch[..]))
    }

    /// An operand that is worth an allocation of its own, in one piece if its bytes are known to be there.
    fn large(&mut self, n: usize) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        let mut room = if self.length.is_some() { n } else { n.min(STEP) };
        loop {
            out.try_reserve_exact(room - out.len())
                .map_err(|_| no_memory(n as u64))?;
            out.extend_from_slice(self.window.take(room - out.len()));
            self.window
                .read_to(&mut self.source, &mut out, room)
                .map_err(Error::from)?;
            if out.len() < room {
                let got = out.len();
                return Err(Error::truncated(format!(
                    "the pickle ends after {got} of an operand's {n} bytes"
                )));
            }
            if out.len() == n {
                return Ok(out);
            }
            room = n.min(room.saturating_mul(2));
        }
    }

    /// A line without its `\n`, of at most `limit` bytes.
    pub(crate) fn line(&mut self, limit: u64) -> Result<&[u8]> {
        let too_long = |n: usize| match n as u64 > limit {
            true => Err(Error::limit(format!("a line of over {limit} bytes"))),
            false => Ok(()),
        };
        if let Some(end) = self.window.find(b'\n') {
            too_long(end)?;
            return Ok(&self.window.take(end + 1)[..end]);
        }
        self.scratch.clear();
        loop {
            self.window.claim(1)?;
            if !self.window.refill(&mut self.source, 1)? {
                return Err(cut());
            }
            let end = self.window.find(b'\n');
            let n = end.unwrap_or(self.window.available());
            too_long(self.scratch.len() + n)?;
            self.scratch.extend_from_slice(self.window.take(n));
            if end.is_some() {
                self.window.take(1);
                return Ok(&self.scratch);
            }
            if self.window.at_end_of_frame() {
                return Err(Error::corrupt("pickle exhausted before end of frame"));
            }
        }
    }

    /// The stream behind the opcode just read.
    pub(crate) fn raw<'a>(&'a mut self, budget: &'a mut Budget) -> Raw<'a> {
        let unread = self.window.close_frame();
        Raw::new(&mut self.source, &mut self.window, self.length, unread, budget)
    }
}

fn cut() -> Error {
    Error::truncated("the pickle ends without STOP")
}

fn no_memory(n: u64) -> Error {
    Error::limit(format!("no memory for an operand of {n} bytes"))
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read};

    use super::*;
    use crate::source::{Buffered, Unbuffered};
    use crate::{ErrorKind, Limits};

    fn budget() -> Budget {
        Budget::new(Limits::none())
    }

    fn input(bytes: &[u8], chunk: usize) -> Input<Buffered<io::BufReader<&[u8]>>> {
        Input::new(Buffered(io::BufReader::with_capacity(chunk, bytes)), 0, None)
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

    /// Notes how much it is asked for.
    struct Asked<'a>(&'a [u8], Vec<usize>);

    impl Read for Asked<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            self.1.push(out.len());
            self.0.read(out)
        }
    }

    #[test]
    fn without_a_buffer_asks_for_what_is_sure_to_come() {
        let mut bytes = b"\x01\x02\x03\x04\x05framed".to_vec();
        bytes.resize(bytes.len() + 2 * SMALL, 7);
        bytes.extend_from_slice(b"l\nrest");
        let mut asked = Asked(&bytes, Vec::new());
        let mut input = Input::new(Unbuffered(&mut asked), 0, None);
        input.byte().unwrap();
        assert_eq!(input.array::<4>().unwrap(), [2, 3, 4, 5]);
        input.begin_frame(6).unwrap();
        assert_eq!(input.byte().unwrap(), b'f');
        assert_eq!(*input.operand(5).unwrap(), *b"ramed");
        assert_eq!(input.operand(2 * SMALL as u64).unwrap().len(), 2 * SMALL);
        assert_eq!(input.line(9).unwrap(), b"l");
        input.raw(&mut budget()).read_exact(&mut [0; 3]).unwrap();
        assert_eq!(input.finish(), bytes.len() as u64 - 1);
        assert_eq!(asked.0, b"t");
        assert_eq!(asked.1, [1, 4, 6, 2 * SMALL, 1, 1, 3]);
    }

    /// Is interrupted before each read that gives something.
    struct Interrupted<'a>(&'a [u8], bool);

    impl Read for Interrupted<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let n = out.len().min(10_000);
            self.0.read(&mut out[..n])
        }
    }

    #[test]
    fn reading_goes_on_after_an_interruption() {
        let bytes: Vec<u8> = (0..=250).cycle().take(3 * SMALL).collect();
        for n in [1, 100, 3 * SMALL] {
            let mut input = Input::new(Unbuffered(Interrupted(&bytes, false)), 0, None);
            assert!(*input.operand(n as u64).unwrap() == bytes[..n], "{n}");
        }
    }

    #[test]
    fn leaves_what_was_not_used_in_the_buffer() {
        let mut reader = io::BufReader::new(&b"abcdef"[..]);
        let mut input = Input::new(Buffered(&mut reader), 0, None);
        input.array::<4>().unwrap();
        input.finish();
        assert_eq!(reader.buffer(), b"ef");
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
        let mut known = Input::new(Buffered(&bytes[..10]), 0, Some(10));
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
