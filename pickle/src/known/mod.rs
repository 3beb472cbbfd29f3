//! The well-known names: one closed list of the classes and functions whose results are plain data.
//!
//! A pickle builds most values of Python's standard library, and all of numpy's, by calling something. For the calls
//! listed here, with exactly the arguments that the real writers give them, a [`Document`](crate::Document) shows the
//! value instead of the call: [`Value::known`](crate::Value::known). Whatever deviates (other arguments, a state where
//! there should be none, a name that only looks alike) stays the inert call it is.
//!
//! The same list tells [which names are safe](is_known_safe): calling them, with whatever arguments, runs no code of
//! the file's choosing. It is an allow-list: a name that is not here is not thereby dangerous, and not thereby safe.
//!
//! Specification: what `__reduce_ex__` of each class answers, in CPython 2.7 to 3.14 and numpy 1 and 2.

mod container;
mod number;
mod time;
mod value;

pub use number::{Complex, Fraction};
pub use time::{Date, DateTime, Time, TimeDelta, TimeZone};
pub use value::Known;

pub(crate) use container::{counter, deque, ordered_dict, pair_list};
pub(crate) use value::{Shape, bytes_of, class, kind};

/// An entry of the list that has a meaning of its own here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Callable {
    Bytes,
    ByteArray,
    Complex,
    FrozenSet,
    Range,
    Set,
    Slice,
    Encode,
    Counter,
    DefaultDict,
    Deque,
    OrderedDict,
    Reconstructor,
    Date,
    DateTime,
    Time,
    TimeDelta,
    TimeZone,
    Decimal,
    Fraction,
    Uuid,
    PosixPath,
    WindowsPath,
    NdArray,
    Matrix,
    DType,
    ArrayReconstruct,
    FromBuffer,
    MaskedArray,
    MaskedReconstruct,
    StringDType,
    Scalar,
    /// Harmless, and nothing that is read as a value.
    Plain,
}

use Callable as C;

/// Module, the names in it, and what they are.
type Entry = (&'static str, &'static [(&'static str, Callable)]);

const PATHS: &[(&str, Callable)] = &[
    ("PosixPath", C::PosixPath),
    ("PurePosixPath", C::PosixPath),
    ("PureWindowsPath", C::WindowsPath),
    ("WindowsPath", C::WindowsPath),
];

const MULTIARRAY: &[(&str, Callable)] = &[("_reconstruct", C::ArrayReconstruct), ("scalar", C::Scalar)];

const RECORDS: &[(&str, Callable)] = &[("recarray", C::Plain), ("record", C::Plain)];

const NUMERIC: &[(&str, Callable)] = &[("_frombuffer", C::FromBuffer)];

const MASKED: &[(&str, Callable)] = &[
    ("MaskedArray", C::MaskedArray),
    ("_mareconstruct", C::MaskedReconstruct),
];

const STRING_DTYPE: &[(&str, Callable)] = &[("_convert_to_stringdtype_kwargs", C::StringDType)];

const WRAPPER: &[(&str, Callable)] = &[("NumpyArrayWrapper", C::Plain)];

/// Everything that is on the list.
#[rustfmt::skip]
const LIST: &[Entry] = &[
    ("builtins", &[
        ("Ellipsis", C::Plain), ("NotImplemented", C::Plain), ("bool", C::Plain), ("bytearray", C::ByteArray),
        ("bytes", C::Bytes), ("complex", C::Complex), ("dict", C::Plain), ("float", C::Plain),
        ("frozenset", C::FrozenSet), ("int", C::Plain), ("list", C::Plain), ("object", C::Plain),
        ("range", C::Range), ("set", C::Set), ("slice", C::Slice), ("str", C::Plain), ("tuple", C::Plain),
    ]),
    ("_codecs", &[("encode", C::Encode)]),
    ("collections", &[
        ("Counter", C::Counter), ("OrderedDict", C::OrderedDict), ("defaultdict", C::DefaultDict),
        ("deque", C::Deque),
    ]),
    ("copyreg", &[("_reconstructor", C::Reconstructor)]),
    ("datetime", &[
        ("date", C::Date), ("datetime", C::DateTime), ("time", C::Time), ("timedelta", C::TimeDelta),
        ("timezone", C::TimeZone),
    ]),
    ("decimal", &[("Decimal", C::Decimal)]),
    ("fractions", &[("Fraction", C::Fraction)]),
    ("pathlib", PATHS),
    ("pathlib._local", PATHS),
    ("uuid", &[("SafeUUID", C::Plain), ("UUID", C::Uuid)]),

    ("numpy", &[
        ("bool", C::Plain), ("bool_", C::Plain), ("bytes_", C::Plain), ("complex128", C::Plain),
        ("complex64", C::Plain), ("datetime64", C::Plain), ("dtype", C::DType), ("float16", C::Plain),
        ("float32", C::Plain), ("float64", C::Plain), ("int16", C::Plain), ("int32", C::Plain),
        ("int64", C::Plain), ("int8", C::Plain), ("matrix", C::Matrix), ("memmap", C::Plain),
        ("ndarray", C::NdArray), ("recarray", C::Plain), ("record", C::Plain), ("str_", C::Plain),
        ("timedelta64", C::Plain), ("uint16", C::Plain), ("uint32", C::Plain), ("uint64", C::Plain),
        ("uint8", C::Plain), ("void", C::Plain),
    ]),
    ("numpy._core._internal", STRING_DTYPE),
    ("numpy._core.multiarray", MULTIARRAY),
    ("numpy._core.numeric", NUMERIC),
    ("numpy._core.records", RECORDS),
    ("numpy.core._internal", STRING_DTYPE),
    ("numpy.core.memmap", &[("memmap", C::Plain)]),
    ("numpy.core.multiarray", MULTIARRAY),
    ("numpy.core.numeric", NUMERIC),
    ("numpy.core.records", RECORDS),
    ("numpy.char", &[("chararray", C::Plain)]),
    ("numpy.core.defchararray", &[("chararray", C::Plain)]),
    ("numpy.ma", MASKED),
    ("numpy.ma.core", MASKED),
    ("numpy.matrixlib.defmatrix", &[("matrix", C::Matrix)]),
    ("numpy.random._mt19937", &[("MT19937", C::Plain)]),
    ("numpy.random._pcg64", &[("PCG64", C::Plain), ("PCG64DXSM", C::Plain)]),
    ("numpy.random._philox", &[("Philox", C::Plain)]),
    ("numpy.random._pickle", &[
        ("__bit_generator_ctor", C::Plain), ("__generator_ctor", C::Plain), ("__randomstate_ctor", C::Plain),
    ]),
    ("numpy.random._sfc64", &[("SFC64", C::Plain)]),
    ("numpy.random.bit_generator", &[("SeedSequence", C::Plain)]),
    ("numpy.rec", RECORDS),

    ("scipy.sparse._bsr", &[("bsr_array", C::Plain), ("bsr_matrix", C::Plain)]),
    ("scipy.sparse._coo", &[("coo_array", C::Plain), ("coo_matrix", C::Plain)]),
    ("scipy.sparse._csc", &[("csc_array", C::Plain), ("csc_matrix", C::Plain)]),
    ("scipy.sparse._csr", &[("csr_array", C::Plain), ("csr_matrix", C::Plain)]),
    ("scipy.sparse._dia", &[("dia_array", C::Plain), ("dia_matrix", C::Plain)]),
    ("scipy.sparse._dok", &[("dok_array", C::Plain), ("dok_matrix", C::Plain)]),
    ("scipy.sparse._lil", &[("lil_array", C::Plain), ("lil_matrix", C::Plain)]),
    ("scipy.sparse.bsr", &[("bsr_matrix", C::Plain)]),
    ("scipy.sparse.coo", &[("coo_matrix", C::Plain)]),
    ("scipy.sparse.csc", &[("csc_matrix", C::Plain)]),
    ("scipy.sparse.csr", &[("csr_matrix", C::Plain)]),
    ("scipy.sparse.dia", &[("dia_matrix", C::Plain)]),
    ("scipy.sparse.dok", &[("dok_matrix", C::Plain)]),
    ("scipy.sparse.lil", &[("lil_matrix", C::Plain)]),

    ("pandas", &[
        ("BooleanDtype", C::Plain), ("Categorical", C::Plain), ("CategoricalDtype", C::Plain),
        ("CategoricalIndex", C::Plain), ("DataFrame", C::Plain), ("DatetimeIndex", C::Plain),
        ("DatetimeTZDtype", C::Plain), ("Float32Dtype", C::Plain), ("Float64Dtype", C::Plain), ("Index", C::Plain),
        ("Int8Dtype", C::Plain), ("Int16Dtype", C::Plain), ("Int32Dtype", C::Plain), ("Int64Dtype", C::Plain),
        ("UInt8Dtype", C::Plain), ("UInt16Dtype", C::Plain), ("UInt32Dtype", C::Plain), ("UInt64Dtype", C::Plain),
        ("MultiIndex", C::Plain), ("NA", C::Plain), ("RangeIndex", C::Plain), ("Series", C::Plain),
        ("StringDtype", C::Plain), ("TimedeltaIndex", C::Plain),
    ]),
    ("pandas._libs.arrays", &[("__pyx_unpickle_NDArrayBacked", C::Plain)]),
    ("pandas._libs.internals", &[("_unpickle_block", C::Plain)]),
    ("pandas._libs.missing", &[("NA", C::Plain)]),
    ("pandas._libs.tslibs.nattype", &[("__nat_unpickle", C::Plain), ("_nat_unpickle", C::Plain)]),
    ("pandas._libs.tslibs.offsets", &[
        ("BusinessDay", C::Plain), ("BusinessMonthBegin", C::Plain), ("BusinessMonthEnd", C::Plain), ("Day", C::Plain),
        ("Hour", C::Plain), ("Micro", C::Plain), ("Milli", C::Plain), ("Minute", C::Plain), ("MonthBegin", C::Plain),
        ("MonthEnd", C::Plain), ("Nano", C::Plain), ("QuarterBegin", C::Plain), ("QuarterEnd", C::Plain),
        ("Second", C::Plain), ("Week", C::Plain), ("YearBegin", C::Plain), ("YearEnd", C::Plain),
    ]),
    ("pandas._libs.tslibs.timedeltas", &[("_timedelta_unpickle", C::Plain)]),
    ("pandas._libs.tslibs.timestamps", &[("_unpickle_timestamp", C::Plain)]),
    ("pandas.arrays", &[
        ("BooleanArray", C::Plain), ("DatetimeArray", C::Plain), ("FloatingArray", C::Plain),
        ("IntegerArray", C::Plain), ("StringArray", C::Plain), ("TimedeltaArray", C::Plain),
    ]),
    ("pandas.core.arrays.boolean", &[("BooleanArray", C::Plain), ("BooleanDtype", C::Plain)]),
    ("pandas.core.arrays.categorical", &[("Categorical", C::Plain)]),
    ("pandas.core.arrays.datetimes", &[("DatetimeArray", C::Plain)]),
    ("pandas.core.arrays.floating", &[
        ("Float32Dtype", C::Plain), ("Float64Dtype", C::Plain), ("FloatingArray", C::Plain),
    ]),
    ("pandas.core.arrays.integer", &[
        ("Int8Dtype", C::Plain), ("Int16Dtype", C::Plain), ("Int32Dtype", C::Plain), ("Int64Dtype", C::Plain),
        ("UInt8Dtype", C::Plain), ("UInt16Dtype", C::Plain), ("UInt32Dtype", C::Plain), ("UInt64Dtype", C::Plain),
        ("IntegerArray", C::Plain),
    ]),
    ("pandas.core.arrays.string_", &[("StringArray", C::Plain), ("StringDtype", C::Plain)]),
    ("pandas.core.arrays.timedeltas", &[("TimedeltaArray", C::Plain)]),
    ("pandas.core.dtypes.dtypes", &[("CategoricalDtype", C::Plain), ("DatetimeTZDtype", C::Plain)]),
    ("pandas.core.frame", &[("DataFrame", C::Plain)]),
    ("pandas.core.indexes.base", &[("Index", C::Plain), ("_new_Index", C::Plain)]),
    ("pandas.core.indexes.category", &[("CategoricalIndex", C::Plain)]),
    ("pandas.core.indexes.datetimes", &[("DatetimeIndex", C::Plain), ("_new_DatetimeIndex", C::Plain)]),
    ("pandas.core.indexes.multi", &[("MultiIndex", C::Plain)]),
    ("pandas.core.indexes.range", &[("RangeIndex", C::Plain)]),
    ("pandas.core.indexes.timedeltas", &[("TimedeltaIndex", C::Plain), ("_new_TimedeltaIndex", C::Plain)]),
    ("pandas.core.internals.managers", &[("BlockManager", C::Plain), ("SingleBlockManager", C::Plain)]),
    ("pandas.core.series", &[("Series", C::Plain)]),

    // What joblib puts in place of an array. The class is never called here: the array is read.
    ("joblib.numpy_pickle", WRAPPER),
    ("joblib.numpy_pickle_compat", WRAPPER),
    ("sklearn.externals.joblib.numpy_pickle", WRAPPER),
];

impl Callable {
    /// The entry of this name, if there is one.
    pub(crate) fn of(module: &str, name: &str) -> Option<Self> {
        let names = LIST.iter().find(|entry| entry.0 == module)?.1;
        names.iter().find(|entry| entry.0 == name).map(|entry| entry.1)
    }
}

/// Whether a name, as Python 3 has it, is on the list of well-known ones: naming it, and calling it with whatever
/// arguments, runs no code that the pickle brings or chooses.
///
/// ```
/// use demijohn_pickle::known::is_known_safe;
///
/// assert!(is_known_safe("collections", "OrderedDict"));
/// assert!(is_known_safe("numpy.core.multiarray", "_reconstruct"));
/// assert!(!is_known_safe("os", "system"));
/// // A name with a dot in it is another thing's attribute.
/// assert!(!is_known_safe("numpy", "ndarray.tofile"));
/// ```
#[must_use]
pub fn is_known_safe(module: &str, name: &str) -> bool {
    Callable::of(module, name).is_some()
}

/// All names on the list, as module and name.
pub fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    LIST.iter()
        .flat_map(|(module, names)| names.iter().map(move |(name, _)| (*module, *name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_there_twice_and_none_leads_further() {
        let all: Vec<_> = names().collect();
        for (i, entry) in all.iter().enumerate() {
            assert!(!all[i + 1..].contains(entry), "{entry:?}");
            assert!(!entry.1.contains('.'), "{entry:?}");
        }
    }

    #[test]
    fn what_reaches_further_is_not_on_the_list() {
        for (module, name) in [
            ("builtins", "getattr"),
            ("builtins", "eval"),
            ("builtins", "type"),
            ("builtins", "map"),
            ("os", "system"),
            ("posix", "system"),
            ("functools", "partial"),
            ("functools", "reduce"),
            ("operator", "attrgetter"),
            ("numpy", "load"),
            ("numpy", "fromfile"),
            ("numpy", "vectorize"),
            ("numpy.core.multiarray", "_reconstruct.__class__"),
            ("joblib", "load"),
            ("pickle", "loads"),
            ("pathlib", "PosixPath.unlink"),
            ("uuid", "_get_command_stdout"),
            ("collections", "namedtuple"),
            ("x.joblib.numpy_pickle", "NumpyArrayWrapper"),
            ("Builtins", "dict"),
            ("builtins", "dict "),
            ("", ""),
        ] {
            assert!(!is_known_safe(module, name), "{module} {name}");
        }
    }
}
