//! Any octets that come as a webhook are read or refused, and never believed.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    channel_voice::webhooks::invariants::hold_for_webhook(data);
});
