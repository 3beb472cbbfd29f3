//! Compressed files below Python's `io` classes.
//!
//! `RawReader` is what an `io.BufferedReader` reads from: it has the methods of `io.RawIOBase` and leaves lines, peeking
//! and small reads to that. `RawWriter` has a buffer of its own and tells apart what `close` of Python's classes does
//! not: to finish a stream, and to give it up. The classes for users are in `demijohn/_files.py`.
//!
//! Both let go of the interpreter's lock while they code, read and write, and take turns if several threads use them.

mod exclusive;
mod handle;
mod reader;
mod writer;

pub(crate) use reader::RawReader;
pub(crate) use writer::RawWriter;
