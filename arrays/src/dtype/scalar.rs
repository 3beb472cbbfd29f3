//! The plain number types and the order of their bytes.

/// In which order the bytes of one number stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ByteOrder {
    /// Least significant byte first: numpy's `<`.
    Little,
    /// Most significant byte first: numpy's `>`.
    Big,
    /// The element has no byte order, as single bytes and strings of bytes: numpy's `|`.
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

/// The plain number types, which this crate can show as Rust's.
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
    pub(super) const fn unit(self) -> usize {
        match self {
            Self::Complex64 | Self::Complex128 => self.size() / 2,
            _ => self.size(),
        }
    }

    pub(super) fn from_code(code: &str) -> Option<Self> {
        // `?` is how numpy prints booleans inside of structs.
        let code = if code == "?" { "b1" } else { code };
        Self::ALL.into_iter().find(|s| s.code() == code)
    }
}
