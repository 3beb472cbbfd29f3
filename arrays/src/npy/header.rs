//! The text in front of the data.

use std::io::Read;

use super::MAGIC;
#[cfg(doc)]
use crate::DType;
use crate::buffer::read_full;
use crate::dtype::{self, Form};
use crate::layout::Shape;
use crate::pyliteral::{self, Literal, Short};
use crate::{Error, Layout, Order, Result};

/// Data begins at a multiple of this, as numpy has written since 1.14.
pub(super) const ALIGN: usize = 64;

/// numpy leaves room for the longest axis to grow to this many digits without rewriting the file.
const GROWTH_AXIS_DIGITS: usize = 21;

/// What stands in front of the data.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Header {
    /// What the array looks like. If [its elements hold objects](crate::DType::has_objects), a pickle of the whole array
    /// follows instead of raw data.
    pub layout: Layout,
    /// Length of the header in bytes, from the magic on: where the data begins.
    pub len: u64,
    /// Version of the format, major and minor.
    pub version: (u8, u8),
}

/// Reads what stands in front of the data, and nothing of the data. Headers longer than `max_header` bytes are refused.
///
/// Unlike arrays of them, headers of arrays of Python objects are read: what follows is for whoever reads pickles.
///
/// # Errors
/// As for [`read`](super::read).
pub fn read_header(source: &mut (impl Read + ?Sized), max_header: usize) -> Result<Header> {
    let mut start = [0; 8];
    let got = read_full(source, &mut start)?;
    let magic = got.min(MAGIC.len());
    if start[..magic] != MAGIC[..magic] {
        return Err(Error::corrupt("not a .npy file"));
    }
    require(got, start.len())?;
    let (width, latin1) = match (start[6], start[7]) {
        (1, 0) => (2, true),
        (2, 0) => (4, true),
        (3, 0) => (4, false),
        (major, minor) => {
            return Err(Error::unsupported(format!(
                ".npy version {major}.{minor} is not supported"
            )));
        }
    };
    let mut length = [0; 4];
    require(read_full(source, &mut length[..width])?, width)?;
    let length = u32::from_le_bytes(length) as usize;
    if length > max_header {
        return Err(Error::limit(format!(
            ".npy header of {length} bytes; the limit is {max_header} (ReadOptions::max_header)"
        )));
    }
    let mut header = Vec::new();
    source.take(length as u64).read_to_end(&mut header)?;
    require(header.len(), length)?;
    let text = if latin1 {
        header.iter().map(|&b| char::from(b)).collect()
    } else {
        String::from_utf8(header).map_err(|_| Error::corrupt(".npy header is not UTF-8"))?
    };
    Ok(Header {
        layout: parse(&text)?,
        len: (start.len() + width + length) as u64,
        version: (start[6], start[7]),
    })
}

fn require(got: usize, wanted: usize) -> Result<()> {
    if got < wanted {
        Err(Error::truncated("the .npy header is cut off"))
    } else {
        Ok(())
    }
}

/// Understands the dict with exactly the keys `descr`, `fortran_order` and `shape`.
fn parse(text: &str) -> Result<Layout> {
    let Literal::Dict(pairs) = pyliteral::parse(text)? else {
        return Err(Error::corrupt(".npy header is not a dict"));
    };
    let (mut descr, mut fortran, mut shape) = (None, None, None);
    for (key, value) in pairs {
        let slot = match key {
            Literal::Str(key) if key == "descr" => &mut descr,
            Literal::Str(key) if key == "fortran_order" => &mut fortran,
            Literal::Str(key) if key == "shape" => &mut shape,
            other => {
                return Err(Error::corrupt(format!(
                    ".npy header has an unknown key: {}",
                    Short(&other)
                )));
            }
        };
        *slot = Some(value);
    }
    let missing = |key| move || Error::corrupt(format!(".npy header lacks {key:?}"));
    let dtype = dtype::from_literal(&descr.ok_or_else(missing("descr"))?, Form::Npy)?;
    let order = match fortran.ok_or_else(missing("fortran_order"))? {
        Literal::Bool(true) => Order::F,
        Literal::Bool(false) => Order::C,
        other => {
            return Err(Error::corrupt(format!(
                "invalid fortran_order in .npy header: {}",
                Short(&other)
            )));
        }
    };
    let Literal::Tuple(extents) = shape.ok_or_else(missing("shape"))? else {
        return Err(Error::corrupt("invalid shape in .npy header: not a tuple"));
    };
    let extents = extents.into_iter().map(|n| match n {
        Literal::Int(n) => {
            u128::try_from(n).map_err(|_| Error::corrupt(format!("invalid shape in .npy header: {n}")))
        }
        other => Err(Error::corrupt(format!(
            "invalid shape in .npy header: {}",
            Short(&other)
        ))),
    });
    Layout::from_extents(dtype, extents.collect::<Result<Vec<_>>>()?, order)
}

/// The bytes in front of the data of such an array; their number is a multiple of 64.
///
/// # Errors
/// [`Unsupported`](crate::ErrorKind::Unsupported) for structs that the format cannot describe: see [`DType::descr`].
pub fn header(layout: &Layout) -> Result<Vec<u8>> {
    let order = layout.canonical_order();
    let fortran = if order == Order::F { "True" } else { "False" };
    let (descr, shape) = (layout.dtype().descr()?, layout.shape());
    let mut text = format!(
        "{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {}, }}",
        Shape(shape)
    );
    let growing = if order == Order::F {
        shape.last()
    } else {
        shape.first()
    };
    if let Some(growing) = growing {
        let digits = growing.to_string().len();
        text.extend(std::iter::repeat_n(
            ' ',
            GROWTH_AXIS_DIGITS.saturating_sub(digits),
        ));
    }
    wrap(&text)
}

/// Puts magic, version and length in front of a header text, and pads it.
pub(super) fn wrap(text: &str) -> Result<Vec<u8>> {
    let latin1: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(c).ok()).collect();
    let padded = |body: &[u8], prefix: usize| {
        // As numpy, at least one space even where none is needed.
        let spaces = ALIGN - (prefix + body.len() + 1) % ALIGN;
        let mut padded = body.to_vec();
        padded.extend(std::iter::repeat_n(b' ', spaces));
        padded.push(b'\n');
        padded
    };
    let short = latin1.as_ref().map(|body| padded(body, MAGIC.len() + 4));
    let short = short.and_then(|body| Some((u16::try_from(body.len()).ok()?, body)));
    let mut out = MAGIC.to_vec();
    if let Some((length, body)) = short {
        out.extend([1, 0]);
        out.extend(length.to_le_bytes());
        out.extend(body);
    } else {
        let body = padded(latin1.as_deref().unwrap_or(text.as_bytes()), MAGIC.len() + 6);
        let length = u32::try_from(body.len());
        let length = length.map_err(|_| Error::unsupported("the description is too long for a .npy file"))?;
        out.extend([if latin1.is_some() { 2 } else { 3 }, 0]);
        out.extend(length.to_le_bytes());
        out.extend(body);
    }
    Ok(out)
}
