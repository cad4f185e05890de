//! Bodies of messages and edits that a contact has written, which a page of the conversation shows. Whatever they are, the page is
//! shown, and nothing on it is longer than its limit.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hedgerow_fuzz::targets::message::run(input));
