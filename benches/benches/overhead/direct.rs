//! The backends called directly, on slices, doing what the formats of `demijohn-codecs` do at their defaults: the
//! same level, the same independent pieces, the same checksums.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};

/// A format without its file object.
pub(crate) trait Direct {
    /// The name of the format.
    fn name(&self) -> &'static str;

    /// How much data to take, in MiB, if the command line does not say: less for slow formats.
    fn mib(&self) -> usize {
        64
    }

    /// Appends the whole stream to `coded`.
    fn write(&self, plain: &[u8], coded: &mut Vec<u8>);

    /// Decodes a whole stream of exactly so many bytes and verifies what there is to verify.
    fn read(&self, coded: &[u8], plain: &mut [u8]);
}

/// All of them, the fast ones first.
pub(crate) fn all() -> Vec<Box<dyn Direct>> {
    vec![
        Box::new(Zstd),
        Box::new(Gzip),
        Box::new(Zlib),
        Box::new(Bz2),
        Box::new(Lzma),
        Box::new(Xz),
    ]
}

/// Plain bytes between two updates of a checksum: few enough that they are still in the cache.
const STRIDE: usize = 256 << 10;

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

fn offset(total: u64) -> usize {
    usize::try_from(total).expect("within the slice")
}

struct Gzip;

impl Direct for Gzip {
    fn name(&self) -> &'static str {
        "gzip"
    }

    fn write(&self, plain: &[u8], coded: &mut Vec<u8>) {
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

struct Zlib;

impl Direct for Zlib {
    fn name(&self) -> &'static str {
        "zlib"
    }

    fn write(&self, plain: &[u8], coded: &mut Vec<u8>) {
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

/// A stream for each block; the CRCs are the backend's.
struct Bz2;

impl Direct for Bz2 {
    fn name(&self) -> &'static str {
        "bz2"
    }

    fn mib(&self) -> usize {
        16
    }

    fn write(&self, plain: &[u8], coded: &mut Vec<u8>) {
        for block in plain.chunks(9 * 99_000) {
            let mut compress = bzip2::Compress::new(bzip2::Compression::new(9), 0);
            coded.reserve(block.len() + block.len() / 100 + 600);
            let status = compress
                .compress_vec(block, coded, bzip2::Action::Finish)
                .expect("memory suffices");
            assert_eq!(status, bzip2::Status::StreamEnd, "one call does it");
        }
    }

    fn read(&self, coded: &[u8], plain: &mut [u8]) {
        let (mut taken, mut filled) = (0, 0);
        while taken < coded.len() {
            let mut decompress = bzip2::Decompress::new(false);
            let status = decompress
                .decompress(&coded[taken..], &mut plain[filled..])
                .expect("a good stream");
            taken += offset(decompress.total_in());
            filled += offset(decompress.total_out());
            if status != bzip2::Status::StreamEnd {
                // The plain bytes are all there, but the end of the last stream is still to be read.
                let status = decompress
                    .decompress(&coded[taken..], &mut [0])
                    .expect("a good stream");
                assert_eq!(status, bzip2::Status::StreamEnd);
                taken = coded.len();
            }
        }
        assert_eq!(filled, plain.len());
    }
}

/// Gives a liblzma encoder everything.
fn lzma_write(mut stream: xz2::stream::Stream, plain: &[u8], coded: &mut Vec<u8>) {
    use xz2::stream::{Action, Status};
    let mut taken = 0;
    loop {
        coded.reserve(plain.len() / 8 + 4096);
        let action = if taken < plain.len() {
            Action::Run
        } else {
            Action::Finish
        };
        let status = stream
            .process_vec(&plain[taken..], coded, action)
            .expect("memory suffices");
        taken = offset(stream.total_in());
        if status == Status::StreamEnd {
            break;
        }
    }
}

/// Takes everything from a liblzma decoder.
fn lzma_read(mut stream: xz2::stream::Stream, coded: &[u8], plain: &mut [u8]) {
    use xz2::stream::{Action, Status};
    loop {
        let (taken, filled) = (offset(stream.total_in()), offset(stream.total_out()));
        let status = if filled < plain.len() {
            stream.process(&coded[taken..], &mut plain[filled..], Action::Run)
        } else {
            stream.process(&coded[taken..], &mut [0], Action::Finish)
        };
        if status.expect("a good stream") == Status::StreamEnd {
            break;
        }
    }
    assert_eq!(stream.total_out(), plain.len() as u64);
}

struct Lzma;

impl Direct for Lzma {
    fn name(&self) -> &'static str {
        "lzma"
    }

    fn mib(&self) -> usize {
        8
    }

    fn write(&self, plain: &[u8], coded: &mut Vec<u8>) {
        let options = xz2::stream::LzmaOptions::new_preset(6).expect("a preset");
        let stream = xz2::stream::Stream::new_lzma_encoder(&options).expect("memory suffices");
        lzma_write(stream, plain, coded);
    }

    fn read(&self, coded: &[u8], plain: &mut [u8]) {
        lzma_read(
            xz2::stream::Stream::new_lzma_decoder(u64::MAX).expect("memory suffices"),
            coded,
            plain,
        );
    }
}

/// Blocks of 4 MiB with CRC64, by the encoder for several threads on one.
struct Xz;

impl Direct for Xz {
    fn name(&self) -> &'static str {
        "xz"
    }

    fn mib(&self) -> usize {
        8
    }

    fn write(&self, plain: &[u8], coded: &mut Vec<u8>) {
        const BLOCK: u32 = 4 << 20;
        let mut options = xz2::stream::LzmaOptions::new_preset(6).expect("a preset");
        options.dict_size(BLOCK);
        let mut filters = xz2::stream::Filters::new();
        filters.lzma2(&options);
        let stream = xz2::stream::MtStreamBuilder::new()
            .threads(1)
            .block_size(BLOCK.into())
            .filters(filters)
            .check(xz2::stream::Check::Crc64)
            .encoder()
            .expect("memory suffices");
        lzma_write(stream, plain, coded);
    }

    fn read(&self, coded: &[u8], plain: &mut [u8]) {
        let stream = xz2::stream::Stream::new_stream_decoder(u64::MAX, 0).expect("memory suffices");
        lzma_read(stream, coded, plain);
    }
}

/// One frame with checksum, jobs of 4 MiB on one worker.
struct Zstd;

impl Direct for Zstd {
    fn name(&self) -> &'static str {
        "zstd"
    }

    fn write(&self, plain: &[u8], coded: &mut Vec<u8>) {
        use zstd_safe::zstd_sys::ZSTD_EndDirective::{ZSTD_e_continue, ZSTD_e_end};
        use zstd_safe::{CCtx, CParameter, InBuffer, OutBuffer};
        let mut context = CCtx::create();
        for parameter in [
            CParameter::CompressionLevel(3),
            CParameter::ChecksumFlag(true),
            CParameter::NbWorkers(1),
            CParameter::JobSize(4 << 20),
        ] {
            context.set_parameter(parameter).expect("a good parameter");
        }
        coded.reserve(zstd_safe::compress_bound(plain.len()));
        let mut input = InBuffer::around(plain);
        let at = coded.len();
        let mut output = OutBuffer::around_pos(coded, at);
        loop {
            let all = input.pos() == plain.len();
            let directive = if all { ZSTD_e_end } else { ZSTD_e_continue };
            let left = context
                .compress_stream2(&mut output, &mut input, directive)
                .expect("memory suffices");
            if all && left == 0 {
                break;
            }
        }
    }

    fn read(&self, coded: &[u8], plain: &mut [u8]) {
        use zstd_safe::{DCtx, InBuffer, OutBuffer};
        let mut context = DCtx::create();
        let mut input = InBuffer::around(coded);
        let mut output = OutBuffer::around(plain);
        while context
            .decompress_stream(&mut output, &mut input)
            .expect("a good stream")
            > 0
        {}
        assert_eq!(input.pos(), coded.len());
    }
}
