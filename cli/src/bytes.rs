//! Amounts of bytes, as users type and read them.

/// A bound a user sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    Bytes(u64),
    None,
}

/// Parses `4096`, `64K`, `1GiB` (powers of 1024), `5MB` (powers of 1000), or `none`.
pub(crate) fn parse_limit(text: &str) -> Result<Limit, String> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(Limit::None);
    }
    parse(text).map(Limit::Bytes)
}

/// Parses `4096`, `64K`, `1GiB` (powers of 1024) or `5MB` (powers of 1000).
pub(crate) fn parse(text: &str) -> Result<u64, String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| USAGE.to_owned())?;
    let unit = unit.trim_start().to_ascii_lowercase();
    let (prefix, base) = match unit.strip_suffix("ib") {
        Some(prefix) if !prefix.is_empty() => (prefix, 1024),
        _ => match unit.strip_suffix('b') {
            Some(prefix) => (prefix, 1000),
            None => (unit.as_str(), 1024),
        },
    };
    let power = match prefix {
        "" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        _ => return Err(USAGE.to_owned()),
    };
    u64::pow(base, power)
        .checked_mul(number)
        .ok_or_else(|| "more than 16 EiB".to_owned())
}

const USAGE: &str = "a size is a number with K, M, G or T (64M, 1GiB: powers of 1024; 5MB: powers of 1000)";

/// `1.2 MB`: powers of 1000, three significant digits.
pub(crate) fn shown(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let mut value = bytes as f64 / 1e3;
    let mut unit = 0;
    // What would be rounded to 1000 of a unit is 1 of the next.
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1e3;
        unit += 1;
    }
    format!("{value:.*} {}", decimals(value), UNITS[unit])
}

/// Decimals that leave about three significant digits.
pub(crate) fn decimals(value: f64) -> usize {
    match value {
        v if v >= 99.95 => 0,
        v if v >= 9.995 => 1,
        _ => 2,
    }
}

/// Plain size over compressed size; `None` where nothing was compressed.
#[expect(clippy::cast_precision_loss, reason = "a few digits are shown")]
pub(crate) fn ratio(plain: u64, compressed: u64) -> Option<f64> {
    (compressed > 0).then(|| plain as f64 / compressed as f64)
}

/// What a stream holds: `gzip, 1.20 MB -> 300 kB, ratio 4.00`.
pub(crate) fn change(format: &str, plain: u64, compressed: u64) -> String {
    let ratio = ratio(plain, compressed).map_or(String::new(), |ratio| format!(", ratio {ratio:.2}"));
    format!("{format}, {} -> {}{ratio}", shown(plain), shown(compressed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units_of_two_kinds() {
        assert_eq!(parse("4096"), Ok(4096));
        assert_eq!(parse("64M"), Ok(64 << 20));
        assert_eq!(parse("64mib"), Ok(64 << 20));
        assert_eq!(parse("1 GiB"), Ok(1 << 30));
        assert_eq!(parse("5MB"), Ok(5_000_000));
        assert_eq!(parse("7B"), Ok(7));
        assert_eq!(parse_limit("None"), Ok(Limit::None));
    }

    #[test]
    fn what_is_no_size_is_refused() {
        for text in ["", "M", "-1", "1.5G", "12X", "1ib", "99999999999T", "1e9"] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn three_digits_are_shown() {
        let shown: Vec<_> = [0, 999, 1000, 1_234_567, 99_960_000, 999_600, u64::MAX]
            .map(shown)
            .into();
        assert_eq!(
            shown,
            [
                "0 B", "999 B", "1.00 kB", "1.23 MB", "100 MB", "1.00 MB", "18.4 EB"
            ]
        );
    }
}
