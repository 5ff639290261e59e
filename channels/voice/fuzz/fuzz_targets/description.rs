//! Any session description is refused or answered with one that reads again.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    channel_voice::invariants::hold_for_description(data);
});
