//! A path of the tenant's own for its envelopes: lists of what to block learn the common ones.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// First segments that belong to Plimsoll itself, now or by what a public page is expected to have.
const TAKEN: [&str; 30] = [
    "alerts",
    "api",
    "assets",
    "auth",
    "badge.svg",
    "calendar.ics",
    "components",
    "debug",
    "docs",
    "events",
    "favicon.ico",
    "feed.atom",
    "feed.json",
    "feed.rss",
    "health",
    "history",
    "incidents",
    "internal",
    "login",
    "metrics",
    "observability",
    "openapi.json",
    "public",
    "ready",
    "robots.txt",
    "s",
    "startup",
    "subscribe",
    "tenants",
    "unsubscribe",
];
const LONGEST: usize = 64;

/// A path such as `/c7/beacon`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Alias(String);

impl Alias {
    /// The path, with its slash in front.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Alias {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
        let segments = text.strip_prefix('/').map(|rest| rest.split('/').collect::<Vec<_>>()).unwrap_or_default();
        let well_formed = segments.iter().all(|segment| !segment.is_empty() && segment.chars().all(named));
        if segments.is_empty() || !well_formed || segments.len() > 3 || text.len() > LONGEST {
            return Err(format!(
                "expected a path of one to three segments of a-z, 0-9, - and _, such as /c7/beacon, with at most {LONGEST} \
                 characters, got {text:?}"
            ));
        }
        if TAKEN.contains(&segments[0]) {
            return Err(format!("expected a path that is not Plimsoll's own, got {text:?}"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Alias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Alias {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Alias {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_plain_and_not_one_of_ours() {
        for good in ["/c7", "/js/c7", "/a/b/c", "/statuses", "/a-b_c"] {
            assert!(good.parse::<Alias>().is_ok(), "{good}");
        }
        for wrong in [
            "",
            "/",
            "c7",
            "/c7/",
            "//c7",
            "/../x",
            "/a b",
            "/A",
            "/a/b/c/d",
            "/tenants/x",
            "/s/shop",
            "/public",
            "/x?y",
        ] {
            assert!(wrong.parse::<Alias>().is_err(), "{wrong}");
        }
    }
}
