//! Python's integers, which have no bounds.

use std::fmt;

/// Numbers of more bytes than this are printed in hexadecimal: decimal digits take time that grows with the square of
/// their number. It is what CPython's limit of 4300 digits comes to.
const MAX_DECIMAL_BYTES: usize = 1786;

/// An integer of any size.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Int<'d>(Repr<'d>);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Repr<'d> {
    Small(i64),
    /// Two's complement, little-endian, as short as possible and beyond 64 bits: each number has one form.
    Big(&'d [u8]),
}

impl<'d> Int<'d> {
    pub(crate) fn small(n: i64) -> Self {
        Self(Repr::Small(n))
    }

    pub(crate) fn big(bytes: &'d [u8]) -> Self {
        Self(Repr::Big(bytes))
    }

    /// Its value, if it fits.
    #[must_use]
    pub fn as_i64(self) -> Option<i64> {
        match self.0 {
            Repr::Small(n) => Some(n),
            Repr::Big(_) => None,
        }
    }

    /// Its value, if it fits.
    #[must_use]
    pub fn as_i128(self) -> Option<i128> {
        match self.0 {
            Repr::Small(n) => Some(n.into()),
            Repr::Big(bytes) => {
                let sign = if self.is_negative() { 0xff } else { 0 };
                let mut wide = [sign; 16];
                wide.get_mut(..bytes.len())?.copy_from_slice(bytes);
                Some(i128::from_le_bytes(wide))
            }
        }
    }

    /// Its value, if it fits and is not negative.
    #[must_use]
    pub fn as_u64(self) -> Option<u64> {
        self.as_i128().and_then(|n| n.try_into().ok())
    }

    /// Its value, if it fits and is not negative.
    #[must_use]
    pub fn as_u128(self) -> Option<u128> {
        match self.0 {
            Repr::Small(n) => n.try_into().ok(),
            Repr::Big(_) if self.is_negative() => None,
            Repr::Big(bytes) => {
                // The seventeenth byte of a number that fits has only the sign.
                let (bytes, sign) = bytes.split_at_checked(16).unwrap_or((bytes, &[]));
                let mut wide = [0; 16];
                wide[..bytes.len()].copy_from_slice(bytes);
                matches!(sign, [] | [0]).then_some(u128::from_le_bytes(wide))
            }
        }
    }

    /// Its bytes in two's complement, the least significant first and as few as hold the number and its sign, as
    /// libraries for large numbers take them.
    #[must_use]
    pub fn to_le_bytes(self) -> Vec<u8> {
        match self.0 {
            Repr::Small(n) => crate::text::significant(&n.to_le_bytes()).to_vec(),
            Repr::Big(bytes) => bytes.to_vec(),
        }
    }

    /// Whether it is below zero.
    #[must_use]
    pub fn is_negative(self) -> bool {
        match self.0 {
            Repr::Small(n) => n < 0,
            Repr::Big(bytes) => bytes.last().is_some_and(|b| b & 0x80 != 0),
        }
    }

    /// The absolute value of a big number, little-endian.
    fn magnitude(bytes: &[u8], negative: bool) -> Vec<u8> {
        let mut carry = negative;
        let flip = if negative { 0xff } else { 0 };
        let digit = |b: &u8| {
            let (digit, overflow) = (b ^ flip).overflowing_add(u8::from(carry));
            carry = overflow;
            digit
        };
        bytes.iter().map(digit).collect()
    }
}

impl fmt::Display for Int<'_> {
    /// In decimal; numbers of more than some 4300 digits in hexadecimal, with `0x` in front.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = match self.0 {
            Repr::Small(n) => return n.fmt(f),
            Repr::Big(bytes) => bytes,
        };
        let mut rest = Self::magnitude(bytes, self.is_negative());
        let digits = if rest.len() > MAX_DECIMAL_BYTES {
            let hex: String = rest.iter().rev().map(|b| format!("{b:02x}")).collect();
            format!("0x{}", hex.trim_start_matches('0'))
        } else {
            // Divide by 100 until nothing is left; the remainders are the digits, the last pair first.
            let mut pairs = Vec::new();
            while let Some(top) = rest.iter().rposition(|&b| b != 0) {
                rest.truncate(top + 1);
                let mut remainder = 0_u16;
                for byte in rest.iter_mut().rev() {
                    remainder = remainder << 8 | u16::from(*byte);
                    *byte = u8::try_from(remainder / 100).expect("the remainder before was below 100");
                    remainder %= 100;
                }
                pairs.push(remainder);
            }
            let digits: String = pairs.iter().rev().map(|pair| format!("{pair:02}")).collect();
            digits.trim_start_matches('0').to_owned()
        };
        f.pad_integral(!self.is_negative(), "", &digits)
    }
}

impl fmt::Debug for Int<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text;

    #[test]
    fn prints_what_was_parsed() {
        for number in [
            "9223372036854775808",
            "-9223372036854775809",
            "170141183460469231731687303715884105727",
            "-170141183460469231731687303715884105728",
            "100000000000000000000000000000000000000000000000000000000",
            "-99999999999999999999999999999999999999999999999999999999999",
        ] {
            let text::Parsed::Big(bytes) = text::integer(number.as_bytes()).unwrap() else {
                panic!("small")
            };
            let int = Int::big(&bytes);
            assert_eq!(int.to_string(), number);
            assert_eq!(int.as_i128(), number.parse().ok());
            assert_eq!((int.as_i64(), int.as_u64()), (None, number.parse().ok()));
            assert_eq!(int.is_negative(), number.starts_with('-'));
            assert_eq!(int.to_le_bytes(), *bytes);
        }
    }

    #[test]
    fn bytes_are_as_few_as_hold_the_sign() {
        for (number, bytes) in [
            (0, &[0][..]),
            (1, &[1]),
            (-1, &[0xff]),
            (127, &[0x7f]),
            (128, &[0x80, 0]),
            (-128, &[0x80]),
            (-129, &[0x7f, 0xff]),
            (i64::MAX, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
            (i64::MIN, &[0, 0, 0, 0, 0, 0, 0, 0x80]),
        ] {
            assert_eq!(Int::small(number).to_le_bytes(), bytes, "{number}");
        }
    }

    #[test]
    fn the_longest_decimal_is_followed_by_hexadecimal() {
        let mut bytes = vec![0; MAX_DECIMAL_BYTES - 1];
        bytes.push(1);
        let decimal = Int::big(&bytes).to_string();
        assert!(!decimal.starts_with("0x"), "{decimal}");
        assert!((4290..4310).contains(&decimal.len()), "{}", decimal.len());
        bytes.push(1);
        assert!(Int::big(&bytes).to_string().starts_with("0x101"));
    }

    #[test]
    fn enormous_numbers_are_printed_in_linear_time() {
        let mut bytes = vec![0; 1_000_000];
        bytes.push(1);
        let hex = Int::big(&bytes).to_string();
        assert_eq!((&hex[..4], hex.len()), ("0x10", 2_000_003));
    }
}
