//! The forms of index files: [indexed_gzip](https://github.com/pauldmccarthy/indexed_gzip)'s GZIDX,
//! [gztool](https://github.com/circulosmeos/gztool)'s and [bgzip](https://www.htslib.org/doc/bgzip.html)'s, both called `.gzi`.

use std::io::Read;
use std::sync::Arc;

use super::{SeekIndex, WINDOW, inside};
use crate::error::{Error, ErrorKind, Result};
use crate::seek::{Entry, Point};

const GZIDX: &[u8] = b"GZIDX";
/// In front of gztool's magic stand eight zero bytes, with which an empty index of bgzip begins and ends too.
const GZTOOL: [&[u8]; 2] = [b"\0\0\0\0\0\0\0\0gzipindx", b"\0\0\0\0\0\0\0\0gzipindX"];
/// What our own GZIDX files end with: this, and the CRC-32 of all before it.
pub(super) const TRAILER: [u8; 4] = *b"CRC2";

/// Reads whichever it is; `most` bytes of windows at most.
pub(super) fn any(bytes: &[u8], most: u64) -> Result<SeekIndex> {
    if let Some(rest) = bytes.strip_prefix(GZIDX) {
        return gzidx(bytes, Bytes(rest));
    }
    for (lines, magic) in GZTOOL.into_iter().enumerate() {
        if let Some(rest) = bytes.strip_prefix(magic) {
            return gztool(Bytes(rest), lines > 0, most);
        }
    }
    if let Some((count, pairs)) = bytes.split_first_chunk()
        && u64::from_le_bytes(*count).checked_mul(16) == Some(pairs.len() as u64)
    {
        return bgzip(Bytes(pairs));
    }
    Err(Error::new(
        ErrorKind::UnknownFormat,
        "no index of indexed_gzip, gztool or bgzip",
    ))
}

/// Bytes to be taken from the front.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self
            .0
            .split_at_checked(n)
            .ok_or_else(|| Error::truncated("the index ends before it should"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        Ok(self.take(N)?.try_into().expect("as many as were taken"))
    }
}

fn gzidx(whole: &[u8], mut bytes: Bytes<'_>) -> Result<SeekIndex> {
    let [version, flags] = bytes.array()?;
    if version > 1 || flags != 0 {
        return Err(Error::unsupported(format!(
            "a GZIDX file of version {version} with flags {flags}"
        )));
    }
    let compressed = u64::from_le_bytes(bytes.array()?);
    let plain = u64::from_le_bytes(bytes.array()?);
    let spacing = u32::from_le_bytes(bytes.array()?);
    let window = u32::from_le_bytes(bytes.array()?);
    let count = u32::from_le_bytes(bytes.array()?);
    if usize::try_from(window) != Ok(WINDOW) {
        return Err(Error::unsupported(format!(
            "an index with windows of {window} bytes"
        )));
    }
    let mut places = Vec::new();
    for number in 0..count {
        let coded = u64::from_le_bytes(bytes.array()?);
        let plain = u64::from_le_bytes(bytes.array()?);
        let [bits] = bytes.array()?;
        let has_window = match version {
            0 => number > 0,
            _ => bytes.array()? == [1u8],
        };
        places.push((coded, plain, bits, has_window));
    }
    let mut points = Vec::new();
    for (coded, plain, bits, has_window) in places {
        let window = if has_window { bytes.take(WINDOW)? } else { &[] };
        points.push(inside(coded, plain, bits.into(), window.into())?);
    }
    let body = &whole[..whole.len() - bytes.0.len()];
    match bytes.0.strip_prefix(&TRAILER).map(<[u8; 4]>::try_from) {
        Some(Ok(sum)) => {
            let stored = u32::from_le_bytes(sum);
            Error::verify("CRC-32 of the index", stored, crc32fast::hash(body))?;
        }
        _ if bytes.0.is_empty() => {}
        _ => return Err(Error::corrupt("the index does not end where it should")),
    }
    Ok(SeekIndex {
        points,
        compressed: Some(compressed).filter(|&size| size > 0),
        plain: Some(plain).filter(|&size| size > 0),
        spacing: spacing.into(),
    })
}

fn gztool(mut bytes: Bytes<'_>, lines: bool, most: u64) -> Result<SeekIndex> {
    if lines {
        bytes.take(4)?;
    }
    let count = u64::from_be_bytes(bytes.array()?);
    bytes.take(8)?;
    let (mut points, mut left) = (Vec::new(), most);
    for _ in 0..count {
        let plain = u64::from_be_bytes(bytes.array()?);
        let coded = u64::from_be_bytes(bytes.array()?);
        let bits = u32::from_be_bytes(bytes.array()?);
        let len = usize::try_from(u32::from_be_bytes(bytes.array()?)).unwrap_or(usize::MAX);
        let window = window(bytes.take(len)?)?;
        left = left
            .checked_sub(window.len() as u64)
            .ok_or_else(|| Error::limit(format!("the index takes more than the {most} bytes allowed")))?;
        points.push(inside(coded, plain, bits.into(), window)?);
        if lines {
            bytes.take(8)?;
        }
    }
    // An index that is still being written has no size.
    let plain = bytes
        .array()
        .ok()
        .map(u64::from_be_bytes)
        .filter(|&size| size > 0);
    Ok(SeekIndex {
        points,
        compressed: None,
        plain,
        spacing: SeekIndex::SPACING,
    })
}

/// What gztool keeps of a window: a zlib stream, or nothing.
fn window(coded: &[u8]) -> Result<Arc<[u8]>> {
    let mut window = Vec::new();
    if !coded.is_empty() {
        let most = WINDOW as u64 + 1;
        let reader = crate::Options::new().format("zlib").threads(1).reader(coded)?;
        reader.take(most).read_to_end(&mut window)?;
    }
    if window.len() > WINDOW {
        return Err(Error::corrupt("a window in the index is too large"));
    }
    Ok(window.into())
}

fn bgzip(bytes: Bytes<'_>) -> Result<SeekIndex> {
    let word = |raw: &[u8]| u64::from_le_bytes(*raw.first_chunk().expect("eight bytes"));
    let points = bytes.0.chunks_exact(16).map(|pair| Point {
        coded: word(pair),
        plain: word(&pair[8..]),
        entry: Entry::Stream,
    });
    Ok(SeekIndex {
        points: points.collect(),
        compressed: None,
        plain: None,
        spacing: SeekIndex::SPACING,
    })
}
