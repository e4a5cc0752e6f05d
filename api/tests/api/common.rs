//! A whole API on a real store in a folder of its own, with a clock that stands still until it is moved.

#![expect(unreachable_pub, reason = "shared by test binaries, each of which uses a part")]

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;

use plimsoll_api::{
    ApiParts, ApiState, Dependencies, Facts, JobRow, JobsReport, Readiness, TunnelSettings, layers, router,
};
use plimsoll_domain::entropy::Entropy;
use plimsoll_domain::sealing::Sealer;
use plimsoll_domain::tenant::hash_key;
use plimsoll_domain::time::{Clock, Interval, Span, Timestamp};
use plimsoll_runtime::client_address::TrustedProxies;
use plimsoll_runtime::dns::{DnsUnavailable, TxtRecords};
use plimsoll_runtime::egress::Egress;
use plimsoll_runtime::instruments::TenantRequests;
use plimsoll_runtime::lifecycle::Lifecycle;
use plimsoll_runtime::profiling::Profiler;
use plimsoll_runtime::secret_box::{SecretBox, SecretKey};
use plimsoll_runtime::upstream::Upstream;
use plimsoll_store::Store;
use plimsoll_store::alerting::{Alerting, NoHandoff};
use plimsoll_store::embedded::{EmbeddedStore, Limits};
use plimsoll_store::subscribing::Subscribing;
use plimsoll_store::tally::Tally;

pub const ROOT: &str = "plk_root";
/// When every test begins.
pub const NOON: &str = "2026-11-01T12:00:00.000Z";

pub struct StandingClock(AtomicI64);

impl StandingClock {
    pub fn advance(&self, span: Span) {
        self.0.fetch_add(span.seconds() * 1_000, Ordering::Relaxed);
    }
}

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}

struct Counting(AtomicU64);

impl Entropy for Counting {
    fn bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        bytes
    }
}

struct OneJob;

impl JobsReport for OneJob {
    fn rows(&self) -> Vec<JobRow> {
        vec![JobRow { name: "tick", last_run_at: Some("2026-11-01T11:59:30Z".parse().expect("valid")) }]
    }
}

/// TXT records that a test sets; none of them: DNS does not answer.
pub struct Records(Mutex<Option<Vec<(String, String)>>>);

impl Records {
    /// The record of `name` says `content` from now on.
    pub fn set(&self, name: &str, content: &str) {
        let mut held = self.0.lock().expect("no test panics in here");
        held.get_or_insert_default().push((name.to_owned(), content.to_owned()));
    }

    /// DNS does not answer from now on.
    pub fn cut_off(&self) {
        *self.0.lock().expect("no test panics in here") = None;
    }
}

#[async_trait]
impl TxtRecords for Records {
    async fn txt(&self, name: &str) -> Result<Vec<String>, DnsUnavailable> {
        let held = self.0.lock().expect("no test panics in here");
        let all = held.as_ref().ok_or_else(|| DnsUnavailable::new("nobody is there"))?;
        Ok(all.iter().filter(|(of, _)| of == name).map(|(_, content)| content.clone()).collect())
    }
}

pub struct World {
    pub app: Router,
    pub clock: Arc<StandingClock>,
    pub store: Arc<dyn Store>,
    pub records: Arc<Records>,
    pub sealer: Arc<dyn Sealer>,
    /// How often it was said that what keeps alerts back has changed.
    pub told: Arc<AtomicU64>,
    pub readiness: Arc<Readiness>,
    _folder: tempfile::TempDir,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
    pub text: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("visible ASCII"))
    }

    /// The answer, which must be of `status`.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    /// Asserts that this is a whole problem of `status`; the pointers it names.
    #[track_caller]
    pub fn problem(&self, status: u16) -> Vec<&str> {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.body["status"], json!(status));
        assert_eq!(self.body["instance"], json!(self.header("x-request-id")));
        assert!(self.body["type"].is_string() && self.body["title"].is_string() && self.body["detail"].is_string());
        let errors = self.body["errors"].as_array().map_or(&[][..], Vec::as_slice);
        errors.iter().map(|error| error["pointer"].as_str().expect("a pointer")).collect()
    }
}

impl World {
    pub async fn new() -> Self {
        Self::with(None, |app| app).await
    }

    pub async fn with(extra_openapi: Option<utoipa::openapi::OpenApi>, more: impl FnOnce(Router) -> Router) -> Self {
        Self::built(|parts| parts.extra_openapi = extra_openapi, more).await
    }

    /// One in which a part is another.
    pub async fn altered(alter: impl FnOnce(&mut ApiParts)) -> Self {
        Self::built(alter, |app| app).await
    }

    async fn built(alter: impl FnOnce(&mut ApiParts), more: impl FnOnce(Router) -> Router) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = EmbeddedStore::open(folder.path(), Limits::default()).await.expect("a store");
        let store: Arc<dyn Store> = Arc::new(store);
        let noon: Timestamp = NOON.parse().expect("valid");
        let clock = Arc::new(StandingClock(AtomicI64::new(noon.millis())));
        let readiness = Arc::new(Readiness::default());
        let told = Arc::new(AtomicU64::new(0));
        let entropy: Arc<dyn Entropy> = Arc::new(Counting(AtomicU64::new(1)));
        let records = Arc::new(Records(Mutex::new(Some(Vec::new()))));
        let key = SecretKey::generate(entropy.as_ref());
        let sealer: Arc<dyn Sealer> = Arc::new(SecretBox::new(key, Vec::new(), Arc::clone(&entropy)));
        let time_and_chance = (Arc::<StandingClock>::clone(&clock) as Arc<dyn Clock>, Arc::clone(&entropy));
        let mut parts = ApiParts {
            store: Arc::clone(&store),
            alerting: Alerting::new(Arc::clone(&store), Arc::new(NoHandoff)),
            clock: Arc::<StandingClock>::clone(&clock),
            entropy,
            root_key_hash: hash_key(ROOT),
            life: Lifecycle::new(),
            interval: Interval::MINUTE,
            facts: Facts { running_config: json!({"store": "embedded"}), version: "0.0.0", roles: vec!["api".into()] },
            readiness: Arc::clone(&readiness),
            jobs: Arc::new(OneJob),
            changed: Arc::new(|| {}),
            alerts_changed: {
                let told = Arc::clone(&told);
                Arc::new(move || {
                    told.fetch_add(1, Ordering::Relaxed);
                })
            },
            dependencies: Dependencies::new(&store, []),
            metrics_text: Some(Arc::new(|| "plimsoll_up 1\n".to_owned())),
            tenant_requests: TenantRequests::new(1_000),
            profiler: Profiler::new(Arc::<StandingClock>::clone(&clock)),
            tally: Arc::new(Tally::new(Arc::clone(&store), "test".to_owned())),
            upstream: Upstream::new(&Egress::new(&["127.0.0.1/32".parse().expect("a network")])),
            tunnel: TunnelSettings {
                public_url: "https://status.example".to_owned(),
                max_bytes: 1 << 20,
                max_decompressed_bytes: 1 << 20,
                spool_bytes: 64 << 10,
                spool_tenant_bytes: 32 << 10,
            },
            trusted_proxies: TrustedProxies::new(&["10.0.0.0/8".parse().expect("a network")]),
            subscribing: Subscribing::new(Arc::clone(&store), time_and_chance, Arc::new(|| {})),
            sealer: Arc::clone(&sealer),
            txt_records: Arc::<Records>::clone(&records),
            public_url: "https://status.example".to_owned(),
            report_page: None,
            extra_openapi: None,
        };
        alter(&mut parts);
        let state = ApiState::new(parts);
        let app = layers(more(router(state.clone())), &state);
        Self { app, clock, store, records, sealer, told, readiness, _folder: folder }
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.app.clone().oneshot(request).await.expect("infallible");
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.expect("a body in memory");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status: parts.status, headers: parts.headers, body, text }
    }

    pub async fn get(&self, key: &str, path: &str) -> Answer {
        self.send(request("GET", key, path, Body::empty())).await
    }

    pub async fn delete(&self, key: &str, path: &str) -> Answer {
        self.send(request("DELETE", key, path, Body::empty())).await
    }

    pub async fn post(&self, key: &str, path: &str, body: Value) -> Answer {
        self.send(request("POST", key, path, Body::from(body.to_string()))).await
    }

    pub async fn put(&self, key: &str, path: &str, body: Value) -> Answer {
        self.send(request("PUT", key, path, Body::from(body.to_string()))).await
    }

    pub async fn patch(&self, key: &str, path: &str, body: Value) -> Answer {
        self.send(request("PATCH", key, path, Body::from(body.to_string()))).await
    }

    /// PUT of bytes that are no JSON.
    pub async fn put_bytes(&self, key: &str, path: &str, bytes: impl Into<Body>) -> Answer {
        let mut request = request("PUT", key, path, bytes.into());
        request.headers_mut().insert("content-type", "image/png".parse().expect("visible ASCII"));
        self.send(request).await
    }

    /// POST with `Idempotency-Key`.
    pub async fn post_once(&self, key: &str, path: &str, (once, body): (&str, &Value)) -> Answer {
        let mut request = request("POST", key, path, Body::from(body.to_string()));
        request.headers_mut().insert("idempotency-key", once.parse().expect("visible ASCII"));
        self.send(request).await
    }

    /// PUT or PATCH with `If-Match`.
    pub async fn matching(&self, method: &str, key: &str, (path, tag): (&str, &str), body: Value) -> Answer {
        let mut request = request(method, key, path, Body::from(body.to_string()));
        request.headers_mut().insert("if-match", tag.parse().expect("visible ASCII"));
        self.send(request).await
    }

    /// A new tenant; its admin key.
    pub async fn tenant(&self, id: &str) -> String {
        let answer = self.post(ROOT, "/tenants", json!({"id": id, "name": format!("Tenant {id}")})).await.expect(201);
        answer.body["admin_key"].as_str().expect("a key").to_owned()
    }

    /// A new key of `role`.
    pub async fn key(&self, admin: &str, tenant: &str, role: &str) -> String {
        let path = format!("/tenants/{tenant}/keys");
        let answer = self.post(admin, &path, json!({"name": format!("a {role}"), "role": role})).await.expect(201);
        answer.body["key"].as_str().expect("a key").to_owned()
    }

    /// A new component with a probe of `kind`.
    pub async fn component(&self, admin: &str, tenant: &str, id: &str, kind: &str) {
        let probe = match kind {
            "http" => json!({"kind": "http", "url": "https://example.com/"}),
            "heartbeat" => json!({"kind": "heartbeat", "every_seconds": 60}),
            kind => json!({"kind": kind}),
        };
        let body = json!({"id": id, "name": id, "probe": probe});
        self.post(admin, &format!("/tenants/{tenant}/components"), body).await.expect(201);
    }
}

pub fn request(method: &str, key: &str, path: &str, body: Body) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    if !key.is_empty() {
        request = request.header("authorization", format!("Bearer {key}"));
    }
    request.body(body).expect("a request")
}
