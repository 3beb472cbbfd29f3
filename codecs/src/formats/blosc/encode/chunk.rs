//! Encoding Blosc chunks: by c-blosc where the inner codec is its own, and here for the others.
//!
//! c-blosc could do all of them. But its build with zstd brings the decoders of zstd's formats before 1.0 with it,
//! with zlib a second zlib, and with Snappy a C++ compiler, and their codecs are in this crate anyway. With any it takes new
//! buffers for each chunk.

use std::ffi::CStr;

use blosc_src::{BLOSC_MAX_OVERHEAD, blosc_compress_ctx};
use lz4::block::CompressionMode;

use super::super::chunk::{
    BIT_SHUFFLE, BYTE_SHUFFLE, CODEC_SHIFT, CODEC_VERSION, FEWEST_SPLIT, NOT_SPLIT, STORED, VERSION,
    WIDEST_SPLIT,
};
use super::super::{Blosc, HEADER, Inner, Shuffle};
use super::shuffle;
use crate::error::{Error, Result};
use crate::room;

/// Encodes chunks, each apart from all others.
pub(super) struct ChunkEncoder {
    shuffle: Shuffle,
    level: i32,
    backend: Backend,
    /// Buffers, as long as they have been needed: a block as it was shuffled, and a split of it as it was coded.
    shuffled: Vec<u8>,
    coded: Vec<u8>,
}

/// Who compresses the blocks of a chunk.
enum Backend {
    /// c-blosc, by its name for the codec.
    Blosc(&'static CStr),
    Lz4(CompressionMode),
    Snappy(Box<snap::raw::Encoder>),
    Zlib(flate2::Compress),
    Zstd(zstd_safe::CCtx<'static>),
}

impl Backend {
    /// Its number in a chunk's flags.
    fn number(&self) -> u8 {
        match self {
            Backend::Blosc(_) => 0,
            Backend::Lz4(_) => 1,
            Backend::Snappy(_) => 2,
            Backend::Zlib(_) => 3,
            Backend::Zstd(_) => 4,
        }
    }

    /// Does it take the planes of a block apart from one another, as all readers do at a flag? lz4 is faster so: it gives up
    /// one that it cannot compress.
    fn splits(&self) -> bool {
        matches!(self, Backend::Lz4(_))
    }

    /// Bytes that compressing so many may need.
    fn room(&self, len: usize) -> usize {
        match self {
            Backend::Snappy(_) => snap::raw::max_compress_len(len),
            _ => len,
        }
    }

    /// How many bytes were written; `None` if they do not fit.
    fn compress(&mut self, level: i32, plain: &[u8], out: &mut [u8]) -> Result<Option<usize>> {
        match self {
            Backend::Blosc(_) => unreachable!("c-blosc makes whole chunks"),
            Backend::Lz4(mode) => {
                // It fails where there is not enough room, and only there: blocks are not as long as it would refuse.
                Ok(lz4::block::compress_to_buffer(plain, Some(*mode), false, out).ok())
            }
            Backend::Snappy(encoder) => encoder
                .compress(plain, out)
                .map(Some)
                .map_err(|e| Error::corrupt(format!("snappy cannot compress: {e}"))),
            Backend::Zlib(encoder) => {
                encoder.reset();
                let status = encoder
                    .compress(plain, out, flate2::FlushCompress::Finish)
                    .map_err(|e| Error::corrupt(format!("zlib cannot compress: {e}")))?;
                let n = usize::try_from(encoder.total_out()).expect("no more than the room");
                Ok((status == flate2::Status::StreamEnd).then_some(n))
            }
            Backend::Zstd(context) => {
                // As c-blosc spreads zstd's levels over its own nine.
                let level = match level {
                    9.. => zstd_safe::max_c_level(),
                    level => 2 * level - 1,
                };
                match context.compress(out, plain, level) {
                    Ok(n) => Ok(Some(n)),
                    Err(code) if zstd_safe::is_error_kind(code, ROOM_TOO_SMALL) => Ok(None),
                    Err(code) => Err(Error::corrupt(format!(
                        "zstd cannot compress: {}",
                        zstd_safe::get_error_name(code)
                    ))),
                }
            }
        }
    }
}

const ROOM_TOO_SMALL: zstd_safe::zstd_sys::ZSTD_ErrorCode =
    zstd_safe::zstd_sys::ZSTD_ErrorCode::ZSTD_error_dstSize_tooSmall;

impl ChunkEncoder {
    /// An encoder for a level from 0 to 9.
    pub(super) fn new(blosc: &Blosc, level: i32) -> Self {
        let backend = match blosc.inner {
            Inner::BloscLz => Backend::Blosc(c"blosclz"),
            // As c-blosc: the less it looks for matches, the lower the level.
            Inner::Lz4 => Backend::Lz4(CompressionMode::FAST(10 - level)),
            Inner::Lz4Hc => Backend::Lz4(CompressionMode::HIGHCOMPRESSION(level)),
            Inner::Snappy => Backend::Snappy(Box::new(snap::raw::Encoder::new())),
            Inner::Zlib => Backend::Zlib(flate2::Compress::new(
                flate2::Compression::new(level.unsigned_abs()),
                true,
            )),
            Inner::Zstd => Backend::Zstd(zstd_safe::CCtx::create()),
        };
        ChunkEncoder {
            shuffle: blosc.shuffle,
            level,
            backend,
            shuffled: Vec::new(),
            coded: Vec::new(),
        }
    }

    /// Appends a chunk of fewer than 2^31 − 16 plain bytes.
    pub(super) fn encode(&mut self, plain: &[u8], element_size: usize, out: &mut Vec<u8>) -> Result<()> {
        // Elements whose size the header cannot hold are bytes to c-blosc too.
        let element_size = u8::try_from(element_size.max(1)).unwrap_or(1);
        match self.backend {
            Backend::Blosc(name) => by_c_blosc(name, self.level, self.shuffle, element_size, plain, out),
            _ => self.assemble(plain, element_size, out),
        }
    }

    /// A chunk of blocks that are coded here.
    fn assemble(&mut self, plain: &[u8], element_size: u8, out: &mut Vec<u8>) -> Result<()> {
        let at = out.len();
        let (filter, filtered) = match self.shuffle {
            Shuffle::Byte if element_size > 1 => (Shuffle::Byte, BYTE_SHUFFLE),
            Shuffle::Bit => (Shuffle::Bit, BIT_SHUFFLE),
            _ => (Shuffle::None, 0),
        };
        let size = usize::from(element_size);
        let may_split =
            self.backend.splits() && filter != Shuffle::None && (2..=WIDEST_SPLIT).contains(&size);
        let block_size = self.block_size(plain.len(), size, may_split);
        let splits = may_split && block_size / size >= FEWEST_SPLIT;
        let unsplit = if splits { 0 } else { NOT_SPLIT };
        let flags = self.backend.number() << CODEC_SHIFT | filtered | unsplit;
        let len = |n: usize| u32::try_from(n).expect("a chunk has fewer than 2^31 bytes");
        out.extend_from_slice(&[VERSION, CODEC_VERSION, flags, element_size]);
        out.extend_from_slice(&len(plain.len()).to_le_bytes());
        out.extend_from_slice(&len(block_size).to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        if self.level > 0 && !plain.is_empty() {
            let table = out.len();
            out.resize(table + 4 * plain.len().div_ceil(block_size), 0);
            for (i, block) in plain.chunks(block_size).enumerate() {
                let start = len(out.len() - at);
                out[table + 4 * i..table + 4 * i + 4].copy_from_slice(&start.to_le_bytes());
                let whole = block.len() == block_size;
                let splits = if splits && whole { size } else { 1 };
                self.block(block, filter, size, splits, out)?;
                if out.len() - at >= HEADER + plain.len() {
                    break;
                }
            }
        }
        let compressed = plain.is_empty() || self.level > 0 && out.len() - at < HEADER + plain.len();
        if !compressed {
            out.truncate(at + HEADER);
            out[at + 2] |= STORED;
            out.extend_from_slice(plain);
        }
        let total = len(out.len() - at);
        out[at + 12..at + 16].copy_from_slice(&total.to_le_bytes());
        Ok(())
    }

    /// Plain bytes in a block: what a processor's caches hold at the lower levels, more at the higher ones.
    fn block_size(&self, len: usize, element_size: usize, splits: bool) -> usize {
        let target: usize = if splits {
            let split = match self.level {
                ..=1 => 16 << 10,
                2 => 32 << 10,
                3 => 64 << 10,
                4..=5 => 128 << 10,
                _ => 256 << 10,
            };
            (split * element_size).clamp(64 << 10, 1 << 20)
        } else {
            match self.level {
                ..=2 => 64 << 10,
                3..=5 => 256 << 10,
                6..=8 => 512 << 10,
                _ => 1 << 20,
            }
        };
        // A whole number of elements, and of eight of them for the bits.
        let whole = (target / (8 * element_size)).max(1) * 8 * element_size;
        if splits && element_size < len && len < whole {
            // What would be left over cannot be split.
            return len - len % element_size;
        }
        whole.min(len).max(1)
    }

    /// Appends a block in so many splits: the length of the coded bytes of each and these, or its bytes as they are, whose
    /// length says so.
    fn block(
        &mut self,
        plain: &[u8],
        filter: Shuffle,
        element_size: usize,
        splits: usize,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let plain = if filter == Shuffle::None {
            plain
        } else {
            room::lengthen(&mut self.shuffled, plain.len())?;
            let shuffled = &mut self.shuffled[..plain.len()];
            if filter == Shuffle::Byte {
                shuffle::bytes(plain, shuffled, element_size);
            } else {
                shuffle::bits(plain, shuffled, element_size);
            }
            shuffled
        };
        for split in plain.chunks(plain.len() / splits) {
            // Room for no more than the plain bytes: what does not fit is stored.
            let room = self.backend.room(split.len());
            room::lengthen(&mut self.coded, room)?;
            let coded = &mut self.coded[..room];
            let stored = match self.backend.compress(self.level, split, coded)? {
                Some(n) if n < split.len() => &coded[..n],
                _ => split,
            };
            let n = u32::try_from(stored.len()).expect("less than the chunk");
            out.extend_from_slice(&n.to_le_bytes());
            out.extend_from_slice(stored);
        }
        Ok(())
    }
}

fn by_c_blosc(
    name: &CStr,
    level: i32,
    shuffle: Shuffle,
    element_size: u8,
    plain: &[u8],
    out: &mut Vec<u8>,
) -> Result<()> {
    let at = out.len();
    // With that much room any chunk fits, if need be as a copy.
    let room = plain.len() + BLOSC_MAX_OVERHEAD as usize;
    out.reserve(room);
    // SAFETY: `plain` is readable for its length, the spare capacity behind `at` is writable for `room` bytes and does
    // not overlap it, `name` ends with NUL; c-blosc keeps none of the pointers, and in this function no global state.
    let n = unsafe {
        blosc_compress_ctx(
            level,
            match shuffle {
                Shuffle::None => 0,
                Shuffle::Byte => 1,
                Shuffle::Bit => 2,
            },
            element_size.into(),
            plain.len(),
            plain.as_ptr().cast(),
            out.as_mut_ptr().add(at).cast(),
            room,
            name.as_ptr(),
            0,
            1,
        )
    };
    match usize::try_from(n) {
        Ok(n) if (HEADER..=room).contains(&n) => {
            // SAFETY: c-blosc has written that many bytes, which the capacity holds.
            unsafe { out.set_len(at + n) };
            Ok(())
        }
        _ => Err(Error::corrupt(format!(
            "c-blosc cannot compress {} bytes with {name:?}: it answers {n}",
            plain.len()
        ))),
    }
}
