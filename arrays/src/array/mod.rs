//! The array itself.

mod field;
#[cfg(feature = "ndarray")]
mod nd;
mod order;
mod text;

use std::fmt;
use std::fs::File;
use std::io::Read;

pub use field::FieldView;
pub use text::Strings;

use crate::buffer::Buffer;
use crate::dtype::Brief;
use crate::{DType, Element, Error, Layout, MapMode, Order, Result, element};

/// How many bytes a source is known to hold still; decides how memory for an array is set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Available {
    /// Not known: memory grows with what arrives.
    #[default]
    Unknown,
    /// This many, as the size of a plain file tells: arrays that need more are refused at once, others get their
    /// memory in one piece.
    Bytes(u64),
}

/// An n-dimensional array: a [`Layout`] and the bytes.
///
/// The bytes are the array's own, and then start on a 64-byte boundary, or a part of a file: see [`map`](Self::map).
///
/// Elements stand one after the other without gaps, in the order and byte order the layout names.
///
/// Two arrays are equal if they have the same dtype (byte order included), the same shape, and the same bytes in each
/// element, whatever their memory order. Floats are compared as bytes: NaN equals itself, and 0.0 is not −0.0.
pub struct Array {
    layout: Layout,
    data: Buffer,
}

impl Array {
    /// An array of zeros.
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported) for Python objects, [`Limit`](crate::ErrorKind::Limit) if there is
    /// no memory.
    pub fn zeros(layout: Layout) -> Result<Self> {
        layout.require_raw()?;
        let data = Buffer::zeroed(layout.nbytes())?;
        Ok(Self { layout, data })
    }

    /// An array of the elements of `data` in C order (last axis fastest).
    ///
    /// The elements are copied once, to aligned memory. To fill large arrays without that, make one with
    /// [`zeros`](Self::zeros) and write through [`as_mut_slice`](Self::as_mut_slice).
    ///
    /// # Errors
    /// [`Parameter`](crate::ErrorKind::Parameter) if the shape does not have as many elements.
    #[allow(clippy::needless_pass_by_value)] // So that callers need not spell out the borrow.
    pub fn from_vec<T: Element>(data: Vec<T>, shape: &[usize]) -> Result<Self> {
        Self::from_slice(&data, shape)
    }

    /// An array of a copy of `data` in C order (last axis fastest).
    ///
    /// # Errors
    /// [`Parameter`](crate::ErrorKind::Parameter) if the shape does not have as many elements.
    pub fn from_slice<T: Element>(data: &[T], shape: &[usize]) -> Result<Self> {
        Self::from_slice_in(Order::C, data, shape)
    }

    /// An array of a copy of `data`, whose elements stand in the given order.
    ///
    /// # Errors
    /// [`Parameter`](crate::ErrorKind::Parameter) if the shape does not have as many elements.
    pub fn from_slice_in<T: Element>(order: Order, data: &[T], shape: &[usize]) -> Result<Self> {
        Self::from_bytes(
            Layout::new(DType::of::<T>(), shape, order)?,
            element::as_bytes(data),
        )
    }

    /// An array of a copy of raw bytes, which are laid out as `layout` says.
    ///
    /// # Errors
    /// [`Parameter`](crate::ErrorKind::Parameter) if there are more or fewer bytes than [`Layout::nbytes`].
    pub fn from_bytes(layout: Layout, bytes: &[u8]) -> Result<Self> {
        layout.require_raw()?;
        if bytes.len() != layout.nbytes() {
            let (given, needed) = (bytes.len(), layout.nbytes());
            return Err(Error::parameter(format!(
                "{given} bytes given, but {layout} has {needed}"
            )));
        }
        Ok(Self {
            data: Buffer::from_slice(bytes)?,
            layout,
        })
    }

    /// Reads the bytes of an array, laid out as `layout` says, straight into its memory. Nothing is read beyond them.
    ///
    /// # Errors
    /// [`Truncated`](crate::ErrorKind::Truncated) if the source ends early or has fewer bytes to begin with,
    /// [`Limit`](crate::ErrorKind::Limit) if there is no memory, [`Io`](crate::ErrorKind::Io) if reading fails.
    pub fn read(layout: Layout, source: &mut (impl Read + ?Sized), available: Available) -> Result<Self> {
        layout.require_raw()?;
        let known = match available {
            Available::Unknown => false,
            Available::Bytes(n) if n < layout.nbytes() as u64 => {
                let needed = layout.nbytes();
                return Err(Error::truncated(format!(
                    "array {layout} needs {needed} bytes, {n} are left"
                )));
            }
            Available::Bytes(_) => true,
        };
        let data = Buffer::read(layout.nbytes(), source, known)?;
        Ok(Self { layout, data })
    }

    /// An array that is a part of a file, laid out there as `layout` says from byte `offset` on. Nothing is read before
    /// it is looked at. The file may be closed afterwards.
    ///
    /// Elements that do not stand at a multiple of their alignment can be used as bytes but not
    /// [as a slice](Self::as_slice) of numbers.
    ///
    /// # Errors
    /// [`Truncated`](crate::ErrorKind::Truncated) if the file does not have as many bytes,
    /// [`Parameter`](crate::ErrorKind::Parameter) if it is no plain file, [`Unsupported`](crate::ErrorKind::Unsupported)
    /// for Python objects, [`Io`](crate::ErrorKind::Io) if the system refuses, as it does when a file that is not open
    /// for writing is to be mapped for that.
    ///
    /// # Safety
    /// While the array exists, nobody may shorten the file, and nobody may write to its part other than through this
    /// array, be it this program or another. Memory that changes by itself breaks what Rust takes for granted, and
    /// looking behind the end of a shortened file ends the program (`SIGBUS`).
    pub unsafe fn map(layout: Layout, file: &File, offset: u64, mode: MapMode) -> Result<Self> {
        layout.require_raw()?;
        // SAFETY: the caller's contract is passed on.
        let data = unsafe { Buffer::map(file, offset, layout.nbytes(), mode) }?;
        Ok(Self { layout, data })
    }

    /// The same bytes as an array that is laid out in another way, without copying them.
    ///
    /// # Errors
    /// [`Parameter`](crate::ErrorKind::Parameter) if the other layout has more or fewer bytes,
    /// [`Unsupported`](crate::ErrorKind::Unsupported) if it has Python objects.
    pub fn with_layout(self, layout: Layout) -> Result<Self> {
        layout.require_raw()?;
        let (given, needed) = (self.nbytes(), layout.nbytes());
        if given != needed {
            return Err(Error::parameter(format!(
                "{given} bytes are there, but {layout} has {needed}"
            )));
        }
        Ok(Self { layout, ..self })
    }

    /// How the array is mapped, if it is a part of a file.
    #[must_use]
    pub fn map_mode(&self) -> Option<MapMode> {
        self.data.mode()
    }

    /// Waits until the file has what was written to an array mapped with [`MapMode::ReadWrite`]; does nothing for others.
    /// Without it the file has it some time later, even if the program ends.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io) if writing fails.
    pub fn flush(&self) -> Result<()> {
        self.data.flush()
    }

    /// This array in memory of its own: itself if it is already, otherwise a copy.
    ///
    /// # Errors
    /// [`Limit`](crate::ErrorKind::Limit) if there is no memory.
    pub fn into_owned(self) -> Result<Self> {
        match self.map_mode() {
            None => Ok(self),
            Some(_) => self.try_clone(),
        }
    }

    /// A copy in memory of its own. `clone` does the same, and panics where there is no memory.
    ///
    /// # Errors
    /// [`Limit`](crate::ErrorKind::Limit) if there is no memory.
    pub fn try_clone(&self) -> Result<Self> {
        Self::from_bytes(self.layout.clone(), self.as_bytes())
    }

    /// Element type, shape and order.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The type of the elements.
    #[must_use]
    pub fn dtype(&self) -> &DType {
        self.layout.dtype()
    }

    /// Number of elements along each axis.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        self.layout.shape()
    }

    /// Which axis runs fastest through memory.
    #[must_use]
    pub fn order(&self) -> Order {
        self.layout.order()
    }

    /// Number of axes.
    #[must_use]
    pub fn ndim(&self) -> usize {
        self.layout.ndim()
    }

    /// Number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.layout.len()
    }

    /// Whether there are no elements.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.layout.is_empty()
    }

    /// Size of the data in bytes.
    #[must_use]
    pub fn nbytes(&self) -> usize {
        self.layout.nbytes()
    }

    /// The data as it stands in memory.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.data.as_slice()
    }

    /// The data as it stands in memory, for writing.
    ///
    /// # Errors
    /// [`Parameter`](crate::ErrorKind::Parameter) if the array is mapped for reading only.
    pub fn as_mut_bytes(&mut self) -> Result<&mut [u8]> {
        self.data.as_mut_slice().ok_or_else(|| {
            Error::parameter(
                "the array is mapped for reading only: use into_owned(), or MapMode::CopyOnWrite",
            )
        })
    }

    /// The elements in memory order, without copying.
    ///
    /// # Errors
    /// [`Parameter`](crate::ErrorKind::Parameter) if the elements are of another type than `T`, in foreign byte order
    /// ([`to_native`](Self::to_native) helps), or mapped from a place in a file that is no multiple of their alignment
    /// ([`into_owned`](Self::into_owned) helps); [`Corrupt`](crate::ErrorKind::Corrupt) if an array of booleans holds
    /// bytes other than 0 and 1.
    pub fn as_slice<T: Element>(&self) -> Result<&[T]> {
        self.check_element::<T>()?;
        element::from_bytes(self.as_bytes()).ok_or_else(not_booleans)
    }

    /// Like [`as_slice`](Self::as_slice), for writing.
    ///
    /// # Errors
    /// As for [`as_slice`](Self::as_slice) and [`as_mut_bytes`](Self::as_mut_bytes).
    pub fn as_mut_slice<T: Element>(&mut self) -> Result<&mut [T]> {
        self.check_element::<T>()?;
        element::from_bytes_mut(self.as_mut_bytes()?).ok_or_else(not_booleans)
    }

    fn check_element<T: Element>(&self) -> Result<()> {
        let (wanted, dtype) = (DType::of::<T>(), self.dtype());
        if dtype.kind() != wanted.kind() {
            return Err(Error::parameter(format!(
                "the array holds {}, not {wanted}",
                Brief(dtype)
            )));
        }
        self.check_numbers(align_of::<T>())
    }

    /// Whether numbers of this alignment can be looked at where they are.
    fn check_numbers(&self, alignment: usize) -> Result<()> {
        let dtype = self.dtype();
        if !dtype.is_native() {
            return Err(Error::parameter(format!(
                "the array holds {}, in foreign byte order: use to_native()",
                Brief(dtype)
            )));
        }
        if !self.as_bytes().as_ptr().addr().is_multiple_of(alignment) {
            return Err(Error::parameter(format!(
                "the array holds {} and is mapped from a place that is no multiple of {alignment}: use into_owned()",
                Brief(dtype)
            )));
        }
        Ok(())
    }
}

fn not_booleans() -> Error {
    // Alignment has been checked and the data is whole by construction, which leaves the bytes themselves.
    Error::corrupt("the array of booleans holds bytes other than 0 and 1")
}

impl Clone for Array {
    fn clone(&self) -> Self {
        self.try_clone().expect("memory for a copy of the array")
    }
}

impl fmt::Debug for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Array({}, {} bytes)", self.layout, self.nbytes())
    }
}

#[cfg(test)]
mod tests;
