//! What two who use one invitation tell each other.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hedgerow_fuzz::targets::meeting::run(input));
