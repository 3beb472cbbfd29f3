//! Any bytes, read as zstd, here and by another decoder.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    demijohn_checks::differ("zstd", data);
});
