//! bzip2: a stream for each block; the CRCs are the backend's.

use super::{Direct, offset};

pub(super) struct Bz2;

impl Direct for Bz2 {
    fn name(&self) -> &'static str {
        "bz2"
    }

    fn mib(&self) -> usize {
        16
    }

    fn write(&self, plain: &[u8], _: usize, coded: &mut Vec<u8>) {
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
