//! Receivers: where alerts go. Each kind has what its provider needs, and nothing else.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use url::Url;

use crate::ids::TenantId;
use crate::invalid::{Faults, Invalid};
use crate::sealing;
use crate::secret::Secret;
use crate::time::Timestamp;

const MAX_URL: usize = 2_048;
const MAX_ADDRESSES: usize = 50;
/// A PagerDuty routing key has so many characters.
const ROUTING_KEY: usize = 32;

/// Names a receiver within its tenant: 1 to 63 letters, digits, `-`, `_` and `.`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReceiverName(String);

impl ReceiverName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ReceiverName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fits = text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        if fits && (1..=63).contains(&text.len()) {
            return Ok(Self(text.to_owned()));
        }
        Err(format!("expected 1 to 63 letters, digits, -, _ and ., got {text:?}"))
    }
}

impl fmt::Display for ReceiverName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for ReceiverName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ReceiverName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Where alerts go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receiver {
    /// What routes call it.
    pub name: ReceiverName,
    /// Where it is.
    #[serde(flatten)]
    pub target: Target,
}

/// Which half of the world an Opsgenie account lives in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Region {
    /// `api.opsgenie.com`
    #[default]
    Us,
    /// `api.eu.opsgenie.com`
    Eu,
}

/// A receiver's kind, and what its provider needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Target {
    /// PagerDuty Events API v2.
    Pagerduty {
        /// Of the service's integration, 32 characters.
        routing_key: Secret,
        /// Another address than `https://events.pagerduty.com/v2/enqueue`.
        endpoint: Option<String>,
    },
    /// Opsgenie Alert API v2.
    Opsgenie {
        /// Of the API integration.
        api_key: Secret,
        /// Where the account lives.
        region: Region,
        /// Another address than the region's.
        endpoint: Option<String>,
    },
    /// Alerts of Jira Service Management, which speaks as Opsgenie does.
    Jsm {
        /// Of the API integration.
        api_key: Secret,
        /// Another address than `https://api.atlassian.com/jsm/ops/integration`.
        endpoint: Option<String>,
    },
    /// A Slack incoming webhook.
    Slack {
        /// Whoever knows it may post.
        url: Secret,
    },
    /// A Microsoft Teams workflow webhook.
    Teams {
        /// Whoever knows it may post.
        url: Secret,
    },
    /// Mail, through the SMTP server of this installation.
    Email {
        /// Addresses, 1 to 50.
        to: Vec<String>,
    },
    /// Anybody's server, in the form of Standard Webhooks.
    Webhook {
        /// Where to; it may hold a token.
        url: Secret,
        /// What is signed with; unsigned without.
        secret: Option<Secret>,
        /// What was signed with before: both sign while a secret is being replaced.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        previous_secret: Option<Secret>,
    },
}

impl Target {
    /// The kind as it is written in the API and in metrics.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Pagerduty { .. } => "pagerduty",
            Self::Opsgenie { .. } => "opsgenie",
            Self::Jsm { .. } => "jsm",
            Self::Slack { .. } => "slack",
            Self::Teams { .. } => "teams",
            Self::Email { .. } => "email",
            Self::Webhook { .. } => "webhook",
        }
    }

    /// Whether anybody is told there that somebody works on it. A mail more would help nobody.
    pub const fn takes_acknowledgements(&self) -> bool {
        !matches!(self, Self::Email { .. })
    }

    /// Whether both lead to the same place, so that what one of them opened the other can close.
    pub fn same_place(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Webhook { url, .. }, Self::Webhook { url: other, .. }) => url == other,
            _ => self == other,
        }
    }

    /// Every secret in it, to be sealed or masked where it lies.
    pub fn secrets_mut(&mut self) -> Vec<&mut Secret> {
        match self {
            Self::Pagerduty { routing_key: secret, .. }
            | Self::Opsgenie { api_key: secret, .. }
            | Self::Jsm { api_key: secret, .. }
            | Self::Slack { url: secret }
            | Self::Teams { url: secret } => vec![secret],
            Self::Email { .. } => Vec::new(),
            Self::Webhook { url, secret, previous_secret } => {
                std::iter::once(url).chain(secret).chain(previous_secret).collect()
            }
        }
    }

    /// Whether any of its secrets is still as it lies in the store, since nobody could open it.
    pub fn is_sealed(&self) -> bool {
        self.clone().secrets_mut().iter().any(|secret| secret.expose().starts_with(sealing::BEGINNING))
    }

    pub(super) fn validate(&self) -> Result<(), Invalid> {
        let mut faults = Faults::default();
        match self {
            Self::Pagerduty { routing_key, endpoint } => {
                let key = routing_key.expose();
                let fits = key.len() == ROUTING_KEY && key.bytes().all(|byte| byte.is_ascii_alphanumeric());
                faults.require(fits, "/routing_key", || format!("expected {ROUTING_KEY} letters and digits"));
                check_endpoint(&mut faults, endpoint.as_deref());
            }
            Self::Opsgenie { api_key, endpoint, .. } | Self::Jsm { api_key, endpoint } => {
                let key = api_key.expose();
                let fits = (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
                faults.require(fits, "/api_key", || "expected 1 to 255 visible characters".to_owned());
                check_endpoint(&mut faults, endpoint.as_deref());
            }
            Self::Slack { url } | Self::Teams { url } => check_url(&mut faults, url.expose(), "/url"),
            Self::Email { to } => check_addresses(&mut faults, to),
            Self::Webhook { url, secret, previous_secret } => {
                check_url(&mut faults, url.expose(), "/url");
                for (secret, pointer) in [(secret, "/secret"), (previous_secret, "/previous_secret")] {
                    if let Some(secret) = secret {
                        faults.keep(webhook_key(secret.expose()).map(drop), pointer);
                    }
                }
                let in_order = previous_secret.is_none() || secret.is_some();
                faults.require(in_order, "/previous_secret", || "expected none without a secret".to_owned());
            }
        }
        faults.finish()
    }
}

/// The bytes that a webhook's secret stands for: `whsec_` and 24 to 64 bytes in base64.
pub fn webhook_key(secret: &str) -> Result<Vec<u8>, String> {
    use base64::Engine;
    let wrong = || "expected whsec_ and 24 to 64 bytes in base64".to_owned();
    let text = secret.strip_prefix("whsec_").ok_or_else(wrong)?;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).map_err(|_| wrong())?;
    if (24..=64).contains(&bytes.len()) { Ok(bytes) } else { Err(wrong()) }
}

fn check_endpoint(faults: &mut Faults, endpoint: Option<&str>) {
    if let Some(endpoint) = endpoint {
        check_url(faults, endpoint, "/endpoint");
    }
}

fn check_url(faults: &mut Faults, text: &str, pointer: &str) {
    let fits = Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none()
    });
    faults.require(fits && text.len() <= MAX_URL, pointer, || {
        format!("expected an http:// or https:// URL of at most {MAX_URL} characters, without user or password")
    });
}

fn check_addresses(faults: &mut Faults, to: &[String]) {
    faults.require((1..=MAX_ADDRESSES).contains(&to.len()), "/to", || {
        format!("expected 1 to {MAX_ADDRESSES} addresses, got {}", to.len())
    });
    for (index, address) in to.iter().enumerate() {
        let fits = address.len() <= 254 && email_address::EmailAddress::is_valid(address);
        faults.require(fits, &format!("/to/{index}"), || format!("expected an address, got {address:?}"));
    }
}

/// How a receiver does, as far as is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiverState {
    /// Whose.
    pub tenant: TenantId,
    /// Which receiver.
    pub receiver: ReceiverName,
    /// When it last took something.
    pub delivered_at: Option<Timestamp>,
    /// When it last took something not.
    pub failed_at: Option<Timestamp>,
    /// What was said then.
    pub failure: Option<String>,
    /// Failures since it last took something.
    pub failures_in_a_row: u32,
    /// Why nothing is sent to it any more, if so.
    pub switched_off: Option<SwitchedOff>,
}

/// Why nothing is sent to a receiver any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwitchedOff {
    /// Since when.
    pub at: Timestamp,
    /// What was said.
    pub reason: String,
    /// A fingerprint of where it led: one that leads elsewhere by now is not off.
    pub place: String,
}

impl ReceiverState {
    /// Nothing is known yet.
    pub const fn unknown(tenant: TenantId, receiver: ReceiverName) -> Self {
        let (delivered_at, failed_at, failure) = (None, None, None);
        Self { tenant, receiver, delivered_at, failed_at, failure, failures_in_a_row: 0, switched_off: None }
    }

    /// Why nothing may be sent to `target`, if so.
    pub fn off(&self, target: &Target) -> Option<&SwitchedOff> {
        self.switched_off.as_ref().filter(|off| off.place == target.place())
    }
}

impl Target {
    /// A fingerprint of where it leads, which tells nothing of its secrets.
    pub fn place(&self) -> String {
        let text = match self {
            Self::Webhook { url, .. } | Self::Slack { url } | Self::Teams { url } => url.expose().to_owned(),
            Self::Pagerduty { routing_key: key, endpoint }
            | Self::Opsgenie { api_key: key, endpoint, .. }
            | Self::Jsm { api_key: key, endpoint } => {
                format!("{} {}", key.expose(), endpoint.as_deref().unwrap_or_default())
            }
            Self::Email { to } => to.join(" "),
        };
        let hash =
            blake3::derive_key("plimsoll 2026-11 place of a receiver", format!("{} {text}", self.kind()).as_bytes());
        hash[..8].iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn read(text: &str) -> Receiver {
        serde_json::from_str(text).expect("reads")
    }

    #[rstest]
    #[case(r#"{"name":"pd","kind":"pagerduty","routing_key":"short","endpoint":"ftp://x"}"#, &["/routing_key", "/endpoint"])]
    #[case(r#"{"name":"og","kind":"opsgenie","api_key":"","region":"eu","endpoint":null}"#, &["/api_key"])]
    #[case(r#"{"name":"s","kind":"slack","url":"https://u:p@hooks.slack.com/x"}"#, &["/url"])]
    #[case(r#"{"name":"m","kind":"email","to":["a@b.example","nobody"]}"#, &["/to/1"])]
    #[case(r#"{"name":"m","kind":"email","to":[]}"#, &["/to"])]
    #[case(r#"{"name":"w","kind":"webhook","url":"x","secret":"whsec_AAAA"}"#, &["/url", "/secret"])]
    fn what_cannot_work_is_named(#[case] text: &str, #[case] pointers: &[&str]) {
        let faults = read(text).target.validate().expect_err("refused").0;
        assert_eq!(faults.iter().map(|fault| fault.pointer.as_str()).collect::<Vec<_>>(), pointers);
    }

    #[test]
    fn a_webhook_whose_secret_was_replaced_is_the_same_place_and_one_of_another_key_is_not() {
        let target = |text: &str| read(text).target;
        let hook =
            |secret: &str| target(&format!(r#"{{"name":"w","kind":"webhook","url":"http://x/","secret":{secret}}}"#));
        assert!(hook("null").same_place(&hook("\"whsec_a\"")));
        assert_eq!(hook("null").place(), hook("\"whsec_a\"").place());
        let pager =
            |key: &str| target(&format!(r#"{{"name":"p","kind":"pagerduty","routing_key":"{key}","endpoint":null}}"#));
        assert!(!pager("a").same_place(&pager("b")) && pager("a").place() != pager("b").place());
    }

    #[test]
    fn no_secret_is_printed() {
        let text =
            r#"{"name":"w","kind":"webhook","url":"http://x/t0ken","secret":"whsec_a","previous_secret":"whsec_b"}"#;
        let mut hook = read(text);
        let printed = format!("{hook:?}");
        assert!(!printed.contains("t0ken") && !printed.contains("whsec"), "{printed}");
        assert_eq!(hook.target.secrets_mut().len(), 3);
    }
}
