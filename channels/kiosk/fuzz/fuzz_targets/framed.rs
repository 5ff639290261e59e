//! A terminal sends as it likes: frames, messages and the session hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    channel_kiosk::invariants::hold_for_framed(data, std::time::Instant::now());
});
