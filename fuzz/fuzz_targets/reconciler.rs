//! A session's reconciler and hostile items: no panic, no faith in what is not proven, and an honest
//! session afterwards still brings both sides to the same entries.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hedgerow_fuzz::targets::reconciler::run(input));
