//! The program as its users run it: arguments, pipes, files, signals, exit statuses.

#![cfg(unix)]
#![allow(clippy::print_stdout, reason = "skipped tests say so on standard output")]

mod bench;
mod convert;
mod damage;
mod demo;
mod extract;
mod files;
mod info;
mod inspect;
mod interop;
mod interrupt;
mod isolation;
mod pipes;
mod round_trip;
mod seek;
mod terminal;
mod usage;
mod util;
