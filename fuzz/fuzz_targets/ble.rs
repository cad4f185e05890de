//! Frames of Bluetooth LE as bytes, and streams whose peer says anything in any order.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hedgerow_fuzz::targets::ble::run(input));
