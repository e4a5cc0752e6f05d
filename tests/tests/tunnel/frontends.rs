//! What a page hears: its configuration, whether it may come from where it is, the tenant's own path, and reports.

use plimsoll_tests::acts::metric;
use plimsoll_tests::frontend::{ENVELOPE, Frontend};
use plimsoll_tests::receivers::Reply;
use plimsoll_tests::{Answer, Client, Setup};
use serde_json::{Value, json};

use super::given::{given, given_by};

const PAGE: &str = "https://shop.example";

async fn ask(client: &Client, method: &str, path: &str, origin: &str) -> Answer {
    let wants = [("origin", origin), ("access-control-request-method", "POST")];
    client.without_key().send(method, path, &wants, None).await.expect("an answer")
}

fn permitted(answer: &Answer) -> &str {
    answer.header("access-control-allow-origin")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_reads_what_its_sdk_takes() {
    let more = json!({
        "environment": "production", "release": "shop@1.2.3", "allowed_origins": [PAGE],
        "sample_rates": {"errors": 1.0, "traces": 0.25, "replays_session": 0.0, "replays_on_error": 0.5},
    });
    let setup = Setup::embedded().with("PLIMSOLL_PUBLIC_URL", "https://status.example");
    let given = given_by(setup, &more).await;
    let path = format!("/observability/sentry/config?app={}", given.web.key);
    let anybody = given.admin.without_key();
    let answer = anybody.get(&path).await;
    let expected = json!({
        "dsn": given.web.dsn, "environment": "production", "release": "shop@1.2.3", "sampleRate": 1.0,
        "tracesSampleRate": 0.25, "replaysSessionSampleRate": 0.0, "replaysOnErrorSampleRate": 0.5,
        "tunnel": format!("https://status.example{ENVELOPE}"),
    });
    assert_eq!(answer.ok(200), expected);
    assert!(answer.header("cache-control").starts_with("public, max-age="), "{answer:?}");
    assert_eq!((permitted(&answer), answer.header("vary")), ("", "origin"));
    let tag = answer.header("etag").to_owned();
    let known = anybody.send("GET", &path, &[("if-none-match", &tag)], None).await.expect("an answer");
    assert_eq!((known.status, known.text.as_str(), known.header("etag")), (304, "", tag.as_str()));
    for (origin, allowed) in [(PAGE, PAGE), ("https://evil.example", ""), ("null", "")] {
        assert_eq!(permitted(&ask(&anybody, "GET", &path, origin).await), allowed, "{origin}");
        assert_eq!(permitted(&ask(&anybody, "OPTIONS", &path, origin).await), allowed, "{origin}");
    }
    // What changes is told at once by the server that it was changed at.
    given.admin.put(given.web.path(), &json!({"name": "web", "dsn": given.web.dsn})).await.ok(200);
    let changed = anybody.send("GET", &path, &[("if-none-match", &tag)], None).await.expect("an answer").ok(200);
    assert_eq!(changed, json!({"dsn": given.web.dsn, "tunnel": ENVELOPE}));
    given.admin.delete(given.web.path()).await.ok(204);
    anybody.get(&path).await.ok(404);
    anybody.get("/observability/sentry/config?app=pla_00000000000000000000000000000000").await.ok(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_an_allowed_origin_may_send_and_read_the_limits_and_others_may_not() {
    let given = given_by(Setup::embedded(), &json!({"allowed_origins": [PAGE, "https://*.shop.example"]})).await;
    for (origin, may) in [
        (PAGE, true),
        ("https://a.b.shop.example", true),
        ("http://shop.example", false),
        ("https://shop.example:8443", false),
        ("https://evilshop.example", false),
        ("https://shop.example.evil.example", false),
        ("null", false),
    ] {
        let allowed = if may { origin } else { "" };
        let preflight = ask(&given.admin, "OPTIONS", ENVELOPE, origin).await;
        assert_eq!((preflight.status, permitted(&preflight)), (204, allowed), "{origin}");
        assert_eq!(preflight.header("access-control-allow-headers").contains("x-sentry-auth"), may);
        assert_eq!(preflight.header("access-control-allow-credentials"), "");
        given.sentry.answer_with([Reply::Limited(9, "9::key".to_owned())]);
        let answer = given.web.send(given.web.numbered(1), &[("origin", origin)]).await;
        assert_eq!((answer.status, permitted(&answer)), (if may { 429 } else { 403 }, allowed), "{origin}");
        let exposed = answer.header("access-control-expose-headers");
        assert_eq!((exposed.contains("retry-after"), exposed.contains("x-sentry-rate-limits")), (may, may));
        given.sentry.answer_with([]);
    }
    // Whoever is refused for what they sent may read why, too.
    let refused = given.web.send(b"{\n".to_vec(), &[("origin", PAGE)]).await;
    assert_eq!((refused.status, permitted(&refused)), (400, PAGE));
    // Without an origin it is no browser that asks.
    given.still_works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_without_origins_takes_pages_of_our_own_origin_only() {
    let given = given_by(Setup::embedded().with("PLIMSOLL_PUBLIC_URL", "https://status.example"), &json!({})).await;
    for (origin, status) in [
        (given.server.url().as_str(), 200),
        ("https://status.example", 200),
        ("https://status.example.evil.example", 403),
        (PAGE, 403),
    ] {
        let answer = given.web.send(given.web.numbered(1), &[("origin", origin)]).await;
        assert_eq!(answer.status, status, "{origin}: {}", answer.text);
        let preflight = ask(&given.admin, "OPTIONS", ENVELOPE, origin).await;
        assert_eq!(permitted(&preflight).is_empty(), status == 403, "{origin}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenants_own_path_takes_its_own_apps_envelopes_until_it_is_another() {
    let given = given().await;
    let stranger = given.server.tenant("other").await;
    let theirs = Frontend::new((&stranger, "other", "web"), &given.sentry, 2, &json!({})).await;
    given.admin.put("/tenants/acme/tunnel", &json!({"alias": "/c7/beacon"})).await.ok(200);
    let post = async |path: &str, app: &Frontend| {
        let sent = app.client.without_key().send("POST", path, &[], Some(app.numbered(1))).await;
        sent.expect("an answer").status
    };
    assert_eq!((post("/c7/beacon", &given.web).await, post("/c7/beacon", &theirs).await), (200, 403));
    assert_eq!((post(ENVELOPE, &given.web).await, post(ENVELOPE, &theirs).await), (200, 200));
    assert_eq!((post("/c7", &given.web).await, post("/c7/beacon/", &given.web).await), (404, 404));
    let got = given.admin.page("/c7/beacon").await;
    assert_eq!((got.status, got.header("allow")), (405, "POST, OPTIONS"));
    assert_eq!(permitted(&ask(&given.admin, "OPTIONS", "/c7/beacon", &given.server.url()).await), given.server.url());
    let config = given.admin.get(&format!("/observability/sentry/config?app={}", given.web.key)).await.ok(200);
    assert_eq!(config["tunnel"], "/c7/beacon");
    let anybody = given.server.anybody();
    let counted = metric(&anybody, "plimsoll_http_requests_total", "route=\"tunnel alias\"").await;
    assert!(counted >= Some(4.0), "{counted:?}");
    assert_eq!(metric(&anybody, "plimsoll_http_requests_total", "beacon").await, None, "labels are closed sets");
    given.admin.put("/tenants/acme/tunnel", &json!({"alias": "/c8"})).await.ok(200);
    assert_eq!((post("/c7/beacon", &given.web).await, post("/c8", &given.web).await), (404, 200));
    given.admin.put("/tenants/acme/tunnel", &json!({"alias": null})).await.ok(200);
    assert_eq!(post("/c8", &given.web).await, 404);
    for taken in ["/tenants/x", "/s/acme", "/", "/metrics"] {
        given.admin.put("/tenants/acme/tunnel", &json!({"alias": taken})).await.ok(422);
    }
    assert_eq!(given.sentry.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_becomes_an_event_that_sentry_takes() {
    let given = given_by(Setup::embedded(), &json!({"environment": "production", "release": "shop@1"})).await;
    let path = format!("/observability/sentry/report?app={}", given.web.key);
    let anybody = given.admin.without_key();
    let report = json!({
        "message": "x is not a function", "type": "TypeError", "stack": "TypeError: x\n    at a.js:1:2",
        "url": "https://shop.example/cart", "level": "fatal",
    });
    // As navigator.sendBeacon sends it.
    let headers = [("content-type", "text/plain;charset=UTF-8"), ("user-agent", "Browser/1"), ("cookie", "a=b")];
    let answer = anybody.send("POST", &path, &headers, Some(report.to_string().into_bytes())).await.expect("an answer");
    let id = answer.ok(200)["id"].clone();
    let came = given.sentry.accepted().pop().expect("it came");
    let event = came.json("event");
    assert_eq!((&event["event_id"], &came.header["event_id"]), (&id, &id), "{event}");
    assert_eq!(came.header("content-type"), "application/x-sentry-envelope");
    let exception = &event["exception"]["values"][0];
    assert_eq!((&exception["type"], &exception["value"]), (&json!("TypeError"), &report["message"]), "{event}");
    let told = ["level", "environment", "release", "platform"].map(|name| event[name].as_str().unwrap_or_default());
    assert_eq!(told, ["fatal", "production", "shop@1", "javascript"]);
    let request = json!({"url": "https://shop.example/cart", "headers": {"User-Agent": "Browser/1"}});
    assert_eq!((&event["request"], &event["extra"]["stack"]), (&request, &report["stack"]), "{event}");
    let small = anybody.post(&path, &json!({"message": "short"})).await.ok(200);
    assert!(small["id"].is_string(), "{small}");
    assert_eq!(given.web.stats().await["totals"]["events_fatal"], 1);
    let refused = async |body: Value, path: &str| anybody.post(path, &body).await.status;
    assert_eq!(refused(json!({"message": " "}), &path).await, 422);
    assert_eq!(refused(json!({"message": "m", "level": "loud"}), &path).await, 422);
    assert_eq!(refused(json!({"message": "m", "extra": 1}), &path).await, 422);
    assert_eq!(refused(json!({"message": "m".repeat(70_000)}), &path).await, 413);
    assert_eq!(refused(json!({"message": "m"}), "/observability/sentry/report?app=pla_none").await, 404);
    given.sentry.answer_always(Reply::Status(500));
    anybody.post(&path, &json!({"message": "kept"})).await.ok(200);
    given.sentry.answer_always(Reply::Accept);
    given.web.until_all_is_relayed(30).await;
    assert_eq!((given.sentry.accepted().len(), given.sentry.faults()), (3, Vec::new()));
}
