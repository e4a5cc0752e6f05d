//! The Caddyfile, run by Caddy in front of two servers that only say who they are: who is asked for what, and what nobody is.

use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::{StatusCode, Uri};
use plimsoll_tests::{Client, eventually, port};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::tools::{Copy, program, root, run, text};

const FILE: &str = "infrastructure/caddy/Caddyfile";

/// Caddy, until it is dropped.
struct Proxy {
    running: Child,
    url: String,
    /// How often Caddy has asked the status site how it is.
    looks: Arc<AtomicUsize>,
    _folder: TempDir,
    _behind: JoinSet<std::io::Result<()>>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // It has ended if it cannot be killed.
        let _killed = self.running.kill();
        let _ended = self.running.wait();
    }
}

/// Answers everything with `name` and 200, but `/ready` with `ready`, on a port of loopback, as long as `serving` lasts. It
/// counts how often it is asked how it is.
async fn named(
    name: &'static str,
    ready: StatusCode,
    serving: &mut JoinSet<std::io::Result<()>>,
) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port of loopback");
    let port = listener.local_addr().expect("it is bound").port();
    let looks = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&looks);
    let everything = move |uri: Uri| {
        let is_look = ["/ready", "/health"].contains(&uri.path());
        counted.fetch_add(usize::from(is_look), Ordering::SeqCst);
        let status = if uri.path() == "/ready" { ready } else { StatusCode::OK };
        async move { (status, name) }
    };
    serving.spawn(async move { axum::serve(listener, Router::new().fallback(everything)).await });
    (port, looks)
}

/// The same in front of an API and a status site that are ready.
async fn started(root: &Path) -> Proxy {
    let proxy = before(root, StatusCode::OK).await;
    let client = Client::new(&proxy.url);
    eventually(20, "both are well in Caddy's eyes", async || {
        let asks = [client.try_ask("GET", "/", &[], None).await, client.try_ask("GET", "/docs", &[], None).await];
        asks.iter().all(|answer| answer.as_ref().is_ok_and(|answer| answer.status == 200)).then_some(())
    })
    .await;
    proxy
}

/// The file with its names made addresses, and without what asks for certificates.
async fn before(root: &Path, ready: StatusCode) -> Proxy {
    let (folder, own) = (tempfile::tempdir().expect("a folder"), port::free());
    let mut behind = JoinSet::new();
    let (api, _) = named("api", ready, &mut behind).await;
    let (status, looks) = named("status", ready, &mut behind).await;
    let file = text(root, FILE);
    let (file, _any_name) = file.split_once("\nhttps:// {").expect("pages under names of their own stand last");
    let file = file
        .replace("{args[0]}:8080", "{args[0]}")
        .replace("import plimsoll plimsoll-api", &format!("import plimsoll 127.0.0.1:{api}"))
        .replace("import plimsoll plimsoll-status", &format!("import plimsoll 127.0.0.1:{status}"))
        .replace("health_interval 5s", "health_interval 100ms")
        .replace("{$PLIMSOLL_DOMAIN}", &format!("http://127.0.0.1:{own}"))
        .replacen("{\n", "{\n\tadmin off\n", 1);
    let path = folder.path().join("Caddyfile");
    std::fs::write(&path, file).expect("it is written");
    let mut command = program("caddy");
    command.env("ACME_EMAIL", "somebody@example.com").env("HOME", folder.path());
    command.arg("run").arg("--adapter").arg("caddyfile").arg("--config").arg(path);
    let running = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("Caddy starts");
    Proxy { running, url: format!("http://127.0.0.1:{own}"), looks, _folder: folder, _behind: behind }
}

/// Who answers: `api`, `status`, or nobody.
async fn answers(proxy: &Proxy, path: &str) -> String {
    let answer = Client::new(&proxy.url).ask("GET", path, &[], None).await;
    if answer.status == 200 { answer.text } else { answer.status.to_string() }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_go_to_the_site_what_is_inside_to_nobody_and_the_rest_to_the_api() {
    let proxy = started(&root()).await;
    for (path, who) in [
        ("/", "status"),
        ("/s/acme", "status"),
        ("/s/acme/feed.atom", "status"),
        ("/assets/site.css", "status"),
        ("/robots.txt", "status"),
        ("/public/status", "status"),
        ("/public/status/incidents", "status"),
        ("/tenants", "api"),
        ("/incidents/inc-1", "api"),
        ("/observability/alerts/fire/acme", "api"),
        ("/openapi.json", "api"),
        ("/health", "api"),
        ("/metrics", "404"),
        ("/health/detailed", "404"),
        ("/internal/tls/ask", "404"),
        ("/debug/pprof/heap", "404"),
    ] {
        assert_eq!(answers(&proxy, path).await, who, "{path}");
    }
}

/// The statuses of a page and of the API's answer, when Caddy has looked at both often enough to have judged them.
async fn while_the_store_is_away(root: &Path) -> (u16, u16) {
    let proxy = before(root, StatusCode::SERVICE_UNAVAILABLE).await;
    let client = Client::new(&proxy.url);
    eventually(20, "the API is not well in Caddy's eyes", async || {
        let api = client.try_ask("GET", "/tenants", &[], None).await.ok()?.status;
        let page = client.try_ask("GET", "/s/acme", &[], None).await.ok()?.status;
        (api == 503 && proxy.looks.load(Ordering::SeqCst) > 3).then_some((page, api))
    })
    .await
}

/// Neither is ready without the store, and the site shows the pages that it kept.
#[tokio::test(flavor = "multi_thread")]
async fn kept_pages_are_shown_while_the_store_is_away() {
    assert_eq!(while_the_store_is_away(&root()).await, (200, 503));
    let broken = Copy::new().with(FILE, "plimsoll-status /health", "plimsoll-status /ready");
    assert_eq!(while_the_store_is_away(broken.root()).await, (503, 503));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_is_forgotten_is_seen() {
    let open = started(Copy::new().with(FILE, "path /metrics ", "path ").root()).await;
    assert_eq!(answers(&open, "/metrics").await, "api");
}

/// What Caddy says of the whole file.
fn complaint(root: &Path) -> Option<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = program("caddy");
    command
        .env("PLIMSOLL_DOMAIN", "status.example.com")
        .env("ACME_EMAIL", "somebody@example.com")
        .env("HOME", folder.path());
    run(command.args(["validate", "--adapter", "caddyfile", "--config"]).arg(root.join(FILE))).err()
}

#[test]
fn caddy_takes_the_whole_file_and_no_broken_one() {
    assert_eq!(complaint(&root()), None);
    let broken = Copy::new().with(FILE, "health_uri", "health_url");
    let said = complaint(broken.root()).expect("it is refused");
    assert!(said.contains("health_url"), "{said}");
}
