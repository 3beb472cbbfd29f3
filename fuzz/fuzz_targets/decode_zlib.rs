//! Any bytes, read as zlib.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| demijohn_checks::decode("zlib", data));
