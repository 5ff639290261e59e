//! Reads anything as a number, GS1 data, a link, a message, a date and a lot, and checks what must hold of every reading.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    contract::strategies::hold_invariants(&String::from_utf8_lossy(data));
});
