//! [`Writer`] and [`FileWriter`]: plain bytes in, a compressed stream out.

use std::fmt;
use std::io::{self, Write};
use std::path::Path;

use crate::atomic::AtomicFile;
use crate::compressor::Compressor;
use crate::engine::encode::EncodeEngine;
use crate::engine::sink::Sink;
use crate::error::{Error, Result};
use crate::file::Summary;
use crate::format::Hint;

/// Writes a compressed stream to a sink of the caller's.
///
/// [`finish`](Self::finish) writes the trailer and reports every error. A writer that is dropped instead
/// finishes as a courtesy, silently, unless something has failed or a panic is under way. Between flushes the
/// bytes depend on the data and the options alone, not on how writes were cut or how many threads helped.
///
/// Errors are sticky. Only `WouldBlock` passes: the same call made again goes on where it stopped.
pub struct Writer<W: Write> {
    /// `None` once the sink has been handed back.
    sink: Option<Sink<W>>,
    engine: EncodeEngine,
    finish_on_drop: bool,
}

impl<W: Write> Writer<W> {
    pub(crate) fn new(sink: Sink<W>, engine: EncodeEngine, finish_on_drop: bool) -> Self {
        Writer {
            sink: Some(sink),
            engine,
            finish_on_drop,
        }
    }

    /// The name of the format being written.
    #[must_use]
    pub fn format(&self) -> &'static str {
        self.engine.compressor().name()
    }

    /// The format being written.
    #[must_use]
    pub fn compressor(&self) -> &Compressor {
        self.engine.compressor()
    }

    /// Plain bytes accepted so far.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.engine.accepted()
    }

    /// Compressed bytes the sink has taken so far.
    #[must_use]
    pub fn position_out(&self) -> u64 {
        self.engine.written()
    }

    /// The sink. Bytes written to it from outside end up in the middle of the stream.
    ///
    /// A stream whose head is known only at its end may not be in it before [`finish`](Self::finish).
    ///
    /// # Panics
    /// Never: the sink is there until the writer is consumed.
    #[must_use]
    pub fn get_ref(&self) -> &W {
        self.sink
            .as_ref()
            .expect("the sink is there until the writer is consumed")
            .get_ref()
    }

    /// Says what the data to be written next is made of, for formats that make use of it: the size of an array's
    /// elements, before the array. It changes how well the data is compressed, never the data.
    pub fn hint(&mut self, hint: Hint) {
        self.engine.hint(hint);
    }

    /// Ends the stream: writes the trailer, flushes the sink and hands it back.
    ///
    /// # Errors
    /// What the format or the sink reports; the error holds the writer, so that after `WouldBlock` it can be
    /// finished again. Turned into an [`Error`], it gives the stream up.
    pub fn finish(mut self) -> Result<(W, Summary), FinishError<W>> {
        let sink = self
            .sink
            .as_mut()
            .expect("the sink is there until the writer is consumed");
        match self.engine.finish(sink) {
            Err(error) => Err(FinishError(Box::new((error, self)))),
            Ok(()) => {
                let summary = Summary {
                    plain: self.engine.accepted(),
                    compressed: self.engine.written(),
                };
                let sink = self
                    .sink
                    .take()
                    .expect("the sink is there until the writer is consumed");
                Ok((sink.into_inner(), summary))
            }
        }
    }
}

impl<W: Write> Writer<W> {
    /// Gives the stream up without a trailer and hands the sink back, which has a part of a stream that readers
    /// take for cut, unless it ends where the format may end (bz2 ends a stream with each block): for when the data
    /// to come has failed.
    ///
    /// # Panics
    /// Never: the sink is there until the writer is consumed.
    #[must_use]
    pub fn abandon(mut self) -> W {
        self.sink
            .take()
            .expect("the sink is there until the writer is consumed")
            .into_inner()
    }
}

impl<W: Write> Write for Writer<W> {
    fn write(&mut self, plain: &[u8]) -> io::Result<usize> {
        match &mut self.sink {
            Some(sink) => Ok(self.engine.write(sink, plain)?),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Makes everything written so far decodable, where the format can be flushed; see
    /// [`Spec::flushing`](crate::Spec::flushing).
    fn flush(&mut self) -> io::Result<()> {
        match &mut self.sink {
            Some(sink) => Ok(self.engine.flush(sink)?),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}

impl<W: Write> Drop for Writer<W> {
    fn drop(&mut self) {
        let courtesy = self.finish_on_drop && !self.engine.has_failed() && !std::thread::panicking();
        if let (true, Some(sink)) = (courtesy, &mut self.sink) {
            // A courtesy: who wants to know about errors calls `finish`.
            let _ = self.engine.finish(sink);
        }
    }
}

impl<W: Write> fmt::Debug for Writer<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer")
            .field("engine", &self.engine)
            .finish_non_exhaustive()
    }
}

/// Why a stream could not be finished, with the writer.
pub struct FinishError<W: Write>(Box<(Error, Writer<W>)>);

impl<W: Write> FinishError<W> {
    /// The reason.
    #[must_use]
    pub fn error(&self) -> &Error {
        &self.0.0
    }

    /// The reason and the writer.
    #[must_use]
    pub fn into_parts(self) -> (Error, Writer<W>) {
        *self.0
    }
}

impl<W: Write> fmt::Debug for FinishError<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FinishError")
            .field("error", self.error())
            .finish_non_exhaustive()
    }
}

impl<W: Write> fmt::Display for FinishError<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error().fmt(f)
    }
}

impl<W: Write> std::error::Error for FinishError<W> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.error())
    }
}

impl<W: Write> From<FinishError<W>> for Error {
    /// Gives the stream up: dropped, the writer would try again, behind the back of who has been told that it failed.
    fn from(error: FinishError<W>) -> Self {
        let (error, writer) = error.into_parts();
        drop(writer.abandon());
        error
    }
}

impl<W: Write> From<FinishError<W>> for io::Error {
    fn from(error: FinishError<W>) -> Self {
        Error::from(error).into()
    }
}

/// Writes a compressed file that appears, whole, when it is finished.
///
/// Only [`finish`](Self::finish) publishes. Dropped before, it leaves what was there; so does a process that
/// is killed.
#[derive(Debug)]
pub struct FileWriter(Writer<AtomicFile>);

impl FileWriter {
    pub(crate) fn new(writer: Writer<AtomicFile>) -> Self {
        FileWriter(writer)
    }

    /// The name of the format being written.
    #[must_use]
    pub fn format(&self) -> &'static str {
        self.0.format()
    }

    /// The format being written.
    #[must_use]
    pub fn compressor(&self) -> &Compressor {
        self.0.compressor()
    }

    /// Plain bytes accepted so far.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.0.position()
    }

    /// Says what the data to be written next is made of; see [`Writer::hint`].
    pub fn hint(&mut self, hint: Hint) {
        self.0.hint(hint);
    }

    /// The file that will be there.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.get_ref().path()
    }

    /// The file that is written to.
    #[must_use]
    pub fn get_ref(&self) -> &AtomicFile {
        self.0.get_ref()
    }

    /// Ends the stream and puts the file in its place.
    ///
    /// # Errors
    /// What the format or the file system reports. What was there before is still there then.
    pub fn finish(self) -> Result<Summary> {
        let (file, summary) = self.0.finish()?;
        file.commit()?;
        Ok(summary)
    }
}

impl Write for FileWriter {
    fn write(&mut self, plain: &[u8]) -> io::Result<usize> {
        self.0.write(plain)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
