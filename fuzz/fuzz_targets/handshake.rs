//! First flights and handshakes, in every state, of devices that know each other and of invitations.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hedgerow_fuzz::targets::handshake::run(input));
