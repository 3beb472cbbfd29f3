//! Dates and times: what the module `datetime` pickles.
//!
//! Its classes pack their fields into a byte string: see `datetime.datetime.__reduce_ex__`. Python 2 wrote those bytes
//! as a `str`, and protocols below 3 write them as text that is to be encoded; both arrive here as bytes.

use std::fmt;

use super::value::{Shape, bytes_of};
use crate::Value;
use crate::known::Callable;

/// A `datetime.date` of the proleptic Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    /// From 1 to 9999.
    pub year: u16,
    /// From 1 to 12.
    pub month: u8,
    /// From 1 to the length of the month.
    pub day: u8,
}

/// A `datetime.time`, without its time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time {
    /// From 0 to 23.
    pub hour: u8,
    /// From 0 to 59.
    pub minute: u8,
    /// From 0 to 59.
    pub second: u8,
    /// From 0 to 999 999.
    pub microsecond: u32,
    /// Which of two equal readings of the clock, where it is set back: `true` is the later one.
    pub fold: bool,
}

/// A `datetime.datetime`, without its time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime {
    /// The day.
    pub date: Date,
    /// The time of day.
    pub time: Time,
}

/// A `datetime.timedelta`, in Python's normal form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeDelta {
    /// Whole days, from −999 999 999 to 999 999 999; the only part with a sign.
    pub days: i32,
    /// From 0 to 86 399.
    pub seconds: u32,
    /// From 0 to 999 999.
    pub microseconds: u32,
}

/// A `datetime.timezone`: a fixed difference to UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TimeZone<'d> {
    /// What is added to UTC: less than a day in either direction.
    pub offset: TimeDelta,
    /// Its name, if it was given one.
    pub name: Option<&'d str>,
}

impl Date {
    fn unpack(bytes: [u8; 4]) -> Option<Self> {
        let year = u16::from_be_bytes([bytes[0], bytes[1]]);
        let [_, _, month, day] = bytes;
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            2 => 28 + u8::from(leap),
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        ((1..=9999).contains(&year) && (1..=days).contains(&day)).then_some(Self { year, month, day })
    }
}

impl Time {
    fn unpack([hour, minute, second, a, b, c]: [u8; 6], fold: bool) -> Option<Self> {
        let microsecond = u32::from_be_bytes([0, a, b, c]);
        (hour < 24 && minute < 60 && second < 60 && microsecond < 1_000_000).then_some(Self {
            hour,
            minute,
            second,
            microsecond,
            fold,
        })
    }
}

impl TimeDelta {
    /// The whole difference in microseconds.
    #[must_use]
    pub fn total_microseconds(self) -> i128 {
        (i128::from(self.days) * 86_400 + i128::from(self.seconds)) * 1_000_000
            + i128::from(self.microseconds)
    }
}

/// `date(bytes)`.
pub(super) fn date(value: Value<'_>) -> Option<Date> {
    let args = Shape::call(value, Callable::Date)?.bare()?;
    let [packed] = args.exactly()?;
    Date::unpack(bytes_of(packed)?.try_into().ok()?)
}

/// `time(bytes)` or `time(bytes, tzinfo)`.
pub(super) fn time<'d>(value: Value<'d>) -> Option<(Time, Option<Value<'d>>)> {
    let args = Shape::call(value, Callable::Time)?.bare()?;
    let (packed, zone) = args.one_or_two()?;
    let mut packed: [u8; 6] = bytes_of(packed)?.try_into().ok()?;
    // The top bit of the hour, as no hour needs it.
    let fold = packed[0] & 0x80 != 0;
    packed[0] &= 0x7f;
    Some((Time::unpack(packed, fold)?, zone))
}

/// `datetime(bytes)` or `datetime(bytes, tzinfo)`.
pub(super) fn datetime<'d>(value: Value<'d>) -> Option<(DateTime, Option<Value<'d>>)> {
    let args = Shape::call(value, Callable::DateTime)?.bare()?;
    let (packed, zone) = args.one_or_two()?;
    let packed: [u8; 10] = bytes_of(packed)?.try_into().ok()?;
    let [y, ear, month, day, time @ ..] = packed;
    // The top bit of the month.
    let (fold, month) = (month & 0x80 != 0, month & 0x7f);
    let date = Date::unpack([y, ear, month, day])?;
    let time = Time::unpack(time, fold)?;
    Some((DateTime { date, time }, zone))
}

/// `timedelta(days, seconds, microseconds)`.
pub(super) fn timedelta(value: Value<'_>) -> Option<TimeDelta> {
    let args = Shape::call(value, Callable::TimeDelta)?.bare()?;
    let [days, seconds, microseconds] = args.exactly()?;
    let delta = TimeDelta {
        days: days.as_i64()?.try_into().ok()?,
        seconds: seconds.as_i64()?.try_into().ok()?,
        microseconds: microseconds.as_i64()?.try_into().ok()?,
    };
    (delta.days.unsigned_abs() <= 999_999_999 && delta.seconds < 86_400 && delta.microseconds < 1_000_000)
        .then_some(delta)
}

/// `timezone(timedelta)` or `timezone(timedelta, name)`.
pub(super) fn timezone(value: Value<'_>) -> Option<TimeZone<'_>> {
    const DAY: i128 = 86_400_000_000;
    let args = Shape::call(value, Callable::TimeZone)?.bare()?;
    let (offset, name) = args.one_or_two()?;
    let offset = timedelta(offset)?;
    let name = match name {
        Some(name) => Some(name.as_str()?),
        None => None,
    };
    (offset.total_microseconds().abs() < DAY).then_some(TimeZone { offset, name })
}

impl fmt::Display for Date {
    /// As ISO 8601 has it: `2020-01-31`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl fmt::Display for Time {
    /// As ISO 8601 has it: `23:59:00`, or `23:59:00.000001`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}:{:02}", self.hour, self.minute, self.second)?;
        match self.microsecond {
            0 => Ok(()),
            n => write!(f, ".{n:06}"),
        }
    }
}

impl fmt::Display for DateTime {
    /// As ISO 8601 has it: `2020-01-31T23:59:00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}T{}", self.date, self.time)
    }
}

impl fmt::Display for TimeDelta {
    /// Seconds, with six digits after the point where there are microseconds: `-0.500000`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.total_microseconds();
        let (seconds, rest) = (total.unsigned_abs() / 1_000_000, total.unsigned_abs() % 1_000_000);
        let sign = if total < 0 { "-" } else { "" };
        match rest {
            0 => write!(f, "{sign}{seconds}"),
            rest => write!(f, "{sign}{seconds}.{rest:06}"),
        }
    }
}

impl fmt::Display for TimeZone<'_> {
    /// As ISO 8601 has it: `+01:00`, `Z`, or with seconds where there are such.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.offset.total_microseconds();
        if total == 0 {
            return f.write_str("Z");
        }
        let sign = if total < 0 { '-' } else { '+' };
        let seconds = total.unsigned_abs() / 1_000_000;
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(f, "{sign}{hours:02}:{minutes:02}")?;
        match seconds {
            0 => Ok(()),
            n => write!(f, ":{n:02}"),
        }
    }
}
