//! Which addresses we may speak to on a tenant's behalf.
//!
//! A tenant names hosts to probe; it must not thereby reach what only this machine can: loopback, private networks, the
//! cloud's metadata address. Every address is judged after it is resolved and right before it is connected to, so that a
//! name that changes its mind (DNS rebinding) gains nothing. `PLIMSOLL_EGRESS_ALLOW` opens networks by CIDR.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use ipnet::IpNet;

const CLOSED_V4: [&str; 16] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "255.255.255.255/32",
];
const CLOSED_V6: [&str; 12] = [
    "::/128",
    "::1/128",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/32",
    "2001:2::/48",
    "2001:db8::/32",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/9",
    "ff00::/8",
];

/// The addresses that may be spoken to.
#[derive(Clone, Debug)]
pub struct Egress {
    closed: Arc<[IpNet]>,
    allowed: Arc<[IpNet]>,
    own: Arc<[SocketAddr]>,
}

/// Why nothing was connected to.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EgressError {
    /// The name has no address.
    #[error("{host} cannot be resolved: {reason}")]
    Unresolved {
        /// The name.
        host: String,
        /// What the resolver said.
        reason: String,
    },
    /// None of its addresses may be spoken to.
    #[error("{host} lies in a network that must not be reached from here (see PLIMSOLL_EGRESS_ALLOW)")]
    Refused {
        /// The name or address.
        host: String,
    },
}

impl Egress {
    /// Public addresses, and those in `allowed`.
    pub fn new(allowed: &[IpNet]) -> Self {
        let nets =
            |texts: &[&str]| texts.iter().map(|text| text.parse().expect("a valid network")).collect::<Vec<IpNet>>();
        let closed = [nets(&CLOSED_V4), nets(&CLOSED_V6)].concat();
        Self { closed: closed.into(), allowed: allowed.into(), own: Arc::new([]) }
    }

    /// The same, and exactly these addresses besides: for the probes with which Plimsoll watches itself.
    #[must_use]
    pub fn and_own(&self, own: &[SocketAddr]) -> Self {
        Self { own: own.into(), ..self.clone() }
    }

    /// Whether `address` may be spoken to.
    pub fn permits(&self, address: SocketAddr) -> bool {
        let ip = address.ip();
        let forms: Vec<IpAddr> = std::iter::once(ip).chain(embedded_v4(ip).map(IpAddr::V4)).collect();
        self.own.contains(&address)
            || self.allowed.iter().any(|net| forms.iter().any(|form| net.contains(form)))
            || !self.closed.iter().any(|net| forms.iter().any(|form| net.contains(form)))
    }

    /// The addresses of `host` that may be spoken to; at least one.
    pub async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, EgressError> {
        let unresolved = |reason: String| EgressError::Unresolved { host: host.to_owned(), reason };
        let found: Vec<SocketAddr> =
            tokio::net::lookup_host((host, port)).await.map_err(|error| unresolved(error.to_string()))?.collect();
        if found.is_empty() {
            return Err(unresolved("it has no address".to_owned()));
        }
        let open: Vec<SocketAddr> = found.into_iter().filter(|address| self.permits(*address)).collect();
        if open.is_empty() { Err(EgressError::Refused { host: host.to_owned() }) } else { Ok(open) }
    }
}

/// The IPv4 address that an IPv6 one stands for: mapped, compatible, NAT64 or 6to4.
fn embedded_v4(ip: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(v6) = ip else { return None };
    let s = v6.segments();
    let join = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match s {
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] if v6 != Ipv6Addr::LOCALHOST && v6 != Ipv6Addr::UNSPECIFIED => {
            Some(join(s[6], s[7]))
        }
        [0, 0, 0, 0, 0xffff, 0, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => Some(join(s[6], s[7])),
        [0x2002, high, low, ..] => Some(join(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(egress: &Egress, ip: &str) -> bool {
        egress.permits(SocketAddr::new(ip.parse().expect("an address"), 80))
    }

    #[test]
    fn only_public_addresses_are_open_in_whatever_form_they_are_written() {
        let egress = Egress::new(&[]);
        for open in ["93.184.216.34", "1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"] {
            assert!(permits(&egress, open), "{open}");
        }
        for closed in [
            "127.0.0.1",
            "127.8.8.8",
            "10.0.0.1",
            "172.31.255.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fec0::1",
            "fd00:ec2::254",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::10.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "::ffff:0:10.0.0.1",
        ] {
            assert!(!permits(&egress, closed), "{closed}");
        }
    }

    #[test]
    fn networks_and_own_addresses_can_be_opened() {
        let egress = Egress::new(&["10.1.0.0/16".parse().expect("a network")]);
        assert!(permits(&egress, "10.1.2.3") && permits(&egress, "::ffff:10.1.2.3") && !permits(&egress, "10.2.0.1"));
        let own = egress.and_own(&["127.0.0.1:8080".parse().expect("an address")]);
        assert!(own.permits("127.0.0.1:8080".parse().expect("an address")));
        assert!(!own.permits("127.0.0.1:22".parse().expect("an address")));
    }

    #[tokio::test]
    async fn a_name_that_leads_home_is_refused() {
        let error = Egress::new(&[]).resolve("localhost", 80).await.expect_err("refused");
        assert!(matches!(error, EgressError::Refused { .. }), "{error}");
    }
}
