//! SLOs as a tenant writes and reads them. What is read can be written back as it is.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use plimsoll_domain::component::Component;
use plimsoll_domain::ids::ComponentId;
use plimsoll_domain::invalid::{Faults, Invalid};
use plimsoll_domain::slo::burn::DEFAULT_TIERS;
use plimsoll_domain::slo::config::DEFAULT_MINIMUM_BAD_SAMPLES;
use plimsoll_domain::slo::{
    BurnSeverity, CalendarUnit, Objective, Scope, SliKind, Slo, SloConfig, Thresholds, Tier, Window, Zone,
};

use super::prometheus::PrometheusBody;

const KINDS: &str = "availability, latency, events, prometheus or crash_free_sessions";

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SloConfigRequest {
    /// At most 200; each `slo_type` once.
    objectives: Vec<SloBody>,
}

/// One SLO.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SloBody {
    /// Its name, of a-z, 0-9, - and _.
    slo_type: String,
    /// `availability`, `latency`, `events`, `prometheus` or `crash_free_sessions`.
    kind: String,
    /// A ratio above 0 and below 1, e.g. 0.999.
    objective: f64,
    /// Rolling, 1 hour to 366 days, e.g. `30d`; or `week`, `month` or `quarter` of a calendar.
    window: String,
    /// Of a calendar's window, e.g. `Europe/Stockholm`; UTC unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    time_zone: Option<String>,
    /// All components unless given.
    #[serde(default)]
    scope: ScopeBody,
    /// For kind `latency`: at or under so many milliseconds is good.
    #[serde(skip_serializing_if = "Option::is_none")]
    threshold_ms: Option<f64>,
    /// For kind `prometheus`: where and what to ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    prometheus: Option<PrometheusBody>,
    /// Whether samples inside announced maintenance count; they do not unless said so.
    #[serde(default)]
    count_maintenance: bool,
    /// Bad samples or events that a tier's long window must hold before the tier fires; 2 unless given.
    minimum_bad_samples: Option<u32>,
    /// Shares of the budget below which the status turns.
    thresholds: Option<ThresholdsBody>,
    /// What fires, and how fast the budget must go for it; the usual four unless given. At most 8.
    tiers: Option<Vec<TierBody>>,
    /// Whether the public sees its burn-down on the pages of the components in its scope; not unless said so.
    #[serde(default)]
    public: bool,
}

/// Which components an SLO speaks of: `"all"`, `{"group": "…"}` or `{"component": "…"}`.
#[derive(Clone, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ScopeBody {
    /// All of the tenant's.
    #[default]
    All,
    /// Those under one heading.
    Group(String),
    /// One.
    Component(String),
}

#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ThresholdsBody {
    /// Below this share remaining: `warning`.
    warning: f64,
    /// Below this share remaining: `critical`.
    critical: f64,
}

/// Fires when both windows lose the budget so fast that all of `budget_share` goes within the long one.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TierBody {
    /// The window whose loss matters, e.g. `1h`.
    long: String,
    /// The window that tells whether it is still going on, e.g. `5m`.
    short: String,
    /// The share of the whole budget, e.g. 0.02.
    budget_share: f64,
    /// `page` or `ticket`.
    severity: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct SloConfigView {
    /// 0 until configured for the first time, then one more with each change.
    version: u64,
    objectives: Vec<SloBody>,
}

impl SloConfigRequest {
    pub(super) fn read(self, components: &[Component]) -> Result<Vec<Slo>, Invalid> {
        let mut faults = Faults::default();
        let mut objectives = Vec::with_capacity(self.objectives.len());
        for (index, slo) in self.objectives.into_iter().enumerate() {
            // A stand-in keeps the indexes right when the rest is looked over.
            let slo = faults.absorb(slo.read(components), &format!("/objectives/{index}"));
            objectives.push(slo.unwrap_or_else(|| Slo {
                slo_type: format!("refused-{index}").parse().expect("a valid name"),
                ..Slo::default_availability()
            }));
        }
        let config = SloConfig { version: 0, objectives };
        faults.absorb(config.validate(), "");
        faults.finish().map(|()| config.objectives)
    }
}

impl SloBody {
    fn read(mut self, components: &[Component]) -> Result<Slo, Invalid> {
        let mut faults = Faults::default();
        let slo_type = faults.keep(self.slo_type.parse(), "/slo_type");
        let kind = faults.absorb(self.read_kind(), "");
        let objective = faults.keep(Objective::new(self.objective), "/objective");
        let window = faults.absorb(read_window(&self.window, self.time_zone.as_deref()), "");
        let scope = faults.absorb(self.scope.read(components), "/scope");
        let tiers = faults.absorb(self.tiers.map(read_tiers).transpose(), "/tiers");
        faults.finish()?;
        let known = "every part is there when no fault was noted";
        Ok(Slo {
            slo_type: slo_type.expect(known),
            kind: kind.expect(known),
            objective: objective.expect(known),
            window: window.expect(known),
            scope: scope.expect(known),
            count_maintenance: self.count_maintenance,
            minimum_bad_samples: self.minimum_bad_samples.unwrap_or(DEFAULT_MINIMUM_BAD_SAMPLES),
            thresholds: self.thresholds.map_or_else(Thresholds::default, ThresholdsBody::into),
            tiers: tiers.expect(known).unwrap_or_else(|| DEFAULT_TIERS.to_vec()),
            public: self.public,
        })
    }

    fn read_kind(&mut self) -> Result<SliKind, Invalid> {
        let mut faults = Faults::default();
        let (threshold_ms, prometheus) = (self.threshold_ms.take(), self.prometheus.take());
        let none = |given: bool, field: &str, faults: &mut Faults| {
            faults.require(!given, field, || format!("expected none: an SLO of kind {} has no such field", self.kind));
        };
        none(threshold_ms.is_some() && self.kind != "latency", "/threshold_ms", &mut faults);
        none(prometheus.is_some() && self.kind != "prometheus", "/prometheus", &mut faults);
        let kind = match self.kind.as_str() {
            "availability" => Some(SliKind::Availability),
            "latency" => {
                let missing = || "expected milliseconds, e.g. 300: an SLO of kind latency needs them".to_owned();
                faults
                    .keep(threshold_ms.ok_or_else(missing), "/threshold_ms")
                    .map(|threshold_ms| SliKind::Latency { threshold_ms })
            }
            "events" => Some(SliKind::Events),
            "prometheus" => {
                let missing = || "expected where and what to ask: an SLO of kind prometheus needs it".to_owned();
                let body = faults.keep(prometheus.ok_or_else(missing), "/prometheus");
                body.and_then(|body| faults.absorb(body.read(), "/prometheus")).map(SliKind::Prometheus)
            }
            "crash_free_sessions" => Some(SliKind::CrashFreeSessions),
            other => faults.keep(Err(format!("expected {KINDS}, got {other:?}")), "/kind"),
        };
        faults.finish().map(|()| kind.expect("it is there when no fault was noted"))
    }
}

/// Faults are at `/window` and `/time_zone`.
pub(super) fn read_window(window: &str, time_zone: Option<&str>) -> Result<Window, Invalid> {
    let unit = [CalendarUnit::Week, CalendarUnit::Month, CalendarUnit::Quarter];
    let unit = unit.into_iter().find(|unit| unit.as_str() == window);
    let Some(unit) = unit else {
        if time_zone.is_some() {
            let detail = "expected none: a rolling window is the same in every time zone";
            return Err(Invalid::at("/time_zone", detail));
        }
        return window.parse().map(Window::Rolling).map_err(|_| {
            let detail = format!("expected a rolling window such as 30d, or week, month or quarter, got {window:?}");
            Invalid::at("/window", detail)
        });
    };
    let zone: Zone = time_zone.unwrap_or("UTC").parse().map_err(|detail: String| Invalid::at("/time_zone", detail))?;
    Ok(Window::Calendar(unit, zone))
}

/// Faults start at the list.
pub(super) fn read_tiers(bodies: Vec<TierBody>) -> Result<Vec<Tier>, Invalid> {
    let mut faults = Faults::default();
    let mut tiers = Vec::with_capacity(bodies.len());
    for (index, body) in bodies.into_iter().enumerate() {
        let long = faults.keep(body.long.parse(), &format!("/{index}/long"));
        let short = faults.keep(body.short.parse(), &format!("/{index}/short"));
        let severity = match body.severity.as_str() {
            "page" => Ok(BurnSeverity::Page),
            "ticket" => Ok(BurnSeverity::Ticket),
            other => Err(format!("expected page or ticket, got {other:?}")),
        };
        let severity = faults.keep(severity, &format!("/{index}/severity"));
        if let (Some(long), Some(short), Some(severity)) = (long, short, severity) {
            tiers.push(Tier { long, short, budget_share: body.budget_share, severity });
        }
    }
    faults.finish()?;
    tiers.sort_by_key(|tier| tier.long);
    Ok(tiers)
}

impl ScopeBody {
    fn read(self, components: &[Component]) -> Result<Scope, Invalid> {
        match self {
            Self::All => Ok(Scope::All),
            Self::Group(name) => Ok(Scope::Group(name)),
            Self::Component(text) => {
                let found = components.iter().find(|component| component.id.as_str() == text);
                let id = found.map(|component: &Component| -> ComponentId { component.id.clone() });
                let wrong = || Invalid::at("/component", format!("expected a component of this tenant, got {text:?}"));
                id.map(Scope::Component).ok_or_else(wrong)
            }
        }
    }
}

impl From<Scope> for ScopeBody {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::All => Self::All,
            Scope::Group(name) => Self::Group(name),
            Scope::Component(id) => Self::Component(id.to_string()),
        }
    }
}

impl From<ThresholdsBody> for Thresholds {
    fn from(body: ThresholdsBody) -> Self {
        Self { warning: body.warning, critical: body.critical }
    }
}

impl From<Tier> for TierBody {
    fn from(tier: Tier) -> Self {
        Self {
            long: tier.long.to_string(),
            short: tier.short.to_string(),
            budget_share: tier.budget_share,
            severity: tier.severity.as_str().to_owned(),
        }
    }
}

impl From<Slo> for SloBody {
    fn from(slo: Slo) -> Self {
        let kind = slo.kind.as_str().to_owned();
        let (threshold_ms, prometheus) = match slo.kind {
            SliKind::Latency { threshold_ms } => (Some(threshold_ms), None),
            SliKind::Prometheus(source) => (None, Some(source.into())),
            SliKind::Availability | SliKind::Events | SliKind::CrashFreeSessions => (None, None),
        };
        Self {
            slo_type: slo.slo_type.to_string(),
            kind,
            objective: slo.objective.ratio(),
            window: slo.window.label(),
            time_zone: slo.window.zone().map(str::to_owned),
            scope: slo.scope.into(),
            threshold_ms,
            prometheus,
            count_maintenance: slo.count_maintenance,
            minimum_bad_samples: Some(slo.minimum_bad_samples),
            thresholds: Some(ThresholdsBody { warning: slo.thresholds.warning, critical: slo.thresholds.critical }),
            tiers: Some(slo.tiers.into_iter().map(TierBody::from).collect()),
            public: slo.public,
        }
    }
}

impl From<SloConfig> for SloConfigView {
    fn from(config: SloConfig) -> Self {
        Self { version: config.version, objectives: config.objectives.into_iter().map(SloBody::from).collect() }
    }
}
