//! The origins that pages of an app have: who may ask from a browser.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use url::Url;

const LONGEST: usize = 300;

/// An origin, or a pattern of some: `https://shop.example`, `https://*.shop.example`, `*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedOrigin {
    text: String,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Any,
    Exact,
    /// Any host below: what comes before the label, and what comes after it (`.shop.example:8080`).
    Below {
        start: String,
        end: String,
    },
}

impl AllowedOrigin {
    /// As it was configured, in the form browsers use.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the header `Origin` may say `origin`.
    pub fn permits(&self, origin: &str) -> bool {
        match &self.kind {
            Kind::Any => true,
            Kind::Exact => self.text == origin,
            Kind::Below { start, end } => {
                let label = origin.strip_prefix(start.as_str()).and_then(|rest| rest.strip_suffix(end.as_str()));
                let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
                label.is_some_and(|label| !label.is_empty() && label.chars().all(named))
            }
        }
    }
}

/// Whether any of `allowed` permits `origin`.
pub fn is_allowed(allowed: &[AllowedOrigin], origin: &str) -> bool {
    allowed.iter().any(|allowed| allowed.permits(origin))
}

impl FromStr for AllowedOrigin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!("expected an origin of at most {LONGEST} characters, got {}", text.len()));
        }
        if text == "*" {
            return Ok(Self { text: text.to_owned(), kind: Kind::Any });
        }
        let wrong =
            || format!("expected an origin such as https://shop.example, https://*.shop.example or *, got {text:?}");
        let (plain, is_below) = match text.split_once("://*.") {
            Some((scheme, rest)) => (format!("{scheme}://{rest}"), true),
            None => (text.to_owned(), false),
        };
        let url = Url::parse(&plain).map_err(|_| wrong())?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        let host = url.host_str().unwrap_or_default();
        if !bare || url.password().is_some() || !matches!(url.scheme(), "http" | "https") || host.contains('*') {
            return Err(wrong());
        }
        let origin = url.origin().ascii_serialization();
        if !is_below {
            return Ok(Self { text: origin, kind: Kind::Exact });
        }
        let (scheme, rest) = origin.split_once("://").ok_or_else(wrong)?;
        let (start, end) = (format!("{scheme}://"), format!(".{rest}"));
        Ok(Self { text: format!("{start}*{end}"), kind: Kind::Below { start, end } })
    }
}

impl fmt::Display for AllowedOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for AllowedOrigin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for AllowedOrigin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(pattern: &str, origin: &str) -> bool {
        pattern.parse::<AllowedOrigin>().expect("valid").permits(origin)
    }

    #[test]
    fn an_origin_is_matched_whole() {
        assert!(permits("https://Shop.example:443/", "https://shop.example"));
        for other in ["http://shop.example", "https://shop.example:8443", "https://evil-shop.example", "null", ""] {
            assert!(!permits("https://shop.example", other), "{other}");
        }
        assert!(permits("*", "null") && permits("*", "https://a.example"));
    }

    #[test]
    fn a_star_stands_for_hosts_below_and_not_for_the_host_itself() {
        assert!(permits("https://*.shop.example", "https://a.shop.example"));
        assert!(permits("https://*.shop.example", "https://a.b.shop.example"));
        for other in [
            "https://shop.example",
            "https://.shop.example",
            "http://a.shop.example",
            "https://a.shop.example:8443",
            "https://evil.example/.shop.example",
            "https://evil.example#.shop.example",
            "https://user@evil.example:1@.shop.example",
        ] {
            assert!(!permits("https://*.shop.example", other), "{other}");
        }
        assert!(permits("http://*.localhost:3000", "http://a.localhost:3000"));
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for wrong in [
            "",
            "shop.example",
            "https://shop.example/path",
            "https://*",
            "https://a.*.example",
            "ftp://a.b",
            "https://u@a.b",
            "https://a.b?c",
        ] {
            assert!(wrong.parse::<AllowedOrigin>().is_err(), "{wrong}");
        }
    }
}
