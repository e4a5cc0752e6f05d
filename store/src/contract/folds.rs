//! Cases on folding hours into rollups.

use std::sync::Arc;

use futures_util::future::join_all;

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::rollup::Rollup;
use plimsoll_domain::sample::SampleStatus;
use plimsoll_domain::time::{Day, Hour};

use crate::contract::given::{batch, good, held, hour, hour_key, id, sample, successes};
use crate::contract::{Case, cases};
use crate::{Fold, Store, UnfoldedHour};

pub(super) const CASES: &[Case] = cases![
    an_hour_with_new_samples_waits_to_be_folded,
    unfolded_hours_are_the_oldest_of_these_tenants_up_to_a_limit,
    a_folded_hour_no_longer_waits_and_has_its_rollups,
    a_change_in_between_keeps_the_hour_waiting,
    an_older_revision_never_replaces_a_newer,
    folding_again_is_harmless,
    the_day_is_the_merge_of_its_hours,
    a_late_sample_renews_its_hour_and_its_day,
    folds_at_once_leave_a_whole_day,
    folds_of_one_hour_at_once_leave_the_newest,
    rollups_of_two_tenants_do_not_mix,
];

pub(super) async fn unfolded(store: &Arc<dyn Store>, tenant: &TenantId) -> Vec<UnfoldedHour> {
    store.unfolded_hours(std::slice::from_ref(tenant), hour().plus(1_000), 1_000).await.expect("reads")
}

fn folded(unfolded: &UnfoldedHour) -> Fold {
    let rollup = Rollup::of_hour(unfolded.key.hour, &unfolded.samples);
    Fold { key: unfolded.key.clone(), revision: unfolded.revision, rollup }
}

pub(super) async fn fold_all(store: &Arc<dyn Store>, tenant: &TenantId) -> Vec<Fold> {
    let folds: Vec<_> = unfolded(store, tenant).await.iter().map(folded).collect();
    store.finish_folds(&folds).await.expect("folds");
    folds
}

async fn hour_rollup(store: &Arc<dyn Store>, tenant: &TenantId, hour: Hour) -> Option<Rollup> {
    hour_rollup_of(store, tenant, "api", hour).await
}

pub(super) async fn hour_rollup_of(
    store: &Arc<dyn Store>,
    tenant: &TenantId,
    series: &str,
    hour: Hour,
) -> Option<Rollup> {
    let key = hour_key(tenant, series, hour);
    store.hour_rollups(std::slice::from_ref(&key)).await.expect("reads").remove(&key)
}

async fn days(store: &Arc<dyn Store>, tenant: &TenantId) -> Vec<(Day, Rollup)> {
    days_of(store, tenant, "api").await
}

pub(super) async fn days_of(store: &Arc<dyn Store>, tenant: &TenantId, series: &str) -> Vec<(Day, Rollup)> {
    let key = (tenant.clone(), id(series));
    let all = hour().day().plus(-100)..hour().day().plus(100);
    store.day_rollups(std::slice::from_ref(&key), all).await.expect("reads").remove(&key).unwrap_or_default()
}

async fn an_hour_with_new_samples_waits_to_be_folded(store: Arc<dyn Store>) {
    let tenant = id("folds-wait");
    assert_eq!(unfolded(&store, &tenant).await, []);
    store.record_samples(&batch(&tenant, "api", good(hour(), [1, 2]))).await.expect("records");
    let waiting = unfolded(&store, &tenant).await;
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].key, hour_key(&tenant, "api", hour()));
    assert_eq!(waiting[0].samples, held(good(hour(), [1, 2])));
    assert_eq!(hour_rollup(&store, &tenant, hour()).await, None);
    assert_eq!(days(&store, &tenant).await, []);
}

async fn unfolded_hours_are_the_oldest_of_these_tenants_up_to_a_limit(store: Arc<dyn Store>) {
    let tenants: [TenantId; 3] = [id("folds-oldest-a"), id("folds-oldest-b"), id("folds-oldest-c")];
    for (index, tenant) in (0..).zip(&tenants) {
        for offset in [2, 0, 1] {
            let hour = hour().plus(offset * 3 + index);
            store.record_samples(&batch(tenant, "api", good(hour, [1]))).await.expect("records");
        }
    }
    let offsets = |unfolded: Vec<UnfoldedHour>| -> Vec<_> {
        unfolded.iter().map(|unfolded| unfolded.key.hour.number() - hour().number()).collect()
    };
    let some = store.unfolded_hours(&tenants[..2], hour().plus(7), 100).await.expect("reads");
    assert_eq!(offsets(some), [0, 1, 3, 4, 6], "before the hour, and not of the third tenant");
    let first = store.unfolded_hours(&tenants, hour().plus(100), 4).await.expect("reads");
    assert_eq!(offsets(first), [0, 1, 2, 3]);
    assert_eq!(store.unfolded_hours(&[], hour().plus(100), 100).await.expect("reads"), []);
}

async fn a_folded_hour_no_longer_waits_and_has_its_rollups(store: Arc<dyn Store>) {
    let tenant = id("folds-done");
    let samples = [sample(hour(), 0, SampleStatus::Down), sample(hour(), 1, SampleStatus::Operational)];
    store.record_samples(&batch(&tenant, "api", samples.to_vec())).await.expect("records");
    fold_all(&store, &tenant).await;
    assert_eq!(unfolded(&store, &tenant).await, []);
    let rollup = Rollup::of_hour(hour(), &held(samples));
    assert_eq!(hour_rollup(&store, &tenant, hour()).await, Some(rollup.clone()));
    assert_eq!(days(&store, &tenant).await, [(hour().day(), rollup)]);
    let key = (tenant.clone(), id("api"));
    let before = store.day_rollups(std::slice::from_ref(&key), hour().day().plus(-9)..hour().day()).await;
    assert!(before.expect("reads").values().all(Vec::is_empty), "the end of the range is not in it");
}

async fn a_change_in_between_keeps_the_hour_waiting(store: Arc<dyn Store>) {
    let tenant = id("folds-change");
    store.record_samples(&batch(&tenant, "api", good(hour(), [1]))).await.expect("records");
    let fold = folded(&unfolded(&store, &tenant).await[0]);
    store.record_samples(&batch(&tenant, "api", good(hour(), [2]))).await.expect("records");
    store.finish_folds(std::slice::from_ref(&fold)).await.expect("folds");
    assert_eq!(hour_rollup(&store, &tenant, hour()).await, Some(fold.rollup), "it is better than none");
    let waiting = unfolded(&store, &tenant).await;
    assert_eq!(waiting.len(), 1);
    assert!(waiting[0].revision > fold.revision);
    assert_eq!(waiting[0].samples.len(), 2);
}

async fn an_older_revision_never_replaces_a_newer(store: Arc<dyn Store>) {
    let tenant = id("folds-older");
    store.record_samples(&batch(&tenant, "api", good(hour(), [1]))).await.expect("records");
    let old = folded(&unfolded(&store, &tenant).await[0]);
    store.record_samples(&batch(&tenant, "api", good(hour(), [2]))).await.expect("records");
    let new = fold_all(&store, &tenant).await.remove(0);
    store.finish_folds(&[old]).await.expect("does nothing");
    assert_eq!(hour_rollup(&store, &tenant, hour()).await, Some(new.rollup.clone()));
    assert_eq!(days(&store, &tenant).await, [(hour().day(), new.rollup)]);
    assert_eq!(unfolded(&store, &tenant).await, []);
}

async fn folding_again_is_harmless(store: Arc<dyn Store>) {
    let tenant = id("folds-again");
    store.record_samples(&batch(&tenant, "api", good(hour(), 0..60))).await.expect("records");
    let folds = fold_all(&store, &tenant).await;
    for _ in 0..2 {
        store.finish_folds(&folds).await.expect("folds");
        assert_eq!(days(&store, &tenant).await, [(hour().day(), folds[0].rollup.clone())]);
    }
    store.finish_folds(&[]).await.expect("does nothing");
}

async fn the_day_is_the_merge_of_its_hours(store: Arc<dyn Store>) {
    let tenant = id("folds-day");
    let first = hour().day().first_hour();
    for offset in -1..25 {
        let hour = first.plus(offset);
        let mut samples = good(hour, (offset + 1)..50);
        samples.push(sample(hour, 55, SampleStatus::Down));
        store.record_samples(&batch(&tenant, "api", samples)).await.expect("records");
    }
    let folds = fold_all(&store, &tenant).await;
    assert_eq!(folds.len(), 26);
    let stored = days(&store, &tenant).await;
    assert_eq!(stored.iter().map(|(day, _)| *day).collect::<Vec<_>>(), [-1, 0, 1].map(|days| hour().day().plus(days)));
    for (day, rollup) in stored {
        let mut whole = Rollup::default();
        folds.iter().filter(|fold| fold.key.hour.day() == day).for_each(|fold| whole.merge(&fold.rollup));
        assert_eq!(rollup, whole);
    }
}

async fn a_late_sample_renews_its_hour_and_its_day(store: Arc<dyn Store>) {
    let tenant = id("folds-late");
    for offset in 0..2 {
        store.record_samples(&batch(&tenant, "api", good(hour().plus(offset), [1]))).await.expect("records");
    }
    fold_all(&store, &tenant).await;
    let late = vec![sample(hour(), 2, SampleStatus::Down)];
    store.record_samples(&batch(&tenant, "api", late)).await.expect("records");
    let folds = fold_all(&store, &tenant).await;
    assert_eq!(folds.len(), 1, "only the hour that changed is folded again");
    let (_, day) = days(&store, &tenant).await.remove(0);
    assert_eq!((day.counts.normal.operational, day.counts.normal.down, day.latency.count()), (2, 1, 2));
}

async fn folds_at_once_leave_a_whole_day(store: Arc<dyn Store>) {
    let tenant = id("folds-race");
    let first = hour().day().first_hour();
    for offset in 0..12 {
        store.record_samples(&batch(&tenant, "api", good(first.plus(offset), [1, 2]))).await.expect("records");
    }
    let folds: Vec<_> = unfolded(&store, &tenant).await.iter().map(folded).collect();
    let answers = join_all(folds.iter().map(|fold| store.finish_folds(std::slice::from_ref(fold)))).await;
    assert_eq!(successes(&answers), 12, "{answers:?}");
    let (_, day) = days(&store, &tenant).await.remove(0);
    assert_eq!((day.counts.normal.operational, day.latency.count()), (24, 24));
}

async fn folds_of_one_hour_at_once_leave_the_newest(store: Arc<dyn Store>) {
    for race in 0..20 {
        let tenant = id(&format!("folds-newest-{race}"));
        let mut folds = Vec::new();
        for second in 1..=4 {
            store.record_samples(&batch(&tenant, "api", good(hour(), [second]))).await.expect("records");
            folds.push([folded(&unfolded(&store, &tenant).await[0])]);
        }
        let answers = join_all(folds.iter().map(|fold| store.finish_folds(fold))).await;
        assert_eq!(successes(&answers), 4, "{answers:?}");
        assert_eq!(hour_rollup(&store, &tenant, hour()).await.as_ref(), Some(&folds[3][0].rollup), "race {race}");
        assert_eq!(unfolded(&store, &tenant).await, []);
    }
}

async fn rollups_of_two_tenants_do_not_mix(store: Arc<dyn Store>) {
    let (ours, theirs) = (id("folds-tenant-a"), id("folds-tenant-b"));
    store.record_samples(&batch(&ours, "api", good(hour(), [1]))).await.expect("records");
    store.record_samples(&batch(&theirs, "api", good(hour(), [1, 2]))).await.expect("records");
    fold_all(&store, &ours).await;
    assert_eq!(hour_rollup(&store, &theirs, hour()).await, None);
    assert_eq!(days(&store, &theirs).await, []);
    assert_eq!(unfolded(&store, &theirs).await.len(), 1);
}
