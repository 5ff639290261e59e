//! Bodies of the JSON API: whatever comes is read or refused, never a panic; what is read keeps its bounds.
//!
//! Run with `cargo fuzz run api`; the committed corpus is replayed by the crate's own tests.
#![no_main]

use channel_http::wire;
use contract::Confidence;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    if let Ok(request) = wire::read_check(body, Confidence::Low)
        && let Some(place) = request.place
    {
        assert!((1..=64).contains(&place.city.chars().count()));
        assert_eq!(place.confidence, Confidence::Low);
    }
    if let Ok(request) = wire::read_event(body, Confidence::Low) {
        assert!((1..=contract::life::MAX_REPORTED).contains(&request.numbers.len()));
    }
});
