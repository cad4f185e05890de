//! What programs say to the local API, as JSON and as ids in its texts.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hedgerow_fuzz::targets::api::run(input));
