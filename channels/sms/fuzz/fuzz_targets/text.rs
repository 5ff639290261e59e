//! Octets under any coding scheme: read, understood, sent back, read again.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| channel_sms::invariants::hold_for_text(data));
