//! The site from outside: requests in, parsed HTML and headers out, over a store that fails on demand.

mod component;
mod holding;
mod hosts;
mod json;
mod pages;
mod past;
mod private;
mod strangers;
mod subscribing;
mod variants;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use http_body_util::BodyExt;
use plimsoll_domain::entropy::Entropy;
use plimsoll_domain::ids::{IncidentId, TenantId};
use plimsoll_domain::incident::Incident;
use plimsoll_domain::maintenance::Maintenance;
use plimsoll_domain::page::{Logo, PageConfig, StatusSnapshot};
use plimsoll_domain::sealing::Sealer;
use plimsoll_domain::time::{Clock, Timestamp};
use plimsoll_runtime::client_address::TrustedProxies;
use plimsoll_runtime::secret_box::{SecretBox, SecretKey};
use plimsoll_store::subscribing::Subscribing;
use plimsoll_store::{OpenOptions, PublicPage, PublicReads, Result, Store, StoreError};
use scraper::{Html, Selector};
use tower::ServiceExt;

use crate::{Site, SiteParts, SiteSettings, router, samples};

#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Well,
    Failing,
    Hanging,
}

struct FakeStore {
    snapshots: Mutex<HashMap<TenantId, StatusSnapshot>>,
    pages: Mutex<Vec<PublicPage>>,
    incidents: Mutex<Vec<Incident>>,
    maintenances: Mutex<Vec<Maintenance>>,
    logo: Mutex<Option<Logo>>,
    mood: Mutex<Mood>,
    reads: AtomicUsize,
    lists: AtomicUsize,
    past: AtomicUsize,
}

impl FakeStore {
    async fn respond(&self) -> Result<()> {
        let mood = *self.mood.lock().expect("no panic");
        match mood {
            Mood::Well => Ok(()),
            Mood::Failing => Err(StoreError::Unavailable { reason: "pulled the plug".to_owned() }),
            Mood::Hanging => std::future::pending().await,
        }
    }

    async fn respond_of_past(&self) -> Result<()> {
        self.past.fetch_add(1, Ordering::Relaxed);
        self.respond().await
    }

    fn admit(&self, slug: &str) {
        self.pages.lock().expect("no panic").push(page(id(slug)));
    }
}

fn page(tenant: TenantId) -> PublicPage {
    PublicPage { name: format!("Name of {tenant}"), config: PageConfig::of(tenant) }
}

#[async_trait::async_trait]
impl PublicReads for FakeStore {
    async fn snapshot(&self, tenant: &TenantId) -> Result<Option<StatusSnapshot>> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.respond().await?;
        // Lets others come in while the store is being asked.
        tokio::task::yield_now().await;
        Ok(self.snapshots.lock().expect("no panic").get(tenant).cloned())
    }

    async fn pages(&self) -> Result<Vec<PublicPage>> {
        self.lists.fetch_add(1, Ordering::Relaxed);
        self.respond().await?;
        // As above.
        tokio::task::yield_now().await;
        Ok(self.pages.lock().expect("no panic").clone())
    }

    async fn logo(&self, tenant: &TenantId) -> Result<Option<Logo>> {
        self.respond_of_past().await?;
        Ok(self.logo.lock().expect("no panic").clone().filter(|logo| logo.tenant == *tenant))
    }

    async fn past_incidents(&self, tenant: &TenantId, span: Range<Timestamp>, limit: usize) -> Result<Vec<Incident>> {
        self.respond_of_past().await?;
        let mut found = self.incidents.lock().expect("no panic").clone();
        found.retain(|held| held.tenant == *tenant && !held.draft && span.contains(&held.started_at()));
        found.sort_by_key(|held| (std::cmp::Reverse(held.started_at()), held.id.clone()));
        found.truncate(limit);
        Ok(found)
    }

    async fn published_incident(&self, tenant: &TenantId, incident: &IncidentId) -> Result<Option<Incident>> {
        self.respond_of_past().await?;
        let all = self.incidents.lock().expect("no panic");
        Ok(all.iter().find(|held| held.tenant == *tenant && held.id == *incident && !held.draft).cloned())
    }

    async fn public_maintenances(&self, tenant: &TenantId) -> Result<Vec<Maintenance>> {
        self.respond_of_past().await?;
        let mut all = self.maintenances.lock().expect("no panic").clone();
        all.retain(|held| held.tenant == *tenant);
        Ok(all)
    }
}

/// Never the same twice, and each time the same.
#[derive(Default)]
struct Counting(AtomicU64);

impl Entropy for Counting {
    fn bytes(&self) -> [u8; 32] {
        *blake3::hash(&self.0.fetch_add(1, Ordering::Relaxed).to_le_bytes()).as_bytes()
    }
}

struct FixedClock(AtomicI64);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}

struct World {
    store: Arc<FakeStore>,
    clock: Arc<FixedClock>,
    site: Arc<Site>,
    app: Router,
    dir: tempfile::TempDir,
    sealer: Arc<dyn Sealer>,
    subscribers: Option<Arc<dyn Store>>,
}

impl World {
    fn new(snapshots: Vec<StatusSnapshot>) -> Self {
        let pages = snapshots.iter().map(|snapshot| page(snapshot.tenant.clone())).collect();
        let snapshots = snapshots.into_iter().map(|snapshot| (snapshot.tenant.clone(), snapshot)).collect();
        let store = Arc::new(FakeStore {
            snapshots: Mutex::new(snapshots),
            pages: Mutex::new(pages),
            incidents: Mutex::default(),
            maintenances: Mutex::default(),
            logo: Mutex::default(),
            mood: Mutex::new(Mood::Well),
            reads: AtomicUsize::new(0),
            lists: AtomicUsize::new(0),
            past: AtomicUsize::new(0),
        });
        let clock = Arc::new(FixedClock(AtomicI64::new(samples::noon().millis())));
        let entropy: Arc<dyn Entropy> = Arc::new(Counting::default());
        let key = SecretKey::generate(&*entropy);
        let sealer = Arc::new(SecretBox::new(key, Vec::new(), entropy));
        Self::start((store, clock), tempfile::tempdir().expect("a temporary folder"), sealer, None)
    }

    /// With somewhere to keep subscribers.
    async fn with_subscribers(snapshots: Vec<StatusSnapshot>) -> Self {
        let world = Self::new(snapshots);
        let uri = format!("embedded:{}", world.dir.path().join("store").display());
        let subscribers = plimsoll_store::open(&OpenOptions { uri }).await.expect("a store");
        let Self { store, clock, dir, sealer, .. } = world;
        Self::start((store, clock), dir, sealer, Some(subscribers))
    }

    fn start(
        (store, clock): (Arc<FakeStore>, Arc<FixedClock>),
        dir: tempfile::TempDir,
        sealer: Arc<dyn Sealer>,
        subscribers: Option<Arc<dyn Store>>,
    ) -> Self {
        let settings = SiteSettings {
            default_tenant: id("acme"),
            public_url: "https://status.example.org/".to_owned(),
            snapshot_dir: Some(dir.path().join("pages")),
            trusted_proxies: TrustedProxies::new(&["10.0.0.0/8".parse().expect("a network")]),
        };
        let entropy: Arc<dyn Entropy> = Arc::new(Counting::default());
        let takes = |held: &Arc<dyn Store>| {
            Subscribing::new(Arc::clone(held), (clock.clone(), Arc::clone(&entropy)), Arc::new(|| {}))
        };
        let parts = SiteParts {
            reads: store.clone(),
            clock: clock.clone(),
            subscribing: subscribers.as_ref().map(takes),
            entropy: Arc::clone(&entropy),
            sealer: Arc::clone(&sealer),
        };
        let site = Site::new(parts, settings);
        Self { app: router(site.clone()), store, clock, site, dir, sealer, subscribers }
    }

    /// Settles something about the page of `acme`.
    fn settle(&self, change: impl FnOnce(&mut PageConfig)) {
        let mut pages = self.store.pages.lock().expect("no panic");
        let config = &mut pages.iter_mut().find(|page| page.config.tenant == id("acme")).expect("acme").config;
        change(config);
        config.version += 1;
    }

    fn restarted(self) -> Self {
        Self::start((self.store, self.clock), self.dir, self.sealer, self.subscribers)
    }

    fn mood(&self, mood: Mood) {
        *self.store.mood.lock().expect("no panic") = mood;
    }

    fn put(&self, snapshot: StatusSnapshot) {
        self.store.snapshots.lock().expect("no panic").insert(snapshot.tenant.clone(), snapshot);
    }

    fn pass(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds * 1_000, Ordering::Relaxed);
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Response {
        self.ask(method, path, headers, "").await
    }

    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
        ask(&self.app, (method, path, "203.0.113.7"), headers, body).await
    }

    async fn post(&self, path: &str, form: &str) -> Response {
        self.ask("POST", path, &[("content-type", "application/x-www-form-urlencoded")], form).await
    }

    async fn get(&self, path: &str) -> (StatusCode, String) {
        let response = self.send("GET", path, &[]).await;
        (response.status(), text(response).await)
    }

    async fn json(&self, path: &str) -> serde_json::Value {
        serde_json::from_str(&self.get(path).await.1).expect("JSON")
    }
}

async fn ask(app: &Router, (method, path, peer): (&str, &str, &str), headers: &[(&str, &str)], body: &str) -> Response {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(Body::from(body.to_owned())).expect("a request");
    let peer = SocketAddr::new(peer.parse().expect("an address"), 4_711);
    request.extensions_mut().insert(ConnectInfo(peer));
    app.clone().oneshot(request).await.expect("a router does not fail")
}

fn id(slug: &str) -> TenantId {
    slug.parse().expect("a slug")
}

async fn bytes(response: Response) -> Vec<u8> {
    response.into_body().collect().await.expect("a body from memory").to_bytes().to_vec()
}

async fn text(response: Response) -> String {
    String::from_utf8(bytes(response).await).expect("UTF-8")
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().expect("ASCII"))
}

fn pick(html: &str, selector: &str) -> Vec<String> {
    let page = Html::parse_document(html);
    let selector = Selector::parse(selector).expect("a selector");
    page.select(&selector).map(|found| found.text().collect::<String>().trim().to_owned()).collect()
}

fn named(slug: &str) -> StatusSnapshot {
    StatusSnapshot { tenant: id(slug), name: format!("Name of {slug}"), ..samples::quiet() }
}
