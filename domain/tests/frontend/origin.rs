//! Origins: what a pattern permits, by the parts of hosts.

use plimsoll_domain::frontend::{AllowedOrigin, is_allowed};
use proptest::prelude::*;
use url::Url;

use crate::dsn_laws::hold;
use crate::payloads::text;

fn host() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9-]{0,8}[a-z0-9](\\.[a-z][a-z0-9]{1,6}){0,2}"
}

fn scheme() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["http", "https"])
}

/// As browsers write it: without the port that goes without saying.
fn port() -> impl Strategy<Value = String> {
    prop::option::of(1_000..60_000_u16).prop_map(|port| port.map(|port| format!(":{port}")).unwrap_or_default())
}

fn allowed(text: &str) -> AllowedOrigin {
    text.parse().expect("an origin")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn an_origin_permits_itself_and_no_other(
        (scheme, host, port) in (scheme(), host(), port()),
        (other_scheme, other_host, other_port) in (self::scheme(), self::host(), self::port()),
    ) {
        let origin = format!("{scheme}://{host}{port}");
        let one = allowed(&origin);
        prop_assert!(one.permits(&origin));
        for other in [
            format!("{other_scheme}://{host}{port}"),
            format!("{scheme}://{other_host}{port}"),
            format!("{scheme}://{host}{other_port}"),
            format!("{scheme}://{other_host}.{host}{port}"),
            format!("{scheme}://{other_host}{host}{port}"),
            format!("{origin}/"),
            format!("{scheme}://x@{host}{port}"),
            origin.to_uppercase(),
        ] {
            prop_assert_eq!(one.permits(&other), other == origin, "{}", other);
        }
    }

    #[test]
    fn a_star_permits_what_lies_below_and_nothing_beside_it(
        (scheme, host, port) in (scheme(), host(), port()),
        label in host(),
        (other_host, other_port) in (self::host(), self::port()),
    ) {
        let pattern = allowed(&format!("{scheme}://*.{host}{port}"));
        let below = format!("{scheme}://{label}.{host}{port}");
        prop_assert!(pattern.permits(&below));
        prop_assert!(is_allowed(&[allowed("https://else.example"), pattern.clone()], &below));
        let other_scheme = if scheme == "http" { "https" } else { "http" };
        for other in [
            format!("{scheme}://{host}{port}"),
            format!("{scheme}://.{host}{port}"),
            format!("{scheme}://{label}{host}{port}"),
            format!("{scheme}://evil{host}{port}"),
            format!("{scheme}://evil-{host}{port}"),
            format!("{other_scheme}://{label}.{host}{port}"),
            format!("{scheme}://{label}.{host}{port}.{other_host}.evil"),
            format!("{scheme}://{label}.{host}{port}0"),
            format!("{scheme}://{other_host}.evil/{label}.{host}{port}"),
            format!("{scheme}://{other_host}.evil:1@{label}.{host}{port}"),
            format!("{scheme}://{label}.{host}{port}/"),
            format!("{scheme}://{label}_.{host}{port}"),
        ] {
            prop_assert!(!pattern.permits(&other), "{}", other);
        }
        let elsewhere = format!("{scheme}://{label}.{host}{other_port}");
        prop_assert_eq!(pattern.permits(&elsewhere), other_port == port);
    }

    #[test]
    fn what_is_permitted_has_the_scheme_and_the_port_and_ends_in_the_host(
        (scheme, host, port) in (scheme(), host(), port()),
        before in "[a-z0-9.@:/#?\\\\*%-]{0,12}",
        after in "[a-z0-9.@:/#?\\\\*%-]{0,4}",
    ) {
        let pattern = allowed(&format!("{scheme}://*.{host}{port}"));
        for origin in [format!("{scheme}://{before}.{host}{port}{after}"), format!("{before}://{after}.{host}{port}")] {
            if pattern.permits(&origin) {
                let (expected, got) = (Url::parse(&format!("{scheme}://{host}{port}")), Url::parse(&origin));
                let (expected, got) = (expected.expect("a URL"), got.expect("what is permitted is a URL"));
                prop_assert_eq!((expected.scheme(), expected.port()), (got.scheme(), got.port()));
                prop_assert!(got.host_str().is_some_and(|got| got.ends_with(&format!(".{host}"))), "{}", got);
            }
        }
    }

    #[test]
    fn any_text_is_an_origin_or_none(text in text(30), asked in self::text(30)) {
        for pattern in [text.clone(), format!("https://{text}"), format!("https://*.{text}"), format!("https://a.{text}")] {
            hold(&pattern);
            if let Ok(pattern) = pattern.parse::<AllowedOrigin>() {
                prop_assert!(!pattern.permits(&asked) || pattern.as_str() == "*" || asked.starts_with("http"));
            }
        }
    }
}
