//! Rows of the store that a bad disk or another program has damaged. What reads them gives what is left, or says that the
//! store is damaged. It does not panic, and sets no memory aside by a damaged count.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hedgerow_fuzz::targets::row::run(input));
