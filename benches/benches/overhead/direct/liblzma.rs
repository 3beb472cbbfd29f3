//! lzma and xz, both by liblzma.

use xz2::stream::{Action, Check, Filters, LzmaOptions, MtStreamBuilder, Status, Stream};

use super::{Direct, offset};

/// Gives a liblzma encoder everything.
fn lzma_write(mut stream: Stream, plain: &[u8], coded: &mut Vec<u8>) {
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
fn lzma_read(mut stream: Stream, coded: &[u8], plain: &mut [u8]) {
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

pub(super) struct Lzma;

impl Direct for Lzma {
    fn name(&self) -> &'static str {
        "lzma"
    }

    fn mib(&self) -> usize {
        8
    }

    fn write(&self, plain: &[u8], _: usize, coded: &mut Vec<u8>) {
        let options = LzmaOptions::new_preset(6).expect("a preset");
        let stream = Stream::new_lzma_encoder(&options).expect("memory suffices");
        lzma_write(stream, plain, coded);
    }

    fn read(&self, coded: &[u8], plain: &mut [u8]) {
        lzma_read(
            Stream::new_lzma_decoder(u64::MAX).expect("memory suffices"),
            coded,
            plain,
        );
    }
}

/// Blocks of 4 MiB with CRC64, by the encoder for several threads on one.
pub(super) struct Xz;

impl Direct for Xz {
    fn name(&self) -> &'static str {
        "xz"
    }

    fn mib(&self) -> usize {
        8
    }

    fn write(&self, plain: &[u8], _: usize, coded: &mut Vec<u8>) {
        const BLOCK: u32 = 4 << 20;
        let mut options = LzmaOptions::new_preset(6).expect("a preset");
        options.dict_size(BLOCK);
        let mut filters = Filters::new();
        filters.lzma2(&options);
        let stream = MtStreamBuilder::new()
            .threads(1)
            .block_size(BLOCK.into())
            .filters(filters)
            .check(Check::Crc64)
            .encoder()
            .expect("memory suffices");
        lzma_write(stream, plain, coded);
    }

    fn read(&self, coded: &[u8], plain: &mut [u8]) {
        let stream = Stream::new_stream_decoder(u64::MAX, 0).expect("memory suffices");
        lzma_read(stream, coded, plain);
    }
}
