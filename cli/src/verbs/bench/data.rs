//! What is measured: the beginning of a file, or data made here.

use std::io::{self, BufRead as _, Read};

use demijohn::arrays::npy;
use demijohn_codecs::{Compressor, Options};

use crate::args::Bench;
use crate::copy::{CopyError, copy};
use crate::input::{Input, Operand};
use crate::interrupt;
use crate::report::Failure;
use crate::synthetic::{self, SplitMix64};

/// Bytes to measure on, with what is known of them.
pub(super) struct Data {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
    /// Bytes in an element, where the data is an array; else 1.
    pub(super) element_size: usize,
    /// Is there more of it, which is not measured?
    pub(super) cut: bool,
    /// How much there is in all, where that is known.
    pub(super) total: Option<u64>,
    /// The format of a file that is compressed.
    pub(super) compressed_with: Option<&'static str>,
}

impl Data {
    /// Reads the beginning of an operand.
    pub(super) fn read(operand: &Operand, args: &Bench) -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::new(operand, error);
        let Input { mut source, metadata } = Input::open(operand)?;
        // Those of /proc say 0 and are not empty.
        let size = metadata.map(|metadata| metadata.len()).filter(|&size| size > 0);
        let head = source.fill_buf().map_err(failed)?;
        let claimed = Compressor::detect(head).filter(|_| !demijohn::pickle::looks_like(head));
        let compressed_with = claimed.map(|format| format.name());
        let (bytes, cut, size) = if args.decode {
            let reader = Options::new()
                .veto(demijohn::pickle::looks_like)
                .on_progress(|_| interrupt::go_on())
                .source(source)
                .map_err(|error| failed(error.into()))?;
            let (bytes, cut) = beginning(reader, args.sample).map_err(failed)?;
            (bytes, cut, None)
        } else {
            let (bytes, cut) = beginning(source, args.sample).map_err(failed)?;
            (bytes, cut, size)
        };
        if bytes.is_empty() {
            return Err(Failure::refused(
                operand,
                "is empty, so there is nothing to measure",
            ));
        }
        Ok(Data {
            name: operand.to_string(),
            total: if cut { size } else { Some(bytes.len() as u64) },
            element_size: args
                .element_size
                .map_or_else(|| element_size(&bytes), usize::from),
            bytes,
            cut,
            compressed_with,
        })
    }

    /// Data of several kinds, by rising entropy, each of so many bytes.
    pub(super) fn built_in(size: u64) -> impl Iterator<Item = Self> {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        KINDS.iter().map(move |(name, element_size, make)| {
            let mut bytes = make(size);
            bytes.truncate(size);
            Data {
                name: format!("built-in {name}"),
                cut: false,
                total: Some(bytes.len() as u64),
                element_size: *element_size,
                bytes,
                compressed_with: None,
            }
        })
    }
}

/// Makes so many bytes, or some more.
type Make = fn(usize) -> Vec<u8>;

/// Each with the bytes in an element.
const KINDS: &[(&str, usize, Make)] = &[
    ("names (lines of text)", 1, |size| {
        let mut names = synthetic::names().map(|name| name + "\n");
        pieces(size, || names.next().unwrap_or_default())
    }),
    ("labels (int64, 0 to 9)", 8, |size| {
        let mut random = SplitMix64(1);
        pieces(size, || random.below(10).to_le_bytes())
    }),
    ("images (float32)", 4, |size| {
        let mut random = SplitMix64(3);
        pieces(size, || {
            numbers(&synthetic::pictures(&mut random, 1), |n| n.to_le_bytes())
        })
    }),
    ("measurements (float64)", 8, |size| {
        let mut random = SplitMix64(4);
        pieces(size, || {
            numbers(&synthetic::features(&mut random, 1), |n| n.to_le_bytes())
        })
    }),
    ("noise (random bytes)", 1, |size| {
        let mut random = SplitMix64(5);
        pieces(size, || random.next().to_le_bytes())
    }),
];

/// What the header of a `.npy` file says; 1 for all other data.
fn element_size(bytes: &[u8]) -> usize {
    let header = npy::read_header(&mut &bytes[..], LONGEST_HEADER);
    header.map_or(1, |header| header.layout.dtype().itemsize())
}

/// Of a `.npy` file, in bytes: the longest that numpy reads from strangers.
const LONGEST_HEADER: usize = 10_000;

fn pieces<B: AsRef<[u8]>>(size: usize, mut piece: impl FnMut() -> B) -> Vec<u8> {
    let mut bytes = Vec::new();
    while bytes.len() < size {
        bytes.extend_from_slice(piece().as_ref());
    }
    bytes
}

fn numbers<T: Copy, const N: usize>(numbers: &[T], bytes: impl Fn(T) -> [u8; N]) -> Vec<u8> {
    numbers.iter().flat_map(|&number| bytes(number)).collect()
}

/// At most so many bytes, and whether there are more.
fn beginning(mut source: impl Read, most: u64) -> io::Result<(Vec<u8>, bool)> {
    let mut bytes = Vec::new();
    let read = copy(&mut source.by_ref().take(most), &mut bytes);
    read.map_err(|(CopyError::Read(error) | CopyError::Write(error))| error)?;
    let cut = bytes.len() as u64 == most && source.read(&mut [0])? > 0;
    Ok((bytes, cut))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_is_cut_only_if_more_follows() {
        let of = |most| beginning(&b"twelve bytes"[..], most).unwrap();
        assert_eq!(of(13), (b"twelve bytes".to_vec(), false));
        assert_eq!(of(12), (b"twelve bytes".to_vec(), false));
        assert_eq!(of(11), (b"twelve byte".to_vec(), true));
    }

    #[test]
    fn built_in_data_has_the_size_asked_for_and_is_the_same_every_time() {
        let of = |size| Data::built_in(size).map(|data| data.bytes).collect::<Vec<_>>();
        let all = of(100_001);
        assert_eq!(all.len(), KINDS.len());
        assert!(all.iter().all(|bytes| bytes.len() == 100_001));
        assert!(all == of(100_001));
    }
}
