//! Pickles as inert data: an arena of terms that refer to one another by number.
//!
//! Shared objects stay shared and cycles stay cycles, as both are just a number that occurs twice. Nothing recurses,
//! dropping least of all: the arena is a handful of vectors.

mod absent;
mod arena;
mod build;
mod document;
mod dtypes;
mod equal;
mod int;
mod iter;
mod kind;
mod object;
mod resolve;
mod show;
mod value;
mod walk;

pub use absent::AbsentArray;
pub(crate) use absent::AbsentBytes;
pub(crate) use arena::{Arena, Id, Objects, Term, View};
pub use build::{Apart, Found, NoPayload, Payload};
pub use document::{Document, GlobalName, ReadOptions, Scan, read, read_with, scan};
pub(crate) use dtypes::DTypes;
pub use int::Int;
pub use iter::{Items, Iter};
pub use kind::{How, Kind};
pub use object::{Object, ObjectArray};
pub use show::Summary;
pub use value::Value;
pub use walk::{Visit, Walk};
