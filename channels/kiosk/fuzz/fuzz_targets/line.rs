//! A device sends as it likes: lines, telnet around them, and the session hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    channel_kiosk::invariants::hold_for_line(data, std::time::Instant::now());
});
