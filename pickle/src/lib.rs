//! Python's pickle format as inert data.
//!
//! Reading a pickle with Python runs whatever it says. Here, nothing runs: a [`Document`] holds the objects of a pickle
//! as plain data, and what Python would have called is recorded as such, by name. Writing produces the bytes that
//! CPython's `pickle.py` would.
//!
//! ```
//! use demijohn_pickle as pickle;
//!
//! // pickle.dumps({"name": "a", "sizes": [1, 2]}, 2)
//! let bytes = b"\x80\x02}q\x00(X\x04\x00\x00\x00nameq\x01X\x01\x00\x00\x00aq\x02X\x05\x00\x00\x00sizesq\x03]q\x04(K\x01K\x02eu.";
//! let document = pickle::read(&mut bytes.as_slice())?;
//! let root = document.root();
//! assert_eq!(root.get("name")?.as_str(), Some("a"));
//! assert_eq!(root.get("sizes")?.index(1)?.as_i64(), Some(2));
//! # Ok::<(), pickle::Error>(())
//! ```
//!
//! # What can be read?
//! All opcodes of protocols 0 to 5, from any `BufRead`, up to `STOP` and not a byte further, so pickles may follow one
//! another. Names of Python 2 are turned into those of Python 3; Python 2's strings stay bytes that may be text
//! ([`Kind::Str8`]). Persistent ids, extension codes and out-of-band buffers are refused: they refer to things outside
//! of the file.
//!
//! # What is an object here?
//! Numbers, text, bytes, containers, names of [globals](Value::as_global), [arrays](Value::as_array), and
//! [`Object`]: what some callable would return for some arguments, with the state and items given to it afterwards.
//! Shared objects are shared and cycles are cycles.
//!
//! Calls that make plain data, such as dates, decimals, ordered dicts and numpy's scalars, are told apart by an exact
//! list of names and arguments: see [`known`].
//!
//! ```
//! use demijohn_pickle::{self as pickle, Kind};
//!
//! // pickle.dumps(datetime.date(2020, 2, 29), 3)
//! let bytes = b"\x80\x03cdatetime\ndate\nC\x04\x07\xe4\x02\x1d\x85R.";
//! let document = pickle::read(&mut bytes.as_slice())?;
//! assert_eq!(document.root().kind(), Kind::Date);
//! assert_eq!(document.root().as_date().unwrap().to_string(), "2020-02-29");
//! // What Python would have called is there all the same.
//! assert!(document.root().as_object().unwrap().calls("datetime", "date"));
//! # Ok::<(), pickle::Error>(())
//! ```
//!
//! # Where is what?
//! Every value has a [path], such as `layers[3].weight` or `.args[0]`. [`Document::at`] goes there,
//! `Document::get` too and makes a Rust type of it, [`Document::walk`] visits everything once with its path,
//! [`Document::arrays`] all arrays, [`Document::take_array`] takes one out without copying it, and [`Value::summary`]
//! prints a value in bounded space. From one value to the next lead [`Value::get`] in a dict, [`Value::attr`] in an
//! instance, [`Value::index`] in a list.
//!
//! # Is it safe?
//! There is no recursion over the data, so depth costs no stack, and no allocation by a length's word. A value that two
//! bytes refer to a million times is there once; long ones are not copied to make others of them. [`Limits`] bound what
//! a hostile pickle can ask for; [`Value::deep_eq`], [`Value::summary`] and deserializing have budgets of their own.
//!
//! [`Document::globals`] tells every class and function that a pickle names, used or not, [`scan`] does so for damaged
//! pickles too, and [`known::is_known_safe`] says which of them are harmless.
//!
//! # Where do arrays come from?
//! Arrays in plain pickles, those of Python objects among them, are read as arrays, and written by
//! [`numpy::Inline`]. Formats such as joblib's put raw data between the opcodes: a [`Payload`] understands it when
//! reading, an [`ArrayWriter`] writes it; the crate `demijohn` has both. [`numpy`] reads and writes dtypes.
//!
//! # Can I build something else than a document?
//! Yes: the [machine] is generic over a [`Builder`].
//!
//! # How do Rust types map to Python's?
//! With the feature `serde`, [`write`](save::write) takes any `Serialize`:
//!
//! | serde | Python |
//! |---|---|
//! | bool, integers (of 128 bits too), floats | `bool`, `int`, `float` |
//! | str, char | `str` |
//! | bytes | `bytes` |
//! | option | `None`, or the value |
//! | unit, unit struct | `None` |
//! | sequence | `list` |
//! | tuple, tuple struct | `tuple` |
//! | map, struct | `dict`, in the order given |
//! | newtype struct | what is inside |
//! | unit variant | its name, a `str` |
//! | other variants | `{name: content}`, the content being the value, a `tuple` or a `dict` |
//! | `demijohn_arrays::Array` | an array |
//!
//! # How do Python's types map to Rust's?
//! [`Value::to`] gives any `Deserialize`. The table above holds in this direction too, and:
//!
//! | Python | serde |
//! |---|---|
//! | `str`, `bytes`, `bytearray` | str and bytes, which can be borrowed |
//! | `list`, `tuple`, `set`, `frozenset`, `deque` | sequence |
//! | `dict`, `OrderedDict`, `defaultdict`, `Counter` | map |
//! | an instance | a map of its attributes; of a subclass of `dict` or `list`, its items; of a `namedtuple`, a sequence |
//! | an array | `Array`, or a sequence for each axis, with an element of a type below at the end |
//! | an array's number, text, bytes | number (complex: a pair), str, bytes |
//! | an array's struct | a map of its fields, or a sequence |
//! | a one-dimensional array of objects | sequence |
//! | a numpy scalar | what an array's element is |
//! | `complex` | a pair of numbers |
//! | `Decimal`, `UUID`, a path, a dtype | str |
//! | `date`, `time`, `datetime`, `timezone` | str, as ISO 8601 has it |
//! | `timedelta` | seconds, a float |
//! | `Fraction`, `range`, `slice` | a sequence of two or three |
//! | a class or function | its name, a str |
//!
//! # Features
//! * `serde`: writing of `Serialize` values and reading of `Deserialize` ones.

#![forbid(unsafe_code)]

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod batch;
mod budget;
mod builder;
#[cfg(feature = "serde")]
mod de;
mod emit;
mod error;
mod frame;
mod graph;
mod input;
pub mod known;
mod limits;
mod looks_like;
pub mod machine;
mod memo;
mod names;
pub mod numpy;
mod opcode;
pub mod path;
mod protocol;
mod raw;
pub mod save;
mod source;
mod text;

pub use batch::Batch;
pub use builder::Builder;
#[cfg(feature = "serde")]
pub use de::{DEPTH, Deserializer};
pub use emit::{Emitter, MemoId};
pub use error::{Error, ErrorKind, Result};
pub use graph::{
    AbsentArray, Apart, Document, Found, GlobalName, How, Int, Items, Iter, Kind, NoPayload, Object,
    ObjectArray, Payload, ReadOptions, Scan, Summary, Value, Visit, Walk, read, read_with, scan,
};
pub use limits::Limits;
pub use looks_like::looks_like;
pub use protocol::Protocol;
pub use raw::Raw;
pub use save::{ArrayWriter, NoArrays, Save};
