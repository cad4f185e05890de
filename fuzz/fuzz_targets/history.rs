//! A whole history of three engines: texts, cuts, restarts, rollbacks, clocks that jump, bad networks and
//! strangers. Once all is well again, each two of them hold the same conversation.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hedgerow_fuzz::targets::history::run(input));
