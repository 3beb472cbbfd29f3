//! Any bytes, read as arrays.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| demijohn_checks::npy(data));
