//! Receivers as a tenant writes and reads them: one flat object, whose kind says which fields it has.
//!
//! A tagged enum was rejected: a reader of one refuses a field of another kind without saying where it stands.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use plimsoll_domain::alert::{Receiver, Region, Target};
use plimsoll_domain::invalid::Faults;
use plimsoll_domain::secret::Secret;

use crate::secrets::{mask, mask_url};

const KINDS: &str = "pagerduty, opsgenie, jsm, slack, teams, email or webhook";

/// Where alerts go. What is secret is read back masked, and sending the mask keeps it, as long as name, kind and the host
/// that it is sent to stay.
#[derive(Clone, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReceiverBody {
    /// What routes call it: 1 to 63 letters, digits, `-`, `_` and `.`.
    name: String,
    /// `pagerduty`, `opsgenie`, `jsm`, `slack`, `teams`, `email` or `webhook`.
    kind: String,
    /// For `pagerduty`: of the service's integration, 32 characters. Secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    routing_key: Option<String>,
    /// For `opsgenie` and `jsm`: of the API integration. Secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<String>,
    /// For `opsgenie`: `us`, which is the default, or `eu`.
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    /// For `pagerduty`, `opsgenie` and `jsm`: another address than the provider's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<String>,
    /// For `slack`, `teams` and `webhook`: where to. Secret; of a webhook's, scheme, host and port are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// For `email`: 1 to 50 addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Vec<String>>,
    /// For `webhook`: what is signed with, `whsec_` and 24 to 64 bytes in base64; unsigned without. To replace it, send the
    /// new one, and the mask of the old one as `previous_secret`; once the other side knows the new one, send no
    /// `previous_secret`. Secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    /// For `webhook`: both secrets sign while one is being replaced. Secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_secret: Option<String>,
}

impl ReceiverBody {
    /// The receiver, with a stand-in for whatever is noted in `faults`, so that the rest is looked over too.
    pub(super) fn read(mut self, index: usize, faults: &mut Faults) -> Receiver {
        let mut own = Faults::default();
        let name = own.keep(self.name.parse(), "/name");
        let target = self.take_target(&mut own);
        if target.is_some() {
            self.refuse_the_rest(&mut own);
        }
        faults.absorb(own.finish(), &format!("/receivers/{index}"));
        Receiver {
            name: name.unwrap_or_else(|| format!("refused-{index}").parse().expect("a valid name")),
            target: target.unwrap_or_else(|| Target::Email { to: vec!["refused@example.com".to_owned()] }),
        }
    }

    fn take_target(&mut self, faults: &mut Faults) -> Option<Target> {
        let secret = |faults: &mut Faults, field: &mut Option<String>, pointer: &str| {
            Secret::new(needed(faults, field.take(), pointer))
        };
        Some(match self.kind.as_str() {
            "pagerduty" => {
                let routing_key = secret(faults, &mut self.routing_key, "/routing_key");
                Target::Pagerduty { routing_key, endpoint: self.endpoint.take() }
            }
            "opsgenie" => {
                let api_key = secret(faults, &mut self.api_key, "/api_key");
                let region = faults.keep(region_of(self.region.take().as_deref()), "/region").unwrap_or_default();
                Target::Opsgenie { api_key, region, endpoint: self.endpoint.take() }
            }
            "jsm" => {
                let api_key = secret(faults, &mut self.api_key, "/api_key");
                Target::Jsm { api_key, endpoint: self.endpoint.take() }
            }
            "slack" => Target::Slack { url: secret(faults, &mut self.url, "/url") },
            "teams" => Target::Teams { url: secret(faults, &mut self.url, "/url") },
            "email" => Target::Email { to: needed(faults, self.to.take(), "/to") },
            "webhook" => Target::Webhook {
                url: secret(faults, &mut self.url, "/url"),
                secret: self.secret.take().map(Secret::new),
                previous_secret: self.previous_secret.take().map(Secret::new),
            },
            kind => return faults.keep(Err(format!("expected {KINDS}, got {kind:?}")), "/kind"),
        })
    }

    fn refuse_the_rest(&self, faults: &mut Faults) {
        let fields = [
            ("/routing_key", self.routing_key.is_some()),
            ("/api_key", self.api_key.is_some()),
            ("/region", self.region.is_some()),
            ("/endpoint", self.endpoint.is_some()),
            ("/url", self.url.is_some()),
            ("/to", self.to.is_some()),
            ("/secret", self.secret.is_some()),
            ("/previous_secret", self.previous_secret.is_some()),
        ];
        for (pointer, is_given) in fields {
            faults.require(!is_given, pointer, || format!("expected none: a receiver of kind {} has none", self.kind));
        }
    }
}

fn needed<T: Default>(faults: &mut Faults, field: Option<T>, pointer: &str) -> T {
    faults.require(field.is_some(), pointer, || "expected a value: this kind of receiver needs it".to_owned());
    field.unwrap_or_default()
}

fn region_of(text: Option<&str>) -> Result<Region, String> {
    match text {
        None | Some("us") => Ok(Region::Us),
        Some("eu") => Ok(Region::Eu),
        Some(other) => Err(format!("expected us or eu, got {other:?}")),
    }
}

/// A receiver as it is shown: without anything secret.
impl From<&Receiver> for ReceiverBody {
    fn from(receiver: &Receiver) -> Self {
        let masked = |secret: &Secret| Some(mask(secret.expose()));
        let frame =
            Self { name: receiver.name.to_string(), kind: receiver.target.kind().to_owned(), ..Self::default() };
        match &receiver.target {
            Target::Pagerduty { routing_key, endpoint } => {
                Self { routing_key: masked(routing_key), endpoint: endpoint.clone(), ..frame }
            }
            Target::Opsgenie { api_key, region, endpoint } => {
                let region = if *region == Region::Eu { "eu" } else { "us" };
                let region = Some(region.to_owned());
                Self { api_key: masked(api_key), region, endpoint: endpoint.clone(), ..frame }
            }
            Target::Jsm { api_key, endpoint } => Self { api_key: masked(api_key), endpoint: endpoint.clone(), ..frame },
            Target::Slack { url } | Target::Teams { url } => Self { url: masked(url), ..frame },
            Target::Email { to } => Self { to: Some(to.clone()), ..frame },
            Target::Webhook { url, secret, previous_secret } => Self {
                url: Some(mask_url(url.expose())),
                secret: secret.as_ref().and_then(masked),
                previous_secret: previous_secret.as_ref().and_then(masked),
                ..frame
            },
        }
    }
}
