//! The other end of a connection does as it likes: frames, PDUs and the session hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    channel_sms::invariants::link::hold_for_link(data, std::time::Instant::now());
});
