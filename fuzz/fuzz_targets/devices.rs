//! Device lists: as bytes, and signed by an identity that puts anything into its list.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hedgerow_fuzz::targets::devices::run(input));
