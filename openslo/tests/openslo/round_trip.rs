//! There and back: what we write is what we read.

use proptest::prelude::*;

use plimsoll_domain::slo::{Objective, Scope, SliKind, Slo, SloConfig, Window};
use plimsoll_domain::time::Span;
use plimsoll_openslo::{read, write};

use crate::strategies::{any_config, any_tenant, components_of};

proptest! {
    #[test]
    fn what_was_written_is_read_unchanged(config in any_config(6), tenant in any_tenant()) {
        prop_assert_eq!(config.validate(), Ok(()));
        let yaml = write(&config, &tenant);
        prop_assert_eq!(read(&yaml, &components_of(&config)), Ok(config.objectives), "{}", yaml);
    }
}

fn acme() -> plimsoll_domain::ids::TenantId {
    "acme".parse().expect("a valid id")
}

#[test]
fn the_defaults_come_back_and_so_does_a_tenant_that_promises_nothing() {
    for config in [SloConfig::default(), SloConfig { version: 7, objectives: Vec::new() }] {
        assert_eq!(read(&write(&config, &acme()), &[]), Ok(config.objectives));
    }
}

#[test]
fn what_slos_share_is_written_once() {
    let yaml = write(&SloConfig::default(), &acme());
    let count = |kind: &str| yaml.lines().filter(|line| *line == format!("kind: {kind}")).count();
    let counts = ["Service", "AlertNotificationTarget", "AlertCondition", "AlertPolicy", "SLO"].map(count);
    assert_eq!(counts, [1, 1, 4, 4, 3]);
}

#[test]
fn as_many_slos_as_a_tenant_may_have_are_read_again() {
    let slo = |number: i64| {
        let name = format!("slo_{number}").parse().expect("a valid name");
        // Windows of their own give each of them tiers of their own.
        let window = Window::Rolling(Span::minutes(30 * 24 * 60 + number));
        Slo { window, ..Slo::new(name, SliKind::Events, Objective::THREE_NINES) }
    };
    let config = SloConfig { version: 1, objectives: (0..200).map(slo).collect() };
    assert_eq!(read(&write(&config, &acme()), &[]), Ok(config.objectives));
}

/// The default configuration, written, with `from` replaced by `to` wherever it stands; read.
fn edited(from: &str, to: &str) -> Vec<Slo> {
    let yaml = write(&SloConfig::default(), &acme());
    assert!(yaml.contains(from), "{from}");
    read(&yaml.replace(from, to), &[]).expect("still valid")
}

#[test]
fn an_edit_by_another_tool_is_what_counts() {
    assert_eq!(edited("target: 0.999", "target: 0.99")[0].objective.ratio().to_string(), "0.99");
    assert_eq!(edited("duration: 30d", "duration: 2w")[2].window, Window::Rolling(Span::days(14)));
    assert_eq!(edited("value: 300.0", "value: 250")[1].kind, SliKind::Latency { threshold_ms: 250.0 });
    assert_eq!(edited("availability\n    plimsoll.dev/m", "events\n    plimsoll.dev/m")[0].kind, SliKind::Events);
    assert_eq!(edited("scope: all", "scope: 'group: EU'")[0].scope, Scope::Group(" EU".to_owned()));
}

#[test]
fn an_edited_alert_makes_the_tiers_ones_own() {
    let slower = &edited("threshold: 14.4", "threshold: 7.2")[0].tiers;
    assert!((slower[0].budget_share - 0.01).abs() < 1e-12 && slower.len() == 4, "{slower:?}");
    let fewer = &edited("  - alertPolicyRef: page-1h-5m\n", "")[0].tiers;
    assert_eq!(fewer[..], Slo::default_availability().tiers[1..]);
}
