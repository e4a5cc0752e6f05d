//! Properties of the judgement itself: no closed address is permitted in any form, and what is allowed is allowed exactly.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use plimsoll_runtime::egress::Egress;
use proptest::prelude::*;

use crate::trap::open_to;

/// Written down once more: a slip in the list would not be seen in the list.
const WITHIN_V4: [&str; 15] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "168.63.129.16/32",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
];
const WITHIN_V6: [&str; 13] = [
    "::/96",
    "::ffff:0:0:0/96",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/32",
    "2001:2::/48",
    "2001:20::/28",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "fc00::/7",
    "fe80::/9",
    "ff00::/8",
];

fn permits(egress: &Egress, ip: impl Into<IpAddr>) -> bool {
    egress.permits(SocketAddr::new(ip.into(), 443))
}

fn in_v4(net: Ipv4Net, random: u32) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(net.network()) | (random & u32::from(net.hostmask())))
}

fn in_v6(net: Ipv6Net, random: u128) -> Ipv6Addr {
    Ipv6Addr::from(u128::from(net.network()) | (random & u128::from(net.hostmask())))
}

fn within_v4() -> impl Strategy<Value = Ipv4Addr> {
    (prop::sample::select(WITHIN_V4.to_vec()), any::<u32>())
        .prop_map(|(net, random)| in_v4(net.parse().expect("a network"), random))
}

/// Every IPv6 address that stands for `v4`: mapped, compatible, translated, NAT64, 6to4, Teredo, ISATAP.
fn forms(v4: Ipv4Addr, random: u64) -> Vec<Ipv6Addr> {
    let (bits, rest) = (u128::from(u32::from(v4)), u128::from(random));
    let ending = |prefix: &str| Ipv6Addr::from(u128::from(prefix.parse::<Ipv6Addr>().expect("an address")) | bits);
    let server = rest & 0xffff_ffff;
    vec![
        ending("::ffff:0:0"),
        ending("::"),
        ending("::ffff:0:0:0"),
        ending("64:ff9b::"),
        ending("64:ff9b:1::"),
        Ipv6Addr::from((0x2002_u128 << 112) | (bits << 80) | rest),
        Ipv6Addr::from((0x2001_0000_u128 << 96) | (server << 64) | (bits ^ 0xffff_ffff)),
        ending("fe80::5efe:0:0"),
        Ipv6Addr::from((0x2606_4700_u128 << 96) | (0x5efe << 32) | bits),
        Ipv6Addr::from((0x2606_4700_u128 << 96) | (0x0200_5efe << 32) | bits),
    ]
}

fn is_within(ip: IpAddr) -> bool {
    let nets = WITHIN_V4.iter().chain(&["192.88.99.0/24"]).chain(&WITHIN_V6);
    nets.map(|net| net.parse::<IpNet>().expect("a network")).any(|net| net.contains(&ip))
}

proptest! {
    #[test]
    fn no_address_within_is_permitted_in_any_form(v4 in within_v4(), random: u64) {
        let egress = open_to(&[]);
        prop_assert!(!permits(&egress, v4), "{v4}");
        for form in forms(v4, random) {
            prop_assert!(!permits(&egress, form), "{form} stands for {v4}");
        }
    }

    #[test]
    fn no_special_network_of_ipv6_is_permitted(net in prop::sample::select(WITHIN_V6.to_vec()), random: u128) {
        let ip = in_v6(net.parse().expect("a network"), random);
        prop_assert!(!permits(&open_to(&[]), ip), "{ip} in {net}");
    }

    #[test]
    fn only_global_unicast_of_ipv6_is_permitted(random: u128) {
        let ip = Ipv6Addr::from(random);
        let is_translated = ip.to_ipv4_mapped().is_some() || ip.segments()[..6] == [0x64, 0xff9b, 0, 0, 0, 0];
        prop_assert!(ip.segments()[0] >> 13 == 1 || is_translated || !permits(&open_to(&[]), ip), "{ip}");
    }

    #[test]
    fn what_is_public_is_permitted(random: u32) {
        let ip = Ipv4Addr::from(random);
        prop_assert_eq!(permits(&open_to(&[]), ip), !is_within(ip.into()), "{}", ip);
        prop_assert_eq!(permits(&open_to(&[]), ip.to_ipv6_mapped()), !is_within(ip.into()), "{}", ip);
    }

    #[test]
    fn allowing_opens_exactly_the_network(base in within_v4(), length in 8u8..=32, near: u32, other in within_v4()) {
        let net = Ipv4Net::new(base, length).expect("a length");
        let egress = Egress::new(&[net.into()]);
        let (inside, neighbour) = (in_v4(net, near), Ipv4Addr::from(u32::from(base) ^ (1 << (32 - length).min(31))));
        prop_assert!(permits(&egress, inside) && permits(&egress, inside.to_ipv6_mapped()), "{inside} in {net}");
        for ip in [neighbour, other] {
            prop_assert_eq!(permits(&egress, ip), net.contains(&ip) || !is_within(ip.into()), "{} beside {}", ip, net);
        }
        // The mapped form comes first; all others lead by way of somebody else.
        for form in forms(inside, near.into()).into_iter().skip(1) {
            prop_assert_eq!(permits(&egress, form), !is_within(inside.into()) && permits(&open_to(&[]), form), "{}", form);
        }
    }

    #[test]
    fn allowing_opens_exactly_the_network_of_ipv6(base: u128, length in 8u8..=128, near: u128, other: u128) {
        let net = Ipv6Net::new(Ipv6Addr::from((0xfc_u128 << 120) | (base >> 7)), length).expect("a length");
        let egress = Egress::new(&[net.into()]);
        let (inside, other) = (in_v6(net, near), Ipv6Addr::from((0xfc_u128 << 120) | (other >> 7)));
        prop_assert!(permits(&egress, inside), "{inside} in {net}");
        prop_assert_eq!(permits(&egress, other), net.contains(&other), "{} beside {}", other, net);
    }
}
