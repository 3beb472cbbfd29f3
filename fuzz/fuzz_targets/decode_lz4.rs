//! Any bytes, read as lz4.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| demijohn_checks::decode("lz4", data));
