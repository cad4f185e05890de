//! Damaged rows of the store, by a bad disk or by whoever can write to it: what reads them gives what is
//! left or says that the store is damaged; it does not panic, and sets no memory aside by a damaged count.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hedgerow_fuzz::targets::row::run(input));
