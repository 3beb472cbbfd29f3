//! The five codecs of a chunk's splits. Each split stands alone, and what it decodes to has a known length.

use flate2::{Decompress, FlushDecompress};
use zstd_safe::DCtx;

use super::chunk::Codec;
use super::{blosclz, lz4};
use crate::error::{Error, Result};

/// The libraries' decoders, made when they are first needed.
#[derive(Default)]
pub(super) struct Backends {
    zlib: Option<Decompress>,
    zstd: Option<DCtx<'static>>,
}

impl Backends {
    /// Decodes a split whose length is that of `out`.
    pub(super) fn decode(&mut self, codec: Codec, coded: &[u8], out: &mut [u8]) -> Result<()> {
        let len = match codec {
            Codec::Blosclz => blosclz::decode(coded, out).map_err(|e| damaged(codec, e))?,
            Codec::Lz4 => lz4::decode(coded, out).map_err(|e| damaged(codec, e))?,
            Codec::Snappy => {
                // The decoder would accept room for more.
                let len = snap::raw::decompress_len(coded).map_err(|e| damaged(codec, e))?;
                if len == out.len() {
                    snap::raw::Decoder::new()
                        .decompress(coded, out)
                        .map_err(|e| damaged(codec, e))?
                } else {
                    len
                }
            }
            Codec::Zlib => {
                let inflate = self.zlib.get_or_insert_with(|| Decompress::new(true));
                inflate.reset(true);
                let status = inflate
                    .decompress(coded, out, FlushDecompress::Finish)
                    .map_err(|e| damaged(codec, e))?;
                if status != flate2::Status::StreamEnd {
                    return Err(damaged(codec, "it has no end"));
                }
                usize::try_from(inflate.total_out()).expect("no more than the block")
            }
            Codec::Zstd => {
                let context = match &mut self.zstd {
                    Some(context) => context,
                    none => none.insert(DCtx::try_create().ok_or_else(|| Error::limit("not enough memory"))?),
                };
                context
                    .decompress(out, coded)
                    .map_err(|e| damaged(codec, zstd_safe::get_error_name(e)))?
            }
        };
        if len == out.len() {
            return Ok(());
        }
        Err(damaged(
            codec,
            format!("it holds {len} bytes and not {}", out.len()),
        ))
    }
}

fn damaged(codec: Codec, why: impl std::fmt::Display) -> Error {
    let name = match codec {
        Codec::Blosclz => "blosclz",
        Codec::Lz4 => "lz4",
        Codec::Snappy => "snappy",
        Codec::Zlib => "zlib",
        Codec::Zstd => "zstd",
    };
    Error::corrupt(format!("a block's {name} data is damaged: {why}"))
}

/// The most plain bytes that coded data can stand for: what may be allocated for it, however much its header claims.
pub(super) fn most(codec: Codec, coded: &[u8]) -> usize {
    match codec {
        // Matches go on with bytes that stand for 255 each.
        Codec::Blosclz | Codec::Lz4 => coded.len().saturating_mul(255),
        // Three bytes copy 64.
        Codec::Snappy => coded.len().saturating_mul(22),
        // Two bits copy 258.
        Codec::Zlib => coded.len().saturating_mul(1032),
        Codec::Zstd => most_of_zstd(coded),
    }
}

/// The sum of what a frame's blocks can hold (RFC 8878 section 3.1.1). What breaks a rule is left to the decoder.
fn most_of_zstd(frame: &[u8]) -> usize {
    /// Plain bytes in a block.
    const BLOCK: usize = 128 << 10;
    let Some(&descriptor) = frame.get(4) else {
        return 0;
    };
    let single_segment = descriptor & 0x20 != 0;
    let window = usize::from(!single_segment);
    let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let content_size = match descriptor >> 6 {
        0 => usize::from(single_segment),
        n => 1 << n,
    };
    let mut rest = frame
        .get(5 + window + dictionary + content_size..)
        .unwrap_or_default();
    let mut most = 0_usize;
    while let Some(header) = rest.first_chunk::<3>() {
        let header = usize::from(header[0]) | usize::from(header[1]) << 8 | usize::from(header[2]) << 16;
        let size = header >> 3;
        let (coded, plain) = match header >> 1 & 3 {
            0 => (size, size),
            1 => (1, size),
            2 => (size, BLOCK),
            _ => break,
        };
        let Some(behind) = rest.get(3 + coded..) else {
            break;
        };
        most = most.saturating_add(plain.min(BLOCK));
        rest = behind;
        if header & 1 != 0 {
            break;
        }
    }
    most
}
