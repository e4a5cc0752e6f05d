//! Cases of the trait `Snapshots`, and of snapshots as the public reads them.

use std::sync::Arc;

use futures_util::future::join_all;

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::incident::ComponentStatus;
use plimsoll_domain::page::{ComponentFigure, DayFigure, LatencyPoint, StatusSnapshot, Uptime};
use plimsoll_domain::time::Timestamp;

use crate::Store;
use crate::contract::given::{at, id, incident, noon, successes};
use crate::contract::{Case, cases};

pub(super) const CASES: &[Case] = cases![
    a_snapshot_reads_back,
    an_older_snapshot_never_replaces_a_newer,
    touching_a_snapshot_moves_only_its_time_and_only_forward,
    a_snapshot_of_a_clock_that_was_wrong_gives_way,
    snapshots_at_once_leave_the_newest,
    the_times_of_all_snapshots_are_listed,
];

fn snapshot(tenant: &TenantId, name: &str, as_of: Timestamp) -> StatusSnapshot {
    let whole = Uptime { ratio: Some(1.0 / 3.0), coverage: 1.0 };
    let today = DayFigure { date: noon().day(), status: ComponentStatus::Unknown, uptime: None, coverage: 0.0 };
    let figure = ComponentFigure {
        id: id("api"),
        name: "API".to_owned(),
        group: None,
        description: Some("Answers.".to_owned()),
        status: ComponentStatus::UnderMaintenance,
        since: Some(at(-3)),
        created_at: None,
        last_30_days: whole,
        last_90_days: Uptime { ratio: None, coverage: 0.0 },
        days: vec![today],
        latency: vec![LatencyPoint { at: noon(), p50_ms: 12, p95_ms: 80 }],
    };
    StatusSnapshot {
        tenant: tenant.clone(),
        name: name.to_owned(),
        as_of,
        interval_seconds: 60,
        overall: ComponentStatus::PartialOutage,
        components: vec![figure],
        incidents: vec![incident(tenant, "a", as_of)],
        maintenances: Vec::new(),
        slos: Vec::new(),
    }
}

async fn put(store: &Arc<dyn Store>, snapshot: &StatusSnapshot) {
    store.put_snapshots(std::slice::from_ref(snapshot)).await.expect("stores");
}

async fn stored(store: &Arc<dyn Store>, tenant: &TenantId) -> Option<StatusSnapshot> {
    store.snapshot(tenant).await.expect("reads")
}

async fn a_snapshot_reads_back(store: Arc<dyn Store>) {
    let tenants: [TenantId; 2] = [id("snapshot-back-a"), id("snapshot-back-b")];
    assert_eq!(stored(&store, &tenants[0]).await, None);
    let snapshots = tenants.each_ref().map(|tenant| snapshot(tenant, tenant.as_str(), at(1)));
    for _ in 0..2 {
        store.put_snapshots(&snapshots).await.expect("stores");
        for (tenant, snapshot) in tenants.iter().zip(&snapshots) {
            assert_eq!(stored(&store, tenant).await.as_ref(), Some(snapshot));
        }
    }
    store.put_snapshots(&[]).await.expect("stores nothing");
}

async fn an_older_snapshot_never_replaces_a_newer(store: Arc<dyn Store>) {
    let tenant = id("snapshot-older");
    let newer = snapshot(&tenant, "newer", at(2));
    put(&store, &newer).await;
    put(&store, &snapshot(&tenant, "older", at(1))).await;
    assert_eq!(stored(&store, &tenant).await, Some(newer));
    let newest = snapshot(&tenant, "newest", at(3));
    put(&store, &newest).await;
    assert_eq!(stored(&store, &tenant).await, Some(newest));
}

async fn touching_a_snapshot_moves_only_its_time_and_only_forward(store: Arc<dyn Store>) {
    let (tenant, none): (TenantId, TenantId) = (id("snapshot-touch"), id("snapshot-touch-none"));
    let first = snapshot(&tenant, "first", at(1));
    put(&store, &first).await;
    for minute in [5, 5, 3] {
        store.touch_snapshots(&[tenant.clone(), none.clone()], at(minute)).await.expect("touches");
        let expected = StatusSnapshot { as_of: at(5), ..first.clone() };
        assert_eq!(stored(&store, &tenant).await, Some(expected));
    }
    assert_eq!(stored(&store, &none).await, None);
    let times = store.snapshot_times_across_tenants().await.expect("reads");
    assert_eq!((times.get(&tenant), times.get(&none)), (Some(&at(5)), None));

    put(&store, &snapshot(&tenant, "older than the touch", at(4))).await;
    assert_eq!(stored(&store, &tenant).await.map(|snapshot| snapshot.name), Some("first".to_owned()));
    let newest = snapshot(&tenant, "newest", at(6));
    put(&store, &newest).await;
    assert_eq!(stored(&store, &tenant).await, Some(newest));
    store.touch_snapshots(&[], at(9)).await.expect("touches nothing");
}

async fn a_snapshot_of_a_clock_that_was_wrong_gives_way(store: Arc<dyn Store>) {
    let [near, far, touched]: [TenantId; 3] = [id("snapshot-hour"), id("snapshot-ahead"), id("snapshot-ahead-touch")];
    put(&store, &snapshot(&near, "an hour ahead", at(60))).await;
    put(&store, &snapshot(&near, "now", at(0))).await;
    assert_eq!(stored(&store, &near).await.map(|snapshot| snapshot.name), Some("an hour ahead".to_owned()));
    for tenant in [&far, &touched] {
        put(&store, &snapshot(tenant, "far ahead", at(61))).await;
    }
    let now = snapshot(&far, "now", at(0));
    put(&store, &now).await;
    store.touch_snapshots(&[near.clone(), touched.clone()], at(0)).await.expect("touches");
    assert_eq!(stored(&store, &far).await, Some(now));
    let times = store.snapshot_times_across_tenants().await.expect("reads");
    assert_eq!([near, far, touched].map(|tenant| times[&tenant]), [at(60), at(0), at(0)]);
}

async fn snapshots_at_once_leave_the_newest(store: Arc<dyn Store>) {
    for race in 0..40 {
        let tenant = id(&format!("snapshot-race-{race}"));
        let rivals = [3, 8, 1, 7, 2].map(|minute| [snapshot(&tenant, &minute.to_string(), at(minute))]);
        let answers = join_all(rivals.iter().map(|rival| store.put_snapshots(rival))).await;
        assert_eq!(successes(&answers), rivals.len(), "{answers:?}");
        assert_eq!(stored(&store, &tenant).await.as_ref(), Some(&rivals[1][0]), "race {race}");
    }
}

async fn the_times_of_all_snapshots_are_listed(store: Arc<dyn Store>) {
    let (one, other) = (id("snapshot-times-a"), id("snapshot-times-b"));
    put(&store, &snapshot(&one, "one", at(1))).await;
    put(&store, &snapshot(&other, "other", at(2))).await;
    let times = store.snapshot_times_across_tenants().await.expect("reads");
    assert_eq!((times.get(&one), times.get(&other)), (Some(&at(1)), Some(&at(2))));
}
