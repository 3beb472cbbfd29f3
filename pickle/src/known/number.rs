//! Numbers that Python makes by calling a class.

use super::value::{Shape, state_map};
use crate::known::Callable;
use crate::{Int, Value};

/// A `complex`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Complex {
    /// The real part.
    pub re: f64,
    /// The imaginary part.
    pub im: f64,
}

/// A `fractions.Fraction`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fraction<'d> {
    /// What is divided.
    pub numerator: Int<'d>,
    /// What it is divided by: not zero.
    pub denominator: Int<'d>,
}

/// `complex(re, im)`.
pub(super) fn complex(value: Value<'_>) -> Option<Complex> {
    let [re, im] = Shape::call(value, Callable::Complex)?.bare()?.exactly()?;
    Some(Complex {
        re: re.as_f64()?,
        im: im.as_f64()?,
    })
}

/// `Decimal("1.50")`.
pub(super) fn decimal(value: Value<'_>) -> Option<&str> {
    let [text] = Shape::call(value, Callable::Decimal)?.bare()?.exactly()?;
    let text = text.as_str()?;
    is_decimal(text).then_some(text)
}

/// Whether this is what `str` makes of a `Decimal`.
fn is_decimal(text: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    if let Some(payload) = text.strip_prefix("NaN").or_else(|| text.strip_prefix("sNaN")) {
        return digits(payload);
    }
    if text == "Infinity" {
        return true;
    }
    let (number, exponent) = text.split_once('E').unwrap_or((text, "0"));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    [exponent, whole, part]
        .iter()
        .all(|part| !part.is_empty() && digits(part))
}

/// `Fraction(numerator, denominator)`, or before Python 3.12 `Fraction("1/3")`.
pub(super) fn fraction(value: Value<'_>) -> Option<Fraction<'_>> {
    let args = Shape::call(value, Callable::Fraction)?.bare()?;
    let (numerator, denominator) = match args.one_or_two()? {
        (numerator, Some(denominator)) => (numerator.as_int()?, denominator.as_int()?),
        (text, None) => {
            let text = text.as_str()?;
            let (numerator, denominator) = text.split_once('/').unwrap_or((text, "1"));
            (Int::small(number(numerator)?), Int::small(number(denominator)?))
        }
    };
    (denominator.as_i64() != Some(0)).then_some(Fraction {
        numerator,
        denominator,
    })
}

fn number(text: &str) -> Option<i64> {
    // Stricter than `parse`, which takes a plus sign.
    (!text.starts_with('+')).then(|| text.parse().ok())?
}

/// A `UUID`, whose state holds the number.
pub(super) fn uuid(value: Value<'_>) -> Option<u128> {
    let state = state_map(value, Callable::Uuid)?;
    let known = |(key, _): (Value<'_>, _)| matches!(key.as_str(), Some("int" | "is_safe"));
    if !state.items().all(known) {
        return None;
    }
    state.find("int")?.as_int()?.as_u128()
}
