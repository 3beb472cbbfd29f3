//! Any bytes, read as gzip.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| demijohn_checks::decode("gzip", data));
