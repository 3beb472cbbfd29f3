//! Any data, through any format, sought in as a cursor is.
#![no_main]

libfuzzer_sys::fuzz_target!(|walk: demijohn_checks::Walk| walk.run());
