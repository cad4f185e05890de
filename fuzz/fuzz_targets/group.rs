//! The session of two members of a group, one of whom says anything.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hedgerow_fuzz::targets::group::run(input));
