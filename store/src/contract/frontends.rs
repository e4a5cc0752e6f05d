//! Cases of the traits `Frontends` and `AppCounting`.

use std::ops::Range;
use std::sync::Arc;

use futures_util::future::join_all;

use plimsoll_domain::frontend::{App, AppCounts, Counted, Counts, FrontendApps, RateLimits, SampleRates};
use plimsoll_domain::ids::{AppId, TenantId};
use plimsoll_domain::time::Span;

use crate::Store;
use crate::contract::given::{id, noon, refused, successes};
use crate::contract::{Case, cases};

pub(super) const CASES: &[Case] = cases![
    apps_take_the_place_of_the_version_before,
    of_two_who_change_apps_at_once_one_is_stale,
    apps_of_everybody_are_listed_by_tenant,
    counts_of_the_same_identity_are_replaced,
    counts_are_listed_by_day_and_then_by_source,
    counts_of_two_tenants_and_apps_do_not_mix,
    counts_stay_as_long_as_they_are_of_use,
];

/// An app with everything, and one with nothing that can be left out.
fn apps(tenant: &TenantId, version: u64) -> FrontendApps {
    let full = App {
        id: id("admin"),
        key: "pla_0102".to_owned(),
        name: "Ämnen, \"quoted\" and 漢字".to_owned(),
        dsn: id("https://k3y@sentry.example:9000/errors/here/7"),
        environment: Some("production".to_owned()),
        release: Some("shop@1.2.3+4".to_owned()),
        sample_rates: SampleRates {
            errors: Some(1.0),
            traces: Some(0.1 + 0.2),
            replays_session: Some(0.0),
            replays_on_error: Some(1.0 / 3.0),
        },
        allowed_origins: vec![id("https://*.shop.example"), id("https://shop.example:8443"), id("*")],
        rate_limits: RateLimits { app_per_minute: 1, client_per_minute: 100_000_000 },
        tunnel: Some("/c7/beacon".to_owned()),
        created_at: noon(),
        dsn_since: noon(),
    };
    let bare = App {
        id: id("web"),
        key: "pla_0304".to_owned(),
        name: "Web".to_owned(),
        dsn: id("https://k@h/1"),
        environment: None,
        release: None,
        sample_rates: SampleRates::default(),
        allowed_origins: Vec::new(),
        rate_limits: RateLimits::default(),
        tunnel: None,
        created_at: noon(),
        dsn_since: noon(),
    };
    FrontendApps {
        tenant: tenant.clone(),
        version,
        alias: Some(id("/c7/in")),
        alias_since: Some(noon()),
        apps: vec![full, bare],
    }
}

async fn apps_take_the_place_of_the_version_before(store: Arc<dyn Store>) {
    let (ours, theirs): (TenantId, TenantId) = (id("apps-a"), id("apps-b"));
    assert_eq!(store.frontend_apps(&ours).await.expect("reads"), None);
    refused!(store.put_frontend_apps(&apps(&ours, 2)).await, Stale);
    assert_eq!(store.frontend_apps(&ours).await.expect("reads"), None);
    store.put_frontend_apps(&apps(&ours, 1)).await.expect("stores");
    assert_eq!(store.frontend_apps(&ours).await.expect("reads"), Some(apps(&ours, 1)));
    refused!(store.put_frontend_apps(&apps(&ours, 1)).await, Stale);
    refused!(store.put_frontend_apps(&apps(&ours, 3)).await, Stale);
    let second = FrontendApps { alias: None, apps: Vec::new(), ..apps(&ours, 2) };
    store.put_frontend_apps(&second).await.expect("stores");
    refused!(store.put_frontend_apps(&second).await, Stale);
    assert_eq!(store.frontend_apps(&ours).await.expect("reads"), Some(second));
    assert_eq!(store.frontend_apps(&theirs).await.expect("reads"), None);
}

async fn of_two_who_change_apps_at_once_one_is_stale(store: Arc<dyn Store>) {
    let tenant: TenantId = id("apps-race");
    for version in 1..4 {
        let first = apps(&tenant, version);
        let second = FrontendApps { apps: first.apps[..1].to_vec(), ..first.clone() };
        let rivals = [first, second];
        let answers = join_all(rivals.iter().map(|rival| store.put_frontend_apps(rival))).await;
        assert_eq!(successes(&answers), 1, "{answers:?}");
        let (won, lost) = if answers[0].is_ok() { (0, 1) } else { (1, 0) };
        assert!(matches!(answers[lost], Err(crate::StoreError::Stale { .. })), "{answers:?}");
        assert_eq!(store.frontend_apps(&tenant).await.expect("reads").as_ref(), Some(&rivals[won]));
    }
}

async fn apps_of_everybody_are_listed_by_tenant(store: Arc<dyn Store>) {
    let tenants: [TenantId; 3] = [id("apps-all-a"), id("apps-all-b"), id("apps-all-c")];
    for tenant in tenants.iter().rev() {
        store.put_frontend_apps(&apps(tenant, 1)).await.expect("stores");
    }
    let none = FrontendApps { apps: Vec::new(), ..apps(&tenants[1], 2) };
    store.put_frontend_apps(&none).await.expect("stores");
    let all = store.frontend_apps_across_tenants().await.expect("reads");
    assert!(all.is_sorted_by_key(|apps| apps.tenant.clone()));
    let ours: Vec<_> = all.into_iter().filter(|apps| tenants.contains(&apps.tenant)).collect();
    assert_eq!(ours, [apps(&tenants[0], 1), none, apps(&tenants[2], 1)], "one without apps had some");
}

/// What `source` counted of `app` on the day that is `day` days after 2100-01-01.
fn counted(tenant: &TenantId, app: &str, day: i64, (source, events): (&str, u64)) -> AppCounts {
    let mut counts = Counts::default();
    counts.count(Counted::EventsError, events);
    counts.count(Counted::BytesReceived, 1 << 60);
    AppCounts { tenant: tenant.clone(), app: id(app), day: noon().day().plus(day), source: source.to_owned(), counts }
}

/// The counts of these days, as (day, source, events).
async fn read(store: &Arc<dyn Store>, tenant: &TenantId, app: &str, days: Range<i64>) -> Vec<(i64, String, u64)> {
    let first = noon().day();
    let days = first.plus(days.start)..first.plus(days.end);
    let app: AppId = id(app);
    let found = store.app_counts(tenant, &app, days).await.expect("reads");
    assert!(found.iter().all(|counted| (&counted.tenant, &counted.app) == (tenant, &app)));
    let told = |counted: AppCounts| {
        let day = counted.day.number() - first.number();
        (day, counted.source, counted.counts.of(Counted::EventsError))
    };
    found.into_iter().map(told).collect()
}

async fn counts_of_the_same_identity_are_replaced(store: Arc<dyn Store>) {
    let tenant = id("counts-again");
    let (first, more) = (counted(&tenant, "web", 0, ("one", 1)), counted(&tenant, "web", 0, ("one", 5)));
    for counts in [&first, &first, &more, &more] {
        store.put_app_counts(std::slice::from_ref(counts)).await.expect("stores");
        let days = counts.day..counts.day.plus(1);
        let stored = store.app_counts(&tenant, &counts.app, days).await.expect("reads");
        assert_eq!(stored, std::slice::from_ref(counts));
    }
    let empty = AppCounts { counts: Counts::default(), ..first };
    store.put_app_counts(&[more, empty.clone()]).await.expect("stores");
    let days = empty.day..empty.day.plus(1);
    assert_eq!(store.app_counts(&tenant, &empty.app, days).await.expect("reads"), [empty], "the last one counts");
    store.put_app_counts(&[]).await.expect("stores nothing");
}

async fn counts_are_listed_by_day_and_then_by_source(store: Arc<dyn Store>) {
    let tenant = id("counts-order");
    let all = [(10, "b"), (2, "a"), (10, "B"), (9, "c"), (10, "a-1"), (11, "a")];
    let all: Vec<_> =
        (1..).zip(all).map(|(events, (day, source))| counted(&tenant, "web", day, (source, events))).collect();
    store.put_app_counts(&all).await.expect("stores");
    let names = async |days| {
        let found = read(&store, &tenant, "web", days).await;
        found.into_iter().map(|(day, source, events)| format!("{day} {source} {events}")).collect::<Vec<_>>()
    };
    assert_eq!(names(0..99).await, ["2 a 2", "9 c 4", "10 B 3", "10 a-1 5", "10 b 1", "11 a 6"]);
    assert_eq!(names(9..11).await, ["9 c 4", "10 B 3", "10 a-1 5", "10 b 1"]);
    assert_eq!(names(3..9).await, [""; 0]);
    assert_eq!(names(10..10).await, [""; 0]);
}

async fn counts_of_two_tenants_and_apps_do_not_mix(store: Arc<dyn Store>) {
    let (ours, theirs): (TenantId, TenantId) = (id("counts-a"), id("counts-b"));
    let all = [(&ours, "web", 1), (&ours, "web-2", 2), (&theirs, "web", 3)];
    let all = all.map(|(tenant, app, events)| counted(tenant, app, 0, ("one", events)));
    store.put_app_counts(&all).await.expect("stores");
    for (tenant, app, events) in [(&ours, "web", 1), (&ours, "web-2", 2), (&theirs, "web", 3)] {
        assert_eq!(read(&store, tenant, app, 0..9).await, [(0, "one".to_owned(), events)]);
    }
    assert_eq!(read(&store, &theirs, "web-2", 0..9).await, []);
}

async fn counts_stay_as_long_as_they_are_of_use(store: Arc<dyn Store>) {
    let tenant = id("counts-kept");
    store.put_app_counts(&[counted(&tenant, "web", 0, ("one", 1))]).await.expect("stores");
    let almost = noon().day().plus(400).start().minus(Span::from_seconds(1));
    store.expire_across_tenants(almost).await.expect("expires");
    assert_eq!(read(&store, &tenant, "web", 0..1).await.len(), 1);
}
