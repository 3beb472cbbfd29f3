//! A source that can be looked into ahead: a few bytes, or as many as several threads have work for.

use std::io;

use crate::error::Result;
use crate::room;
use crate::seek::Coded;
use crate::source::Source;

/// A [`Source`] that can be looked into a few bytes ahead, however short its own reads are.
#[derive(Debug)]
pub(crate) struct Input<S> {
    source: S,
    /// Bytes already taken from the source to look at them, not yet consumed here.
    ahead: Vec<u8>,
    ahead_at: usize,
    consumed: u64,
    /// The source has said that it is at its end. It is believed: a terminal or a file that grows may have more now, but
    /// not of this stream.
    ended: bool,
    /// What went wrong when the source was read ahead, until somebody needs the bytes.
    failed: Option<io::Error>,
    /// The last read ahead brought as much as a source brings that has more.
    flows: bool,
    /// The source has been looked into elsewhere, and must go back first.
    away: bool,
}

/// A source that cannot seek is read ahead as long as it brings so many bytes at a time. One that brings fewer may be
/// waiting for an answer to them.
const FLOW: usize = 32 << 10;

impl<S: Source> Input<S> {
    pub(crate) fn new(source: S) -> Self {
        Input {
            source,
            ahead: Vec::new(),
            ahead_at: 0,
            consumed: 0,
            ended: false,
            failed: None,
            flows: false,
            away: false,
        }
    }

    /// Bytes consumed since the base of the source.
    pub(crate) fn consumed(&self) -> u64 {
        self.consumed
    }

    pub(crate) fn source(&self) -> &S {
        &self.source
    }

    pub(crate) fn into_source(self) -> S {
        self.source
    }

    /// Some bytes; none only at the end of the source.
    pub(crate) fn fill(&mut self) -> io::Result<&[u8]> {
        self.come_back()?;
        if self.ahead_at < self.ahead.len() {
            return Ok(&self.ahead[self.ahead_at..]);
        }
        self.raise()?;
        more(&mut self.source, &mut self.ended)
    }

    /// The error that was met when reading ahead, now that all before it is used.
    fn raise(&mut self) -> io::Result<()> {
        self.failed.take().map_or(Ok(()), Err)
    }

    /// The bytes that have been read ahead.
    pub(crate) fn lying(&self) -> &[u8] {
        &self.ahead[self.ahead_at..]
    }

    /// Does nothing follow the [`lying`](Self::lying) bytes?
    pub(crate) fn ends(&self) -> bool {
        self.ended
    }

    /// Reads ahead, so that `want` bytes lie here if there are as many, unless the source would have to be waited
    /// for. Says whether still more could be read. What goes wrong is kept for who needs the bytes.
    pub(crate) fn read_ahead(&mut self, want: usize) -> bool {
        let seekable = self.source.seekable();
        if self.away && self.failed.is_none() {
            self.failed = self.come_back().err();
        }
        while !self.ended && self.failed.is_none() && (seekable || self.flows) {
            if self.lying().len() >= want {
                return true;
            }
            self.failed = self.read_on().err();
        }
        false
    }

    /// Reads one portion ahead, however long that takes.
    pub(crate) fn read_on(&mut self) -> io::Result<()> {
        self.come_back()?;
        self.raise()?;
        if self.ahead_at > self.ahead.len() / 2 {
            self.ahead.drain(..self.ahead_at);
            self.ahead_at = 0;
        }
        let more = more(&mut self.source, &mut self.ended)?;
        let n = more.len();
        room::append(&mut self.ahead, more)?;
        self.source.consume(n);
        self.flows = n >= FLOW;
        Ok(())
    }

    /// Marks bytes of the last [`fill`](Self::fill) or [`peek`](Self::peek) as used.
    pub(crate) fn consume(&mut self, n: usize) {
        self.consumed += n as u64;
        if self.ahead_at < self.ahead.len() {
            self.ahead_at += n;
            if self.ahead_at >= self.ahead.len() {
                self.ahead.clear();
                self.ahead_at = 0;
            }
        } else {
            self.source.consume(n);
        }
    }

    /// At least `want` bytes, or all there are to the end.
    pub(crate) fn peek(&mut self, want: usize) -> io::Result<&[u8]> {
        self.come_back()?;
        if self.lying().len() < want {
            self.raise()?;
        }
        if self.ahead_at == self.ahead.len() && more(&mut self.source, &mut self.ended)?.len() >= want {
            // What is buffered is returned again.
            return self.source.fill_buf();
        }
        while self.ahead.len() - self.ahead_at < want {
            let more = more(&mut self.source, &mut self.ended)?;
            if more.is_empty() {
                break;
            }
            let n = more.len().min(want);
            self.ahead.extend_from_slice(&more[..n]);
            self.source.consume(n);
        }
        Ok(&self.ahead[self.ahead_at..])
    }

    /// Reads past all buffers, for plain bytes.
    pub(crate) fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.come_back()?;
        let n = if self.ahead_at < self.ahead.len() {
            let n = out.len().min(self.ahead.len() - self.ahead_at);
            out[..n].copy_from_slice(&self.ahead[self.ahead_at..][..n]);
            self.consume(n);
            return Ok(n);
        } else {
            self.raise()?;
            again(|| self.source.read(out))?
        };
        self.consumed += n as u64;
        Ok(n)
    }

    /// Goes to an offset from the base.
    pub(crate) fn rewind_to(&mut self, at: u64) -> io::Result<()> {
        self.leave()?;
        again(|| self.source.rewind_to(at))?;
        self.away = false;
        self.consumed = at;
        Ok(())
    }

    /// From here on the source may stand anywhere. A source that has failed is not asked again.
    fn leave(&mut self) -> io::Result<()> {
        if let Some(error) = self.failed.take()
            && error.kind() != io::ErrorKind::WouldBlock
        {
            return Err(error);
        }
        self.away = true;
        self.ahead.clear();
        self.ahead_at = 0;
        self.ended = false;
        Ok(())
    }

    /// Back from where [`read_at`](Coded::read_at) has led.
    fn come_back(&mut self) -> io::Result<()> {
        if self.away {
            again(|| self.source.rewind_to(self.consumed))?;
            self.away = false;
        }
        Ok(())
    }
}

/// Reading anywhere, for looking around: [`consumed`](Input::consumed) stays what it is.
impl<S: Source> Coded for Input<S> {
    fn size(&self) -> u64 {
        self.source.size().unwrap_or_default()
    }

    fn read_at(&mut self, at: u64, out: &mut [u8]) -> Result<usize> {
        self.leave()?;
        let mut filled = 0;
        while filled < out.len() {
            let rest = &mut out[filled..];
            match again(|| self.source.peek_at(at + filled as u64, rest))? {
                0 => break,
                n => filled += n,
            }
        }
        Ok(filled)
    }
}

/// Does something that signals may interrupt, until they do not.
pub(crate) fn again<T>(mut act: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match act() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// What a source that may have ended has.
fn more<'a, S: Source>(source: &'a mut S, ended: &mut bool) -> io::Result<&'a [u8]> {
    if *ended {
        return Ok(&[]);
    }
    let bytes = fill(source)?;
    *ended = bytes.is_empty();
    Ok(bytes)
}

/// [`BufRead::fill_buf`](io::BufRead::fill_buf), tried again when a signal interrupts it.
fn fill<S: Source>(source: &mut S) -> io::Result<&[u8]> {
    loop {
        match source.fill_buf() {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
            Ok([]) => return Ok(&[]),
            // The buffer is asked for again, because the borrow checker cannot see that it is returned.
            Ok(_) => return source.fill_buf(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Pipe, Seekable};
    use std::io::Read;

    /// Delivers one byte per read, every second read interrupted.
    struct Drip(&'static [u8], bool);
    impl Read for Drip {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let n = out.len().min(1);
            self.0.read(&mut out[..n])
        }
    }

    #[test]
    fn looking_elsewhere_does_not_move_what_is_read() {
        let source = Seekable::new(io::Cursor::new(b"abcdefghij")).unwrap();
        let mut input = Input::new(source);
        assert_eq!(input.fill().unwrap()[0], b'a');
        input.consume(2);
        let mut two = [0; 2];
        for (at, want) in [(8, &b"ij"[..]), (9, b"j"), (0, b"ab"), (3, b"de"), (10, b"")] {
            let n = input.read_at(at, &mut two).unwrap();
            assert_eq!(&two[..n], want, "at {at}");
        }
        assert_eq!((input.consumed(), input.peek(3).unwrap()), (2, &b"cdefghij"[..]));
    }

    #[test]
    fn peeks_across_short_reads_and_gives_the_bytes_back() {
        let mut input = Input::new(Pipe::new(Drip(b"abcdef", false)));
        assert_eq!(input.peek(4).unwrap(), b"abcd");
        assert_eq!(input.consumed(), 0);
        input.consume(1);
        assert_eq!(input.peek(3).unwrap(), b"bcd");
        assert_eq!(input.peek(99).unwrap(), b"bcdef");
        input.consume(5);
        assert_eq!(input.fill().unwrap(), b"");
        assert_eq!(input.consumed(), 6);
    }
}
