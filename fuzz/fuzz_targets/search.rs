//! Searches in a store whose index a bad disk or another program has damaged, by any words. What reads the index gives
//! what is left, or says that the store is damaged.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hedgerow_fuzz::targets::search::run(input));
