//! The real Sentry SDKs, in a real browser and in Node, through the tunnel: what they send arrives byte for byte, and is
//! counted. The scripts of `tests/browser` act and hold what was sent against what arrived; here it is held against what
//! Plimsoll says of it. A fake SDK was rejected: what it does not know that the real one does is what breaks.

use plimsoll_tests::{Client, Server, Setup, eventually, node, port};
use serde_json::{Map, Value, json};

const KEY: &str = "0123456789abcdef0123456789abcdef";
const SHARED: &str = "/observability/sentry/envelope";
const NEWEST: &str = "@sentry/browser";
const PREVIOUS: &str = "sentry-browser-10";
const SOON: u64 = 20;

/// A server with one app, whose Sentry will listen on a port of its own.
struct World {
    server: Server,
    admin: Client,
    dsn: String,
    app: String,
    port: u16,
}

impl World {
    /// `origins` are those of the app; `public_url` is how the outside names the server.
    async fn new(origins: &[String], public_url: Option<&str>) -> Self {
        let mut setup = Setup::embedded();
        if let Some(url) = public_url {
            setup = setup.with("PLIMSOLL_PUBLIC_URL", url);
        }
        let server = setup.start().await;
        let admin = server.tenant("shop").await;
        let dsn = format!("http://{KEY}@127.0.0.1:{}/4242", port::free());
        let asked = json!({
            "id": "web",
            "name": "Web",
            "dsn": dsn,
            "environment": "test",
            "release": "shop@1.2.3",
            "allowed_origins": origins,
            "sample_rates": {"errors": 1.0, "traces": 1.0, "replays_session": 1.0, "replays_on_error": 1.0},
        });
        let made = admin.post("/tenants/shop/apps", &asked).await.ok(201);
        let app = made["key"].as_str().expect("a key").to_owned();
        Self { server, admin, dsn, app, port: port::free() }
    }

    /// Has the tunnel be at a path of the tenant's own as well.
    async fn alias(&self, path: &str) {
        self.admin.put("/tenants/shop/tunnel", &json!({"alias": path})).await.ok(200);
    }

    /// Runs a script to its end: what it found.
    async fn run(&self, script: &str, more: Value) -> Value {
        let mut told = json!({
            "plimsoll": self.server.address(),
            "dsn": self.dsn,
            "app": self.app,
            "port": self.port,
        });
        let more: Map<String, Value> = serde_json::from_value(more).expect("an object");
        told.as_object_mut().expect("an object").extend(more);
        node::script(script, &told).await
    }

    /// What Plimsoll has counted: what the script has seen arrive, neither less nor anything else.
    async fn counted(&self, found: &Value) -> Map<String, Value> {
        let envelopes = ["envelopes_relayed", "envelopes_refused"];
        let all = |counts: &Value| envelopes.map(|name| counts[name].as_u64().unwrap_or(0));
        let look = async || {
            let stats = self.admin.get("/tenants/shop/apps/web/stats").await.ok(200);
            (all(&stats["totals"]) == all(&found["counts"])).then_some(stats)
        };
        let stats = eventually(SOON, "as many envelopes are counted as arrived", look).await;
        assert_eq!((&stats["upstream"]["status"], &stats["spool"]["envelopes"]), (&json!("up"), &json!(0)));
        let mut totals: Map<String, Value> = serde_json::from_value(stats["totals"].clone()).expect("totals");
        totals.retain(|_, many| *many != 0);
        if found["cut"].as_u64().is_some_and(|cut| cut > 0) {
            // Of what a browser gave up halfway, the bytes count that came.
            totals.insert("bytes_received".to_owned(), found["counts"]["bytes_received"].clone());
        }
        assert_eq!(json!(totals), found["counts"], "what is counted is what arrived");
        totals
    }
}

/// That each of these was counted at least so often.
#[track_caller]
fn at_least(totals: &Map<String, Value>, expected: &[(&str, u64)]) {
    for (name, least) in expected {
        let many = totals.get(*name).and_then(Value::as_u64).unwrap_or(0);
        assert!(many >= *least, "{name}: {many} of at least {least} in {totals:?}");
    }
}

/// Everything that a page of our own origin sends.
async fn from_our_own_origin(sdk: &str, alias: Option<&str>) -> Map<String, Value> {
    let world = World::new(&[], None).await;
    if let Some(alias) = alias {
        world.alias(alias).await;
    }
    let found = world.run("same_origin.mjs", json!({"sdk": sdk, "path": alias.unwrap_or(SHARED)})).await;
    let totals = world.counted(&found).await;
    let levels = [("fatal", 1), ("error", 4), ("warning", 2), ("info", 4), ("debug", 1)];
    let levels = levels.map(|(level, many)| (format!("events_{level}"), many));
    for (name, many) in levels {
        assert_eq!(totals[&name], many, "{name} of {totals:?}");
    }
    let kinds = ["sessions_started", "replays", "replay_recordings", "feedback", "attachments"];
    at_least(&totals, &kinds.map(|kind| (kind, 1)));
    at_least(&totals, &[("logs", 1), ("metrics", 1), ("client_reports", 1), ("transactions", 1)]);
    totals
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_newest_browser_sdk_sends_arrives_once_and_unchanged_and_is_counted() {
    let totals = from_our_own_origin(NEWEST, Some("/c7")).await;
    at_least(&totals, &[("spans", 2)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_browser_sdk_of_the_major_version_before_sends_arrives_once_and_unchanged_and_is_counted() {
    let totals = from_our_own_origin(PREVIOUS, None).await;
    at_least(&totals, &[("transactions", 3), ("sessions_crashed", 1)]);
}

/// A page elsewhere, whose SDK is told of a limit by Sentry.
async fn from_another_origin(sdk: &str) {
    let [outside, stranger, shop] = [(); 3].map(|()| port::free());
    let origin = format!("http://127.0.0.1:{shop}");
    let world = World::new(&[origin], Some(&format!("http://127.0.0.1:{outside}"))).await;
    let told = json!({"sdk": sdk, "path": SHARED, "port": shop, "outside": outside, "stranger": stranger});
    let found = world.run("cross_origin.mjs", told).await;
    let totals = world.counted(&found).await;
    at_least(&totals, &[("envelopes_refused", 1), ("events_error", 1), ("feedback", 1), ("client_reports", 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_browser_sdk_on_another_origin_reads_the_limits_and_sends_no_more_errors() {
    from_another_origin(NEWEST).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_browser_sdk_of_the_major_version_before_on_another_origin_reads_the_limits_too() {
    from_another_origin(PREVIOUS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_page_says_as_it_goes_away_arrives_although_the_page_is_gone() {
    for sdk in [NEWEST, PREVIOUS] {
        let [outside, shop] = [(); 2].map(|()| port::free());
        let origin = format!("http://127.0.0.1:{shop}");
        let world = World::new(&[origin], Some(&format!("http://127.0.0.1:{outside}"))).await;
        let found = world.run("leaving.mjs", json!({"sdk": sdk, "port": shop, "outside": outside})).await;
        let totals = world.counted(&found).await;
        assert_eq!(totals["events_warning"], 1, "{sdk}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_node_sdk_compresses_arrives_compressed_and_is_counted() {
    let world = World::new(&[], None).await;
    let found = world.run("node.mjs", json!({})).await;
    let totals = world.counted(&found).await;
    at_least(&totals, &[("events_error", 1), ("events_warning", 1), ("events_info", 1), ("transactions", 1)]);
    at_least(&totals, &[("feedback", 1), ("check_ins", 1), ("logs", 1)]);
}

#[test]
fn the_lock_file_of_the_packages_names_no_registry_and_pins_every_one_by_its_hash() {
    let text = std::fs::read_to_string(node::folder().join("browser/package-lock.json")).expect("a lock file");
    let lock: Value = serde_json::from_str(&text).expect("JSON");
    let packages = lock["packages"].as_object().expect("packages").iter().filter(|(path, _)| !path.is_empty());
    for (path, package) in packages {
        assert!(package["resolved"].is_null(), "where {path} comes from is for whoever installs it to say");
        assert!(package["integrity"].as_str().is_some_and(|hash| hash.starts_with("sha512-")), "{path}");
    }
}
