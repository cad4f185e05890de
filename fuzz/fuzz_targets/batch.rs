//! The core of a batch, as it comes from the wire: of a chat, and of a group with the proof of a fork.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hedgerow_fuzz::targets::batch::run(input));
