//! A contact with true keys that says anything: hello, facts, psk moves, reconciliation, meetings. The
//! engine goes on, and what it committed opens again.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hedgerow_fuzz::targets::contact::run(input));
