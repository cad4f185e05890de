//! Records of a session: raw bytes, and sealed by a peer that has proven itself and then sends frames
//! and items of its own making.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hedgerow_fuzz::targets::session::run(input));
