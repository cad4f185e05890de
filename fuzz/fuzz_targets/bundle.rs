//! Bundles as bytes, bundles that a contact sealed over anything, and parcels.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hedgerow_fuzz::targets::bundle::run(input));
