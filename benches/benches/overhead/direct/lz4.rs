//! LZ4: a frame of independent blocks of 1 MiB, with the checksum of its content and not its size.

use std::hash::Hasher;

use lz4_flex::block::CompressTable;
use twox_hash::XxHash32;

use super::Direct;

const BLOCK: usize = 1 << 20;
/// In a block's header: its bytes are stored as they are.
const STORED: u32 = 1 << 31;

pub(super) struct Lz4;

impl Direct for Lz4 {
    fn name(&self) -> &'static str {
        "lz4"
    }

    fn write(&self, plain: &[u8], _: usize, coded: &mut Vec<u8>) {
        coded.extend_from_slice(&[0x04, 0x22, 0x4d, 0x18]);
        let descriptor = [0x64, 0x60];
        coded.extend_from_slice(&descriptor);
        coded.push(XxHash32::oneshot(0, &descriptor).to_le_bytes()[1]);
        let mut content = XxHash32::with_seed(0);
        let mut table = CompressTable::large();
        let mut room = vec![0; lz4_flex::block::get_maximum_output_size(BLOCK)];
        for block in plain.chunks(BLOCK) {
            let len = lz4_flex::block::compress_into_with_table(block, &mut room, &mut table)
                .expect("room for the longest");
            let (data, flag) = if len < block.len() {
                (&room[..len], 0)
            } else {
                (block, STORED)
            };
            let header = u32::try_from(data.len()).expect("1 MiB") | flag;
            coded.extend_from_slice(&header.to_le_bytes());
            coded.extend_from_slice(data);
            content.write(block);
        }
        coded.extend_from_slice(&[0; 4]);
        coded.extend_from_slice(&content.finish_32().to_le_bytes());
    }

    fn read(&self, coded: &[u8], plain: &mut [u8]) {
        let mut content = XxHash32::with_seed(0);
        let mut rest = &coded[7..];
        for block in plain.chunks_mut(BLOCK) {
            let header = word(&mut rest);
            let (data, behind) = rest.split_at(usize::try_from(header & !STORED).expect("1 MiB"));
            rest = behind;
            if header & STORED != 0 {
                block.copy_from_slice(data);
            } else {
                let len = lz4_flex::block::decompress_into(data, block).expect("a good block");
                assert_eq!(len, block.len());
            }
            content.write(block);
        }
        assert_eq!(word(&mut rest), 0, "the end mark");
        assert_eq!(word(&mut rest), content.finish_32());
    }
}

/// Takes a little-endian word off the front.
fn word(rest: &mut &[u8]) -> u32 {
    let (word, behind) = rest.split_first_chunk().expect("a whole frame");
    *rest = behind;
    u32::from_le_bytes(*word)
}
