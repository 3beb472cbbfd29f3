//! A plain writer of chunks and files, by the specification.

use flate2::{Compress, Compression, FlushCompress};

use super::super::chunk::{BIT_SHUFFLE, BYTE_SHUFFLE, Codec, Filter, NOT_SPLIT, STORED};

pub(in super::super) const CODECS: [Codec; 5] = [
    Codec::Blosclz,
    Codec::Lz4,
    Codec::Snappy,
    Codec::Zlib,
    Codec::Zstd,
];

/// Bytes that compress, with some noise.
pub(in super::super) fn plain(len: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 16
    };
    let mut value = 1000_u32;
    let mut bytes = Vec::with_capacity(len + 4);
    while bytes.len() < len {
        value = value.wrapping_add(noise() % 17);
        bytes.extend_from_slice(&value.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// A block as the filter leaves it, by the definition.
pub(in super::super) fn shuffled(filter: Filter, typesize: usize, plain: &[u8]) -> Vec<u8> {
    let mut block = plain.to_vec();
    let n = plain.len() / typesize;
    for i in 0..n {
        for j in 0..typesize {
            let byte = plain[i * typesize + j];
            match filter {
                Filter::None => {}
                Filter::Bytes => block[j * n + i] = byte,
                Filter::Bits => {
                    for k in 0..8 {
                        let at = (8 * j + k) * (n / 8) + i / 8;
                        let bit = 1 << (i % 8);
                        if byte >> k & 1 == 0 {
                            block[at] &= !bit;
                        } else {
                            block[at] |= bit;
                        }
                    }
                }
            }
        }
    }
    block
}

/// How to write a chunk.
#[derive(Clone, Debug)]
pub(super) struct Chunk {
    pub(super) codec: Codec,
    pub(super) filter: Filter,
    pub(super) typesize: usize,
    pub(super) blocksize: usize,
    pub(super) split: bool,
    pub(super) stored: bool,
    /// The blocks as they lie in the chunk; in order if empty.
    pub(super) order: Vec<usize>,
    /// Bytes between them.
    pub(super) gap: usize,
}

impl Default for Chunk {
    fn default() -> Self {
        Chunk {
            codec: Codec::Lz4,
            filter: Filter::None,
            typesize: 1,
            blocksize: 4096,
            split: false,
            stored: false,
            order: Vec::new(),
            gap: 0,
        }
    }
}

impl Chunk {
    pub(super) fn code(&self, plain: &[u8]) -> Vec<u8> {
        let number = CODECS.iter().position(|codec| *codec == self.codec).unwrap();
        let mut flags = u8::try_from(number << 5).unwrap();
        flags |= match self.filter {
            Filter::None => 0,
            Filter::Bytes => BYTE_SHUFFLE,
            Filter::Bits => BIT_SHUFFLE,
        };
        flags |= if self.split { 0 } else { NOT_SPLIT };
        flags |= if self.stored { STORED } else { 0 };
        // As the reference implementation: whole elements, unless there is not one.
        let mut blocksize = self.blocksize.min(plain.len());
        if blocksize > self.typesize {
            blocksize -= blocksize % self.typesize;
        }
        let mut body = Vec::new();
        if self.stored {
            body.extend_from_slice(plain);
        } else if !plain.is_empty() {
            let blocks: Vec<Vec<u8>> = plain
                .chunks(blocksize)
                .map(|block| self.block(block, blocksize))
                .collect();
            let in_order = (0..blocks.len()).collect();
            let order = if self.order.is_empty() {
                &in_order
            } else {
                &self.order
            };
            assert_eq!(order.len(), blocks.len());
            let mut starts = vec![0; blocks.len()];
            let mut coded = Vec::new();
            for &i in order {
                coded.extend(vec![0xee; self.gap]);
                starts[i] = 16 + 4 * blocks.len() + coded.len();
                coded.extend_from_slice(&blocks[i]);
            }
            body.extend(starts.into_iter().flat_map(word));
            body.extend(coded);
        }
        let mut chunk = vec![2, 1, flags, u8::try_from(self.typesize).unwrap()];
        for length in [plain.len(), blocksize, 16 + body.len()] {
            chunk.extend_from_slice(&word(length));
        }
        chunk.extend(body);
        chunk
    }

    /// The splits of a block.
    fn block(&self, plain: &[u8], blocksize: usize) -> Vec<u8> {
        let splits = if self.split
            && self.typesize <= 16
            && blocksize / self.typesize >= 128
            && plain.len() == blocksize
            && blocksize.is_multiple_of(self.typesize)
        {
            self.typesize
        } else {
            1
        };
        let filter = match self.filter {
            Filter::Bits if !(plain.len() / self.typesize).is_multiple_of(8) => Filter::None,
            filter => filter,
        };
        let block = shuffled(filter, self.typesize, plain);
        let mut coded = Vec::new();
        for split in block.chunks(plain.len() / splits) {
            let mut data = code(self.codec, split);
            if data.len() >= split.len() {
                data = split.to_vec();
            }
            coded.extend_from_slice(&word(data.len()));
            coded.extend_from_slice(&data);
        }
        coded
    }
}

pub(super) fn word(n: usize) -> [u8; 4] {
    u32::try_from(n).unwrap().to_le_bytes()
}

fn code(codec: Codec, plain: &[u8]) -> Vec<u8> {
    match codec {
        Codec::Blosclz => blosclz(plain),
        Codec::Lz4 => lz4_flex::block::compress(plain),
        Codec::Snappy => snap::raw::Encoder::new().compress_vec(plain).unwrap(),
        Codec::Zlib => {
            let mut out = Vec::with_capacity(plain.len() + 100);
            let mut compress = Compress::new(Compression::new(6), true);
            let status = compress
                .compress_vec(plain, &mut out, FlushCompress::Finish)
                .unwrap();
            assert_eq!(status, flate2::Status::StreamEnd);
            out
        }
        Codec::Zstd => {
            let mut out = Vec::with_capacity(zstd_safe::compress_bound(plain.len()));
            zstd_safe::compress(&mut out, plain, 3).unwrap();
            out
        }
    }
}

/// Literals, and matches with what begins with the same four bytes.
fn blosclz(plain: &[u8]) -> Vec<u8> {
    let mut coded = Vec::new();
    let mut seen = std::collections::HashMap::new();
    let mut literals = 0;
    let mut at = 0;
    let flush = |coded: &mut Vec<u8>, literals: &[u8]| {
        for run in literals.chunks(32) {
            coded.push(u8::try_from(run.len() - 1).unwrap());
            coded.extend_from_slice(run);
        }
    };
    while at < plain.len() {
        let before = plain[at..]
            .first_chunk::<4>()
            .and_then(|four| seen.insert(*four, at));
        // The data has to begin with a literal.
        let Some(before) = before.filter(|before| at - before < 8191) else {
            at += 1;
            continue;
        };
        flush(&mut coded, &plain[literals..at]);
        let len = (at..plain.len())
            .take_while(|i| plain[*i] == plain[*i - (at - before)])
            .count();
        let (distance, rest) = (at - before - 1, len - 3);
        coded.push(u8::try_from((rest.min(6) + 1) << 5 | distance >> 8).unwrap());
        if rest >= 6 {
            coded.extend(vec![255; (rest - 6) / 255]);
            coded.push(u8::try_from((rest - 6) % 255).unwrap());
        }
        coded.push(u8::try_from(distance & 255).unwrap());
        at += len;
        literals = at;
    }
    flush(&mut coded, &plain[literals..]);
    coded
}

/// How to write a file.
#[derive(Clone, Debug)]
pub(super) struct Pack {
    pub(super) chunk: Chunk,
    pub(super) checksum: u8,
    pub(super) chunk_size: usize,
    /// How many chunks the header says there are; it says nothing for `None`.
    pub(super) count: Option<usize>,
    /// What it says of their sizes, if not the truth.
    pub(super) sizes: Option<(Option<i32>, Option<i32>)>,
    /// Offsets, and so many spare ones.
    pub(super) offsets: Option<usize>,
    /// Metadata with so many spare bytes.
    pub(super) metadata: Option<usize>,
}

impl Default for Pack {
    fn default() -> Self {
        Pack {
            chunk: Chunk::default(),
            checksum: 1,
            chunk_size: 8192,
            count: Some(0),
            sizes: None,
            offsets: Some(10),
            metadata: None,
        }
    }
}

impl Pack {
    pub(super) fn code(&self, plain: &[u8]) -> Vec<u8> {
        let pieces: Vec<&[u8]> = if plain.is_empty() {
            vec![&[]]
        } else {
            plain.chunks(self.chunk_size).collect()
        };
        let int = |n: usize| i32::try_from(n).unwrap();
        let (size, last) = self.sizes.unwrap_or((
            Some(int(pieces[0].len())),
            Some(int(pieces[pieces.len() - 1].len())),
        ));
        let mut file = b"blpk\x03".to_vec();
        file.push(u8::from(self.offsets.is_some()) | u8::from(self.metadata.is_some()) << 1);
        file.extend([self.checksum, 8]);
        file.extend(size.unwrap_or(-1).to_le_bytes());
        file.extend(last.unwrap_or(-1).to_le_bytes());
        let count = self.count.map_or(-1, |_| i64::try_from(pieces.len()).unwrap());
        file.extend(count.to_le_bytes());
        file.extend(self.offsets.unwrap_or(0).to_le_bytes());
        if let Some(spare) = self.metadata {
            let text = b"{\"container\": \"numpy\"}";
            file.extend(b"JSON\0\0\0\0\0");
            file.extend([self.checksum, 0, 6]);
            for n in [text.len(), text.len() + spare, text.len()] {
                file.extend(word(n));
            }
            file.extend([0; 8]);
            file.extend(text);
            file.resize(file.len() + spare, 0);
            file.extend(digest(self.checksum, text));
        }
        let chunks: Vec<Vec<u8>> = pieces
            .iter()
            .map(|piece| {
                let chunk = self.chunk.code(piece);
                let digest = digest(self.checksum, &chunk);
                [chunk, digest].concat()
            })
            .collect();
        if let Some(spare) = self.offsets {
            let mut at = file.len() + 8 * (chunks.len() + spare);
            for chunk in &chunks {
                file.extend(at.to_le_bytes());
                at += chunk.len();
            }
            file.extend((-1_i64).to_le_bytes().repeat(spare));
        }
        file.extend(chunks.concat());
        file
    }
}

pub(super) fn digest(checksum: u8, bytes: &[u8]) -> Vec<u8> {
    use sha2::Digest;
    match checksum {
        0 => Vec::new(),
        1 => simd_adler32::adler32(&bytes).to_le_bytes().to_vec(),
        2 => crc32fast::hash(bytes).to_le_bytes().to_vec(),
        3 => md5::Md5::digest(bytes).to_vec(),
        4 => sha1::Sha1::digest(bytes).to_vec(),
        5 => sha2::Sha224::digest(bytes).to_vec(),
        6 => sha2::Sha256::digest(bytes).to_vec(),
        7 => sha2::Sha384::digest(bytes).to_vec(),
        _ => sha2::Sha512::digest(bytes).to_vec(),
    }
}
