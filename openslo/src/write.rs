//! From SLOs to OpenSLO. What several SLOs share is written once: a Prometheus by its URL, an alert policy by its tier
//! and threshold.

use std::collections::BTreeMap;

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::slo::burn::DEFAULT_TIERS;
use plimsoll_domain::slo::sli::{PrometheusQuery, PrometheusSource};
use plimsoll_domain::slo::{BurnSeverity, CalendarUnit, Scope, SliKind, Slo, SloConfig, Tier, Window};

use crate::annotation::{self, nominal_length};
use crate::document::{
    Calendar, Condition, ConditionRef, ConditionSpec, ConnectionDetails, DataSourceSpec, Document, Indicator,
    IndicatorSpec, MAX_DESCRIPTION, Metadata, Metric, MetricSource, NotificationTargetSpec, OCCURRENCES, Objective,
    PLIMSOLL, PROMETHEUS, PolicyRef, PolicySpec, Ratio, ServiceSpec, SloSpec, Spec, TargetRef, TimeWindow,
};
use crate::labels::{Labels, label};
use crate::yaml;

/// A Monday that is the first of a quarter, and so starts a period of every unit.
const ANCHOR: &str = "2024-01-01 00:00:00";
const TARGET: &str = "plimsoll";

/// The SLOs of `config` as a stream of OpenSLO v1 documents in YAML: the tenant's service, what the SLOs refer to, and
/// the SLOs themselves in their order. Secrets are written as they stand in `config`: mask them first.
pub fn write(config: &SloConfig, tenant: &TenantId) -> String {
    let mut writer = Writer::new(tenant);
    for slo in &config.objectives {
        writer.add(slo);
    }
    yaml::emit(&writer.finish())
}

struct Writer<'a> {
    tenant: &'a TenantId,
    sources: Vec<(&'a str, String)>,
    source_names: Labels,
    tiers: Vec<(Tier, f64, String)>,
    tier_names: Labels,
    slos: Vec<Document>,
    slo_names: Labels,
}

impl<'a> Writer<'a> {
    fn new(tenant: &'a TenantId) -> Self {
        Self {
            tenant,
            sources: Vec::new(),
            source_names: Labels::default(),
            tiers: Vec::new(),
            tier_names: Labels::default(),
            slos: Vec::new(),
            slo_names: Labels::default(),
        }
    }

    fn add(&mut self, slo: &'a Slo) {
        let name = self.slo_names.take(slo.slo_type.as_str());
        let alert_policies =
            slo.usable_tiers().map(|tier| PolicyRef { alert_policy_ref: self.tier(tier, slo.window) }).collect();
        let (indicator, value) = self.indicator(slo);
        let spec = SloSpec {
            description: description(slo),
            service: label(self.tenant.as_str()),
            indicator: Indicator {
                metadata: Metadata { name: name.clone(), annotations: BTreeMap::new() },
                spec: indicator,
            },
            time_window: [time_window(slo.window)],
            // What we count are events, and samples, of which each is an occurrence: a tick has one for each component,
            // and two bad ones of four are half bad, where time slices would call the slice good or bad as a whole. A
            // Prometheus that is asked for a ratio has an occurrence each tick. Time slices would also want the length
            // of one, and the length of a tick belongs to the installation, not to a tenant's SLO.
            budgeting_method: OCCURRENCES,
            objectives: [Objective { op: value.map(|_| "lte"), value, target: slo.objective.ratio() }],
            alert_policies,
        };
        self.slos.push(Document::new("SLO", name, Spec::Slo(Box::new(spec))).with(annotations(slo)));
    }

    /// The indicator, and the value that it is compared with.
    fn indicator(&mut self, slo: &'a Slo) -> (IndicatorSpec, Option<f64>) {
        match &slo.kind {
            SliKind::Latency { threshold_ms } => {
                (IndicatorSpec::ThresholdMetric(self.own(slo, "latency_ms")), Some(*threshold_ms))
            }
            SliKind::Prometheus(source) => (IndicatorSpec::RatioMetric(self.prometheus(source)), None),
            SliKind::Availability | SliKind::Events | SliKind::CrashFreeSessions => {
                // Counts of what a tick held, not counters that only ever grow.
                let (good, total) = (self.own(slo, "good"), self.own(slo, "valid"));
                (IndicatorSpec::RatioMetric(Ratio::Counts { counter: false, good, total }), None)
            }
        }
    }

    fn own(&self, slo: &Slo, what: &str) -> Metric {
        let spec = [("tenant", self.tenant.as_str()), ("slo_type", slo.slo_type.as_str()), ("count", what)];
        let spec = spec.into_iter().map(|(key, value)| (key, value.to_owned())).collect();
        Metric { metric_source: MetricSource { metric_source_ref: None, kind: PLIMSOLL, spec } }
    }

    fn prometheus(&mut self, source: &'a PrometheusSource) -> Ratio {
        let name = self.source(&source.url);
        let metric = |query: &str| Metric {
            metric_source: MetricSource {
                metric_source_ref: Some(name.clone()),
                kind: PROMETHEUS,
                spec: BTreeMap::from([("query", query.to_owned())]),
            },
        };
        match &source.query {
            // The queries count the events of one tick already.
            PrometheusQuery::Counts { good, valid } => {
                Ratio::Counts { counter: false, good: metric(good), total: metric(valid) }
            }
            PrometheusQuery::Ratio(ratio) => Ratio::Raw { raw_type: "success", raw: metric(ratio) },
        }
    }

    /// The name of the data source of this URL.
    fn source(&mut self, url: &'a str) -> String {
        if let Some((_, name)) = self.sources.iter().find(|(known, _)| *known == url) {
            return name.clone();
        }
        let name = self.source_names.take("prometheus");
        self.sources.push((url, name.clone()));
        name
    }

    /// The name of the alert policy, and of its condition, of this tier.
    fn tier(&mut self, tier: &Tier, window: Window) -> String {
        let threshold = tier.factor(nominal_length(window));
        let same = |(known, other, _): &&(Tier, f64, String)| known == tier && other.to_bits() == threshold.to_bits();
        if let Some((_, _, name)) = self.tiers.iter().find(same) {
            return name.clone();
        }
        let name = self.tier_names.take(&format!("{}-{}-{}", severity(tier), tier.long, tier.short));
        self.tiers.push((*tier, threshold, name.clone()));
        name
    }

    fn finish(self) -> Vec<Document> {
        let tenant = self.tenant;
        let service = ServiceSpec { description: format!("What the tenant {tenant} promises") };
        let service = Document::new("Service", label(tenant.as_str()), Spec::Service(service));
        let sources = self.sources.into_iter().map(|(url, name)| data_source(name, url));
        // A policy must name a target. Ours are routed by severity and labels, which is said elsewhere.
        let target = (!self.tiers.is_empty()).then(notification_target);
        let conditions = self.tiers.iter().map(|(tier, threshold, name)| condition(name, tier, *threshold));
        let policies = self.tiers.iter().map(|(_, _, name)| policy(name));
        let shared = std::iter::once(service).chain(sources).chain(target).chain(conditions).chain(policies);
        shared.chain(self.slos).collect()
    }
}

fn data_source(name: String, url: &str) -> Document {
    let spec = DataSourceSpec {
        description: "`$interval` in a query stands for the length of a tick, e.g. 60s",
        kind: PROMETHEUS,
        connection_details: ConnectionDetails { url: url.to_owned() },
    };
    Document::new("DataSource", name, Spec::DataSource(spec))
}

fn notification_target() -> Document {
    let spec = NotificationTargetSpec { description: "Whoever the tenant's alert routes say", target: TARGET };
    Document::new("AlertNotificationTarget", TARGET.to_owned(), Spec::NotificationTarget(spec))
}

fn condition(name: &str, tier: &Tier, threshold: f64) -> Document {
    let spec = ConditionSpec {
        description: format!(
            "Over {} and over {}, the budget goes more than {threshold} times as fast as it may",
            tier.long, tier.short
        ),
        severity: severity(tier),
        condition: Condition { kind: "burnrate", op: "gt", threshold, lookback_window: tier.long.to_string() },
    };
    let annotations =
        [(annotation::SHORT_WINDOW, tier.short.to_string()), (annotation::BUDGET_SHARE, tier.budget_share.to_string())];
    Document::new("AlertCondition", name.to_owned(), Spec::Condition(spec)).with(annotations)
}

fn policy(name: &str) -> Document {
    let spec = PolicySpec {
        // A tier stays as it was while there is no data.
        alert_when_no_data: false,
        alert_when_resolved: true,
        alert_when_breaching: true,
        conditions: [ConditionRef { condition_ref: name.to_owned() }],
        notification_targets: [TargetRef { target_ref: TARGET }],
    };
    Document::new("AlertPolicy", name.to_owned(), Spec::Policy(spec))
}

const fn severity(tier: &Tier) -> &'static str {
    match tier.severity {
        BurnSeverity::Page => "page",
        BurnSeverity::Ticket => "ticket",
    }
}

fn time_window(window: Window) -> TimeWindow {
    match window {
        // Whole minutes, as every window is, so that its largest unit is one of theirs: d, h or m.
        Window::Rolling(span) => TimeWindow { duration: span.to_string(), calendar: None, is_rolling: true },
        Window::Calendar(unit, zone) => {
            let duration = match unit {
                CalendarUnit::Week => "1w",
                CalendarUnit::Month => "1M",
                CalendarUnit::Quarter => "1Q",
            };
            let calendar = Some(Calendar { start_time: ANCHOR, time_zone: zone.name() });
            TimeWindow { duration: duration.to_owned(), calendar, is_rolling: false }
        }
    }
}

fn annotations(slo: &Slo) -> Vec<(&'static str, String)> {
    let tiers = if slo.tiers == DEFAULT_TIERS { annotation::DEFAULT_TIERS } else { annotation::OWN_TIERS };
    let mut annotations = vec![
        (annotation::KIND, slo.kind.as_str().to_owned()),
        (annotation::SLO_TYPE, slo.slo_type.to_string()),
        (annotation::SCOPE, annotation::scope_text(&slo.scope)),
        (annotation::COUNT_MAINTENANCE, slo.count_maintenance.to_string()),
        (annotation::MINIMUM_BAD_SAMPLES, slo.minimum_bad_samples.to_string()),
        (annotation::WARNING, slo.thresholds.warning.to_string()),
        (annotation::CRITICAL, slo.thresholds.critical.to_string()),
        (annotation::TIERS, tiers.to_owned()),
        (annotation::PUBLIC, slo.public.to_string()),
    ];
    if let SliKind::Prometheus(source) = &slo.kind {
        annotations.push((annotation::PROMETHEUS_TIMEOUT, source.timeout_seconds.to_string()));
        let auth = source.auth.as_ref().map(|auth| serde_json::to_string(auth).expect("texts can always be written"));
        annotations.extend(auth.map(|auth| (annotation::PROMETHEUS_AUTH, auth)));
    }
    annotations
}

/// A sentence for people; it is not read back.
fn description(slo: &Slo) -> String {
    let of = match &slo.scope {
        Scope::All => "all components".to_owned(),
        Scope::Group(name) => format!("the group {name}"),
        Scope::Component(id) => format!("the component {id}"),
    };
    let what = match &slo.kind {
        SliKind::Availability => format!("samples of {of} that are operational or degraded"),
        SliKind::Latency { threshold_ms } => format!("answers of {of} that take at most {threshold_ms} ms"),
        SliKind::Events => "events that are good, as they are pushed".to_owned(),
        SliKind::Prometheus(_) => "events that are good, as a Prometheus counts them".to_owned(),
        SliKind::CrashFreeSessions => "sessions that do not crash".to_owned(),
    };
    let text = format!("Share of {what}, at least {} over {}", slo.objective, slo.window);
    text.chars().take(MAX_DESCRIPTION).collect()
}
