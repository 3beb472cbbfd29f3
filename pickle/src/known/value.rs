//! What a call stands for, if it is one of the well-known ones.

use std::fmt;

use demijohn_arrays::DType;

use super::{
    Callable, Complex, Date, DateTime, Fraction, Time, TimeDelta, TimeZone, container, number, time,
};
use crate::graph::{How, Id, Kind, Term, View};
use crate::numpy::{self, MaskedArray, Scalar};
use crate::{Int, Value};

/// A well-known value; see [`Value::known`].
///
/// Containers are told apart here; their items come from [`Value::iter`] and [`Value::items`], as for lists and dicts.
#[derive(Clone, Copy)]
#[non_exhaustive]
#[allow(missing_docs)] // Most are named after Python's types.
pub enum Known<'d> {
    Complex(Complex),
    Fraction(Fraction<'d>),
    /// A `decimal.Decimal`, as its text.
    Decimal(&'d str),
    Range {
        start: Int<'d>,
        stop: Int<'d>,
        step: Int<'d>,
    },
    Slice {
        start: Value<'d>,
        stop: Value<'d>,
        step: Value<'d>,
    },
    /// A `set` that shares its list of items with something else.
    Set,
    /// A `frozenset` that shares its list of items with something else.
    FrozenSet,
    OrderedDict,
    Counter,
    DefaultDict {
        /// `None`, or what makes the values of new keys.
        factory: Value<'d>,
    },
    Deque {
        /// The greatest length, if there is one.
        maxlen: Option<Value<'d>>,
    },
    Date(Date),
    /// The time zone is any object, among them [`Known::TimeZone`].
    Time(Time, Option<Value<'d>>),
    /// The time zone is any object, among them [`Known::TimeZone`].
    DateTime(DateTime, Option<Value<'d>>),
    TimeDelta(TimeDelta),
    TimeZone(TimeZone<'d>),
    /// The number of a `uuid.UUID`.
    Uuid(u128),
    Path {
        parts: Parts<'d>,
        /// Whether it is a path of Windows.
        windows: bool,
    },
    /// A `numpy.dtype`: see [`Value::as_dtype`].
    DType,
    /// A single element of an array: see [`Value::as_scalar`].
    Scalar,
    /// An array some of whose elements do not count: see [`Value::as_masked_array`].
    MaskedArray,
}

/// The parts of a path.
#[derive(Clone, Copy)]
pub struct Parts<'d> {
    value: Value<'d>,
    ids: &'d [Id],
}

impl<'d> Parts<'d> {
    /// The strings that Python was given to join.
    pub fn iter(self) -> impl Iterator<Item = &'d str> {
        self.ids.iter().filter_map(move |&id| self.value.at(id).as_str())
    }
}

impl fmt::Display for Parts<'_> {
    /// Joined by slashes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut slash = true;
        for part in self.iter() {
            if !slash {
                f.write_str("/")?;
            }
            f.write_str(part)?;
            slash = part.ends_with(['/', '\\']);
        }
        if self.ids.is_empty() {
            f.write_str(".")
        } else {
            Ok(())
        }
    }
}

impl fmt::Debug for Parts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl fmt::Debug for Known<'_> {
    /// As Python's `repr` shows it, or nearly so.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let zone = |f: &mut fmt::Formatter<'_>, zone: &Option<Value<'_>>| match zone {
            Some(zone) => match zone.as_timezone() {
                Some(zone) => write!(f, "{zone}"),
                None => write!(f, " {zone:?}"),
            },
            None => Ok(()),
        };
        match self {
            Self::Complex(c) => write!(f, "complex({:?}, {:?})", c.re, c.im),
            Self::Fraction(x) => write!(f, "Fraction({}, {})", x.numerator, x.denominator),
            Self::Decimal(text) => write!(f, "Decimal(\"{}\")", text),
            Self::Range { start, stop, step } => write!(f, "range({start}, {stop}, {step})"),
            Self::Slice { start, stop, step } => write!(f, "slice({start:?}, {stop:?}, {step:?})"),
            Self::Set => f.write_str("set"),
            Self::FrozenSet => f.write_str("frozenset"),
            Self::OrderedDict => f.write_str("OrderedDict"),
            Self::Counter => f.write_str("Counter"),
            Self::DefaultDict { .. } => f.write_str("defaultdict"),
            Self::Deque { .. } => f.write_str("deque"),
            Self::Date(date) => write!(f, "{date}"),
            Self::Time(time, tz) => write!(f, "{time}").and_then(|()| zone(f, tz)),
            Self::DateTime(datetime, tz) => write!(f, "{datetime}").and_then(|()| zone(f, tz)),
            Self::TimeDelta(delta) => write!(f, "timedelta({delta} s)"),
            Self::TimeZone(zone) => match zone.name {
                Some(name) => write!(f, "timezone({zone}, {name:?})"),
                None => write!(f, "timezone({zone})"),
            },
            Self::Uuid(n) => {
                let hex = format!("{n:032x}");
                let [a, b, c, d, e] = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| &hex[part]);
                write!(f, "UUID({a}-{b}-{c}-{d}-{e})")
            }
            Self::Path { parts, .. } => write!(f, "Path(\"{parts}\")"),
            Self::DType => f.write_str("dtype"),
            Self::Scalar => f.write_str("numpy scalar"),
            Self::MaskedArray => f.write_str("masked array"),
        }
    }
}

/// A call as the stream recorded it, about to be compared with what a real writer would say.
pub(crate) struct Shape<'d> {
    value: Value<'d>,
    term: &'d Term,
    args: &'d [Id],
}

/// Arguments of a call.
pub(crate) struct Args<'d> {
    value: Value<'d>,
    ids: &'d [Id],
}

impl<'d> Shape<'d> {
    /// A call of exactly this callable.
    pub(crate) fn call(value: Value<'d>, callable: Callable) -> Option<Self> {
        let shape = Self::any_call(value)?;
        (shape.callable() == Some(callable)).then_some(shape)
    }

    /// A call of whatever.
    fn any_call(value: Value<'d>) -> Option<Self> {
        let View::Object(term) = value.node() else {
            return None;
        };
        let View::Tuple(args) = value.at(term.args).node() else {
            return None;
        };
        (term.how == How::Reduce).then_some(Self { value, term, args })
    }

    fn callable(&self) -> Option<Callable> {
        match self.value.at(self.term.callable).node() {
            View::Global(global) => global.known,
            _ => None,
        }
    }

    fn args(&self) -> Args<'d> {
        Args {
            value: self.value,
            ids: self.args,
        }
    }

    /// The arguments, if nothing happened to the object afterwards.
    pub(crate) fn bare(&self) -> Option<Args<'d>> {
        self.term.is_bare().then(|| self.args())
    }

    /// The arguments and the state, if it was given one and nothing else.
    pub(crate) fn state_only(&self) -> Option<(Args<'d>, Value<'d>)> {
        let state = self.term.state.filter(|_| self.term.more.is_none())?;
        Some((self.args(), self.value.at(state)))
    }

    /// The arguments, if items were set on the object at most.
    pub(crate) fn pairs_only(&self) -> Option<Args<'d>> {
        let bare = self.term.state.is_none() && self.term.items().is_empty();
        bare.then(|| self.args())
    }

    /// The arguments, if items were appended to the object at most.
    pub(crate) fn items_only(&self) -> Option<Args<'d>> {
        let bare = self.term.state.is_none() && self.term.pairs().is_empty();
        bare.then(|| self.args())
    }
}

impl<'d> Args<'d> {
    pub(crate) fn all(&self) -> &'d [Id] {
        self.ids
    }

    /// Neither more nor fewer than this many.
    pub(crate) fn exactly<const N: usize>(&self) -> Option<[Value<'d>; N]> {
        let ids: [Id; N] = self.ids.try_into().ok()?;
        Some(ids.map(|id| self.value.at(id)))
    }

    pub(crate) fn one_or_two(&self) -> Option<(Value<'d>, Option<Value<'d>>)> {
        match *self.ids {
            [first] => Some((self.value.at(first), None)),
            [first, second] => Some((self.value.at(first), Some(self.value.at(second)))),
            _ => None,
        }
    }
}

/// Bytes, also as Python 2 pickled them.
pub(crate) fn bytes_of(value: Value<'_>) -> Option<&[u8]> {
    match value.node() {
        View::Bytes(bytes) | View::Str8(bytes) => Some(bytes),
        _ => None,
    }
}

/// The class that an object is an instance of, in whichever protocol that was said: the first argument of
/// `copyreg._reconstructor`, or what is called.
pub(crate) fn class(value: Value<'_>) -> Option<Value<'_>> {
    let View::Object(term) = value.node() else {
        return None;
    };
    let callable = value.at(term.callable);
    match callable.node() {
        View::Global(global) if global.known == Some(Callable::Reconstructor) => {
            value.at(term.args).iter().next()
        }
        _ => Some(callable),
    }
}

/// The state of an instance that was made without arguments, a dict.
pub(crate) fn state_map(value: Value<'_>, callable: Callable) -> Option<Value<'_>> {
    let View::Object(term) = value.node() else {
        return None;
    };
    let View::Tuple(args) = value.at(term.args).node() else {
        return None;
    };
    let View::Global(class) = class(value)?.node() else {
        return None;
    };
    let as_made = match term.how {
        How::NewObj => args.is_empty(),
        // `copyreg._reconstructor(class, object, None)`.
        How::Reduce => args.len() == 3 && value.at(args[2]).is_none(),
        _ => false,
    };
    let state = value.at(term.state?);
    (as_made && class.known == Some(callable) && term.more.is_none() && matches!(state.node(), View::Dict(_)))
        .then_some(state)
}

/// What kind of well-known value a call makes, if it does.
pub(crate) fn kind(value: Value<'_>) -> Option<Kind> {
    Some(match known(value)? {
        Known::Complex(_) => Kind::Complex,
        Known::Fraction(_) => Kind::Fraction,
        Known::Decimal(_) => Kind::Decimal,
        Known::Range { .. } => Kind::Range,
        Known::Slice { .. } => Kind::Slice,
        Known::Set => Kind::Set,
        Known::FrozenSet => Kind::FrozenSet,
        Known::OrderedDict => Kind::OrderedDict,
        Known::Counter => Kind::Counter,
        Known::DefaultDict { .. } => Kind::DefaultDict,
        Known::Deque { .. } => Kind::Deque,
        Known::Date(_) => Kind::Date,
        Known::Time(..) => Kind::Time,
        Known::DateTime(..) => Kind::DateTime,
        Known::TimeDelta(_) => Kind::TimeDelta,
        Known::TimeZone(_) => Kind::TimeZone,
        Known::Uuid(_) => Kind::Uuid,
        Known::Path { .. } => Kind::Path,
        Known::DType => Kind::DType,
        Known::Scalar => Kind::Scalar,
        Known::MaskedArray => Kind::MaskedArray,
    })
}

fn known(value: Value<'_>) -> Option<Known<'_>> {
    let View::Object(_) = value.node() else {
        return None;
    };
    let View::Global(class) = class(value)?.node() else {
        return None;
    };
    Some(match class.known? {
        Callable::Complex => Known::Complex(number::complex(value)?),
        Callable::Fraction => Known::Fraction(number::fraction(value)?),
        Callable::Decimal => Known::Decimal(number::decimal(value)?),
        Callable::Uuid => Known::Uuid(number::uuid(value)?),
        Callable::Range => {
            let [start, stop, step] = container::range(value)?;
            Known::Range { start, stop, step }
        }
        Callable::Slice => {
            let [start, stop, step] = container::slice(value)?;
            Known::Slice { start, stop, step }
        }
        Callable::Set => container::set(value, Callable::Set).map(|_| Known::Set)?,
        Callable::FrozenSet => container::set(value, Callable::FrozenSet).map(|_| Known::FrozenSet)?,
        Callable::OrderedDict => container::ordered_dict(value).map(|_| Known::OrderedDict)?,
        Callable::Counter => container::counter(value).map(|_| Known::Counter)?,
        Callable::DefaultDict => Known::DefaultDict {
            factory: container::default_dict(value)?,
        },
        Callable::Deque => Known::Deque {
            maxlen: container::deque(value)?.1,
        },
        Callable::Date => Known::Date(time::date(value)?),
        Callable::Time => time::time(value).map(|(time, zone)| Known::Time(time, zone))?,
        Callable::DateTime => time::datetime(value).map(|(time, zone)| Known::DateTime(time, zone))?,
        Callable::TimeDelta => Known::TimeDelta(time::timedelta(value)?),
        Callable::TimeZone => Known::TimeZone(time::timezone(value)?),
        Callable::PosixPath | Callable::WindowsPath => {
            let (ids, windows) = container::path(value)?;
            Known::Path {
                parts: Parts { value, ids },
                windows,
            }
        }
        Callable::DType if numpy::is_dtype(value) => Known::DType,
        Callable::Scalar if numpy::is_scalar(value) => Known::Scalar,
        Callable::MaskedReconstruct if numpy::is_masked_array(value) => Known::MaskedArray,
        _ => return None,
    })
}

impl<'d> Value<'d> {
    /// The well-known value that this object is, if what the stream would have Python call, and with what, is exactly
    /// what a real writer of such a value says. `None` for everything that is no [object](Value::as_object).
    #[must_use]
    pub fn known(self) -> Option<Known<'d>> {
        known(self)
    }

    /// A `complex`.
    #[must_use]
    pub fn as_complex(self) -> Option<Complex> {
        number::complex(self)
    }

    /// A `decimal.Decimal`, as its text.
    #[must_use]
    pub fn as_decimal(self) -> Option<&'d str> {
        number::decimal(self)
    }

    /// A `fractions.Fraction`.
    #[must_use]
    pub fn as_fraction(self) -> Option<Fraction<'d>> {
        number::fraction(self)
    }

    /// A `datetime.date`.
    #[must_use]
    pub fn as_date(self) -> Option<Date> {
        time::date(self)
    }

    /// A `datetime.time`, and its time zone.
    #[must_use]
    pub fn as_time(self) -> Option<(Time, Option<Self>)> {
        time::time(self)
    }

    /// A `datetime.datetime`, and its time zone.
    #[must_use]
    pub fn as_datetime(self) -> Option<(DateTime, Option<Self>)> {
        time::datetime(self)
    }

    /// A `datetime.timedelta`.
    #[must_use]
    pub fn as_timedelta(self) -> Option<TimeDelta> {
        time::timedelta(self)
    }

    /// A `datetime.timezone`.
    #[must_use]
    pub fn as_timezone(self) -> Option<TimeZone<'d>> {
        time::timezone(self)
    }

    /// The number of a `uuid.UUID`.
    #[must_use]
    pub fn as_uuid(self) -> Option<u128> {
        number::uuid(self)
    }

    /// A `numpy.dtype`.
    #[must_use]
    pub fn as_dtype(self) -> Option<DType> {
        numpy::dtype(self).ok()
    }

    /// A `numpy.ma.MaskedArray` of plain data.
    #[must_use]
    pub fn as_masked_array(self) -> Option<MaskedArray<'d>> {
        numpy::masked_array(self)
    }

    /// A single element of an array, such as a `numpy.float64`.
    #[must_use]
    pub fn as_scalar(self) -> Option<Scalar<'d>> {
        numpy::scalar(self).ok()
    }
}
