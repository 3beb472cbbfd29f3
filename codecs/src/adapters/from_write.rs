//! An encoder made of one in the style of [`std::io::Write`].

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::Result;
use crate::format::{Encode, Op, Status, Step};

/// The sink that a [`from_write`] encoder writes to.
#[derive(Clone, Debug, Default)]
pub struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Buffer {
    fn with<T>(&self, f: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.with(|buffer| buffer.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Makes an [`Encode`] of an encoder that writes to a [`Buffer`], and of what finishes it.
///
/// `Op::Flush` calls the encoder's [`Write::flush`]. Nothing is copied but the coded bytes.
///
/// ```
/// use demijohn_codecs::adapters::from_write;
/// use demijohn_codecs::{Encode, Op, Status};
/// use std::io::{LineWriter, Write};
///
/// let mut encode = from_write(LineWriter::new, |mut writer| writer.flush());
/// let mut out = [0; 64];
/// let step = encode.step(b"a line\nand", &mut out, Op::Run)?;
/// assert_eq!(&out[..step.produced], b"a line\n");
/// let step = encode.step(b" more", &mut out, Op::Finish)?;
/// assert_eq!((&out[..step.produced], step.status), (&b"and more"[..], Status::Done));
/// # Ok::<(), demijohn_codecs::Error>(())
/// ```
pub fn from_write<E, N, F>(new: N, finish: F) -> impl Encode + fmt::Debug
where
    E: Write + Send,
    N: FnOnce(Buffer) -> E,
    F: FnOnce(E) -> io::Result<()> + Send,
{
    let buffer = Buffer::default();
    FromWrite {
        encoder: Some((new(buffer.clone()), finish)),
        buffer,
        at: 0,
        flushed: false,
    }
}

struct FromWrite<E, F> {
    /// `None` once finished.
    encoder: Option<(E, F)>,
    buffer: Buffer,
    at: usize,
    flushed: bool,
}

/// Input given to the encoder before its output is carried off.
const BITE: usize = 64 << 10;

impl<E: Write + Send, F: FnOnce(E) -> io::Result<()> + Send> Encode for FromWrite<E, F> {
    fn step(&mut self, input: &[u8], out: &mut [u8], op: Op) -> Result<Step> {
        let mut consumed = 0;
        if self.buffer.with(|buffer| buffer.is_empty()) {
            if let Some((encoder, _)) = &mut self.encoder {
                consumed = input.len().min(BITE);
                encoder.write_all(&input[..consumed])?;
                self.flushed &= consumed == 0;
                if consumed == input.len() && op == Op::Flush && !self.flushed {
                    encoder.flush()?;
                    self.flushed = true;
                }
            }
            if consumed == input.len()
                && op == Op::Finish
                && let Some((encoder, finish)) = self.encoder.take()
            {
                finish(encoder)?;
            }
        }
        let at = self.at;
        let (produced, empty) = self.buffer.with(|buffer| {
            let n = (buffer.len() - at).min(out.len());
            out[..n].copy_from_slice(&buffer[at..at + n]);
            let empty = at + n == buffer.len();
            if empty {
                buffer.clear();
            }
            (n, empty)
        });
        self.at = if empty { 0 } else { at + produced };
        let ended = match op {
            Op::Run => false,
            Op::Flush => self.flushed,
            Op::Finish => self.encoder.is_none(),
        };
        let status = if empty && consumed == input.len() && ended {
            Status::Done
        } else {
            Status::More
        };
        Ok(Step {
            consumed,
            produced,
            status,
        })
    }
}

impl<E, F> fmt::Debug for FromWrite<E, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FromWrite")
            .field("finished", &self.encoder.is_none())
            .finish_non_exhaustive()
    }
}
