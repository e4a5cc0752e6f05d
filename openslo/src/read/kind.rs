//! The kind of an SLO: as the annotation says, where there is one, and otherwise what the indicator looks like.

use plimsoll_domain::invalid::Faults;
use plimsoll_domain::slo::SliKind;
use plimsoll_domain::slo::sli::{DEFAULT_QUERY_TIMEOUT_SECONDS, PrometheusAuth, PrometheusQuery, PrometheusSource};

use crate::annotation::{KIND, PROMETHEUS_AUTH, PROMETHEUS_TIMEOUT};
use crate::promql;
use crate::read::compared::Compared;
use crate::read::indicator::Indicator;
use crate::read::object::Annotations;
use crate::read::places::Places;
use crate::read::source::Located;

const KINDS: [&str; 5] = ["availability", "latency", "events", "prometheus", "crash_free_sessions"];

/// What stands in annotations about a Prometheus.
struct Extras {
    auth: Option<PrometheusAuth>,
    timeout_seconds: u32,
}

/// The kind, its parts noted in `places`; `None` where something is wrong, which is noted in `faults`.
pub(super) fn read(
    annotations: &Annotations<'_>,
    indicator: Option<&Indicator>,
    compared: Option<&Compared>,
    places: &mut Places,
    faults: &mut Faults,
) -> Option<SliKind> {
    let named = annotations.parse(KIND, known, faults);
    let extras = extras(annotations, places, faults);
    let indicator = indicator?;
    let fitting = indicator.kinds();
    let kind = named.unwrap_or(fitting[0]);
    faults.require(fitting.contains(&kind), &annotations.pointer_of(KIND), || {
        format!("expected {}, as the indicator has it, got {kind}", fitting.join(", "))
    });
    match indicator {
        Indicator::Threshold => {
            let compared = compared?;
            places.add("/threshold_ms", compared.pointer.clone());
            Some(SliKind::Latency { threshold_ms: compared.value })
        }
        Indicator::Counts => Some(match kind {
            "availability" => SliKind::Availability,
            "crash_free_sessions" => SliKind::CrashFreeSessions,
            _ => SliKind::Events,
        }),
        Indicator::PrometheusCounts { url, .. }
        | Indicator::PrometheusRatio { url, .. }
        | Indicator::PrometheusThreshold { url, .. } => {
            let query = query(indicator, compared, places)?;
            // What we wrote says `$interval`, and may say anything else as it is.
            let query = if named.is_some() { query } else { adopted(query) };
            Some(prometheus(url, query, extras, places))
        }
    }
}

/// What is asked of a Prometheus for `indicator`.
fn query(indicator: &Indicator, compared: Option<&Compared>, places: &mut Places) -> Option<PrometheusQuery> {
    match indicator {
        Indicator::Threshold | Indicator::Counts => None,
        Indicator::PrometheusCounts { good, total, .. } => {
            places.add("/prometheus/good", good.pointer.clone());
            places.add("/prometheus/valid", total.pointer.clone());
            Some(PrometheusQuery::Counts { good: good.text.clone(), valid: total.text.clone() })
        }
        Indicator::PrometheusRatio { ratio, .. } => {
            places.add("/prometheus/ratio", ratio.pointer.clone());
            Some(PrometheusQuery::Ratio(ratio.text.clone()))
        }
        Indicator::PrometheusThreshold { value, .. } => {
            let compared = compared?;
            places.add("/prometheus/ratio", value.pointer.clone());
            // Each tick is an occurrence, and as good as the comparison says: 1 or 0.
            let ratio = promql::compared(&value.text, compared.op.in_promql(), compared.value);
            Some(PrometheusQuery::Ratio(ratio))
        }
    }
}

fn adopted(query: PrometheusQuery) -> PrometheusQuery {
    match query {
        PrometheusQuery::Counts { good, valid } => {
            PrometheusQuery::Counts { good: promql::adopted(&good), valid: promql::adopted(&valid) }
        }
        PrometheusQuery::Ratio(ratio) => PrometheusQuery::Ratio(promql::adopted(&ratio)),
    }
}

fn prometheus(url: &Located, query: PrometheusQuery, extras: Extras, places: &mut Places) -> SliKind {
    places.add("/prometheus/url", url.pointer.clone());
    let Extras { auth, timeout_seconds } = extras;
    SliKind::Prometheus(PrometheusSource { url: url.text.clone(), query, auth, timeout_seconds })
}

fn extras(annotations: &Annotations<'_>, places: &mut Places, faults: &mut Faults) -> Extras {
    places.add("/prometheus/timeout_seconds", annotations.pointer_of(PROMETHEUS_TIMEOUT));
    for part in ["/prometheus/basic", "/prometheus/bearer"] {
        places.add(part, annotations.pointer_of(PROMETHEUS_AUTH));
    }
    // What is there is not repeated: it may be a secret.
    let auth = |text: &str| {
        let wrong = |_| r#"expected {"basic":{"username":…,"password":…}} or {"bearer":…}"#.to_owned();
        serde_json::from_str(text).map_err(wrong)
    };
    let timeout_seconds = annotations.value(PROMETHEUS_TIMEOUT, "a whole number of seconds", faults);
    Extras {
        auth: annotations.parse(PROMETHEUS_AUTH, auth, faults),
        timeout_seconds: timeout_seconds.unwrap_or(DEFAULT_QUERY_TIMEOUT_SECONDS),
    }
}

fn known(text: &str) -> Result<&'static str, String> {
    let found = KINDS.into_iter().find(|kind| *kind == text);
    found.ok_or_else(|| format!("expected one of {}, got {text:?}", KINDS.join(", ")))
}
