//! Cases of the trait `Alerts`.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::join_all;

use plimsoll_domain::alert::feedback::{Feedback, Usefulness};
use plimsoll_domain::alert::{
    Alert, AlertConfig, AlertStatus, Content, Lease, Outcome, Receiver, ReceiverName, Scene, Severity, Signal,
    SignalAction, Verdict, apply,
};
use plimsoll_domain::ids::TenantId;
use plimsoll_domain::maintenance::Maintenance;
use plimsoll_domain::time::Timestamp;

use crate::contract::alert_configs::config;
use crate::contract::given::{at, id};
use crate::contract::silences::silence;
use crate::contract::{Case, cases};
use crate::{AlertFilter, Store};

pub(super) const CASES: &[Case] = cases![
    an_alert_is_stored_once_and_each_version_takes_the_place_of_the_one_before,
    of_two_changes_at_once_one_is_stored,
    one_episode_of_a_key_is_unsettled,
    a_batch_stores_what_it_can_and_says_what,
    what_is_told_is_what_is_stored,
    a_scene_has_what_a_signal_is_judged_by,
    what_is_ready_is_found_by_receiver,
    what_is_finished_is_ready_no_more,
    what_the_clock_may_change_is_found,
    alerts_are_filtered,
    alerts_are_paged_newest_first,
    open_alerts_are_found_by_source_and_by_tenant,
    an_alert_of_any_text_reads_back,
];

fn content(summary: &str) -> Content {
    Content {
        summary: summary.to_owned(),
        severity: Severity::Error,
        source: "contract".to_owned(),
        component: Some("api".to_owned()),
        labels: BTreeMap::from([("team".to_owned(), "core".to_owned())]),
        details: Some(r#"{"a":[1,{"b":null}]}"#.to_owned()),
        runbook_url: None,
    }
}

fn signal(action: SignalAction, key: &str) -> Signal {
    Signal::new(action, key, Some(content("it is down")), "ann")
}

fn after(
    latest: Option<&Alert>,
    tenant: &TenantId,
    signal: &Signal,
    (config, now): (&AlertConfig, Timestamp),
) -> Alert {
    let scene = Scene { config, silences: &[], maintenances: &[], now, lease: &|_| None, trace: None };
    apply(latest, tenant, signal, &scene).alert.expect("it changes something")
}

/// A triggered alert that waits to be sent to `hook` and `mail`.
fn triggered(tenant: &TenantId, key: &str, now: Timestamp) -> Alert {
    after(None, tenant, &signal(SignalAction::Trigger, key), (&config(1), now))
}

/// The alert with everything delivered.
fn delivered(alert: &Alert, now: Timestamp) -> Alert {
    let mut next = alert.next(now);
    for number in alert.deliveries.iter().map(|delivery| delivery.number) {
        let outcome = Outcome::new(Verdict::Delivered, Some(202), "accepted");
        next.finish(number, &outcome, outcome.attempt(now, 12), (now, 0.5));
    }
    next
}

fn resolved(alert: &Alert, now: Timestamp) -> Alert {
    let signal = Signal::new(SignalAction::Resolve, &*alert.dedup_key, None, "ann");
    delivered(&after(Some(alert), &alert.tenant, &signal, (&config(1), now)), now)
}

async fn put(store: &Arc<dyn Store>, alert: &Alert) -> bool {
    store.put_alerts(std::slice::from_ref(alert)).await.expect("answers") == [true]
}

async fn stored(store: &Arc<dyn Store>, alert: &Alert) -> Option<Alert> {
    store.alert(&alert.tenant, &alert.id).await.expect("reads")
}

fn name(text: &str) -> ReceiverName {
    text.parse().expect("a name")
}

async fn an_alert_is_stored_once_and_each_version_takes_the_place_of_the_one_before(store: Arc<dyn Store>) {
    let first = triggered(&id("alert-once"), "db", at(0));
    assert_eq!(stored(&store, &first).await, None);
    let second = delivered(&first, at(1));
    assert!(!put(&store, &second).await, "there is nothing to change");
    assert!(put(&store, &first).await);
    assert!(!put(&store, &first).await);
    assert_eq!(stored(&store, &first).await.as_ref(), Some(&first));
    assert!(put(&store, &second).await);
    assert!(!put(&store, &second).await);
    assert_eq!(stored(&store, &first).await, Some(second.clone()));
    let stolen = Alert { tenant: id("alert-once-other"), ..second };
    assert!(!put(&store, &Alert { version: 3, ..stolen.clone() }).await);
    assert_eq!(stored(&store, &stolen).await, None);
}

async fn of_two_changes_at_once_one_is_stored(store: Arc<dyn Store>) {
    let mut current = triggered(&id("alert-race"), "db", at(0));
    assert!(put(&store, &current).await);
    for round in 1..6 {
        let rivals: Vec<_> = (0..4)
            .map(|index| {
                let mut next = current.next(at(round));
                next.mark = Some(index);
                next
            })
            .collect();
        let answers = join_all(rivals.iter().map(|rival| put(&store, rival))).await;
        assert_eq!(answers.iter().filter(|stored| **stored).count(), 1, "{answers:?}");
        let won = answers.iter().position(|stored| *stored).expect("one won");
        current = rivals[won].clone();
        assert_eq!(stored(&store, &current).await.as_ref(), Some(&current));
    }
}

async fn one_episode_of_a_key_is_unsettled(store: Arc<dyn Store>) {
    let (ours, theirs): (TenantId, TenantId) = (id("alert-episode-a"), id("alert-episode-b"));
    let first = triggered(&ours, "db", at(0));
    let settled = resolved(&delivered(&first, at(1)), at(2));
    assert!(settled.is_settled());
    let second = after(Some(&settled), &ours, &signal(SignalAction::Trigger, "db"), (&config(1), at(20)));
    assert_eq!(second.episode, 2);
    assert!(put(&store, &first).await);
    assert!(!put(&store, &second).await, "the first is not settled");
    assert!(put(&store, &triggered(&ours, "disk", at(0))).await, "another key");
    assert!(put(&store, &triggered(&theirs, "db", at(0))).await, "another tenant");
    for version in 2..settled.version {
        assert!(put(&store, &Alert { version, ..first.clone() }).await);
    }
    assert!(put(&store, &settled).await);
    assert!(put(&store, &second).await);
    let again = Alert { status: AlertStatus::Triggered, ..settled.next(at(30)) };
    assert!(!put(&store, &again).await, "the second is not settled");
    let scene = store.alert_scene(&ours, &["db".to_owned()], at(30)).await.expect("reads");
    assert_eq!(scene.latest["db"].episode, 2);
}

async fn a_batch_stores_what_it_can_and_says_what(store: Arc<dyn Store>) {
    let tenant = id("alert-batch");
    let alerts: Vec<_> = (0..30).map(|number| triggered(&tenant, &format!("k{number}"), at(0))).collect();
    assert!(put(&store, &alerts[7]).await);
    let answers = store.put_alerts(&alerts).await.expect("stores");
    assert!(answers.iter().enumerate().all(|(index, stored)| *stored == (index != 7)), "{answers:?}");
    let next: Vec<_> = alerts.iter().map(|alert| delivered(alert, at(1))).collect();
    assert!(store.put_alerts(&next).await.expect("stores").iter().all(|stored| *stored));
    assert_eq!(store.put_alerts(&[]).await.expect("answers"), Vec::<bool>::new());
}

async fn what_is_told_is_what_is_stored(store: Arc<dyn Store>) {
    let tenant = id("alert-told");
    let alerts: Vec<_> = (0..3).map(|number| triggered(&tenant, &format!("k{number}"), at(0))).collect();
    assert!(put(&store, &alerts[1]).await);
    let (tell, told) = std::sync::mpsc::channel();
    // The receiver is there until the end of the case.
    let hear = Box::new(move |stored: &[bool]| tell.send(stored.to_vec()).expect("somebody listens"));
    let answer = store.put_alerts_and_tell(&alerts, hear).await.expect("stores");
    assert_eq!(answer, [true, false, true]);
    assert_eq!(told.try_recv().expect("it was told before it was answered"), answer);
}

async fn a_scene_has_what_a_signal_is_judged_by(store: Arc<dyn Store>) {
    let (ours, theirs): (TenantId, TenantId) = (id("alert-scene-a"), id("alert-scene-b"));
    let empty = store.alert_scene(&ours, &["db".to_owned()], at(0)).await.expect("reads");
    assert_eq!((empty.config, empty.latest.len()), (AlertConfig::default(), 0));
    store.put_alert_config(&ours, &config(1)).await.expect("stores");
    for tenant in [&ours, &theirs] {
        assert!(put(&store, &triggered(tenant, "db", at(0))).await);
        store.put_silence(&silence(tenant, "now", (at(0), Some(at(10))))).await.expect("stores");
        store.put_silence(&silence(tenant, "over", (at(0), Some(at(5))))).await.expect("stores");
        let maintenance = Maintenance::once(tenant.clone(), id("mnt"), "Disks", vec![id("api")], at(0)..at(8));
        store.create_maintenance(&maintenance).await.expect("stores");
    }
    let keys = ["db", "disk"].map(str::to_owned);
    let scene = store.alert_scene(&ours, &keys, at(5)).await.expect("reads");
    assert_eq!((scene.config, scene.latest.len()), (config(1), 1));
    assert_eq!(scene.latest["db"].tenant, ours);
    let ids: Vec<_> = scene.silences.iter().map(|silence| silence.id.as_str()).collect();
    assert_eq!((ids, scene.maintenances.len()), (vec!["now"], 1));
    assert!(store.alert_scene(&ours, &keys, at(8)).await.expect("reads").maintenances.is_empty());
}

async fn ready(store: &Arc<dyn Store>, tenant: &TenantId, now: Timestamp) -> Vec<String> {
    let found = store.ready_receivers_across_tenants(now).await.expect("reads");
    let mut names: Vec<_> = found.into_iter().filter(|(of, _)| of == tenant).map(|(_, to)| to.to_string()).collect();
    names.sort();
    names
}

async fn what_is_ready_is_found_by_receiver(store: Arc<dyn Store>) {
    let (ours, theirs): (TenantId, TenantId) = (id("alert-ready-a"), id("alert-ready-b"));
    assert!(put(&store, &triggered(&theirs, "db", at(0))).await);
    for (key, minute) in [("late", 2), ("first", 0), ("second", 1)] {
        assert!(put(&store, &triggered(&ours, key, at(minute))).await);
    }
    assert_eq!(ready(&store, &ours, at(-1)).await, Vec::<String>::new());
    assert_eq!(ready(&store, &ours, at(0)).await, ["hook", "mail"]);
    let keys = async |receiver: &str, now: Timestamp, limit: usize| {
        let found = store.ready_alerts(&ours, &name(receiver), now, limit).await.expect("reads");
        found.into_iter().map(|alert| alert.dedup_key).collect::<Vec<_>>()
    };
    assert_eq!(keys("hook", at(1), 10).await, ["first", "second"]);
    assert_eq!(keys("mail", at(9), 10).await, ["first", "second", "late"]);
    assert_eq!(keys("mail", at(9), 2).await, ["first", "second"]);
    assert_eq!(keys("nobody", at(9), 10).await, Vec::<String>::new());
    let backlog = store.backlog_across_tenants().await.expect("reads");
    assert!(backlog.waiting >= 8 && backlog.oldest.is_some_and(|oldest| oldest <= at(0)), "{backlog:?}");
}

async fn what_is_finished_is_ready_no_more(store: Arc<dyn Store>) {
    let tenant = id("alert-leased");
    let first = triggered(&tenant, "db", at(0));
    assert!(put(&store, &first).await);
    let mut leased = first.next(at(1));
    let lease = Lease { holder: "here".to_owned(), until: at(5) };
    assert_eq!(leased.lease(&name("hook"), &lease, at(1)), Some(1));
    assert!(put(&store, &leased).await);
    assert_eq!(ready(&store, &tenant, at(4)).await, ["mail"]);
    assert_eq!(ready(&store, &tenant, at(5)).await, ["hook", "mail"], "its lease has ended");
    let done = delivered(&leased, at(6));
    assert!(put(&store, &done).await);
    assert_eq!(ready(&store, &tenant, at(900)).await, Vec::<String>::new());
}

async fn what_the_clock_may_change_is_found(store: Arc<dyn Store>) {
    let tenant = id("alert-clock");
    let expiring = |key: &str, minutes| Alert { expires_at: Some(at(minutes)), ..triggered(&tenant, key, at(0)) };
    for alert in [expiring("b", 2), expiring("a", 1), expiring("c", 3), triggered(&tenant, "never", at(0))] {
        assert!(put(&store, &alert).await);
    }
    let found = async |now: Timestamp| {
        let found = store.alerts_to_reconsider_across_tenants(now, 10_000).await.expect("reads");
        let ours = found.into_iter().filter(|alert| alert.tenant == tenant);
        ours.map(|alert| alert.dedup_key).collect::<Vec<_>>()
    };
    assert_eq!(found(at(0)).await, Vec::<String>::new());
    assert_eq!(found(at(2)).await, ["a", "b"]);
    assert_eq!(store.alerts_to_reconsider_across_tenants(at(900), 1).await.expect("reads").len(), 1);
}

async fn alerts_are_filtered(store: Arc<dyn Store>) {
    let tenant: TenantId = id("alert-filter");
    let plain = triggered(&tenant, "plain", at(0));
    let worse = |alert: Alert| Alert { content: Content { severity: Severity::Critical, ..alert.content }, ..alert };
    let worse = worse(triggered(&tenant, "worse", at(1)));
    let over = resolved(&delivered(&triggered(&tenant, "over", at(2)), at(3)), at(4));
    let mut dead = triggered(&tenant, "dead", at(3));
    let outcome = Outcome::new(Verdict::Dead, Some(400), "no");
    dead.finish(1, &outcome, outcome.attempt(at(3), 1), (at(3), 0.5));
    let mut elsewhere = triggered(&tenant, "elsewhere", at(4));
    elsewhere.content.component = Some("web".to_owned());
    elsewhere.openings.retain(|opening| opening.receiver.name == name("mail"));
    let (verdict, comment) = (Usefulness::Noise, Some("again".to_owned()));
    elsewhere.feedback = Some(Feedback { verdict, comment, at: at(5), by: "ann".to_owned() });
    for alert in [plain, worse, Alert { version: 1, ..over }, dead, elsewhere] {
        assert!(put(&store, &alert).await, "{}", alert.dedup_key);
    }
    let all = AlertFilter::all(at(0)..at(10));
    let found = async |filter: AlertFilter| {
        let found = store.alerts(&tenant, &filter, None, 100).await.expect("reads");
        found.into_iter().map(|alert| alert.dedup_key).collect::<Vec<_>>()
    };
    assert_eq!(found(all.clone()).await, ["elsewhere", "dead", "over", "worse", "plain"]);
    assert_eq!(found(AlertFilter::all(at(1)..at(3))).await, ["over", "worse"]);
    let all = || all.clone();
    assert_eq!(found(AlertFilter { severity: Some(Severity::Critical), ..all() }).await, ["worse"]);
    assert_eq!(found(AlertFilter { status: Some(AlertStatus::Resolved), ..all() }).await, ["over"]);
    assert_eq!(found(AlertFilter { receiver: Some(name("hook")), ..all() }).await, ["dead", "over", "worse", "plain"]);
    assert_eq!(found(AlertFilter { receiver: Some(name("hoo")), ..all() }).await, Vec::<String>::new());
    assert_eq!(found(AlertFilter { component: Some("web".to_owned()), ..all() }).await, ["elsewhere"]);
    assert_eq!(found(AlertFilter { dedup_key: Some("plain".to_owned()), ..all() }).await, ["plain"]);
    assert_eq!(found(AlertFilter { only_dead: true, ..all() }).await, ["dead"]);
    assert_eq!(found(AlertFilter { only_with_feedback: true, ..all() }).await, ["elsewhere"]);
    let both = AlertFilter { only_dead: true, severity: Some(Severity::Critical), ..all() };
    assert_eq!(found(both).await, Vec::<String>::new());
}

async fn alerts_are_paged_newest_first(store: Arc<dyn Store>) {
    let (ours, theirs): (TenantId, TenantId) = (id("alert-page-a"), id("alert-page-b"));
    assert!(put(&store, &triggered(&theirs, "db", at(0))).await);
    let mut expected: Vec<_> = (0..7).map(|number| triggered(&ours, &format!("k{number}"), at(number / 3))).collect();
    for alert in &expected {
        assert!(put(&store, alert).await);
    }
    expected.sort_by(|a, b| b.fired_at.cmp(&a.fired_at).then(a.id.cmp(&b.id)));
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = store.alerts(&ours, &AlertFilter::all(at(0)..at(9)), after, 2).await.expect("reads");
        let Some(last) = page.last() else { break };
        after = Some((last.fired_at, last.id.clone()));
        seen.extend(page);
    }
    assert_eq!(seen, expected);
}

async fn open_alerts_are_found_by_source_and_by_tenant(store: Arc<dyn Store>) {
    let tenant: TenantId = id("alert-open");
    let of = |key: &str, source: &str| {
        let alert = triggered(&tenant, key, at(0));
        Alert { content: Content { source: source.to_owned(), ..alert.content.clone() }, ..alert }
    };
    let over = Alert { version: 1, ..resolved(&delivered(&of("over", "contract-slo"), at(1)), at(2)) };
    for alert in [of("a", "contract-slo"), of("b", "contract-other"), of("c", "contract-heart"), over] {
        assert!(put(&store, &alert).await);
    }
    let found = store.open_alerts_across_tenants(&["contract-slo", "contract-heart"]).await.expect("reads");
    let mut keys: Vec<_> = found.into_iter().map(|alert| alert.dedup_key).collect();
    keys.sort();
    assert_eq!(keys, ["a", "c"]);
    assert_eq!(store.open_alerts(&tenant, 10).await.expect("reads").len(), 3);
    assert_eq!(store.open_alerts(&tenant, 2).await.expect("reads").len(), 2);
}

async fn an_alert_of_any_text_reads_back(store: Arc<dyn Store>) {
    let tenant: TenantId = id("alert-text");
    let odd = "å \"quoted\" \\ 漢字 \u{1f6a8} $a.b \u{0}";
    let mut alert = triggered(&tenant, odd, at(0));
    alert.content.summary = odd.to_owned();
    alert.content.labels = BTreeMap::from([("$a.b/c å".to_owned(), odd.to_owned())]);
    alert.content.details = Some("{\"deep\":".repeat(100) + "1" + &"}".repeat(100));
    assert!(put(&store, &alert).await);
    assert_eq!(stored(&store, &alert).await.as_ref(), Some(&alert));
    let scene = store.alert_scene(&tenant, &[odd.to_owned()], at(0)).await.expect("reads");
    assert_eq!(scene.latest.get(odd), Some(&alert));
    let receiver: Receiver = alert.openings[0].receiver.clone();
    assert_eq!(receiver, config(1).receivers[0], "its secrets read back");
}
