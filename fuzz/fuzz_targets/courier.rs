//! A courier and a hostile peer, which says anything in any order.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hedgerow_fuzz::targets::courier::run(input));
