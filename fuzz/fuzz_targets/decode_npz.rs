//! Any bytes, read as a zip file of arrays.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| demijohn_checks::npz(data));
