//! Deliveries against a store that fails on demand and a receiver that checks the wire: what is stored is sent, whatever
//! line the process or the store stops at, and under the one key.

use std::sync::Arc;

use plimsoll_domain::alert::{Alert, AlertConfig, Content, Receiver, Router, Severity, Signal, SignalAction, Target};
use plimsoll_domain::entropy::Entropy;
use plimsoll_domain::ids::TenantId;
use plimsoll_domain::secret::Secret;
use plimsoll_domain::time::Clock;
use plimsoll_jobs::deliver::send::Senders;
use plimsoll_jobs::deliver::{DeliverSettings, Deliverer};
use plimsoll_runtime::egress::Egress;
use plimsoll_runtime::http_client::HttpClient;
use plimsoll_runtime::lifecycle::Lifecycle;
use plimsoll_runtime::system_clock::SystemClock;
use plimsoll_runtime::system_entropy::SystemEntropy;
use plimsoll_store::alerting::{Alerting, NoHandoff};
use plimsoll_store::faulty::{Faulty, When};
use plimsoll_store::{AlertConfigs, Alerts, Store, StoreError};
use plimsoll_tests::eventually;
use plimsoll_tests::receivers::PagerDuty;

const SOON: u64 = 20;
const GRACE: std::time::Duration = std::time::Duration::from_secs(20);

/// A tenant whose alerts go to one PagerDuty, and a process that sends them.
struct World {
    store: Arc<Faulty>,
    tenant: TenantId,
    pager: PagerDuty,
    deliverer: Deliverer,
    life: Lifecycle,
    holder: u32,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Arc::new(Faulty::embedded(folder.path()).await.expect("opens"));
        let (tenant, pager): (TenantId, _) = ("acme".parse().expect("a slug"), PagerDuty::start().await);
        let routing_key = Secret::new(PagerDuty::ROUTING_KEY);
        let target = Target::Pagerduty { routing_key, endpoint: Some(pager.endpoint()) };
        let receiver = Receiver { name: "pd".parse().expect("a name"), target };
        let router = Router { default_receivers: vec![receiver.name.clone()], ..Router::default() };
        let config = AlertConfig { version: 1, receivers: vec![receiver], router, ..AlertConfig::default() };
        store.put_alert_config(&tenant, &config).await.expect("stores");
        let (deliverer, life) = start(&store, 0);
        Self { store, tenant, pager, deliverer, life, holder: 0, _folder: folder }
    }

    /// The process is gone, and another one comes up on the same store.
    async fn restart(&mut self) {
        self.life.stop();
        assert!(self.life.run_until_stopped(GRACE).await, "it stops in order");
        self.holder += 1;
        (self.deliverer, self.life) = start(&self.store, self.holder);
    }

    async fn fire(&self, action: SignalAction, key: &str) -> plimsoll_store::Result<()> {
        let signal = signal(action, key);
        self.deliverer.alerting().fire(&self.tenant, &[signal], SystemClock.now()).await.map(drop)
    }

    async fn alert(&self, key: &str) -> Alert {
        let scene = self.store.alert_scene(&self.tenant, &[key.to_owned()], SystemClock.now()).await.expect("reads");
        scene.latest.get(key).cloned().unwrap_or_else(|| panic!("no alert of {key}"))
    }

    /// Waits until the newest delivery of `key` stands there.
    async fn until(&self, key: &str, state: &str) -> Alert {
        let looking = async || {
            let alert = self.alert(key).await;
            (alert.deliveries.last()?.state_name() == state).then_some(alert)
        };
        eventually(SOON, &format!("the newest delivery of {key} is {state}"), looking).await
    }

    /// What PagerDuty took, as `trigger db`.
    fn told(&self) -> Vec<String> {
        assert_eq!(self.pager.faults(), [""; 0]);
        let text = |body: &serde_json::Value| {
            format!("{} {}", body["event_action"].as_str().unwrap_or("?"), body["dedup_key"].as_str().unwrap_or("?"))
        };
        self.pager.accepted().iter().map(|received| text(&received.body)).collect()
    }
}

fn signal(action: SignalAction, key: &str) -> Signal {
    let content = Content::of("The database is down", Severity::Critical, "ci");
    Signal::new(action, key, Some(content), "ann")
}

fn start(store: &Arc<Faulty>, holder: u32) -> (Deliverer, Lifecycle) {
    let life = Lifecycle::new();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let http = HttpClient::keeping_connections(&Egress::new(&["127.0.0.0/8".parse().expect("a network")]));
    let sender = Arc::new(Senders::new(http, None, Arc::clone(&clock)));
    let settings = DeliverSettings { holder: format!("process-{holder}"), public_url: "http://localhost".to_owned() };
    let store: Arc<dyn Store> = Arc::clone(store) as Arc<dyn Store>;
    (Deliverer::start(&store, (clock, entropy), sender, settings, &life), life)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_fired_is_sent_in_order_and_noted() {
    let world = World::new().await;
    for (action, sent) in [(SignalAction::Trigger, 1), (SignalAction::Acknowledge, 2), (SignalAction::Resolve, 3)] {
        world.fire(action, "db").await.expect("stored");
        let alert = world.until("db", "delivered").await;
        assert_eq!(alert.deliveries.len(), sent);
    }
    let alert = world.alert("db").await;
    assert!(alert.is_settled() && alert.openings.iter().all(|opening| !opening.open));
    assert!(alert.deliveries.iter().all(|delivery| delivery.attempts.len() == 1));
    assert_eq!(world.told(), ["trigger db", "acknowledge db", "resolve db"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_that_cannot_be_stored_is_stored_later_and_nothing_is_sent_twice() {
    let world = World::new().await;
    world.store.fail_method("put_alerts", When::Before);
    world.fire(SignalAction::Trigger, "db").await.expect("stored");
    eventually(SOON, "it is sent", async || (world.told().len() == 1).then_some(())).await;
    assert_eq!(world.alert("db").await.deliveries[0].state_name(), "sending");
    world.store.heal();
    world.until("db", "delivered").await;
    assert_eq!(world.told(), ["trigger db"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_whose_answer_was_lost_is_noted_once() {
    let world = World::new().await;
    world.store.fail_method("put_alerts", When::After);
    world.fire(SignalAction::Trigger, "db").await.expect("stored");
    eventually(SOON, "it is sent", async || (world.told().len() == 1).then_some(())).await;
    world.until("db", "delivered").await;
    world.store.heal();
    world.fire(SignalAction::Resolve, "db").await.expect("stored");
    let alert = world.until("db", "delivered").await;
    assert_eq!(alert.deliveries.iter().map(|delivery| delivery.attempts.len()).collect::<Vec<_>>(), [1, 1]);
    assert_eq!(world.told(), ["trigger db", "resolve db"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_leased_by_a_write_whose_answer_was_lost_is_sent_at_the_next_word_of_it() {
    let world = World::new().await;
    world.store.fail_method("put_alerts", When::After);
    let elsewhere = Alerting::new(Arc::clone(&world.store) as Arc<dyn Store>, Arc::new(NoHandoff));
    let keys = ["said-again", "resolved"];
    let signals = keys.map(|key| signal(SignalAction::Trigger, key));
    elsewhere.fire(&world.tenant, &signals, SystemClock.now()).await.expect("stored");
    for key in keys {
        world.until(key, "sending").await;
    }
    assert!(world.told().is_empty());
    world.store.heal();
    world.fire(SignalAction::Trigger, "said-again").await.expect("stored");
    world.fire(SignalAction::Resolve, "resolved").await.expect("stored");
    for key in keys {
        world.until(key, "delivered").await;
    }
    let mut told = world.told();
    told.sort_unstable();
    assert_eq!(told, ["resolve resolved", "trigger resolved", "trigger said-again"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_stored_without_an_answer_is_sent_and_what_was_not_is_not() {
    let mut world = World::new().await;
    world.store.fail_method("put_alerts_and_tell", When::After);
    let lost = world.fire(SignalAction::Trigger, "db").await;
    assert!(matches!(lost, Err(StoreError::Unavailable { .. })), "{lost:?}");
    world.until("db", "delivered").await;
    world.store.fail_method("put_alerts_and_tell", When::Before);
    assert!(world.fire(SignalAction::Trigger, "disk").await.is_err());
    world.store.heal();
    world.restart().await;
    // Said again, since it was not answered: the same key, and nothing that was told before.
    world.fire(SignalAction::Trigger, "db").await.expect("stored");
    world.fire(SignalAction::Resolve, "db").await.expect("stored");
    world.until("db", "delivered").await;
    assert_eq!(world.told(), ["trigger db", "resolve db"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_stops_finishes_what_it_sends_and_leaves_the_rest() {
    let mut world = World::new().await;
    world.pager.stop();
    for number in 0..40 {
        world.fire(SignalAction::Trigger, &format!("k{number}")).await.expect("stored");
    }
    world.life.stop();
    assert!(world.life.run_until_stopped(GRACE).await);
    for number in 0..40 {
        let alert = world.alert(&format!("k{number}")).await;
        assert_eq!(alert.deliveries[0].state_name(), "waiting", "nothing is left with a process that is gone");
    }
    world.pager.start_again().await;
    world.restart().await;
    eventually(60, "everything arrives", async || (world.pager.open().len() == 40).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resolve_drops_what_was_refused_and_says_so() {
    let world = World::new().await;
    world.pager.stop();
    world.fire(SignalAction::Trigger, "db").await.expect("stored");
    let failed = async || (world.alert("db").await.deliveries[0].tries > 0).then_some(());
    eventually(SOON, "it was tried", failed).await;
    world.fire(SignalAction::Resolve, "db").await.expect("stored");
    let alert = world.alert("db").await;
    assert_eq!((alert.deliveries.len(), alert.deliveries[0].state_name()), (1, "collapsed"));
    assert!(alert.is_settled());
    world.pager.start_again().await;
    world.fire(SignalAction::Trigger, "other").await.expect("stored");
    eventually(SOON, "the other arrives", async || (world.told().len() == 1).then_some(())).await;
    assert_eq!(world.told(), ["trigger other"]);
}
