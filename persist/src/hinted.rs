//! Telling the codec what the stream is made of: whoever writes an array says so here, and the sink passes it on.

use std::cell::Cell;
use std::io::{self, Write};
use std::rc::Rc;

use crate::codecs::{FileWriter, Hint, Writer};

/// The bytes in an element of what is being written; 1 between arrays.
#[derive(Clone)]
pub(crate) struct ElementSize(Rc<Cell<usize>>);

impl ElementSize {
    pub(crate) fn set(&self, bytes: usize) {
        self.0.set(bytes);
    }
}

/// A compressed stream that takes hints.
pub(crate) trait TakesHints: Write {
    fn hint(&mut self, hint: Hint);
}

impl<W: Write> TakesHints for Writer<W> {
    fn hint(&mut self, hint: Hint) {
        Writer::hint(self, hint);
    }
}

impl TakesHints for FileWriter {
    fn hint(&mut self, hint: Hint) {
        FileWriter::hint(self, hint);
    }
}

/// A stream that hears of the size of elements before the bytes it is about.
pub(crate) struct Hinted<S> {
    stream: S,
    size: ElementSize,
    told: usize,
}

impl<S: TakesHints> Hinted<S> {
    pub(crate) fn new(stream: S) -> Self {
        Hinted {
            stream,
            size: ElementSize(Rc::new(Cell::new(1))),
            told: 1,
        }
    }

    /// Where to say what comes next.
    pub(crate) fn element_size(&self) -> ElementSize {
        self.size.clone()
    }

    pub(crate) fn into_inner(self) -> S {
        self.stream
    }
}

impl<S: TakesHints> Write for Hinted<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let size = self.size.0.get();
        if size != self.told {
            self.stream.hint(Hint::ElementSize(size));
            self.told = size;
        }
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a stream was told, and where.
    #[derive(Default)]
    struct Told(Vec<u8>, Vec<(usize, Hint)>);

    impl Write for Told {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl TakesHints for Told {
        fn hint(&mut self, hint: Hint) {
            self.1.push((self.0.len(), hint));
        }
    }

    #[test]
    fn arrays_are_announced_where_they_begin_and_end() {
        use crate::arrays::Array;
        use crate::joblib::JoblibWriter;
        use crate::pickle::{Protocol, save};

        let arrays = [
            Array::from_vec(vec![1.5f64; 100], &[100]).unwrap(),
            Array::from_vec(vec![7u16; 100], &[100]).unwrap(),
        ];
        let stream = Hinted::new(Told::default());
        let writer = JoblibWriter::new(stream.element_size(), true);
        let Told(bytes, told) = save::write(&arrays, stream, Protocol::V4, writer)
            .unwrap()
            .into_inner();
        let find = |part: &[u8]| {
            bytes
                .windows(part.len())
                .position(|window| window == part)
                .unwrap()
        };
        let doubles = find(&1.5f64.to_le_bytes().repeat(100));
        let shorts = find(&7u16.to_le_bytes().repeat(100));
        assert_eq!(
            told,
            [
                (doubles, Hint::ElementSize(8)),
                (doubles + 800, Hint::ElementSize(1)),
                (shorts, Hint::ElementSize(2)),
                (shorts + 200, Hint::ElementSize(1)),
            ]
        );
    }
}
