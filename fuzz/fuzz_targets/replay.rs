//! Replay windows: read back from anything, and against a set that remembers everything.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hedgerow_fuzz::targets::replay::run(input));
