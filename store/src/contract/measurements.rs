//! Cases of the trait `Measurements`.

use std::sync::Arc;

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::slo::measurement::{BurnReading, Subject};
use plimsoll_domain::slo::{
    Budget, BurnSeverity, Measurement, Objective, Promise, Quantiles, Sli, Slo, SloStatus, Step, TierReading,
    WindowTotals, measure,
};
use plimsoll_domain::time::{Interval, Span, Tick, Timestamp};

use crate::Store;
use crate::contract::given::{at, id, noon};
use crate::contract::{Case, cases};

pub(super) const CASES: &[Case] = cases![
    a_measurement_reads_back_and_again_is_once,
    the_newest_of_each_slo_is_found,
    a_span_is_read_oldest_first_up_to_a_limit,
    measurements_of_two_tenants_and_slos_do_not_mix,
    what_lies_in_the_future_is_not_the_newest,
    only_steps_that_are_long_enough_are_read,
    measurements_of_full_days_never_expire,
    a_change_of_what_is_promised_is_kept_for_ever,
];

fn measurement(tenant: &TenantId, slo: &str, at: Timestamp) -> Measurement {
    let whole = Sli { good: 43_190, valid: 43_200 };
    let tier = TierReading {
        long: Span::hours(1),
        short: Span::minutes(5),
        factor: 14.4,
        severity: BurnSeverity::Page,
        firing_since: Some(noon()),
        quiet: false,
    };
    Measurement {
        tenant: tenant.clone(),
        slo_type: id(slo),
        at,
        objective: Objective::THREE_NINES,
        window: Span::days(30).into(),
        length: Span::days(30),
        good: whole.good,
        valid: whole.valid,
        parts: 1,
        budget: Budget::of(whole, Objective::THREE_NINES),
        burn: vec![
            BurnReading { window: Span::minutes(5).into(), rate: None },
            BurnReading { window: Span::hours(1).into(), rate: Some(0.1 + 0.2) },
        ],
        tiers: vec![tier, TierReading { firing_since: None, quiet: true, ..tier }],
        status: Some(SloStatus::Ok),
        coverage: 1.0 / 3.0,
        latency: None,
        trouble: None,
        changed: None,
        step: Step::Tick,
    }
}

fn whole_century() -> std::ops::Range<Timestamp> {
    Timestamp::from_millis(0)..noon().plus(Span::days(36_500))
}

async fn a_measurement_reads_back_and_again_is_once(store: Arc<dyn Store>) {
    let (tenant, slo) = (id("measurement-once"), id("availability"));
    let first = measurement(&tenant, "availability", at(1));
    let renewed = Measurement { good: 5, budget: None, status: None, ..first.clone() };
    let other = Measurement {
        window: id("month Europe/Stockholm"),
        length: Span::hours(31 * 24 - 1),
        parts: 1_000_000,
        burn: vec![BurnReading { window: id("quarter America/New_York"), rate: Some(1.0 / 7.0) }],
        latency: Some(Quantiles { p50: 0.0, p95: 100.0 / 3.0, p99: 1e9 / 7.0 }),
        trouble: Some("nobody answers".to_owned()),
        changed: Some(Promise { objective: Objective::THREE_NINES, window: id("week UTC") }),
        step: Step::Day,
        ..first.clone()
    };
    for measured in [&first, &first, &renewed, &other] {
        store.put_measurements(std::slice::from_ref(measured)).await.expect("stores");
        let stored = store.measurements(&tenant, &slo, whole_century(), Step::Tick, 10).await.expect("reads");
        assert_eq!(stored, std::slice::from_ref(measured), "one of the same identity is replaced");
    }
    store.put_measurements(&[]).await.expect("stores nothing");
}

async fn the_newest_of_each_slo_is_found(store: Arc<dyn Store>) {
    let tenant = id("measurement-newest");
    let all = [(9, "a"), (3, "a"), (5, "b"), (7, "c")].map(|(minute, slo)| measurement(&tenant, slo, at(minute)));
    store.put_measurements(&all).await.expect("stores");
    let mut newest = store.latest_measurements(&tenant, &[id("b"), id("a"), id("none")], at(9)).await.expect("reads");
    newest.sort_by_key(|measured| measured.slo_type.clone());
    assert_eq!(newest, [all[0].clone(), all[2].clone()]);
    assert_eq!(store.latest_measurements(&tenant, &[], at(9)).await.expect("reads"), []);
}

async fn a_span_is_read_oldest_first_up_to_a_limit(store: Arc<dyn Store>) {
    let (tenant, slo) = (id("measurement-span"), id("availability"));
    let all: Vec<_> = [4, 2, 5, 1, 3].map(|minute| measurement(&tenant, "availability", at(minute))).into();
    store.put_measurements(&all).await.expect("stores");
    let read = |from, to, limit| {
        let (store, tenant, slo) = (Arc::clone(&store), &tenant, &slo);
        async move {
            let stored = store.measurements(tenant, slo, at(from)..at(to), Step::Tick, limit).await.expect("reads");
            stored.iter().map(|measured| measured.at.millis_since(noon()) / 60_000).collect::<Vec<_>>()
        }
    };
    assert_eq!(read(2, 5, 10).await, [2, 3, 4]);
    assert_eq!(read(0, 60, 2).await, [1, 2]);
    assert_eq!(read(6, 60, 10).await, [0i64; 0]);
}

async fn measurements_of_two_tenants_and_slos_do_not_mix(store: Arc<dyn Store>) {
    let (ours, theirs) = (id("measurement-tenant-a"), id("measurement-tenant-b"));
    let all = [(&ours, "a"), (&ours, "b"), (&theirs, "a")].map(|(tenant, slo)| measurement(tenant, slo, at(1)));
    store.put_measurements(&all).await.expect("stores");
    let stored = store.measurements(&ours, &id("a"), whole_century(), Step::Tick, 10).await.expect("reads");
    assert_eq!(stored, [all[0].clone()]);
    assert_eq!(store.latest_measurements(&theirs, &[id("a"), id("b")], at(1)).await.expect("reads"), [all[2].clone()]);
}

async fn what_lies_in_the_future_is_not_the_newest(store: Arc<dyn Store>) {
    let tenant = id("measurement-until");
    let all = [1, 2, 1_000_000].map(|minute| measurement(&tenant, "a", at(minute)));
    store.put_measurements(&all).await.expect("stores");
    for (until, newest) in [(0, None), (1, Some(0)), (2, Some(1)), (5, Some(1)), (1_000_000, Some(2))] {
        let found = store.latest_measurements(&tenant, &[id("a")], at(until)).await.expect("reads");
        let expected: Vec<_> = newest.map(|index: usize| all[index].clone()).into_iter().collect();
        assert_eq!(found, expected, "{until}");
    }
}

async fn only_steps_that_are_long_enough_are_read(store: Arc<dyn Store>) {
    let (tenant, slo) = (id("measurement-steps"), id("availability"));
    let of = |minute, step| Measurement { step, ..measurement(&tenant, "availability", at(minute)) };
    let all = [(1, Step::Day), (2, Step::Tick), (61, Step::Hour), (62, Step::Tick), (121, Step::Hour)];
    store.put_measurements(&all.map(|(minute, step)| of(minute, step))).await.expect("stores");
    let other = Measurement { step: Step::Day, ..measurement(&tenant, "other", at(3)) };
    store.put_measurements(&[other]).await.expect("stores");
    let read = async |least, span: std::ops::Range<i64>, limit| {
        let span = at(span.start)..at(span.end);
        let stored = store.measurements(&tenant, &slo, span, least, limit).await.expect("reads");
        stored.iter().map(|measured| measured.at.millis_since(noon()) / 60_000).collect::<Vec<_>>()
    };
    assert_eq!(read(Step::Tick, 0..999, 9).await, [1, 2, 61, 62, 121]);
    assert_eq!(read(Step::Hour, 0..999, 9).await, [1, 61, 121]);
    assert_eq!(read(Step::Hour, 1..121, 9).await, [1, 61]);
    assert_eq!(read(Step::Hour, 0..999, 2).await, [1, 61]);
    assert_eq!(read(Step::Day, 0..999, 9).await, [1]);
    store.put_measurements(&[of(2, Step::Hour), of(61, Step::Tick)]).await.expect("replaces");
    assert_eq!(read(Step::Hour, 0..999, 9).await, [1, 2, 121], "the step is replaced too");
}

async fn measurements_of_full_days_never_expire(store: Arc<dyn Store>) {
    let (tenant, slo) = (id("measurement-expiry"), id("availability"));
    let midnight = noon().day().start();
    let all = [(0, Step::Day), (60, Step::Hour), (61, Step::Tick)].map(|(minute, step)| {
        let at = midnight.plus(Span::minutes(minute));
        Measurement { step, ..measurement(&tenant, "availability", at) }
    });
    store.put_measurements(&all).await.expect("stores");
    store.expire_across_tenants(midnight.plus(Span::days(1))).await.expect("expires");
    let stored = store.measurements(&tenant, &slo, whole_century(), Step::Tick, 10).await.expect("reads");
    assert_eq!(stored, all, "nothing is old enough");
}

async fn a_change_of_what_is_promised_is_kept_for_ever(store: Arc<dyn Store>) {
    let tenant = id("measurement-change");
    let before = Slo::default_availability();
    let after = Slo { window: id("month Europe/Stockholm"), ..before.clone() };
    let taken = |slo: &Slo, minute, last: Option<&Measurement>| {
        let tick = Tick::containing(at(minute), Interval::MINUTE);
        let subject = Subject { tenant: &tenant, tick, interval: Interval::MINUTE, components: 1, latency: None };
        measure(slo, &subject, &|_| WindowTotals::default(), last)
    };
    let first = taken(&before, 15, None);
    let second = taken(&before, 16, Some(&first));
    let changed = taken(&after, 17, Some(&second));
    let promise = Promise { objective: before.objective, window: before.window };
    assert_eq!((second.step, changed.step, changed.changed), (Step::Tick, Step::Day, Some(promise)));

    store.put_measurements(&[first.clone(), second, changed.clone()]).await.expect("stores");
    store.expire_across_tenants(at(0).plus(Span::days(999))).await.expect("expires");
    let kept = store.measurements(&tenant, &before.slo_type, whole_century(), Step::Day, 10).await.expect("reads");
    assert_eq!(kept, [first, changed], "in the middle of an hour, and read as of a day");
}
