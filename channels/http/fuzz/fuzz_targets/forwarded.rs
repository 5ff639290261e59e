//! The headers of proxies: whatever they say, somebody is the sender, and never a loopback of ours.
//!
//! Run with `cargo fuzz run forwarded`; the committed corpus is replayed by the crate's own tests. The first byte chooses the
//! header, the rest are its lines.
#![no_main]

use channel_http::{Proxies, ProxyHeader};
use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use net::Peer;

fuzz_target!(|data: &[u8]| {
    let Some((which, text)) = data.split_first() else { return };
    let (header, name) = match which % 2 {
        0 => (ProxyHeader::XForwardedFor, "x-forwarded-for"),
        _ => (ProxyHeader::Forwarded, "forwarded"),
    };
    let trusted = ["127.0.0.1", "10.0.0.0/8", "2001:db8:1::/48"].map(|network| network.parse().unwrap()).to_vec();
    let mut headers = HeaderMap::new();
    for line in text.split(|byte| *byte == b'\n') {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(name, value);
        }
    }
    let connection = Peer { address: [127, 0, 0, 1].into(), reached_loopback: true, by_tls: false };
    let sender = Proxies { trusted, header }.sender(connection, &headers);
    assert!(!sender.reached_loopback);
    let nobody = Proxies::default().sender(connection, &headers);
    assert_eq!(nobody, connection);
});
