//! Gauges of SLOs, rendered from what the last tick measured. An SLO that is gone, or of which nothing is known, has
//! none: a gauge that the recorder keeps for ever would go on telling its last value.

use std::sync::Arc;

use arc_swap::ArcSwap;
use metrics_exporter_prometheus::PrometheusBuilder;

/// Most SLOs that have gauges, so that labels stay bounded; how many have none is told by a gauge of its own.
pub const MOST: usize = 5_000;

/// The figures of one SLO; `None` is not known.
#[derive(Clone, Debug, PartialEq)]
pub struct SloFigures {
    /// Whose.
    pub tenant: String,
    /// Its name.
    pub slo_type: String,
    /// good ÷ valid.
    pub compliance: Option<f64>,
    /// 1 when the budget is untouched, negative when it is overdrawn.
    pub budget_remaining: Option<f64>,
    /// By window, e.g. `5m`.
    pub burn: Vec<(String, Option<f64>)>,
}

#[derive(Debug, Default)]
struct Shown {
    figures: Vec<SloFigures>,
    left_out: usize,
}

/// The gauges. Clones share one state.
#[derive(Clone, Debug, Default)]
pub struct SloGauges(Arc<ArcSwap<Shown>>);

impl SloGauges {
    /// Shows these figures, and nothing that was shown before.
    pub fn set(&self, figures: impl ExactSizeIterator<Item = SloFigures>) {
        let left_out = figures.len().saturating_sub(MOST);
        self.0.store(Arc::new(Shown { figures: figures.take(MOST).collect(), left_out }));
    }

    /// The gauges as Prometheus text.
    pub fn render(&self) -> String {
        let recorder = PrometheusBuilder::new().build_recorder();
        let shown = self.0.load();
        metrics::with_local_recorder(&recorder, || {
            shown.figures.iter().for_each(record);
            metrics::gauge!("plimsoll_slo_gauges_left_out").set(shown.left_out as f64);
        });
        recorder.handle().render()
    }
}

fn record(figures: &SloFigures) {
    let labels = [("tenant", figures.tenant.clone()), ("slo_type", figures.slo_type.clone())];
    if let Some(ratio) = figures.compliance {
        metrics::gauge!("plimsoll_slo_compliance_ratio", &labels).set(ratio);
    }
    if let Some(ratio) = figures.budget_remaining {
        metrics::gauge!("plimsoll_error_budget_remaining_ratio", &labels).set(ratio);
    }
    for (window, rate) in &figures.burn {
        if let Some(rate) = rate {
            let [tenant, slo_type] = labels.clone();
            metrics::gauge!("plimsoll_slo_burn_rate", &[tenant, slo_type, ("window", window.clone())]).set(*rate);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(slo_type: &str) -> SloFigures {
        SloFigures {
            tenant: "acme".to_owned(),
            slo_type: slo_type.to_owned(),
            compliance: Some(0.75),
            budget_remaining: None,
            burn: vec![("5m".to_owned(), Some(2.5)), ("1h".to_owned(), None)],
        }
    }

    #[test]
    fn what_is_known_is_shown_and_what_is_gone_is_not() {
        let gauges = SloGauges::default();
        gauges.set([figures("availability"), figures("latency_p95")].into_iter());
        let text = gauges.render();
        assert!(
            text.contains("plimsoll_slo_compliance_ratio{tenant=\"acme\",slo_type=\"availability\"} 0.75"),
            "{text}"
        );
        assert!(text.contains("plimsoll_slo_burn_rate{tenant=\"acme\",slo_type=\"latency_p95\",window=\"5m\"} 2.5"));
        assert!(!text.contains("remaining") && !text.contains("1h") && !text.contains("NaN"));

        gauges.set([figures("latency_p95")].into_iter());
        let text = gauges.render();
        assert!(!text.contains("availability") && text.contains("latency_p95"), "{text}");
    }

    #[test]
    fn gauges_are_bounded_and_say_how_many_are_left_out() {
        let gauges = SloGauges::default();
        let many: Vec<_> = (0..MOST + 3).map(|number| figures(&format!("slo-{number}"))).collect();
        gauges.set(many.into_iter());
        let text = gauges.render();
        assert!(text.contains("plimsoll_slo_gauges_left_out 3"));
        assert_eq!(text.matches("plimsoll_slo_compliance_ratio{").count(), MOST);
    }
}
