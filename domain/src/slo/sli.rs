//! What an SLO measures: which events there are, and which of them are good.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::ids::Series;
use crate::invalid::{Faults, Invalid, check_text};
use crate::rollup::{Counts, Rollup, Tally};
use crate::sample::{Sample, SampleStatus};
use crate::sketch::Bucket;

/// Longest threshold of a latency: an hour.
const LONGEST_THRESHOLD_MS: f64 = 3_600_000.0;
const MAX_QUERY: usize = 4_000;
const MAX_CREDENTIAL: usize = 2_000;
/// The default time that a tenant's Prometheus has to answer.
pub const DEFAULT_QUERY_TIMEOUT_SECONDS: u32 = 10;
const LONGEST_QUERY_TIMEOUT_SECONDS: u32 = 30;

/// What is measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SliKind {
    /// The share of samples that were operational or degraded.
    Availability,
    /// The share of good answers, and of pushed latencies, at or under a threshold.
    Latency {
        /// In milliseconds.
        threshold_ms: f64,
    },
    /// The share of good events among the valid ones, as they are pushed.
    Events,
    /// The share of good events among the valid ones, as the tenant's Prometheus counts them.
    Prometheus(PrometheusSource),
    /// The share of sessions of a frontend app that did not crash.
    CrashFreeSessions,
}

impl SliKind {
    /// Parts of an event that a Prometheus counts: it extrapolates, so its counts have fractions.
    pub const COUNT_PARTS: u64 = 100;
    /// Parts of a tick that a Prometheus gives the ratio of.
    pub const RATIO_PARTS: u64 = 1_000_000;

    /// The kind as it is written in the API.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Availability => "availability",
            Self::Latency { .. } => "latency",
            Self::Events => "events",
            Self::Prometheus(_) => "prometheus",
            Self::CrashFreeSessions => "crash_free_sessions",
        }
    }

    /// How samples of components are judged; `None` for a kind that does not look at them.
    pub fn judge(&self) -> Option<Judge> {
        match self {
            Self::Availability => Some(Judge::Verdict),
            Self::Latency { threshold_ms } => Some(Judge::Latency(Bucket::of(*threshold_ms))),
            Self::Events | Self::Prometheus(_) | Self::CrashFreeSessions => None,
        }
    }

    /// How many parts one event is kept in. Of a ratio there are no counts, and each tick weighs the same.
    pub const fn parts(&self) -> u64 {
        match self {
            Self::Prometheus(PrometheusSource { query: PrometheusQuery::Counts { .. }, .. }) => Self::COUNT_PARTS,
            Self::Prometheus(PrometheusSource { query: PrometheusQuery::Ratio(_), .. }) => Self::RATIO_PARTS,
            _ => 1,
        }
    }

    /// Whether events of its own are kept for an SLO of this kind.
    pub const fn has_events(&self) -> bool {
        !matches!(self, Self::Availability)
    }

    pub(super) fn validate(&self) -> Result<(), Invalid> {
        match self {
            Self::Latency { threshold_ms } => {
                let mut faults = Faults::default();
                let sensible = *threshold_ms > 0.0 && *threshold_ms <= LONGEST_THRESHOLD_MS;
                faults.require(sensible, "/threshold_ms", || {
                    format!("expected milliseconds above 0 and at most {LONGEST_THRESHOLD_MS}, got {threshold_ms}")
                });
                faults.finish()
            }
            Self::Prometheus(source) => source.validate().map_err(|invalid| invalid.under("/prometheus")),
            Self::Availability | Self::Events | Self::CrashFreeSessions => Ok(()),
        }
    }
}

/// Where and what to ask of a tenant's Prometheus. `$interval` in a query stands for the length of a tick, e.g. `60s`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PrometheusSource {
    /// Of the server, without `/api/v1/query`: `http://` or `https://`, without user or password.
    pub url: String,
    /// What to ask.
    pub query: PrometheusQuery,
    /// What to show for it.
    #[serde(default)]
    pub auth: Option<PrometheusAuth>,
    /// Time for the whole exchange, 1 to 30 s.
    pub timeout_seconds: u32,
}

/// What to ask of a Prometheus each tick.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrometheusQuery {
    /// Two queries that count the events of one tick.
    Counts {
        /// Events that were as promised.
        good: String,
        /// Events that count at all.
        valid: String,
    },
    /// One query for good ÷ valid, 0 to 1; each tick weighs the same.
    Ratio(String),
}

/// What a tenant's Prometheus wants to see. It is never shown where things are printed for debugging.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrometheusAuth {
    /// HTTP Basic.
    Basic {
        /// Whose.
        username: String,
        /// Secret.
        password: String,
    },
    /// HTTP Bearer.
    Bearer(String),
}

impl fmt::Debug for PrometheusAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Basic { username, .. } => f.debug_struct("Basic").field("username", username).finish_non_exhaustive(),
            Self::Bearer(_) => f.debug_struct("Bearer").finish_non_exhaustive(),
        }
    }
}

impl PrometheusSource {
    /// The secret that is shown to the server, to be masked or kept.
    pub const fn secret_mut(&mut self) -> Option<&mut String> {
        match &mut self.auth {
            Some(PrometheusAuth::Basic { password, .. }) => Some(password),
            Some(PrometheusAuth::Bearer(token)) => Some(token),
            None => None,
        }
    }

    fn validate(&self) -> Result<(), Invalid> {
        let mut faults = Faults::default();
        let url = Url::parse(&self.url).ok();
        let fits = url.as_ref().is_some_and(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.username().is_empty()
                && url.password().is_none()
                && url.query().is_none()
                && url.fragment().is_none()
        });
        faults.require(fits, "/url", || {
            "expected the http:// or https:// URL of a Prometheus, without user, password or query".to_owned()
        });
        match &self.query {
            PrometheusQuery::Counts { good, valid } => {
                check_text(&mut faults, good, MAX_QUERY, "/good");
                check_text(&mut faults, valid, MAX_QUERY, "/valid");
            }
            PrometheusQuery::Ratio(ratio) => check_text(&mut faults, ratio, MAX_QUERY, "/ratio"),
        }
        match &self.auth {
            Some(PrometheusAuth::Basic { username, password }) => {
                check_text(&mut faults, username, MAX_CREDENTIAL, "/basic/username");
                check_text(&mut faults, password, MAX_CREDENTIAL, "/basic/password");
                faults.require(!username.contains(':'), "/basic/username", || "expected no colon".to_owned());
            }
            Some(PrometheusAuth::Bearer(token)) => check_text(&mut faults, token, MAX_CREDENTIAL, "/bearer"),
            None => {}
        }
        faults.require((1..=LONGEST_QUERY_TIMEOUT_SECONDS).contains(&self.timeout_seconds), "/timeout_seconds", || {
            format!("expected 1 to {LONGEST_QUERY_TIMEOUT_SECONDS}, got {}", self.timeout_seconds)
        });
        faults.finish()
    }
}

/// How a component's sample counts: the rule by which it is good, bad, or neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Judge {
    /// By its verdict.
    Verdict,
    /// A good answer by how long it took: in the bucket of the threshold or in one below. Everything else is unknown.
    Latency(Bucket),
}

impl Judge {
    /// What `sample` counts as.
    pub fn class(self, sample: &Sample) -> SampleStatus {
        let Self::Latency(threshold) = self else { return sample.status };
        match sample.latency_ms {
            Some(latency) if sample.status.is_good() => {
                let within = Bucket::of(latency.into()) <= threshold;
                if within { SampleStatus::Operational } else { SampleStatus::Down }
            }
            _ => SampleStatus::Unknown,
        }
    }

    /// What the samples that `rollup` was folded from count as together.
    pub fn counts(self, rollup: &Rollup) -> Counts {
        let Self::Latency(threshold) = self else { return rollup.counts };
        let tally = |all: Tally, sketch: &crate::sketch::Sketch| {
            let (timed, within) = (sketch.count(), sketch.within(threshold));
            let unknown = all.total().saturating_sub(timed);
            Tally { operational: within, down: timed - within, unknown, ..Tally::default() }
        };
        Counts {
            normal: tally(rollup.counts.normal, &rollup.latency),
            maintenance: tally(rollup.counts.maintenance, &rollup.maintenance_latency),
            event_hours: rollup.counts.event_hours,
        }
    }
}

/// One stream of events that an SLO adds up: a series, and how its samples are judged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source {
    /// What is kept by the hour.
    pub series: Series,
    /// How its samples count. Events count as they were pushed.
    pub judge: Judge,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_to_a_prometheus_is_not_printed() {
        let basic = PrometheusAuth::Basic { username: "plimsoll".to_owned(), password: "hunter2".to_owned() };
        let printed = format!("{basic:?} {:?}", PrometheusAuth::Bearer("hunter3".to_owned()));
        assert!(printed.contains("plimsoll") && !printed.contains("hunter"), "{printed}");
    }
}
