//! Values without parts: numbers, texts, bytes.

use std::io::Write;

use super::Emitter;
use crate::frame::TARGET;
use crate::opcode as op;
use crate::text::significant;
use crate::{Error, Protocol, Result};

#[allow(clippy::missing_errors_doc)] // They all fail alike: see `new`.
impl<W: Write> Emitter<W> {
    /// `None`.
    pub fn none(&mut self) -> Result<()> {
        self.value(op::NONE, [])
    }

    /// A `bool`.
    pub fn bool(&mut self, value: bool) -> Result<()> {
        if self.protocol >= Protocol::V2 {
            return self.value(if value { op::NEWTRUE } else { op::NEWFALSE }, []);
        }
        self.int_line(if value { "01" } else { "00" })
    }

    /// An `int`.
    #[inline]
    pub fn int(&mut self, value: impl Into<i128>) -> Result<()> {
        let value = value.into();
        match i32::try_from(value) {
            Ok(value) if self.protocol >= Protocol::V1 => self.int32(value),
            _ if self.protocol < Protocol::V2 => self.int_text(&value.to_string()),
            _ => self.long(&value.to_le_bytes()),
        }
    }

    #[inline]
    fn int32(&mut self, value: i32) -> Result<()> {
        if let Ok(n) = u8::try_from(value) {
            self.value(op::BININT1, [n])
        } else if let Ok(n) = u16::try_from(value) {
            self.value(op::BININT2, n.to_le_bytes())
        } else {
            self.value(op::BININT, value.to_le_bytes())
        }
    }

    /// An `int` of any size: two's complement, little-endian, the last byte's top bit being the sign. For numbers that
    /// do not fit in 32 bits. From protocol 2 on; before, see [`int_text`](Self::int_text).
    pub fn long(&mut self, bytes: &[u8]) -> Result<()> {
        let bytes = significant(bytes);
        if let Ok(n) = u8::try_from(bytes.len()) {
            self.value(op::LONG1, [n])?;
        } else {
            let n = i32::try_from(bytes.len()).map_err(|_| Error::limit("an integer of over 2^31 bytes"))?;
            self.value(op::LONG4, n.to_le_bytes())?;
        }
        self.framer.write(bytes);
        Ok(())
    }

    /// An `int` in decimal digits, for protocols below 2.
    pub fn int_text(&mut self, digits: &str) -> Result<()> {
        if digits.parse::<i32>().is_ok() {
            return self.int_line(digits);
        }
        self.begin()?;
        // Python 2 wanted the L.
        self.line(op::LONG, format!("{digits}L").as_bytes());
        Ok(())
    }

    fn int_line(&mut self, text: &str) -> Result<()> {
        self.begin()?;
        self.line(op::INT, text.as_bytes());
        Ok(())
    }

    /// A `float` as Python's `repr` shows it, for protocol 0.
    pub fn float_text(&mut self, text: &str) -> Result<()> {
        self.begin()?;
        self.line(op::FLOAT, text.as_bytes());
        Ok(())
    }

    /// A `str` in Python's encoding `raw-unicode-escape`, without line feeds, for protocol 0. Memoize it.
    pub fn str_text(&mut self, escaped: &[u8]) -> Result<()> {
        self.begin()?;
        self.line(op::UNICODE, escaped);
        Ok(())
    }

    /// A `float`. From protocol 1 on; before, see [`float_text`](Self::float_text).
    pub fn float(&mut self, value: f64) -> Result<()> {
        self.value(op::BINFLOAT, value.to_be_bytes())
    }

    /// A `str`. Memoize it. From protocol 1 on; before, see [`str_text`](Self::str_text).
    pub fn str(&mut self, text: &str) -> Result<()> {
        self.wtf8(text.as_bytes())
    }

    /// A `str` with lone surrogates, each as the three bytes that UTF-8 would have for it. Memoize it. From
    /// protocol 1 on.
    pub fn wtf8(&mut self, text: &[u8]) -> Result<()> {
        let short = (self.protocol >= Protocol::V4).then_some(op::SHORT_BINUNICODE);
        self.counted([short, Some(op::BINUNICODE), Some(op::BINUNICODE8)], text)
    }

    /// A `bytes`. Memoize it. From protocol 2 on.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        if self.protocol >= Protocol::V3 {
            return self.counted(
                [Some(op::SHORT_BINBYTES), Some(op::BINBYTES), Some(op::BINBYTES8)],
                bytes,
            );
        }
        self.begin()?;
        if bytes.is_empty() {
            self.shared_global("builtins", "bytes")?;
            self.tuple(0)?;
        } else {
            self.shared_global("_codecs", "encode")?;
            self.str(&bytes.iter().map(|&b| char::from(b)).collect::<String>())?;
            self.memoize()?;
            self.shared_str("latin1")?;
            self.tuple(2)?;
            self.memoize()?;
        }
        self.reduce()
    }

    /// A `bytearray`. Memoize it. From protocol 2 on.
    pub fn bytearray(&mut self, bytes: &[u8]) -> Result<()> {
        if self.protocol >= Protocol::V5 {
            return self.counted([None, None, Some(op::BYTEARRAY8)], bytes);
        }
        self.begin()?;
        self.shared_global("builtins", "bytearray")?;
        if bytes.is_empty() {
            self.tuple(0)?;
        } else {
            self.begin()?;
            self.bytes(bytes)?;
            self.memoize()?;
            self.tuple(1)?;
            self.memoize()?;
        }
        self.reduce()
    }

    /// A `str` of Python 2, which Python 3 takes for ASCII text. Memoize it. From protocol 1 on.
    pub fn str8(&mut self, bytes: &[u8]) -> Result<()> {
        if let Ok(n) = u8::try_from(bytes.len()) {
            self.value(op::SHORT_BINSTRING, [n])?;
        } else {
            let n =
                i32::try_from(bytes.len()).map_err(|_| Error::limit("an 8-bit string of over 2^31 bytes"))?;
            self.value(op::BINSTRING, n.to_le_bytes())?;
        }
        self.framer.write(bytes);
        Ok(())
    }

    /// Bytes behind the first of three opcodes that has room for their number: a byte, four, or eight, the last from
    /// protocol 4 on.
    fn counted(&mut self, [short, medium, long]: [Option<u8>; 3], bytes: &[u8]) -> Result<()> {
        self.begin()?;
        let n = bytes.len();
        if let (Ok(n), Some(short)) = (u8::try_from(n), short) {
            self.framer.write(&[short, n]);
            self.framer.write(bytes);
            return Ok(());
        }
        let mut head = Vec::with_capacity(9);
        match (u32::try_from(n), medium, long) {
            (Ok(n), Some(medium), _) => {
                head.push(medium);
                head.extend(n.to_le_bytes());
            }
            (_, _, Some(long)) if self.protocol >= Protocol::V4 => {
                head.push(long);
                head.extend((n as u64).to_le_bytes());
            }
            _ => {
                let message = format!("{n} bytes in one piece take protocol 4 or later");
                return Err(Error::limit(message));
            }
        }
        if n >= TARGET {
            self.framer.bypass(&head)?;
            self.framer.bypass(bytes)?;
        } else {
            self.framer.write(&head);
            self.framer.write(bytes);
        }
        Ok(())
    }

    /// Writes a value that is an opcode and an operand.
    #[inline]
    pub(super) fn value<const N: usize>(&mut self, opcode: u8, operand: [u8; N]) -> Result<()> {
        self.begin()?;
        self.op(opcode);
        self.framer.write(&operand);
        Ok(())
    }
}
