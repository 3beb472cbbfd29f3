//! Any bytes, read as lz4, here and by another decoder.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    demijohn_checks::differ("lz4", data);
});
