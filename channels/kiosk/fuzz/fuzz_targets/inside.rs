//! A terminal that was let in, and the gateway to it, say what they like: messages and both ends hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    channel_kiosk::invariants::hold_for_inside(data, std::time::Instant::now());
});
