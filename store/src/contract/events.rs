//! Cases on recording events of an SLO, reading them and folding them. They share their documents with samples, and so
//! what holds of those by the way they are written is not tried again here.

use std::sync::Arc;

use futures_util::future::join_all;

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::rollup::Rollup;
use plimsoll_domain::sample::{Events, HourSamples, Merged, SampleStatus};
use plimsoll_domain::sketch::Sketch;
use plimsoll_domain::slo::{Slo, SloConfig};
use plimsoll_domain::time::Span;

use crate::contract::folds::{days_of, fold_all, hour_rollup_of, unfolded};
use crate::contract::given::{batch, counted, good, held, held_events, hour, hour_key, id, sample, successes, told};
use crate::contract::{Case, cases};
use crate::{SeriesRecord, Store};

pub(super) const CASES: &[Case] = cases![
    events_are_kept_by_the_hour_with_their_latencies,
    the_first_that_were_told_of_an_instant_stand,
    events_do_not_mix_with_samples_of_the_same_name,
    events_of_two_tenants_and_two_slos_do_not_mix,
    samples_and_events_of_one_hour_are_one_document,
    events_fold_into_hours_and_days_that_say_how_many_hours_had_any,
    late_events_have_their_hour_folded_again,
    events_told_at_once_are_all_kept_and_one_of_each_instant_stands,
    an_hour_of_very_many_events_is_kept_whole,
    events_outlive_their_slo,
];

const CHECKOUT: &str = "slo:checkout";

async fn hour_of(store: &Arc<dyn Store>, tenant: &TenantId, series: &str) -> Option<HourSamples> {
    let key = hour_key(tenant, series, hour());
    store.sample_hours(std::slice::from_ref(&key)).await.expect("reads").remove(&key)
}

async fn record(store: &Arc<dyn Store>, records: &[SeriesRecord]) -> (u64, u64) {
    let merged = store.record_samples(records).await.expect("records");
    (merged.accepted, merged.duplicate)
}

async fn events_are_kept_by_the_hour_with_their_latencies(store: Arc<dyn Store>) {
    let tenant = id("events-hours");
    let at_once = hour().start().plus(Span::from_seconds(59));
    let first = vec![
        counted(hour(), 30, 1_000, 7),
        Events { at: at_once, good: 0, bad: 0, maintenance: true, latency: Sketch::default() },
        Events { good: u64::MAX, bad: u64::MAX, ..counted(hour(), 0, 0, 0) },
        Events { at: hour().end().minus(Span::from_seconds(1)), maintenance: true, ..counted(hour(), 0, 3, 0) },
    ];
    let next = vec![counted(hour().plus(1), 0, 2, 1)];
    let all = next.iter().chain(&first).cloned().collect();
    assert_eq!(record(&store, &told(&tenant, "checkout", all)).await, (5, 0));
    let keys = [0, 1, 2].map(|hours| hour_key(&tenant, CHECKOUT, hour().plus(hours)));
    let stored = store.sample_hours(&keys).await.expect("reads");
    assert_eq!(stored.len(), 2, "an hour without events is left out");
    assert_eq!(stored.get(&keys[0]), Some(&held_events(first)));
    assert_eq!(stored.get(&keys[1]), Some(&held_events(next)));
}

async fn the_first_that_were_told_of_an_instant_stand(store: Arc<dyn Store>) {
    let tenant = id("events-again");
    let first = counted(hour(), 5, 10, 1);
    let others = [
        first.clone(),
        Events { good: 11, ..first.clone() },
        Events { bad: 0, ..first.clone() },
        Events { maintenance: true, ..first.clone() },
        Events { latency: Sketch::default(), ..first.clone() },
    ];
    let twice = [told(&tenant, "checkout", vec![first.clone()]), told(&tenant, "checkout", others[1..2].to_vec())];
    assert_eq!(record(&store, &twice.concat()).await, (1, 1), "in one batch too");
    let before = unfolded(&store, &tenant).await;
    for other in others {
        assert_eq!(record(&store, &told(&tenant, "checkout", vec![other])).await, (0, 1));
    }
    assert_eq!(unfolded(&store, &tenant).await, before, "what changes nothing is no change");
    let next = counted(hour(), 4, 1, 0);
    assert_eq!(record(&store, &told(&tenant, "checkout", vec![first.clone(), next.clone()])).await, (1, 1));
    assert_eq!(hour_of(&store, &tenant, CHECKOUT).await, Some(held_events([next, first])));
    assert_eq!(unfolded(&store, &tenant).await[0].revision, before[0].revision + 1);
}

async fn events_do_not_mix_with_samples_of_the_same_name(store: Arc<dyn Store>) {
    let tenant = id("events-name");
    let mut all = told(&tenant, "api", vec![counted(hour(), 1, 5, 1)]);
    all.extend(batch(&tenant, "api", good(hour(), [1, 2])));
    assert_eq!(record(&store, &all).await, (3, 0));
    assert_eq!(hour_of(&store, &tenant, "slo:api").await, Some(held_events([counted(hour(), 1, 5, 1)])));
    assert_eq!(hour_of(&store, &tenant, "api").await, Some(held(good(hour(), [1, 2]))));
    let mut waiting: Vec<_> = unfolded(&store, &tenant).await.into_iter().map(|waiting| waiting.key).collect();
    waiting.sort();
    assert_eq!(waiting, ["api", "slo:api"].map(|series| hour_key(&tenant, series, hour())));
    fold_all(&store, &tenant).await;
    let event = days_of(&store, &tenant, "slo:api").await.remove(0).1.counts;
    let sampled = days_of(&store, &tenant, "api").await.remove(0).1.counts;
    assert_eq!((event.normal.operational, event.normal.down, event.event_hours), (5, 1, 1));
    assert_eq!((sampled.normal.operational, sampled.normal.down, sampled.event_hours), (2, 0, 0));
}

async fn events_of_two_tenants_and_two_slos_do_not_mix(store: Arc<dyn Store>) {
    let (ours, theirs) = (id("events-tenant-a"), id("events-tenant-b"));
    let parts = [(&ours, "checkout", 1), (&ours, "latency_p95", 2), (&theirs, "checkout", 3)];
    let of = |(tenant, slo, good)| told(tenant, slo, vec![counted(hour(), 1, good, 0)]);
    assert_eq!(record(&store, &parts.map(of).concat()).await, (3, 0));
    for (tenant, slo, good) in parts {
        let stored = hour_of(&store, tenant, &format!("slo:{slo}")).await;
        assert_eq!(stored, Some(held_events([counted(hour(), 1, good, 0)])));
    }
    assert_eq!(hour_of(&store, &theirs, "slo:latency_p95").await, None);
    fold_all(&store, &ours).await;
    assert_eq!(hour_rollup_of(&store, &theirs, CHECKOUT, hour()).await, None);
    assert_eq!(days_of(&store, &theirs, CHECKOUT).await, []);
}

async fn samples_and_events_of_one_hour_are_one_document(store: Arc<dyn Store>) {
    let tenant: TenantId = id("events-both");
    let (samples, events) = (good(hour(), [1, 2]), vec![counted(hour(), 1, 5, 1)]);
    let mut both = held(samples.clone());
    both.merge_events(events.clone());
    let record_both = SeriesRecord { tenant: tenant.clone(), series: id(CHECKOUT), samples, events };
    assert_eq!(record(&store, &[record_both]).await, (3, 0));
    let waiting = unfolded(&store, &tenant).await;
    assert_eq!(waiting.len(), 1);
    assert_eq!((&waiting[0].samples, waiting[0].revision), (&both, 1));
    let late = sample(hour(), 3, SampleStatus::Down);
    let late_record = SeriesRecord { samples: vec![late], ..told(&tenant, "checkout", Vec::new()).remove(0) };
    assert_eq!(record(&store, &[late_record]).await, (1, 0));
    both.merge([late]);
    assert_eq!(hour_of(&store, &tenant, CHECKOUT).await, Some(both), "the events are still there");
}

async fn events_fold_into_hours_and_days_that_say_how_many_hours_had_any(store: Arc<dyn Store>) {
    let tenant = id("events-fold");
    let first = hour().day().first_hour();
    // Three hours of the day, of which one holds two; two of the day after.
    let normal = [(0, 1), (0, 2), (7, 0), (23, 59), (24, 0), (47, 59)]
        .map(|(offset, minute)| counted(first.plus(offset), minute, 10, 1));
    let maintenance = Events { maintenance: true, ..counted(first.plus(7), 30, 4, 2) };
    let all: Vec<_> = normal.into_iter().chain([maintenance]).collect();
    record(&store, &told(&tenant, "checkout", all)).await;
    let folds = fold_all(&store, &tenant).await;
    assert_eq!(folds.len(), 5);
    assert_eq!(unfolded(&store, &tenant).await, []);
    for fold in &folds {
        let stored = hour_rollup_of(&store, &tenant, CHECKOUT, fold.key.hour).await;
        assert_eq!(stored.as_ref(), Some(&fold.rollup));
        assert_eq!(fold.rollup.counts.event_hours, 1);
    }
    let days = days_of(&store, &tenant, CHECKOUT).await;
    let mut whole = Rollup::default();
    folds[..3].iter().for_each(|fold| whole.merge(&fold.rollup));
    assert_eq!(days[0], (hour().day(), whole));
    let figures = |rollup: &Rollup| {
        let counts = rollup.counts;
        (
            counts.normal.good(),
            counts.normal.down,
            counts.maintenance.good(),
            counts.maintenance.down,
            counts.event_hours,
        )
    };
    assert_eq!(days.iter().map(|(_, day)| figures(day)).collect::<Vec<_>>(), [(40, 4, 4, 2, 3), (20, 2, 0, 0, 2)]);
    assert_eq!((days[0].1.latency.count(), days[0].1.maintenance_latency.count()), (40, 4));
}

async fn late_events_have_their_hour_folded_again(store: Arc<dyn Store>) {
    let tenant = id("events-late");
    let of = |offset, minute| told(&tenant, "checkout", vec![counted(hour().plus(offset), minute, 10, 1)]);
    record(&store, &[of(0, 1), of(1, 1)].concat()).await;
    fold_all(&store, &tenant).await;
    record(&store, &of(0, 1)).await;
    assert_eq!(unfolded(&store, &tenant).await, [], "what is known already is not late");
    record(&store, &of(0, 2)).await;
    let folds = fold_all(&store, &tenant).await;
    assert_eq!(folds.iter().map(|fold| fold.key.hour).collect::<Vec<_>>(), [hour()]);
    let (_, day) = days_of(&store, &tenant, CHECKOUT).await.remove(0);
    assert_eq!((day.counts.normal.good(), day.counts.normal.down, day.counts.event_hours), (30, 3, 2));
}

async fn events_told_at_once_are_all_kept_and_one_of_each_instant_stands(store: Arc<dyn Store>) {
    let tenant: TenantId = id("events-race");
    // Each of the sixty minutes is told by three writers, who do not agree.
    let told_by = |writer: i64| -> Vec<_> {
        let figure = u64::try_from(writer).expect("a writer");
        (0..6).map(|step| counted(hour(), (writer * 2 + step) % 60, 100 + figure, figure)).collect()
    };
    let batches: Vec<_> = (0..30).map(|writer| told(&tenant, "checkout", told_by(writer))).collect();
    let answers = join_all(batches.iter().map(|batch| store.record_samples(batch))).await;
    assert_eq!(successes(&answers), 30, "{answers:?}");
    let mut merged = Merged::default();
    answers.into_iter().flatten().for_each(|answer| merged.add(answer));
    assert_eq!((merged.accepted, merged.duplicate), (60, 120));
    let stored = hour_of(&store, &tenant, CHECKOUT).await.expect("is there");
    assert_eq!(stored.events().count(), 60);
    let all: Vec<_> = (0..30).flat_map(told_by).collect();
    assert!(stored.events().all(|events| all.contains(events)), "none is made of two");
}

async fn an_hour_of_very_many_events_is_kept_whole(store: Arc<dyn Store>) {
    let tenant = id("events-many");
    let at = |second| hour().start().plus(Span::from_seconds(second));
    let all: Vec<_> = (0..3_600).map(|second| Events { at: at(second), ..counted(hour(), 0, 200, 1) }).collect();
    assert_eq!(record(&store, &told(&tenant, "checkout", all.clone())).await, (3_600, 0));
    assert_eq!(record(&store, &told(&tenant, "checkout", all[..100].to_vec())).await, (0, 100));
    assert_eq!(hour_of(&store, &tenant, CHECKOUT).await, Some(held_events(all)));
}

async fn events_outlive_their_slo(store: Arc<dyn Store>) {
    let tenant = id("events-outlive");
    let slo = Slo { slo_type: id("checkout"), ..Slo::default_availability() };
    store.put_slo_config(&tenant, &SloConfig { version: 1, objectives: vec![slo] }).await.expect("stores");
    record(&store, &told(&tenant, "checkout", vec![counted(hour(), 1, 1, 0)])).await;
    store.put_slo_config(&tenant, &SloConfig { version: 2, objectives: Vec::new() }).await.expect("stores");
    let later = hour().start().plus(plimsoll_domain::sample::SAMPLE_RETENTION);
    store.expire_across_tenants(later).await.expect("expires");
    assert!(hour_of(&store, &tenant, CHECKOUT).await.is_some());
}
