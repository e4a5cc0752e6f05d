//! Gauges of tenants and of their SLOs, as the last tick found them. What is gone, or of which nothing is known, has none: a
//! gauge that the recorder keeps for ever would go on telling its last value.
//!
//! They change once a tick and are asked for more often, and there may be tens of thousands: so they become text when they
//! change, and a scrape only takes it. A recorder of their own, filled anew for each scrape, took 60 ms for 3,000 SLOs.

use std::collections::BTreeSet;
use std::sync::Arc;

use arc_swap::ArcSwap;
use metrics::{Key, Label};
use metrics_exporter_prometheus::LabelSet;
use metrics_exporter_prometheus::formatting::{write_help_line, write_metric_line, write_type_line};

use plimsoll_domain::ids::{SloType, TenantId};
use plimsoll_domain::time::Timestamp;

use super::catalogue;

/// Most SLOs that have gauges, so that labels stay bounded; how many have none is told by a gauge of its own.
const MOST_SLOS: usize = 5_000;
/// Most tenants that have gauges, unless somebody says otherwise.
const MOST_TENANTS: usize = 1_000;

/// The figures of one SLO; `None` is not known.
#[derive(Clone, Debug, PartialEq)]
pub struct SloFigures {
    /// Whose.
    pub tenant: TenantId,
    /// Its name.
    pub slo_type: SloType,
    /// What is promised, as a ratio.
    pub objective: f64,
    /// good ÷ valid.
    pub compliance: Option<f64>,
    /// 1 when the budget is untouched, negative when it is overdrawn.
    pub budget_remaining: Option<f64>,
    /// By window, e.g. `5m`.
    pub burn: Vec<(String, Option<f64>)>,
}

/// The gauges. Clones share one state.
#[derive(Clone, Debug)]
pub struct TenantGauges(Arc<Shown>);

#[derive(Debug)]
struct Shown {
    most_tenants: usize,
    slos: ArcSwap<String>,
    certificates: ArcSwap<String>,
}

impl Default for TenantGauges {
    fn default() -> Self {
        Self::new(MOST_TENANTS)
    }
}

impl TenantGauges {
    /// None yet, and later those of the first `most_tenants` tenants of each tick.
    pub fn new(most_tenants: usize) -> Self {
        Self(Arc::new(Shown { most_tenants, slos: ArcSwap::default(), certificates: ArcSwap::default() }))
    }

    /// Shows these SLOs, and none that were shown before.
    pub fn set_slos(&self, figures: impl Iterator<Item = SloFigures>) {
        if self.0.most_tenants == 0 {
            return;
        }
        let (mut shown, mut left_out, mut room) = (Vec::new(), 0_u32, self.room());
        for figures in figures {
            if shown.len() < MOST_SLOS && room.takes(&figures.tenant) {
                let labels = [("tenant", figures.tenant.to_string()), ("slo_type", figures.slo_type.to_string())];
                shown.push((labels_of(labels), figures));
            } else {
                left_out = left_out.saturating_add(1);
            }
        }
        self.0.slos.store(Arc::new(text_of(&shown, left_out)));
    }

    /// Shows when the first certificate of each of these tenants ends, and none that were shown before.
    pub fn set_certificates(&self, ends: impl Iterator<Item = (TenantId, Timestamp)>) {
        let mut room = self.room();
        let shown = ends.filter(|(tenant, _)| room.takes(tenant));
        let shown = shown.map(|(tenant, ends)| (labels_of([("tenant", tenant.to_string())]), ends.seconds()));
        let mut text = String::new();
        let lines: Vec<_> = shown.collect();
        family(&mut text, "plimsoll_certificate_expiry_timestamp_seconds", |line| {
            for (labels, ends) in &lines {
                line.write(labels, *ends as f64);
            }
        });
        self.0.certificates.store(Arc::new(text));
    }

    /// Adds the gauges to Prometheus text.
    pub fn render_onto(&self, text: &mut String) {
        text.push_str(&self.0.slos.load());
        text.push_str(&self.0.certificates.load());
    }

    fn room(&self) -> Room {
        Room { most: self.0.most_tenants, within: BTreeSet::new() }
    }
}

/// The tenants that have gauges: whoever comes first.
struct Room {
    most: usize,
    within: BTreeSet<TenantId>,
}

impl Room {
    fn takes(&mut self, tenant: &TenantId) -> bool {
        self.within.contains(tenant) || (self.within.len() < self.most && self.within.insert(tenant.clone()))
    }
}

fn text_of(shown: &[(LabelSet, SloFigures)], left_out: u32) -> String {
    let mut text = String::new();
    let mut ratios = |name: &str, of: fn(&SloFigures) -> Option<f64>| {
        family(&mut text, name, |line| {
            for (labels, figures) in shown {
                if let Some(ratio) = of(figures) {
                    line.write(labels, ratio);
                }
            }
        });
    };
    ratios("plimsoll_slo_objective_ratio", |figures| Some(figures.objective));
    ratios("plimsoll_slo_compliance_ratio", |figures| figures.compliance);
    ratios("plimsoll_error_budget_remaining_ratio", |figures| figures.budget_remaining);
    family(&mut text, "plimsoll_slo_burn_rate", |line| {
        for (labels, figures) in shown {
            for (window, rate) in &figures.burn {
                if let Some(rate) = rate {
                    line.write_with(labels, Some(("window", window)), *rate);
                }
            }
        }
    });
    family(&mut text, "plimsoll_slo_gauges_left_out", |line| line.write(&labels_of([]), left_out.into()));
    text
}

#[expect(clippy::default_trait_access, reason = "the map is of a crate that is not named here")]
fn labels_of<const MANY: usize>(labels: [(&'static str, String); MANY]) -> LabelSet {
    let labels = labels.map(|(name, value)| Label::new(name, value)).to_vec();
    LabelSet::from_key_and_global(&Key::from_parts("of no name", labels), &Default::default())
}

/// The lines of one metric.
struct Lines<'a> {
    text: &'a mut String,
    name: &'a str,
}

impl Lines<'_> {
    fn write(&mut self, labels: &LabelSet, value: f64) {
        self.write_with(labels, None, value);
    }

    fn write_with(&mut self, labels: &LabelSet, more: Option<(&'static str, &String)>, value: f64) {
        write_metric_line(self.text, self.name, None, labels, more, value, None);
    }
}

/// Adds a gauge with its description, if it has any lines.
fn family(text: &mut String, name: &str, write: impl FnOnce(&mut Lines<'_>)) {
    let before = text.len();
    let help = catalogue::named(name).map_or("", |instrument| instrument.help);
    write_help_line(text, name, None, None, help);
    write_type_line(text, name, None, None, "gauge");
    let head = text.len();
    write(&mut Lines { text, name });
    if text.len() == head {
        text.truncate(before);
    } else {
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(tenant: &str, slo_type: &str) -> SloFigures {
        SloFigures {
            tenant: tenant.parse().expect("slug"),
            slo_type: slo_type.parse().expect("a name"),
            objective: 0.995,
            compliance: Some(0.75),
            budget_remaining: None,
            burn: vec![("5m".to_owned(), Some(2.5)), ("1h".to_owned(), None)],
        }
    }

    fn shown(gauges: &TenantGauges) -> String {
        let mut text = String::new();
        gauges.render_onto(&mut text);
        text
    }

    #[test]
    fn what_is_known_is_shown_and_what_is_gone_is_not() {
        let gauges = TenantGauges::default();
        gauges.set_slos([figures("acme", "availability"), figures("acme", "latency_p95")].into_iter());
        let text = shown(&gauges);
        assert!(text.contains("# HELP plimsoll_slo_objective_ratio What is promised.\n# TYPE plimsoll_slo_objective_ratio gauge\nplimsoll_slo_objective_ratio{tenant=\"acme\",slo_type=\"availability\"} 0.995\n"), "{text}");
        assert!(text.contains("plimsoll_slo_compliance_ratio{tenant=\"acme\",slo_type=\"availability\"} 0.75\n"));
        assert!(text.contains("plimsoll_slo_burn_rate{tenant=\"acme\",slo_type=\"latency_p95\",window=\"5m\"} 2.5\n"));
        assert!(!text.contains("remaining") && !text.contains("1h") && !text.contains("NaN"));

        gauges.set_slos([figures("acme", "latency_p95")].into_iter());
        let text = shown(&gauges);
        assert!(!text.contains("availability") && text.contains("latency_p95"), "{text}");
    }

    #[test]
    fn gauges_are_bounded_and_say_how_many_are_left_out() {
        let gauges = TenantGauges::default();
        gauges.set_slos((0..MOST_SLOS + 3).map(|number| figures("acme", &format!("slo-{number}"))));
        let text = shown(&gauges);
        assert!(text.contains("plimsoll_slo_gauges_left_out 3\n"));
        assert_eq!(text.matches("plimsoll_slo_compliance_ratio{").count(), MOST_SLOS);
    }

    #[test]
    fn only_so_many_tenants_have_any() {
        let gauges = TenantGauges::new(2);
        let many = ["a", "b", "c", "a", "c"].map(|tenant| figures(tenant, "availability"));
        gauges.set_slos(many.into_iter());
        let ends =
            ["a", "c", "d"].map(|tenant| (tenant.parse().expect("slug"), Timestamp::from_seconds(1_800_000_000)));
        gauges.set_certificates(ends.into_iter());
        let text = shown(&gauges);
        assert!(text.contains("plimsoll_slo_gauges_left_out 2\n"), "{text}");
        let ends = |tenant: &str| {
            text.contains(&format!("plimsoll_certificate_expiry_timestamp_seconds{{tenant=\"{tenant}\"}} 1800000000\n"))
        };
        assert!(ends("a") && ends("c") && !ends("d"), "{text}");
        let (of_slos, of_certificates) = text.split_at(text.find("# HELP plimsoll_cert").expect("it is there"));
        assert!(!of_slos.contains("\"c\"") && of_certificates.contains("\"c\""), "{text}");

        gauges.set_certificates(std::iter::empty());
        assert!(!shown(&gauges).contains("certificate"));
    }

    #[test]
    fn where_nobody_has_any_nothing_is_written() {
        let gauges = TenantGauges::new(0);
        gauges.set_slos([figures("acme", "availability")].into_iter());
        assert_eq!(shown(&gauges), "");
    }
}
