//! Typed ids. A tenant's id cannot be passed where a component's is wanted, and none exists that is not well-formed.
//!
//! Ids are slugs of `[a-z0-9-]{1,63}`, chosen by the caller or made here with a prefix that tells what they name. SLO
//! names may hold `_` as well, since the customer's defaults (`latency_p95`) do.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::entropy::Entropy;
use crate::time::{Hour, Tick, Timestamp};

fn check_slug(text: &str, extra: Option<char>) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || Some(c) == extra;
    if (1..=63).contains(&text.len()) && text.chars().all(allowed) {
        return Ok(());
    }
    let alphabet = extra.map_or_else(|| "a-z, 0-9 and -".to_owned(), |c| format!("a-z, 0-9, - and {c}"));
    Err(format!("expected 1 to 63 characters of {alphabet}, got {text:?}"))
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $extra:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                check_slug(text, $extra).map(|()| Self(text.to_owned()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    };
}

id!(
    /// Names a tenant; also the slug in its page's path.
    TenantId, None
);
id!(
    /// Names a component within its tenant.
    ComponentId, None
);
id!(
    /// Names an API key within its tenant.
    KeyId, None
);
id!(
    /// Names an incident, across tenants.
    IncidentId, None
);
id!(
    /// Names a maintenance within its tenant.
    MaintenanceId, None
);
id!(
    /// Names an alert within its tenant.
    AlertId, None
);
id!(
    /// Names a silence within its tenant.
    SilenceId, None
);
id!(
    /// Names a frontend app within its tenant.
    AppId, None
);
id!(
    /// Names an envelope that waits, across tenants; in order of when they came.
    SpoolId, None
);
id!(
    /// Names a subscriber within its tenant.
    SubscriberId, None
);
id!(
    /// Names a notice within its tenant.
    NoticeId, None
);
id!(
    /// Names an incident template within its tenant.
    TemplateId, None
);
id!(
    /// Names a link to a private page within its tenant.
    PageLinkId, None
);
id!(
    /// Names an entry of the audit log, across tenants.
    AuditId, None
);
id!(
    /// Names an SLO within its tenant: `slo_type` in the API.
    SloType, Some('_')
);

fn made(prefix: &str, bytes: &[u8]) -> String {
    let hex = bytes.iter().take(10).fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    format!("{prefix}-{hex}")
}

fn derived(prefix: &str, parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
    }
    made(prefix, hasher.finalize().as_bytes())
}

impl ComponentId {
    /// A fresh id.
    pub fn fresh(entropy: &dyn Entropy) -> Self {
        Self(made("cmp", &entropy.bytes()))
    }

    /// The id of what a request with this `Idempotency-Key` creates: asking again names the same component.
    pub fn idempotent(tenant: &TenantId, key: &str) -> Self {
        Self(derived("cmp", &[tenant.as_str(), "idempotency-key", key]))
    }
}

impl KeyId {
    /// A fresh id.
    pub fn fresh(entropy: &dyn Entropy) -> Self {
        Self(made("key", &entropy.bytes()))
    }
}

impl IncidentId {
    /// A fresh id, for an incident that a person opens.
    pub fn fresh(entropy: &dyn Entropy) -> Self {
        Self(made("inc", &entropy.bytes()))
    }

    /// The id of the automatic incident that `component` opens at `tick`: the same however often the tick runs.
    pub fn automatic(tenant: &TenantId, component: &ComponentId, tick: Tick) -> Self {
        Self(derived("inc", &[tenant.as_str(), component.as_str(), &tick.seconds().to_string()]))
    }

    /// The id of the automatic incident that a burning budget opens at `tick`.
    pub fn of_slo(tenant: &TenantId, slo: &SloType, tick: Tick) -> Self {
        Self(derived("inc", &[tenant.as_str(), Series::from(slo).as_str(), &tick.seconds().to_string()]))
    }

    /// The id of what a request with this `Idempotency-Key` creates: asking again names the same incident.
    pub fn idempotent(tenant: &TenantId, key: &str) -> Self {
        Self(derived("inc", &[tenant.as_str(), "idempotency-key", key]))
    }
}

impl MaintenanceId {
    /// A fresh id.
    pub fn fresh(entropy: &dyn Entropy) -> Self {
        Self(made("mnt", &entropy.bytes()))
    }

    /// The id of what a request with this `Idempotency-Key` creates: asking again names the same maintenance.
    pub fn idempotent(tenant: &TenantId, key: &str) -> Self {
        Self(derived("mnt", &[tenant.as_str(), "idempotency-key", key]))
    }
}

impl SubscriberId {
    /// The id of whoever is reached at `address` by a channel of this kind: subscribing twice names the same subscriber.
    pub fn of_address(tenant: &TenantId, kind: &str, address: &str) -> Self {
        Self(derived("sub", &[tenant.as_str(), kind, address]))
    }
}

impl NoticeId {
    /// The id of what `subscriber` is told of one event: telling it again names the same notice.
    pub fn of_event(subscriber: &SubscriberId, event: &str) -> Self {
        Self(derived("ntc", &[subscriber.as_str(), event]))
    }
}

impl PageLinkId {
    /// A fresh id.
    pub fn fresh(entropy: &dyn Entropy) -> Self {
        Self(made("lnk", &entropy.bytes()))
    }
}

impl AlertId {
    /// The id of an episode of a dedup key: the same for everybody who opens it at the same time.
    pub fn of_episode(tenant: &TenantId, dedup_key: &str, episode: u64) -> Self {
        Self(derived("alt", &[tenant.as_str(), dedup_key, &episode.to_string()]))
    }
}

impl SilenceId {
    /// A fresh id.
    pub fn fresh(entropy: &dyn Entropy) -> Self {
        Self(made("sil", &entropy.bytes()))
    }

    /// The id of what a request with this `Idempotency-Key` creates: asking again names the same silence.
    pub fn idempotent(tenant: &TenantId, key: &str) -> Self {
        Self(derived("sil", &[tenant.as_str(), "idempotency-key", key]))
    }
}

impl AppId {
    /// A fresh id.
    pub fn fresh(entropy: &dyn Entropy) -> Self {
        Self(made("app", &entropy.bytes()))
    }

    /// The id of what a request with this `Idempotency-Key` creates: asking again names the same app.
    pub fn idempotent(tenant: &TenantId, key: &str) -> Self {
        Self(derived("app", &[tenant.as_str(), "idempotency-key", key]))
    }
}

impl SpoolId {
    /// The id of the envelope that was the `number`th that `process` took, at `received_at`. Ids of one process are in
    /// the order of (instant, number).
    pub fn of(received_at: Timestamp, process: &str, number: u64) -> Self {
        let process: String = process.chars().filter(char::is_ascii_alphanumeric).take(16).collect();
        Self(format!("{:015}-{number:012}-{}", received_at.millis().max(0), process.to_ascii_lowercase()))
    }
}

impl AuditId {
    /// A fresh id.
    pub fn fresh(entropy: &dyn Entropy) -> Self {
        Self(made("aud", &entropy.bytes()))
    }
}

impl TenantId {
    /// The tenant that Plimsoll makes for itself at first start.
    pub fn plimsoll() -> Self {
        Self("plimsoll".to_owned())
    }
}

/// What comes before the name of an SLO in the name of its series; no component's id can hold it.
const SLO_SERIES: &str = "slo:";

/// Names what is kept by the hour within a tenant: the samples of a component, or the events of an SLO.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Series(String);

impl Series {
    /// As text: a component's id, or `slo:` and the SLO's name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The component whose samples these are, if it is one's.
    pub fn component(&self) -> Option<ComponentId> {
        self.0.parse().ok()
    }

    /// The SLO whose events these are, if they are one's.
    pub fn slo(&self) -> Option<SloType> {
        self.0.strip_prefix(SLO_SERIES)?.split(':').next()?.parse().ok()
    }
}

impl From<&ComponentId> for Series {
    fn from(component: &ComponentId) -> Self {
        Self(component.0.clone())
    }
}

impl From<&SloType> for Series {
    fn from(slo: &SloType) -> Self {
        Self(format!("{SLO_SERIES}{slo}"))
    }
}

impl Series {
    /// The events of an SLO that are kept in so many parts: those of another unit are another series.
    pub fn of_events(slo: &SloType, parts: u64) -> Self {
        if parts == 1 { slo.into() } else { Self(format!("{SLO_SERIES}{slo}:{parts}")) }
    }
}

impl FromStr for Series {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix(SLO_SERIES).map(|slo| slo.split_once(':').unwrap_or((slo, "1"))) {
            Some((slo, parts)) => {
                let parts = parts.parse().map_err(|_| format!("expected a number of parts, got {parts:?}"))?;
                slo.parse().map(|slo: SloType| Self::of_events(&slo, parts))
            }
            None => text.parse().map(|component: ComponentId| Self::from(&component)),
        }
    }
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Series {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Series {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Names one stored hour of one series: (tenant, series, hour).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HourKey {
    /// Whose.
    pub tenant: TenantId,
    /// Of what.
    pub series: Series,
    /// When.
    pub hour: Hour,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_slug() {
        assert!("api-2".parse::<ComponentId>().is_ok());
        for wrong in ["", "API", "a_b", "a.b", "å", &"a".repeat(64)] {
            assert!(wrong.parse::<ComponentId>().is_err(), "{wrong}");
        }
        assert!("latency_p95".parse::<SloType>().is_ok());
    }

    #[test]
    fn the_series_of_an_slo_is_never_that_of_a_component() {
        let (slo, component): (SloType, ComponentId) = ("api".parse().expect("valid"), "api".parse().expect("valid"));
        let (of_slo, of_component) = (Series::from(&slo), Series::from(&component));
        assert_ne!(of_slo, of_component);
        assert_eq!((of_slo.component(), of_component.component()), (None, Some(component)));
        for series in [of_slo, of_component, Series::of_events(&slo, 100)] {
            assert_eq!(series.as_str().parse(), Ok(series));
        }
        assert!("slo:A".parse::<Series>().is_err());
    }

    #[test]
    fn a_derived_id_depends_on_every_part_and_where_it_ends() {
        let id = |tenant: &str, component: &str| {
            let (tenant, component) = (tenant.parse().expect("slug"), component.parse().expect("slug"));
            IncidentId::automatic(&tenant, &component, Tick::from_seconds(60))
        };
        assert_eq!(id("a", "bc"), id("a", "bc"));
        assert_ne!(id("a", "bc"), id("ab", "c"));
    }
}
