//! Zstandard: one frame with checksum, jobs of 4 MiB on one worker.

use zstd_safe::zstd_sys::ZSTD_EndDirective::{ZSTD_e_continue, ZSTD_e_end};
use zstd_safe::{CCtx, CParameter, DCtx, InBuffer, OutBuffer};

use super::Direct;

pub(super) struct Zstd;

impl Direct for Zstd {
    fn name(&self) -> &'static str {
        "zstd"
    }

    fn write(&self, plain: &[u8], _: usize, coded: &mut Vec<u8>) {
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
