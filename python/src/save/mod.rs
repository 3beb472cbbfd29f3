//! Pickling live Python objects.
//!
//! The walk goes over the objects as `_Pickler` of CPython's `pickle.py` does, with joblib's way of writing arrays, and
//! writes the same bytes: what is memoized, and where a frame or a batch ends, follows its code step by step.
//!
//! # What may happen meanwhile
//! Whatever is written may reach the sink, which lets go of the interpreter's lock or calls a file object of Python's; and
//! `__reduce__` is anybody's code. So between two opcodes any list may shrink and any object lose its other owners.
//! Therefore: an object that is being written is held by a reference of the walk or by the memo, items are asked for one by
//! one by functions that check, and what is read from an object is read before the opcode is written.

mod arrays;
mod containers;
mod depth;
mod dump;
mod failure;
mod globals;
mod memo;
mod numpy;
mod pickler;
mod reduce;

pub(crate) use dump::{dump_bytes, dump_file, dump_path};
