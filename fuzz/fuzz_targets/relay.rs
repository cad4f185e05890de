//! Addresses of relays, as people and contacts give them.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hedgerow_fuzz::targets::relay::run(input));
