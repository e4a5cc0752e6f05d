//! The store that seals: it keeps the contract, no secret lies in its files, and what cannot be opened stops only whose it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use plimsoll_domain::alert::{AlertConfig, Receiver, Router, Scene, Signal, SignalAction, apply};
use plimsoll_domain::component::Component;
use plimsoll_domain::entropy::Entropy;
use plimsoll_domain::ids::TenantId;
use plimsoll_domain::sealing::Sealer;
use plimsoll_domain::secret::Secret;
use plimsoll_domain::slo::SloConfig;
use plimsoll_domain::subscriber::{Channel, ChannelKind, Subscriber, Subscription};
use plimsoll_domain::time::Timestamp;
use plimsoll_store::embedded::{EmbeddedStore, Limits};
use plimsoll_store::sealed::Sealed;
use plimsoll_store::{AlertConfigs, Alerts, Components, SloConfigs, Store, StoreError, Subscribers, contract};
use tempfile::TempDir;

/// Turns a text around behind a seal that names its tenant: enough to see what is sealed, and for whom.
#[derive(Default)]
struct Around {
    is_lost: AtomicBool,
    /// Seals under a key that opens nothing.
    is_foreign: AtomicBool,
}

fn around(text: &str) -> String {
    text.chars().rev().collect()
}

impl Sealer for Around {
    fn seal(&self, context: &str, plain: &str) -> String {
        let key = if self.is_foreign.load(Ordering::Relaxed) { "foreign:" } else { "" };
        format!("sealed:v1:{key}{context}:{}", around(plain))
    }

    fn open(&self, context: &str, sealed: &str) -> Result<String, String> {
        let inner =
            sealed.strip_prefix(&format!("sealed:v1:{context}:")).filter(|_| !self.is_lost.load(Ordering::Relaxed));
        inner.map(around).ok_or_else(|| "its key is not known".to_owned())
    }
}

async fn sealing() -> (TempDir, Arc<Around>, Arc<Sealed>) {
    let folder = tempfile::tempdir().expect("a folder");
    let inner = EmbeddedStore::open(folder.path(), Limits::default()).await.expect("opens");
    let sealer = Arc::new(Around::default());
    let store = Sealed::new(Arc::new(inner), Arc::<Around>::clone(&sealer) as Arc<dyn Sealer>);
    (folder, sealer, Arc::new(store))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_seals_keeps_the_contract() {
    let (_folder, _, store) = sealing().await;
    let store: Arc<dyn Store> = store;
    assert_eq!(contract::run(&store).await, [""; 0]);
}

const NOW: Timestamp = Timestamp::from_seconds(4_102_488_000);
const SECRETS: [&str; 10] = [
    "routing-key-of-pagerduty-0123456",
    "api-key-of-opsgenie",
    "hooks.slack.example/T0/B0/token",
    "whsec_c2VjcmV0LW9mLWEtd2ViaG9vay0wMQ==",
    "hook.example/?token=t0ken",
    "Bearer-of-a-probe",
    "password-of-a-prometheus",
    "somebody@hidden.example",
    "hook.hidden.example/?token=t0ken",
    "token-of-a-subscriber",
];

/// A tenant with a secret of every kind, in everything that holds any.
async fn full_of_secrets(store: &Sealed) -> TenantId {
    let tenant: TenantId = "acme".parse().expect("an id");
    let receivers = json!([
        {"name": "pd", "kind": "pagerduty", "routing_key": SECRETS[0], "endpoint": null},
        {"name": "og", "kind": "opsgenie", "api_key": SECRETS[1], "region": "eu", "endpoint": null},
        {"name": "slack", "kind": "slack", "url": format!("https://{}", SECRETS[2])},
        {"name": "hook", "kind": "webhook", "url": format!("https://{}", SECRETS[4]), "secret": SECRETS[3],
         "previous_secret": SECRETS[3]},
    ]);
    let receivers: Vec<Receiver> = serde_json::from_value(receivers).expect("receivers");
    let default_receivers = receivers.iter().map(|receiver| receiver.name.clone()).collect();
    let router = Router { default_receivers, ..Router::default() };
    let config = AlertConfig { version: 1, receivers, router, ..AlertConfig::default() };
    store.put_alert_config(&tenant, &config).await.expect("stores");
    let content = json!({"summary": "down", "severity": "error", "source": "ci", "labels": {}});
    let content = serde_json::from_value(content).expect("content");
    let signal = Signal::new(SignalAction::Trigger, "db", Some(content), "ann");
    let scene = Scene { config: &config, silences: &[], maintenances: &[], now: NOW, lease: &|_| None, trace: None };
    let alert = apply(None, &tenant, &signal, &scene).alert.expect("an alert");
    assert_eq!(store.put_alerts(&[alert]).await.expect("stores"), [true]);
    let probe = json!({"kind": "http", "url": "https://example.com/", "method": "GET", "expected_status": [],
        "headers": {"authorization": SECRETS[5]}, "follow_redirects": false, "timeout_ms": 1_000});
    let component = json!({"tenant": "acme", "id": "api", "name": "API", "probe": probe, "created_at": NOW});
    let component: Component = serde_json::from_value(component).expect("a component");
    store.create_component(&component).await.expect("stores");
    let mut slos = SloConfig::default();
    let source = json!({"kind": "prometheus", "url": "https://prometheus.example", "query": {"ratio": "up"},
        "auth": {"basic": {"username": "ann", "password": SECRETS[6]}}, "timeout_seconds": 5});
    slos.objectives[0].kind = serde_json::from_value(source).expect("a kind");
    store.put_slo_config(&tenant, &SloConfig { version: 1, ..slos }).await.expect("stores");
    for (kind, address) in
        [(ChannelKind::Email, SECRETS[7].to_owned()), (ChannelKind::Webhook, format!("https://{}", SECRETS[8]))]
    {
        store.create_subscriber(&subscriber(&tenant, kind, &address)).await.expect("stores");
    }
    tenant
}

struct Same;

impl Entropy for Same {
    fn bytes(&self) -> [u8; 32] {
        [7; 32]
    }
}

fn subscriber(tenant: &TenantId, kind: ChannelKind, address: &str) -> Subscriber {
    let channel = Channel::new(kind, address, &Same);
    let wanted = Subscription { channel, components: [].into(), events: [].into(), locale: None };
    let new = Subscriber::new(tenant.clone(), wanted, "public", NOW, &Same).expect("is valid");
    Subscriber { token: Secret::new(SECRETS[9]), ..new }
}

fn bytes_of(folder: &TempDir) -> Vec<u8> {
    let files = std::fs::read_dir(folder.path()).expect("a folder");
    let files = files.map(|file| file.expect("a file").path()).filter(|path| path.is_file());
    files.flat_map(|path| std::fs::read(path).expect("a readable file")).collect()
}

#[tokio::test]
async fn no_secret_lies_in_the_files_and_all_of_them_read_back() {
    let (folder, _, store) = sealing().await;
    let tenant = full_of_secrets(&store).await;
    let config = store.alert_config(&tenant).await.expect("reads").expect("is there");
    let scene = store.alert_scene(&tenant, &["db".to_owned()], NOW).await.expect("reads");
    let component = store.component(&tenant, &"api".parse().expect("an id")).await.expect("reads").expect("is there");
    let slos = store.slo_config(&tenant).await.expect("reads").expect("is there");
    assert_eq!(scene.latest["db"].openings.len(), 4);
    let subscribers = store.subscribers(&tenant, None, 9).await.expect("reads");
    assert_eq!(store.subscriber(&tenant, &subscribers[1].id).await.expect("reads").as_ref(), Some(&subscribers[1]));
    let read = json!([config, component, slos, scene.latest["db"], subscribers]).to_string();
    let bytes = bytes_of(&folder);
    let lies = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    for secret in SECRETS {
        assert!(read.contains(secret), "{secret} reads back");
        assert!(!lies(secret), "{secret} lies in the clear");
        assert!(lies(&around(secret)), "{secret} is sealed");
    }
}

#[tokio::test]
async fn what_cannot_be_opened_is_unreadable_and_stops_nobody_else() {
    let (_folder, sealer, store) = sealing().await;
    let tenant = full_of_secrets(&store).await;
    sealer.is_lost.store(true, Ordering::Relaxed);
    let config = store.alert_config(&tenant).await.expect("it can be mended").expect("is there");
    assert!(config.receivers.iter().all(|receiver| receiver.target.is_sealed()));
    let again = AlertConfig { version: 2, ..config.clone() };
    store.put_alert_config(&tenant, &again).await.expect("stores");
    assert!(matches!(store.components(&tenant).await, Err(StoreError::Unreadable { .. })));
    assert!(store.components_across_tenants().await.expect("reads").is_empty());
    assert_eq!(store.slo_configs_across_tenants().await.expect("reads")[&tenant].objectives, []);
    assert_eq!(store.subscribers(&tenant, None, 1).await.expect("reads"), []);
    let mail = subscriber(&tenant, ChannelKind::Email, SECRETS[7]);
    assert!(matches!(store.subscriber(&tenant, &mail.id).await, Err(StoreError::Unreadable { .. })));
    let ready = store.ready_alerts(&tenant, &"pd".parse().expect("a name"), NOW, 9).await.expect("reads");
    assert!(ready[0].openings.iter().all(|opening| opening.receiver.target.is_sealed()));
    sealer.is_lost.store(false, Ordering::Relaxed);
    let read = store.alert_config(&tenant).await.expect("reads").expect("is there");
    assert!(read.receivers.iter().all(|receiver| !receiver.target.is_sealed()), "the key is found again");
    assert_eq!(store.subscribers(&tenant, None, 9).await.expect("reads").len(), 2);
}

#[tokio::test]
async fn subscribers_that_cannot_be_opened_hide_none_that_come_after_them() {
    let (_folder, sealer, store) = sealing().await;
    let tenant: TenantId = "acme".parse().expect("an id");
    let mut all: Vec<_> =
        (0..5).map(|number| subscriber(&tenant, ChannelKind::Email, &format!("ann-{number}@example.org"))).collect();
    all.sort_by_key(|one| one.id.clone());
    for (number, one) in all.iter().enumerate() {
        sealer.is_foreign.store(number < 3, Ordering::Relaxed);
        store.create_subscriber(one).await.expect("stores");
    }
    assert_eq!(store.subscribers(&tenant, None, 2).await.expect("reads"), all[3..]);
    assert_eq!(store.subscribers(&tenant, None, 1).await.expect("reads"), all[3..4]);
    assert_eq!(store.subscribers(&tenant, None, 9).await.expect("reads"), all[3..]);
    assert_eq!(store.subscribers(&tenant, Some(&all[4].id), 9).await.expect("reads"), []);
}
