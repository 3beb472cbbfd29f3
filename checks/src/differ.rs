//! Our decoders against others', which share no code with them.

use std::io::{self, Read};

use demijohn_codecs::{Limits, Members, Options, Tail};

/// Output compared, at most.
const OUTPUT: usize = 1 << 20;

/// Reads `data` as one stream of `format` here and there. What both read must be the same; where the other is one that
/// is known to refuse what is damaged and to read what is not, so must the verdicts be. Says whether both have read it.
///
/// # Panics
/// Where they differ, and for a format that nobody else here reads.
pub fn differ(format: &'static str, data: &[u8]) -> bool {
    let strict = format == "gzip" || format == "zlib";
    let ours = ours(format, data);
    // What is refused here says nothing of others that are not strict, and may keep them busy for long.
    if ours.is_none() && !strict {
        return false;
    }
    let theirs = theirs(format, data);
    if let (Some(ours), Some(theirs)) = (&ours, &theirs) {
        assert!(
            ours == theirs || !is_told_apart(format, data),
            "{format}: {} bytes here, {} there",
            ours.len(),
            theirs.len()
        );
    }
    let both = ours.is_some() && theirs.is_some();
    assert!(
        !strict || ours.is_some() == theirs.is_some(),
        "{format}: {:?} bytes here, {:?} there",
        ours.map(|plain| plain.len()),
        theirs.map(|plain| plain.len())
    );
    both
}

/// Whether what is damaged is known to be. Without a checksum some of it can be read in more ways than one: libzstd 1.5.4 and
/// 1.5.7 do not agree on the last literal of a stream that has lost bits (RFC 8878, 4.2.2).
fn is_told_apart(format: &str, data: &[u8]) -> bool {
    const CHECKSUM: u8 = 4;
    format != "zstd" || matches!(data, [0x28, 0xb5, 0x2f, 0xfd, descriptor, ..] if descriptor & CHECKSUM != 0)
}

fn ours(format: &'static str, data: &[u8]) -> Option<Vec<u8>> {
    let reader = Options::new()
        .format(format)
        .members(Members::One)
        .tail(Tail::Ignore)
        .limits(Limits::untrusted().memory(64 << 20).output(OUTPUT as u64))
        .exact(data);
    let mut plain = Vec::new();
    reader.ok()?.read_to_end(&mut plain).ok()?;
    Some(plain)
}

/// What another decoder makes of streams that were just written, one behind the other: all their data, or nothing where it
/// refuses one. `None` if nobody else here reads them.
///
/// # Panics
/// Where ours does not find the end of a stream.
pub(crate) fn reads(format: &'static str, streams: &[u8]) -> Option<Vec<u8>> {
    if !OTHERS.contains(&format) {
        return None;
    }
    let mut plain = Vec::new();
    let mut rest = streams;
    while !rest.is_empty() {
        let before = rest;
        let options = Options::new()
            .format(format)
            .members(Members::One)
            .tail(Tail::Ignore);
        let mut reader = options.exact(&mut rest).expect("a stream just written");
        io::copy(&mut reader, &mut io::sink()).expect("a stream just written");
        drop(reader);
        let stream = &before[..before.len() - rest.len()];
        let Some(more) = theirs(format, stream) else {
            return Some(Vec::new());
        };
        plain.extend(more);
    }
    Some(plain)
}

/// Formats that another decoder reads, stream by stream as ours writes them. Those of zstd may end in a frame that is skipped,
/// which has no data to it.
const OTHERS: [&str; 6] = ["gzip", "zlib", "bz2", "xz", "lz4", "snappy"];

fn theirs(format: &str, data: &[u8]) -> Option<Vec<u8>> {
    let all = |reader: &mut dyn Read| {
        let mut plain = Vec::new();
        reader.take(OUTPUT as u64 + 1).read_to_end(&mut plain).ok()?;
        (plain.len() <= OUTPUT).then_some(plain)
    };
    match format {
        "gzip" | "zlib" => {
            let mut plain = vec![0; OUTPUT];
            let mut decoder = libdeflater::Decompressor::new();
            let len = if format == "gzip" {
                decoder.gzip_decompress(data, &mut plain)
            } else {
                decoder.zlib_decompress(data, &mut plain)
            };
            plain.truncate(len.ok()?);
            Some(plain)
        }
        "bz2" => all(&mut bzip2_rs::DecoderReader::new(data)),
        "xz" => all(&mut lzma_rust2::XzReader::new(data, false)),
        "zstd" => all(&mut ruzstd::decoding::StreamingDecoder::new(data).ok()?),
        "lz4" => all(&mut lz4::Decoder::new(data).ok()?),
        "snappy" => all(&mut snap::read::FrameDecoder::new(data)),
        other => panic!("nobody else here reads {other}"),
    }
}
