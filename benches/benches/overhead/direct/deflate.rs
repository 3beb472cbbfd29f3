//! zlib and gzip: segments of 1 MiB, each compressed apart, and a checksum over all of them.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};

use super::{Direct, STRIDE, offset};

/// Deflate in segments of 1 MiB, each compressed apart; `sum` sees the plain bytes of each.
fn deflate(plain: &[u8], coded: &mut Vec<u8>, mut sum: impl FnMut(&[u8])) {
    let mut compress = Compress::new(Compression::new(3), false);
    let mut segments = plain.chunks(1 << 20).peekable();
    // The last segment holds what is left, which here is nothing: the input is a number of whole ones.
    while let Some(segment) = segments.next().or(Some(&[][..])) {
        let flush = if segment.is_empty() {
            FlushCompress::Finish
        } else {
            FlushCompress::Sync
        };
        compress.reset();
        coded.reserve(segment.len() + segment.len() / 4096 + 64);
        let status = compress
            .compress_vec(segment, coded, flush)
            .expect("memory suffices");
        assert_eq!(compress.total_in(), segment.len() as u64, "one call does it");
        sum(segment);
        if status == flate2::Status::StreamEnd {
            break;
        }
    }
}

/// Raw inflate of exactly `plain.len()` bytes; gives the length of the deflate stream.
fn inflate(coded: &[u8], plain: &mut [u8], mut sum: impl FnMut(&[u8])) -> usize {
    let mut inflate = Decompress::new(false);
    for piece in plain.chunks_mut(STRIDE) {
        let mut filled = 0;
        while filled < piece.len() {
            let before = inflate.total_out();
            let rest = &coded[offset(inflate.total_in())..];
            inflate
                .decompress(rest, &mut piece[filled..], FlushDecompress::None)
                .expect("a good stream");
            filled += offset(inflate.total_out() - before);
        }
        sum(piece);
    }
    let rest = &coded[offset(inflate.total_in())..];
    let status = inflate
        .decompress(rest, &mut [0], FlushDecompress::None)
        .expect("a good stream");
    assert_eq!(status, flate2::Status::StreamEnd);
    offset(inflate.total_in())
}

pub(super) struct Gzip;

impl Direct for Gzip {
    fn name(&self) -> &'static str {
        "gzip"
    }

    fn write(&self, plain: &[u8], _: usize, coded: &mut Vec<u8>) {
        coded.extend_from_slice(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
        let mut crc = crc32fast::Hasher::new();
        deflate(plain, coded, |segment| crc.update(segment));
        let len = u32::try_from(plain.len()).expect("below 4 GiB");
        coded.extend_from_slice(&crc.finalize().to_le_bytes());
        coded.extend_from_slice(&len.to_le_bytes());
    }

    fn read(&self, coded: &[u8], plain: &mut [u8]) {
        let mut crc = crc32fast::Hasher::new();
        let body = &coded[10..];
        let trailer = &body[inflate(body, plain, |piece| crc.update(piece))..];
        assert_eq!(trailer[..4], crc.finalize().to_le_bytes());
    }
}

pub(super) struct Zlib;

impl Direct for Zlib {
    fn name(&self) -> &'static str {
        "zlib"
    }

    fn write(&self, plain: &[u8], _: usize, coded: &mut Vec<u8>) {
        coded.extend_from_slice(&[0x78, 0x5e]);
        let mut adler = simd_adler32::Adler32::new();
        deflate(plain, coded, |segment| adler.write(segment));
        coded.extend_from_slice(&adler.finish().to_be_bytes());
    }

    fn read(&self, coded: &[u8], plain: &mut [u8]) {
        let mut adler = simd_adler32::Adler32::new();
        let body = &coded[2..];
        let trailer = &body[inflate(body, plain, |piece| adler.write(piece))..];
        assert_eq!(trailer, adler.finish().to_be_bytes());
    }
}
