//! Any bytes, read as lzo.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| demijohn_fuzz::decode("lzo", data));
