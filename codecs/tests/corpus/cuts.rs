//! Good files, cut: small ones at every byte, large ones at 500, if `cargo xtask torture cuts` runs this, else at fewer.
//! A cut is noticed, unless the format lets a file end there, which what stands behind the cut must show.

#![allow(clippy::print_stdout, reason = "what was counted is worth seeing")]

use std::io::Read;

use demijohn_codecs::{Compressor, Error, ErrorKind, Options};

use crate::common::{Rng, corpus, format};
use crate::{Verdict, effort, format_of, samples};

/// Files up to this size are cut at every byte.
const SMALL: usize = 8 << 10;
/// So they are in a short run.
const TINY: usize = 512;

/// Cuts at full length, and how many of them are where the file may end: between streams, before padding, and at the
/// edges of snappy's chunks.
const CUTS: [(&str, usize, usize); 11] = [
    ("gzip", 110_058, 16),
    ("zlib", 128_807, 0),
    ("bz2", 50_130, 14),
    ("lzma", 2777, 0),
    ("xz", 82_540, 3),
    ("zstd", 153_595, 3),
    ("lz4", 6696, 0),
    ("snappy", 1093, 8),
    ("blosc", 298_726, 0),
    ("bloscpack", 12_147, 0),
    ("lzop", 14_699, 0),
];

/// Where a file of so many bytes is cut.
fn cuts(len: usize) -> Vec<usize> {
    let (every, some) = if effort::tortured() {
        (SMALL, 500)
    } else {
        (TINY, 20)
    };
    if len <= every {
        return (0..len).collect();
    }
    let mut rng = Rng(len as u64);
    // The last bytes are checksums, which are lost most easily.
    let ends = (0..10).chain(len - 10..len);
    ends.chain((20..some).map(|_| rng.below(len))).collect()
}

/// What is delivered, and how that ends.
fn read(format: &Compressor, coded: &[u8]) -> (Vec<u8>, Result<(), Error>) {
    let mut plain = Vec::new();
    let read = Options::new().format(format).threads(1).exact(coded);
    let end = read.and_then(|mut reader| Ok(reader.read_to_end(&mut plain).map(drop)?));
    (plain, end)
}

/// Whether a file may end where this one is cut, by what stands behind the cut.
fn may_end(format: &Compressor, coded: &[u8], cut: usize, missing: &[u8]) -> bool {
    let rest = &coded[cut..];
    if format.name() == "snappy" {
        return chunk_edges(coded).contains(&cut);
    }
    let padding = rest.iter().all(|&byte| byte == 0) && missing.is_empty();
    let (more, end) = read(format, rest);
    padding || (end.is_ok() && more == missing)
}

/// Where snappy's chunks begin: a byte of kind, and three of length.
fn chunk_edges(coded: &[u8]) -> Vec<usize> {
    let (mut edges, mut at) = (Vec::new(), 0);
    while let Some(&[_, low, middle, high]) = coded.get(at..at + 4) {
        edges.push(at);
        at += 4 + u32::from_le_bytes([low, middle, high, 0]) as usize;
    }
    edges
}

fn every_cut_is_noticed(codec: &str) -> Option<(usize, usize)> {
    let (corpus, format) = (corpus()?, format(format_of(codec))?);
    let (mut all, mut ends) = (0, 0);
    for sample in samples(&corpus) {
        if sample.codec != codec || sample.verdict != Verdict::Ok || sample.is_bomb {
            continue;
        }
        let coded = sample.bytes();
        let (plain, end) = read(&format, &coded);
        end.unwrap_or_else(|e| panic!("{}: {e}", sample.path.display()));
        for cut in cuts(coded.len()) {
            let what = || format!("{} cut at byte {cut} of {}", sample.path.display(), coded.len());
            let (got, end) = read(&format, &coded[..cut]);
            assert!(plain.starts_with(&got), "{}: wrong data", what());
            match end {
                Err(error) => assert_eq!(error.kind(), ErrorKind::Truncated, "{}: {error}", what()),
                Ok(()) => {
                    let may_end = may_end(&format, &coded, cut, &plain[got.len()..]);
                    assert!(may_end, "{}: not noticed", what());
                    ends += 1;
                }
            }
            all += 1;
        }
    }
    Some((all, ends))
}

#[test]
fn every_cut_of_a_good_file_is_noticed() {
    let mut counted = Vec::new();
    for codec in crate::TESTED {
        let Some((cuts, ends)) = every_cut_is_noticed(codec) else {
            return;
        };
        println!("{codec}: {cuts} cuts, {ends} where a file may end");
        counted.push((*codec, cuts, ends));
    }
    if effort::tortured() {
        assert_eq!(counted, CUTS);
    }
}
