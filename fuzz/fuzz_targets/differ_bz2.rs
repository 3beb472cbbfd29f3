//! Any bytes, read as bz2, here and by another decoder.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    demijohn_checks::differ("bz2", data);
});
