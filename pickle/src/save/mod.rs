//! Writing whole objects: what drives the [`Emitter`].

#[cfg(feature = "serde")]
mod array_token;
#[cfg(feature = "serde")]
mod serialize;
mod walk;

use std::fmt;
use std::io::Write;

use demijohn_arrays::Layout;

use crate::numpy::Dialect;
use crate::{Document, Emitter, Error, MemoId, Protocol, Result, Value};

/// How arrays are written into a pickle.
///
/// The bytes of the array are given between the two calls, in one piece or several, in the order and byte order of the layout.
pub trait ArrayWriter {
    /// Writes what comes before the data.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io) if writing fails, or whatever is wrong with the array.
    fn begin<W: Write>(&mut self, out: &mut Emitter<W>, layout: &Layout) -> Result<()>;

    /// Writes what comes before an array of Python objects, and answers in which protocol the array itself follows: as a
    /// pickle of its own, with a memo of its own. Unless overridden there is none such, and the array is written as
    /// plain pickles have it.
    ///
    /// # Errors
    /// As for [`begin`](Self::begin).
    fn begin_objects<W: Write>(&mut self, out: &mut Emitter<W>, layout: &Layout) -> Result<Option<Protocol>> {
        let _ = (out, layout);
        Ok(None)
    }

    /// Which numpy the arrays are for; unless overridden, the current one.
    fn dialect(&self) -> Dialect {
        Dialect::default()
    }

    /// Writes the next bytes of the data; unless overridden, straight to the stream.
    ///
    /// # Errors
    /// As for [`begin`](Self::begin).
    fn data<W: Write>(&mut self, out: &mut Emitter<W>, bytes: &[u8]) -> Result<()> {
        out.raw(bytes)
    }

    /// Writes what comes after the data. Answers where the memo has the array, if it may be referred to again.
    ///
    /// # Errors
    /// As for [`begin`](Self::begin).
    fn end<W: Write>(&mut self, out: &mut Emitter<W>) -> Result<Option<MemoId>> {
        let _ = out;
        Ok(None)
    }
}

/// No way to write arrays: a plain pickle.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoArrays;

impl ArrayWriter for NoArrays {
    fn begin<W: Write>(&mut self, _: &mut Emitter<W>, _: &Layout) -> Result<()> {
        Err(Error::unsupported(
            "a pickle without arrays was asked for; `numpy::Inline` writes them",
        ))
    }
}

/// Something that can be written as a pickle: [`Document`] and [`Value`], and with the feature `serde` everything that
/// is `serde::Serialize`.
///
/// A document is written as it was read: shared objects stay shared, cycles stay cycles, objects that only Python
/// could make are written as the same calls. How serde's data model maps to Python's is told
/// [here](crate#how-do-rust-types-map-to-pythons).
pub trait Save {
    /// Writes the value.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io) if writing fails, [`Parameter`](crate::ErrorKind::Parameter) if the value's own
    /// serialization fails, and what `pickler`'s [`ArrayWriter`] answers.
    fn save<W: Write, A: ArrayWriter>(&self, pickler: &mut Pickler<W, A>) -> Result<()>;
}

/// Writes one object as a pickle.
///
/// # Errors
/// See [`Save::save`]; [`Unsupported`](crate::ErrorKind::Unsupported) for protocols 0 and 1.
pub fn write<W: Write>(
    value: &(impl Save + ?Sized),
    out: W,
    protocol: Protocol,
    arrays: impl ArrayWriter,
) -> Result<W> {
    if protocol < Protocol::V2 {
        return Err(Error::unsupported(
            "values of Rust are written in protocols 2 to 5",
        ));
    }
    let mut out = Emitter::new(out, protocol)?;
    out.set_dialect(arrays.dialect());
    let mut pickler = Pickler { out, arrays };
    value.save(&mut pickler)?;
    pickler.out.finish()
}

/// A pickle under way; see [`write()`].
pub struct Pickler<W, A> {
    out: Emitter<W>,
    arrays: A,
}

impl<W, A> fmt::Debug for Pickler<W, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pickler")
            .field("out", &self.out)
            .finish_non_exhaustive()
    }
}

impl Save for Document {
    fn save<W: Write, A: ArrayWriter>(&self, pickler: &mut Pickler<W, A>) -> Result<()> {
        self.root().save(pickler)
    }
}

impl Save for Value<'_> {
    fn save<W: Write, A: ArrayWriter>(&self, pickler: &mut Pickler<W, A>) -> Result<()> {
        walk::write(*self, pickler)
    }
}

#[cfg(feature = "serde")]
impl<T: serde::Serialize + ?Sized> Save for T {
    fn save<W: Write, A: ArrayWriter>(&self, pickler: &mut Pickler<W, A>) -> Result<()> {
        self.serialize(serialize::Serializer::new(pickler))
    }
}
