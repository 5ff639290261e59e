//! What reaches the SIP stack's parser, and what comes out of it, hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    channel_voice::invariants::hold_for_datagram(data);
});
