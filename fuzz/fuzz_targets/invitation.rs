//! Links of invitations: as text, and with a checksum that holds over any content.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hedgerow_fuzz::targets::invitation::run(input));
