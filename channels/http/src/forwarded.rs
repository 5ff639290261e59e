//! Whose request it is behind a proxy: the header that our own proxies set, read from its end for as long as they are ours.
//!
//! Pure. A header of anyone else counts for nothing, and of a trusted proxy only the one header that the configuration names:
//! a proxy passes on the other one as the client wrote it. Trusts no name, only addresses.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use net::{Peer, Range};
use serde::{Deserialize, Serialize};

/// More hops than any path has; what stands further left is not read.
const MOST_HOPS: usize = 32;

/// `[http.proxies]`: which proxies stand in front of us, and how they say whom they speak for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Proxies {
    /// Addresses and networks (`10.0.0.0/8`) of our own proxies. Default none: every header is ignored.
    pub trusted: Vec<Range>,
    /// The header that they set. Default `x-forwarded-for`.
    pub header: ProxyHeader,
}

/// The header by which a proxy names the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyHeader {
    /// `X-Forwarded-For`, to which each proxy adds an address.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239), of which `for` is read.
    Forwarded,
}

impl Proxies {
    fn trust(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.holds(address))
    }

    /// Who sent a request that came over this connection. An entry that is no address ends the walk: the client is then
    /// whoever handed it to the last proxy that said so, at worst that proxy.
    #[must_use]
    pub fn sender(&self, connection: Peer, headers: &HeaderMap) -> Peer {
        if self.trusted.is_empty() || !self.trust(connection.address) {
            return connection;
        }
        let name = match self.header {
            ProxyHeader::XForwardedFor => "x-forwarded-for",
            ProxyHeader::Forwarded => "forwarded",
        };
        // Also where a client put in front what is no text: what our proxy added behind it still counts.
        let lines: Vec<Cow<'_, str>> =
            headers.get_all(name).into_iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        let mut hops: Vec<&str> = lines.iter().flat_map(|line| line.split(',')).collect();
        let mut address = connection.address;
        for _ in 0..MOST_HOPS {
            let Some(hop) = hops.pop() else { break };
            let named = match self.header {
                ProxyHeader::XForwardedFor => bare_address(hop),
                ProxyHeader::Forwarded => forwarded_for(hop),
            };
            let Some(named) = named else { break };
            address = named;
            if !self.trust(named) {
                break;
            }
        }
        // A proxy on this machine does not make its clients local.
        Peer { address, reached_loopback: false, ..connection }
    }
}

/// The `for` of one element: `for=192.0.2.43;proto=https`, `For="[2001:db8::17]:4711"`.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then(|| bare_address(value.trim().trim_matches('"')))?
    })
}

/// An address as proxies write it: with or without brackets and port.
fn bare_address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    text.parse().ok().or_else(with_port).or_else(bracketed).map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn sender(proxies: &str, connection: &str, headers: &[(&str, &str)]) -> (String, bool) {
        let proxies: Proxies = toml::from_str(proxies).unwrap();
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap()))
            .collect();
        let address = connection.parse().unwrap();
        let peer = proxies.sender(Peer { address, reached_loopback: true, by_tls: false }, &headers);
        (peer.address.to_string(), peer.reached_loopback)
    }

    const OURS: &str = r#"trusted = ["127.0.0.1", "10.0.0.0/8", "2001:db8:1::/48"]"#;

    #[test]
    fn a_client_is_named_by_our_own_proxies_alone() {
        let lie = ("x-forwarded-for", "203.0.113.7");
        assert_eq!(sender("", "127.0.0.1", &[lie]), ("127.0.0.1".to_owned(), true), "nobody is trusted by default");
        assert_eq!(sender(OURS, "198.51.100.9", &[lie]).0, "198.51.100.9");
        assert_eq!(sender(OURS, "127.0.0.1", &[lie]), ("203.0.113.7".to_owned(), false));
        assert_eq!(sender(OURS, "127.0.0.1", &[]), ("127.0.0.1".to_owned(), false));
        assert_eq!(sender(OURS, "127.0.0.1", &[("forwarded", "for=203.0.113.7")]).0, "127.0.0.1", "the other header");
    }

    #[test]
    fn what_a_client_put_in_front_is_not_believed() {
        for (said, client) in [
            ("1.1.1.1, 203.0.113.7", "203.0.113.7"),
            ("1.1.1.1, 203.0.113.7, 10.1.2.3", "203.0.113.7"),
            ("203.0.113.7, unknown", "127.0.0.1"),
            ("203.0.113.7, unknown, 10.1.2.3", "10.1.2.3"),
            ("10.1.2.3", "10.1.2.3"),
            ("203.0.113.7:4711", "203.0.113.7"),
            ("[2001:db8:2::1]:80, 2001:db8:1::5", "2001:db8:2::1"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("", "127.0.0.1"),
            (",,,", "127.0.0.1"),
        ] {
            assert_eq!(sender(OURS, "127.0.0.1", &[("x-forwarded-for", said)]).0, client, "{said}");
        }
        let no_text = HeaderValue::from_bytes(b"1.1.1.1\xff, 203.0.113.7").unwrap();
        let headers = HeaderMap::from_iter([(HeaderName::from_static("x-forwarded-for"), no_text)]);
        let proxy = Peer { address: [127, 0, 0, 1].into(), reached_loopback: true, by_tls: false };
        let client = toml::from_str::<Proxies>(OURS).unwrap().sender(proxy, &headers).address;
        assert_eq!(client.to_string(), "203.0.113.7", "nobody hides behind the proxy's address");
        let two = [("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "203.0.113.7")];
        assert_eq!(sender(OURS, "127.0.0.1", &two).0, "203.0.113.7");
    }

    #[test]
    fn the_standard_header_is_read_where_it_is_the_one() {
        let ours = format!("{OURS}\nheader = \"forwarded\"");
        for (said, client) in [
            ("for=1.1.1.1, for=203.0.113.7;proto=https;by=10.0.0.1", "203.0.113.7"),
            ("proto=https;For=\"[2001:db8:2::17]:4711\"", "2001:db8:2::17"),
            ("for=_hidden", "127.0.0.1"),
            ("for=\"203.0.113.7:4711\", for=10.0.0.2", "203.0.113.7"),
            ("by=10.0.0.1", "127.0.0.1"),
        ] {
            assert_eq!(sender(&ours, "127.0.0.1", &[("forwarded", said)]).0, client, "{said}");
        }
    }

    #[test]
    fn networks_are_read_and_what_is_none_is_named() {
        let holds = |network: &str, address: &str| network.parse::<Range>().unwrap().holds(address.parse().unwrap());
        assert!(holds("0.0.0.0/0", "8.8.8.8") && holds("::/0", "::1") && !holds("0.0.0.0/0", "::1"));
        assert!(holds("192.0.2.0/25", "192.0.2.127") && !holds("192.0.2.0/25", "192.0.2.128"));
        assert!(holds("192.0.2.1", "::ffff:192.0.2.1"));
        for bad in ["", "10.0.0.0/33", "10.0.0/8", "proxy", "::/129", "1.1.1.1/x"] {
            assert!(bad.parse::<Range>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_committed_corpus_names_somebody() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus/forwarded");
        let mut read = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let data = std::fs::read(entry.unwrap().path()).unwrap();
            let Some((which, text)) = data.split_first() else { continue };
            let name = if which % 2 == 0 { "x-forwarded-for" } else { "forwarded" };
            let lines = text.split(|byte| *byte == b'\n').filter_map(|line| HeaderValue::from_bytes(line).ok());
            let headers: HeaderMap = lines.map(|value| (HeaderName::from_static(name), value)).collect();
            let proxies: Proxies = toml::from_str(&format!("{OURS}\nheader = \"{name}\"")).unwrap();
            let peer = Peer { address: [127, 0, 0, 1].into(), reached_loopback: true, by_tls: false };
            read += usize::from(proxies.sender(peer, &headers).address != peer.address);
        }
        assert!(read >= 4, "the corpus still holds headers that are believed, got {read}");
    }

    proptest::proptest! {
        #[test]
        fn any_header_leads_to_an_address(text in "[ -~]{0,80}") {
            for header in ["x-forwarded-for", "forwarded"] {
                let ours = format!("{OURS}\nheader = \"{header}\"");
                let (address, local) = sender(&ours, "127.0.0.1", &[(header, &text)]);
                proptest::prop_assert!(address.parse::<IpAddr>().is_ok() && !local);
            }
        }
    }
}
