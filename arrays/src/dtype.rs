//! What one element is, in numpy's words.

use std::fmt;
use std::str::FromStr;

use crate::{Element, Error, Result};

/// In which order the bytes of one number stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ByteOrder {
    /// Least significant byte first: numpy's `<`.
    Little,
    /// Most significant byte first: numpy's `>`.
    Big,
    /// The element is a single byte: numpy's `|`.
    NotApplicable,
}

impl ByteOrder {
    /// The order of the machine that runs this program.
    pub const NATIVE: Self = if cfg!(target_endian = "big") {
        Self::Big
    } else {
        Self::Little
    };

    /// numpy's character for it: `<`, `>` or `|`.
    #[must_use]
    pub const fn symbol(self) -> char {
        match self {
            Self::Little => '<',
            Self::Big => '>',
            Self::NotApplicable => '|',
        }
    }
}

/// The plain number types.
///
/// More will come (text, dates, records), hence `non_exhaustive`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs)] // The names say it all.
pub enum Scalar {
    Bool,
    Int8,
    Int16,
    Int32,
    Int64,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    Float16,
    Float32,
    Float64,
    /// Two `f32`: real part, imaginary part.
    Complex64,
    /// Two `f64`: real part, imaginary part.
    Complex128,
}

impl Scalar {
    /// All of them, in numpy's order of kinds.
    pub const ALL: [Self; 14] = [
        Self::Bool,
        Self::Int8,
        Self::Int16,
        Self::Int32,
        Self::Int64,
        Self::Uint8,
        Self::Uint16,
        Self::Uint32,
        Self::Uint64,
        Self::Float16,
        Self::Float32,
        Self::Float64,
        Self::Complex64,
        Self::Complex128,
    ];

    /// numpy's code without byte order: kind letter and size in bytes, for example `f8`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Bool => "b1",
            Self::Int8 => "i1",
            Self::Int16 => "i2",
            Self::Int32 => "i4",
            Self::Int64 => "i8",
            Self::Uint8 => "u1",
            Self::Uint16 => "u2",
            Self::Uint32 => "u4",
            Self::Uint64 => "u8",
            Self::Float16 => "f2",
            Self::Float32 => "f4",
            Self::Float64 => "f8",
            Self::Complex64 => "c8",
            Self::Complex128 => "c16",
        }
    }

    /// numpy's name for it, for example `float64`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int8 => "int8",
            Self::Int16 => "int16",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Uint8 => "uint8",
            Self::Uint16 => "uint16",
            Self::Uint32 => "uint32",
            Self::Uint64 => "uint64",
            Self::Float16 => "float16",
            Self::Float32 => "float32",
            Self::Float64 => "float64",
            Self::Complex64 => "complex64",
            Self::Complex128 => "complex128",
        }
    }

    /// Size of one element in bytes.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::Bool | Self::Int8 | Self::Uint8 => 1,
            Self::Int16 | Self::Uint16 | Self::Float16 => 2,
            Self::Int32 | Self::Uint32 | Self::Float32 => 4,
            Self::Int64 | Self::Uint64 | Self::Float64 | Self::Complex64 => 8,
            Self::Complex128 => 16,
        }
    }

    /// Size in bytes of the piece that byte order applies to: half of a complex number, otherwise the element.
    const fn swap_unit(self) -> usize {
        match self {
            Self::Complex64 | Self::Complex128 => self.size() / 2,
            _ => self.size(),
        }
    }

    fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.code() == code)
    }
}

/// The type of an array's elements: numpy's `dtype`.
///
/// It is parsed from and printed as numpy's [type string](https://numpy.org/doc/stable/reference/arrays.interface.html):
/// byte order, kind letter, size in bytes.
///
/// ```
/// use demijohn_arrays::{ByteOrder, DType, Scalar};
///
/// let dtype: DType = ">i4".parse()?;
/// assert_eq!((dtype.scalar(), dtype.byte_order(), dtype.itemsize()), (Scalar::Int32, ByteOrder::Big, 4));
/// assert_eq!(dtype.to_string(), ">i4");
/// # Ok::<(), demijohn_arrays::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DType {
    scalar: Scalar,
    order: ByteOrder,
}

impl DType {
    /// A scalar type in this machine's byte order.
    #[must_use]
    pub const fn new(scalar: Scalar) -> Self {
        Self::with_order(scalar, ByteOrder::NATIVE)
    }

    /// A scalar type in the given byte order.
    ///
    /// Single bytes have no order: whatever is given for them becomes [`ByteOrder::NotApplicable`], and where that
    /// is given for a wider number, this machine's order is taken, as numpy does.
    #[must_use]
    pub const fn with_order(scalar: Scalar, order: ByteOrder) -> Self {
        let order = match (scalar.size(), order) {
            (1, _) => ByteOrder::NotApplicable,
            (_, ByteOrder::NotApplicable) => ByteOrder::NATIVE,
            (_, order) => order,
        };
        Self { scalar, order }
    }

    /// The dtype of a Rust type.
    #[must_use]
    pub fn of<T: Element>() -> Self {
        Self::new(T::SCALAR)
    }

    /// What the elements are, byte order apart.
    #[must_use]
    pub const fn scalar(&self) -> Scalar {
        self.scalar
    }

    /// In which order the bytes of an element stand.
    #[must_use]
    pub const fn byte_order(&self) -> ByteOrder {
        self.order
    }

    /// Size of one element in bytes.
    #[must_use]
    pub const fn itemsize(&self) -> usize {
        self.scalar.size()
    }

    /// Whether this machine computes with these bytes as they are.
    #[must_use]
    pub fn is_native(&self) -> bool {
        matches!(self.order, ByteOrder::NATIVE | ByteOrder::NotApplicable)
    }

    /// The same type in this machine's byte order.
    #[must_use]
    pub const fn to_native(&self) -> Self {
        Self::new(self.scalar)
    }

    /// numpy's code without byte order, for example `f8`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.scalar.code()
    }

    /// Reverses the bytes of every number in `bytes`, which holds whole elements of this type.
    pub(crate) fn swap_bytes(&self, bytes: &mut [u8]) {
        // One arm per width lets the compiler turn each into vector shuffles.
        fn reverse<const N: usize>(bytes: &mut [u8]) {
            bytes
                .as_chunks_mut::<N>()
                .0
                .iter_mut()
                .for_each(|unit| unit.reverse());
        }
        match self.scalar.swap_unit() {
            2 => reverse::<2>(bytes),
            4 => reverse::<4>(bytes),
            8 => reverse::<8>(bytes),
            _ => {}
        }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.order.symbol(), self.code())
    }
}

impl fmt::Debug for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DType({self})")
    }
}

impl FromStr for DType {
    type Err = Error;

    /// Parses a numpy type string: `<f8`, `|b1`, `>c16`, `=i4`, or without byte order (`f8`), which means native.
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported), naming the type, for numpy's other types;
    /// [`Corrupt`](crate::ErrorKind::Corrupt) for what is no type string at all.
    fn from_str(text: &str) -> Result<Self> {
        let (order, code) = match text.as_bytes().first() {
            Some(b'<') => (ByteOrder::Little, &text[1..]),
            Some(b'>') => (ByteOrder::Big, &text[1..]),
            Some(b'|' | b'=') => (ByteOrder::NotApplicable, &text[1..]),
            _ => (ByteOrder::NotApplicable, text),
        };
        if let Some(scalar) = Scalar::from_code(code) {
            return Ok(Self::with_order(scalar, order));
        }
        let size = code.get(1..).unwrap_or_default();
        let what = match code.as_bytes().first() {
            Some(b'O') => "Python objects",
            Some(b'S' | b'a') => "byte strings",
            Some(b'U') => "text",
            Some(b'V') => "records or raw bytes",
            Some(b'M') => "dates",
            Some(b'm') => "time differences",
            Some(b'T') => "variable-width text",
            Some(b'f' | b'g') if matches!(size, "16" | "12" | "10") => "long doubles",
            Some(b'c' | b'G') if matches!(size, "32" | "24" | "20") => "complex long doubles",
            _ => return Err(Error::corrupt(format!("{text:?} is not a numpy type string"))),
        };
        Err(Error::unsupported(format!(
            "arrays of {what} ({text:?}) are not supported"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn every_scalar_prints_and_parses_in_both_orders() {
        for scalar in Scalar::ALL {
            for order in [ByteOrder::Little, ByteOrder::Big] {
                let dtype = DType::with_order(scalar, order);
                assert_eq!(dtype.to_string().parse::<DType>().unwrap(), dtype);
            }
        }
        assert_eq!(
            DType::with_order(Scalar::Float64, ByteOrder::Little).to_string(),
            "<f8"
        );
        assert_eq!(DType::with_order(Scalar::Bool, ByteOrder::Big).to_string(), "|b1");
        assert_eq!(
            DType::with_order(Scalar::Complex128, ByteOrder::Big).to_string(),
            ">c16"
        );
    }

    #[test]
    fn order_may_be_left_out_or_native() {
        for text in ["i4", "=i4", "|i4"] {
            assert_eq!(
                text.parse::<DType>().unwrap(),
                DType::new(Scalar::Int32),
                "{text}"
            );
        }
        assert_eq!("<u1".parse::<DType>().unwrap().to_string(), "|u1");
    }

    #[test]
    fn other_numpy_types_are_named_and_nonsense_is_corrupt() {
        for (text, kind, word) in [
            ("|O", ErrorKind::Unsupported, "objects"),
            ("|S5", ErrorKind::Unsupported, "byte strings"),
            ("<U3", ErrorKind::Unsupported, "text"),
            ("|V8", ErrorKind::Unsupported, "records"),
            ("<M8[ns]", ErrorKind::Unsupported, "dates"),
            ("<m8[D]", ErrorKind::Unsupported, "time"),
            ("<f16", ErrorKind::Unsupported, "long doubles"),
            ("<c32", ErrorKind::Unsupported, "complex long"),
            ("<f7", ErrorKind::Corrupt, "type string"),
            ("", ErrorKind::Corrupt, "type string"),
            ("<", ErrorKind::Corrupt, "type string"),
            ("é8", ErrorKind::Corrupt, "type string"),
        ] {
            let error = text.parse::<DType>().unwrap_err();
            assert_eq!(error.kind(), kind, "{text}");
            assert!(error.to_string().contains(word), "{text}: {error}");
        }
    }

    #[test]
    fn swapping_reverses_numbers_and_halves_of_complex_numbers() {
        let mut bytes: Vec<u8> = (0..16).collect();
        DType::new(Scalar::Int32).swap_bytes(&mut bytes);
        assert_eq!(bytes, [3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12]);
        let mut bytes: Vec<u8> = (0..16).collect();
        DType::new(Scalar::Complex128).swap_bytes(&mut bytes);
        assert_eq!(bytes, [7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8]);
        let mut bytes = vec![1, 2];
        DType::new(Scalar::Uint8).swap_bytes(&mut bytes);
        assert_eq!(bytes, [1, 2]);
    }
}
