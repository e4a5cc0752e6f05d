//! Who a request is from, behind proxies.
//!
//! Anybody may write `X-Forwarded-For`: it is believed only as far as the peers that are trusted wrote it, from its right
//! end. Rejected: the leftmost entry, which is whatever the client says it is.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http::{HeaderMap, HeaderValue};
use ipnet::IpNet;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The networks of the proxies whose `X-Forwarded-For` is believed. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Arc<[IpNet]>);

impl TrustedProxies {
    /// Believes the peers in `networks`.
    pub fn new(networks: &[IpNet]) -> Self {
        Self(networks.into())
    }

    /// The client of whoever connected from `peer`: the peer itself, or, if that is trusted, the rightmost address in
    /// `X-Forwarded-For` that is not (if all are, the leftmost). An entry that is no address ends the search at the one
    /// before. IPv4 addresses are given as such, however they came.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        if self.0.is_empty() || !self.trusts(client) {
            return client;
        }
        // The lines of a header are one list, in order.
        let lines = headers.get_all(FORWARDED_FOR).iter().rev().map(HeaderValue::as_bytes);
        for entry in lines.flat_map(|line| line.rsplit(|byte| *byte == b',')) {
            let Some(address) = address(entry) else { break };
            client = address;
            if !self.trusts(client) {
                break;
            }
        }
        client
    }

    fn trusts(&self, ip: IpAddr) -> bool {
        self.0.iter().any(|net| net.contains(&ip))
    }
}

/// `1.2.3.4`, `1.2.3.4:567`, `::1`, `[::1]` or `[::1]:80`.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(entry).ok()?.trim();
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let ip = match bare {
        Some(bare) => IpAddr::V6(bare.parse().ok()?),
        None => text.parse().or_else(|_| text.parse().map(|address: SocketAddr| address.ip())).ok()?,
    };
    Some(ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn trusting(networks: &[&str]) -> TrustedProxies {
        TrustedProxies::new(&networks.iter().map(|net| net.parse().expect("a network")).collect::<Vec<_>>())
    }

    fn headers(lines: &[&str]) -> HeaderMap {
        let lines = lines.iter().map(|line| HeaderValue::from_str(line).expect("a value"));
        lines.map(|line| (http::HeaderName::from_static(FORWARDED_FOR), line)).collect()
    }

    #[test]
    fn the_client_is_the_rightmost_that_is_not_trusted() {
        let proxies = trusting(&["10.0.0.0/8", "fd00::/8"]);
        for (lines, expected) in [
            (&[][..], "10.0.0.1"),
            (&["203.0.113.9"], "203.0.113.9"),
            (&["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
            (&["198.51.100.1, 203.0.113.9, 10.2.2.2"], "203.0.113.9"),
            (&["198.51.100.1, 203.0.113.9", "10.2.2.2,fd00::1"], "203.0.113.9"),
            (&["10.3.3.3, 10.2.2.2"], "10.3.3.3"),
            (&["203.0.113.9, unknown, 10.2.2.2"], "10.2.2.2"),
            (&["203.0.113.9, , 10.2.2.2"], "10.2.2.2"),
            (&["unknown"], "10.0.0.1"),
            (&[""], "10.0.0.1"),
            (&["203.0.113.9:4711"], "203.0.113.9"),
            (&["[2001:db8::1]:80, [fd00::1]"], "2001:db8::1"),
            (&["2001:db8::1"], "2001:db8::1"),
            (&["::ffff:203.0.113.9, ::ffff:10.2.2.2"], "203.0.113.9"),
        ] {
            assert_eq!(proxies.client(ip("10.0.0.1"), &headers(lines)), ip(expected), "{lines:?}");
        }
        assert_eq!(proxies.client(ip("::ffff:10.0.0.1"), &headers(&["203.0.113.9"])), ip("203.0.113.9"));
    }

    #[test]
    fn nobody_is_believed_unless_told_so() {
        let sent = headers(&["203.0.113.9"]);
        assert_eq!(TrustedProxies::default().client(ip("10.0.0.1"), &sent), ip("10.0.0.1"));
        assert_eq!(TrustedProxies::default().client(ip("::ffff:10.0.0.1"), &sent), ip("10.0.0.1"));
    }

    fn any_lines() -> impl Strategy<Value = Vec<Vec<u8>>> {
        let wild = prop::collection::vec(any::<u8>(), 0..60);
        let near = "([0-9a-f.:\\[\\], ]|10\\.0\\.0\\.1|::1){0,40}".prop_map(String::into_bytes);
        prop::collection::vec(prop_oneof![wild, near], 0..4)
    }

    fn any_headers(lines: &[Vec<u8>]) -> HeaderMap {
        let lines = lines.iter().filter_map(|line| HeaderValue::from_bytes(line).ok());
        lines.map(|line| (http::HeaderName::from_static(FORWARDED_FOR), line)).collect()
    }

    proptest! {
        #[test]
        fn whatever_is_sent_is_survived(lines in any_lines(), peer: IpAddr) {
            let everybody = trusting(&["0.0.0.0/0", "::/0"]);
            everybody.client(peer, &any_headers(&lines));
            trusting(&["10.0.0.0/8"]).client(ip("10.0.0.1"), &any_headers(&lines));
        }

        #[test]
        fn what_an_untrusted_peer_sends_changes_nothing(lines in any_lines(), peer: IpAddr) {
            let proxies = trusting(&["10.0.0.0/8"]);
            prop_assume!(!proxies.trusts(peer.to_canonical()));
            prop_assert_eq!(proxies.client(peer, &any_headers(&lines)), peer.to_canonical());
        }
    }
}
