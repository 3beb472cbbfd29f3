//! Any bytes, read as blosc.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| demijohn_checks::decode("blosc", data));
