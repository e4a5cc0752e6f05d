//! The names under which a page is found: proven by a TXT record, whoever proved it last has it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use url::Host;

use super::config::PageConfig;
use crate::entropy::Entropy;
use crate::tenant::secret;
use crate::time::Timestamp;

/// What stands before the name in the name of its TXT record.
const LABEL: &str = "_plimsoll";
/// What stands before the token in the TXT record.
const CONTENT: &str = "plimsoll-verify=";

/// A host's name in lower case, as DNS knows it: `status.example.org`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostName(String);

impl HostName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for HostName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("expected the name of a host such as status.example.org, got {text:?}");
        let host = Host::parse(text.trim().trim_end_matches('.')).map_err(|_| wrong())?;
        let Host::Domain(name) = host else { return Err(wrong()) };
        let is_name = name.contains('.') && name.len() <= 253;
        let fits = |label: &str| {
            let inner = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            (1..=63).contains(&label.len()) && inner && !label.starts_with('-') && !label.ends_with('-')
        };
        if is_name && name.split('.').all(fits) { Ok(Self(name.to_ascii_lowercase())) } else { Err(wrong()) }
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for HostName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for HostName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A name that a tenant wants its page to be found under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageHost {
    /// The name.
    pub name: HostName,
    /// What the TXT record must say; no secret, since the record is public.
    pub token: String,
    /// When the record was last found; `None`: not yet.
    pub verified_at: Option<Timestamp>,
}

impl PageHost {
    /// A name that is not proven yet.
    pub fn new(name: HostName, entropy: &dyn Entropy) -> Self {
        Self { name, token: secret("", entropy)[..32].to_owned(), verified_at: None }
    }

    /// The name of the TXT record.
    pub fn record_name(&self) -> String {
        format!("{LABEL}.{}", self.name)
    }

    /// What the TXT record must say.
    pub fn record_content(&self) -> String {
        format!("{CONTENT}{}", self.token)
    }

    /// Whether one of these TXT records proves it.
    pub fn is_proven_by(&self, records: &[String]) -> bool {
        let wanted = self.record_content();
        records.iter().any(|record| record.trim() == wanted)
    }
}

/// Where people find the page: under the name that its tenant proved last, or under this installation's own address
/// (`public_url`, without a slash at its end). Without a slash at its end.
pub fn page_url(config: &PageConfig, public_url: &str) -> String {
    let proven = config.hosts.iter().filter_map(|held| Some((held.verified_at?, &held.name)));
    match proven.max() {
        Some((_, name)) => format!("https://{name}"),
        None => format!("{public_url}/s/{}", config.tenant),
    }
}

/// Whose page is found under `host`, of all pages there are: of those who proved the name, who did so last.
pub fn page_of_host<'a>(host: &str, pages: impl Iterator<Item = &'a PageConfig>) -> Option<&'a PageConfig> {
    let proven = pages.flat_map(|page| page.hosts.iter().map(move |held| (page, held)));
    let proven = proven.filter(|(_, held)| held.name.as_str().eq_ignore_ascii_case(host));
    let newest = proven.filter_map(|(page, held)| Some((held.verified_at?, page)));
    newest.max_by_key(|(at, page)| (*at, &page.tenant)).map(|(_, page)| page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_of_dns_and_no_address() {
        let name = |text: &str| text.parse::<HostName>().map(|name| name.to_string());
        assert_eq!(name("Status.Example.ORG."), Ok("status.example.org".to_owned()));
        assert_eq!(name("bücher.example"), Ok("xn--bcher-kva.example".to_owned()));
        for wrong in [
            "",
            "localhost",
            "192.0.2.1",
            "[::1]",
            "a b.example",
            "-a.example",
            "a..example",
            "example.org/x",
            "a.example:80",
        ] {
            assert!(name(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn whoever_proved_a_name_last_has_it() {
        let page = |tenant: &str, verified_at: Option<i64>| {
            let mut page = PageConfig::of(tenant.parse().expect("slug"));
            let name = "status.example.org".parse().expect("a name");
            let verified_at = verified_at.map(Timestamp::from_seconds);
            page.hosts = vec![PageHost { name, token: "t".to_owned(), verified_at }];
            page
        };
        let pages = [page("a", Some(10)), page("b", Some(20)), page("c", None)];
        let found = page_of_host("STATUS.example.org", pages.iter()).map(|page| page.tenant.as_str());
        assert_eq!(found, Some("b"));
        assert!(page_of_host("other.example.org", pages.iter()).is_none());
    }

    #[test]
    fn people_find_a_page_under_the_name_that_was_proven_last() {
        let mut page = PageConfig::of("acme".parse().expect("slug"));
        let url = |page: &PageConfig| page_url(page, "https://plimsoll.example.com");
        assert_eq!(url(&page), "https://plimsoll.example.com/s/acme");
        for (name, verified_at) in [("b.example.org", Some(10)), ("a.example.org", Some(20)), ("c.example.org", None)] {
            let verified_at = verified_at.map(Timestamp::from_seconds);
            page.hosts.push(PageHost { name: name.parse().expect("a name"), token: "t".to_owned(), verified_at });
        }
        assert_eq!(url(&page), "https://a.example.org");
    }

    #[test]
    fn only_the_record_with_the_token_proves() {
        let name = "status.example.org".parse().expect("a name");
        let host = PageHost { name, token: "abc".to_owned(), verified_at: None };
        assert_eq!(host.record_name(), "_plimsoll.status.example.org");
        let records = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert!(host.is_proven_by(&records(&["v=spf1 -all", "plimsoll-verify=abc"])));
        assert!(!host.is_proven_by(&records(&["abc", "plimsoll-verify=abcd"])));
    }
}
