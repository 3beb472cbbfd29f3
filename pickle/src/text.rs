//! Operands that are text: numbers in digits, quoted and escaped strings, and strings that are not quite UTF-8.

use std::borrow::Cow;

use crate::{Error, Result};

/// The most digits an integer may have, as in CPython (`sys.int_info.default_max_str_digits`): conversion takes time
/// that grows with the square of their number.
const MAX_DIGITS: usize = 4300;

/// An integer out of the stream.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Parsed {
    Small(i64),
    /// Two's complement, little-endian, as short as possible.
    Big(Vec<u8>),
}

/// Understands the operand of `INT` and `LONG`, as Python's `int(text, 0)`: decimal without leading zeros (which C would
/// take for octal), or with a prefix `0x`, `0o`, `0b`.
pub(crate) fn integer(line: &[u8]) -> Result<Parsed> {
    number(line, |digits| match digits.get(..2) {
        Some("0x" | "0X") => Some((16, &digits[2..])),
        Some("0o" | "0O") => Some((8, &digits[2..])),
        Some("0b" | "0B") => Some((2, &digits[2..])),
        _ if digits.starts_with('0') && digits.bytes().any(|digit| digit != b'0') => None,
        _ => Some((10, digits)),
    })
}

/// Understands the operand of `GET` and `PUT`, as Python's `int(text)`: decimal.
pub(crate) fn decimal(line: &[u8]) -> Result<Parsed> {
    number(line, |digits| Some((10, digits)))
}

/// A number of which `radix` tells the base, and the digits without what says so.
fn number(line: &[u8], radix: impl FnOnce(&str) -> Option<(u32, &str)>) -> Result<Parsed> {
    let invalid = || Error::corrupt(format!("not an integer: {:?}", line.escape_ascii().to_string()));
    let text = std::str::from_utf8(line).map_err(|_| invalid())?.trim_ascii();
    if text.len() > MAX_DIGITS {
        return Err(Error::limit(format!("an integer of over {MAX_DIGITS} digits")));
    }
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let (radix, digits) = radix(digits).ok_or_else(invalid)?;
    if digits.is_empty() {
        return Err(invalid());
    }
    // Magnitude, little-endian in 32-bit limbs.
    let mut limbs: Vec<u32> = Vec::new();
    for c in digits.chars() {
        let mut carry = u64::from(c.to_digit(radix).ok_or_else(invalid)?);
        for limb in &mut limbs {
            carry += u64::from(*limb) * u64::from(radix);
            *limb = low(carry);
            carry >>= 32;
        }
        if carry > 0 {
            limbs.push(low(carry));
        }
    }
    let mut bytes: Vec<u8> = limbs.iter().flat_map(|limb| limb.to_le_bytes()).collect();
    bytes.push(0);
    if negative {
        negate(&mut bytes);
    }
    Ok(shortest(bytes))
}

/// The low 32 bits.
fn low(n: u64) -> u32 {
    u32::try_from(n & u64::from(u32::MAX)).expect("masked")
}

fn negate(bytes: &mut [u8]) {
    let mut carry = true;
    for byte in bytes {
        (*byte, carry) = (!*byte).overflowing_add(u8::from(carry));
    }
}

/// Drops bytes of two's complement that only repeat the sign, and takes what fits in 64 bits out of its bytes.
pub(crate) fn shortest(mut bytes: Vec<u8>) -> Parsed {
    bytes.truncate(significant(&bytes).len());
    match small(&bytes) {
        Some(n) => Parsed::Small(n),
        None => Parsed::Big(bytes),
    }
}

/// `bytes` of two's complement without those that only repeat the sign.
pub(crate) fn significant(mut bytes: &[u8]) -> &[u8] {
    while let [rest @ .., before, last] = bytes {
        if *last != if before & 0x80 == 0 { 0 } else { 0xff } {
            break;
        }
        bytes = &bytes[..rest.len() + 1];
    }
    bytes
}

/// The value of little-endian two's complement that fits in 64 bits.
pub(crate) fn small(bytes: &[u8]) -> Option<i64> {
    let sign = if bytes.last().is_some_and(|b| b & 0x80 != 0) {
        0xff
    } else {
        0
    };
    let mut wide = [sign; 8];
    wide.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(i64::from_le_bytes(wide))
}

/// Understands the operand of `FLOAT`.
pub(crate) fn float(line: &[u8]) -> Result<f64> {
    let text = std::str::from_utf8(line).ok().map(str::trim_ascii);
    text.and_then(|text| text.parse().ok())
        .ok_or_else(|| Error::corrupt(format!("not a float: {:?}", line.escape_ascii().to_string())))
}

/// Understands the operand of `STRING`: an 8-bit string as Python's `repr` writes it.
pub(crate) fn quoted(line: &[u8]) -> Result<Vec<u8>> {
    let body = match line {
        [open @ (b'\'' | b'"'), body @ .., close] if open == close => body,
        _ => return Err(Error::corrupt("the STRING opcode argument must be quoted")),
    };
    let invalid = || Error::corrupt("invalid escape in a STRING");
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body.iter().copied();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let byte = match rest.next().ok_or_else(invalid)? {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'a' => 7,
            b'b' => 8,
            b'f' => 12,
            b'v' => 11,
            c @ (b'\\' | b'\'' | b'"') => c,
            b'x' => {
                let mut digit = || {
                    rest.next()
                        .and_then(|c| char::from(c).to_digit(16))
                        .ok_or_else(invalid)
                };
                let code = digit()? << 4 | digit()?;
                u8::try_from(code).expect("two hexadecimal digits")
            }
            c @ b'0'..=b'7' => {
                let mut code = u32::from(c - b'0');
                for _ in 0..2 {
                    let Some(digit) = rest.clone().next().and_then(|c| char::from(c).to_digit(8)) else {
                        break;
                    };
                    rest.next();
                    code = code << 3 | digit;
                }
                u8::try_from(code & 0xff).expect("masked")
            }
            // As Python, which leaves what it does not know.
            other => {
                out.push(b'\\');
                other
            }
        };
        out.push(byte);
    }
    Ok(out)
}

/// Understands the operand of `UNICODE`: Latin-1 with escapes, `\u` and `\U` before four and eight hexadecimal digits.
/// Answers UTF-8 that may have lone surrogates.
pub(crate) fn raw_unicode(line: &[u8]) -> Result<Vec<u8>> {
    let invalid = || Error::corrupt("invalid escape in a UNICODE");
    let mut out = Vec::with_capacity(line.len());
    let mut rest = line.iter().copied();
    while let Some(byte) = rest.next() {
        let mut code = u32::from(byte);
        if byte == b'\\' {
            let digits = match rest.next() {
                Some(b'u') => 4,
                Some(b'U') => 8,
                other => {
                    out.push(b'\\');
                    if let Some(c) = other {
                        push_code(&mut out, u32::from(c)).ok_or_else(invalid)?;
                    }
                    continue;
                }
            };
            code = 0;
            for _ in 0..digits {
                let digit = rest
                    .next()
                    .and_then(|c| char::from(c).to_digit(16))
                    .ok_or_else(invalid)?;
                code = code << 4 | digit;
            }
        }
        push_code(&mut out, code).ok_or_else(invalid)?;
    }
    Ok(out)
}

/// Appends a code point, surrogates included, as (generalised) UTF-8.
fn push_code(out: &mut Vec<u8>, code: u32) -> Option<()> {
    if let Some(c) = char::from_u32(code) {
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    } else if (0xd800..0xe000).contains(&code) {
        let six_bits = |shift: u32| u8::try_from(code >> shift & 0x3f).expect("masked") | 0x80;
        out.extend([0xed, six_bits(6), six_bits(0)]);
    } else {
        return None;
    }
    Some(())
}

/// Text out of the stream.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Text<'a> {
    Utf8(Cow<'a, str>),
    /// Has lone surrogates, and is UTF-8 otherwise.
    Wtf8(Cow<'a, [u8]>),
}

/// Checks that bytes are UTF-8, lone surrogates allowed.
pub(crate) fn decode(bytes: Cow<'_, [u8]>) -> Result<Text<'_>> {
    let utf8 = match bytes {
        Cow::Borrowed(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => return Ok(Text::Utf8(text.into())),
            Err(_) => Cow::Borrowed(bytes),
        },
        Cow::Owned(bytes) => match String::from_utf8(bytes) {
            Ok(text) => return Ok(Text::Utf8(text.into())),
            Err(e) => Cow::Owned(e.into_bytes()),
        },
    };
    let mut rest = &*utf8;
    while let Err(e) = std::str::from_utf8(rest) {
        match &rest[e.valid_up_to()..] {
            [0xed, 0xa0..=0xbf, 0x80..=0xbf, after @ ..] => rest = after,
            _ => return Err(Error::corrupt("a string is not UTF-8")),
        }
    }
    Ok(Text::Wtf8(utf8))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn integers_of_any_size() {
        for (text, value) in [
            ("0", 0),
            ("-1", -1),
            ("+12", 12),
            (" 7\r", 7),
            ("000", 0),
            ("0x1F", 31),
            ("-0o17", -15),
            ("0b101", 5),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
        ] {
            assert_eq!(integer(text.as_bytes()).unwrap(), Parsed::Small(value), "{text}");
        }
        for (text, bytes) in [
            ("9223372036854775808", &[0, 0, 0, 0, 0, 0, 0, 0x80, 0][..]),
            (
                "-9223372036854775809",
                &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0xff],
            ),
            (
                "340282366920938463463374607431768211456",
                &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
            ),
        ] {
            assert_eq!(
                integer(text.as_bytes()).unwrap(),
                Parsed::Big(bytes.to_vec()),
                "{text}"
            );
        }
        for text in [
            "", "-", "1_000", "1.0", "0x", "--1", "١", "1L", "\\xff", "007", "-010",
        ] {
            assert_eq!(
                integer(text.as_bytes()).unwrap_err().kind(),
                ErrorKind::Corrupt,
                "{text}"
            );
        }
        assert!(integer(&[b'9'; 4300]).is_ok());
        assert_eq!(integer(&[b'9'; 4301]).unwrap_err().kind(), ErrorKind::Limit);
    }

    #[test]
    fn memo_numbers_are_decimal() {
        assert_eq!(decimal(b"007").unwrap(), Parsed::Small(7));
        assert_eq!(decimal(b"0x7").unwrap_err().kind(), ErrorKind::Corrupt);
    }

    #[test]
    fn twos_complement_is_shortened_to_what_counts() {
        for (bytes, short) in [
            (&[][..], &[][..]),
            (&[0], &[0]),
            (&[5, 0, 0], &[5]),
            (&[0x80, 0, 0], &[0x80, 0]),
            (&[0xff, 0xff], &[0xff]),
            (&[0x7f, 0xff, 0xff], &[0x7f, 0xff]),
        ] {
            assert_eq!(significant(bytes), short, "{bytes:?}");
        }
        assert_eq!(small(&[]), Some(0));
        assert_eq!(small(&[0xfe]), Some(-2));
        assert_eq!(small(&[0; 9]), None);
    }

    #[test]
    fn floats_as_python_prints_them() {
        for (text, value) in [
            ("1.5", 1.5),
            ("-1e+300", -1e300),
            ("inf", f64::INFINITY),
            ("-inf", f64::NEG_INFINITY),
        ] {
            assert_eq!(
                float(text.as_bytes()).unwrap().to_bits(),
                value.to_bits(),
                "{text}"
            );
        }
        assert!(float(b"nan").unwrap().is_nan());
        assert_eq!(float(b"1,5").unwrap_err().kind(), ErrorKind::Corrupt);
    }

    #[test]
    fn quoted_strings_with_escapes() {
        assert_eq!(quoted(br#"'a\'b\\\n\x41\101\0\q'"#).unwrap(), b"a'b\\\nAA\0\\q");
        assert_eq!(quoted(b"\"it's\"").unwrap(), b"it's");
        for bad in [
            &b"a"[..],
            b"'a' ",
            b"'a'\r",
            b"'",
            b"'a\"",
            b"",
            b"'\\x4'",
            b"'\\'",
        ] {
            assert_eq!(quoted(bad).unwrap_err().kind(), ErrorKind::Corrupt, "{bad:?}");
        }
    }

    #[test]
    fn raw_unicode_as_python_reads_it() {
        assert_eq!(
            raw_unicode(b"a\xe9\\u20ac\\U0001F600").unwrap(),
            "aé€😀".as_bytes()
        );
        assert_eq!(raw_unicode(br"\\u0041\n\").unwrap(), br"\\u0041\n\");
        assert_eq!(raw_unicode(br"\ud800x").unwrap(), b"\xed\xa0\x80x");
        for bad in [&br"\u12"[..], br"\uzzzz", br"\U00110000"] {
            assert_eq!(raw_unicode(bad).unwrap_err().kind(), ErrorKind::Corrupt);
        }
    }

    #[test]
    fn lone_surrogates_are_kept_and_other_damage_is_not() {
        assert_eq!(
            decode(Cow::Borrowed("aé".as_bytes())).unwrap(),
            Text::Utf8("aé".into())
        );
        let lone = b"x\xed\xa0\x80\xed\xbf\xbfy";
        assert_eq!(decode(Cow::Borrowed(lone)).unwrap(), Text::Wtf8(lone.into()));
        for bad in [&b"\xff"[..], b"\xed\xa0", b"\xc0\x80", b"a\xed\xa0\x80\xfe"] {
            assert_eq!(
                decode(Cow::Owned(bad.to_vec())).unwrap_err().kind(),
                ErrorKind::Corrupt,
                "{bad:?}"
            );
        }
    }
}
