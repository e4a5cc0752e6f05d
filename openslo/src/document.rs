//! The shapes of the OpenSLO documents that we write, field for field as the specification names them.

use std::collections::BTreeMap;

use serde::Serialize;

/// The one version we speak.
pub(crate) const API_VERSION: &str = "openslo/v1";
/// How the specification, and everybody else, calls a Prometheus.
pub(crate) const PROMETHEUS: &str = "Prometheus";
/// The source of what is measured here: samples, and events that were pushed.
pub(crate) const PLIMSOLL: &str = "Plimsoll";
/// The one budgeting method we know.
pub(crate) const OCCURRENCES: &str = "Occurrences";
/// How the start of a calendar's period is written, without its zone.
pub(crate) const START_TIME: &str = "%Y-%m-%d %H:%M:%S";
/// Longest description.
pub(crate) const MAX_DESCRIPTION: usize = 1_050;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Document {
    pub(crate) api_version: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) metadata: Metadata,
    pub(crate) spec: Spec,
}

impl Document {
    /// A document of this kind, under `name`, without annotations.
    pub(crate) fn new(kind: &'static str, name: String, spec: Spec) -> Self {
        let metadata = Metadata { name, annotations: BTreeMap::new() };
        Self { api_version: API_VERSION, kind, metadata, spec }
    }

    /// The same with these annotations.
    pub(crate) fn with(mut self, annotations: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        self.metadata.annotations.extend(annotations);
        self
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct Metadata {
    pub(crate) name: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) annotations: BTreeMap<&'static str, String>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Spec {
    Service(ServiceSpec),
    DataSource(DataSourceSpec),
    NotificationTarget(NotificationTargetSpec),
    Condition(ConditionSpec),
    Policy(PolicySpec),
    Slo(Box<SloSpec>),
}

#[derive(Debug, Serialize)]
pub(crate) struct ServiceSpec {
    pub(crate) description: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DataSourceSpec {
    pub(crate) description: &'static str,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) connection_details: ConnectionDetails,
}

/// Never a secret: those belong to an SLO, and stand there masked.
#[derive(Debug, Serialize)]
pub(crate) struct ConnectionDetails {
    pub(crate) url: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct NotificationTargetSpec {
    pub(crate) description: &'static str,
    pub(crate) target: &'static str,
}

#[derive(Debug, Serialize)]
pub(crate) struct ConditionSpec {
    pub(crate) description: String,
    pub(crate) severity: &'static str,
    pub(crate) condition: Condition,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Condition {
    pub(crate) kind: &'static str,
    pub(crate) op: &'static str,
    pub(crate) threshold: f64,
    pub(crate) lookback_window: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PolicySpec {
    pub(crate) alert_when_no_data: bool,
    pub(crate) alert_when_resolved: bool,
    pub(crate) alert_when_breaching: bool,
    pub(crate) conditions: [ConditionRef; 1],
    pub(crate) notification_targets: [TargetRef; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConditionRef {
    pub(crate) condition_ref: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TargetRef {
    pub(crate) target_ref: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SloSpec {
    pub(crate) description: String,
    pub(crate) service: String,
    pub(crate) indicator: Indicator,
    pub(crate) time_window: [TimeWindow; 1],
    pub(crate) budgeting_method: &'static str,
    pub(crate) objectives: [Objective; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) alert_policies: Vec<PolicyRef>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Indicator {
    pub(crate) metadata: Metadata,
    pub(crate) spec: IndicatorSpec,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum IndicatorSpec {
    ThresholdMetric(Metric),
    RatioMetric(Ratio),
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Ratio {
    Counts {
        counter: bool,
        good: Metric,
        total: Metric,
    },
    #[serde(rename_all = "camelCase")]
    Raw {
        raw_type: &'static str,
        raw: Metric,
    },
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Metric {
    pub(crate) metric_source: MetricSource,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the name is the specification's")]
pub(crate) struct MetricSource {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) metric_source_ref: Option<String>,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) spec: BTreeMap<&'static str, String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TimeWindow {
    pub(crate) duration: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) calendar: Option<Calendar>,
    pub(crate) is_rolling: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Calendar {
    pub(crate) start_time: &'static str,
    pub(crate) time_zone: &'static str,
}

#[derive(Debug, Serialize)]
pub(crate) struct Objective {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) op: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<f64>,
    pub(crate) target: f64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PolicyRef {
    pub(crate) alert_policy_ref: String,
}
