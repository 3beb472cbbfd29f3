//! Streams of many pieces, whole and damaged, read by several threads as by one.
#![no_main]

libfuzzer_sys::fuzz_target!(|pieces: demijohn_checks::Pieces| pieces.run());
