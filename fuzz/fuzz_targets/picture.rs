//! What is read of a file before and after it is decoded: what it is, what it carries, and the pipe from the process that
//! decodes it, which a picture may have taken over.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hedgerow_fuzz::targets::picture::run(input));
