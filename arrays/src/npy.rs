//! `.npy` files: one array after a short text that describes it.
//!
//! Specification: [`numpy.lib.format`](https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
//! Versions 1.0, 2.0 and 3.0 are read; the lowest that fits is written, byte for byte as numpy 2 does. Several arrays
//! may follow one another in one stream: reading takes exactly one.
//!
//! Arrays of Python objects hold a pickle instead of raw data and are [`Unsupported`](crate::ErrorKind::Unsupported)
//! here.

use std::io::{Read, Write};

#[cfg(doc)]
use crate::DType;
use crate::buffer::read_full;
use crate::dtype::{self, Form};
use crate::layout::Shape;
use crate::pyliteral::{self, Literal};
use crate::{Array, Available, Error, Layout, Order, Result};

/// What every `.npy` file begins with.
pub const MAGIC: [u8; 6] = *b"\x93NUMPY";

/// numpy's limit for headers of files it does not trust, in bytes.
pub const MAX_HEADER: usize = 10_000;

/// Data begins at a multiple of this, as numpy has written since 1.14.
const ALIGN: usize = 64;

/// numpy leaves room for the longest axis to grow to this many digits without rewriting the file.
const GROWTH_AXIS_DIGITS: usize = 21;

/// How a `.npy` file is to be read; the default is for files from anywhere.
#[derive(Debug, Clone, Copy)]
pub struct ReadOptions {
    /// The longest header to accept, in bytes. Default: [`MAX_HEADER`].
    pub max_header: usize,
    /// How many bytes the source is known to hold. Default: unknown.
    pub available: Available,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            max_header: MAX_HEADER,
            available: Available::Unknown,
        }
    }
}

/// Reads one array, and nothing beyond it.
///
/// # Errors
/// [`Truncated`](crate::ErrorKind::Truncated) if the source ends early, [`Corrupt`](crate::ErrorKind::Corrupt) for
/// what is no `.npy` file or has an impossible shape, [`Unsupported`](crate::ErrorKind::Unsupported) for unknown
/// versions and element types, [`Limit`](crate::ErrorKind::Limit) for headers over [`MAX_HEADER`] bytes,
/// [`Io`](crate::ErrorKind::Io) if reading fails.
pub fn read(source: &mut (impl Read + ?Sized)) -> Result<Array> {
    read_with(source, ReadOptions::default())
}

/// Reads one array as [`read`] does, with options.
///
/// # Errors
/// As for [`read`].
pub fn read_with(source: &mut (impl Read + ?Sized), options: ReadOptions) -> Result<Array> {
    let (layout, used) = read_header(source, options.max_header)?;
    let available = match options.available {
        Available::Unknown => Available::Unknown,
        Available::Bytes(n) => Available::Bytes(n.saturating_sub(used)),
    };
    Array::read(layout, source, available)
}

/// Reads the description in front of the data: what the array looks like, and the length of the header in bytes,
/// after which the data begins.
///
/// # Errors
/// As for [`read`].
pub fn read_header(source: &mut (impl Read + ?Sized), max_header: usize) -> Result<(Layout, u64)> {
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
            ".npy header of {length} bytes; the limit is {max_header}"
        )));
    }
    let mut header = vec![0; length];
    require(read_full(source, &mut header)?, length)?;
    let text = if latin1 {
        header.iter().map(|&b| char::from(b)).collect()
    } else {
        String::from_utf8(header).map_err(|_| Error::corrupt(".npy header is not UTF-8"))?
    };
    Ok((parse_header(&text)?, (start.len() + width + length) as u64))
}

fn require(got: usize, wanted: usize) -> Result<()> {
    if got < wanted {
        Err(Error::truncated("the .npy header is cut off"))
    } else {
        Ok(())
    }
}

/// Understands the dict with exactly the keys `descr`, `fortran_order` and `shape`.
fn parse_header(text: &str) -> Result<Layout> {
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
                    ".npy header has an unknown key: {other:?}"
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
                "invalid fortran_order in .npy header: {other:?}"
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
        other => Err(Error::corrupt(format!("invalid shape in .npy header: {other:?}"))),
    });
    Layout::from_extents(dtype, extents.collect::<Result<Vec<_>>>()?, order)
}

/// Writes an array.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io) if writing fails.
pub fn write(array: &Array, sink: &mut (impl Write + ?Sized)) -> Result<()> {
    sink.write_all(&header(array.layout())?)?;
    sink.write_all(array.as_bytes())?;
    Ok(())
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
    Ok(wrap(&text))
}

/// Puts magic, version and length in front of a header text, and pads it.
fn wrap(text: &str) -> Vec<u8> {
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
        let length = u32::try_from(body.len()).expect("a layout's description is short");
        out.extend([if latin1.is_some() { 2 } else { 3 }, 0]);
        out.extend(length.to_le_bytes());
        out.extend(body);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DType, ErrorKind};

    fn layout(dtype: &str, shape: &[usize], order: Order) -> Layout {
        Layout::new(dtype.parse().unwrap(), shape, order).unwrap()
    }

    fn file(version: [u8; 2], header: &str, data: &[u8]) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend(version);
        if version[0] == 1 {
            out.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
        } else {
            out.extend(u32::try_from(header.len()).unwrap().to_le_bytes());
        }
        out.extend(header.bytes());
        out.extend(data);
        out
    }

    #[test]
    fn headers_are_numpys_byte_for_byte() {
        // Made by numpy 2.4.6: np.save(f, np.zeros((3, 4)), np.asfortranarray(…), np.array(True)).
        for (layout, text, spaces) in [
            (
                layout("<f8", &[3, 4], Order::C),
                "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }",
                58,
            ),
            (
                layout(">i2", &[300, 4], Order::F),
                "{'descr': '>i2', 'fortran_order': True, 'shape': (300, 4), }",
                57,
            ),
            (
                layout("|b1", &[], Order::C),
                "{'descr': '|b1', 'fortran_order': False, 'shape': (), }",
                62,
            ),
            (
                layout("<c16", &[0], Order::F),
                "{'descr': '<c16', 'fortran_order': False, 'shape': (0,), }",
                59,
            ),
        ] {
            let mut expected = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
            expected.extend(text.bytes());
            expected.extend(vec![b' '; spaces]);
            expected.push(b'\n');
            assert_eq!(header(&layout).unwrap(), expected, "{text}");
        }
        // The room to grow counts where it makes the header longer.
        let long = |first, second| {
            let shape: Vec<usize> = [first, second].into_iter().chain([1; 12]).collect();
            header(&layout("<f8", &shape, Order::C)).unwrap().len()
        };
        assert_eq!((long(3, 400), long(30, 400), long(3, 40)), (192, 192, 128));
    }

    #[test]
    fn the_lowest_version_that_fits_is_written() {
        for (text, version) in [
            ("é".repeat(1000), 1),
            ("a".repeat(65_500), 1),
            ("a".repeat(65_536), 2),
            ("π".into(), 3),
        ] {
            let out = wrap(&text);
            assert_eq!(
                (out[6], out.len() % ALIGN),
                (version, 0),
                "{} characters",
                text.len()
            );
        }
    }

    #[test]
    fn reads_all_versions_and_old_spellings() {
        let data = [1, 0, 2, 0];
        for (version, header) in [
            (
                [1, 0],
                "{'descr': '<i2', 'fortran_order': False, 'shape': (2,), }   \n",
            ),
            (
                [1, 0],
                "{'shape': (2L,), \"fortran_order\": False, 'descr': u'<i2'}",
            ),
            (
                [2, 0],
                "{'descr': '<i2', 'fortran_order': True, 'shape': (2, 1)}\n",
            ),
            (
                [3, 0],
                "{'descr': '<i2', 'fortran_order': False, 'shape': (1, 2), }\n",
            ),
        ] {
            let array = read(&mut file(version, header, &data).as_slice()).unwrap();
            assert_eq!((array.len(), array.as_bytes()), (2, &data[..]), "{header}");
        }
    }

    #[test]
    fn bad_headers_are_named() {
        for (header, kind, word) in [
            (
                "{'descr': '|O', 'fortran_order': False, 'shape': (2,)}",
                ErrorKind::Unsupported,
                "objects",
            ),
            (
                "{'descr': 3, 'fortran_order': False, 'shape': ()}",
                ErrorKind::Corrupt,
                "dtype",
            ),
            (
                "{'descr': '<i2', 'fortran_order': 0, 'shape': ()}",
                ErrorKind::Corrupt,
                "fortran_order",
            ),
            (
                "{'descr': '<i2', 'fortran_order': False, 'shape': 2}",
                ErrorKind::Corrupt,
                "shape",
            ),
            (
                "{'descr': '<i2', 'fortran_order': False, 'shape': (-2,)}",
                ErrorKind::Corrupt,
                "-2",
            ),
            (
                "{'descr': '<i2', 'fortran_order': False, 'shape': ('a',)}",
                ErrorKind::Corrupt,
                "shape",
            ),
            (
                "{'descr': '<i8', 'fortran_order': False, 'shape': (4294967296, 4294967296)}",
                ErrorKind::Corrupt,
                "too big",
            ),
            (
                "{'descr': '<i2', 'fortran_order': False}",
                ErrorKind::Corrupt,
                "lacks",
            ),
            (
                "{'descr': '<i2', 'fortran_order': False, 'shape': (), 'x': 1}",
                ErrorKind::Corrupt,
                "unknown key",
            ),
            ("[]", ErrorKind::Corrupt, "dict"),
        ] {
            let error = read(&mut file([1, 0], header, &[0; 64]).as_slice()).unwrap_err();
            assert_eq!(error.kind(), kind, "{header}: {error}");
            assert!(error.to_string().contains(word), "{header}: {error}");
        }
        let error = read(&mut &b"PK\x03\x04"[..]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        let error = read(&mut file([4, 0], "", &[]).as_slice()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    }

    #[test]
    fn long_headers_are_refused_before_they_are_read() {
        let mut head = MAGIC.to_vec();
        head.extend([2, 0, 0xff, 0xff, 0xff, 0xff]);
        assert_eq!(read(&mut head.as_slice()).unwrap_err().kind(), ErrorKind::Limit);
        let spaces = " ".repeat(20_000);
        let header = format!("{{'descr': '<i2', 'fortran_order': False, 'shape': (), }}{spaces}");
        let bytes = file([1, 0], &header, &[7, 0]);
        assert_eq!(read(&mut bytes.as_slice()).unwrap_err().kind(), ErrorKind::Limit);
        let options = ReadOptions {
            max_header: 30_000,
            ..ReadOptions::default()
        };
        assert_eq!(
            read_with(&mut bytes.as_slice(), options)
                .unwrap()
                .as_slice::<i16>()
                .unwrap(),
            [7]
        );
    }

    #[test]
    fn every_cut_is_truncated_and_known_sizes_say_so_before_reading() {
        let array = Array::from_vec(vec![1_u32, 2, 3], &[3]).unwrap();
        let mut bytes = Vec::new();
        write(&array, &mut bytes).unwrap();
        for cut in 0..bytes.len() {
            let error = read(&mut &bytes[..cut]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Truncated, "cut at {cut}: {error}");
        }
        let options = ReadOptions {
            available: Available::Bytes(139),
            ..ReadOptions::default()
        };
        let error = read_with(&mut bytes.as_slice(), options).unwrap_err();
        assert!(error.to_string().contains("11 are left"), "{error}");
    }

    #[test]
    fn arrays_may_follow_one_another() {
        let first = Array::from_slice_in(Order::F, &[1.0_f32, 2.0, 3.0, 4.0], &[2, 2]).unwrap();
        let second = Array::from_vec(vec![true], &[]).unwrap();
        let mut bytes = Vec::new();
        write(&first, &mut bytes).unwrap();
        write(&second, &mut bytes).unwrap();
        let mut source = bytes.as_slice();
        assert_eq!(read(&mut source).unwrap(), first);
        let back = read(&mut source).unwrap();
        assert_eq!((back.ndim(), back.dtype()), (0, &DType::of::<bool>()));
        assert_eq!(back, second);
        assert!(source.is_empty());
    }
}
