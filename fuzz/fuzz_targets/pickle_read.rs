//! Any bytes, read as a pickle.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| demijohn_checks::pickle_read(data));
