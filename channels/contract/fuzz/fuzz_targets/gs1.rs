//! Reads anything as the data of a GS1 symbol, as a printed element string and as a Digital Link, and checks what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    contract::strategies::hold_gs1_invariants(&String::from_utf8_lossy(data));
});
