//! DSNs as they are written, as they are attacked, and any text at all.

use plimsoll_domain::frontend::Dsn;
use proptest::prelude::*;
use url::Url;

use crate::dsn_laws::hold;
use crate::payloads::text;

/// What stands in texts that want to be read as something else.
const TRICKS: [&str; 32] = [
    "@",
    ":",
    "/",
    "\\",
    "?",
    "#",
    "%40",
    "%2f",
    "%2F..",
    "..",
    "%2e%2e",
    ".",
    " ",
    "\t",
    "\n",
    "\u{0}",
    "[::1]",
    "[",
    "]",
    "127.0.0.1",
    "0x7f.1",
    "2130706433",
    "sentry.example",
    "evil.example",
    "*",
    "xn--",
    "\u{fc}",
    "\u{3002}",
    "\u{ff0f}",
    "\u{ff20}",
    "k",
    "1",
];

/// Scheme, key, host, port, path and project.
type Parts = (String, String, String, Option<u16>, String, String);

fn written((scheme, key, host, port, path, project): &Parts) -> String {
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    format!("{scheme}://{key}@{host}{port}{path}/{project}")
}

fn parts() -> impl Strategy<Value = Parts> {
    let host = prop_oneof![
        "[a-z][a-z0-9-]{0,10}(\\.[a-z][a-z0-9]{1,8}){0,3}",
        any::<std::net::Ipv4Addr>().prop_map(|address| address.to_string()),
        any::<std::net::Ipv6Addr>().prop_map(|address| format!("[{address}]")),
    ];
    let scheme = prop::sample::select(vec!["http".to_owned(), "https".to_owned()]);
    ("[A-Za-z0-9]{1,64}", host, prop::option::of(any::<u16>()), "(/[a-z0-9_-]{1,8}){0,3}", "[0-9]{1,20}", scheme)
        .prop_map(|(key, host, port, path, project, scheme)| (scheme, key, host, port, path, project))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn a_dsn_says_where_envelopes_go((scheme, key, host, port, path, project) in parts()) {
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let written = format!("{scheme}://{key}@{host}{port}{path}/{project}");
        let dsn: Dsn = written.parse().expect("a DSN");
        let to = Url::parse(&format!("{scheme}://{host}{port}{path}/api/{project}/envelope/")).expect("a URL");
        prop_assert_eq!(dsn.envelope_url(), to.as_str());
        prop_assert_eq!(dsn.public_key(), &key);
        let auth = dsn.auth("c/1");
        let said = auth.split_once("sentry_key=").map(|(_, key)| key);
        prop_assert_eq!(said, Some(key.as_str()));
        hold(&written);
    }

    #[test]
    fn the_key_is_in_no_place_that_may_be_logged((scheme, _, host, port, path, project) in parts(), key in "K[0-9]{20}Y") {
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let dsn: Dsn = format!("{scheme}://{key}@{host}{port}{path}/{project}").parse().expect("a DSN");
        prop_assert!(!dsn.envelope_url().contains(&key));
        let printed = format!("{dsn:?}");
        prop_assert!(!printed.contains(&key), "{}", printed);
        for wrong in ["/x", "?a", "#a", "/"] {
            let reason = format!("{}{wrong}", dsn.as_str()).parse::<Dsn>().expect_err("no DSN");
            prop_assert!(!reason.contains(&key), "{}", reason);
        }
    }

    #[test]
    fn two_are_the_same_only_when_all_their_parts_are(one in parts(), other in parts(), part in 0..6_usize) {
        let mut changed = one.clone();
        match part {
            0 => changed.0 = other.0,
            1 => changed.1 = other.1,
            2 => changed.2 = other.2,
            3 => changed.3 = other.3,
            4 => changed.4 = other.4,
            _ => changed.5 = other.5,
        }
        let (dsn, changed_dsn): (Dsn, Dsn) = (written(&one).parse().expect("a DSN"), written(&changed).parse().expect("a DSN"));
        let same = Url::parse(&written(&one)) == Url::parse(&written(&changed));
        prop_assert_eq!(dsn == changed_dsn, same, "{} and {}", written(&one), written(&changed));
        let shouted = written(&one).replacen("http", "HTTP", 1);
        prop_assert_eq!(shouted.parse(), Ok(dsn));
    }

    #[test]
    fn tricks_lead_nowhere_else(tricks in prop::collection::vec(prop::sample::select(TRICKS.to_vec()), 0..8), end in "(/[0-9]{1,3})?") {
        let tricks = tricks.concat();
        for text in [
            format!("https://{tricks}{end}"),
            format!("https://k{tricks}@sentry.example{end}"),
            format!("https://k@sentry.example{tricks}{end}"),
            format!("https://k@{tricks}sentry.example{end}"),
            format!("http:{tricks}k@h{end}"),
        ] {
            hold(&text);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in text(60), filler in 0..420_usize) {
        hold(&text);
        hold(&format!("https://k@h/{text}/1"));
        hold(&format!("https://k@{text}/1"));
        hold(&format!("https://k@h/{}{text}/1", "x".repeat(filler)));
        hold(&format!("https://*.{text}"));
    }
}

#[test]
fn who_an_app_is_stands_before_the_last_at_sign_and_after_no_other() {
    for wrong in [
        "https://k@evil.example@sentry.example/1",
        "https://k@evil.example/@sentry.example/1?",
        "https://k@evil.example#@sentry.example/1",
        "https://k@evil.example?@sentry.example/1",
        "https://k:@evil.example:p@sentry.example/1",
        "https://k%40evil.example@sentry.example/1",
        "https://k:secret@sentry.example/1",
        "https://@sentry.example/1",
        "javascript://k@sentry.example/1",
        "https:///k/1",
    ] {
        assert!(wrong.parse::<Dsn>().is_err(), "{wrong}");
    }
    for (text, host) in [
        ("https://k@evil.example\\@sentry.example/1", "https://evil.example/@sentry.example/api/1/envelope/"),
        ("https://k@evil.example/@sentry.example/1", "https://evil.example/@sentry.example/api/1/envelope/"),
        ("https:\\\\k@sentry.example\\1", "https://sentry.example/api/1/envelope/"),
        ("https://k@0x7f.1/1", "https://127.0.0.1/api/1/envelope/"),
        ("https://k@2130706433/1", "https://127.0.0.1/api/1/envelope/"),
        ("https://k@h/a/../../../1", "https://h/api/1/envelope/"),
        ("https://k@h/%2e%2e/1", "https://h/api/1/envelope/"),
    ] {
        assert_eq!(text.parse::<Dsn>().as_ref().map(Dsn::envelope_url), Ok(host), "{text}");
        hold(text);
    }
}
