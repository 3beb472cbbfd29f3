//! The built-in formats, one module each. They are registered like anybody else's.
//!
//! What a format is, and how it is recognised, is always compiled; its coders come with the cargo feature of
//! its name, so that a build without them still names what it cannot read.

mod bz2;
#[cfg(any(feature = "zlib", feature = "gzip"))]
mod deflate;
mod gzip;
#[cfg(any(feature = "lzma", feature = "xz"))]
mod liblzma;
mod lzma;
mod none;
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
    ]
}
