//! Membership operations, alone and as the control log of a group.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hedgerow_fuzz::targets::operation::run(input));
