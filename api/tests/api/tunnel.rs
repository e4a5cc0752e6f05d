//! Envelopes: which pass, and what of them.

use std::io::Write;
use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use rstest::rstest;
use serde_json::{Value, json};

use crate::common::{Answer, World};
use crate::ingest::Ingest;

pub(crate) const PATH: &str = "/observability/sentry/envelope";
const EVENT_ID: &str = "9ec79c33ec9942ab8353589fcb2e04dc";

/// An envelope for this DSN, of one event at this level.
pub(crate) fn envelope(dsn: &str, level: &str) -> Vec<u8> {
    let event = json!({"event_id": EVENT_ID, "level": level, "message": "Unheard of"}).to_string();
    let header = json!({"event_id": EVENT_ID, "dsn": dsn});
    format!("{header}\n{{\"type\":\"event\",\"length\":{}}}\n{event}\n", event.len()).into_bytes()
}

pub(crate) async fn post(world: &World, path: &str, body: impl Into<Body>, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().method("POST").uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(body.into()).expect("a request");
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 7], 4242))));
    world.send(request).await
}

async fn stats(world: &World, admin: &str) -> Value {
    world.get(admin, "/tenants/acme/apps/web/stats").await.expect(200).body
}

#[tokio::test]
async fn an_envelope_passes_as_it_is_with_the_headers_that_are_sentrys_business() {
    let (world, ingest) = (World::new().await, Ingest::start().await);
    let admin = world.tenant("acme").await;
    ingest.app(&world, (&admin, "acme"), json!({})).await;
    let body = envelope(&ingest.dsn(1), "fatal");
    let headers = [
        ("content-type", "text/plain;charset=UTF-8"),
        ("cookie", "session=secret"),
        ("authorization", "Bearer plk_x"),
        ("connection", "x-only-here, keep-alive"),
        ("x-only-here", "1"),
        ("x-sentry-auth", "Sentry sentry_key=other"),
        ("x-forwarded-for", "203.0.113.9"),
        ("user-agent", "Shop/1"),
        ("x-of-the-proxy", "secret"),
        ("sentry-trace", "1-2-1"),
    ];
    let answer = post(&world, &format!("{PATH}?sentry_key=other"), body.clone(), &headers).await.expect(200);
    assert_eq!(answer.body["id"], json!(EVENT_ID));
    // It comes from a host that a tenant chose: nothing in it may run under our name.
    assert_eq!(
        (answer.header("x-content-type-options"), answer.header("content-type")),
        ("nosniff", "application/json")
    );
    assert!(answer.header("content-security-policy").contains("sandbox"));
    let got = ingest.got();
    assert_eq!((got.len(), got[0].path.as_str(), &got[0].body[..]), (1, "/api/1/envelope/", &body[..]));
    let auth = "Sentry sentry_version=7, sentry_client=plimsoll/0.1.0, sentry_key=0123456789abcdef0123456789abcdef";
    for (name, value) in [
        ("content-type", "text/plain;charset=UTF-8"),
        ("cookie", ""),
        ("authorization", ""),
        ("x-only-here", ""),
        ("x-sentry-auth", auth),
        ("x-forwarded-for", "203.0.113.9, 192.0.2.7"),
        ("user-agent", "Shop/1"),
        ("x-of-the-proxy", ""),
        ("sentry-trace", "1-2-1"),
        ("host", &ingest.address.to_string()),
        ("content-length", &body.len().to_string()),
    ] {
        assert_eq!(got[0].header(name), value, "{name}");
    }
    let stats = stats(&world, &admin).await;
    assert_eq!((&stats["totals"]["events_fatal"], &stats["totals"]["envelopes_relayed"]), (&json!(1), &json!(1)));
    assert_eq!(stats["totals"]["bytes_received"], json!(body.len()));
    assert_eq!(stats["upstream"]["status"], json!("up"));
}

fn encoded(encoding: &str, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    match encoding {
        "gzip" => {
            let mut writer = flate2::write::GzEncoder::new(&mut out, flate2::Compression::default());
            writer.write_all(body).expect("memory");
            writer.finish().expect("memory");
        }
        "deflate" => {
            let mut writer = flate2::write::ZlibEncoder::new(&mut out, flate2::Compression::default());
            writer.write_all(body).expect("memory");
            writer.finish().expect("memory");
        }
        "br" => drop(brotli::CompressorWriter::new(&mut out, 4096, 5, 22).write_all(body)),
        "zstd" => out = zstd::encode_all(body, 3).expect("memory"),
        _ => out = body.to_vec(),
    }
    out
}

#[rstest]
#[case("identity")]
#[case("gzip")]
#[case("deflate")]
#[case("br")]
#[case("zstd")]
#[tokio::test]
async fn any_encoding_passes_untouched_and_is_read_all_the_same(#[case] encoding: &str) {
    let (world, ingest) = (World::new().await, Ingest::start().await);
    let admin = world.tenant("acme").await;
    ingest.app(&world, (&admin, "acme"), json!({})).await;
    let mut plain = envelope(&ingest.dsn(1), "warning");
    plain.extend_from_slice(
        b"{\"type\":\"session\"}\n{\"init\":true,\"status\":\"ok\"}\n{\"type\":\"attachment\",\"length\":300000}\n",
    );
    plain.extend((0..300_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8));
    let body = encoded(encoding, &plain);
    post(&world, PATH, body.clone(), &[("content-encoding", encoding)]).await.expect(200);
    let got = ingest.got();
    assert_eq!((&got[0].body[..], got[0].header("content-encoding")), (&body[..], encoding));
    let totals = stats(&world, &admin).await["totals"].clone();
    let counts = ["events_warning", "sessions_started", "attachments", "envelopes_unreadable"];
    assert_eq!(counts.map(|name| totals[name].as_u64().expect("a number")), [1, 1, 1, 0], "{totals}");
}

#[rstest]
#[case("gzip")]
#[case("deflate")]
#[case("br")]
#[case("zstd")]
#[tokio::test]
async fn a_bomb_is_refused_and_what_is_not_encoded_as_it_says_too(#[case] encoding: &str) {
    let (world, ingest) = (World::new().await, Ingest::start().await);
    let admin = world.tenant("acme").await;
    ingest.app(&world, (&admin, "acme"), json!({})).await;
    let mut plain = envelope(&ingest.dsn(1), "error");
    plain.extend(vec![b'0'; 40 << 20]);
    let headers = [("content-encoding", encoding)];
    let refused = post(&world, PATH, encoded(encoding, &plain), &headers).await;
    refused.problem(413);
    assert!(refused.text.contains("decompressed"), "{}", refused.text);
    post(&world, PATH, envelope(&ingest.dsn(1), "error"), &headers).await.problem(400);
    // Never all of it, should some have been on its way.
    assert!(ingest.got().is_empty());
    assert_eq!(stats(&world, &admin).await["totals"]["envelopes_too_large"], json!(1));
}

#[tokio::test]
async fn what_is_no_envelope_of_an_app_here_is_refused() {
    let (world, ingest) = (World::new().await, Ingest::start().await);
    let admin = world.tenant("acme").await;
    ingest.app(&world, (&admin, "acme"), json!({})).await;
    let (here, key) = (ingest.address, "0123456789abcdef0123456789abcdef");
    for other in [
        format!("http://{key}@{here}/2"),
        format!("https://{key}@{here}/1"),
        format!("http://{key}@127.0.0.1:1/1"),
        format!("http://other@{here}/1"),
        format!("http://{key}@evil.example@{here}/1"),
        format!("http://{key}:secret@{here}/1"),
        format!("http://{key}@{here}/1?x"),
        format!("http://{here}/1"),
        "https://x".to_owned(),
    ] {
        post(&world, PATH, envelope(&other, "error"), &[]).await.problem(403);
    }
    for wrong in [&b""[..], b"\n", b"not json\n", b"{}\n", b"[]\n", b"{\"dsn\":7}\n", b"\x1f\x8b\n"] {
        post(&world, PATH, wrong.to_vec(), &[]).await.problem(400);
    }
    post(&world, PATH, vec![b' '; 17 << 10], &[]).await.problem(413);
    post(&world, PATH, vec![b'x'; (1 << 20) + 1], &[]).await.problem(413);
    for encoding in ["lzma", "gzip, br"] {
        post(&world, PATH, envelope(&ingest.dsn(1), "error"), &[("content-encoding", encoding)]).await.problem(415);
    }
    world.get("", PATH).await.problem(405);
    assert!(ingest.got().is_empty());
    // However it is written, it is the same address.
    let same = format!("HTTP://{key}@{here}/1");
    post(&world, PATH, envelope(&same, "error"), &[]).await.expect(200);
}

#[tokio::test]
async fn what_sentry_says_is_what_the_client_hears() {
    let (world, ingest) = (World::new().await, Ingest::start().await);
    let admin = world.tenant("acme").await;
    ingest.app(&world, (&admin, "acme"), json!({"allowed_origins": ["https://shop.example"]})).await;
    let body = envelope(&ingest.dsn(1), "error");
    let limits = [("retry-after", "7"), ("x-sentry-rate-limits", "7:error:key"), ("set-cookie", "a=b"), ("x-own", "1")];
    ingest.answer(429, &limits);
    let origin = [("origin", "https://shop.example")];
    let answer = post(&world, PATH, body.clone(), &origin).await.expect(429);
    let header = |name| answer.header(name);
    assert_eq!((header("retry-after"), header("x-sentry-rate-limits")), ("7", "7:error:key"));
    assert_eq!((header("set-cookie"), header("x-own")), ("", ""));
    assert_eq!(header("access-control-allow-origin"), "https://shop.example");
    let exposed = header("access-control-expose-headers");
    assert!(exposed.contains("x-sentry-rate-limits") && exposed.contains("retry-after"), "{exposed}");
    ingest.answer(400, &[]);
    post(&world, PATH, body, &origin).await.expect(400);
    let stats = stats(&world, &admin).await;
    assert_eq!((&stats["totals"]["envelopes_refused"], &stats["spool"]["envelopes"]), (&json!(2), &json!(0)));
}

#[tokio::test]
async fn only_pages_that_are_allowed_may_send() {
    let (world, ingest) = (World::new().await, Ingest::start().await);
    let admin = world.tenant("acme").await;
    ingest.app(&world, (&admin, "acme"), json!({"allowed_origins": ["https://*.shop.example"]})).await;
    let body = || envelope(&ingest.dsn(1), "error");
    let refused = post(&world, PATH, body(), &[("origin", "https://evil.example")]).await;
    refused.problem(403);
    assert_eq!(refused.header("access-control-allow-origin"), "");
    post(&world, PATH, body(), &[("origin", "https://a.shop.example")]).await.expect(200);
    post(&world, PATH, body(), &[]).await.expect(200);
    let ask = async |origin: &str| {
        let request = Request::builder().method("OPTIONS").uri(PATH).header("origin", origin);
        let request = request.header("access-control-request-method", "POST").header("host", "status.example");
        world.send(request.body(Body::empty()).expect("a request")).await.expect(204)
    };
    let allowed = ask("https://b.shop.example").await;
    assert_eq!(allowed.header("access-control-allow-origin"), "https://b.shop.example");
    assert!(allowed.header("access-control-allow-headers").contains("content-encoding"));
    assert_eq!(ask("https://evil.example").await.header("access-control-allow-origin"), "");
    // Only an app without origins of its own takes pages of ours.
    assert_eq!(ask("https://status.example").await.header("access-control-allow-origin"), "");
    ingest.app(&world, (&admin, "acme"), json!({"id": "own", "dsn": ingest.dsn(2)})).await;
    assert_eq!(ask("https://status.example").await.header("access-control-allow-origin"), "https://status.example");
    let own = [("origin", "https://status.example"), ("host", "status.example")];
    post(&world, PATH, envelope(&ingest.dsn(2), "error"), &own).await.expect(200);
    post(&world, PATH, body(), &own).await.problem(403);
}

#[tokio::test]
async fn limits_are_told_in_sentrys_terms() {
    let (world, ingest) = (World::new().await, Ingest::start().await);
    let admin = world.tenant("acme").await;
    let limits = json!({"rate_limits": {"app_per_minute": 3, "client_per_minute": 2}});
    ingest.app(&world, (&admin, "acme"), limits).await;
    ingest.app(&world, (&admin, "acme"), json!({"id": "other", "dsn": ingest.dsn(2)})).await;
    let body = || envelope(&ingest.dsn(1), "error");
    for _ in 0..2 {
        post(&world, PATH, body(), &[]).await.expect(200);
    }
    let limited = post(&world, PATH, body(), &[]).await;
    limited.problem(429);
    let seconds: u64 = limited.header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert_eq!(limited.header("x-sentry-rate-limits"), format!("{seconds}::key:client_rate"));
    // Another client of the app: it has one left.
    let by_proxy = |client: &str| {
        let request = Request::builder().method("POST").uri(PATH).header("x-forwarded-for", client);
        let mut request = request.body(Body::from(body())).expect("a request");
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([10, 0, 0, 1], 1))));
        world.send(request)
    };
    by_proxy("203.0.113.1").await.expect(200);
    let limited = by_proxy("203.0.113.2").await;
    limited.problem(429);
    assert!(limited.header("x-sentry-rate-limits").ends_with("::key:app_rate"));
    // An app that is flooded takes nothing from another.
    post(&world, PATH, envelope(&ingest.dsn(2), "error"), &[]).await.expect(200);
    assert_eq!(stats(&world, &admin).await["totals"]["envelopes_rate_limited"], json!(2));
}

#[tokio::test]
async fn a_path_of_ones_own_takes_ones_own_envelopes() {
    let (world, ingest) = (World::new().await, Ingest::start().await);
    let (admin, stranger) = (world.tenant("acme").await, world.tenant("other").await);
    ingest.app(&world, (&admin, "acme"), json!({})).await;
    let theirs = json!({"dsn": ingest.dsn(9)});
    ingest.app(&world, (&stranger, "other"), theirs).await;
    post(&world, "/c7", envelope(&ingest.dsn(1), "error"), &[]).await.problem(404);
    world.put(&admin, "/tenants/acme/tunnel", json!({"alias": "/c7"})).await.expect(200);
    post(&world, "/c7", envelope(&ingest.dsn(1), "error"), &[]).await.expect(200);
    post(&world, "/c7", envelope(&ingest.dsn(9), "error"), &[]).await.problem(403);
    assert_eq!(world.get("", "/c7").await.expect(405).header("allow"), "POST, OPTIONS");
    post(&world, PATH, envelope(&ingest.dsn(9), "error"), &[]).await.expect(200);
}

#[tokio::test]
async fn a_report_becomes_an_envelope() {
    let (world, ingest) = (World::new().await, Ingest::start().await);
    let admin = world.tenant("acme").await;
    let key = ingest.app(&world, (&admin, "acme"), json!({"environment": "production", "release": "shop@1"})).await;
    let path = format!("/observability/sentry/report?app={key}");
    let report = json!({"message": "x is not a function", "type": "TypeError", "stack": "at f (a.js:1:2)",
        "url": "https://shop.example/", "level": "warning"});
    let headers = [("content-type", "text/plain;charset=UTF-8"), ("user-agent", "Mozilla/5.0")];
    let answer = post(&world, &path, report.to_string(), &headers).await.expect(200);
    assert!(answer.body["id"].is_string());
    let got = ingest.got().remove(0);
    assert_eq!(got.header("content-type"), "application/x-sentry-envelope");
    let lines: Vec<Value> =
        got.body.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
    let event = &lines[2];
    assert_eq!(lines[0]["dsn"], json!(ingest.dsn(1)));
    assert_eq!((&event["event_id"], &event["level"]), (&lines[0]["event_id"], &json!("warning")));
    assert_eq!(event["exception"]["values"][0], json!({"type": "TypeError", "value": "x is not a function"}));
    assert_eq!((&event["release"], &event["environment"]), (&json!("shop@1"), &json!("production")));
    assert_eq!(event["request"], json!({"url": "https://shop.example/", "headers": {"User-Agent": "Mozilla/5.0"}}));
    assert_eq!(stats(&world, &admin).await["totals"]["events_warning"], json!(1));
    for (wrong, pointer) in
        [(json!({"message": " "}), "/message"), (json!({"message": "x", "level": "loud"}), "/level")]
    {
        assert_eq!(post(&world, &path, wrong.to_string(), &[]).await.problem(422), [pointer]);
    }
    let large = json!({"message": "x", "stack": "y".repeat(65 << 10)}).to_string();
    post(&world, &path, large, &[]).await.problem(413);
    post(&world, "/observability/sentry/report?app=pla_x", "{}", &[]).await.problem(404);
    post(&world, "/observability/sentry/report", "{}", &[]).await.problem(400);
}

#[tokio::test]
async fn a_dsn_is_whose_app_had_it_first() {
    let (world, ingest) = (World::new().await, Ingest::start().await);
    let (thief, owner) = (world.tenant("acme").await, world.tenant("other").await);
    // Made earlier, with another DSN.
    ingest.app(&world, (&thief, "acme"), json!({"dsn": ingest.dsn(8)})).await;
    world.clock.advance(plimsoll_domain::time::Span::hours(1));
    ingest.app(&world, (&owner, "other"), json!({})).await;
    world.clock.advance(plimsoll_domain::time::Span::hours(1));
    let changed = json!({"name": "Web", "dsn": ingest.dsn(1), "rate_limits": {"app_per_minute": 1}});
    world.put(&thief, "/tenants/acme/apps/web", changed).await.expect(200);
    for _ in 0..3 {
        post(&world, PATH, envelope(&ingest.dsn(1), "error"), &[]).await.expect(200);
    }
    let counted = world.get(&owner, "/tenants/other/apps/web/stats").await.expect(200).body;
    assert_eq!(counted["totals"]["envelopes_relayed"], json!(3));
    assert_eq!(stats(&world, &thief).await["totals"]["envelopes_relayed"], json!(0));
}

#[tokio::test]
async fn what_decodes_to_nothing_is_no_line() {
    let (world, ingest) = (World::new().await, Ingest::start().await);
    let admin = world.tenant("acme").await;
    ingest.app(&world, (&admin, "acme"), json!({})).await;
    // A gzip header with a file name that does not end.
    let mut endless = vec![0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3];
    endless.extend(vec![b'a'; 900 << 10]);
    let pieces = endless.chunks(8 << 10).map(|piece| Ok::<_, std::io::Error>(bytes::Bytes::copy_from_slice(piece)));
    let body = Body::from_stream(futures_util::stream::iter(pieces.collect::<Vec<_>>()));
    post(&world, PATH, body, &[("content-encoding", "gzip")]).await.problem(413);
    let many = encoded("br", b"").repeat(100);
    post(&world, PATH, many, &[("content-encoding", "br")]).await.problem(400);
}

#[tokio::test]
async fn before_the_apps_are_known_nobody_is_told_that_there_is_none() {
    let world = World::new().await;
    world.store.close().await;
    for path in [PATH, "/c7/beacon"] {
        let answer = post(&world, path, envelope("http://abc@127.0.0.1:1/1", "error"), &[]).await;
        answer.problem(503);
        assert!(!answer.header("retry-after").is_empty());
    }
    world.get("", "/c7/beacon").await.problem(404);
}

#[tokio::test]
async fn a_page_of_our_own_is_known_by_the_authority_where_there_is_no_host() {
    let (world, ingest) = (World::new().await, Ingest::start().await);
    let admin = world.tenant("acme").await;
    ingest.app(&world, (&admin, "acme"), json!({})).await;
    // As it comes over HTTP/2.
    let path = format!("https://errors.example{PATH}");
    for (origin, status) in [("https://errors.example", 200), ("https://evil.example", 403)] {
        post(&world, &path, envelope(&ingest.dsn(1), "error"), &[("origin", origin)]).await.expect(status);
    }
}
