//! Which addresses we may speak to on a tenant's behalf.
//!
//! A tenant names hosts to probe; it must not thereby reach what only this machine can: loopback, private networks, the
//! cloud's metadata address. Every address is judged after it is resolved and right before it is connected to, so that a
//! name that changes its mind (DNS rebinding) gains nothing. `PLIMSOLL_EGRESS_ALLOW` opens networks by CIDR.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use ipnet::IpNet;

/// What IANA lists as not globally reachable, multicast, and what only answers from within a cloud. Of the metadata
/// services, AWS and most others lie in 169.254.0.0/16, Alibaba's in 100.64.0.0/10 and Oracle's in 192.0.0.0/24.
const CLOSED_V4: [&str; 16] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    // Azure's wire server: a public address that gives secrets to whoever asks from within.
    "168.63.129.16/32",
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
];
/// Everything but global unicast, which is `2000::/3`: so also loopback, `::/96` (compatible), `::ffff:0:0:0/96`
/// (translated), `64:ff9b:1::/48`, `fc00::/7` with the clouds' metadata, `fe80::/10` and multicast. And what is special
/// within global unicast.
const CLOSED_V6: [&str; 7] = [
    "::/3",
    "4000::/2",
    "8000::/1",
    // Protocol assignments: Teredo, benchmarking, ORCHID.
    "2001::/23",
    "2001:db8::/32",
    // 6to4: whatever it leads to, it is not the host that was named.
    "2002::/16",
    "3fff::/20",
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

    /// Every address there is: for what the operator names, and never for what a tenant does.
    pub fn anywhere() -> Self {
        let all = ["0.0.0.0/0", "::/0"].map(|net| net.parse().expect("a valid network"));
        Self::new(&all)
    }

    /// The same, and exactly these addresses besides: for the probes with which Plimsoll watches itself.
    #[must_use]
    pub fn and_own(&self, own: &[SocketAddr]) -> Self {
        Self { own: own.into(), ..self.clone() }
    }

    /// Whether `address` may be spoken to. What is allowed is allowed as it is written (a mapped IPv4 address is that
    /// address); a tunnel or translator that leads into an allowed network is not.
    pub fn permits(&self, address: SocketAddr) -> bool {
        let within = |nets: &[IpNet], ip: IpAddr| nets.iter().any(|net| net.contains(&ip));
        let (written, ip) = (address.ip(), address.ip().to_canonical());
        if self.own.contains(&address) || within(&self.allowed, written) || within(&self.allowed, ip) {
            return true;
        }
        match translated(ip) {
            Some(to) => !within(&self.closed, to.into()),
            None => !within(&self.closed, ip) && !isatap(ip).is_some_and(|to| within(&self.closed, to.into())),
        }
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

/// The IPv4 address that a NAT64 with the well-known prefix connects to. With a prefix of its own, nobody can tell.
fn translated(ip: IpAddr) -> Option<Ipv4Addr> {
    match segments(ip)? {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(join(high, low)),
        _ => None,
    }
}

/// The IPv4 address that an ISATAP one is tunnelled to, whatever its prefix.
fn isatap(ip: IpAddr) -> Option<Ipv4Addr> {
    match segments(ip)? {
        // The one bit that may be set says whether the address is globally unique.
        [_, _, _, _, 0 | 0x200, 0x5efe, high, low] => Some(join(high, low)),
        _ => None,
    }
}

fn segments(ip: IpAddr) -> Option<[u16; 8]> {
    match ip {
        IpAddr::V4(_) => None,
        IpAddr::V6(v6) => Some(v6.segments()),
    }
}

fn join(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from((u32::from(high) << 16) | u32::from(low))
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
        for open in [
            "93.184.216.34",
            "1.1.1.1",
            "2606:4700::1111",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
            "2606:4700::5efe:1.1.1.1",
        ] {
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
            "168.63.129.16",
            "100.100.100.200",
            "192.0.0.192",
            "fd20:ce::254",
            "64:ff9b::7f00:1",
            "64:ff9b:1::a9fe:a9fe",
            "64:ff9b:1::808:808",
            "2001:0:5ef5:79fd::80ff:fffe",
            "2002:808:808::1",
            "2606:4700::5efe:10.0.0.1",
            "2606:4700::200:5efe:169.254.169.254",
            "::8.8.8.8",
            "4000::1",
            "1000::1",
        ] {
            assert!(!permits(&egress, closed), "{closed}");
        }
    }

    #[test]
    fn networks_and_own_addresses_can_be_opened() {
        let egress = Egress::new(&["10.1.0.0/16".parse().expect("a network")]);
        assert!(permits(&egress, "10.1.2.3") && permits(&egress, "::ffff:10.1.2.3") && !permits(&egress, "10.2.0.1"));
        assert!(!permits(&egress, "64:ff9b::10.1.2.3") && !permits(&egress, "::10.1.2.3"));
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
