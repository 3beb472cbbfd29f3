//! Streams whose head is known only at their end.

use std::fs::File;
use std::io::{self, Read, Seek, Write};

use crate::error::{Error, Result};
use crate::format::LateHead;

use super::sink::Sink;

/// Coded bytes kept in memory, at most.
pub(crate) const HELD: usize = 4 << 20;
/// Coded bytes read back from a temporary file at a time.
const STEP: u64 = 128 << 10;

/// What is behind a head that is not known yet, until it is.
pub(super) enum Late {
    /// All of it is here.
    Held(Vec<u8>),
    /// It is in the sink, behind room for the head.
    Reserved {
        /// Where in the sink the stream begins.
        base: u64,
        /// The length of the head.
        len: usize,
        /// Bytes of the room still to be written.
        left: usize,
        /// What was held when it became too much, and how much of it has been written.
        held: Vec<u8>,
        held_at: usize,
    },
    /// It is in a file without a name.
    Spooled {
        file: File,
        /// Its bytes.
        len: u64,
        /// The length of the head.
        head: usize,
    },
    /// The head is being written into the room that was kept for it.
    Patching {
        /// Where in the sink it goes.
        at: u64,
        /// The head, and how much of it has been written.
        bytes: Vec<u8>,
        bytes_at: usize,
        /// Where the stream ends in the sink.
        end: u64,
    },
    /// Head and stream are being written to the sink.
    Closing {
        /// What is to be written next, and how much of it has been.
        bytes: Vec<u8>,
        bytes_at: usize,
        /// What comes behind that.
        rest: Option<File>,
    },
    /// Everything is in its place.
    Done,
}

impl Late {
    /// Coded bytes that are not in the sink yet.
    pub(super) fn waiting(&self) -> u64 {
        match self {
            Late::Held(held) => held.len() as u64,
            Late::Spooled { len, .. } => *len,
            _ => 0,
        }
    }

    /// Would so many more coded bytes be too many to be kept in memory?
    pub(super) fn overflows(&self, more: usize) -> bool {
        matches!(self, Late::Held(held) if held.len() + more > HELD)
    }

    /// Finds the stream a place outside of memory: in the sink, behind room for its head, or in a file.
    pub(super) fn unload<W: Write>(&mut self, sink: &mut Sink<W>, head: &mut dyn LateHead) -> Result<()> {
        if let Late::Held(held) = self {
            let (len, position) = (head.reserve()?, sink.position()?);
            let held = std::mem::take(held);
            *self = match position {
                Some(base) => Late::Reserved {
                    base,
                    len,
                    left: len,
                    held,
                    held_at: 0,
                },
                None => Late::Spooled {
                    file: spool(&held)?,
                    len: held.len() as u64,
                    head: len,
                },
            };
        }
        Ok(())
    }

    /// Takes coded bytes that do not [overflow](Self::overflows): some of them at least, all of them unless they go to
    /// the sink. `written` counts what that has taken.
    pub(super) fn write<W: Write>(
        &mut self,
        sink: &mut Sink<W>,
        coded: &[u8],
        written: &mut u64,
    ) -> Result<usize> {
        match self {
            Late::Held(held) => {
                held.extend_from_slice(coded);
                Ok(coded.len())
            }
            Late::Reserved {
                left, held, held_at, ..
            } => {
                const ROOM: [u8; 4096] = [0; 4096];
                while *left > 0 {
                    let n = sink.write(&ROOM[..ROOM.len().min(*left)])?;
                    *left -= n;
                    *written += n as u64;
                }
                drain(sink, held, held_at, written)?;
                let n = sink.write(coded)?;
                *written += n as u64;
                Ok(n)
            }
            Late::Spooled { file, len, .. } => {
                file.write_all(coded).map_err(spooling)?;
                *len += coded.len() as u64;
                Ok(coded.len())
            }
            Late::Patching { .. } | Late::Closing { .. } | Late::Done => {
                Err(Error::corrupt("the encoder goes on behind its end"))
            }
        }
    }

    /// The encoder is done: puts the head in its place and what is not yet in the sink behind it. After `WouldBlock`
    /// it can be called again.
    pub(super) fn close<W: Write>(
        &mut self,
        sink: &mut Sink<W>,
        head: &mut dyn LateHead,
        written: &mut u64,
    ) -> Result<()> {
        loop {
            match self {
                Late::Held(held) => {
                    let mut bytes = Vec::new();
                    head.write(&mut bytes)?;
                    bytes.append(held);
                    *self = Late::Closing {
                        bytes,
                        bytes_at: 0,
                        rest: None,
                    };
                }
                Late::Spooled { file, head: len, .. } => {
                    let bytes = reserved(head, *len)?;
                    file.rewind().map_err(spooling)?;
                    *self = Late::Closing {
                        bytes,
                        bytes_at: 0,
                        rest: Some(file.try_clone().map_err(spooling)?),
                    };
                }
                Late::Reserved {
                    base,
                    len,
                    held,
                    held_at,
                    ..
                } => {
                    drain(sink, held, held_at, written)?;
                    let Some(end) = sink.position()? else {
                        return Err(Error::unsupported("the sink does not seek"));
                    };
                    *self = Late::Patching {
                        at: *base,
                        bytes: reserved(head, *len)?,
                        bytes_at: 0,
                        end,
                    };
                }
                Late::Patching {
                    at,
                    bytes,
                    bytes_at,
                    end,
                } => {
                    if !bytes.is_empty() {
                        if *bytes_at == 0 {
                            sink.go(*at)?;
                        }
                        while *bytes_at < bytes.len() {
                            *bytes_at += sink.write(&bytes[*bytes_at..])?;
                        }
                        // A file that was opened for appending goes to its end whatever one asks.
                        if sink.position()? != Some(*at + bytes.len() as u64) {
                            return Err(Error::unsupported(
                                "the sink does not write where it was asked to; a file opened for appending is one",
                            ));
                        }
                        // Should the sink block now, it is not looked at again where it stands.
                        bytes.clear();
                    }
                    sink.go(*end)?;
                    *self = Late::Done;
                }
                Late::Closing {
                    bytes,
                    bytes_at,
                    rest,
                } => {
                    drain(sink, bytes, bytes_at, written)?;
                    if let Some(file) = rest {
                        file.take(STEP).read_to_end(bytes).map_err(spooling)?;
                    }
                    if bytes.is_empty() {
                        *self = Late::Done;
                    }
                }
                Late::Done => return Ok(()),
            }
        }
    }
}

/// Writes all of a buffer, from where an earlier call stopped, and empties it.
fn drain<W: Write>(sink: &mut Sink<W>, bytes: &mut Vec<u8>, at: &mut usize, written: &mut u64) -> Result<()> {
    while *at < bytes.len() {
        let n = sink.write(&bytes[*at..])?;
        *at += n;
        *written += n as u64;
    }
    bytes.clear();
    *at = 0;
    Ok(())
}

/// A file that nobody sees and that goes with the process.
fn spool(held: &[u8]) -> Result<File> {
    let mut file = tempfile::tempfile().map_err(spooling)?;
    file.write_all(held).map_err(spooling)?;
    Ok(file)
}

fn spooling(error: io::Error) -> Error {
    let dir = std::env::temp_dir();
    Error::from(io::Error::new(
        error.kind(),
        format!(
            "the head of the stream is known only at its end, and the temporary file for the rest in {} failed: {error}",
            dir.display()
        ),
    ))
}

/// The head, of the length that was reserved for it.
fn reserved(head: &mut dyn LateHead, len: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    head.write(&mut bytes)?;
    if bytes.len() != len {
        return Err(Error::corrupt(format!(
            "the encoder asked for {len} bytes of head and wrote {}",
            bytes.len()
        )));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Seek, SeekFrom};

    use super::*;
    use crate::error::ErrorKind;

    /// A head of three bytes for a short stream, and of 5000 for a long one.
    struct Head {
        len: usize,
        lies: bool,
    }

    impl LateHead for Head {
        fn reserve(&mut self) -> Result<usize> {
            self.len = 5000;
            Ok(if self.lies { 5001 } else { 5000 })
        }
        fn write(&mut self, out: &mut Vec<u8>) -> Result<()> {
            out.resize(out.len() + self.len, b'H');
            Ok(())
        }
    }

    /// What is in the sink after a stream of so many coded bytes, given in parts of 70,000.
    fn stream<W: Write>(sink: &mut Sink<W>, coded: &[u8], lies: bool) -> Result<()> {
        let mut head = Head { len: 3, lies };
        let mut late = Late::Held(Vec::new());
        let mut written = 0;
        for mut part in coded.chunks(70_000) {
            while !part.is_empty() {
                if late.overflows(part.len()) {
                    match late.unload(sink, &mut head) {
                        Err(error) if error.is_transient() => continue,
                        done => done?,
                    }
                }
                match late.write(sink, part, &mut written) {
                    Ok(n) => part = &part[n..],
                    Err(error) if error.is_transient() => {}
                    Err(error) => return Err(error),
                }
            }
        }
        loop {
            match late.close(sink, &mut head, &mut written) {
                Err(error) if error.is_transient() => {}
                Ok(()) => break,
                Err(error) => return Err(error),
            }
        }
        assert_eq!(written, (head.len + coded.len()) as u64);
        Ok(())
    }

    fn coded(len: usize) -> Vec<u8> {
        (0..len).map(|i| i.to_le_bytes()[i % 3]).collect()
    }

    #[test]
    fn short_streams_get_the_head_they_need_and_long_ones_the_head_they_reserved() {
        for (len, head) in [(0, 3), (HELD, 3), (HELD + 1, 5000), (HELD * 3 / 2, 5000)] {
            let coded = coded(len);
            let mut pipe = Sink::new(Vec::new());
            stream(&mut pipe, &coded, false).unwrap();
            let mut file = Sink::seekable(Cursor::new(Vec::new()));
            stream(&mut file, &coded, false).unwrap();
            let bytes = pipe.into_inner();
            assert!(bytes == file.into_inner().into_inner(), "{len} bytes");
            assert!(bytes[..head].iter().all(|&byte| byte == b'H'));
            assert!(bytes[head..] == coded, "{len} bytes");
        }
    }

    /// A sink that is interrupted or blocks at every other call, and takes little.
    struct Blocking<W>(W, usize);

    impl<W> Blocking<W> {
        fn hiccup(&mut self) -> io::Result<()> {
            self.1 += 1;
            match self.1 % 4 {
                1 => Err(io::ErrorKind::Interrupted.into()),
                3 => Err(io::ErrorKind::WouldBlock.into()),
                _ => Ok(()),
            }
        }
    }

    impl<W: Write> Write for Blocking<W> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.hiccup()?;
            self.0.write(&bytes[..bytes.len().min(3001)])
        }
        fn flush(&mut self) -> io::Result<()> {
            self.0.flush()
        }
    }

    impl<W: Seek> Seek for Blocking<W> {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.hiccup()?;
            self.0.seek(to)
        }
    }

    #[test]
    fn sinks_that_block_lose_and_double_nothing_and_end_where_the_stream_ends() {
        for len in [1000, HELD + 100_000] {
            let coded = coded(len);
            let mut pipe = Sink::new(Vec::new());
            stream(&mut pipe, &coded, false).unwrap();
            let whole = pipe.into_inner();
            // Whether a seek or a write is what blocks depends on where the count begins.
            for count in 0..4 {
                let mut pipe = Sink::new(Blocking(Vec::new(), count));
                stream(&mut pipe, &coded, false).unwrap();
                assert!(pipe.into_inner().0 == whole, "{len} bytes");
                let mut file = Sink::seekable(Blocking(Cursor::new(Vec::new()), count));
                stream(&mut file, &coded, false).unwrap();
                let file = file.into_inner().0;
                assert_eq!(file.position(), whole.len() as u64);
                assert!(file.into_inner() == whole, "{len} bytes");
            }
        }
    }

    #[test]
    fn a_head_of_another_length_than_reserved_is_an_error() {
        let coded = coded(HELD + 1);
        let pipe = stream(&mut Sink::new(Vec::new()), &coded, true);
        assert_eq!(pipe.unwrap_err().kind(), ErrorKind::Corrupt);
        let file = stream(&mut Sink::seekable(Cursor::new(Vec::new())), &coded, true);
        assert_eq!(file.unwrap_err().kind(), ErrorKind::Corrupt);
    }

    /// What a file opened for appending does: it seeks, and writes at its end all the same.
    struct Appending(Cursor<Vec<u8>>);

    impl Write for Appending {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.seek(SeekFrom::End(0))?;
            self.0.write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Seek for Appending {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.0.seek(to)
        }
    }

    #[test]
    fn a_sink_that_only_appends_is_found_out() {
        let mut sink = Sink::seekable(Appending(Cursor::new(Vec::new())));
        let error = stream(&mut sink, &coded(HELD + 1), false).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    }
}
