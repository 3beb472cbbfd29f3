//! Any bytes, read as files of joblib before 0.10.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| demijohn_checks::legacy(data));
