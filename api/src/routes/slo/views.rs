//! How a measured SLO is shown.

use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use plimsoll_domain::slo::explain::Bucket;
use plimsoll_domain::slo::{Budget, BurnSeverity, Measurement, Quantiles, Slo, SloStatus, TierReading};
use plimsoll_domain::time::Timestamp;

use super::bodies::ScopeBody;

/// A number of events: whole, but where a Prometheus extrapolates.
#[derive(Clone, Copy)]
pub(super) struct Count {
    units: u64,
    parts: u64,
}

impl Count {
    pub(super) const fn new(units: u64, parts: u64) -> Self {
        Self { units, parts }
    }
}

impl Serialize for Count {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.units.is_multiple_of(self.parts) {
            serializer.serialize_u64(self.units / self.parts)
        } else {
            serializer.serialize_f64(self.units as f64 / self.parts as f64)
        }
    }
}

/// One SLO now. A figure is null when there is no data for it; it is never NaN or infinite.
#[derive(Serialize, ToSchema)]
pub(super) struct SloStatusView {
    slo_type: String,
    kind: &'static str,
    objective: f64,
    window: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_zone: Option<&'static str>,
    scope: ScopeBody,
    /// good ÷ valid.
    sli: Option<f64>,
    #[schema(value_type = Option<f64>)]
    good: Option<Count>,
    #[schema(value_type = Option<f64>)]
    valid: Option<Count>,
    /// Whether the SLI is at least the objective.
    compliance: Option<bool>,
    budget: Option<BudgetView>,
    /// `ok`, `warning`, `critical` or `exhausted`.
    #[schema(value_type = Option<String>)]
    status: Option<SloStatus>,
    /// Known ÷ room in the part of the window that has passed: samples ÷ ticks, or hours with events ÷ hours.
    coverage: Option<f64>,
    /// For kind `latency`.
    #[serde(skip_serializing_if = "Option::is_none")]
    latency: Option<LatencyView>,
    #[schema(value_type = Option<String>, format = DateTime)]
    measured_at: Option<Timestamp>,
    /// Why nothing new is known, when that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
    /// The burn tiers, the fastest first.
    tiers: Vec<TierView>,
    /// What it is made of, when asked for with `explain=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    explain: Option<Vec<BucketView>>,
}

#[derive(Serialize, ToSchema)]
struct BudgetView {
    /// Bad events that the objective allows.
    total: f64,
    /// Bad events there were.
    consumed: f64,
    /// 1 when untouched, 0 when used up, negative when overdrawn.
    remaining_ratio: f64,
}

/// How long answers took over the window, in ms, each within 1 %.
#[derive(Serialize, ToSchema)]
pub(super) struct LatencyView {
    #[serde(rename = "p50_ms")]
    p50: f64,
    #[serde(rename = "p95_ms")]
    p95: f64,
    #[serde(rename = "p99_ms")]
    p99: f64,
}

#[derive(Serialize, ToSchema)]
struct TierView {
    long: String,
    short: String,
    /// The burn rate above which it fires.
    factor: f64,
    /// `page` or `ticket`.
    #[schema(value_type = String)]
    severity: BurnSeverity,
    /// Null when it does not fire.
    #[schema(value_type = Option<String>, format = DateTime)]
    firing_since: Option<Timestamp>,
    /// Whether it fires while a faster tier does, and so should not be heard.
    quiet: bool,
}

/// What lies in one stretch of the window. `good` and `valid` of all buckets add up to those of the SLO.
#[derive(Serialize, ToSchema)]
struct BucketView {
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    /// Not in it.
    #[schema(value_type = String, format = DateTime)]
    to: Timestamp,
    #[schema(value_type = f64)]
    good: Count,
    #[schema(value_type = f64)]
    valid: Count,
    /// Samples that tell neither.
    unknown: u64,
    /// Known ones inside announced maintenance, left out of `good` and `valid` unless the SLO counts them.
    #[schema(value_type = f64)]
    maintenance: Count,
}

impl SloStatusView {
    pub(super) fn of(slo: Slo, measured: Option<Measurement>, trouble: Option<String>) -> Self {
        let at = measured.as_ref();
        let sli = at.and_then(Measurement::sli);
        Self {
            slo_type: slo.slo_type.to_string(),
            kind: slo.kind.as_str(),
            objective: slo.objective.ratio(),
            window: slo.window.label(),
            time_zone: slo.window.zone(),
            scope: slo.scope.into(),
            sli,
            good: at.map(|measured| Count::new(measured.good, measured.parts)),
            valid: at.map(|measured| Count::new(measured.valid, measured.parts)),
            compliance: sli.map(|sli| sli >= slo.objective.ratio()),
            budget: at.and_then(|measured| measured.budget).map(BudgetView::from),
            status: at.and_then(|measured| measured.status),
            coverage: at.map(|measured| measured.coverage),
            latency: at.and_then(|measured| measured.latency).map(LatencyView::from),
            measured_at: at.map(|measured| measured.at),
            trouble,
            tiers: measured.into_iter().flat_map(|measured| measured.tiers).map(TierView::from).collect(),
            explain: None,
        }
    }

    /// The same, with the buckets it is made of.
    pub(super) fn explained(self, buckets: &[Bucket], slo: &Slo) -> Self {
        let parts = slo.kind.parts();
        let view = |bucket: &Bucket| {
            let sli = plimsoll_domain::slo::Sli::of(&bucket.counts, slo.count_maintenance);
            BucketView {
                from: bucket.from,
                to: bucket.to,
                good: Count::new(sli.good, parts),
                valid: Count::new(sli.valid, parts),
                unknown: bucket.counts.all().unknown,
                maintenance: Count::new(bucket.counts.maintenance.known(), parts),
            }
        };
        Self { explain: Some(buckets.iter().map(view).collect()), ..self }
    }
}

impl From<Budget> for BudgetView {
    fn from(budget: Budget) -> Self {
        Self { total: budget.total, consumed: budget.consumed, remaining_ratio: budget.remaining_ratio }
    }
}

impl From<Quantiles> for LatencyView {
    fn from(latency: Quantiles) -> Self {
        Self { p50: latency.p50, p95: latency.p95, p99: latency.p99 }
    }
}

impl From<TierReading> for TierView {
    fn from(tier: TierReading) -> Self {
        Self {
            long: tier.long.to_string(),
            short: tier.short.to_string(),
            factor: tier.factor,
            severity: tier.severity,
            firing_since: tier.firing_since,
            quiet: tier.quiet,
        }
    }
}
