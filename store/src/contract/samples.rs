//! Cases on recording samples and reading them.

use std::sync::Arc;

use futures_util::future::join_all;

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::sample::{Merged, Sample, SampleStatus};

use crate::contract::given::{batch, good, held, hour, hour_key, id, sample, successes};
use crate::contract::{Case, cases};
use crate::{SeriesRecord, Store};

pub(super) const CASES: &[Case] = cases![
    samples_are_kept_by_the_hour,
    recording_again_changes_nothing,
    unknown_gives_way_and_the_first_known_verdict_stands,
    one_batch_may_name_a_component_twice,
    an_empty_batch_is_recorded,
    samples_recorded_at_once_are_all_kept_and_counted_once,
    samples_of_two_tenants_do_not_mix,
    samples_outlive_their_component,
    a_large_batch_is_recorded_whole,
    expiry_leaves_what_is_within_its_retention,
];

fn accepted(accepted: u64, duplicate: u64) -> Merged {
    Merged { accepted, duplicate, refused: 0 }
}

async fn samples_are_kept_by_the_hour(store: Arc<dyn Store>) {
    let tenant = id("samples-hours");
    let (first, next) = (good(hour(), [59, 0, 30]), good(hour().plus(1), [0]));
    let all: Vec<_> = next.iter().chain(&first).copied().collect();
    let merged = store.record_samples(&batch(&tenant, "api", all)).await.expect("records");
    assert_eq!(merged, accepted(4, 0));
    let keys = [0, 1, 2].map(|hours| hour_key(&tenant, "api", hour().plus(hours)));
    let stored = store.sample_hours(&keys).await.expect("reads");
    assert_eq!(stored.len(), 2, "an hour without samples is left out");
    assert_eq!(stored.get(&keys[0]), Some(&held(first)));
    assert_eq!(stored.get(&keys[1]), Some(&held(next)));
    assert!(store.sample_hours(&[]).await.expect("reads").is_empty());
}

async fn recording_again_changes_nothing(store: Arc<dyn Store>) {
    let tenant = id("samples-again");
    let samples: Vec<_> = good(hour(), 0..10);
    let some = batch(&tenant, "api", samples[..6].to_vec());
    assert_eq!(store.record_samples(&some).await.expect("records"), accepted(6, 0));
    assert_eq!(store.record_samples(&some).await.expect("records"), accepted(0, 6));
    let key = hour_key(&tenant, "api", hour());
    let revision = || async {
        let unfolded = store.unfolded_hours(std::slice::from_ref(&tenant), hour().plus(1), 10).await.expect("reads");
        unfolded[0].revision
    };
    let before = revision().await;
    assert_eq!(store.record_samples(&some).await.expect("records"), accepted(0, 6));
    assert_eq!(revision().await, before, "what changes nothing is no change");
    let all = batch(&tenant, "api", samples.clone());
    assert_eq!(store.record_samples(&all).await.expect("records"), accepted(4, 6));
    assert_eq!(revision().await, before + 1);
    let stored = store.sample_hours(std::slice::from_ref(&key)).await.expect("reads");
    assert_eq!(stored.get(&key), Some(&held(samples)));
}

async fn unknown_gives_way_and_the_first_known_verdict_stands(store: Arc<dyn Store>) {
    use SampleStatus::{Degraded, Down, Operational, Unknown};
    let tenant = id("samples-verdicts");
    let key = hour_key(&tenant, "api", hour());
    let put = |status| {
        let store = Arc::clone(&store);
        let batch = batch(&tenant, "api", vec![sample(hour(), 5, status)]);
        async move { store.record_samples(&batch).await.expect("records").accepted }
    };
    assert_eq!(put(Unknown).await, 1);
    assert_eq!(put(Unknown).await, 0);
    assert_eq!(put(Down).await, 1, "a known verdict takes the place of an unknown one");
    for status in [Operational, Degraded, Unknown] {
        assert_eq!(put(status).await, 0);
    }
    let stored = store.sample_hours(std::slice::from_ref(&key)).await.expect("reads");
    assert_eq!(stored.get(&key), Some(&held([sample(hour(), 5, Down)])));
}

async fn one_batch_may_name_a_component_twice(store: Arc<dyn Store>) {
    let tenant = id("samples-twice");
    let mut parts = batch(&tenant, "api", good(hour(), [1, 2]));
    parts.extend(batch(&tenant, "web", good(hour(), [1])));
    parts.extend(batch(&tenant, "api", good(hour(), [2, 3])));
    assert_eq!(store.record_samples(&parts).await.expect("records"), accepted(4, 1));
    let key = hour_key(&tenant, "api", hour());
    let stored = store.sample_hours(std::slice::from_ref(&key)).await.expect("reads");
    assert_eq!(stored.get(&key), Some(&held(good(hour(), [1, 2, 3]))));
}

async fn an_empty_batch_is_recorded(store: Arc<dyn Store>) {
    assert_eq!(store.record_samples(&[]).await.expect("records"), accepted(0, 0));
    let nothing = batch(&id("samples-empty"), "api", Vec::new());
    assert_eq!(store.record_samples(&nothing).await.expect("records"), accepted(0, 0));
}

async fn samples_recorded_at_once_are_all_kept_and_counted_once(store: Arc<dyn Store>) {
    let tenant: TenantId = id("samples-race");
    // Each minute is recorded by three writers, and every writer records six minutes of the same hour.
    let batches: Vec<_> = (0..30)
        .map(|writer| batch(&tenant, "api", good(hour(), (0..6).map(|step| (writer * 2 + step) % 60))))
        .collect();
    let answers = join_all(batches.iter().map(|batch| store.record_samples(batch))).await;
    assert_eq!(successes(&answers), 30, "{answers:?}");
    let mut merged = Merged::default();
    answers.into_iter().flatten().for_each(|answer| merged.add(answer));
    assert_eq!(merged, accepted(60, 120));
    let key = hour_key(&tenant, "api", hour());
    let stored = store.sample_hours(std::slice::from_ref(&key)).await.expect("reads");
    assert_eq!(stored.get(&key), Some(&held(good(hour(), 0..60))));
}

async fn samples_of_two_tenants_do_not_mix(store: Arc<dyn Store>) {
    let (ours, theirs): (TenantId, TenantId) = (id("samples-tenant-a"), id("samples-tenant-b"));
    store.record_samples(&batch(&ours, "api", good(hour(), [1]))).await.expect("records");
    store.record_samples(&batch(&theirs, "api", good(hour(), [2]))).await.expect("records");
    let keys = [hour_key(&ours, "api", hour()), hour_key(&theirs, "api", hour())];
    let stored = store.sample_hours(&keys).await.expect("reads");
    assert_eq!(stored.get(&keys[0]), Some(&held(good(hour(), [1]))));
    assert_eq!(stored.get(&keys[1]), Some(&held(good(hour(), [2]))));
}

async fn samples_outlive_their_component(store: Arc<dyn Store>) {
    let tenant = id("samples-outlive");
    let component = crate::contract::given::component(&tenant, "api");
    store.create_component(&component).await.expect("creates");
    store.record_samples(&batch(&tenant, "api", good(hour(), [1]))).await.expect("records");
    store.remove_component(&tenant, &component.id).await.expect("removes");
    let key = hour_key(&tenant, "api", hour());
    assert_eq!(store.sample_hours(&[key]).await.expect("reads").len(), 1);
}

async fn a_large_batch_is_recorded_whole(store: Arc<dyn Store>) {
    let tenant: TenantId = id("samples-large");
    let parts: Vec<_> = (0..1_500)
        .map(|index| {
            let sample = Sample { latency_ms: Some(index), ..sample(hour(), 0, SampleStatus::Operational) };
            SeriesRecord::of_component(&tenant, &id(&format!("component-{index}")), vec![sample])
        })
        .collect();
    assert_eq!(store.record_samples(&parts).await.expect("records"), accepted(1_500, 0));
    assert_eq!(store.record_samples(&parts).await.expect("records"), accepted(0, 1_500));
    let keys: Vec<_> = parts.iter().map(|part| hour_key(&tenant, part.series.as_str(), hour())).collect();
    let stored = store.sample_hours(&keys).await.expect("reads");
    assert!(parts.iter().zip(&keys).all(|(part, key)| stored.get(key) == Some(&held(part.samples.clone()))));
}

async fn expiry_leaves_what_is_within_its_retention(store: Arc<dyn Store>) {
    let tenant = id("samples-expiry");
    store.record_samples(&batch(&tenant, "api", good(hour(), [1]))).await.expect("records");
    let later = hour().start().plus(plimsoll_domain::sample::SAMPLE_RETENTION);
    store.expire_across_tenants(later).await.expect("expires");
    let key = hour_key(&tenant, "api", hour());
    assert_eq!(store.sample_hours(&[key]).await.expect("reads").len(), 1);
}
