//! Any pickle, written back in all protocols.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| demijohn_fuzz::pickle_round_trip(data));
