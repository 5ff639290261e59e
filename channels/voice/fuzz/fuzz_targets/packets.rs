//! Any packets on a call's port leave its sound as it is.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    channel_voice::invariants::hold_for_packets(data, std::time::Instant::now());
});
