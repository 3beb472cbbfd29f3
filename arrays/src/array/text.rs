//! Strings, and dates as numbers.

use std::borrow::Cow;
use std::fmt;

use super::Array;
use crate::dtype::Brief;
use crate::{ByteOrder, DType, Error, Kind, Result, TimeUnit, element};

/// The strings of an array of type `S` or `U`, in memory order: see [`Array::strings`].
#[derive(Clone, Copy)]
pub struct Strings<'a> {
    data: &'a [u8],
    size: usize,
    len: usize,
    encoding: Encoding,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Bytes,
    Utf32(ByteOrder),
}

impl Array {
    /// The strings of an array of type `S` or `U`, in either byte order, without the NULs that fill them up.
    ///
    /// ```
    /// use demijohn_arrays::{Array, Layout, Order};
    ///
    /// let names = Array::from_bytes(Layout::new("|S3".parse()?, &[2], Order::C)?, b"ab\0xyz")?;
    /// let names: Vec<String> = names.strings()?.iter().collect::<Result<_, _>>()?;
    /// assert_eq!(names, ["ab", "xyz"]);
    /// # Ok::<(), demijohn_arrays::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Parameter`](crate::ErrorKind::Parameter) if the elements are no strings.
    pub fn strings(&self) -> Result<Strings<'_>> {
        Strings::new(self.dtype(), self.as_bytes(), self.len())
    }

    /// Dates or time differences in memory order, without copying: how many units each is (dates: since 1970 began),
    /// `i64::MIN` being no time at all.
    ///
    /// # Errors
    /// [`Parameter`](crate::ErrorKind::Parameter) if the elements are neither, are in foreign byte order, or are mapped
    /// from a place in a file that is no multiple of 8.
    pub fn times(&self) -> Result<(&[i64], TimeUnit)> {
        let (Kind::Datetime(unit) | Kind::Timedelta(unit)) = self.dtype().kind() else {
            let dtype = Brief(self.dtype());
            return Err(Error::parameter(format!(
                "the array holds {dtype}, not dates or time differences"
            )));
        };
        self.check_numbers(align_of::<i64>())?;
        let numbers = element::from_bytes(self.as_bytes()).expect("any 8 aligned bytes are a number");
        Ok((numbers, *unit))
    }
}

impl<'a> Strings<'a> {
    fn new(dtype: &DType, data: &'a [u8], len: usize) -> Result<Self> {
        let encoding = match dtype.kind() {
            Kind::Bytes(_) => Encoding::Bytes,
            Kind::Text(_) => Encoding::Utf32(dtype.byte_order()),
            _ => {
                let dtype = Brief(dtype);
                return Err(Error::parameter(format!("the array holds {dtype}, not strings")));
            }
        };
        Ok(Self {
            data,
            size: dtype.itemsize(),
            len,
            encoding,
        })
    }

    /// The one string that the bytes of an element are, such as a field of a struct.
    ///
    /// # Errors
    /// [`Parameter`](crate::ErrorKind::Parameter) if `dtype` is no string, or one of another size.
    pub fn of_element(dtype: &DType, bytes: &'a [u8]) -> Result<Self> {
        if bytes.len() != dtype.itemsize() {
            let (given, dtype) = (bytes.len(), Brief(dtype));
            return Err(Error::parameter(format!("{given} bytes are no {dtype}")));
        }
        Self::new(dtype, bytes, 1)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The bytes of each, as they stand in memory: those of an `S`, the UTF-32 of a `U`.
    pub fn bytes(self) -> impl ExactSizeIterator<Item = &'a [u8]> {
        (0..self.len).map(move |index| {
            let element = &self.data[index * self.size..][..self.size];
            let unit = if self.encoding == Encoding::Bytes { 1 } else { 4 };
            let filled = element
                .chunks_exact(unit)
                .rposition(|c| c.iter().any(|&b| b != 0));
            &element[..filled.map_or(0, |last| (last + 1) * unit)]
        })
    }

    /// Each as text.
    ///
    /// # Errors
    /// [`Corrupt`](crate::ErrorKind::Corrupt) for bytes that are not UTF-8, and for a `U` that is no text: a surrogate, or
    /// a number above the last character.
    pub fn iter(self) -> impl ExactSizeIterator<Item = Result<String>> {
        let Self { size, encoding, .. } = self;
        self.bytes().enumerate().map(move |(index, bytes)| {
            let invalid = |what| {
                let at = index * size;
                Error::corrupt(format!("the string at byte {at} of the array is no {what}"))
            };
            match encoding {
                Encoding::Bytes => String::from_utf8(bytes.to_vec()).map_err(|_| invalid("UTF-8")),
                Encoding::Utf32(order) => characters(bytes, order)
                    .collect::<Option<_>>()
                    .ok_or_else(|| invalid("text")),
            }
        })
    }

    /// Each as text, with U+FFFD for what is none.
    pub fn iter_lossy(self) -> impl ExactSizeIterator<Item = Cow<'a, str>> {
        let encoding = self.encoding;
        self.bytes().map(move |bytes| match encoding {
            Encoding::Bytes => String::from_utf8_lossy(bytes),
            Encoding::Utf32(order) => {
                let characters = characters(bytes, order);
                Cow::Owned(
                    characters
                        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
                        .collect(),
                )
            }
        })
    }
}

fn characters(bytes: &[u8], order: ByteOrder) -> impl Iterator<Item = Option<char>> {
    let (units, _) = bytes.as_chunks::<4>();
    units.iter().map(move |&unit| {
        char::from_u32(match order {
            ByteOrder::Big => u32::from_be_bytes(unit),
            _ => u32::from_le_bytes(unit),
        })
    })
}

impl fmt::Debug for Strings<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Strings({} of {} bytes, {:?})",
            self.len, self.size, self.encoding
        )
    }
}
