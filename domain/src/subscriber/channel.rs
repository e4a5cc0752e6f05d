//! How a subscriber is reached.

use serde::{Deserialize, Serialize};

use crate::alert::receiver::webhook_key;
use crate::entropy::Entropy;
use crate::invalid::{Faults, Invalid};
use crate::secret::Secret;

/// How somebody is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Channel {
    /// By mail.
    Email {
        /// The address.
        address: Secret,
    },
    /// By a webhook, in the form of Standard Webhooks.
    Webhook {
        /// Where to; it may hold a token.
        url: Secret,
        /// What is signed with; shown once, when the subscription is confirmed.
        secret: Secret,
    },
    /// By a Slack incoming webhook.
    Slack {
        /// Whoever knows it may post.
        url: Secret,
    },
}

/// The kinds of channels there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChannelKind {
    /// By mail.
    Email,
    /// By a webhook.
    Webhook,
    /// By Slack.
    Slack,
}

impl ChannelKind {
    /// The kind as it is written in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Webhook => "webhook",
            Self::Slack => "slack",
        }
    }
}

impl Channel {
    /// A channel of this kind that leads to `address`; a webhook gets a secret of its own.
    pub fn new(kind: ChannelKind, address: &str, entropy: &dyn Entropy) -> Self {
        let address = Secret::new(address.trim());
        match kind {
            ChannelKind::Email => Self::Email { address },
            ChannelKind::Webhook => Self::Webhook { url: address, secret: fresh_webhook_secret(entropy) },
            ChannelKind::Slack => Self::Slack { url: address },
        }
    }

    /// Which kind it is.
    pub const fn kind(&self) -> ChannelKind {
        match self {
            Self::Email { .. } => ChannelKind::Email,
            Self::Webhook { .. } => ChannelKind::Webhook,
            Self::Slack { .. } => ChannelKind::Slack,
        }
    }

    /// Where it leads: an address of mail or of the web.
    pub const fn address(&self) -> &Secret {
        match self {
            Self::Email { address } => address,
            Self::Webhook { url, .. } | Self::Slack { url } => url,
        }
    }

    /// Every secret in it, to be sealed or masked where it lies. Addresses are nobody's business either.
    pub fn secrets_mut(&mut self) -> Vec<&mut Secret> {
        match self {
            Self::Email { address } => vec![address],
            Self::Webhook { url, secret } => vec![url, secret],
            Self::Slack { url } => vec![url],
        }
    }

    /// What tells it from others, however it is written. That two mailboxes differ by nothing but the case of a letter is
    /// allowed, and found nowhere.
    pub fn key(&self) -> String {
        let address = self.address().expose();
        match self {
            Self::Email { .. } => address.to_lowercase(),
            _ => url::Url::parse(address).map_or_else(|_| address.to_owned(), String::from),
        }
    }

    /// What may be shown of its address: `o•••@example.org`, `https://example.org/••••`.
    pub fn masked(&self) -> String {
        let address = self.address().expose();
        match self {
            Self::Email { .. } => match address.rsplit_once('@') {
                Some((local, host)) => format!("{}•••@{host}", local.chars().next().unwrap_or('•')),
                None => "•••".to_owned(),
            },
            _ => match url::Url::parse(address) {
                Ok(url) => format!("{}/••••", url.origin().ascii_serialization()),
                Err(_) => "••••".to_owned(),
            },
        }
    }

    /// Refuses addresses that are none.
    pub fn validate(&self) -> Result<(), Invalid> {
        let mut faults = Faults::default();
        let address = self.address().expose();
        match self {
            Self::Email { .. } => {
                // One that somebody may write in many ways would get round the pause between two confirmations.
                let plain = email_address::Options::default().without_display_text().without_domain_literal();
                let plain = plain.with_required_tld();
                let is_one = email_address::EmailAddress::parse_with_options(address, plain).is_ok();
                let fits = address.len() <= 254 && is_one && !address.contains(['"', '\\']);
                faults.require(fits, "/address", || "expected an address such as ops@example.org".to_owned());
            }
            Self::Webhook { secret, .. } => {
                check_url(&mut faults, address);
                faults.keep(webhook_key(secret.expose()).map(drop), "/secret");
            }
            Self::Slack { .. } => check_url(&mut faults, address),
        }
        faults.finish()
    }
}

fn fresh_webhook_secret(entropy: &dyn Entropy) -> Secret {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(entropy.bytes());
    Secret::new(format!("whsec_{text}"))
}

fn check_url(faults: &mut Faults, text: &str) {
    let fits = url::Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none()
    });
    faults.require(fits && text.len() <= 2_048, "/address", || {
        "expected an http:// or https:// URL of at most 2048 characters, without user or password".to_owned()
    });
}
