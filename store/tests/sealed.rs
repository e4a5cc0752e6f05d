//! The store that seals: it keeps the contract, no secret lies in its files, and what cannot be opened stops only whose it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use plimsoll_domain::alert::{AlertConfig, Receiver, Router, Scene, Signal, SignalAction, apply};
use plimsoll_domain::component::Component;
use plimsoll_domain::ids::TenantId;
use plimsoll_domain::sealing::Sealer;
use plimsoll_domain::slo::SloConfig;
use plimsoll_domain::time::Timestamp;
use plimsoll_store::embedded::{EmbeddedStore, Limits};
use plimsoll_store::sealed::Sealed;
use plimsoll_store::{AlertConfigs, Alerts, Components, SloConfigs, Store, StoreError, contract};
use tempfile::TempDir;

/// Turns a text around behind a seal that names its tenant: enough to see what is sealed, and for whom.
#[derive(Default)]
struct Around {
    is_lost: AtomicBool,
}

fn around(text: &str) -> String {
    text.chars().rev().collect()
}

impl Sealer for Around {
    fn seal(&self, context: &str, plain: &str) -> String {
        format!("sealed:v1:{context}:{}", around(plain))
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
const SECRETS: [&str; 7] = [
    "routing-key-of-pagerduty-0123456",
    "api-key-of-opsgenie",
    "hooks.slack.example/T0/B0/token",
    "whsec_c2VjcmV0LW9mLWEtd2ViaG9vay0wMQ==",
    "hook.example/?token=t0ken",
    "Bearer-of-a-probe",
    "password-of-a-prometheus",
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
    let scene = Scene { config: &config, silences: &[], maintenances: &[], now: NOW, lease: &|_| None };
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
    tenant
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
    let read = json!([config, component, slos, scene.latest["db"]]).to_string();
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
    let ready = store.ready_alerts(&tenant, &"pd".parse().expect("a name"), NOW, 9).await.expect("reads");
    assert!(ready[0].openings.iter().all(|opening| opening.receiver.target.is_sealed()));
    sealer.is_lost.store(false, Ordering::Relaxed);
    let read = store.alert_config(&tenant).await.expect("reads").expect("is there");
    assert!(read.receivers.iter().all(|receiver| !receiver.target.is_sealed()), "the key is found again");
}
