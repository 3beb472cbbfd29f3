//! Telling the codec what the stream is made of: whoever writes an array says so here, and the sink passes it on.

use std::cell::Cell;
use std::io::{self, Write};
use std::rc::Rc;

use crate::format::Hint;
use crate::writer::{FileWriter, Writer};

/// The bytes in an element of what is being written to a [`Hinted`] stream; 1 between arrays.
#[derive(Debug, Clone)]
pub struct ElementSize(Rc<Cell<usize>>);

impl ElementSize {
    /// Says of which size the elements are that are written next.
    pub fn set(&self, bytes: usize) {
        self.0.set(bytes);
    }
}

/// A compressed stream that takes hints; see [`Writer::hint`].
pub trait TakesHints: Write {
    /// Says what the data to be written next is made of.
    ///
    /// # Errors
    /// Those of a stream that has to write out first what came before.
    fn hint(&mut self, hint: Hint) -> io::Result<()>;
}

impl<W: Write> TakesHints for Writer<W> {
    fn hint(&mut self, hint: Hint) -> io::Result<()> {
        Writer::hint(self, hint);
        Ok(())
    }
}

impl TakesHints for FileWriter {
    fn hint(&mut self, hint: Hint) -> io::Result<()> {
        FileWriter::hint(self, hint);
        Ok(())
    }
}

impl<S: TakesHints + ?Sized> TakesHints for &mut S {
    fn hint(&mut self, hint: Hint) -> io::Result<()> {
        (**self).hint(hint)
    }
}

/// A stream that hears of the size of elements before the bytes it is about, from whoever has its [`ElementSize`]
/// instead of the stream.
#[derive(Debug)]
pub struct Hinted<S> {
    stream: S,
    size: ElementSize,
    told: usize,
}

impl<S: TakesHints> Hinted<S> {
    /// Gives hints to this stream.
    pub fn new(stream: S) -> Self {
        Hinted {
            stream,
            size: ElementSize(Rc::new(Cell::new(1))),
            told: 1,
        }
    }

    /// Where to say what comes next.
    #[must_use]
    pub fn element_size(&self) -> ElementSize {
        self.size.clone()
    }

    /// The stream.
    pub fn into_inner(self) -> S {
        self.stream
    }
}

impl<S: TakesHints> Write for Hinted<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let size = self.size.0.get();
        if size != self.told {
            self.stream.hint(Hint::ElementSize(size))?;
            self.told = size;
        }
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
