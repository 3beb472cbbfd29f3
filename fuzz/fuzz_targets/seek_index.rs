//! Any bytes, read as an index file, and as changes to a good one.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| demijohn_checks::seek_index(data));
