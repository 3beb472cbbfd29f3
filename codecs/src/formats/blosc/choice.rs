//! What one can choose about chunks, beside the level.

use std::fmt;

/// The blosc format, with a say in what c-blosc calls the compressor and the shuffle.
///
/// The registry has it as the default: lz4, bytes shuffled. Any other is a format like that one, to be given to
/// [`Compressor::new`](crate::Compressor::new), or to [`Compressor::replace`](crate::Compressor::replace) to become the
/// one behind the name and the extensions. What one of them writes all of them read.
///
/// ```
/// use demijohn_codecs::blosc::{Blosc, Inner, Shuffle};
/// use demijohn_codecs::{Compressor, Options};
/// use std::io::Write;
///
/// # #[cfg(feature = "blosc")] {
/// let blosc = Compressor::new(Blosc::new().inner(Inner::Zstd).shuffle(Shuffle::Bit));
/// let mut writer = Options::new().element_size(2).writer(Vec::new(), (blosc, 7))?;
/// for depth in 0..30_000_u16 {
///     writer.write_all(&depth.to_le_bytes())?;
/// }
/// let (packed, summary) = writer.finish()?;
/// assert!(summary.compressed < 2_000);
/// assert_eq!(Compressor::by_name("blosc")?.decompress(&packed)?.len(), 60_000);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Blosc {
    pub(super) inner: Inner,
    pub(super) shuffle: Shuffle,
}

impl Blosc {
    /// The default: lz4, bytes shuffled.
    #[must_use]
    pub const fn new() -> Self {
        Blosc {
            inner: Inner::Lz4,
            shuffle: Shuffle::Byte,
        }
    }

    /// Codes blocks with that codec.
    #[must_use]
    pub const fn inner(mut self, inner: Inner) -> Self {
        self.inner = inner;
        self
    }

    /// Shuffles so before coding.
    #[must_use]
    pub const fn shuffle(mut self, shuffle: Shuffle) -> Self {
        self.shuffle = shuffle;
        self
    }
}

/// What codes the blocks of a chunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Inner {
    /// Blosc's own, akin to FastLZ.
    BloscLz,
    /// LZ4.
    #[default]
    Lz4,
    /// LZ4 with a thorough search; reads as fast.
    Lz4Hc,
    /// Snappy. Builds of c-blosc may lack it, python-blosc's and numcodecs' among them.
    Snappy,
    /// zlib.
    Zlib,
    /// Zstandard.
    Zstd,
}

/// How the bytes of elements are brought into another order before coding, so that like stands by like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Shuffle {
    /// Not at all.
    None,
    /// Bytes of the same significance together.
    #[default]
    Byte,
    /// Bits of the same significance together.
    Bit,
}

macro_rules! names {
    ($type:ident { $($variant:ident => $name:literal),* $(,)? }) => {
        impl $type {
            /// All of them.
            pub const ALL: &[$type] = &[$($type::$variant),*];

            /// Its name, as users type it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $($type::$variant => $name),* }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

// c-blosc's names.
names!(Inner {
    BloscLz => "blosclz",
    Lz4 => "lz4",
    Lz4Hc => "lz4hc",
    Snappy => "snappy",
    Zlib => "zlib",
    Zstd => "zstd",
});
names!(Shuffle { None => "none", Byte => "byte", Bit => "bit" });
