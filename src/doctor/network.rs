//! Where probes and receivers may go, and whether names are found.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;
use url::{Host, Url};

use plimsoll_runtime::config::Config;
use plimsoll_runtime::dns::{Dns, TxtRecords};
use plimsoll_runtime::egress::Egress;

use super::finding::Finding;
use super::patient::Patient;

/// Where clouds give credentials to whoever asks from within.
const METADATA: IpAddr = IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254));
/// What must not be reached unless somebody opened it.
const CLOSED: [IpAddr; 4] = [
    METADATA,
    IpAddr::V4(Ipv4Addr::LOCALHOST),
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)),
    IpAddr::V6(Ipv6Addr::LOCALHOST),
];
/// A name that is looked up where we have none ourselves. Those that are nobody's for ever (`.invalid`) are answered without
/// asking any server.
const SOMEBODY: &str = "example.com";

pub(super) fn egress(config: &Config) -> Vec<Finding> {
    vec![
        networks("egress", "PLIMSOLL_EGRESS_ALLOW", &config.egress_allow),
        networks("public egress", "PLIMSOLL_EGRESS_ALLOW_PUBLIC", &config.egress_allow_public),
        public_url(config),
    ]
}

fn networks(about: &'static str, key: &str, open: &[IpNet]) -> Finding {
    let egress = Egress::new(open);
    let permits = |ip: IpAddr| egress.permits(SocketAddr::new(ip, 80));
    let leaks: Vec<_> = CLOSED.iter().filter(|ip| permits(**ip) && !open.iter().any(|net| net.contains(*ip))).collect();
    if !leaks.is_empty() {
        return Finding::failed(
            about,
            format!("{leaks:?} can be reached though nobody opened it"),
            "report this: it is a defect",
        );
    }
    let all = open.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if permits(METADATA) {
        let seen = format!("{all} are open, and so is {METADATA}, where clouds give out credentials");
        return Finding::warning(about, seen, format!("name smaller networks in {key}"));
    }
    match open {
        [] => Finding::ok(about, "private addresses are refused, without exception"),
        _ => Finding::ok(about, format!("private addresses are refused, except {all}")),
    }
}

fn public_url(config: &Config) -> Finding {
    let about = "public address";
    let advice = "set PLIMSOLL_PUBLIC_URL to what people type, e.g. https://status.example.com";
    let shown = &config.public_url;
    match Url::parse(shown).as_ref().map(|url| (url.scheme(), url.host())) {
        Ok(("http" | "https", Some(Host::Ipv4(ip)))) if ip.is_unspecified() => {
            Finding::warning(about, format!("links lead to {shown}, which is no address to go to"), advice)
        }
        Ok(("http" | "https", Some(Host::Ipv6(ip)))) if ip.is_unspecified() => {
            Finding::warning(about, format!("links lead to {shown}, which is no address to go to"), advice)
        }
        Ok(("http" | "https", Some(_))) => Finding::ok(about, format!("links lead to {shown}")),
        _ => Finding::warning(about, format!("links lead to {shown}, which is no web address"), advice),
    }
}

pub(super) async fn dns(patient: &Patient<'_>) -> Vec<Finding> {
    let about = "dns";
    let servers = &patient.config.dns_servers;
    let whose = match servers.as_slice() {
        [] => "the system's servers".to_owned(),
        servers => servers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    };
    let public = Url::parse(&patient.config.public_url).ok();
    let name = public.as_ref().and_then(Url::domain).filter(|name| *name != "localhost").unwrap_or(SOMEBODY);
    let found = match Dns::new(servers.clone()).txt(name).await {
        // Also when there is no such record: to be told so takes a server that answers.
        Ok(_) => Finding::ok(about, format!("{whose} answer when asked for {name}")),
        Err(error) if servers.is_empty() => {
            let advice =
                "see /etc/resolv.conf, or set PLIMSOLL_DNS_SERVERS: names in probes, receivers and pages are not found";
            Finding::warning(about, format!("{whose}: {error}"), advice)
        }
        Err(error) => Finding::failed(about, format!("{whose}: {error}"), "see PLIMSOLL_DNS_SERVERS"),
    };
    vec![found]
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    #[test]
    fn what_is_open_is_told_and_the_clouds_credentials_are_warned_of() {
        for (open, verdict, seen) in [
            (vec![], Verdict::Ok, "without exception"),
            (vec!["10.0.0.0/8"], Verdict::Ok, "except 10.0.0.0/8"),
            (vec!["0.0.0.0/0"], Verdict::Warning, "169.254.169.254"),
            (vec!["169.254.0.0/16"], Verdict::Warning, "169.254.169.254"),
        ] {
            let open: Vec<IpNet> = open.iter().map(|net| net.parse().expect("a network")).collect();
            let found = networks("egress", "KEY", &open);
            assert!(found.verdict == verdict && found.seen.contains(seen), "{found:?}");
        }
    }
}
