//! The files of a data directory that are read before anything is unlocked: `slots` and `lock`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hedgerow_fuzz::targets::slots::run(input));
