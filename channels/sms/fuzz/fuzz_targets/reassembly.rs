//! Parts of long texts in any order, at any time: nothing is lost, doubled or kept for ever.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    channel_sms::invariants::hold_for_reassembly(data, std::time::Instant::now());
});
