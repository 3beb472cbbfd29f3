//! The elements of an array, wherever they are, a piece at a time.

use std::fmt;
use std::io::{self, Read, Seek as _, SeekFrom};

use crate::arrays::{Array, Layout};
use crate::part::read_absent;
use crate::pickle::AbsentArray;
use crate::{Error, ErrorKind, Result, codecs};

/// The bytes of an array, to be read once: all elements in the order of its [layout](Layout), and then the end, which is
/// given only if nothing is found to be wrong. If there are too few of them, that is an error.
pub struct Elements<'r> {
    place: Place<'r>,
    layout: Layout,
    left: u64,
}

enum Place<'r> {
    Slice(&'r [u8]),
    /// With so many bytes read.
    Owned(Array, usize),
    Stream(&'r mut dyn Read),
    #[cfg(feature = "npz")]
    Entry(crate::arrays::npz::Data<'r>),
}

impl<'r> Elements<'r> {
    fn new(layout: Layout, place: Place<'r>) -> Self {
        Self {
            left: layout.nbytes() as u64,
            place,
            layout,
        }
    }

    pub(crate) fn of(array: &'r Array) -> Self {
        Self::new(array.layout().clone(), Place::Slice(array.as_bytes()))
    }

    /// Of an array whose bytes are not where they should be.
    pub(crate) fn missing(layout: Layout) -> Self {
        Self::new(layout, Place::Slice(&[]))
    }

    /// Of an array of this layout, from where the stream stands.
    pub(crate) fn next(layout: Layout, stream: &'r mut dyn Read) -> Self {
        Self::new(layout, Place::Stream(stream))
    }

    /// Of an array that was passed over in a pickle that begins at `base` in the stream. One whose elements stand in another
    /// order than that of its layout is held in memory.
    pub(crate) fn absent<S: codecs::Source>(
        stream: &'r mut codecs::Reader<S>,
        base: u64,
        absent: &AbsentArray,
    ) -> Result<Self> {
        let layout = absent.layout().clone();
        if !absent.is_as_laid_out() {
            return Ok(Self::new(
                layout,
                Place::Owned(read_absent(stream, base, absent)?, 0),
            ));
        }
        stream.seek(SeekFrom::Start(base + absent.start()))?;
        Ok(Self::next(layout, stream))
    }

    #[cfg(feature = "npz")]
    pub(crate) fn entry(layout: Layout, data: crate::arrays::npz::Data<'r>) -> Self {
        Self::new(layout, Place::Entry(data))
    }

    /// Reads what is left, so that all that can be checked is checked.
    pub(crate) fn finish(mut self) -> Result<()> {
        io::copy(&mut self, &mut io::sink())?;
        Ok(())
    }
}

impl Read for Elements<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).map_or(out.len(), |left| left.min(out.len()));
        let n = match &mut self.place {
            // The entry is as long as its array; its checksum is looked at with the read that finds nothing more.
            #[cfg(feature = "npz")]
            Place::Entry(data) => data.read(out)?,
            _ if most == 0 => return Ok(0),
            Place::Slice(bytes) => bytes.read(&mut out[..most])?,
            Place::Owned(array, at) => {
                let n = (&array.as_bytes()[*at..]).read(&mut out[..most])?;
                *at += n;
                n
            }
            Place::Stream(stream) => stream.read(&mut out[..most])?,
        };
        if n == 0 && most > 0 {
            let (left, layout) = (self.left, &self.layout);
            let message = format!("the stream ends {left} bytes before the end of array {layout}");
            return Err(Error::new(ErrorKind::Truncated, message).into());
        }
        self.left = self.left.saturating_sub(n as u64);
        Ok(n)
    }
}

impl fmt::Debug for Elements<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Elements({} bytes left of {})", self.left, self.layout)
    }
}
