//! Streams on both sides of the interpreter's lock.
//!
//! Codecs and files run detached, so that other threads of Python go on: [`Attached`] is what code that holds the lock
//! reads from and writes to, and detaches whenever there is something to do below. File objects of Python need the lock
//! again: [`FileObject`] attaches for as long as a call of its methods takes.

#![allow(dead_code, unused_imports, reason = "the doors that use this come one by one")]

mod attached;
mod file_object;

pub(crate) use attached::{Attached, SLICE};
pub(crate) use file_object::{FileObject, Peeking};
