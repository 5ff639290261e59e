//! Reads anything as an event of the log (the first byte is its kind): what decodes encodes to something that decodes to
//! the same.
#![no_main]

use verigate::ledger::event::Event;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Some((kind, body)) = data.split_first()
        && let Ok(event) = Event::from_bytes(*kind, body)
    {
        let again = Event::from_bytes(event.kind() as u8, &event.to_bytes()).expect("what was encoded decodes");
        assert_eq!(again, event);
    }
});
