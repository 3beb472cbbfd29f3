//! Snappy: chunks of 64 KiB, each with its CRC-32C.

use super::Direct;

const CHUNK: usize = 64 << 10;
const COMPRESSED: u8 = 0;
const STORED: u8 = 1;

pub(super) struct Snappy;

impl Direct for Snappy {
    fn name(&self) -> &'static str {
        "snappy"
    }

    fn write(&self, plain: &[u8], _: usize, coded: &mut Vec<u8>) {
        coded.extend_from_slice(b"\xff\x06\0\0sNaPpY");
        let mut encoder = snap::raw::Encoder::new();
        let mut room = vec![0; snap::raw::max_compress_len(CHUNK)];
        for chunk in plain.chunks(CHUNK) {
            let len = encoder.compress(chunk, &mut room).expect("room for the longest");
            let (kind, data) = if len < chunk.len() - chunk.len() / 8 {
                (COMPRESSED, &room[..len])
            } else {
                (STORED, chunk)
            };
            let header = u32::try_from(4 + data.len()).expect("64 KiB") << 8 | u32::from(kind);
            coded.extend_from_slice(&header.to_le_bytes());
            coded.extend_from_slice(&masked_crc(chunk).to_le_bytes());
            coded.extend_from_slice(data);
        }
    }

    fn read(&self, coded: &[u8], plain: &mut [u8]) {
        let mut decoder = snap::raw::Decoder::new();
        let mut rest = &coded[10..];
        for chunk in plain.chunks_mut(CHUNK) {
            let header = u32::from_le_bytes(rest[..4].try_into().expect("four bytes"));
            let stored = u32::from_le_bytes(rest[4..8].try_into().expect("four bytes"));
            let (data, behind) = rest[4..].split_at(usize::try_from(header >> 8).expect("24 bits"));
            rest = behind;
            if header.to_le_bytes()[0] == STORED {
                chunk.copy_from_slice(&data[4..]);
            } else {
                let len = decoder.decompress(&data[4..], chunk).expect("a good chunk");
                assert_eq!(len, chunk.len());
            }
            assert_eq!(masked_crc(chunk), stored);
        }
        assert!(rest.is_empty());
    }
}

/// CRC-32C as the format stores it.
fn masked_crc(plain: &[u8]) -> u32 {
    crc32c::crc32c(plain).rotate_right(15).wrapping_add(0xa282_ead8)
}
