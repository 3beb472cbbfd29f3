//! The built-in formats, one module each. They are registered like anybody else's.
//!
//! What a format is, and how it is recognised, is always compiled; its coders come with the cargo feature of
//! its name, so that a build without them still names what it cannot read.

/// The methods of [`Format`](crate::Format) that need the backend: those of the module `coder` beside, or, with the
/// cargo feature off, the error that says so.
macro_rules! coders {
    ($feature:tt $(, $part:ident)*) => {
        #[cfg(feature = $feature)]
        fn encoder(&self, options: &crate::EncodeOptions) -> crate::Result<Box<dyn crate::Encode>> {
            coder::encoder(options)
        }

        #[cfg(feature = $feature)]
        fn decoder(&self, options: &crate::DecodeOptions) -> crate::Result<Box<dyn crate::Decode>> {
            coder::decoder(options)
        }

        #[cfg(not(feature = $feature))]
        fn encoder(&self, _: &crate::EncodeOptions) -> crate::Result<Box<dyn crate::Encode>> {
            Err(crate::Error::feature_off($feature))
        }

        #[cfg(not(feature = $feature))]
        fn decoder(&self, _: &crate::DecodeOptions) -> crate::Result<Box<dyn crate::Decode>> {
            Err(crate::Error::feature_off($feature))
        }

        $(coders!(@$part $feature);)*
    };
    (@blocks $feature:tt) => {
        #[cfg(feature = $feature)]
        fn blocks(&self) -> Option<&dyn crate::Blocks> {
            Some(&coder::Pieces)
        }
    };
    (@pieces $feature:tt) => {
        #[cfg(feature = $feature)]
        fn scanner(&self, options: &crate::DecodeOptions) -> Option<Box<dyn crate::Scan>> {
            Some(coder::scanner(options))
        }
    };
    (@survey $feature:tt) => {
        #[cfg(feature = $feature)]
        fn survey(&self, options: &crate::DecodeOptions) -> Option<Box<dyn crate::seek::Survey>> {
            Some(coder::survey(options))
        }
    };
}

#[cfg(all(
    test,
    any(feature = "zlib", feature = "gzip", feature = "lz4", feature = "snappy")
))]
mod bare_blocks;
pub(crate) mod blosc;
mod bz2;
#[cfg(any(feature = "zlib", feature = "gzip"))]
mod deflate;
#[cfg(any(
    feature = "lz4",
    feature = "snappy",
    feature = "blosc",
    feature = "lzo",
    feature = "xz"
))]
mod gather;
mod gzip;
#[cfg(any(feature = "lz4", feature = "lzo"))]
mod header;
#[cfg(any(feature = "snappy", feature = "lzo"))]
mod headers;
#[cfg(any(feature = "zlib", feature = "gzip"))]
mod inflate;
#[cfg(any(feature = "lzma", feature = "xz"))]
mod liblzma;
mod lz4;
mod lzma;
mod lzo;
mod none;
#[cfg(any(feature = "lz4", feature = "snappy", feature = "lzo"))]
mod runs;
#[cfg(any(feature = "zlib", feature = "gzip"))]
mod segments;
mod skippable;
mod snappy;
#[cfg(all(
    test,
    any(feature = "lz4", feature = "snappy", feature = "blosc", feature = "lzo")
))]
mod testing;
#[cfg(any(feature = "zlib", feature = "gzip"))]
mod tuned;
mod xz;
mod zlib;
mod zstd;

use crate::compressor::Compressor;

/// All of them, in the order of detection.
pub(crate) fn builtin() -> Vec<Compressor> {
    vec![
        Compressor::new(none::None),
        Compressor::new(zlib::Zlib),
        Compressor::new(gzip::Gzip),
        Compressor::new(bz2::Bz2),
        Compressor::new(lzma::Lzma),
        Compressor::new(xz::Xz),
        Compressor::new(zstd::Zstd),
        Compressor::new(lz4::Lz4),
        Compressor::new(snappy::Snappy),
        Compressor::new(blosc::Blosc::new()),
        Compressor::new(lzo::Lzo),
    ]
}

#[cfg(test)]
mod tests {
    use crate::{ErrorKind, Registry};

    #[test]
    fn a_format_left_out_of_the_build_is_known_and_says_what_is_missing() {
        let built = |name| match name {
            "zlib" => cfg!(feature = "zlib"),
            "gzip" => cfg!(feature = "gzip"),
            "bz2" => cfg!(feature = "bz2"),
            "lzma" => cfg!(feature = "lzma"),
            "xz" => cfg!(feature = "xz"),
            "zstd" => cfg!(feature = "zstd"),
            "lz4" => cfg!(feature = "lz4"),
            "snappy" => cfg!(feature = "snappy"),
            "blosc" => cfg!(feature = "blosc"),
            "lzo" => cfg!(feature = "lzo"),
            _ => true,
        };
        for format in Registry::builtin().formats().iter() {
            let name = format.name();
            assert_eq!(format.is_available(), built(name), "{name}");
            if !built(name) {
                let error = format.compress(b"").unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Unsupported);
                assert!(
                    error.to_string().contains(&format!("feature `{name}`")),
                    "{error}"
                );
            }
        }
        // What a gzip file begins with is recognised by every build.
        let gzip = Registry::builtin().detect(b"\x1f\x8b\x08\x00").unwrap();
        assert_eq!(gzip.name(), "gzip");
    }
}
