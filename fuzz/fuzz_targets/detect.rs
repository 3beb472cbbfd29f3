//! Any bytes, to be recognised.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| demijohn_checks::detect(data));
