//! Any bytes, read as snappy.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| demijohn_checks::decode("snappy", data));
