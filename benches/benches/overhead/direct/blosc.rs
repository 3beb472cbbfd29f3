//! Blosc: c-blosc on chunks of 1 MiB, lz4 at level 5 with bytes shuffled, each chunk with its Adler-32.
//!
//! A chunk is made in a buffer and goes from there to the sink, as it must where the sink is a file. The container's head
//! is not made. Decoding here is c-blosc's, not the one under test.

use super::Direct;

const CHUNK: usize = 1 << 20;
const LEVEL: i32 = 5;
const SHUFFLE_BYTES: i32 = 1;
/// Bytes that a chunk may take beyond its plain ones.
const OVERHEAD: usize = 16;

pub(super) struct Blosc;

impl Direct for Blosc {
    fn name(&self) -> &'static str {
        "blosc"
    }

    fn makes_our_bytes(&self) -> bool {
        false
    }

    fn write(&self, plain: &[u8], element_size: usize, coded: &mut Vec<u8>) {
        let mut room = vec![0; CHUNK + OVERHEAD];
        for chunk in plain.chunks(CHUNK) {
            // SAFETY: `chunk` is readable and `room` writable for the lengths given; the name ends with NUL.
            let len = unsafe {
                blosc_src::blosc_compress_ctx(
                    LEVEL,
                    SHUFFLE_BYTES,
                    element_size,
                    chunk.len(),
                    chunk.as_ptr().cast(),
                    room.as_mut_ptr().cast(),
                    room.len(),
                    c"lz4".as_ptr(),
                    0,
                    1,
                )
            };
            let made = &room[..usize::try_from(len).expect("c-blosc compresses")];
            coded.extend_from_slice(made);
            let sum = simd_adler32::adler32(&made);
            coded.extend_from_slice(&sum.to_le_bytes());
        }
    }

    fn read(&self, coded: &[u8], plain: &mut [u8]) {
        let mut rest = coded;
        for chunk in plain.chunks_mut(CHUNK) {
            let mut expected = 0;
            let len = u32::from_le_bytes(rest[12..16].try_into().expect("four bytes"));
            let (data, behind) = rest.split_at(usize::try_from(len).expect("32 bits"));
            let (sum, behind) = behind.split_at(4);
            assert_eq!(simd_adler32::adler32(&data).to_le_bytes(), sum);
            // SAFETY: `data` is readable for its length, and `expected` is where the answer goes.
            let status = unsafe {
                blosc_src::blosc_cbuffer_validate(data.as_ptr().cast(), data.len(), &raw mut expected)
            };
            assert!(status == 0 && expected == chunk.len());
            // SAFETY: the chunk has been validated, and `chunk` has room for what it holds.
            let len = unsafe {
                blosc_src::blosc_decompress_ctx(
                    data.as_ptr().cast(),
                    chunk.as_mut_ptr().cast(),
                    chunk.len(),
                    1,
                )
            };
            assert_eq!(usize::try_from(len), Ok(chunk.len()));
            rest = behind;
        }
        assert!(rest.is_empty());
    }
}
