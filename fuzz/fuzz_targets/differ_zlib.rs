//! Any bytes, read as zlib, here and by another decoder.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    demijohn_checks::differ("zlib", data);
});
