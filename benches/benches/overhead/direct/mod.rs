//! The backends called directly, on slices, doing what the formats of `demijohn-codecs` do at their defaults: the
//! same level, the same independent pieces, the same checksums. One module a backend; [`all`] lists them.

mod blosc;
mod bz2;
mod deflate;
mod liblzma;
mod lz4;
mod snappy;
mod zstd;

/// A format without its file object.
pub(crate) trait Direct {
    /// The name of the format.
    fn name(&self) -> &'static str;

    /// How much data to take, in MiB, if the command line does not say: less for slow formats.
    fn mib(&self) -> usize {
        64
    }

    /// Are its bytes ours, as they are wherever backend and level are the same? If not, it is another implementation of
    /// the format.
    fn makes_our_bytes(&self) -> bool {
        true
    }

    /// Appends the whole stream to `coded`; the data is an array of elements of that size.
    fn write(&self, plain: &[u8], element_size: usize, coded: &mut Vec<u8>);

    /// Decodes a whole stream of exactly so many bytes and verifies what there is to verify.
    fn read(&self, coded: &[u8], plain: &mut [u8]);
}

/// All of them, the fast ones first.
pub(crate) fn all() -> Vec<Box<dyn Direct>> {
    vec![
        Box::new(lz4::Lz4),
        Box::new(snappy::Snappy),
        Box::new(blosc::Blosc),
        Box::new(zstd::Zstd),
        Box::new(deflate::Gzip),
        Box::new(deflate::Zlib),
        Box::new(bz2::Bz2),
        Box::new(liblzma::Lzma),
        Box::new(liblzma::Xz),
    ]
}

/// Plain bytes between two updates of a checksum: few enough that they are still in the cache.
const STRIDE: usize = 256 << 10;

fn offset(total: u64) -> usize {
    usize::try_from(total).expect("within the slice")
}
