//! How a tenant's Prometheus is configured, and how what it wants to be shown is kept from being read back.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use plimsoll_domain::invalid::{Faults, Invalid};
use plimsoll_domain::slo::sli::{DEFAULT_QUERY_TIMEOUT_SECONDS, PrometheusAuth, PrometheusQuery, PrometheusSource};
use plimsoll_domain::slo::{SliKind, Slo};

use crate::secrets::{is_mask, mask, same_origin};

/// Where and what to ask each tick: `good` and `valid`, or `ratio`. `$interval` in a query stands for the length of a
/// tick, e.g. `sum(increase(http_requests_total[$interval]))`.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PrometheusBody {
    /// Of the server, without `/api/v1/query`.
    url: String,
    /// How many events of the last tick were as promised.
    #[serde(skip_serializing_if = "Option::is_none")]
    good: Option<String>,
    /// How many events of the last tick count at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    valid: Option<String>,
    /// good ÷ valid of the last tick, 0 to 1; each tick weighs the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    ratio: Option<String>,
    /// HTTP Basic; the password is read back masked, and sending the mask keeps it.
    #[serde(skip_serializing_if = "Option::is_none")]
    basic: Option<BasicBody>,
    /// HTTP Bearer; the token is read back masked, and sending the mask keeps it.
    #[serde(skip_serializing_if = "Option::is_none")]
    bearer: Option<String>,
    /// Time for the whole exchange, 1 to 30 s; 10 unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout_seconds: Option<u32>,
}

#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BasicBody {
    username: String,
    password: String,
}

impl PrometheusBody {
    /// Faults start at this body.
    pub(super) fn read(self) -> Result<PrometheusSource, Invalid> {
        let mut faults = Faults::default();
        let query = match (self.good, self.valid, self.ratio) {
            (Some(good), Some(valid), None) => Some(PrometheusQuery::Counts { good, valid }),
            (None, None, Some(ratio)) => Some(PrometheusQuery::Ratio(ratio)),
            (_, _, Some(_)) => faults.keep(Err("expected good and valid, or ratio, not both".to_owned()), "/ratio"),
            (None, _, None) => faults.keep(Err("expected good and valid, or ratio".to_owned()), "/good"),
            (Some(_), None, None) => faults.keep(Err("expected valid beside good".to_owned()), "/valid"),
        };
        let auth = match (self.basic, self.bearer) {
            (Some(_), Some(_)) => faults.keep(Err("expected basic or bearer, not both".to_owned()), "/bearer"),
            (Some(BasicBody { username, password }), None) => Some(PrometheusAuth::Basic { username, password }),
            (None, bearer) => bearer.map(PrometheusAuth::Bearer),
        };
        faults.finish()?;
        Ok(PrometheusSource {
            url: self.url,
            query: query.expect("it is there when no fault was noted"),
            auth,
            timeout_seconds: self.timeout_seconds.unwrap_or(DEFAULT_QUERY_TIMEOUT_SECONDS),
        })
    }
}

impl From<PrometheusSource> for PrometheusBody {
    fn from(source: PrometheusSource) -> Self {
        let (good, valid, ratio) = match source.query {
            PrometheusQuery::Counts { good, valid } => (Some(good), Some(valid), None),
            PrometheusQuery::Ratio(ratio) => (None, None, Some(ratio)),
        };
        let (basic, bearer) = match source.auth {
            Some(PrometheusAuth::Basic { username, password }) => {
                (Some(BasicBody { username, password: mask(&password) }), None)
            }
            Some(PrometheusAuth::Bearer(token)) => (None, Some(mask(&token))),
            None => (None, None),
        };
        let timeout_seconds = Some(source.timeout_seconds);
        Self { url: source.url, good, valid, ratio, basic, bearer, timeout_seconds }
    }
}

/// Puts stored secrets where SLOs of the same name carry their masks. One whose URL leads elsewhere gets none: whoever
/// may not read a secret could have it sent to a place of their own. A mask of nothing that is stored is refused.
pub(super) fn keep_secrets(slos: &mut [Slo], stored: &[Slo]) -> Result<(), Invalid> {
    let mut faults = Faults::default();
    for (index, slo) in slos.iter_mut().enumerate() {
        let before = stored.iter().find(|before| before.slo_type == slo.slo_type).map(|before| &before.kind);
        let SliKind::Prometheus(source) = &mut slo.kind else { continue };
        let field = if matches!(source.auth, Some(PrometheusAuth::Bearer(_))) { "bearer" } else { "basic/password" };
        let held = before.and_then(|before| held_for(source, before));
        let Some(secret) = source.secret_mut().filter(|secret| is_mask(secret)) else { continue };
        let held = held.filter(|held| mask(held) == *secret);
        faults.require(held.is_some(), &format!("/objectives/{index}/prometheus/{field}"), || {
            "expected the value itself: this is a mask, and nothing is kept for this name and URL that it stands for"
                .to_owned()
        });
        if let Some(held) = held {
            *secret = held;
        }
    }
    faults.finish()
}

/// The secret that is stored for the same server, to be shown in the same way.
fn held_for(source: &PrometheusSource, before: &SliKind) -> Option<String> {
    let SliKind::Prometheus(before) = before else { return None };
    let same_way = matches!(
        (&source.auth, &before.auth),
        (Some(PrometheusAuth::Bearer(_)), Some(PrometheusAuth::Bearer(_)))
            | (Some(PrometheusAuth::Basic { .. }), Some(PrometheusAuth::Basic { .. }))
    );
    (same_way && same_origin(&source.url, &before.url)).then(|| before.clone().secret_mut().cloned()).flatten()
}

/// The same SLOs with their secrets masked.
pub(super) fn masked(mut slos: Vec<Slo>) -> Vec<Slo> {
    for slo in &mut slos {
        if let SliKind::Prometheus(source) = &mut slo.kind
            && let Some(secret) = source.secret_mut()
        {
            *secret = mask(secret);
        }
    }
    slos
}
