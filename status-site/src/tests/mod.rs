//! The site from outside: requests in, parsed HTML and headers out, over a store that fails on demand.

mod component;
mod holding;
mod json;
mod pages;

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use http_body_util::BodyExt;
use plimsoll_domain::ids::TenantId;
use plimsoll_domain::page::StatusSnapshot;
use plimsoll_domain::time::{Clock, Timestamp};
use plimsoll_store::{PublicReads, Result, StoreError};
use scraper::{Html, Selector};
use tower::ServiceExt;

use crate::{Site, SiteSettings, router, samples};

#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Well,
    Failing,
    Hanging,
}

struct FakeStore {
    snapshots: Mutex<HashMap<TenantId, StatusSnapshot>>,
    tenants: Mutex<Vec<TenantId>>,
    mood: Mutex<Mood>,
    reads: AtomicUsize,
    lists: AtomicUsize,
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

    async fn pages(&self) -> Result<Vec<(TenantId, String)>> {
        self.lists.fetch_add(1, Ordering::Relaxed);
        self.respond().await?;
        // As above.
        tokio::task::yield_now().await;
        let tenants = self.tenants.lock().expect("no panic");
        Ok(tenants.iter().map(|id| (id.clone(), format!("Name of {id}"))).collect())
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
}

impl World {
    fn new(snapshots: Vec<StatusSnapshot>) -> Self {
        let tenants = snapshots.iter().map(|snapshot| snapshot.tenant.clone()).collect();
        let snapshots = snapshots.into_iter().map(|snapshot| (snapshot.tenant.clone(), snapshot)).collect();
        let store = Arc::new(FakeStore {
            snapshots: Mutex::new(snapshots),
            tenants: Mutex::new(tenants),
            mood: Mutex::new(Mood::Well),
            reads: AtomicUsize::new(0),
            lists: AtomicUsize::new(0),
        });
        let clock = Arc::new(FixedClock(AtomicI64::new(samples::noon().millis())));
        Self::start(store, clock, tempfile::tempdir().expect("a temporary folder"))
    }

    fn start(store: Arc<FakeStore>, clock: Arc<FixedClock>, dir: tempfile::TempDir) -> Self {
        let settings = SiteSettings {
            default_tenant: id("acme"),
            public_url: "https://status.example.org/".to_owned(),
            snapshot_dir: Some(dir.path().join("pages")),
        };
        let site = Site::new(store.clone(), clock.clone(), settings);
        Self { app: router(site.clone()), store, clock, site, dir }
    }

    fn restarted(self) -> Self {
        Self::start(self.store, self.clock, self.dir)
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
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).expect("a request");
        self.app.clone().oneshot(request).await.expect("a router does not fail")
    }

    async fn get(&self, path: &str) -> (StatusCode, String) {
        let response = self.send("GET", path, &[]).await;
        (response.status(), text(response).await)
    }

    async fn json(&self, path: &str) -> serde_json::Value {
        serde_json::from_str(&self.get(path).await.1).expect("JSON")
    }
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
