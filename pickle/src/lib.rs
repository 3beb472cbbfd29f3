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
//! All opcodes of protocols 0 to 5, from any `BufRead`, up to `STOP` and not a byte further. Names of Python 2 are
//! turned into those of Python 3. Persistent ids, extension codes and out-of-band buffers are refused: they refer to
//! things outside of the file.
//!
//! # What is an object here?
//! Numbers, text, bytes, containers, names of [globals](Value::as_global), [arrays](Value::as_array), and
//! [`Object`]: what some callable would return for some arguments, with the state and items given to it afterwards.
//! Shared objects are shared and cycles are cycles.
//!
//! # Is it safe?
//! There is no recursion, so depth costs no stack, and no allocation by a length's word. [`Limits`] bound what a
//! hostile pickle can ask for; [`Value::deep_eq`] has a budget of its own.
//!
//! # Where do arrays come from?
//! Formats such as joblib's put raw data between the opcodes. A [`Payload`] understands it when reading, an
//! [`ArrayWriter`] writes it; the crate `demijohn` has both. [`numpy`] reads and writes dtypes.
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
//! # Features
//! * `serde`: writing of `Serialize` values.

#![forbid(unsafe_code)]

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

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
pub mod save;
mod text;

pub use builder::Builder;
#[cfg(feature = "serde")]
pub use de::{DEPTH, Deserializer};
pub use emit::{Batch, Emitter, MemoId, Protocol};
pub use error::{Error, ErrorKind, Result};
pub use graph::{
    Document, Found, GlobalName, How, Int, Items, Iter, Kind, NoPayload, Object, ObjectArray, Payload,
    ReadOptions, Scan, Summary, Value, Visit, Walk, read, read_with, scan,
};
pub use input::Raw;
pub use limits::Limits;
pub use looks_like::looks_like;
pub use save::{ArrayWriter, NoArrays, Save};
