//! Any data, through any format, written and read in pieces of any size.
#![no_main]

libfuzzer_sys::fuzz_target!(|plan: demijohn_checks::Plan| plan.run());
