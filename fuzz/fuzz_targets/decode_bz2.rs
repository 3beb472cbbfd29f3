//! Any bytes, read as bz2.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| demijohn_checks::decode("bz2", data));
