//! Any bytes, read as lzma.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| demijohn_checks::decode("lzma", data));
