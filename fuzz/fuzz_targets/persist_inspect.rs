//! Any bytes, inspected as a file of joblib.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| demijohn_checks::persist_inspect(data));
