//! Any pickle, written back in all protocols.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| demijohn_checks::pickle_round_trip(data));
