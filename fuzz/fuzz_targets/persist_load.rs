//! Any bytes, loaded as a file of joblib, and dumped.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| demijohn_checks::persist_load(data));
