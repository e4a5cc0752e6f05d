//! What is measured, as a file says it.

use std::collections::BTreeMap;

use plimsoll_domain::invalid::Faults;

use crate::promql;
use crate::read::node::{Fields, Node, note};
use crate::read::source::{DataSources, Located, MetricSource};

/// An indicator that we understand.
#[derive(Clone, Debug)]
pub(super) enum Indicator {
    /// A value for each event, to be compared with a threshold.
    Threshold,
    /// Good events and all events, which are pushed or measured here.
    Counts,
    /// The same, counted by a Prometheus.
    PrometheusCounts {
        /// Of the server.
        url: Located,
        /// Good events of one tick.
        good: Located,
        /// Events of one tick.
        total: Located,
    },
    /// The share of good events, by a Prometheus.
    PrometheusRatio {
        /// Of the server.
        url: Located,
        /// Good ÷ valid.
        ratio: Located,
    },
    /// A value that a Prometheus says each tick, to be compared with a threshold.
    PrometheusThreshold {
        /// Of the server.
        url: Located,
        /// The value.
        value: Located,
    },
}

/// The indicators of the file by name. `None` where one has faults, which are noted.
pub(super) type Indicators<'a> = BTreeMap<&'a str, Option<Indicator>>;

const GOOD_AND_TOTAL: &str = "expected good and total";

impl Indicator {
    /// Whether its objective says with what it is compared.
    pub(super) const fn is_compared(&self) -> bool {
        matches!(self, Self::Threshold | Self::PrometheusThreshold { .. })
    }

    /// The kinds that it may be of, the most likely first.
    pub(super) const fn kinds(&self) -> &'static [&'static str] {
        match self {
            Self::Threshold => &["latency"],
            Self::Counts => &["events", "availability", "crash_free_sessions"],
            Self::PrometheusCounts { .. } | Self::PrometheusRatio { .. } | Self::PrometheusThreshold { .. } => {
                &["prometheus"]
            }
        }
    }

    /// Reads the spec of an `SLI`.
    pub(super) fn read(spec: &Node<'_>, sources: &DataSources<'_>, faults: &mut Faults) -> Option<Self> {
        let fields = spec.fields(&["description", "thresholdMetric", "ratioMetric"], faults)?;
        match (fields.optional("thresholdMetric"), fields.optional("ratioMetric")) {
            (Some(metric), None) => match MetricSource::read(&metric, sources, faults)? {
                MetricSource::Other => Some(Self::Threshold),
                MetricSource::Prometheus { url, query } => Some(Self::PrometheusThreshold { url, value: query }),
            },
            (None, Some(metric)) => ratio(&metric, sources, faults),
            (_, Some(_)) => {
                note(faults, &fields.pointer_of("ratioMetric"), "expected no ratioMetric beside a thresholdMetric");
                None
            }
            (None, None) => {
                note(faults, &fields.pointer_of("ratioMetric"), "expected a ratioMetric or a thresholdMetric");
                None
            }
        }
    }
}

fn ratio(metric: &Node<'_>, sources: &DataSources<'_>, faults: &mut Faults) -> Option<Indicator> {
    let fields = metric.fields(&["counter", "good", "bad", "total", "rawType", "raw"], faults)?;
    let counter = match fields.optional("counter") {
        Some(counter) => counter.boolean(faults)?,
        None => false,
    };
    if let Some(raw) = fields.optional("raw") {
        fields.refuse(&["good", "bad", "total"], "expected nothing of good, bad and total beside raw", faults);
        return raw_ratio(&raw, &fields, sources, faults);
    }
    fields.refuse(&["rawType"], "expected no rawType without raw", faults);
    let total = fields.required("total", "the metric of all events", faults);
    let total = total.and_then(|total| MetricSource::read(&total, sources, faults));
    match (fields.optional("good"), fields.optional("bad")) {
        (Some(_), Some(bad)) => {
            note(faults, &bad.pointer, format!("{GOOD_AND_TOTAL}, and no bad beside good"));
            None
        }
        (None, None) => {
            note(faults, &fields.pointer_of("good"), "expected the metric of good events, got nothing");
            None
        }
        (Some(good), None) => counts(&MetricSource::read(&good, sources, faults)?, &total?, counter, faults),
        (None, Some(bad)) => {
            let read = MetricSource::read(&bad, sources, faults);
            if let (MetricSource::Other, MetricSource::Other) = (read?, total?) {
                // Nobody here asks for these: whoever counts pushes good and valid events, and the share is the same.
                return Some(Indicator::Counts);
            }
            // Bad events that never happened have no series, and the total less nothing is nothing.
            let detail = format!("{GOOD_AND_TOTAL}: what a Prometheus does not know cannot be taken off the total");
            note(faults, &bad.pointer, detail);
            None
        }
    }
}

fn counts(good: &MetricSource, total: &MetricSource, counter: bool, faults: &mut Faults) -> Option<Indicator> {
    match (good, total) {
        (MetricSource::Other, MetricSource::Other) => Some(Indicator::Counts),
        (MetricSource::Prometheus { url, query: good }, MetricSource::Prometheus { url: other, query: total }) => {
            if url.text != other.text {
                note(faults, &total.pointer, format!("expected the Prometheus of the good events ({})", url.text));
                return None;
            }
            let good = per_tick(good, counter, faults);
            let total = per_tick(total, counter, faults);
            Some(Indicator::PrometheusCounts { url: url.clone(), good: good?, total: total? })
        }
        (MetricSource::Prometheus { query: known, .. }, MetricSource::Other)
        | (MetricSource::Other, MetricSource::Prometheus { query: known, .. }) => {
            note(faults, &known.pointer, "expected good and total of one type");
            None
        }
    }
}

/// The query for the events of one tick.
fn per_tick(query: &Located, counter: bool, faults: &mut Faults) -> Option<Located> {
    if !counter {
        return Some(query.clone());
    }
    let Some(text) = promql::per_tick(&query.text) else {
        let detail = "expected a counter, the sum of one, or a query over a range such as \
                      sum(increase(http_requests_total[$interval])): the increase of anything else cannot be known";
        note(faults, &query.pointer, detail);
        return None;
    };
    Some(Located { text, pointer: query.pointer.clone() })
}

fn raw_ratio(raw: &Node<'_>, fields: &Fields<'_>, sources: &DataSources<'_>, faults: &mut Faults) -> Option<Indicator> {
    let kind = |text: &str| match text {
        "success" => Ok(false),
        "failure" => Ok(true),
        _ => Err(format!("expected success or failure, got {text:?}")),
    };
    let is_failure = fields.required("rawType", "success or failure", faults);
    let is_failure = is_failure.and_then(|node| node.parse(kind, faults));
    match MetricSource::read(raw, sources, faults)? {
        MetricSource::Prometheus { url, mut query } => {
            if is_failure? {
                query.text = promql::complement(&query.text);
            }
            Some(Indicator::PrometheusRatio { url, ratio: query })
        }
        MetricSource::Other => {
            note(faults, &raw.pointer, format!("{GOOD_AND_TOTAL}: a ratio is asked of a Prometheus only"));
            None
        }
    }
}
