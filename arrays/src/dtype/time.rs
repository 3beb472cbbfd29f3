//! What dates and time differences count.

use std::fmt;
use std::str::FromStr;

use crate::{Error, Result};

/// A unit of time: what numpy's `datetime64` and `timedelta64` count in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // The names say it all.
pub enum TimeBase {
    Year,
    Month,
    Week,
    Day,
    Hour,
    Minute,
    Second,
    Millisecond,
    Microsecond,
    Nanosecond,
    Picosecond,
    Femtosecond,
    Attosecond,
    /// No unit: numpy takes that of whatever the number is combined with.
    Generic,
}

impl TimeBase {
    /// All of them, the longest first.
    pub const ALL: [Self; 14] = [
        Self::Year,
        Self::Month,
        Self::Week,
        Self::Day,
        Self::Hour,
        Self::Minute,
        Self::Second,
        Self::Millisecond,
        Self::Microsecond,
        Self::Nanosecond,
        Self::Picosecond,
        Self::Femtosecond,
        Self::Attosecond,
        Self::Generic,
    ];

    /// numpy's code for it, for example `ns`, or `generic`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Year => "Y",
            Self::Month => "M",
            Self::Week => "W",
            Self::Day => "D",
            Self::Hour => "h",
            Self::Minute => "m",
            Self::Second => "s",
            Self::Millisecond => "ms",
            Self::Microsecond => "us",
            Self::Nanosecond => "ns",
            Self::Picosecond => "ps",
            Self::Femtosecond => "fs",
            Self::Attosecond => "as",
            Self::Generic => "generic",
        }
    }
}

/// What one step of a date or a time difference is: so many of a [`TimeBase`], as in `25s`.
///
/// Dates count from the beginning of 1970, UTC. The smallest number, `i64::MIN`, is "not a time" in all units.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TimeUnit {
    base: TimeBase,
    count: u32,
}

impl TimeUnit {
    /// No unit.
    pub const GENERIC: Self = Self {
        base: TimeBase::Generic,
        count: 1,
    };

    /// Steps of `count` times `base`. [`TimeBase::Generic`] has no multiples: for it, the count is 1 whatever is given.
    ///
    /// # Errors
    /// [`Corrupt`](crate::ErrorKind::Corrupt) if `count` is 0 or more than numpy's C `int` holds.
    pub fn new(base: TimeBase, count: u32) -> Result<Self> {
        match base {
            TimeBase::Generic => Ok(Self::GENERIC),
            _ if count == 0 || i32::try_from(count).is_err() => Err(Error::corrupt(format!(
                "invalid time unit: {count} times {}; from 1 to 2147483647 are possible",
                base.code()
            ))),
            _ => Ok(Self { base, count }),
        }
    }

    /// What is counted.
    #[must_use]
    pub const fn base(self) -> TimeBase {
        self.base
    }

    /// How many of it make one step.
    #[must_use]
    pub const fn count(self) -> u32 {
        self.count
    }
}

impl From<TimeBase> for TimeUnit {
    fn from(base: TimeBase) -> Self {
        Self { base, count: 1 }
    }
}

impl fmt::Display for TimeUnit {
    /// As numpy writes it between brackets: `25s`, `ns`, `generic`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.count != 1 {
            write!(f, "{}", self.count)?;
        }
        f.write_str(self.base.code())
    }
}

impl fmt::Debug for TimeUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TimeUnit({self})")
    }
}

impl FromStr for TimeUnit {
    type Err = Error;

    /// # Errors
    /// [`Corrupt`](crate::ErrorKind::Corrupt) for an unknown unit or an impossible count.
    fn from_str(text: &str) -> Result<Self> {
        let invalid = || Error::corrupt(format!("{text:?} is no unit of time that numpy has"));
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (count, code) = text.split_at(digits);
        let base = TimeBase::ALL.into_iter().find(|base| base.code() == code);
        let count = match count {
            "" => 1,
            count => count.parse().map_err(|_| invalid())?,
        };
        Self::new(base.ok_or_else(invalid)?, count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn units_print_and_parse() {
        for base in TimeBase::ALL {
            for count in [1, 25, 2_147_483_647] {
                let unit = TimeUnit::new(base, count).unwrap();
                assert_eq!(unit.to_string().parse::<TimeUnit>().unwrap(), unit);
            }
        }
        assert_eq!("25s".parse::<TimeUnit>().unwrap().count(), 25);
        assert_eq!("1s".parse::<TimeUnit>().unwrap().to_string(), "s");
        assert_eq!("5generic".parse::<TimeUnit>().unwrap(), TimeUnit::GENERIC);
    }

    #[test]
    fn other_units_are_refused() {
        for text in [
            "",
            "5",
            "B",
            " s",
            "s ",
            "-1s",
            "0s",
            "2147483648s",
            "99999999999999999999s",
            "s/3",
            "S",
        ] {
            assert_eq!(
                text.parse::<TimeUnit>().unwrap_err().kind(),
                ErrorKind::Corrupt,
                "{text}"
            );
        }
    }
}
