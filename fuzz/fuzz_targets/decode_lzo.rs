//! Any bytes, read as lzo.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| demijohn_checks::decode("lzo", data));
